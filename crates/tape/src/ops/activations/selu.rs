//! `selu`: the exponential linear unit that keeps mean and variance.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = λ x above 0, λ α (eˣ − 1) below
//! - rule: x̄ = ȳ λ above 0, ȳ λ α eˣ below
//! - edges: smooth but at 0, where the slope is λ α; NaN stays
//! - source: Klambauer et al. 2017, Self-Normalizing Neural Networks

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// λ x above 0 and λ α (eˣ − 1) below, with α = 1.6733 and λ = 1.0507. Off by at most 3 units in
    /// the last place, as its slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).selu().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn selu(self) -> Self {
        let [y] = self.tape().formula(Selu {}, [self]);
        y
    }
}

light! {
    /// The formula of `selu`.
    formula<1> Selu {}, "selu", in_lanes,
    |_, [x]| R::select_less(
        R::lit(0.0),
        x,
        R::lit(SCALE) * x,
        R::lit(SCALE * ALPHA) * x.min(R::lit(0.0)).exp_m1(),
    ),
    partials |[x], _| {
        let below = R::lit(SCALE * ALPHA) * x.min(R::lit(0.0)).exp();
        [R::select_less(R::lit(0.0), x, R::lit(SCALE), below)]
    }
}

const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("selu", |x| x.selu())
        .on(-2.0, 2.0)
        .apart_from(0.0)
        .reference1(|x| SCALE * if x > 0.0 { x } else { ALPHA * (x.exp() - 1.0) })
        .values(&[(0.0, 0.0)])
}
