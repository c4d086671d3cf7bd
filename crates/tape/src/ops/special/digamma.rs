//! `digamma`: the logarithmic derivative of the gamma function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ψ(x) = Γ′(x) / Γ(x)
//! - rule: x̄ = ȳ ψ′(x)
//! - edges: smooth between its poles, 0 and the negative whole numbers: ∓∞ at ±0 and NaN at the others
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.3

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;
use super::polygamma::Polygamma;

impl<'t, T: Float> Var<'t, T> {
    /// ψ(x) = Γ′(x) / Γ(x), the slope of [`ln_gamma`](Var::ln_gamma). Off by at most 5 units in the
    /// last place of the greater of 1 and the result. Its slope is [`polygamma`](Var::polygamma) of
    /// order 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert!((tape.scalar(1.0).digamma().item() + 0.5772156649015329).abs() < 1e-15);
    /// ```
    #[doc(alias = "psi")]
    #[track_caller]
    pub fn digamma(self) -> Self {
        self.elementary(Digamma {})
    }
}

light! {
    /// The logarithmic derivative of the gamma function, as a part of formulas.
    function Digamma {}, "digamma", |_, x| special::digamma(x), slope |x, _| x.apply(Polygamma { order: 1.0 })
}

/// The integral of Gauss for x + 2, where t = s⁴ makes it smooth, and the recurrence.
fn by_integral(x: f64) -> f64 {
    let euler = 0.577_215_664_901_532_9;
    let term = |s: f64| 4.0 * (s.powi(3) - s.powf(4.0 * x + 7.0)) / (1.0 - s.powi(4));
    plain::integral(0.0, 1.0, term) - euler - 1.0 / x - 1.0 / (x + 1.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("digamma", |x| x.digamma())
        .on(0.5, 4.0)
        .reference1(by_integral)
        .values(&[(0.0, f64::NEG_INFINITY)])
}
