//! `sinc`: the kernel of an ideal filter.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = sin πx / πx, and 1 at 0
//! - rule: x̄ = ȳ (cos πx − y) / x, from a series near 0
//! - edges: all reals, smooth; 0 with slope 0 at ±∞
//! - source: Woodward and Davies 1952, Information Theory and Inverse Probability in Telecommunication

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// sin πx / πx, and 1 at 0. Off by at most 4 units in the last place of 1, its slope by 8.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(2.0).sinc().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn sinc(self) -> Self {
        self.elementary(Sinc { order: 0.0 })
    }
}

light! {
    /// The derivative of that order of sin πx / πx, as a part of formulas.
    function Sinc { order }, "sinc", |this, x| special::sinc(this.order, x),
    slope |x, _| x.apply(Sinc { order: this.order + 1.0 })
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("sinc", |x| x.sinc())
        .on(-3.0, 3.0)
        .reference1(|x| plain::integral(0.0, 1.0, |s| (std::f64::consts::PI * x * s).cos()))
        .values(&[(0.0, 1.0), (1.0, 0.0), (0.5, std::f64::consts::FRAC_2_PI)])
}
