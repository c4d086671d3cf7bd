//! `acosh`: the inverse hyperbolic cosine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ln(x + √(x² − 1)), without its cancellation
//! - rule: x̄ = ȳ / √(x² − 1)
//! - edges: x > 1, smooth; 0 with slope +∞ at 1; value and slope are NaN below
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.6.21

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The inverse hyperbolic cosine. Off by at most 3 units in the last place, its slope by 2.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1.0).acosh().item(), 0.0);
    /// ```
    #[doc(alias = "arccosh")]
    #[track_caller]
    pub fn acosh(self) -> Self {
        self.elementary(Acosh {})
    }
}

light! {
    /// The inverse hyperbolic cosine, as a part of formulas.
    function Acosh {}, "acosh", |_, x| special::acosh(x), slope |x, _| x.apply(AcoshSlope {})
}

light! {
    /// 1 / √(x² − 1), the slope of the inverse hyperbolic cosine.
    function AcoshSlope {}, "acosh_slope", |_, x| 1.0 / ((x - 1.0).sqrt() * (x + 1.0).sqrt()),
    // Far out y is 0, and no infinity may stand beside it.
    slope |x, y| y.absorb(-(x * y) * y)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("acosh", |x| x.acosh())
        .on(1.2, 3.0)
        .reference1(|x| (x + (x * x - 1.0).sqrt()).ln())
        .values(&[(1.0, 0.0)])
}
