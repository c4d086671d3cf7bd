//! `log10`: the logarithm to base 10.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ln x / ln 10
//! - rule: x̄ = ȳ / (x ln 10)
//! - edges: x > 0, smooth; −∞ with slope +∞ at 0, of either sign; value and slope are NaN below 0
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.1.19

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;
use super::ln::Inverse;

impl<'t, T: Float> Var<'t, T> {
    /// The logarithm to base 10. Off by at most 1 unit in the last place, its slope by 2.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1000.0).log10().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn log10(self) -> Self {
        self.elementary(Log10 {})
    }
}

light! {
    /// The logarithm to base 10, as a part of formulas.
    function Log10 {}, "log10", |_, x| x.log10(), slope |x, _| x.apply(Inverse) * R::lit(std::f64::consts::LOG10_E)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("log10", |x| x.log10())
        .on(0.2, 3.0)
        .reference1(|x| x.ln() / 10.0_f64.ln())
        .values(&[(1.0, 0.0), (0.0, f64::NEG_INFINITY)])
}
