//! `atanh`: the inverse hyperbolic tangent.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ½ ln((1 + x) / (1 − x)), without its cancellation
//! - rule: x̄ = ȳ / (1 − x²)
//! - edges: smooth inside; ±∞ with slope +∞ at ±1; value and slope are NaN where |x| > 1
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.6.22

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The inverse hyperbolic tangent. Off by at most 2 units in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1e-20).atanh().item(), 1e-20);
    /// ```
    #[doc(alias = "arctanh")]
    #[track_caller]
    pub fn atanh(self) -> Self {
        self.elementary(Atanh {})
    }
}

light! {
    /// The inverse hyperbolic tangent, as a part of formulas.
    function Atanh {}, "atanh", |_, x| special::atanh(x), slope |x, _| x.apply(AtanhSlope {})
}

light! {
    /// 1 / (1 − x²) where |x| ≤ 1, the slope of the inverse hyperbolic tangent.
    function AtanhSlope {}, "atanh_slope",
    |_, x| if x.abs() <= 1.0 { 1.0 / ((1.0 - x) * (1.0 + x)) } else { f64::NAN },
    slope |x, y| R::lit(2.0) * x * (y * y)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("atanh", |x| x.atanh())
        .on(-0.9, 0.9)
        .reference1(|x| 0.5 * ((1.0 + x) / (1.0 - x)).ln())
        .values(&[(0.0, 0.0), (1.0, f64::INFINITY)])
}
