//! The uniform distribution.

use wengert_tensor::Float;

use crate::distributions::noise;
use crate::record::var::{Operand, Var};

/// The uniform distribution between two numbers.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Uniform;
/// let tape = Tape::<f64>::new();
/// let u = Uniform::new(tape.scalar(1.0), 3.0);
/// assert!(u.draw(&[100]).value().iter().all(|x| (1.0..=3.0).contains(&x)));
/// assert_eq!(u.log_prob(2.5).item(), -(2.0_f64.ln()));
/// assert_eq!(u.log_prob(3.5).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Uniform<'t, T: Float = f32> {
    /// The least number.
    pub low: Var<'t, T>,
    /// The greatest number.
    pub high: Var<'t, T>,
}

impl<'t, T: Float> Uniform<'t, T> {
    /// The distribution between `low` and `high`.
    #[track_caller]
    pub fn new(low: Var<'t, T>, high: impl Operand<'t, T>) -> Self {
        let high = high.on(low.tape());
        Uniform { low, high }
    }

    /// low + (high − low) u with u uniform in \[0, 1): a value of the parameters' shape behind the axes
    /// `outer`.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Var<'t, T> {
        let noise = noise("Uniform", outer, &[self.low, self.high], |rng| rng.unit());
        self.low + (self.high - self.low) * noise
    }

    /// The logarithm of the density: −ln(high − low) from `low` to `high`, and −∞ beyond, with gradient 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn log_prob(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        let x = x.on(self.low.tape()).value();
        let inside = x
            .ge(self.low.value())
            .zip_map(&x.le(self.high.value()), |a, b| a && b);
        (-self.entropy()).where_(&inside, f64::NEG_INFINITY)
    }

    /// The entropy, ln(high − low).
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        (self.high - self.low).ln()
    }
}
