//! `Float` for `f32` and `f64`.

use super::math;
use crate::Float;
use crate::kernels::Isa;

macro_rules! float {
    ($($float:ident: $lanes:literal lanes),*) => { $(
        impl Float for $float {
            const LANES: usize = $lanes;
            const EPSILON: Self = $float::EPSILON;
            const INFINITY: Self = $float::INFINITY;
            const NAN: Self = $float::NAN;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $float
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn mul_add<I: Isa>(self, b: Self, c: Self) -> Self {
                math::$float::madd::<I>(self, b, c)
            }
            #[inline(always)]
            fn exp<I: Isa>(self) -> Self {
                math::$float::exp::<I>(self)
            }
            #[inline(always)]
            fn ln<I: Isa>(self) -> Self {
                math::$float::ln::<I>(self)
            }
            #[inline(always)]
            fn exp_m1<I: Isa>(self) -> Self {
                math::$float::exp_m1::<I>(self)
            }
            #[inline(always)]
            fn ln_1p<I: Isa>(self) -> Self {
                math::$float::ln_1p::<I>(self)
            }
            #[inline(always)]
            fn tanh<I: Isa>(self) -> Self {
                math::$float::tanh::<I>(self)
            }
            #[inline(always)]
            fn sigmoid<I: Isa>(self) -> Self {
                math::$float::sigmoid::<I>(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $float::abs(self)
            }
            #[inline]
            fn powf(self, exponent: Self) -> Self {
                $float::powf(self, exponent)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $float::is_finite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $float::is_nan(self)
            }
        }
    )* };
}
float!(f32: 16 lanes, f64: 8 lanes);
