//! `celu`: the exponential linear unit that is smooth for every α.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x above 0, α (e^(x/α) − 1) below
//! - rule: x̄ = ȳ above 0, ȳ e^(x/α) below
//! - edges: once differentiable at 0, where the slope is 1; NaN stays. With α = 0 it is NaN below 0
//! - source: Barron 2017, Continuously Differentiable Exponential Linear Units

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// x above 0 and α (e^(x/α) − 1) below. Off by at most 3 units in the last place, its slope by
    /// half of |x/α| more.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-1000.0).celu(2.0).item(), -2.0);
    /// ```
    #[track_caller]
    pub fn celu(self, alpha: f64) -> Self {
        let [y] = self.tape().formula(Celu { alpha }, [self]);
        y
    }
}

light! {
    /// The formula of `celu`.
    formula<1> Celu { alpha }, "celu", in_lanes,
    |this, [x]| {
        let low = x.min(R::lit(0.0)) / R::lit(this.alpha);
        R::select_less(R::lit(0.0), x, x, R::lit(this.alpha) * low.exp_m1())
    },
    partials |[x], _| {
        let low = x.min(R::lit(0.0)) / R::lit(this.alpha);
        [R::select_less(R::lit(0.0), x, R::lit(1.0), low.exp())]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("celu", |x| x.celu(1.5))
        .on(-2.0, 2.0)
        .apart_from(0.0)
        .reference1(|x| if x > 0.0 { x } else { 1.5 * ((x / 1.5).exp() - 1.0) })
        .values(&[(0.0, 0.0)])
}
