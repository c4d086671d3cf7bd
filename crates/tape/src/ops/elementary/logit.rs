//! `logit`: the inverse of the logistic function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ln(x / (1 − x))
//! - rule: x̄ = ȳ / (x (1 − x))
//! - edges: smooth inside (0, 1); ∓∞ with slope +∞ at 0 and 1; value and slope are NaN outside
//! - source: Berkson 1944, Application of the Logistic Function to Bio-Assay

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// ln(x / (1 − x)), the inverse of `sigmoid`. Off by at most 2 units in the last place, as its
    /// slope. Where x may be 0 or 1, `x.clamp(eps, 1.0 - eps).logit()` stays finite.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.5).logit().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn logit(self) -> Self {
        self.elementary(Logit {})
    }
}

light! {
    /// The inverse of the logistic function, as a part of formulas.
    function Logit {}, "logit", |_, x| special::logit(x), slope |x, _| x.apply(LogitSlope {})
}

light! {
    /// 1 / (x (1 − x)) in \[0, 1\], the slope of the inverse of the logistic function.
    function LogitSlope {}, "logit_slope",
    |_, x| if (0.0..=1.0).contains(&x) { 1.0 / (x * (1.0 - x)).abs() } else { f64::NAN },
    slope |x, y| (R::lit(2.0) * x - R::lit(1.0)) * (y * y)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("logit", |x| x.logit())
        .on(0.1, 0.9)
        .reference1(|x| x.ln() - (1.0 - x).ln())
        .values(&[(0.5, 0.0), (1.0, f64::INFINITY), (0.0, f64::NEG_INFINITY)])
}
