//! `hardtanh`: the hyperbolic tangent in three straight pieces.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = min(max(x, −1), 1)
//! - rule: x̄ = ȳ where −1 < x < 1, 0 elsewhere
//! - edges: on and beyond the bounds the slope is 0; NaN stays
//! - source: Collobert 2004, Large Scale Machine Learning

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::formula::shapes::{inside, within};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element between −1 and 1, or the bound that it lies beyond; other bounds are those of
    /// [`clamp`](Var::clamp).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(3.0).hardtanh().item(), 1.0);
    /// ```
    #[doc(alias = "hard_tanh")]
    #[track_caller]
    pub fn hardtanh(self) -> Self {
        let [y] = self.tape().formula(Hardtanh {}, [self]);
        y
    }
}

light! {
    /// The formula of `hardtanh`.
    formula<1> Hardtanh {}, "hardtanh", in_lanes,
    |_, [x]| within(x, 1.0),
    partials |[x], _| [inside(x, -1.0, 1.0)]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("hardtanh", |x| x.hardtanh())
        .on(-2.0, 2.0)
        .apart_from(-1.0)
        .apart_from(1.0)
        .reference1(|x| x.clamp(-1.0, 1.0))
        .values(&[(-1.0, -1.0), (7.0, 1.0)])
}
