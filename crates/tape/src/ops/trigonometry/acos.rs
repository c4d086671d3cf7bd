//! `acos`: the inverse cosine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = arccos x
//! - rule: x̄ = −ȳ / √(1 − x²)
//! - edges: smooth inside; slope −∞ at ±1; value and slope are NaN where |x| > 1
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.53

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use super::asin::AsinSlope;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The inverse cosine. Off by at most 1 unit in the last place, its slope by 2.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1.0).acos().item(), 0.0);
    /// ```
    #[doc(alias = "arccos")]
    #[track_caller]
    pub fn acos(self) -> Self {
        self.elementary(Acos {})
    }
}

light! {
    /// The inverse cosine, as a part of formulas.
    function Acos {}, "acos", |_, x| x.acos(), slope |x, _| -x.apply(AsinSlope {})
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("acos", |x| x.acos())
        .on(-0.9, 0.9)
        .reference1(|x| ((1.0 - x) * (1.0 + x)).sqrt().atan2(x))
        .values(&[(1.0, 0.0)])
}
