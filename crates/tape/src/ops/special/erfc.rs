//! `erfc`: the complementary error function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = 1 − erf x, without its cancellation
//! - rule: x̄ = −ȳ 2/√π e^(−x²)
//! - edges: all reals, smooth; 2 and 0 with slope 0 far out
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.2

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;
use super::erf::Gauss;

impl<'t, T: Float> Var<'t, T> {
    /// 1 − erf x, with all its digits where it is small. Off by at most 3 units in the last place, as
    /// its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert!(tape.scalar(10.0).erfc().item() > 0.0);
    /// ```
    #[track_caller]
    pub fn erfc(self) -> Self {
        self.elementary(Erfc {})
    }
}

light! {
    /// The complementary error function, as a part of formulas.
    function Erfc {}, "erfc", |_, x| special::erfc(x), slope |x, _| R::lit(-std::f64::consts::FRAC_2_SQRT_PI) * x.apply(Gauss {})
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("erfc", |x| x.erfc())
        .on(-3.0, 3.0)
        .reference1(|x| 1.0 - std::f64::consts::FRAC_2_SQRT_PI * plain::integral(0.0, x, |t| (-t * t).exp()))
        .values(&[(0.0, 1.0), (30.0, 0.0), (-30.0, 2.0)])
}
