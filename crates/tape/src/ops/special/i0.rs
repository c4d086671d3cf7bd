//! `i0`: the modified Bessel function of order 0.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = I₀(x)
//! - rule: x̄ = ȳ I₁(x)
//! - edges: all reals, smooth; +∞ where it is too large for the type: see `i0e`
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6 and 9.7

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;
use super::i1::I1;

impl<'t, T: Float> Var<'t, T> {
    /// The modified Bessel function I₀. Off by at most 8 units in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).i0().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn i0(self) -> Self {
        self.elementary(I0 {})
    }
}

light! {
    /// The modified Bessel function of order 0, as a part of formulas.
    function I0 {}, "i0", |_, x| special::i0(x), slope |x, _| x.apply(I1 {})
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("i0", |x| x.i0())
        .on(-4.0, 4.0)
        .reference1(|x| plain::integral(0.0, std::f64::consts::PI, |a| (x * a.cos()).exp()) / std::f64::consts::PI)
        .values(&[(0.0, 1.0)])
}
