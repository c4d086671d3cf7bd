//! `threshold`: a number in place of what is not above a threshold.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x where x > θ, v elsewhere
//! - rule: x̄ = ȳ where x > θ, 0 elsewhere
//! - edges: at θ the slope is 0; NaN stays
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element above `threshold`, and `value` in place of the others.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.5).threshold(1.0, -2.0).item(), -2.0);
    /// ```
    #[track_caller]
    pub fn threshold(self, threshold: f64, value: f64) -> Self {
        let [y] = self.tape().formula(Threshold { threshold, value }, [self]);
        y
    }
}

light! {
    /// The formula of `threshold`.
    formula<1> Threshold { threshold, value }, "threshold", in_lanes,
    |this, [x]| {
        // NaN is not above, and stays.
        let low = R::select_equal(x, x, R::lit(this.value), x);
        R::select_less(R::lit(this.threshold), x, x, low)
    },
    partials |[x], _| {
        let low = R::select_equal(x, x, R::lit(0.0), x);
        [R::select_less(R::lit(this.threshold), x, R::lit(1.0), low)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("threshold", |x| x.threshold(0.5, -1.0))
        .on(-2.0, 2.0)
        .apart_from(0.5)
        .reference1(|x| if x > 0.5 { x } else { -1.0 })
        .values(&[(0.5, -1.0), (0.75, 0.75)])
}
