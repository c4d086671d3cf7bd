//! `erfinv`: the inverse error function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: erf y = x
//! - rule: x̄ = ȳ √π/2 e^(y²)
//! - edges: smooth inside; ±∞ with slope +∞ at ±1; value and slope are NaN where |x| > 1
//! - source: Giles 2010, Approximating the erfinv function

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;
use super::erf::Gauss;

impl<'t, T: Float> Var<'t, T> {
    /// The inverse of [`erf`](Var::erf). Off by at most 4 units in the last place, its slope by 40 near
    /// ±1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(0.3);
    /// assert!((x.erf().erfinv().item() - 0.3).abs() < 1e-15);
    /// ```
    #[doc(alias = "erf_inv")]
    #[track_caller]
    pub fn erfinv(self) -> Self {
        self.elementary(Erfinv {})
    }
}

light! {
    /// The inverse error function, as a part of formulas.
    function Erfinv {}, "erfinv", |_, x| special::erfinv(x), slope |_, y| R::lit(1.0 / std::f64::consts::FRAC_2_SQRT_PI) / y.apply(Gauss {})
}

/// The place where the integral of the bell is x.
fn by_bisection(x: f64) -> f64 {
    let erf = |y| std::f64::consts::FRAC_2_SQRT_PI * plain::integral(0.0, y, |t| (-t * t).exp());
    let (mut low, mut high) = (-3.0, 3.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if erf(middle) < x {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("erfinv", |x| x.erfinv())
        .on(-0.9, 0.9)
        .reference1(by_bisection)
        .values(&[(0.0, 0.0), (1.0, f64::INFINITY)])
}
