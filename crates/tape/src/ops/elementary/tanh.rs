//! `tanh`: the hyperbolic tangent.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = tanh x
//! - rule: x̄ = ȳ (1 − y²)
//! - edges: all reals, smooth; y rounds to ±1 for large |x|, where the slope is 0
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.5.3

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real, SlopeFromValue};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The hyperbolic tangent. Off by at most 2.6 units in the last place. The slope is taken from the
    /// value, and is off by at most 3 units in the last place of 1: it is 0 where the value rounds to ±1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.5).tanh().item(), 0.5f64.tanh());
    /// ```
    #[inline]
    #[track_caller]
    pub fn tanh(self) -> Self {
        self.elementary(Tanh)
    }
}

/// The hyperbolic tangent as a part of formulas.
#[derive(Clone, Copy)]
pub struct Tanh;

impl Elementary for Tanh {
    compiled_here!(elementary Tanh);

    const NAME: &'static str = "tanh";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.tanh::<I>()
    }
    #[inline(always)]
    fn slope<R: Real>(self, _: R, y: R) -> R {
        R::lit(1.0).minus_product(y, y)
    }
}

impl SlopeFromValue for Tanh {}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("tanh", |x| x.tanh()).on(-3.0, 3.0).reference1(f64::tanh).values(&[
        (0.0, 0.0),
        (40.0, 1.0),
        (-40.0, -1.0),
    ])
}
