//! The logistic distribution.

use wengert_tensor::Float;

use crate::distributions::{beside, logistic, noise};
use crate::record::var::{Operand, Var};

/// The logistic distribution, whose distribution function is the sigmoid.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Logistic;
/// let tape = Tape::<f64>::new();
/// let l = Logistic::new(tape.scalar(0.0), 1.0);
/// assert_eq!(l.draw(&[5]).shape(), [5]);
/// assert!((l.log_prob(0.0).item() - 0.25_f64.ln()).abs() < 1e-15);
/// assert_eq!(l.log_prob(1000.0).item(), -1000.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Logistic<'t, T: Float = f32> {
    /// The mean.
    pub mean: Var<'t, T>,
    /// The scale, above 0.
    pub scale: Var<'t, T>,
}

impl<'t, T: Float> Logistic<'t, T> {
    /// The distribution with this mean and scale.
    #[track_caller]
    pub fn new(mean: Var<'t, T>, scale: impl Operand<'t, T>) -> Self {
        let scale = scale.on(mean.tape());
        Logistic { mean, scale }
    }

    /// mean + scale ln(u / (1 − u)) with u uniform in (0, 1): a value of the parameters' shape behind the
    /// axes `outer`.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Var<'t, T> {
        self.mean + self.scale * noise("Logistic", outer, &[self.mean, self.scale], logistic)
    }

    /// The logarithm of the density: ln sigmoid(z) + ln sigmoid(−z) − ln scale with z = (x − mean) / scale.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn log_prob(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        let z = (x.on(self.mean.tape()) - self.mean) / self.scale;
        z.log_sigmoid() + (-z).log_sigmoid() - self.scale.ln()
    }

    /// The entropy, 2 + ln scale.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        beside("Logistic", self.scale.ln(), self.mean) + 2.0
    }
}
