//! The Gumbel distribution, and the relaxed choice that is made with it.

use wengert_tensor::Float;

use crate::distributions::{beside, gumbel, noise};
use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

/// The constant of Euler and Mascheroni.
const EULER: f64 = 0.577_215_664_901_532_9;

/// The Gumbel distribution, of the greatest of many numbers.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::distributions::Gumbel;
/// let tape = Tape::<f64>::new();
/// let g = Gumbel::new(tape.scalar(0.0), 1.0);
/// assert_eq!(g.draw(&[2, 3]).shape(), [2, 3]);
/// assert_eq!(g.log_prob(0.0).item(), -1.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gumbel<'t, T: Float = f32> {
    /// The place of the greatest density.
    pub place: Var<'t, T>,
    /// The scale, above 0.
    pub scale: Var<'t, T>,
}

impl<'t, T: Float> Gumbel<'t, T> {
    /// The distribution with this place and scale.
    #[track_caller]
    pub fn new(place: Var<'t, T>, scale: impl Operand<'t, T>) -> Self {
        let scale = scale.on(place.tape());
        Gumbel { place, scale }
    }

    /// place − scale ln ε with ε exponential of rate 1: a value of the parameters' shape behind the axes
    /// `outer`.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[doc(alias = "rsample")]
    #[track_caller]
    pub fn draw(self, outer: &[usize]) -> Var<'t, T> {
        self.place + self.scale * noise("Gumbel", outer, &[self.place, self.scale], gumbel)
    }

    /// The logarithm of the density: −z − e⁻ᶻ − ln scale with z = (x − place) / scale.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn log_prob(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        let z = (x.on(self.place.tape()) - self.place) / self.scale;
        -z - (-z).exp() - self.scale.ln()
    }

    /// The entropy, 1 + γ + ln scale.
    ///
    /// # Panics
    /// If the parameters do not broadcast.
    #[track_caller]
    pub fn entropy(self) -> Var<'t, T> {
        beside("Gumbel", self.scale.ln(), self.place) + (1.0 + EULER)
    }
}

impl<'t, T: Float> Var<'t, T> {
    /// A random choice by these logits along `axis`, relaxed so that a gradient flows:
    /// softmax((logits + g) / temperature) with Gumbel noise g from the tape's generator. The lower the
    /// temperature, the nearer it comes to a row of zeros and a one. If `hard` it is such a row, and the
    /// gradient is that of the relaxed one.
    ///
    /// A logit of −∞ is never chosen, and its gradient is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let logits = tape.leaf(&Tensor::from([[0.0, 1.0, f64::NEG_INFINITY]]));
    /// let choice = logits.gumbel_softmax(0.5, true, -1);
    /// assert_eq!(choice.sum().item(), 1.0);
    /// assert_eq!(choice.value()[[0, 2]], 0.0);
    /// ```
    ///
    /// Source: Jang, Gu and Poole 2017, Categorical Reparameterization with Gumbel-Softmax.
    ///
    /// # Panics
    /// If the temperature is not above 0, or the axis is out of range or has length 0.
    #[track_caller]
    pub fn gumbel_softmax(self, temperature: f64, hard: bool, axis: isize) -> Self {
        assert!(
            temperature > 0.0,
            "gumbel_softmax: {temperature} is no temperature above 0"
        );
        let shape = self.shape();
        let at = or_panic(shape.axis("gumbel_softmax", axis));
        let noise = noise("gumbel_softmax", &[], &[self], gumbel);
        let soft = ((self + noise) / temperature).softmax(axis);
        if !hard {
            return soft;
        }
        let chosen = soft.argmax(axis).one_hot::<T>(shape[at]);
        let chosen = chosen.movedim(-1, at as isize);
        soft.straight_through(|soft| soft.tape().constant(&chosen))
    }
}
