//! What recurrent layers carry from step to step, and from run to run.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::Float;

/// What a cell carries from step to step: anything with a hidden value, which is also the cell's
/// output.
pub trait Carried<'t, T: Float>: Copy {
    /// The hidden value h \[B, H\].
    fn h(&self) -> Var<'t, T>;
}

impl<'t, T: Float> Carried<'t, T> for Var<'t, T> {
    fn h(&self) -> Var<'t, T> {
        *self
    }
}

/// The state of every layer and direction of a recurrent layer.
///
/// A state is a tree, so that it comes out of a step as tensors, and goes into the next one
/// (truncated back-propagation through time):
///
/// ```
/// use wengert_nn::{Lstm, LstmState, State};
/// use wengert_tape::{Tape, Values};
/// use wengert_tensor::{Rng, Tensor};
///
/// let mut rng = Rng::seed_from_u64(1);
/// let rnn = Lstm::new(2, 3, &mut rng);
/// let mut tape = Tape::new();
/// let mut carried: Option<State<LstmState<Tensor>>> = None;
/// for _ in 0..3 {
///     let x: Tensor = rng.normal([4, 5, 2], 0.0, 1.0);
///     let (_, state, _) = tape.value_and_grad_aux(&rnn, |t, rnn| {
///         // The step starts where the last one ended, and no gradient flows back over its start.
///         let start = t.bind_where(&carried, |_| false);
///         let state = rnn.last(t.constant(&x), start);
///         (state.h().sum(), state.value())
///     });
///     carried = Some(state);
/// }
/// assert_eq!(carried.unwrap().cells[0].h.shape(), &[4, 3]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct State<S> {
    /// One state a layer and direction: that of layer l in direction d is number l·D + d.
    pub cells: SmallVec<[S; 4]>,
    /// D, the number of directions.
    pub directions: usize,
}

impl<S> State<S> {
    /// h of the last layer, \[B, D·H\]: in both directions after all of the sequence, forward
    /// first.
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn h<'t, T: Float>(&self) -> Var<'t, T>
    where
        S: Carried<'t, T>,
    {
        self.last(|cell| cell.h())
    }

    /// Something of the last layer, the directions side by side.
    #[track_caller]
    pub(super) fn last<'t, T: Float>(&self, of: impl Fn(&S) -> Var<'t, T>) -> Var<'t, T> {
        let below = self.cells.len().checked_sub(self.directions);
        let Some(below) = below.filter(|_| self.directions > 0) else {
            panic!("the state has no layer");
        };
        match &self.cells[below..] {
            [only] => of(only),
            both => Var::cat(&both.iter().map(of).collect::<SmallVec<[_; 2]>>(), -1),
        }
    }
}
