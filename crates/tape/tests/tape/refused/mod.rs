//! Every panic and every error that the docs of this crate promise, provoked; see
//! `tests/tidy.rs` of the workspace for the rule that none is forgotten.

mod checks;
mod distributions;
mod faces;
mod linalg;
mod losses;
mod models;
mod reductions;
mod rules;
mod values;
mod windows;

use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

/// Hands `f` a leaf of this shape, all 1.
fn with(dims: &[usize], f: for<'t> fn(Var<'t, f64>)) {
    let tape = Tape::new();
    f(tape.leaf(&Tensor::ones(dims)));
}

/// Hands `f` two leaves of these shapes, all 1.
fn pair(first: &[usize], second: &[usize], f: for<'t> fn(Var<'t, f64>, Var<'t, f64>)) {
    let tape = Tape::new();
    f(
        tape.leaf(&Tensor::ones(first)),
        tape.leaf(&Tensor::ones(second)),
    );
}
