//! `erf`: the error function.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = 2/√π ∫ e^(−t²) dt from 0 to x
//! - rule: x̄ = ȳ 2/√π e^(−x²)
//! - edges: all reals, smooth; ±1 with slope 0 far out
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.1

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The error function. Off by at most 1 unit in the last place, its slope by 3.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(9.0).erf().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn erf(self) -> Self {
        self.elementary(Erf {})
    }
}

light! {
    /// The error function, as a part of formulas.
    function Erf {}, "erf", |_, x| special::erf(x), slope |x, _| R::lit(std::f64::consts::FRAC_2_SQRT_PI) * x.apply(Gauss {})
}

light! {
    /// e^(−x²), the bell of which the error function is the integral.
    function Gauss {}, "gauss", |_, x| special::gauss(x), slope |x, y| {
        // Far out y is 0 whatever x is.
        y.absorb(R::lit(-2.0) * x)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("erf", |x| x.erf())
        .on(-3.0, 3.0)
        .reference1(|x| std::f64::consts::FRAC_2_SQRT_PI * plain::integral(0.0, x, |t| (-t * t).exp()))
        .values(&[(0.0, 0.0), (30.0, 1.0), (-30.0, -1.0)])
}
