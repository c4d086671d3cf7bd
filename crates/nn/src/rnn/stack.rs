//! `Recurrent`: layers of cells over a sequence, in one direction or both.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng};

use super::packed::PackedSequence;
use super::state::stretched;
use super::through::{Plain, check, directions, one_after_another, side_by_side, through};
use super::unroll::Sequence;
use super::{Carried, Cell, NewCell, ParameterGroups, State};

/// Layers of cells over a sequence.
///
/// Each layer runs over the outputs of the one below it; in both directions, the outputs of the
/// two stand side by side, forward first.
///
/// x \[B, T, I\], outputs \[B, T, D·H\]. A sequence without steps leaves the initial state as it is.
#[derive(Tree, Clone, Debug)]
pub struct Recurrent<C> {
    /// The layers, from the input upwards. One or two, as nearly always, lie in the model itself, so
    /// that binding it takes nothing from the heap.
    pub layers: SmallVec<[Layer<C>; 2]>,
}

/// One layer of a [`Recurrent`].
#[derive(Tree, Clone, Debug)]
pub struct Layer<C> {
    /// The cell that runs from the first step to the last.
    pub forward: C,
    /// The cell that runs from the last step to the first, if there is one.
    pub backward: Option<C>,
}

/// How many layers there are, and whether they run in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stacking {
    /// The number of layers.
    pub layers: usize,
    /// Whether each layer also runs from the last step to the first.
    pub bidirectional: bool,
}

impl<C: NewCell> Recurrent<C> {
    /// One layer in one direction; of the cells of this library in `f32`, which
    /// [`cast`](wengert_tape::Bind::cast) makes `f64`.
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let one = Stacking {
            layers: 1,
            bidirectional: false,
        };
        Self::stacked(inputs, hidden, one, rng)
    }

    /// Several layers, or both directions.
    ///
    /// ```
    /// use wengert_nn::{Gru, rnn::Stacking};
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::Rng;
    ///
    /// let both = Stacking { layers: 2, bidirectional: true };
    /// let rnn = Gru::stacked(3, 5, both, &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// let (outputs, state) = rnn.bind(&tape).run(tape.ones([7, 4, 3]), None);
    /// assert_eq!(outputs.shape(), [7, 4, 10]);
    /// assert_eq!((state.cells.len(), state.h().shape()), (4, [7, 10].into()));
    /// ```
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn stacked(inputs: usize, hidden: usize, stacking: Stacking, rng: &mut Rng) -> Self {
        let Stacking {
            layers,
            bidirectional,
        } = stacking;
        assert!(layers > 0, "a recurrent layer has at least one layer");
        let above = (1 + usize::from(bidirectional)) * hidden;
        Self::stack_of(inputs, above, stacking, |inputs| {
            C::new(inputs, hidden, rng)
        })
    }
}

impl<C: ParameterGroups> ParameterGroups for Recurrent<C> {
    fn parameter_groups(&self) -> usize {
        let cells = |layer: &Layer<C>| {
            let backward = layer.backward.as_ref();
            layer.forward.parameter_groups() + backward.map_or(0, C::parameter_groups)
        };
        self.layers.iter().map(cells).sum()
    }
}

impl<C> Recurrent<C> {
    /// Layers of cells that `cell` makes, each for so many inputs: `inputs` for the first layer,
    /// `above` for the others, which is how wide the outputs of a layer are.
    ///
    /// ```
    /// use wengert_nn::{GruCell, Recurrent, rnn::Stacking};
    /// use wengert_tensor::Rng;
    ///
    /// let (mut rng, mut seen) = (Rng::seed_from_u64(1), vec![]);
    /// let both = Stacking { layers: 2, bidirectional: true };
    /// let rnn = Recurrent::stack_of(3, 10, both, |inputs| {
    ///     seen.push(inputs);
    ///     GruCell::new(inputs, 5, &mut rng)
    /// });
    /// assert_eq!((rnn.layers.len(), seen), (2, vec![3, 3, 10, 10]));
    /// ```
    pub fn stack_of(
        inputs: usize,
        above: usize,
        stacking: Stacking,
        mut cell: impl FnMut(usize) -> C,
    ) -> Self {
        let layer = |at: usize| {
            let inputs = if at == 0 { inputs } else { above };
            Layer {
                forward: cell(inputs),
                backward: stacking.bidirectional.then(|| cell(inputs)),
            }
        };
        Recurrent {
            layers: (0..stacking.layers).map(layer).collect(),
        }
    }

    /// Layers of these cells, in one direction.
    pub fn of(cells: impl IntoIterator<Item = C>) -> Self {
        let layer = |forward| Layer {
            forward,
            backward: None,
        };
        Recurrent {
            layers: cells.into_iter().map(layer).collect(),
        }
    }

    /// The layers with what `f` makes of every cell.
    pub fn map_cells<D>(self, mut f: impl FnMut(C) -> D) -> Recurrent<D> {
        let layers = self.layers.into_iter().map(|layer| Layer {
            forward: f(layer.forward),
            backward: layer.backward.map(&mut f),
        });
        Recurrent {
            layers: layers.collect(),
        }
    }

    /// All outputs \[B, T, D·H\], and the state after the last step. Without `state` the run starts
    /// at the cells' initial state, zeros.
    ///
    /// # Panics
    /// If `x` is not \[B, T, I\], or `state` is that of a layer of another structure.
    #[track_caller]
    pub fn run<'t, T: Float>(
        &self,
        x: Var<'t, T>,
        state: Option<State<C::State>>,
    ) -> (Var<'t, T>, State<C::State>)
    where
        C: Cell<'t, T>,
    {
        let (outputs, state) =
            through::<_, _, false>(&self.layers, Sequence::Whole(x), state, true, &Plain);
        (side_by_side(x, &outputs, &state), state)
    }

    /// The state after the last step, of a model that needs nothing else: the outputs of the last
    /// layer are not collected.
    ///
    /// # Panics
    /// As [`run`](Recurrent::run).
    #[track_caller]
    pub fn last<'t, T: Float>(
        &self,
        x: Var<'t, T>,
        state: Option<State<C::State>>,
    ) -> State<C::State>
    where
        C: Cell<'t, T>,
    {
        through::<_, _, false>(&self.layers, Sequence::Whole(x), state, false, &Plain).1
    }

    /// All outputs, and the state after the last step of each sequence, of sequences of different
    /// lengths. Rows that have ended take no part in a step, and rows of which nothing is there keep
    /// their start; so it costs in proportion to the steps that are there.
    ///
    /// ```
    /// use wengert_nn::{Lstm, rnn::PackedSequence};
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::Rng;
    ///
    /// let rnn = Lstm::new(2, 3, &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// let x = PackedSequence::pack_padded(tape.ones([2, 5, 2]), &[1, 5]);
    /// let (outputs, state) = rnn.bind(&tape).run_packed(&x, None);
    /// assert_eq!(outputs.data().shape(), [6, 3]);
    /// // All inputs are equal, so that the shorter one ends where the longer one passed.
    /// let outputs = outputs.pad().value();
    /// let row = state.h().value().slice(0, ..1).flatten(0);
    /// assert!(row.allclose(&outputs.slice(0, 1..).slice(1, ..1).flatten(0), 1e-6, 1e-6));
    /// ```
    ///
    /// # Panics
    /// If `state` is that of a layer of another structure or of another number of sequences.
    #[track_caller]
    pub fn run_packed<'t, T: Float>(
        &self,
        x: &PackedSequence<'t, T>,
        state: Option<State<C::State>>,
    ) -> (PackedSequence<'t, T>, State<C::State>)
    where
        C: Cell<'t, T>,
    {
        let (outputs, state) =
            through::<_, _, true>(&self.layers, Sequence::Packed(x), state, true, &Plain);
        let outputs = one_after_another(x.data(), &outputs, &state);
        (x.with_data(outputs), state)
    }

    /// The state after the last step of each sequence, of a model that needs nothing else.
    ///
    /// # Panics
    /// As [`run_packed`](Recurrent::run_packed).
    #[track_caller]
    pub fn last_packed<'t, T: Float>(
        &self,
        x: &PackedSequence<'t, T>,
        state: Option<State<C::State>>,
    ) -> State<C::State>
    where
        C: Cell<'t, T>,
    {
        through::<_, _, true>(&self.layers, Sequence::Packed(x), state, false, &Plain).1
    }

    /// [`run`](Recurrent::run) over the first `lengths[b]` steps of each row b: outputs after the
    /// end are zeros, the state is that of each row's last step. What stands after the end gets a
    /// gradient of exactly 0 and is not looked at.
    ///
    /// ```
    /// use wengert_nn::SimpleRnn;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Rng, Tensor};
    ///
    /// let rnn = SimpleRnn::new(2, 3, &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// let (outputs, _) = rnn.bind(&tape).run_lengths(tape.ones([2, 5, 2]), &[4, 0], None);
    /// assert_eq!(outputs.select(0, 1).value(), Tensor::zeros([5, 3]));
    /// ```
    ///
    /// # Panics
    /// As [`run_packed`](Recurrent::run_packed) and [`PackedSequence::pack_padded`].
    #[track_caller]
    pub fn run_lengths<'t, T: Float>(
        &self,
        x: Var<'t, T>,
        lengths: &[usize],
        state: Option<State<C::State>>,
    ) -> (Var<'t, T>, State<C::State>)
    where
        C: Cell<'t, T>,
    {
        let x = PackedSequence::pack_padded(x, lengths);
        let (outputs, state) =
            through::<_, _, true>(&self.layers, Sequence::Packed(&x), state, true, &Plain);
        (x.pad_parts(outputs, vec![state.h().dim(-1)]), state)
    }

    /// The state after one step on `x` \[B, I\]: for sequences that are made while they are read.
    ///
    /// # Panics
    /// If the layers run in both directions, or `state` is that of a layer of another structure.
    #[track_caller]
    pub fn step<'t, T: Float>(&self, x: Var<'t, T>, state: &State<C::State>) -> State<C::State>
    where
        C: Cell<'t, T>,
    {
        assert!(
            directions(&self.layers) == 1,
            "step: a layer that also runs backward needs the whole sequence"
        );
        check(&self.layers, state);
        let mut x = x;
        let step = |(layer, &state): (&Layer<C>, &C::State)| {
            let state = layer.forward.step(x, stretched(state, x.dim(0)));
            x = state.h();
            state
        };
        State {
            cells: self.layers.iter().zip(&state.cells).map(step).collect(),
            directions: 1,
        }
    }

    /// The initial state for inputs like `x` \[B, I\]: zeros.
    #[track_caller]
    pub fn initial<'t, T: Float>(&self, x: Var<'t, T>) -> State<C::State>
    where
        C: Cell<'t, T>,
    {
        let cells = self
            .layers
            .iter()
            .flat_map(|layer| [Some(&layer.forward), layer.backward.as_ref()]);
        State {
            cells: cells.flatten().map(|cell| cell.initial(x)).collect(),
            directions: directions(&self.layers),
        }
    }
}
