//! The Bernoulli distribution.

use wengert_tensor::{Float, Tensor};

use crate::compose::{Reduction, bce_with_logits};
use crate::distributions::{beside, logistic, noise};
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

/// The Bernoulli distribution, of 0 and 1, by the logit of 1: its probability is sigmoid(logit).
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Bernoulli;
/// let tape = Tape::<f64>::new();
/// let coin = Bernoulli::new(tape.scalar(0.0));
/// assert_eq!(coin.entropy().item(), 2.0_f64.ln());
/// assert_eq!(coin.log_prob(1.0).item(), -(2.0_f64.ln()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bernoulli<'t, T: Float = f32> {
    /// ln(p / (1 − p)).
    pub logits: Var<'t, T>,
}

impl<'t, T: Float> Bernoulli<'t, T> {
    /// The distribution with these logits; those of a probability are [`Var::logit`].
    pub fn new(logits: Var<'t, T>) -> Self {
        Bernoulli { logits }
    }

    /// Zeros and ones, of the logits' shape behind the axes `outer`. No gradient flows through them.
    #[doc(alias = "sample")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Tensor<T> {
        let drawn = self.logits.detach() + noise("Bernoulli", outer, &[self.logits], logistic);
        drawn
            .value()
            .map(|x| if x > T::ZERO { T::ONE } else { T::ZERO })
    }

    /// A relaxed draw, through which a gradient flows: sigmoid((logits + ε) / temperature) with logistic ε,
    /// of the logits' shape behind the axes `outer`.
    ///
    /// Source: Maddison, Mnih and Teh 2017, The Concrete Distribution.
    ///
    /// # Panics
    /// If the temperature is not above 0.
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw_relaxed(self, temperature: f64, outer: &[usize]) -> Var<'t, T> {
        assert!(
            temperature > 0.0,
            "draw_relaxed: {temperature} is no temperature above 0"
        );
        let noise = noise("Bernoulli", outer, &[self.logits], logistic);
        ((self.logits + noise) / temperature).sigmoid()
    }

    /// The logarithm of the probability: x ln p + (1 − x) ln(1 − p), without overflow. Between 0 and 1 it is
    /// minus the cross entropy.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn log_prob(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        let x = x.on(self.logits.tape());
        let (logits, x) = (
            beside("Bernoulli", self.logits, x),
            beside("Bernoulli", x, self.logits),
        );
        -bce_with_logits(logits, x, Reduction::None)
    }

    /// The entropy, −p ln p − (1 − p) ln(1 − p), with all digits also where one of them is nearly 1.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        let [entropy] = self.logits.tape().formula(Entropy {}, [self.logits]);
        entropy
    }

    /// The Kullback–Leibler divergence of this distribution from `other`:
    /// p ln(p / q) + (1 − p) ln((1 − p) / (1 − q)), by the logits. A side of probability 0 gives 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "kl_divergence")]
    #[track_caller]
    pub fn kl(self, other: Self) -> Var<'t, T> {
        side(self.logits, other.logits) + side(-self.logits, -other.logits)
    }
}

/// What one side of probability sigmoid(a) gives to the divergence from sigmoid(b).
#[track_caller]
fn side<'t, T: Float>(a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
    Var::absorb(a.sigmoid(), a.log_sigmoid() - b.log_sigmoid())
}

light! {
    /// The entropy, an even function of the logit.
    formula<1> Entropy {}, "bernoulli_entropy", in_lanes,
    |_, [x]| {
        let size = x.abs();
        (-size).sigmoid().absorb(size) + (-size).exp().ln_1p()
    },
    partials |[x], _| [-(x.sigmoid() * (-x).sigmoid()).absorb(x)]
}
