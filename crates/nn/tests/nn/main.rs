//! Tests of the layers, the optimizers, training on several threads, and data.

#![allow(clippy::let_unit_value)]

mod batch;
mod costs;
mod golden;
mod gradients;
mod idx;
mod init;
mod initial_state;
mod lazy_rows;
mod optim;
mod parallel;
mod pieces;
mod recurrent;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod regular;
