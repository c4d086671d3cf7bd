//! `gelu`: the Gaussian error linear unit.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x Φ(x), where Φ is the distribution function of the normal distribution
//! - rule: x̄ = ȳ (Φ(x) + x φ(x)), where φ is its density
//! - edges: all reals, smooth; 0 and x with slopes 0 and 1 far out, also at ±∞
//! - source: Hendrycks and Gimpel 2016, Gaussian Error Linear Units

use std::f64::consts::FRAC_1_SQRT_2;

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::formula::shapes::within;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// x Φ(x), exactly; [`gelu_tanh`](Var::gelu_tanh) is the fast form. Off by at most 4 units in the
    /// last place for x > −1, and by x² more to the left. Its slope is off by at most 8 of 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1000.0).gelu().item(), 1000.0);
    /// ```
    #[track_caller]
    pub fn gelu(self) -> Self {
        let [y] = self.tape().formula(Gelu {}, [self]);
        y
    }
}

light! {
    /// The formula of `gelu`.
    formula<1> Gelu {}, "gelu", called,
    |_, [x]| (x * R::lit(-FRAC_1_SQRT_2)).erfc().absorb(R::lit(0.5) * x),
    partials |[x], _| {
        let gate = R::lit(0.5) * (x * R::lit(-FRAC_1_SQRT_2)).erfc();
        [gate + within(x, 100.0) * x.apply(NormalDensity {})]
    }
}

light! {
    /// The density of the normal distribution.
    function NormalDensity {}, "normal_density", |_, x| special::normal_density(x),
    slope |x, y| y.absorb(-x)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("gelu", |x| x.gelu())
        .on(-3.0, 3.0)
        .reference1(|x| x * (0.5 + plain::integral(0.0, x, |t| (-0.5 * t * t).exp()) / (2.0 * std::f64::consts::PI).sqrt()))
        .values(&[(0.0, 0.0), (800.0, 800.0), (-800.0, 0.0)])
}
