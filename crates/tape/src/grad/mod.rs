//! The faces of differentiation, from one variable to whole models.
//!
//! `backward` has `Var::backward` and `Tape::grad`, `gradients` what they leave, and `functional` the
//! functions of models: `value_and_grad`, `jvp`, `vjp`, `hvp`, `jacobian`, `hessian`. `ledger` keeps what
//! the leaves of a model got, and `row_gradients` what tables got of which some rows were used.
//! `named` gives gradients with the numbers and paths of their leaves.

pub(crate) mod backward;
pub(crate) mod functional;
pub(crate) mod gradients;
pub(crate) mod ledger;
mod named;
pub(crate) mod row_gradients;
