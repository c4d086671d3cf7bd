//! The exponential distribution.

use wengert_tensor::Float;

use crate::distributions::{exponential, noise};
use crate::record::var::{Operand, Var};

/// The exponential distribution with a rate above 0.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Exponential;
/// let tape = Tape::<f64>::new();
/// let e = Exponential::new(tape.scalar(2.0));
/// assert!(e.draw(&[100]).value().iter().all(|x| x > 0.0));
/// assert_eq!(e.log_prob(3.0).item(), 2.0_f64.ln() - 6.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Exponential<'t, T: Float = f32> {
    /// The rate, 1 / mean.
    pub rate: Var<'t, T>,
}

impl<'t, T: Float> Exponential<'t, T> {
    /// The distribution with this rate.
    pub fn new(rate: Var<'t, T>) -> Self {
        Exponential { rate }
    }

    /// ε / rate with ε of rate 1: a value of the rate's shape behind the axes `outer`.
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Var<'t, T> {
        noise("Exponential", outer, &[self.rate], exponential) / self.rate
    }

    /// The logarithm of the density: ln rate − rate x, and −∞ below 0, with gradient 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn log_prob(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        let x = x.on(self.rate.tape());
        (self.rate.ln() - self.rate * x).where_(&x.value().ge(0.0), f64::NEG_INFINITY)
    }

    /// The entropy, 1 − ln rate.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        1.0 - self.rate.ln()
    }

    /// The Kullback–Leibler divergence of this distribution from `other`: r − 1 − ln r with r the other's
    /// rate by this one's.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "kl_divergence")]
    #[track_caller]
    pub fn kl(self, other: Self) -> Var<'t, T> {
        let ratio = other.rate / self.rate;
        (ratio - 1.0) - ratio.ln()
    }
}
