//! `relu6`: the rectifier with a ceiling.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = min(max(x, 0), 6)
//! - rule: x̄ = ȳ where 0 < x < 6, 0 elsewhere
//! - edges: on and beyond the bounds the slope is 0; NaN stays
//! - source: Howard et al. 2017, MobileNets

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::formula::shapes::{between, inside};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element between 0 and 6, or the bound that it lies beyond.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(9.0).relu6().item(), 6.0);
    /// ```
    #[track_caller]
    pub fn relu6(self) -> Self {
        let [y] = self.tape().formula(Relu6 {}, [self]);
        y
    }
}

light! {
    /// The formula of `relu6`.
    formula<1> Relu6 {}, "relu6", in_lanes,
    |_, [x]| between(x, 0.0, 6.0),
    partials |[x], _| [inside(x, 0.0, 6.0)]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("relu6", |x| x.relu6())
        .on(-3.0, 9.0)
        .apart_from(0.0)
        .apart_from(6.0)
        .reference1(|x| x.clamp(0.0, 6.0))
        .values(&[(0.0, 0.0), (6.0, 6.0)])
}
