//! `trunc`: the whole part.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y is x without its digits after the point
//! - rule: x̄ = 0
//! - edges: the slope is 0 everywhere, also where the value jumps; infinities and NaN stay
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element without its digits after the point. The gradient is 0 everywhere:
    /// `x.straight_through(…)` passes it on.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-2.7).trunc().item(), -2.0);
    /// ```
    #[doc(alias = "fix")]
    #[track_caller]
    pub fn trunc(self) -> Self {
        self.elementary(Trunc {})
    }
}

light! {
    /// The whole part, as a part of formulas.
    function Trunc {}, "trunc", in_lanes, |_, x| x.trunc(), slope |_, _| R::lit(0.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("trunc", |x| x.trunc())
        .on(-2.4, 2.4)
        .apart_from(-2.0)
        .apart_from(-1.0)
        .apart_from(0.0)
        .apart_from(1.0)
        .apart_from(2.0)
        .reference1(|x| x as i64 as f64)
        .values(&[(2.7, 2.0), (-2.7, -2.0), (0.25, 0.0)])
}
