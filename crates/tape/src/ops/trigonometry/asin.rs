//! `asin`: the inverse sine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = arcsin x
//! - rule: x̄ = ȳ / √(1 − x²)
//! - edges: smooth inside; slope +∞ at ±1; value and slope are NaN where |x| > 1
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.52

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The inverse sine. Off by at most 1 unit in the last place, its slope by 2.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1.0).asin().item(), std::f64::consts::FRAC_PI_2);
    /// ```
    #[doc(alias = "arcsin")]
    #[track_caller]
    pub fn asin(self) -> Self {
        self.elementary(Asin {})
    }
}

light! {
    /// The inverse sine, as a part of formulas.
    function Asin {}, "asin", |_, x| x.asin(), slope |x, _| x.apply(AsinSlope {})
}

light! {
    /// 1 / √(1 − x²), the slope of the inverse sine.
    function AsinSlope {}, "asin_slope", |_, x| 1.0 / ((1.0 - x) * (1.0 + x)).sqrt(),
    slope |x, y| x * (y * y * y)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("asin", |x| x.asin())
        .on(-0.9, 0.9)
        .reference1(|x| x.atan2(((1.0 - x) * (1.0 + x)).sqrt()))
        .values(&[(0.0, 0.0)])
}
