//! `cbrt`: the cube root.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ∛x
//! - rule: x̄ = ȳ / 3y²
//! - edges: all reals, smooth but at 0, where the slope is +∞
//! - source: elementary calculus

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;
use super::ln::Inverse;

impl<'t, T: Float> Var<'t, T> {
    /// The cube root. Off by at most 1 unit in the last place, its slope by 4.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-8.0).cbrt().item(), -2.0);
    /// ```
    #[track_caller]
    pub fn cbrt(self) -> Self {
        self.elementary(Cbrt {})
    }
}

light! {
    /// The cube root, as a part of formulas.
    function Cbrt {}, "cbrt", |_, x| x.cbrt(), slope |_, y| (R::lit(3.0) * (y * y)).apply(Inverse)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("cbrt", |x| x.cbrt())
        .on(0.2, 3.0)
        .reference1(|x| (x.ln() / 3.0).exp())
        .values(&[(0.0, 0.0), (-27.0, -3.0)])
}
