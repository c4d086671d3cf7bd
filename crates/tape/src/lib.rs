//! A define-by-run tape for tensors: recording and differentiating.
//!
//! # What is left out on purpose
//!
//! Of what `torch`, `torch.nn.functional`, `jax.numpy`, `jax.nn` and `jax.lax` have, this is not here. What
//! is missing and not in this list was forgotten.
//!
#![doc = include_str!("left_out.md")]
#![forbid(unsafe_code)]

// The derive macro writes paths that start with the crate's name.
extern crate self as wengert_tape;

pub mod check;
pub mod compose;
pub mod distributions;
mod formula;
mod grad;
mod model;
pub mod ops;
mod record;
mod walk;

pub use formula::activations::Activations;
pub use formula::dual::Dual;
pub use formula::lane::Lane;
pub use formula::real::{Elementary, Pair, Real, SlopeFromValue};
pub use formula::traced::Traced;
pub use formula::{Formula, Partial};
pub use grad::backward::{GradOptions, Unused};
pub use grad::gradients::{Backward, Gradients};
pub use grad::row_gradients::RowGradient;
pub use model::arithmetic::Model;
pub use model::bind::{Bind, Values};
pub use model::tree;
pub use record::custom::Custom;
pub use record::inspect::{Moment, NonFinite, Record, Stats};
pub use record::node::MAX_RANK;
pub use record::op::{Op, Shapes};
pub use record::parts::{Part, PartRecord};
pub use record::recording::Outputs;
pub use record::tape::Tape;
pub use record::var::{Operand, Var};
#[doc(hidden)]
pub use walk::planted_fault::{Fault, Planted};
pub use walk::reverse::Reverse;
pub use walk::tangent::Tangent;
pub use wengert_derive::formula;
#[doc(hidden)]
pub use {formula::elementwise::record as record_formula, record::recording::Recorder};
