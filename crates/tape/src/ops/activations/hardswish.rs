//! `hardswish`: the product with a logistic function in three straight pieces.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x min(max(x + 3, 0), 6) / 6
//! - rule: x̄ = ȳ (2x + 3) / 6 where −3 < x < 3, 0 to the left, ȳ to the right
//! - edges: at −3 the slope is 0, at 3 it is 1; 0 and x far out, also at ±∞; NaN stays
//! - source: Howard et al. 2019, Searching for MobileNetV3

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::formula::shapes::{between, inside, within};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// x min(max(x + 3, 0), 6) / 6. Off by at most 2 units in the last place of |x|.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(4.0).hardswish().item(), 4.0);
    /// ```
    #[doc(alias = "hard_swish")]
    #[doc(alias = "hard_silu")]
    #[track_caller]
    pub fn hardswish(self) -> Self {
        let [y] = self.tape().formula(Hardswish {}, [self]);
        y
    }
}

light! {
    /// The formula of `hardswish`.
    formula<1> Hardswish {}, "hardswish", in_lanes,
    |_, [x]| (between(x + R::lit(3.0), 0.0, 6.0) / R::lit(6.0)).absorb(x),
    partials |[x], _| {
        // A constant beyond the kinks and at them.
        let none = R::select_equal(x, x, R::lit(0.0), x);
        let middle = (x + R::lit(3.0)) / R::lit(6.0);
        let low = R::select_less(x, R::lit(3.0), middle, R::lit(1.0));
        let gate = R::select_less(R::lit(-3.0), x, low, none);
        [gate + inside(x, -3.0, 3.0) * within(x, 3.0) / R::lit(6.0)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("hardswish", |x| x.hardswish())
        .on(-5.0, 5.0)
        .apart_from(-3.0)
        .apart_from(3.0)
        .reference1(|x| x * ((x + 3.0) / 6.0).clamp(0.0, 1.0))
        .values(&[(-3.0, 0.0), (3.0, 3.0)])
}
