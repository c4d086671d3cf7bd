//! Tests of the layers, the optimizers, training on several threads, and data.

mod batch;
mod golden;
mod gradients;
mod idx;
mod init;
mod optim;
mod parallel;
mod recurrent;
mod regular;
