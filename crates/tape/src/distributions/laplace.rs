//! The Laplace distribution.

use std::f64::consts::LN_2;

use wengert_tensor::Float;

use crate::distributions::{beside, exponential, noise};
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

/// The Laplace distribution, two exponential ones back to back.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Laplace;
/// let tape = Tape::<f64>::new();
/// let l = Laplace::new(tape.scalar(1.0), 0.5);
/// assert_eq!(l.log_prob(2.0).item(), -2.0);
/// assert_eq!(l.kl(l).item(), 0.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Laplace<'t, T: Float = f32> {
    /// The mean.
    pub mean: Var<'t, T>,
    /// The scale, above 0: the mean distance from the mean.
    pub scale: Var<'t, T>,
}

impl<'t, T: Float> Laplace<'t, T> {
    /// The distribution with this mean and scale.
    #[track_caller]
    pub fn new(mean: Var<'t, T>, scale: impl Operand<'t, T>) -> Self {
        let scale = scale.on(mean.tape());
        Laplace { mean, scale }
    }

    /// mean + scale ε with ε the difference of two exponential numbers of rate 1: a value of the parameters'
    /// shape behind the axes `outer`.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Var<'t, T> {
        let noise = noise("Laplace", outer, &[self.mean, self.scale], |rng| {
            exponential(rng) - exponential(rng)
        });
        self.mean + self.scale * noise
    }

    /// The logarithm of the density: −|x − mean| / scale − ln(2 scale). At the mean the slope is 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn log_prob(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        let distance = (x.on(self.mean.tape()) - self.mean).abs();
        -(distance / self.scale) - (self.scale.ln() + LN_2)
    }

    /// The entropy, 1 + ln(2 scale).
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        beside("Laplace", self.scale.ln(), self.mean) + (1.0 + LN_2)
    }

    /// The Kullback–Leibler divergence of this distribution from `other`:
    /// r (|v| + exp(−|v|) − 1) + r − 1 − ln r, with the ratio r of the scales, and v the difference of the
    /// means by this one's scale. Where the means are equal it is smooth.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "kl_divergence")]
    #[track_caller]
    pub fn kl(self, other: Self) -> Var<'t, T> {
        let distance = self.mean - other.mean;
        let inputs = [distance, self.scale, other.scale];
        let [kl] = self.mean.tape().formula(Divergence {}, inputs);
        kl
    }
}

light! {
    /// The divergence, of the distance of the means and both scales. A distance of 0 is taken from the
    /// right, whose derivatives of any order are those of the even function.
    formula<3> Divergence {}, "laplace_kl", in_lanes,
    |_, [distance, a, b]| {
        let (v, r) = (distance / a, a / b);
        let size = R::select_less(v, R::lit(0.0), -v, v);
        r * (size + (-size).exp_m1()) + ((r - R::lit(1.0)) - r.ln())
    },
    partials |[distance, a, b], _| {
        let (zero, one) = (R::lit(0.0), R::lit(1.0));
        let (v, r) = (distance / a, a / b);
        let size = R::select_less(v, zero, -v, v);
        let fall = (-size).exp_m1();
        let bowl = size + fall;
        [
            R::select_less(v, zero, fall, -fall) / b,
            ((r - one) * (one + bowl + size * fall) + (bowl + size * fall)) / a,
            ((one - r) - r * bowl) / b,
        ]
    }
}
