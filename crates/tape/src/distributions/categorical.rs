//! The categorical distribution.

use wengert_tensor::{Float, Tensor};

use crate::compose::{CrossEntropy, Reduction, cross_entropy_with};
use crate::distributions::{gumbel, noise};
use crate::formula::light::light;
use crate::record::var::Var;

/// The categorical distribution over the classes 0, 1, … along the last axis of its logits: the
/// probabilities are softmax(logits). A logit of −∞ is a class of probability 0.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Categorical;
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let p = Categorical::new(tape.zeros([2, 4]));
/// assert_eq!(p.log_prob(&Tensor::from([3i64, 0])).value().to_vec(), [-(4.0_f64.ln()); 2]);
/// assert!(p.draw(&[5]).iter().all(|class| (0..4).contains(&class)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Categorical<'t, T: Float = f32> {
    /// The logits \[…, C\].
    pub logits: Var<'t, T>,
}

impl<'t, T: Float> Categorical<'t, T> {
    /// The distribution with these logits.
    pub fn new(logits: Var<'t, T>) -> Self {
        Categorical { logits }
    }

    /// Classes, \[outer…, …\]. No gradient flows through them.
    ///
    /// Source: Gumbel 1954, Statistical Theory of Extreme Values: the greatest of the logits with Gumbel
    /// noise.
    ///
    /// # Panics
    /// If the logits are a scalar, or have no class.
    #[doc(alias = "sample")]
    #[doc(alias = "multinomial")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Tensor<i64> {
        let noise = noise("Categorical", outer, &[self.logits], gumbel);
        (self.logits.detach() + noise).argmax(-1)
    }

    /// A relaxed draw, through which a gradient flows: [`Var::gumbel_softmax`] along the last axis.
    ///
    /// # Panics
    /// As [`Var::gumbel_softmax`].
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw_relaxed(self, temperature: f64, hard: bool) -> Var<'t, T> {
        self.logits.gumbel_softmax(temperature, hard, -1)
    }

    /// The logarithms of the probabilities of classes \[…\]: ln softmax(logits) there.
    ///
    /// # Panics
    /// If the classes have not the shape of the logits without the last axis, or one is no class.
    #[track_caller]
    pub fn log_prob(self, classes: &Tensor<i64>) -> Var<'t, T> {
        let options = CrossEntropy {
            reduction: Reduction::None,
            ..CrossEntropy::default()
        };
        -cross_entropy_with(self.logits, classes, options)
    }

    /// The entropy, −Σ p ln p, \[…\]; see [`Var::entropy`].
    ///
    /// # Panics
    /// If the logits are a scalar.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        self.logits.entropy(-1)
    }

    /// The Kullback–Leibler divergence of this distribution from `other`: Σ p ln(p / q), \[…\]. A class that
    /// has probability 0 here gives 0, whatever the other says.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or the logits are scalars.
    #[doc(alias = "kl_divergence")]
    #[track_caller]
    pub fn kl(self, other: Self) -> Var<'t, T> {
        let p = self.logits.softmax(-1);
        let (log_p, log_q) = (self.logits.log_softmax(-1), other.logits.log_softmax(-1));
        let [terms] = p.tape().formula(Relative {}, [p, log_p, log_q]);
        terms.sum_axes(&[-1], false)
    }
}

light! {
    /// p (ln p − ln q), of the three. What the derivative by ln p would give sums up to the derivative of Σ p,
    /// which is always 1, and is left out.
    formula<3> Relative {}, "relative_surprise", in_lanes,
    |_, [p, log_p, log_q]| p.absorb(log_p - log_q),
    partials |[p, log_p, log_q], _| {
        let zero = R::lit(0.0);
        [R::select_equal(p, zero, zero, log_p - log_q), zero, -p]
    }
}
