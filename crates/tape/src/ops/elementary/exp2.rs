//! `exp2`: the power of 2.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = 2ˣ
//! - rule: x̄ = ȳ y ln 2
//! - edges: all reals, smooth; +∞ where it is too large for the type
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.2.27

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// 2ˣ. Off by at most 1 unit in the last place, its slope by 2.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(3.0).exp2().item(), 8.0);
    /// ```
    #[track_caller]
    pub fn exp2(self) -> Self {
        self.elementary(Exp2 {})
    }
}

light! {
    /// The power of 2, as a part of formulas.
    function Exp2 {}, "exp2", |_, x| x.exp2(), slope |_, y| y * R::lit(std::f64::consts::LN_2)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("exp2", |x| x.exp2())
        .on(-3.0, 3.0)
        .reference1(|x| (x * 2.0_f64.ln()).exp())
        .values(&[(0.0, 1.0), (-2000.0, 0.0)])
}
