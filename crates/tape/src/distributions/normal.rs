//! The normal distribution.

use std::f64::consts::TAU;

use wengert_tensor::Float;

use crate::distributions::{beside, noise};
use crate::record::var::{Operand, Var};

/// The normal distribution, by its mean and its standard deviation.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Normal;
/// use wengert_tensor::Tensor;
///
/// let tape = Tape::<f64>::new();
/// let mean = tape.leaf(&Tensor::from([0.0, 2.0]));
/// let q = Normal::new(mean, 1.0);
/// let z = q.draw(&[16]);
/// assert_eq!(z.shape(), [16, 2]);
/// assert_eq!(z.sum().backward().wrt(mean).unwrap().to_vec(), [16.0, 16.0]);
///
/// let prior = Normal::new(tape.scalar(0.0), 1.0);
/// assert_eq!(q.kl(prior).value().to_vec(), [0.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Normal<'t, T: Float = f32> {
    /// The mean.
    pub mean: Var<'t, T>,
    /// The standard deviation, above 0.
    pub std: Var<'t, T>,
}

impl<'t, T: Float> Normal<'t, T> {
    /// The distribution with this mean and standard deviation.
    #[track_caller]
    pub fn new(mean: Var<'t, T>, std: impl Operand<'t, T>) -> Self {
        let std = std.on(mean.tape());
        Normal { mean, std }
    }

    /// mean + std ε with standard normal ε: a value of the parameters' shape behind the axes `outer`.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Var<'t, T> {
        let noise = noise("Normal", outer, &[self.mean, self.std], |rng| {
            rng.standard_normal()
        });
        self.mean + self.std * noise
    }

    /// The logarithm of the density: −½ ((x − mean) / std)² − ln std − ½ ln 2π.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn log_prob(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        let z = (x.on(self.mean.tape()) - self.mean) / self.std;
        -0.5 * z.square() - (self.std.ln() + 0.5 * TAU.ln())
    }

    /// The entropy, ½ + ½ ln 2π + ln std.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        beside("Normal", self.std.ln(), self.mean) + (0.5 + 0.5 * TAU.ln())
    }

    /// The Kullback–Leibler divergence of this distribution from `other`: how much is lost where `other` is
    /// taken for this. It is ½ (r² − 1 + d²) − ln r with the ratio r of the standard deviations and the
    /// difference d of the means by the other's; where both are nearly equal it keeps its digits.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "kl_divergence")]
    #[track_caller]
    pub fn kl(self, other: Self) -> Var<'t, T> {
        let ratio = self.std / other.std;
        let distance = (self.mean - other.mean) / other.std;
        0.5 * ((ratio - 1.0) * (ratio + 1.0) + distance.square()) - ratio.ln()
    }
}
