//! Tests of what is written to disk and read from it.

mod bad;
mod checkpoints;
mod common;
mod fuzz;
mod kill;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod training;
mod weights;
