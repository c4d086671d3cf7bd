//! `abs`: the absolute value.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = |x|
//! - rule: x̄ = ȳ sign x
//! - edges: smooth but at 0, where the slope is 0; NaN stays
//! - source: the subgradient policy of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The absolute value.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-3.0).abs().item(), 3.0);
    /// ```
    #[doc(alias = "absolute")]
    #[inline]
    #[track_caller]
    pub fn abs(self) -> Self {
        self.elementary(Abs)
    }
}

/// The absolute value, as a part of formulas.
#[derive(Clone, Copy)]
pub struct Abs;

impl Elementary for Abs {
    compiled_here!(elementary Abs);

    const NAME: &'static str = "abs";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.abs()
    }
    #[inline(always)]
    fn slope<R: Real>(self, x: R, _: R) -> R {
        sign(x)
    }
}

/// −1, 0 or 1; NaN for NaN.
#[inline(always)]
fn sign<R: Real>(x: R) -> R {
    let zero = R::lit(0.0);
    // The 0 is a constant, so that the second derivative at 0 is 0.
    let neither = R::select_equal(x, x, zero, x);
    let positive = R::select_less(zero, x, R::lit(1.0), neither);
    R::select_less(x, zero, R::lit(-1.0), positive)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("abs", |x| x.abs()).on(-2.0, 2.0).apart_from(0.0).reference1(f64::abs).values(&[(0.0, 0.0)])
}
