//! `round_ties_even`: the nearest whole number.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y is the whole number nearest to x, and the even one of two
//! - rule: x̄ = 0
//! - edges: the slope is 0 everywhere, also where the value jumps; infinities and NaN stay
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The nearest whole number, halves to the even one. The gradient is 0 everywhere:
    /// `x.straight_through(…)` passes it on.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(2.5).round_ties_even().item(), 2.0);
    /// ```
    #[doc(alias = "round")]
    #[doc(alias = "rint")]
    #[track_caller]
    pub fn round_ties_even(self) -> Self {
        self.elementary(RoundTiesEven {})
    }
}

light! {
    /// The nearest whole number, as a part of formulas.
    function RoundTiesEven {}, "round_ties_even", in_lanes, |_, x| x.round_ties_even(), slope |_, _| R::lit(0.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("round_ties_even", |x| x.round_ties_even())
        .on(-2.4, 2.4)
        .apart_from(-1.5)
        .apart_from(-0.5)
        .apart_from(0.5)
        .apart_from(1.5)
        .reference1(|x| (x + 0.5 * x.signum()) as i64 as f64)
        .values(&[(0.5, 0.0), (1.5, 2.0), (-2.5, -2.0)])
}
