//! `relu`: the rectifier.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = max(x, 0)
//! - rule: x̄ = ȳ where x > 0, 0 elsewhere
//! - edges: smooth but at 0, where the slope is 0; NaN stays
//! - source: Nair and Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::real::{Elementary, Real, SlopeFromValue};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The rectifier max(x, 0).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-3.0).relu().item(), 0.0);
    /// ```
    #[inline]
    #[track_caller]
    pub fn relu(self) -> Self {
        self.elementary(Relu)
    }
}

/// The rectifier max(x, 0), as a part of formulas.
#[derive(Clone, Copy)]
pub struct Relu;

impl Elementary for Relu {
    compiled_here!(elementary Relu);

    const NAME: &'static str = "relu";
    #[inline(always)]
    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        if x < T::ZERO { T::ZERO } else { x }
    }
    #[inline(always)]
    fn slope<R: Real>(self, x: R, _: R) -> R {
        R::select_less(R::lit(0.0), x, R::lit(1.0), R::select_equal(x, x, R::lit(0.0), x))
    }
}

impl SlopeFromValue for Relu {}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("relu", |x| x.relu()).on(-2.0, 2.0).apart_from(0.0).reference1(|x| x.max(0.0)).values(&[(0.0, 0.0), (-1.0, 0.0)])
}
