//! The primitives, one a file, and the list of them.
//!
//! An op's file holds its documentation, its public function, its rules and its samples. Its row
//! in the list below makes it a module, exports it, and puts it under every law of the tests.

use crate::check::Samples;

mod integers;

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
    ($($(#[$doc:meta])* $family:ident: $($name:ident),*;)*) => {
        $(
            $(#[$doc])*
            mod $family {
                $(pub(super) mod $name; #[allow(unused_imports)] pub use $name::*;)*
            }
            #[allow(unused_imports)]
            pub use $family::*;
        )*

        /// Every op there is.
        pub const ALL: &[Row] = &[$($(Row {
            name: stringify!($name),
            source: include_str!(concat!(stringify!($family), "/", stringify!($name), ".rs")),
            samples: $family::$name::samples::<f64>,
            samples_f32: $family::$name::samples::<f32>,
        }),*),*];
    };
}

ops! {
    arithmetic: add, sub, mul, div, neg, pow, absorb;
    elementary: exp, exp_m1, ln, ln_1p, sqrt, tanh, sigmoid, abs, relu;
    choice: maximum, minimum, clamp, choose, where_;
    views: reshape, permute, slice, select, expand, assemble;
    joins: cat, stack;
    indices: gather, scatter_add, index_select, sort;
    reductions: sum, mean, amax, amin, logsumexp, var, norm, norm_p, softmax, log_softmax;
    products: matmul, affine, affine_activated, affine_formula;
}
