//! `floor`: the greatest whole number below.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ⌊x⌋
//! - rule: x̄ = 0
//! - edges: the slope is 0 everywhere, also where the value jumps; infinities and NaN stay
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The greatest whole number that is not above each element. The gradient is 0 everywhere:
    /// `x.straight_through(…)` passes it on.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-0.5).floor().item(), -1.0);
    /// ```
    #[track_caller]
    pub fn floor(self) -> Self {
        self.elementary(Floor {})
    }
}

light! {
    /// The greatest whole number below, as a part of formulas.
    function Floor {}, "floor", in_lanes, |_, x| x.floor(), slope |_, _| R::lit(0.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("floor", |x| x.floor())
        .on(-2.4, 2.4)
        .apart_from(-2.0)
        .apart_from(-1.0)
        .apart_from(0.0)
        .apart_from(1.0)
        .apart_from(2.0)
        .reference1(|x| (x as i64 - i64::from(x < 0.0)) as f64)
        .values(&[(2.0, 2.0), (-2.0, -2.0), (0.75, 0.0)])
}
