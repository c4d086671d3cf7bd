//! `i1e`: the modified Bessel function of order 1, scaled down.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = e^(−|x|) I₁(x)
//! - rule: x̄ = ȳ (e^(−|x|) I₀(x) − y (sign x + 1 / x))
//! - edges: all reals; slope ½ at 0, where that of the second order jumps and is 0; 0 with slope 0 at
//!   ±∞
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6 and 9.7; the subgradient
//!   policy of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::ops::Sign;
use crate::record::var::Var;
use super::i0e::I0e;

impl<'t, T: Float> Var<'t, T> {
    /// e^(−|x|) I₁(x), which does not overflow. Off by at most 8 units in the last place. Its slope is
    /// a difference of two numbers that are alike far out, and is off by 12 units of these.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert!(tape.scalar(1e5).i1e().item() > 0.0);
    /// ```
    #[doc(alias = "bessel_i1e")]
    #[track_caller]
    pub fn i1e(self) -> Self {
        self.elementary(I1e {})
    }
}

light! {
    /// The modified Bessel function of order 1, scaled down, as a part of formulas.
    function I1e {}, "i1e", |_, x| special::i1e(x), slope |x, y| {
        let inside = x.apply(I0e {}) - y * x.apply(Sign {}) - y / x;
        // Near 0 y has no digits left for the quotient.
        R::select_less(x.abs(), R::lit(1e-30), R::lit(0.5), inside)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("i1e", |x| x.i1e())
        .on(-4.0, 4.0)
        .apart_from(0.0)
        .reference1(|x| plain::integral(0.0, std::f64::consts::PI, |a| a.cos() * (x * a.cos() - x.abs()).exp()) / std::f64::consts::PI)
        .values(&[(0.0, 0.0)])
}
