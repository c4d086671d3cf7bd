//! Checking gradients: against differences, against forward mode, and against the laws.

mod samples;

pub use samples::{Bad, Case, Program, Samples};
