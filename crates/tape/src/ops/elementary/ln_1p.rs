//! `ln_1p`: the natural logarithm of 1 + x.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ln(1 + x), without the rounding of 1 + x
//! - rule: x̄ = ȳ / (1 + x)
//! - edges: x > −1, smooth; −∞ with slope +∞ at −1; value and slope are NaN below −1
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.1.24

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use super::ln::Inverse;
use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// ln(1 + x) with all its digits near 0. Off by at most 1.4 units in the last place, its slope by 1.1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1e-20).ln_1p().item(), 1e-20);
    /// ```
    #[doc(alias = "log1p")]
    #[inline]
    #[track_caller]
    pub fn ln_1p(self) -> Self {
        self.elementary(Ln1p)
    }
}

/// ln(1 + x), as a part of formulas.
#[derive(Clone, Copy)]
pub struct Ln1p;

impl Elementary for Ln1p {
    compiled_here!(elementary Ln1p);

    const NAME: &'static str = "ln_1p";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.ln_1p::<I>()
    }
    #[inline(always)]
    fn slope<R: Real>(self, x: R, _: R) -> R {
        (R::lit(1.0) + x).apply(Inverse)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("ln_1p", |x| x.ln_1p()).on(-0.8, 2.0).reference1(f64::ln_1p).values(&[(0.0, 0.0), (-1.0, f64::NEG_INFINITY)])
}
