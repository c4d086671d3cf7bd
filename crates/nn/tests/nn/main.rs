//! Tests of the layers, the optimizers, training on several threads, and data.

#![allow(clippy::let_unit_value)]

mod attention;
mod batch;
#[path = "../common/book.rs"]
mod book;
mod cells;
mod convolutions;
mod costs;
mod golden;
mod golden_attention;
mod gradients;
mod idx;
mod init;
mod initial_state;
mod memory;
mod parallel;
mod pieces;
mod recurrent;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod refused_sequences;
mod refused_windows;
mod regular;
mod seq2seq;
mod sequence_losses;
mod transformer;
