//! The primitives, one a file, and the list of them.
//!
//! An op's file holds its documentation, its public function, its rules and its samples. Its row
//! in the list below makes it a module, exports it, and puts it under every law of the tests.

use crate::check::Samples;

/// One row of the list of ops.
pub struct Row {
    /// The op's name, which is its file's.
    pub name: &'static str,
    /// The op's file, for its documentation.
    pub source: &'static str,
    /// Its samples in `f64`.
    pub samples: fn() -> Samples<f64>,
    /// Its samples in `f32`.
    pub samples_f32: fn() -> Samples<f32>,
}

macro_rules! ops {
    ($($name:ident),* $(,)?) => {
        $(mod $name; #[allow(unused_imports)] pub use $name::*;)*

        /// Every op there is.
        pub const ALL: &[Row] = &[$(Row {
            name: stringify!($name),
            source: include_str!(concat!(stringify!($name), ".rs")),
            samples: $name::samples::<f64>,
            samples_f32: $name::samples::<f32>,
        }),*];
    };
}

// Functions without a gradient, which are no ops.
mod compare;
mod one_hot;

ops! {
    // Arithmetic.
    add, sub, mul, div, neg, pow, absorb,
    // Elementary functions.
    exp, ln, sqrt, tanh, sigmoid, abs, relu,
    // Choice.
    maximum, minimum, choose, where_,
    // Views.
    reshape, permute, slice, select, expand, assemble,
    // Joins.
    cat, stack,
    // Indices.
    gather, scatter_add, index_select, sort,
    // Reductions.
    sum, mean, amax, amin, logsumexp, var, norm, softmax, log_softmax,
    // Products.
    matmul, affine, affine_activated, affine_formula,
}
