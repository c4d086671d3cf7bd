//! A define-by-run tape for tensors: recording and differentiating.

#![forbid(unsafe_code)]

// The derive macro writes paths that start with the crate's name.
extern crate self as wengert_tape;

mod activations;
mod attrs;
mod backward;
mod bind;
pub mod check;
mod collect;
pub mod compose;
mod custom;
mod direct;
mod dual;
mod elementwise;
mod fault;
mod flow;
mod formula;
mod grad;
mod gradients;
mod inspect;
mod lane;
mod model;
mod node;
mod op;
pub mod ops;
mod packs;
mod pool;
mod pullback;
mod real;
mod record;
mod reverse;
mod rows;
mod store;
mod tangent;
mod tape;
mod traced;
pub mod tree;
mod var;

pub use activations::Activations;
pub use backward::{GradOptions, Unused};
pub use bind::Bind;
pub use custom::Custom;
pub use dual::Dual;
#[doc(hidden)]
pub use fault::{Fault, Planted};
pub use formula::{Formula, Partial};
pub use gradients::{Backward, Gradients};
pub use inspect::{NonFinite, Stats};
pub use lane::Lane;
pub use model::Model;
pub use op::{Op, Shapes};
pub use real::{Elementary, Real, SlopeFromValue};
pub use record::Outputs;
pub use reverse::Reverse;
pub use tangent::Tangent;
pub use tape::Tape;
pub use traced::Traced;
pub use var::{Operand, Var};
pub use wengert_derive::formula;
