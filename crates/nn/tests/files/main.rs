//! Tests of what is written to disk and read from it.

mod bad;
mod common;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod weights;
