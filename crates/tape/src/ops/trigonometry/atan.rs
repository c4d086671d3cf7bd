//! `atan`: the inverse tangent.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = arctan x
//! - rule: x̄ = ȳ / (1 + x²)
//! - edges: all reals, smooth; ±π/2 with slope 0 at ±∞
//! - source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.54

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The inverse tangent. Off by at most 1 unit in the last place, its slope by 2.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(f64::INFINITY).atan().item(), std::f64::consts::FRAC_PI_2);
    /// ```
    #[doc(alias = "arctan")]
    #[track_caller]
    pub fn atan(self) -> Self {
        self.elementary(Atan {})
    }
}

light! {
    /// The inverse tangent, as a part of formulas.
    function Atan {}, "atan", |_, x| x.atan(), slope |x, _| x.apply(Bell {})
}

light! {
    /// 1 / (1 + x²), where x² may overflow.
    function Bell {}, "bell", |_, x| special::bell(x), slope |x, y| {
        // Far out y is 0, and no infinity may stand beside it.
        y.absorb(y.absorb(R::lit(-2.0) * x))
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("atan", |x| x.atan())
        .on(-3.0, 3.0)
        .reference1(|x| x.atan2(1.0))
        .values(&[(0.0, 0.0)])
}
