//! The primitives, one a file, and the list of them.
//!
//! An op's file holds its documentation, its public function, its rules and its samples. Its row
//! in the list below makes it a module, exports it, and puts it under every law of the tests.

use crate::check::Samples;

mod integers;
mod ready;
mod rows;

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
    elementary: exp, exp_m1, exp2, ln, ln_1p, log2, log10, sqrt, cbrt, tanh, sigmoid, logit, abs, relu;
    trigonometry: sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh;
    special: erf, erfc, erfinv, ln_gamma, digamma, polygamma, i0, i0e, i1, i1e, sinc;
    rounding: sign, floor, ceil, round_ties_even, trunc, fract;
    activations: selu, celu, mish, gelu, hardtanh, relu6, hardsigmoid, hardswish, softsign, tanhshrink,
        hardshrink, softshrink, threshold, prelu;
    pairs: atan2, hypot, logaddexp, logaddexp2, remainder, fmod, xlogy, xlog1py, copysign, lerp;
    choice: maximum, minimum, clamp, choose, where_, nan_to_num;
    control: scale_gradient, straight_through, clip_gradient;
    views: reshape, permute, slice, select, diagonal, unfold, expand, assemble;
    joins: cat, stack;
    indices: gather, scatter_add, index_select, sort, max_axis, quantile, segment_sum, segment_max;
    reductions: sum, mean, prod, amax, logsumexp, var, std, norm, softmax, log_softmax, max_pool;
    scans: linear_recurrence, cumsum, cumprod, logcumsumexp, cummax;
    products: matmul, affine, affine_activated, affine_formula, conv, conv_transpose, conv_weight, resample;
    linalg: solve, triangular_solve, cholesky, det, slogdet, qr, eigh, svd, pinv;
}
