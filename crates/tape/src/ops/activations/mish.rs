//! `mish`: a smooth rectifier by the hyperbolic tangent of another.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x tanh(ln(1 + eˣ))
//! - rule: x̄ = ȳ (w + x (1 − w²) σ(x)), where w = tanh(ln(1 + eˣ)) and σ is the logistic function
//! - edges: all reals, smooth; −0 and x with slopes 0 and 1 far out, also at ±∞
//! - source: Misra 2019, Mish: A Self Regularized Non-Monotonic Activation Function

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::formula::real::Real;
use crate::formula::shapes::within;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// x tanh(softplus(x)). Off by at most 5 units in the last place, its slope by 8 of the greater of
    /// its terms.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1000.0).mish().item(), 1000.0);
    /// ```
    #[track_caller]
    pub fn mish(self) -> Self {
        let [y] = self.tape().formula(Mish {}, [self]);
        y
    }
}

light! {
    /// The formula of `mish`.
    formula<1> Mish {}, "mish", in_lanes,
    |_, [x]| gate(x).absorb(x),
    partials |[x], _| {
        let rest = (-x).sigmoid();
        let bell = R::lit(2.0) * rest / (R::lit(1.0) + rest * rest);
        // Farther out one of the factors is 0, and no infinity may stand beside it.
        [gate(x) + bell * bell * x.sigmoid() * within(x, 1000.0)]
    }
}

/// tanh(ln(1 + eˣ)) by the logistic function of x and of −x, which loses no digit on either side.
#[inline(always)]
fn gate<R: Real>(x: R) -> R {
    let rest = (-x).sigmoid();
    x.sigmoid() * ((R::lit(1.0) + rest) / (R::lit(1.0) + rest * rest))
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("mish", |x| x.mish())
        .on(-4.0, 4.0)
        .reference1(|x| x * (1.0 + x.exp()).ln().tanh())
        .values(&[(0.0, 0.0), (800.0, 800.0), (-800.0, 0.0)])
}
