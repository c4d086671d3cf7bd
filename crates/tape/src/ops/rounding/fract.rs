//! `fract`: the digits after the point.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x − trunc x
//! - rule: x̄ = ȳ
//! - edges: the slope is 1 everywhere, also where the value jumps; NaN at ±∞
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The digits after the point, with the sign of the element. The slope is 1 everywhere.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-2.75).fract().item(), -0.75);
    /// ```
    #[doc(alias = "frac")]
    #[doc(alias = "modf")]
    #[track_caller]
    pub fn fract(self) -> Self {
        self.elementary(Fract {})
    }
}

light! {
    /// The digits after the point, as a part of formulas.
    function Fract {}, "fract", in_lanes, |_, x| x.fract(), slope |_, _| R::lit(1.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("fract", |x| x.fract())
        .on(-2.4, 2.4)
        .apart_from(-2.0)
        .apart_from(-1.0)
        .apart_from(0.0)
        .apart_from(1.0)
        .apart_from(2.0)
        .reference1(|x| x - x as i64 as f64)
        .values(&[(2.75, 0.75), (-2.75, -0.75), (3.0, 0.0)])
}
