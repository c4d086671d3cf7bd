//! `Recurrent`: layers of cells over a sequence, in one direction or both.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng};

use super::unroll::{Direction, Sequence, Steps, unroll};
use super::{Carried, Cell, NewCell, State};

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
        let directions = 1 + usize::from(bidirectional);
        let layer = |at: usize| {
            let inputs = if at == 0 { inputs } else { directions * hidden };
            Layer {
                forward: C::new(inputs, hidden, rng),
                backward: bidirectional.then(|| C::new(inputs, hidden, rng)),
            }
        };
        Recurrent {
            layers: (0..layers).map(layer).collect(),
        }
    }
}

impl<C> Recurrent<C> {
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

    /// The layers with every cell changed.
    pub fn map_cells(self, mut f: impl FnMut(C) -> C) -> Self {
        let layers = self.layers.into_iter().map(|layer| Layer {
            forward: f(layer.forward),
            backward: layer.backward.map(&mut f),
        });
        Recurrent {
            layers: layers.collect(),
        }
    }

    /// The number of directions.
    fn directions(&self) -> usize {
        1 + usize::from(
            self.layers
                .first()
                .is_some_and(|layer| layer.backward.is_some()),
        )
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
        let (outputs, state) = self.through(x, state, true);
        let outputs = if outputs.is_empty() {
            let h = state.h();
            x.tape().zeros([h.dim(0), 0, h.dim(-1)])
        } else {
            Var::stack(&outputs, 1)
        };
        (outputs, state)
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
        self.through(x, state, false).1
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
            self.directions() == 1,
            "step: a layer that also runs backward needs the whole sequence"
        );
        self.check(state);
        let mut x = x;
        let step = |(layer, &state): (&Layer<C>, &C::State)| {
            let state = layer.forward.step(x, state);
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
            directions: self.directions(),
        }
    }

    #[track_caller]
    fn check<S>(&self, state: &State<S>) {
        let (directions, layers) = (self.directions(), self.layers.len());
        assert!(
            state.directions == directions && state.cells.len() == layers * directions,
            "the state has {} cells in {} directions, the layer {layers} layers in {directions}",
            state.cells.len(),
            state.directions,
        );
    }

    /// The outputs of the last layer, if they are wanted, and the last states.
    #[track_caller]
    fn through<'t, T: Float>(
        &self,
        x: Var<'t, T>,
        state: Option<State<C::State>>,
        wanted: bool,
    ) -> (Steps<'t, T>, State<C::State>)
    where
        C: Cell<'t, T>,
    {
        let shape = x.shape();
        assert!(
            shape.rank() == 3,
            "a sequence has the axes [batch, time, features], this one the shape {shape}"
        );
        if let Some(state) = &state {
            self.check(state);
        }
        let directions = self.directions();
        let mut cells = SmallVec::new();
        let mut below = Steps::new();
        // Like one step of the input, for the initial states.
        let like = match shape[1] {
            0 => x.tape().zeros([shape[0], shape[2]]),
            _ => x.select(1, 0),
        };
        for (at, layer) in self.layers.iter().enumerate() {
            let start = |cell: &C, direction: usize| match &state {
                Some(state) => state.cells[at * directions + direction],
                None => cell.initial(like),
            };
            let sequence = match at {
                0 => Sequence::Whole(x),
                _ => Sequence::Steps(&below),
            };
            let keep = wanted || at + 1 < self.layers.len();
            let mut outputs = Steps::new();
            if keep {
                outputs.reserve(sequence.len());
            }
            let first = start(&layer.forward, 0);
            let push = |h| {
                if keep {
                    outputs.push(h);
                }
            };
            cells.push(unroll(
                &layer.forward,
                sequence,
                Direction::Forward,
                first,
                push,
            ));
            if let Some(cell) = &layer.backward {
                let first = start(cell, 1);
                let mut at = outputs.len();
                let join = |h| {
                    if keep {
                        at -= 1;
                        outputs[at] = Var::cat(&[outputs[at], h], -1);
                    }
                };
                cells.push(unroll(cell, sequence, Direction::Backward, first, join));
            }
            below = outputs;
        }
        (below, State { cells, directions })
    }
}
