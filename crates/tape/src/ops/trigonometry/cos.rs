//! `cos`: the cosine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = cos x
//! - rule: x̄ = −ȳ sin x
//! - edges: all reals, smooth; value and slope are NaN at ±∞
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.3.3

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The cosine. Off by at most 1 unit in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).cos().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn cos(self) -> Self {
        self.elementary(Cos {})
    }
}

light! {
    /// The cosine, as a part of formulas.
    function Cos {}, "cos", |_, x| x.cos(), slope |x, _| -x.sin()
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("cos", |x| x.cos())
        .on(-4.0, 4.0)
        .reference1(f64::cos)
        .values(&[(0.0, 1.0)])
}
