//! Numbers that a formula is written over, so that one text has several readings: lanes of a
//! vector kernel (its value), duals (its derivative) and recorded variables (any order).

use std::ops::{Add, Div, Mul, Neg, Sub};

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::formula::elementwise::{self, Unary};
use crate::ops::{Abs, Exp, ExpM1, Ln, Ln1p, Sigmoid, Sqrt, Tanh};
use crate::record::recording::Recorder;

/// A number of a formula.
///
/// Write literals with [`lit`](Real::lit), branches with the `select` methods (both sides are
/// evaluated, one is taken), and everything else as on `f64`.
///
/// ```
/// use wengert_tape::Real;
/// fn softplus<R: Real>(x: R) -> R {
///     x.max(R::lit(0.0)) + (-x.abs()).exp().ln_1p()
/// }
/// ```
pub trait Real:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A constant.
    fn lit(x: f64) -> Self;
    /// An elementary function of this number.
    fn apply<E: Elementary>(self, function: E) -> Self;
    /// `self` to the power `exponent`.
    fn powf(self, exponent: Self) -> Self;
    /// `yes` where `a < b`, `no` elsewhere, NaN included.
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self;
    /// `yes` where `a == b`, `no` elsewhere, NaN included.
    fn select_equal(a: Self, b: Self, yes: Self, no: Self) -> Self;
    /// `slope · self`, and exactly 0 where `self` is 0, whatever the slope: how a cotangent or a
    /// tangent meets a derivative that may not be finite.
    fn absorb(self, slope: Self) -> Self;

    /// `self − a · b`, rounded once where the processor does so in one operation.
    #[inline(always)]
    fn minus_product(self, a: Self, b: Self) -> Self {
        self - a * b
    }
    /// eˣ.
    #[inline(always)]
    fn exp(self) -> Self {
        self.apply(Exp)
    }
    /// The natural logarithm.
    #[inline(always)]
    fn ln(self) -> Self {
        self.apply(Ln)
    }
    /// eˣ − 1, exact near 0.
    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.apply(ExpM1)
    }
    /// ln(1 + x), exact near 0.
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.apply(Ln1p)
    }
    /// The square root.
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.apply(Sqrt)
    }
    /// The hyperbolic tangent.
    #[inline(always)]
    fn tanh(self) -> Self {
        self.apply(Tanh)
    }
    /// 1 / (1 + e⁻ˣ).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        self.apply(Sigmoid)
    }
    /// The absolute value.
    #[inline(always)]
    fn abs(self) -> Self {
        self.apply(Abs)
    }
    /// The greater of two numbers; NaN if either is.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        let greater = Self::select_less(self, other, other, self);
        Self::select_equal(other, other, greater, other)
    }
    /// The lesser of two numbers; NaN if either is.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        let lesser = Self::select_less(other, self, other, self);
        Self::select_equal(other, other, lesser, other)
    }
}

/// A function of one number that formulas can use like `exp`: its value on a lane, and its slope.
///
/// A new elementary function is one implementation of this trait; every reading of every formula
/// then knows it.
///
/// ```
/// use wengert_tape::{Elementary, Real};
/// use wengert_tensor::{Float, kernels::Isa};
///
/// #[derive(Clone, Copy)]
/// struct Sine;
/// impl Elementary for Sine {
///     const NAME: &'static str = "sin";
///     fn lane<T: Float, I: Isa>(self, x: T) -> T {
///         x.through_f64(f64::sin)
///     }
///     fn slope<R: Real>(self, x: R, _: R) -> R {
///         x.apply(Cosine)
///     }
/// }
/// # #[derive(Clone, Copy)] struct Cosine;
/// # impl Elementary for Cosine {
/// #     const NAME: &'static str = "cos";
/// #     fn lane<T: Float, I: Isa>(self, x: T) -> T { x.through_f64(f64::cos) }
/// #     fn slope<R: Real>(self, x: R, _: R) -> R { -x.apply(Sine) }
/// # }
/// ```
pub trait Elementary: Copy + Send + Sync + 'static {
    /// The name, as in errors and drawings.
    const NAME: &'static str;
    /// The value.
    fn lane<T: Float, I: Isa>(self, x: T) -> T;
    /// The derivative at `x`, where the value is `y`.
    fn slope<R: Real>(self, x: R, y: R) -> R;

    /// Records the function of one node; see [`compiled_here`](crate::compiled_here).
    #[doc(hidden)]
    #[inline(always)]
    fn record<T: Float>(self, recorder: Recorder<'_, T>, ids: [u32; 1]) -> u32 {
        elementwise::record(Unary(self), recorder, ids)
    }
}

/// A function whose slope can be read off its value: `slope(y, y)` is `slope(x, y)`. What it was
/// applied to need not be kept.
pub trait SlopeFromValue: Elementary {}
