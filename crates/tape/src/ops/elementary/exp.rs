//! `exp`: the exponential function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = eˣ
//! - rule: x̄ = ȳ y
//! - edges: all reals, smooth; +∞ where eˣ is too large for the type, 0 where it is too small
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.2.5

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real, SlopeFromValue};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// eˣ. Off by at most 1.1 units in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).exp().item(), 1.0);
    /// ```
    #[inline]
    #[track_caller]
    pub fn exp(self) -> Self {
        self.elementary(Exp)
    }
}

/// eˣ, as a part of formulas.
#[derive(Clone, Copy)]
pub struct Exp;

impl Elementary for Exp {
    compiled_here!(elementary Exp);

    const NAME: &'static str = "exp";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.exp::<I>()
    }
    #[inline(always)]
    fn slope<R: Real>(self, _: R, y: R) -> R {
        y
    }
}

impl SlopeFromValue for Exp {}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("exp", |x| x.exp()).on(-2.0, 2.0).reference1(f64::exp).values(&[(0.0, 1.0), (-1e4, 0.0)])
}
