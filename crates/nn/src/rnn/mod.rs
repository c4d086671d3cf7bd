//! Recurrent layers: cells, and their runs over time, in stacks and in both directions.
//!
//! A cell knows one step, [`unroll`](self) owns time. `Lstm`, `Gru` and `SimpleRnn` are one type,
//! [`Recurrent`], over different cells; a cell of the user's is an implementation of [`Cell`].

mod gru;
mod lstm;
mod simple;
mod stack;
mod state;
mod unroll;

pub use gru::{Gru, GruCell};
pub use lstm::{Lstm, LstmCell, LstmState};
pub use simple::{Activation, SimpleRnn, SimpleRnnCell};
pub use stack::{Layer, Recurrent, Stacking};
pub use state::{Carried, State};

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
}

/// A cell that can be made from its sizes.
pub trait NewCell: Sized {
    /// A cell with fresh weights.
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self;
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
