//! `i1`: the modified Bessel function of order 1.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = I₁(x)
//! - rule: x̄ = ȳ (I₀(x) − y / x)
//! - edges: all reals, smooth; ±∞ where it is too large for the type: see `i1e`
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6 and 9.7

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;
use super::i0::I0;

impl<'t, T: Float> Var<'t, T> {
    /// The modified Bessel function I₁. Off by at most 8 units in the last place, its slope by 12.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).i1().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn i1(self) -> Self {
        self.elementary(I1 {})
    }
}

light! {
    /// The modified Bessel function of order 1, as a part of formulas.
    function I1 {}, "i1", |_, x| special::i1(x), slope |x, y| {
        let inside = x.apply(I0 {}) - y / x;
        // Near 0 y has no digits left for the quotient.
        let inside = R::select_less(x.abs(), R::lit(1e-30), R::lit(0.5), inside);
        R::select_equal(y.abs(), R::lit(f64::INFINITY), R::lit(f64::INFINITY), inside)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("i1", |x| x.i1())
        .on(-4.0, 4.0)
        .reference1(|x| plain::integral(0.0, std::f64::consts::PI, |a| a.cos() * (x * a.cos()).exp()) / std::f64::consts::PI)
        .values(&[(0.0, 0.0)])
}
