//! Numbers that a formula is written over, so that one text has several readings: lanes of a
//! vector kernel (its value), duals (its derivative) and recorded variables (any order).

use std::ops::{Add, Div, Mul, Neg, Sub};

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::formula::elementwise::{self, Unary};
use crate::formula::light::Two;
use crate::ops::{
    Abs, Acos, Acosh, Asin, Asinh, Atan, Atan2, Atanh, Cbrt, Ceil, Copysign, Cos, Cosh, Digamma,
    Erf, Erfc, Erfinv, Exp, Exp2, ExpM1, Floor, Fmod, Fract, Hypot, I0, I0e, I1, I1e, Ln, Ln1p,
    LnGamma, Log2, Log10, LogAddExp, LogAddExp2, Logit, Polygamma, Remainder, RoundTiesEven,
    Sigmoid, Sign, Sin, Sinc, Sinh, Softsign, Sqrt, Tan, Tanh, Tanhshrink, Trunc, Xlog1py, Xlogy,
};
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
    /// A function of this number and another.
    fn apply_two<P: Pair>(self, other: Self, function: P) -> Self;
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
    /// 2ˣ.
    #[inline(always)]
    fn exp2(self) -> Self {
        self.apply(Exp2 {})
    }
    /// The logarithm to base 2.
    #[inline(always)]
    fn log2(self) -> Self {
        self.apply(Log2 {})
    }
    /// The logarithm to base 10.
    #[inline(always)]
    fn log10(self) -> Self {
        self.apply(Log10 {})
    }
    /// The cube root.
    #[inline(always)]
    fn cbrt(self) -> Self {
        self.apply(Cbrt {})
    }
    /// ln(x / (1 − x)).
    #[inline(always)]
    fn logit(self) -> Self {
        self.apply(Logit {})
    }
    /// The sine.
    #[inline(always)]
    fn sin(self) -> Self {
        self.apply(Sin {})
    }
    /// The cosine.
    #[inline(always)]
    fn cos(self) -> Self {
        self.apply(Cos {})
    }
    /// The tangent.
    #[inline(always)]
    fn tan(self) -> Self {
        self.apply(Tan {})
    }
    /// The inverse sine.
    #[inline(always)]
    fn asin(self) -> Self {
        self.apply(Asin {})
    }
    /// The inverse cosine.
    #[inline(always)]
    fn acos(self) -> Self {
        self.apply(Acos {})
    }
    /// The inverse tangent.
    #[inline(always)]
    fn atan(self) -> Self {
        self.apply(Atan {})
    }
    /// The hyperbolic sine.
    #[inline(always)]
    fn sinh(self) -> Self {
        self.apply(Sinh {})
    }
    /// The hyperbolic cosine.
    #[inline(always)]
    fn cosh(self) -> Self {
        self.apply(Cosh {})
    }
    /// The inverse hyperbolic sine.
    #[inline(always)]
    fn asinh(self) -> Self {
        self.apply(Asinh {})
    }
    /// The inverse hyperbolic cosine.
    #[inline(always)]
    fn acosh(self) -> Self {
        self.apply(Acosh {})
    }
    /// The inverse hyperbolic tangent.
    #[inline(always)]
    fn atanh(self) -> Self {
        self.apply(Atanh {})
    }
    /// The error function.
    #[inline(always)]
    fn erf(self) -> Self {
        self.apply(Erf {})
    }
    /// 1 − erf x.
    #[inline(always)]
    fn erfc(self) -> Self {
        self.apply(Erfc {})
    }
    /// The inverse error function.
    #[inline(always)]
    fn erfinv(self) -> Self {
        self.apply(Erfinv {})
    }
    /// ln |Γ(x)|.
    #[inline(always)]
    fn ln_gamma(self) -> Self {
        self.apply(LnGamma {})
    }
    /// Γ′(x) / Γ(x).
    #[inline(always)]
    fn digamma(self) -> Self {
        self.apply(Digamma {})
    }
    /// The modified Bessel function I₀.
    #[inline(always)]
    fn i0(self) -> Self {
        self.apply(I0 {})
    }
    /// e^(−|x|) I₀(x).
    #[inline(always)]
    fn i0e(self) -> Self {
        self.apply(I0e {})
    }
    /// The modified Bessel function I₁.
    #[inline(always)]
    fn i1(self) -> Self {
        self.apply(I1 {})
    }
    /// e^(−|x|) I₁(x).
    #[inline(always)]
    fn i1e(self) -> Self {
        self.apply(I1e {})
    }
    /// sin πx / πx, and 1 at 0.
    #[inline(always)]
    fn sinc(self) -> Self {
        self.apply(Sinc { order: 0.0 })
    }
    /// −1, 0 or 1, with slope 0.
    #[inline(always)]
    fn sign(self) -> Self {
        self.apply(Sign {})
    }
    /// The greatest whole number that is not above, with slope 0.
    #[inline(always)]
    fn floor(self) -> Self {
        self.apply(Floor {})
    }
    /// The least whole number that is not below, with slope 0.
    #[inline(always)]
    fn ceil(self) -> Self {
        self.apply(Ceil {})
    }
    /// The nearest whole number, halves to the even one, with slope 0.
    #[inline(always)]
    fn round_ties_even(self) -> Self {
        self.apply(RoundTiesEven {})
    }
    /// The whole part, with slope 0.
    #[inline(always)]
    fn trunc(self) -> Self {
        self.apply(Trunc {})
    }
    /// The digits after the point.
    #[inline(always)]
    fn fract(self) -> Self {
        self.apply(Fract {})
    }
    /// x / (1 + |x|).
    #[inline(always)]
    fn softsign(self) -> Self {
        self.apply(Softsign {})
    }
    /// x − tanh x.
    #[inline(always)]
    fn tanhshrink(self) -> Self {
        self.apply(Tanhshrink {})
    }
    /// The derivative of that order of Γ′(x) / Γ(x).
    #[inline(always)]
    fn polygamma(self, order: u32) -> Self {
        self.apply(Polygamma {
            order: f64::from(order),
        })
    }
    /// The square.
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }
    /// 1 / x.
    #[inline(always)]
    fn recip(self) -> Self {
        Self::lit(1.0) / self
    }
    /// The angle of the point (`other`, this) in the plane.
    #[inline(always)]
    fn atan2(self, other: Self) -> Self {
        self.apply_two(other, Atan2 {})
    }
    /// √(x² + y²).
    #[inline(always)]
    fn hypot(self, other: Self) -> Self {
        self.apply_two(other, Hypot {})
    }
    /// |x| with the sign of `other`, into which no slope leads.
    #[inline(always)]
    fn copysign(self, other: Self) -> Self {
        self.apply_two(other, Copysign {})
    }
    /// ln(eˣ + eʸ), without overflow.
    #[inline(always)]
    fn logaddexp(self, other: Self) -> Self {
        self.apply_two(other, LogAddExp {})
    }
    /// log₂(2ˣ + 2ʸ), without overflow.
    #[inline(always)]
    fn logaddexp2(self, other: Self) -> Self {
        self.apply_two(other, LogAddExp2 {})
    }
    /// What is left by whole multiples of `other`, with its sign.
    #[inline(always)]
    fn remainder(self, other: Self) -> Self {
        self.apply_two(other, Remainder {})
    }
    /// What is left by whole multiples of `other`, with the sign of this.
    #[inline(always)]
    fn fmod(self, other: Self) -> Self {
        self.apply_two(other, Fmod {})
    }
    /// x ln y, and 0 where x = 0.
    #[inline(always)]
    fn xlogy(self, other: Self) -> Self {
        self.apply_two(other, Xlogy {})
    }
    /// x ln(1 + y), and 0 where x = 0.
    #[inline(always)]
    fn xlog1py(self, other: Self) -> Self {
        self.apply_two(other, Xlog1py {})
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

/// A function of two numbers that formulas can use like `atan2`: its value on a lane, and its slopes.
///
/// ```
/// use wengert_tape::{Pair, Real};
/// use wengert_tensor::{Float, kernels::Isa};
///
/// /// √(x² + y²)
/// #[derive(Clone, Copy)]
/// struct Length;
/// impl Pair for Length {
///     const NAME: &'static str = "length";
///     fn lane<T: Float, I: Isa>(self, x: T, y: T) -> T {
///         T::from_f64(x.to_f64().hypot(y.to_f64()))
///     }
///     fn slopes<R: Real>(self, x: R, y: R, z: R) -> [R; 2] {
///         [x / z, y / z]
///     }
/// }
/// ```
pub trait Pair: Copy + Send + Sync + 'static {
    /// The name, as in errors and drawings.
    const NAME: &'static str;
    /// The value.
    fn lane<T: Float, I: Isa>(self, x: T, y: T) -> T;
    /// The derivatives with respect to `x` and to `y`, where the value is `z`.
    fn slopes<R: Real>(self, x: R, y: R, z: R) -> [R; 2];

    /// Records the function of two nodes; see [`compiled_here`](crate::compiled_here).
    #[doc(hidden)]
    #[inline(always)]
    fn record<T: Float>(self, recorder: Recorder<'_, T>, ids: [u32; 2]) -> u32 {
        elementwise::record(Two(self), recorder, ids)
    }
}

/// A function whose slope can be read off its value: `slope(y, y)` is `slope(x, y)`. What it was
/// applied to need not be kept.
pub trait SlopeFromValue: Elementary {}
