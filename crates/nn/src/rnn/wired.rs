//! `Stack`: recurrent layers with something between them.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::packed::PackedSequence;
use super::through::{Wiring, check, directions, one_after_another, side_by_side, through};
use super::unroll::{Sequence, Steps};
use super::{Carried, Cell, ParameterGroups, Recurrent, State, state::stretched};
use crate::init;
use crate::layers::Dropout;

/// How the outputs of two directions become those of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// Side by side, forward first: \[B, 2H\].
    #[default]
    Concat,
    /// Their sum: \[B, H\].
    Sum,
    /// Their mean: \[B, H\].
    Mean,
}

/// How a layer that stands on another one takes in what goes around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Not at all.
    #[default]
    None,
    /// y = x + h.
    Residual,
    /// y = t h + (1 − t) x: see [`Highway`].
    Highway,
}

/// The gate of a highway around a layer.
///
/// With x \[…, W\], the inputs of the layer, h \[…, W\], its outputs, Wt \[W, W\], b \[W\]:
///
/// ```text
/// t = σ(x Wt + b)
/// y = t h + (1 − t) x
/// ```
///
/// Wt starts uniform in (−k, k) with k = 1/√W, b at −1, so that at first most goes around the layer.
///
/// Source: Srivastava, Greff and Schmidhuber 2015, *Highway networks*.
///
/// ```
/// use wengert_nn::rnn::Highway;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// let gate: Highway = Highway { weight: Tensor::zeros([1, 1]), bias: Tensor::zeros([1]) };
/// let tape = Tape::new();
/// let y = gate.bind(&tape).forward(tape.zeros([1, 1]), tape.ones([1, 1]));
/// assert_eq!(y.item(), 0.5);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Highway<P = Tensor> {
    /// Wt \[W, W\].
    pub weight: P,
    /// b \[W\].
    pub bias: P,
}

impl Highway {
    /// A gate for values of this width, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one in
    /// `f64`.
    pub fn new(width: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (width.max(1) as f64).sqrt();
        Highway {
            weight: init::uniform([width, width], k, rng),
            bias: init::constant([width], -1.0),
        }
    }
}

impl<'t, T: Float> Highway<Var<'t, T>> {
    /// y of the inputs `x` and the outputs `h` of what the highway goes around.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let t = Var::affine(&[(x, self.weight)], Some(self.bias)).sigmoid();
        t * h + (1.0 - t) * x
    }
}

/// Recurrent layers with dropout and connections between them, and with directions that are merged
/// as one likes.
///
/// With h the merged outputs of layer l at a step, and x its inputs:
///
/// ```text
/// y = h                            of the first layer, and without a connection
/// y = x + h                        residual
/// y = t h + (1 − t) x              highway
/// d(y)                             the inputs of layer l + 1
/// ```
///
/// The outputs are the y of the last layer, without dropout. The state is that of the cells.
///
/// Source: Srivastava et al. 2014, *Dropout*, as placed by Zaremba, Sutskever and Vinyals 2014,
/// *Recurrent neural network regularization*; Wu et al. 2016, *Google's neural machine translation
/// system*, section 3.1 (residual); Srivastava, Greff and Schmidhuber 2015, *Highway networks*;
/// Schuster and Paliwal 1997, *Bidirectional recurrent neural networks*.
///
/// ```
/// use wengert_nn::rnn::{Connection, Merge, Stack, Stacking};
/// use wengert_nn::{Lstm, LstmCell};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
///
/// let mut rng = Rng::seed_from_u64(1);
/// let both = Stacking { layers: 3, bidirectional: true };
/// let cell = |inputs, rng: &mut Rng| LstmCell::new(inputs, 5, rng);
/// let stack: Stack<Lstm> = Stack::new(2, 5, both, Merge::Sum, cell, &mut rng)
///     .with_dropout(0.2)
///     .with_connection(Connection::Highway, &mut rng);
/// let tape = Tape::new();
/// let (outputs, state) = stack.bind(&tape).run(tape.ones([4, 7, 2]), None);
/// assert_eq!((outputs.shape(), state.cells.len()), ([4, 7, 5].into(), 6));
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Stack<R, P = Tensor> {
    /// The layers, a [`Recurrent`].
    pub rnn: R,
    /// The gates around the layers from the second one on, for highways.
    pub highways: Vec<Highway<P>>,
    /// What goes around the layers from the second one on.
    pub connection: Connection,
    /// What is left out of the outputs of all layers but the last, in training mode.
    pub dropout: Dropout,
    /// How the directions are merged.
    pub merge: Merge,
    /// How wide the outputs of each layer are.
    pub width: usize,
}

impl<C> Stack<Recurrent<C>> {
    /// Layers of cells that `cell` makes, each for so many inputs, with outputs of the width
    /// `hidden`; with nothing between them.
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn new(
        inputs: usize,
        hidden: usize,
        stacking: super::Stacking,
        merge: Merge,
        mut cell: impl FnMut(usize, &mut Rng) -> C,
        rng: &mut Rng,
    ) -> Self {
        assert!(
            stacking.layers > 0,
            "a recurrent layer has at least one layer"
        );
        let width = match (stacking.bidirectional, merge) {
            (true, Merge::Concat) => 2 * hidden,
            _ => hidden,
        };
        Stack {
            rnn: Recurrent::stack_of(inputs, width, stacking, |inputs| cell(inputs, rng)),
            highways: Vec::new(),
            connection: Connection::None,
            dropout: Dropout { p: 0.0 },
            merge,
            width,
        }
    }

    /// The layers with this connection around all but the first. The weights of highways are drawn
    /// from `rng`.
    pub fn with_connection(mut self, connection: Connection, rng: &mut Rng) -> Self {
        let gates = match connection {
            Connection::Highway => self.rnn.layers.len().saturating_sub(1),
            _ => 0,
        };
        self.connection = connection;
        self.highways = (0..gates).map(|_| Highway::new(self.width, rng)).collect();
        self
    }
}

impl<R, P> Stack<R, P> {
    /// The layers with dropout between them.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_dropout(mut self, p: f64) -> Self {
        self.dropout = Dropout::new(p);
        self
    }
}

impl<C, P> Stack<Recurrent<C>, P> {
    /// The layers with what `f` makes of every cell.
    pub fn map_cells<D>(self, f: impl FnMut(C) -> D) -> Stack<Recurrent<D>, P> {
        Stack {
            rnn: self.rnn.map_cells(f),
            highways: self.highways,
            connection: self.connection,
            dropout: self.dropout,
            merge: self.merge,
            width: self.width,
        }
    }
}

impl<R: ParameterGroups, P> ParameterGroups for Stack<R, P> {
    fn parameter_groups(&self) -> usize {
        self.rnn.parameter_groups() + 2 * self.highways.len()
    }
}

/// A stack with the function that merges its directions.
struct Wired<'s, C, P, F> {
    stack: &'s Stack<Recurrent<C>, P>,
    merge: F,
}

impl<'t, T, C, F> Wiring<'t, T> for Wired<'_, C, Var<'t, T>, F>
where
    T: Float,
    F: Fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
{
    fn merge(&self, forward: Var<'t, T>, backward: Var<'t, T>) -> Var<'t, T> {
        (self.merge)(forward, backward)
    }

    fn connect(&self, at: usize, below: Sequence<'_, 't, T>, outputs: &mut Steps<'t, T>) {
        let stack = self.stack;
        let last = at + 1 == stack.rnn.layers.len();
        for (t, y) in outputs.iter_mut().enumerate() {
            *y = stack.around(at, || below.at(t), *y);
            if !last {
                *y = stack.dropout.forward(*y);
            }
        }
    }
}

impl<'t, T: Float, R> Stack<R, Var<'t, T>> {
    /// The outputs of layer `at`, whose inputs are `x` and whose cells' outputs are `h`.
    #[track_caller]
    fn around(&self, at: usize, x: impl FnOnce() -> Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        match (self.connection, at) {
            (Connection::None, _) | (_, 0) => h,
            (Connection::Residual, _) => x() + h,
            (Connection::Highway, _) => self.highways[at - 1].forward(x(), h),
        }
    }
}

impl<'t, T: Float, C: Cell<'t, T>> Stack<Recurrent<C>, Var<'t, T>> {
    /// All outputs \[B, T, W\], and the state after the last step, as [`Recurrent::run`].
    ///
    /// # Panics
    /// If `x` is not \[B, T, I\], or `state` is that of a layer of another structure.
    #[track_caller]
    pub fn run(
        &self,
        x: Var<'t, T>,
        state: Option<State<C::State>>,
    ) -> (Var<'t, T>, State<C::State>) {
        self.run_merged(x, state, merged(self.merge))
    }

    /// [`run`](Stack::run) where the outputs \[B, H\] of the two directions are merged by a function,
    /// at every layer and step. Its results are as wide as those of [`Merge`] would be.
    ///
    /// ```
    /// use wengert_nn::{GruCell, rnn::{Merge, Stack, Stacking}};
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::Rng;
    ///
    /// let mut rng = Rng::seed_from_u64(1);
    /// let both = Stacking { layers: 2, bidirectional: true };
    /// let cell = |inputs, rng: &mut Rng| GruCell::new(inputs, 5, rng);
    /// let stack = Stack::new(2, 5, both, Merge::Sum, cell, &mut rng);
    /// let tape = Tape::new();
    /// let product = |forward, backward| forward * backward;
    /// let (outputs, _) = stack.bind(&tape).run_merged(tape.ones([4, 7, 2]), None, product);
    /// assert_eq!(outputs.shape(), [4, 7, 5]);
    /// ```
    ///
    /// # Panics
    /// As [`run`](Stack::run).
    #[track_caller]
    pub fn run_merged(
        &self,
        x: Var<'t, T>,
        state: Option<State<C::State>>,
        merge: impl Fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
    ) -> (Var<'t, T>, State<C::State>) {
        let wired = Wired { stack: self, merge };
        let layers = &self.rnn.layers;
        let (outputs, state) =
            through::<_, _, false>(layers, Sequence::Whole(x), state, true, &wired);
        if outputs.is_empty() {
            return (x.tape().zeros([x.dim(0), 0, self.width]), state);
        }
        (side_by_side(x, &outputs, &state), state)
    }

    /// All outputs and last states of sequences of different lengths, as
    /// [`Recurrent::run_packed`].
    ///
    /// # Panics
    /// If `state` is that of a layer of another structure or of another number of sequences.
    #[track_caller]
    pub fn run_packed(
        &self,
        x: &PackedSequence<'t, T>,
        state: Option<State<C::State>>,
    ) -> (PackedSequence<'t, T>, State<C::State>) {
        let (outputs, state) = self.packed(x, state);
        let outputs = match outputs.is_empty() {
            true => x.data().tape().zeros([0, self.width]),
            false => one_after_another(x.data(), &outputs, &state),
        };
        (x.with_data(outputs), state)
    }

    /// [`run`](Stack::run) over the first `lengths[b]` steps of each row b, as
    /// [`Recurrent::run_lengths`].
    ///
    /// # Panics
    /// As [`run_packed`](Stack::run_packed) and [`PackedSequence::pack_padded`].
    #[track_caller]
    pub fn run_lengths(
        &self,
        x: Var<'t, T>,
        lengths: &[usize],
        state: Option<State<C::State>>,
    ) -> (Var<'t, T>, State<C::State>) {
        let x = PackedSequence::pack_padded(x, lengths);
        let (outputs, state) = self.packed(&x, state);
        (x.pad_parts(outputs, vec![self.width]), state)
    }

    /// The outputs of every step, and the last states.
    #[track_caller]
    fn packed(
        &self,
        x: &PackedSequence<'t, T>,
        state: Option<State<C::State>>,
    ) -> (Steps<'t, T>, State<C::State>) {
        let wired = Wired {
            stack: self,
            merge: merged(self.merge),
        };
        through::<_, _, true>(&self.rnn.layers, Sequence::Packed(x), state, true, &wired)
    }

    /// The output \[B, W\] and the state after one step on `x` \[B, I\], of sequences that are made
    /// while they are read.
    ///
    /// # Panics
    /// If the layers run in both directions, or `state` is that of a layer of another structure.
    #[track_caller]
    pub fn step(&self, x: Var<'t, T>, state: &State<C::State>) -> (Var<'t, T>, State<C::State>) {
        let layers = &self.rnn.layers;
        assert!(
            directions(layers) == 1,
            "step: a layer that also runs backward needs the whole sequence"
        );
        check(layers, state);
        let mut x = x;
        let mut cells = state.cells.clone();
        for (at, (layer, state)) in layers.iter().zip(&mut cells).enumerate() {
            *state = layer.forward.step(x, stretched(*state, x.dim(0)));
            let y = self.around(at, || x, state.h());
            x = match at + 1 == layers.len() {
                true => y,
                false => self.dropout.forward(y),
            };
        }
        (
            x,
            State {
                cells,
                directions: 1,
            },
        )
    }

    /// The initial state for inputs like `x` \[B, I\].
    #[track_caller]
    pub fn initial(&self, x: Var<'t, T>) -> State<C::State> {
        self.rnn.initial(x)
    }
}

/// The function of a merge.
fn merged<'t, T: Float>(merge: Merge) -> impl Fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T> {
    move |forward, backward| match merge {
        Merge::Concat => Var::cat(&[forward, backward], -1),
        Merge::Sum => forward + backward,
        Merge::Mean => (forward + backward) / 2.0,
    }
}
