//! `sin`: the sine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = sin x
//! - rule: x̄ = ȳ cos x
//! - edges: all reals, smooth; value and slope are NaN at ±∞
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.3.3

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The sine. Off by at most 1 unit in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.5).sin().item(), 0.5f64.sin());
    /// ```
    #[track_caller]
    pub fn sin(self) -> Self {
        self.elementary(Sin {})
    }
}

light! {
    /// The sine, as a part of formulas.
    function Sin {}, "sin", |_, x| x.sin(), slope |x, _| x.cos()
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("sin", |x| x.sin())
        .on(-4.0, 4.0)
        .reference1(f64::sin)
        .values(&[(0.0, 0.0)])
}
