//! Every panic and every error that the docs of this crate promise, provoked; see
//! `tests/tidy.rs` of the workspace for the rule that none is forgotten.
#![allow(clippy::let_unit_value, clippy::let_underscore_must_use)]

#[path = "../common/refusals.rs"]
mod refusals;

mod kernels;
mod layouts;
mod linalg;
mod tensors;
mod windows;
