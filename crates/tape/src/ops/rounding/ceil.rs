//! `ceil`: the least whole number above.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = ⌈x⌉
//! - rule: x̄ = 0
//! - edges: the slope is 0 everywhere, also where the value jumps; infinities and NaN stay
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The least whole number that is not below each element. The gradient is 0 everywhere:
    /// `x.straight_through(…)` passes it on.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.5).ceil().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn ceil(self) -> Self {
        self.elementary(Ceil {})
    }
}

light! {
    /// The least whole number above, as a part of formulas.
    function Ceil {}, "ceil", in_lanes, |_, x| x.ceil(), slope |_, _| R::lit(0.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("ceil", |x| x.ceil())
        .on(-2.4, 2.4)
        .apart_from(-2.0)
        .apart_from(-1.0)
        .apart_from(0.0)
        .apart_from(1.0)
        .apart_from(2.0)
        .reference1(|x| (x as i64 + i64::from(x > 0.0)) as f64)
        .values(&[(2.0, 2.0), (-2.0, -2.0), (0.25, 1.0)])
}
