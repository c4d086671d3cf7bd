//! `hardshrink`: what is small becomes 0.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x where |x| > λ, 0 elsewhere
//! - rule: x̄ = ȳ where |x| > λ, 0 elsewhere
//! - edges: at ±λ value and slope are 0; NaN stays
//! - source: Donoho and Johnstone 1994, Ideal Spatial Adaptation by Wavelet Shrinkage

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::formula::shapes::outside;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element that lies farther from 0 than `lambda`, and 0 in place of the others.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.25).hardshrink(0.5).item(), 0.0);
    /// ```
    #[doc(alias = "hard_shrink")]
    #[track_caller]
    pub fn hardshrink(self, lambda: f64) -> Self {
        let [y] = self.tape().formula(Hardshrink { lambda }, [self]);
        y
    }
}

light! {
    /// The formula of `hardshrink`.
    formula<1> Hardshrink { lambda }, "hardshrink", in_lanes,
    |this, [x]| {
        let bound = R::lit(this.lambda);
        let near = R::select_equal(x.abs(), bound, R::lit(0.0), x);
        R::select_less(x.abs(), bound, R::lit(0.0), near)
    },
    partials |[x], _| [outside(x, this.lambda)]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("hardshrink", |x| x.hardshrink(0.5))
        .on(-2.0, 2.0)
        .apart_from(0.5)
        .apart_from(-0.5)
        .reference1(|x| if x.abs() > 0.5 { x } else { 0.0 })
        .values(&[(0.5, 0.0), (-0.5, 0.0), (0.75, 0.75)])
}
