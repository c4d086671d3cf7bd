//! `sign`: the sign.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = −1, 0 or 1 for x below, at and above 0
//! - rule: x̄ = 0
//! - edges: the slope is 0 everywhere, also at 0; NaN stays
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// −1, 0 or 1 for elements below, at and above 0; NaN stays. The gradient is 0 everywhere:
    /// `x.straight_through(…)` passes it on.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-3.0).sign().item(), -1.0);
    /// ```
    #[doc(alias = "sgn")]
    #[track_caller]
    pub fn sign(self) -> Self {
        self.elementary(Sign {})
    }
}

light! {
    /// The sign, as a part of formulas.
    function Sign {}, "sign", in_lanes, |_, x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x }, slope |_, _| R::lit(0.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("sign", |x| x.sign())
        .on(-2.4, 2.4)
        .apart_from(0.0)
        .reference1(|x| f64::from(i8::from(x > 0.0) - i8::from(x < 0.0)))
        .values(&[(0.0, 0.0), (7.0, 1.0), (-7.0, -1.0)])
}
