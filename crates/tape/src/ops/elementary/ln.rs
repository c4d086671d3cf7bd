//! `ln`: the natural logarithm.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ln x
//! - rule: x̄ = ȳ / x
//! - edges: x > 0, smooth; −∞ with slope +∞ at 0, of either sign; value and slope are NaN below 0
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.1.6

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The natural logarithm. Off by at most 0.9 units in the last place, its slope by ½.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1.0).ln().item(), 0.0);
    /// ```
    #[doc(alias = "log")]
    #[inline]
    #[track_caller]
    pub fn ln(self) -> Self {
        self.elementary(Ln)
    }
}

/// The natural logarithm, as a part of formulas.
#[derive(Clone, Copy)]
pub struct Ln;

impl Elementary for Ln {
    compiled_here!(elementary Ln);

    const NAME: &'static str = "ln";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.ln::<I>()
    }
    #[inline(always)]
    fn slope<R: Real>(self, x: R, _: R) -> R {
        x.apply(Inverse)
    }
}

/// 1 / x of a number that is not negative: +∞ at 0 of either sign, since the functions whose slopes
/// it makes live to the right of 0 alone; NaN below 0.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Inverse;

impl Elementary for Inverse {
    compiled_here!(elementary Inverse);

    const NAME: &'static str = "inverse";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        // The sum makes +0 of −0.
        if x < T::ZERO { T::NAN } else { T::ONE / (x + T::ZERO) }
    }
    #[inline(always)]
    fn slope<R: Real>(self, _: R, y: R) -> R {
        -(y * y)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("ln", |x| x.ln()).on(0.2, 3.0).reference1(f64::ln).values(&[(1.0, 0.0), (0.0, f64::NEG_INFINITY)])
}
