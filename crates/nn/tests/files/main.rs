//! Tests of what is written to disk and read from it.

mod bad;
#[path = "../common/book.rs"]
mod book;
mod checkpoints;
mod common;
mod fuzz;
mod kill;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod torch;
mod trainer;
mod training;
mod weights;
