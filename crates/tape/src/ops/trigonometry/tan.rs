//! `tan`: the tangent.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = tan x
//! - rule: x̄ = ȳ (1 + y²)
//! - edges: smooth between its poles, which no number of the type meets; NaN at ±∞
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.3.3

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The tangent. Off by at most 1 unit in the last place, its slope by 3.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).tan().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn tan(self) -> Self {
        self.elementary(Tan {})
    }
}

light! {
    /// The tangent, as a part of formulas.
    function Tan {}, "tan", |_, x| x.tan(), slope |_, y| R::lit(1.0) + y * y
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("tan", |x| x.tan())
        .on(-1.2, 1.2)
        .reference1(|x| x.sin() / x.cos())
        .values(&[(0.0, 0.0)])
}
