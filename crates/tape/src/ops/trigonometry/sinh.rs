//! `sinh`: the hyperbolic sine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = (eˣ − e⁻ˣ) / 2
//! - rule: x̄ = ȳ cosh x
//! - edges: all reals, smooth; ±∞ with slope +∞ where it is too large for the type
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.5.1

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The hyperbolic sine. Off by at most 1 unit in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).sinh().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn sinh(self) -> Self {
        self.elementary(Sinh {})
    }
}

light! {
    /// The hyperbolic sine, as a part of formulas.
    function Sinh {}, "sinh", |_, x| x.sinh(), slope |x, _| x.cosh()
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("sinh", |x| x.sinh())
        .on(-2.0, 2.0)
        .reference1(|x| 0.5 * (x.exp_m1() - (-x).exp_m1()))
        .values(&[(0.0, 0.0)])
}
