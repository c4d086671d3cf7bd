//! `cosh`: the hyperbolic cosine.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = (eˣ + e⁻ˣ) / 2
//! - rule: x̄ = ȳ sinh x
//! - edges: all reals, smooth; +∞ with slope ±∞ where it is too large for the type
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.5.2

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The hyperbolic cosine. Off by at most 1 unit in the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).cosh().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn cosh(self) -> Self {
        self.elementary(Cosh {})
    }
}

light! {
    /// The hyperbolic cosine, as a part of formulas.
    function Cosh {}, "cosh", |_, x| x.cosh(), slope |x, _| x.sinh()
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("cosh", |x| x.cosh())
        .on(-2.0, 2.0)
        .reference1(|x| 0.5 * (x.exp() + (-x).exp()))
        .values(&[(0.0, 1.0)])
}
