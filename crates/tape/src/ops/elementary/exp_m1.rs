//! `exp_m1`: the exponential function less 1.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = eˣ − 1, without the cancellation near 0
//! - rule: x̄ = ȳ eˣ
//! - edges: all reals, smooth; +∞ where eˣ is too large for the type, −1 far to the left
//! - source: Kahan 1987, Branch Cuts for Complex Elementary Functions

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// eˣ − 1 with all its digits near 0. Off by at most 2.1 units in the last place, its slope by 1.1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1e-20).exp_m1().item(), 1e-20);
    /// ```
    #[doc(alias = "expm1")]
    #[inline]
    #[track_caller]
    pub fn exp_m1(self) -> Self {
        self.elementary(ExpM1)
    }
}

/// eˣ − 1, as a part of formulas.
#[derive(Clone, Copy)]
pub struct ExpM1;

impl Elementary for ExpM1 {
    compiled_here!(elementary ExpM1);

    const NAME: &'static str = "exp_m1";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.exp_m1::<I>()
    }
    #[inline(always)]
    fn slope<R: Real>(self, x: R, _: R) -> R {
        // y + 1 would have no digits left far to the left.
        x.exp()
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("exp_m1", |x| x.exp_m1()).on(-2.0, 2.0).reference1(f64::exp_m1).values(&[(0.0, 0.0), (-1e4, -1.0)])
}
