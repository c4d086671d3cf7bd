//! `sqrt`: the square root.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = √x
//! - rule: x̄ = ȳ / (2 y)
//! - edges: x ≥ 0, smooth above 0; the slope at 0, of either sign, is +∞; NaN below 0
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 3.3.4

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real};
use crate::ops::ln::Inverse;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The square root. Off by at most ½ unit in the last place, its slope by 1.5.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(9.0).sqrt().item(), 3.0);
    /// ```
    #[inline]
    #[track_caller]
    pub fn sqrt(self) -> Self {
        self.elementary(Sqrt)
    }
}

/// The square root, as a part of formulas.
#[derive(Clone, Copy)]
pub struct Sqrt;

impl Elementary for Sqrt {
    compiled_here!(elementary Sqrt);

    const NAME: &'static str = "sqrt";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.sqrt()
    }
    #[inline(always)]
    fn slope<R: Real>(self, _: R, y: R) -> R {
        R::lit(0.5) * y.apply(Inverse)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("sqrt", |x| x.sqrt()).on(0.2, 3.0).reference1(f64::sqrt).values(&[(0.0, 0.0), (4.0, 2.0)])
}
