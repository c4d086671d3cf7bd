//! `Plateau`: a learning rate that falls when the loss does not.

use wengert_tensor::Float;

use super::state::{Piece, PieceMut, Stateful};

/// A learning rate that falls when a value (the loss on held-out data) has not become better for a
/// while.
///
/// ```
/// use wengert_nn::optim::Plateau;
/// let mut plateau = Plateau::new(0.1).with_factor(0.5).with_patience(1);
/// let rates = [1.0, 0.9, 0.91, 0.92].map(|loss| plateau.show(loss));
/// assert_eq!(rates, [0.1, 0.1, 0.1, 0.05]);
/// ```
#[doc(alias = "ReduceLROnPlateau")]
#[doc(alias = "reduce_on_plateau")]
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// What the rate is multiplied by: 0.1.
    pub factor: f64,
    /// How many values in a row may be no better without consequence: 10.
    pub patience: u64,
    /// By how much a value has to be better, as a part of the best one: 1e-4.
    pub threshold: f64,
    /// Whether the threshold is a difference instead.
    pub absolute: bool,
    /// How many values are not counted after a fall: 0.
    pub cooldown: u64,
    /// The least rate: 0.
    pub least: f64,
    /// Whether a greater value is better, as of an accuracy.
    pub greater: bool,
    /// The rate now.
    pub rate: f64,
    /// The best value so far.
    pub best: f64,
    /// How many values in a row were no better.
    pub worse: u64,
    /// How many values are not counted from here on.
    pub resting: u64,
}

impl Plateau {
    /// A rate that falls to a tenth after ten values that are no better.
    pub fn new(rate: f64) -> Self {
        Plateau {
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            absolute: false,
            cooldown: 0,
            least: 0.0,
            greater: false,
            rate,
            best: f64::INFINITY,
            worse: 0,
            resting: 0,
        }
    }

    /// With another factor of a fall.
    pub fn with_factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// With another number of values in a row that may be no better.
    pub fn with_patience(mut self, patience: u64) -> Self {
        self.patience = patience;
        self
    }

    /// For a value that is better where it is greater, as an accuracy.
    pub fn of_greatest(mut self) -> Self {
        self.greater = true;
        self.best = f64::NEG_INFINITY;
        self
    }

    /// Looks at the next value, and returns the rate from now on. NaN is no better than anything.
    pub fn show(&mut self, value: f64) -> f64 {
        let sign = if self.greater { 1.0 } else { -1.0 };
        let bound = if self.absolute {
            self.best + sign * self.threshold
        } else {
            self.best * (1.0 + sign * self.threshold)
        };
        if sign * value > sign * bound {
            (self.best, self.worse) = (value, 0);
        } else {
            self.worse += 1;
        }
        if self.resting > 0 {
            self.resting -= 1;
            self.worse = 0;
        }
        if self.worse > self.patience {
            let rate = (self.rate * self.factor).max(self.least);
            // As in PyTorch, a fall that is not worth it does not happen.
            if self.rate - rate > 1e-8 {
                self.rate = rate;
            }
            (self.worse, self.resting) = (0, self.cooldown);
        }
        self.rate
    }
}

impl<T: Float> Stateful<T> for Plateau {
    fn leaves(&self) -> usize {
        0
    }

    fn prepare_state(&mut self, _: usize) {}

    fn clear_state(&mut self) {}

    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        f(None, "rate", Piece::Number(self.rate));
        f(None, "best", Piece::Number(self.best));
        f(None, "worse", Piece::Count(self.worse));
        f(None, "resting", Piece::Count(self.resting));
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        f(None, "rate", PieceMut::Number(&mut self.rate));
        f(None, "best", PieceMut::Number(&mut self.best));
        f(None, "worse", PieceMut::Count(&mut self.worse));
        f(None, "resting", PieceMut::Count(&mut self.resting));
    }
}
