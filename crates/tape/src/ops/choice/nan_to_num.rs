//! `nan_to_num`: numbers in place of what is none.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x where it is finite, and the given numbers in place of NaN, −∞ and +∞
//! - rule: x̄ = ȳ where x is finite, 0 elsewhere
//! - edges: an element that was replaced gets exactly 0
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element, and in place of NaN, −∞ and +∞ the numbers `nan`, `low` and `high`. No gradient
    /// flows into elements that were replaced.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(f64::NAN).nan_to_num(0.0, -9.0, 9.0).item(), 0.0);
    /// ```
    #[track_caller]
    pub fn nan_to_num(self, nan: f64, low: f64, high: f64) -> Self {
        let [y] = self.tape().formula(NanToNum { nan, low, high }, [self]);
        y
    }
}

light! {
    /// The formula of `nan_to_num`.
    formula<1> NanToNum { nan, low, high }, "nan_to_num", in_lanes,
    |this, [x]| {
        let end = R::select_less(x, R::lit(0.0), R::lit(this.low), R::lit(this.high));
        let number = R::select_equal(x.abs(), R::lit(f64::INFINITY), end, x);
        R::select_equal(x, x, number, R::lit(this.nan))
    },
    partials |[x], _| [R::select_less(x.abs(), R::lit(f64::INFINITY), R::lit(1.0), R::lit(0.0))]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("nan_to_num", |x| x.nan_to_num(0.0, -1.0, 1.0))
        .reference1(|x| x)
        .values(&[(f64::INFINITY, 1.0), (f64::NEG_INFINITY, -1.0), (f64::NAN, 0.0)])
}
