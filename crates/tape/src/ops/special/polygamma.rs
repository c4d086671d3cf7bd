//! `polygamma`: the derivatives of the digamma function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ψ⁽ⁿ⁾(x), where n is the order
//! - rule: x̄ = ȳ ψ⁽ⁿ⁺¹⁾(x)
//! - edges: smooth between its poles, 0 and the negative whole numbers: +∞ there where n is odd; where
//!   it is even ∓∞ at ±0, and NaN at the others
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.4

use wengert_tensor::kernels::special;
use wengert_tensor::{Float, Tensor};

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// ψ⁽ⁿ⁾(x), the slope of order n of [`digamma`](Var::digamma); order 0 is itself. Off by at most 20
    /// units in the last place.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(1.0);
    /// assert!((x.polygamma(1).item() - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-14);
    /// ```
    #[track_caller]
    pub fn polygamma(self, order: u32) -> Self {
        self.elementary(Polygamma { order: f64::from(order) })
    }
}

light! {
    /// The derivative of that order of the digamma function, as a part of formulas.
    function Polygamma { order }, "polygamma", |this, x| special::polygamma(this.order, x),
    slope |x, _| x.apply(Polygamma { order: this.order + 1.0 })
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let by_integral = |order: i32, x: &Tensor<f64>| {
        // Where the integrand is less than a rounding of what is before it, it ends.
        x.map(|x| {
            let term = |t: f64| t.powi(order) * (-x * t).exp() / -(-t).exp_m1();
            let sign = if order % 2 == 0 { -1.0 } else { 1.0 };
            sign * plain::integral(1e-12, 120.0, term)
        })
    };
    Samples::unary("polygamma", |x| x.polygamma(2))
        .on(0.5, 4.0)
        .reference(move |x| vec![by_integral(2, &x[0])])
        .case("of order 1", &[&[4]], |x| vec![x[0].polygamma(1)])
        .gives(move |x| vec![by_integral(1, &x[0])])
        .case("of order 3", &[&[4]], |x| vec![x[0].polygamma(3)])
        .gives(move |x| vec![by_integral(3, &x[0])])
}
