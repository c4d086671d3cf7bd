//! `Zoneout`: parts of the state that by chance stay as they were.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::Float;

use super::state::zip;
use super::{Cell, Masks, ParameterGroups, Recurrent};

/// A cell of whose state each element keeps its value over a step with probability p:
///
/// ```text
/// s′ = m ⊙ s + (1 − m) ⊙ step(x, s)      m is 1 with probability p, drawn at every step
/// ```
///
/// In evaluation mode m is p. The hidden value has a probability of its own, and everything else
/// that is carried (an LSTM's c) another.
///
/// Source: Krueger et al. 2017, *Zoneout: regularizing RNNs by randomly preserving hidden
/// activations*.
///
/// ```
/// use wengert_nn::{Lstm, LstmState, State};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// // c always keeps its value.
/// let rnn = Lstm::new(2, 3, &mut Rng::seed_from_u64(1)).with_zoneout(0.1, 1.0);
/// let tape = Tape::new();
/// let start = State::of([LstmState { h: tape.zeros([4, 3]), c: tape.ones([4, 3]) }]);
/// let state = rnn.bind(&tape).last(tape.ones([4, 5, 2]), Some(start));
/// assert_eq!(state.c().value(), Tensor::ones([4, 3]));
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Zoneout<C> {
    /// The cell.
    pub cell: C,
    /// The probability that an element of the hidden value stays: of the part of the state that is
    /// called `h`, or the only one.
    pub hidden: f64,
    /// The probability that an element of any other part stays.
    pub memory: f64,
}

impl<C> Zoneout<C> {
    /// The cell with these probabilities for the hidden value and for all other parts of the state.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1 for both.
    #[track_caller]
    pub fn new(cell: C, hidden: f64, memory: f64) -> Self {
        check(hidden, memory);
        Zoneout {
            cell,
            hidden,
            memory,
        }
    }

    #[track_caller]
    fn mix<'t, T: Float>(&self, before: C::State, after: C::State) -> C::State
    where
        C: Cell<'t, T>,
    {
        zip(before, after, |path, before, after| {
            let p = match path {
                "" | "h" => self.hidden,
                _ => self.memory,
            };
            if p == 0.0 {
                return after;
            }
            if p == 1.0 {
                return before;
            }
            let tape = after.tape();
            if !tape.training() {
                return before * p + after * (1.0 - p);
            }
            let stays = tape.sample(after.shape(), |rng| f64::from(u8::from(rng.unit() < p)));
            stays * before + (1.0 - stays) * after
        })
    }
}

impl<C: ParameterGroups> ParameterGroups for Zoneout<C> {
    fn parameter_groups(&self) -> usize {
        self.cell.parameter_groups()
    }
}

impl<'t, T: Float, C: Cell<'t, T>> Cell<'t, T> for Zoneout<C> {
    type State = C::State;

    fn initial(&self, x: Var<'t, T>) -> C::State {
        self.cell.initial(x)
    }

    fn step(&self, x: Var<'t, T>, state: C::State) -> C::State {
        self.mix(state, self.cell.step(x, state))
    }

    fn draw(&self, rows: usize, inputs: usize, start: &C::State) -> Option<Masks<'t, T>> {
        self.cell.draw(rows, inputs, start)
    }

    fn step_drawn(&self, x: Var<'t, T>, state: C::State, drawn: &Masks<'t, T>) -> C::State {
        self.mix(state, self.cell.step_drawn(x, state, drawn))
    }
}

impl<C> Recurrent<C> {
    /// The layers with [`Zoneout`] around every cell.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1 for both.
    #[track_caller]
    pub fn with_zoneout(self, hidden: f64, memory: f64) -> Recurrent<Zoneout<C>> {
        check(hidden, memory);
        self.map_cells(|cell| Zoneout {
            cell,
            hidden,
            memory,
        })
    }
}

#[track_caller]
fn check(hidden: f64, memory: f64) {
    for p in [hidden, memory] {
        assert!((0.0..=1.0).contains(&p), "zoneout: {p} is no probability");
    }
}
