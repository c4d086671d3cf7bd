//! `hardsigmoid`: the logistic function in three straight pieces.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = min(max(x + 3, 0), 6) / 6
//! - rule: x̄ = ȳ / 6 where −3 < x < 3, 0 elsewhere
//! - edges: at and beyond ±3 the slope is 0; NaN stays
//! - source: Courbariaux, Bengio and David 2015, BinaryConnect

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::formula::shapes::{between, inside};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// min(max(x + 3, 0), 6) / 6. Off by at most 1 unit in the last place of 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).hardsigmoid().item(), 0.5);
    /// ```
    #[doc(alias = "hard_sigmoid")]
    #[track_caller]
    pub fn hardsigmoid(self) -> Self {
        let [y] = self.tape().formula(Hardsigmoid {}, [self]);
        y
    }
}

light! {
    /// The formula of `hardsigmoid`.
    formula<1> Hardsigmoid {}, "hardsigmoid", in_lanes,
    |_, [x]| between(x + R::lit(3.0), 0.0, 6.0) / R::lit(6.0),
    partials |[x], _| [inside(x, -3.0, 3.0) / R::lit(6.0)]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("hardsigmoid", |x| x.hardsigmoid())
        .on(-5.0, 5.0)
        .apart_from(-3.0)
        .apart_from(3.0)
        .reference1(|x| ((x + 3.0) / 6.0).clamp(0.0, 1.0))
        .values(&[(-3.0, 0.0), (3.0, 1.0)])
}
