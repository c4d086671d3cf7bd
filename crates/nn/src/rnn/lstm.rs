//! `Lstm`: the long short-term memory.

use wengert_tape::ops::{Sigmoid, Tanh};
use wengert_tape::tree::Tree;
use wengert_tape::{Formula, Real, Var};
use wengert_tensor::{Float, Rng, Tensor, compile_here};

use super::dropout::active;
use super::{
    Carried, Cell, Droppable, NewCell, ParameterGroups, Recurrent, State, beside, zeros_like,
};
use crate::init;
use crate::layers::Dropout;

/// Layers of long short-term memories over a sequence: see [`LstmCell`] for the equations and
/// [`Recurrent`] for the methods.
///
/// ```
/// use wengert_nn::Lstm;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
///
/// let lstm = Lstm::new(2, 50, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let (outputs, state) = lstm.bind(&tape).run(tape.ones([8, 6, 2]), None);
/// assert_eq!((outputs.shape(), state.h().shape()), ([8, 6, 50].into(), [8, 50].into()));
/// ```
pub type Lstm<P = Tensor> = Recurrent<LstmCell<P>>;

/// A long short-term memory with a forget gate.
///
/// With x \[B, I\], h and c \[B, H\], Wx \[I, 4H\], Wh \[H, 4H\], b \[4H\]:
///
/// ```text
/// i f g o = x Wx + h Wh + b        four parts of H columns
/// c′ = σ(f) c + σ(i) tanh(g)
/// h′ = σ(o) tanh(c′)
/// ```
///
/// Wx and Wh start uniform in (−k, k) with k = 1/√H, as in PyTorch; b is 0, and 1 for the forget
/// gate, so that the cell remembers before it has learnt to (Gers, Schmidhuber and Cummins 2000;
/// Jozefowicz, Zaremba and Sutskever 2015).
///
/// Source: Hochreiter and Schmidhuber 1997, *Long short-term memory*; the forget gate from Gers,
/// Schmidhuber and Cummins 2000, *Learning to forget*.
///
/// ```
/// use wengert_nn::{LstmCell, LstmState, rnn::Cell};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// let cell = LstmCell {
///     wx: Tensor::<f64>::zeros([2, 4]),
///     wh: Tensor::zeros([1, 4]),
///     bias: Tensor::from([0.0, 1.0, 0.0, 0.0]),
/// };
/// let tape = Tape::new();
/// let state = LstmState { h: tape.zeros([1, 1]), c: tape.ones([1, 1]) };
/// let next = cell.bind(&tape).step(tape.ones([1, 2]), state);
/// let kept = 1.0 / (1.0 + (-1.0f64).exp());
/// assert!((next.c.item() - kept).abs() < 1e-12);
/// assert!((next.h.item() - 0.5 * kept.tanh()).abs() < 1e-12);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct LstmCell<P = Tensor> {
    /// Wx \[I, 4H\], the gates in the order i f g o.
    pub wx: P,
    /// Wh \[H, 4H\].
    pub wh: P,
    /// b \[4H\].
    pub bias: P,
}

/// What an LSTM carries from step to step.
#[derive(Tree, Clone, Copy, Debug)]
pub struct LstmState<P = Tensor> {
    /// The output h \[B, H\].
    pub h: P,
    /// The cell's memory c \[B, H\].
    pub c: P,
}

impl<'t, T: Float> Carried<'t, T> for LstmState<Var<'t, T>> {
    fn h(&self) -> Var<'t, T> {
        self.h
    }
}

impl<'t, T: Float> State<LstmState<Var<'t, T>>> {
    /// c of the last layer, \[B, D·H\].
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn c(&self) -> Var<'t, T> {
        self.last(|cell| cell.c)
    }
}

impl NewCell for LstmCell {
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        LstmCell::new(inputs, hidden, rng)
    }
}

impl LstmCell {
    /// A cell with fresh weights, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one in
    /// `f64`.
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (hidden.max(1) as f64).sqrt();
        LstmCell {
            wx: init::uniform([inputs, 4 * hidden], k, rng),
            wh: init::uniform([hidden, 4 * hidden], k, rng),
            bias: init::zeros([4 * hidden]),
        }
        .with_forget_bias(1.0)
    }
}

impl<T: Float> LstmCell<Tensor<T>> {
    /// The cell with another bias of the forget gate.
    ///
    /// ```
    /// use wengert_nn::LstmCell;
    /// use wengert_tensor::{Rng, Tensor};
    /// let cell = LstmCell::new(1, 2, &mut Rng::seed_from_u64(1)).with_forget_bias(3.0);
    /// assert_eq!(cell.bias, Tensor::from([0.0, 0.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0]));
    /// ```
    pub fn with_forget_bias(self, value: f64) -> Self {
        self.with_bias(1, value)
    }

    /// The cell with another bias of the input gate: below 0 the gate is nearly closed at first.
    pub fn with_input_bias(self, value: f64) -> Self {
        self.with_bias(0, value)
    }

    /// The cell with another bias of the output gate: below 0 the gate is nearly closed at first.
    pub fn with_output_bias(self, value: f64) -> Self {
        self.with_bias(3, value)
    }

    fn with_bias(mut self, gate: usize, value: f64) -> Self {
        let bias = self.bias.as_mut_slice();
        let hidden = bias.len() / 4;
        bias[gate * hidden..(gate + 1) * hidden].fill(T::from_f64(value));
        self
    }
}

impl<T: Float> Lstm<Tensor<T>> {
    /// The layers with another bias of all forget gates.
    pub fn with_forget_bias(self, value: f64) -> Self {
        self.map_cells(|cell| cell.with_forget_bias(value))
    }

    /// The layers with another bias of all input gates.
    pub fn with_input_bias(self, value: f64) -> Self {
        self.map_cells(|cell| cell.with_input_bias(value))
    }

    /// The layers with another bias of all output gates.
    pub fn with_output_bias(self, value: f64) -> Self {
        self.map_cells(|cell| cell.with_output_bias(value))
    }
}

impl<'t, T: Float> Cell<'t, T> for LstmCell<Var<'t, T>> {
    type State = LstmState<Var<'t, T>>;

    fn initial(&self, x: Var<'t, T>) -> Self::State {
        let zeros = zeros_like(x, self.wh);
        LstmState { h: zeros, c: zeros }
    }

    fn step(&self, x: Var<'t, T>, state: Self::State) -> Self::State {
        let sums = [(x, self.wx), (beside(x, state.h), self.wh)];
        let [c, h] = step(sums, self.bias, beside(x, state.c));
        LstmState { h, c }
    }
}

impl<P> ParameterGroups for LstmCell<P> {
    fn parameter_groups(&self) -> usize {
        4 * 3
    }
}

impl<'t, T: Float> Droppable<'t, T> for LstmCell<Var<'t, T>> {
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        state: Self::State,
        dropout: Dropout,
    ) -> Self::State {
        let sums = [(x, self.wx), (h, self.wh)];
        if active(dropout, x) {
            return self.composed(sums, state.c, dropout);
        }
        let [c, h] = step(sums, self.bias, state.c);
        LstmState { h, c }
    }
}

compile_here! {
    pub(super) fn step<'t, T>(
        sums: [(Var<'t, T>, Var<'t, T>); 2],
        bias: Var<'t, T>,
        c: Var<'t, T>,
    ) -> [Var<'t, T>; 2] {
        let gates = (Sigmoid, Sigmoid, Tanh, Sigmoid);
        Var::affine_formula(&sums, Some(bias), gates, Carry, [c])
    }
}

impl<'t, T: Float> LstmCell<Var<'t, T>> {
    /// [`step`](Cell::step) out of single ops, for comparison: it computes the same, is slower and
    /// keeps about four times as much until the reset.
    #[track_caller]
    pub fn step_composed(
        &self,
        x: Var<'t, T>,
        state: LstmState<Var<'t, T>>,
    ) -> LstmState<Var<'t, T>> {
        let sums = [(x, self.wx), (state.h, self.wh)];
        self.composed(sums, state.c, Dropout { p: 0.0 })
    }

    #[track_caller]
    fn composed(
        &self,
        sums: [(Var<'t, T>, Var<'t, T>); 2],
        c: Var<'t, T>,
        dropout: Dropout,
    ) -> LstmState<Var<'t, T>> {
        let [i, f, g, o] = Var::affine(&sums, Some(self.bias)).chunk(-1);
        let c = f.sigmoid() * c + i.sigmoid() * dropout.forward(g.tanh());
        let h = o.sigmoid() * c.tanh();
        LstmState { h, c }
    }
}

/// (σ(i), σ(f), tanh(g), σ(o), c) → (c′, h′).
#[derive(Clone, Copy)]
struct Carry;

impl Formula<5, 2> for Carry {
    const NAME: &'static str = "lstm_carry";

    #[inline(always)]
    fn eval<R: Real>(&self, [i, f, g, o, c]: [R; 5]) -> [R; 2] {
        let c = f * c + i * g;
        [c, o * c.tanh()]
    }
}
