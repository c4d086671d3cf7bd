//! `ln_gamma`: the logarithm of the gamma function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ln |Γ(x)|
//! - rule: x̄ = ȳ ψ(x)
//! - edges: smooth between its poles, 0 and the negative whole numbers: +∞ there, with slope ∓∞ at ±0
//!   and NaN at the others
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.1

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;
use super::digamma::Digamma;

impl<'t, T: Float> Var<'t, T> {
    /// ln |Γ(x)|. Off by at most 2 units in the last place for x > 0, and by 4 of the greater of 1 and
    /// the result to the left. Its slope is [`digamma`](Var::digamma).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert!((tape.scalar(5.0).ln_gamma().item() - 24.0f64.ln()).abs() < 1e-14);
    /// ```
    #[doc(alias = "lgamma")]
    #[doc(alias = "gammaln")]
    #[track_caller]
    pub fn ln_gamma(self) -> Self {
        self.elementary(LnGamma {})
    }
}

light! {
    /// The logarithm of the gamma function, as a part of formulas.
    function LnGamma {}, "ln_gamma", |_, x| special::ln_gamma(x), slope |x, _| x.apply(Digamma {})
}

/// The integral of Euler for x + 3, where t = s⁴ makes it smooth, and the recurrence.
fn by_integral(x: f64) -> f64 {
    let term = |s: f64| 4.0 * s.powf(4.0 * x + 11.0) * (-s.powi(4)).exp();
    (plain::integral(0.0, 3.0, term) / (x * (x + 1.0) * (x + 2.0))).ln()
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("ln_gamma", |x| x.ln_gamma())
        .on(0.5, 4.0)
        .reference1(by_integral)
        .values(&[(1.0, 0.0), (2.0, 0.0), (0.0, f64::INFINITY)])
}
