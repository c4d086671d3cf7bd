//! The types that a tensor can hold.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::kernels::{Factor, Isa};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for bool {}
}

/// A type that a tensor can hold: `f32`, `f64`, `i64` or `bool`.
pub trait Element:
    sealed::Sealed
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + fmt::Debug
    + fmt::Display
    + Send
    + Sync
    + 'static
{
    /// The type's name, as in Rust.
    const NAME: &'static str;
}

macro_rules! element {
    ($($type:ident),*) => { $(
        impl Element for $type { const NAME: &'static str = stringify!($type); }
    )* };
}
element!(f32, f64, i64, bool);

/// A floating-point element.
///
/// `exp`, `exp_m1`, `ln`, `ln_1p`, `tanh` and `sigmoid` are polynomials that compile to vector code inside a kernel;
/// their errors in units in the last place are stated in [`crate::kernels::math`]. The instruction
/// set is a type parameter, because a fused multiply-add is one instruction where it exists and a slow
/// call where it does not.
pub trait Float:
    Element
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
    + Factor
{
    /// Lanes of one vector register of the widest instruction set.
    const LANES: usize;
    /// The distance from 1 to the next greater number.
    const EPSILON: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;
    /// The same number as `f64`, exactly.
    fn to_f64(self) -> f64;
    /// `self · b + c`, fused where the instruction set can.
    fn mul_add<I: Isa>(self, b: Self, c: Self) -> Self;
    /// eˣ.
    fn exp<I: Isa>(self) -> Self;
    /// The natural logarithm: −∞ at 0, NaN below.
    fn ln<I: Isa>(self) -> Self;
    /// eˣ − 1, exact near 0.
    fn exp_m1<I: Isa>(self) -> Self;
    /// ln(1 + x), exact near 0: −∞ at −1, NaN below.
    fn ln_1p<I: Isa>(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh<I: Isa>(self) -> Self;
    /// 1 / (1 + e⁻ˣ).
    fn sigmoid<I: Isa>(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The absolute value.
    fn abs(self) -> Self;
    /// `self` to the power `exponent`.
    fn powf(self, exponent: Self) -> Self;
    /// Any other elementary function, computed in `f64` and rounded once.
    #[inline]
    fn through_f64(self, f: impl Fn(f64) -> f64) -> Self {
        Self::from_f64(f(self.to_f64()))
    }
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Whether it is NaN.
    fn is_nan(self) -> bool;
}
