//! `sigmoid`: the logistic function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = 1 / (1 + e⁻ˣ)
//! - rule: x̄ = ȳ y (1 − y)
//! - edges: all reals, smooth; y rounds to 0 or 1 for large |x|, where the slope is 0
//! - source: Goodfellow, Bengio and Courville, Deep Learning, 3.10

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real, SlopeFromValue};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The logistic function 1 / (1 + e⁻ˣ). Off by at most 2 units in the last place. The slope is taken
    /// from the value, and is off by at most 3 units in the last place of 1: it is 0 where the value
    /// rounds to 1. The slopes of `log_sigmoid`, `softplus` and the losses of logits keep their digits.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).sigmoid().item(), 0.5);
    /// ```
    #[inline]
    #[track_caller]
    pub fn sigmoid(self) -> Self {
        self.elementary(Sigmoid)
    }
}

/// The logistic function 1 / (1 + e⁻ˣ), as a part of formulas.
#[derive(Clone, Copy)]
pub struct Sigmoid;

impl Elementary for Sigmoid {
    compiled_here!(elementary Sigmoid);

    const NAME: &'static str = "sigmoid";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.sigmoid::<I>()
    }
    #[inline(always)]
    fn slope<R: Real>(self, _: R, y: R) -> R {
        y * (R::lit(1.0) - y)
    }
}

impl SlopeFromValue for Sigmoid {}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("sigmoid", |x| x.sigmoid()).on(-5.0, 5.0).reference1(|x| 1.0 / (1.0 + (-x).exp())).values(&[(0.0, 0.5), (-800.0, 0.0), (800.0, 1.0)])
}
