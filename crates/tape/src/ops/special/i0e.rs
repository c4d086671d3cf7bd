//! `i0e`: the modified Bessel function of order 0, scaled down.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = e^(−|x|) I₀(x)
//! - rule: x̄ = ȳ (e^(−|x|) I₁(x) − y sign x)
//! - edges: smooth but at 0, where the slope is 0; 0 with slope 0 at ±∞
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6 and 9.7; the subgradient
//!   policy of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::ops::Sign;
use crate::record::var::Var;
use super::i1e::I1e;

impl<'t, T: Float> Var<'t, T> {
    /// e^(−|x|) I₀(x), which does not overflow. Off by at most 8 units in the last place. Its slope is
    /// a difference of two numbers that are alike far out, and is off by 8 units of these.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert!(tape.scalar(1e5).i0e().item() > 0.0);
    /// ```
    #[doc(alias = "bessel_i0e")]
    #[track_caller]
    pub fn i0e(self) -> Self {
        self.elementary(I0e {})
    }
}

light! {
    /// The modified Bessel function of order 0, scaled down, as a part of formulas.
    function I0e {}, "i0e", |_, x| special::i0e(x), slope |x, y| x.apply(I1e {}) - y * x.apply(Sign {})
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("i0e", |x| x.i0e())
        .on(-4.0, 4.0)
        .apart_from(0.0)
        .reference1(|x| plain::integral(0.0, std::f64::consts::PI, |a| (x * a.cos() - x.abs()).exp()) / std::f64::consts::PI)
        .values(&[(0.0, 1.0)])
}
