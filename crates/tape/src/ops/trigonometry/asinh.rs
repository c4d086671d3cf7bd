//! `asinh`: the inverse hyperbolic sine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ln(x + √(x² + 1)), without its cancellation
//! - rule: x̄ = ȳ / √(x² + 1)
//! - edges: all reals, smooth; ±∞ with slope 0 at ±∞
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.6.20

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The inverse hyperbolic sine. Off by at most 2 units in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1e-20).asinh().item(), 1e-20);
    /// ```
    #[doc(alias = "arcsinh")]
    #[track_caller]
    pub fn asinh(self) -> Self {
        self.elementary(Asinh {})
    }
}

light! {
    /// The inverse hyperbolic sine, as a part of formulas.
    function Asinh {}, "asinh", |_, x| special::asinh(x), slope |x, _| x.apply(AsinhSlope {})
}

light! {
    /// 1 / √(x² + 1), the slope of the inverse hyperbolic sine.
    function AsinhSlope {}, "asinh_slope", |_, x| 1.0 / x.hypot(1.0),
    // Far out y is 0, and no infinity may stand beside it.
    slope |x, y| y.absorb(-(x * y) * y)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("asinh", |x| x.asinh())
        .on(-3.0, 3.0)
        .reference1(|x| (x + (x * x + 1.0).sqrt()).ln())
        .values(&[(0.0, 0.0)])
}
