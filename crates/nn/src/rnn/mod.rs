//! Recurrent layers: cells, and their runs over time, in stacks and in both directions.
//!
//! A cell knows one step. Everything else is one path for all cells:
//!
//! ```text
//! Recurrent, Stack          what one calls: run, last, step; padded or packed
//!   through                 layers: each over the outputs of the one below, and what is between
//!     unroll                time: one cell in one direction; rows end and begin by their lengths
//!       Cell::step          one step of the rows that take it
//! ```
//!
//! | the cell | is |
//! |---|---|
//! | [`SimpleRnnCell`] | h′ = φ(x Wx + h Wh + b), for any φ |
//! | [`LstmCell`], [`LstmVariantCell`] | the usual LSTM in one op; the same with every part to be switched |
//! | [`GruCell`], [`GruVariantCell`] | the usual GRU in one formula; both orders of reset and product, all biases |
//! | [`MinimalGruCell`], [`LightGruCell`] | gated units with fewer gates |
//! | [`Zoneout`], [`RecurrentDropout`] | any of them, with what stays or is left out by chance |
//!
//! [`Lstm`], [`Gru`] and [`SimpleRnn`] are one type, [`Recurrent`], over different cells; a cell of
//! the user's is an implementation of [`Cell`]. [`PackedSequence`] holds sequences of different
//! lengths. [`Stack`] has dropout and connections between layers, and merges directions.

mod dropout;
mod gru;
mod gru_variant;
mod light;
mod lstm;
mod lstm_variant;
mod minimal;
mod packed;
mod simple;
mod stack;
mod state;
mod through;
mod unroll;
mod wired;
mod zoneout;

pub use dropout::{Droppable, Masks, RecurrentDropout};
pub use gru::{Gru, GruCell};
pub use gru_variant::{GruBiases, GruOptions, GruVariant, GruVariantCell};
pub use light::{LightGru, LightGruCell};
pub use lstm::{Lstm, LstmCell, LstmState};
pub use lstm_variant::{
    ForgetGate, LstmNorms, LstmOptions, LstmVariant, LstmVariantCell, PeepholeWeights, Peepholes,
};
pub use minimal::{MinimalGru, MinimalGruCell};
pub use packed::PackedSequence;
pub use simple::{Activation, Nonlinearity, SimpleRnn, SimpleRnnCell};
pub use stack::{Layer, Recurrent, Stacking};
pub use state::{Carried, State};
pub use wired::{Connection, Highway, Merge, Stack};
pub use zoneout::Zoneout;

use wengert_tape::Var;
use wengert_tensor::{Float, Rng};

/// One step of a recurrence, of a cell that is bound to a tape.
///
/// ```
/// use wengert_nn::rnn::{Cell, Recurrent};
/// use wengert_tape::{Bind, Tape, Var, tree::Tree};
/// use wengert_tensor::{Float, Tensor};
///
/// /// h′ = w h + x.
/// #[derive(Tree, Clone)]
/// struct Leaky<P = Tensor> { w: P }
/// impl<'t, T: Float> Cell<'t, T> for Leaky<Var<'t, T>> {
///     type State = Var<'t, T>;
///     fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
///         x.tape().zeros(x.shape())
///     }
///     fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
///         self.w * h + x
///     }
/// }
///
/// let rnn = Recurrent::of([Leaky { w: Tensor::<f64>::scalar(0.5) }]);
/// let tape = Tape::new();
/// let state = rnn.bind(&tape).last(tape.ones([1, 3, 1]), None);
/// assert_eq!(state.h().item(), 1.75);
/// ```
pub trait Cell<'t, T: Float> {
    /// What is carried from step to step.
    type State: Carried<'t, T>;

    /// The state before the first step on inputs like `x` \[B, I\].
    #[track_caller]
    fn initial(&self, x: Var<'t, T>) -> Self::State;

    /// The state after a step on `x` \[B, I\].
    #[track_caller]
    fn step(&self, x: Var<'t, T>, state: Self::State) -> Self::State;

    /// What a run draws before its first step and keeps for all of its steps, for `rows` sequences
    /// of the width `inputs` that begin at `start`. Most cells draw nothing.
    #[track_caller]
    fn draw(&self, _rows: usize, _inputs: usize, _start: &Self::State) -> Option<Masks<'t, T>> {
        None
    }

    /// The state after a step of a run that has drawn.
    #[track_caller]
    fn step_drawn(&self, x: Var<'t, T>, state: Self::State, _drawn: &Masks<'t, T>) -> Self::State {
        self.step(x, state)
    }
}

/// A cell that can be made from its sizes.
pub trait NewCell: Sized {
    /// A cell with fresh weights.
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self;
}

/// How many matrices and vectors the equations of a cell have, however they are stored: U, W and b
/// of each of an LSTM's four parts are 12, and 15 with its three peepholes.
///
/// ```
/// use wengert_nn::{Gru, rnn::ParameterGroups};
/// use wengert_tensor::Rng;
/// // U, W and two biases of each of three parts.
/// assert_eq!(Gru::new(2, 3, &mut Rng::seed_from_u64(1)).parameter_groups(), 12);
/// ```
pub trait ParameterGroups {
    /// The number of groups; of layers, that of all cells.
    fn parameter_groups(&self) -> usize;
}

/// `state` \[B, H\] beside `x` \[B, I\]. One of batch 1 is stretched: an initial state that is learned
/// is one row for all.
#[track_caller]
fn beside<'t, T: Float>(x: Var<'t, T>, state: Var<'t, T>) -> Var<'t, T> {
    // Nearly always this is all that is asked.
    let &[1, width] = &state.shape()[..] else {
        return state;
    };
    match &x.shape()[..] {
        &[batch, _] if batch != 1 => state.expand([batch, width]),
        _ => state,
    }
}

/// Zeros \[…, H\] beside `x` \[…, I\], where `wh` is \[H, …\].
#[track_caller]
fn zeros_like<'t, T: Float>(x: Var<'t, T>, wh: Var<'t, T>) -> Var<'t, T> {
    let mut shape = x.shape();
    let last = shape.rank() - 1;
    shape.dims_mut()[last] = wh.shape()[0];
    x.tape().zeros(shape)
}
