//! `RmsProp`: steps in units of the gradients of late.

use wengert_tensor::{Float, compile_here};

use super::setting::{self, Range};
use super::{Leaves, Slot, walk};

/// RMSprop: steps in units of the gradients of late, centered or not, with momentum or without.
///
/// For each leaf θ with gradient g:
///
/// ```text
/// g ← g + λ θ                      weight decay
/// s ← α s + (1 − α) g²
/// m ← α m + (1 − α) g              centered; otherwise m = 0
/// d = g / (√(s − m²) + ε)
/// v ← μ v + d                      momentum; otherwise v = d
/// θ ← θ − η v
/// ```
///
/// Source: Tieleman and Hinton 2012, *Neural networks for machine learning*, lecture 6.5; centered:
/// Graves 2013, *Generating sequences with recurrent neural networks*, equations 38 to 45, in
/// PyTorch's form, where ε stands outside of the root.
///
/// ```
/// use wengert_nn::optim::RmsProp;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// RmsProp::new(0.1).step(&mut x, &grads);
/// assert!((x.item() - (1.0 - 0.1 * 2.0 / (0.2 + 1e-8))).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "RMSprop")]
#[doc(alias = "rmsprop")]
pub struct RmsProp<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// α, how slowly the averages move: 0.99.
    pub alpha: f64,
    /// μ: 0.
    pub momentum: f64,
    /// ε: 1e-8.
    pub epsilon: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether the variance of the gradients counts, and not their square.
    pub centered: bool,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, s, v and m; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> RmsProp<T> {
    /// RmsProp with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let rmsprop = RmsProp {
            learning_rate,
            alpha: 0.99,
            momentum: 0.0,
            epsilon: 1e-8,
            weight_decay: 0.0,
            centered: false,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(rmsprop.wrong());
        rmsprop
    }

    /// With another α.
    ///
    /// # Panics
    /// Unless it is at least 0 and less than 1.
    #[track_caller]
    pub fn with_alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        setting::refuse(self.wrong());
        self
    }

    /// With momentum.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        setting::refuse(self.wrong());
        self
    }

    /// With the variance of the gradients in the place of their square.
    pub fn with_centered(mut self) -> Self {
        self.centered = true;
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::NotNegative),
            ("alpha", self.alpha, Range::Fraction),
            ("momentum", self.momentum, Range::NotNegative),
            ("epsilon", self.epsilon, Range::NotNegative),
            ("weight decay", self.weight_decay, Range::NotNegative),
        ];
        setting::wrong("RmsProp", &settings)
    }
}

compile_here! {
    pub(super) fn change<T>(rmsprop: &mut RmsProp<T>, leaves: &mut dyn Leaves<T>) {
        let by = Factors {
            rate: T::from_f64(rmsprop.learning_rate),
            decay: T::from_f64(rmsprop.weight_decay),
            keep: T::from_f64(rmsprop.alpha),
            gain: T::from_f64(1.0 - rmsprop.alpha),
            momentum: T::from_f64(rmsprop.momentum),
            epsilon: T::from_f64(rmsprop.epsilon),
        };
        let (centered, moves) = (rmsprop.centered, rmsprop.momentum != 0.0);
        walk::update(leaves, &mut rmsprop.slots, rmsprop.lazy_rows, |slot, leaf| {
            let [square, velocity, mean] = &mut slot.moments;
            match (centered, moves) {
                (false, false) => leaf.with([square], |weights, bars, [square]| {
                    rms_step(&by, weights, bars, square);
                }),
                (false, true) => leaf.with([square, velocity], |weights, bars, [square, velocity]| {
                    momentum_step(&by, weights, bars, square, velocity);
                }),
                // A velocity with μ = 0 is the step itself.
                (true, _) => {
                    leaf.with([square, velocity, mean], |weights, bars, [square, velocity, mean]| {
                        centered_step(&by, weights, bars, square, velocity, mean);
                    });
                }
            }
        });
    }
}

/// The numbers of a step.
struct Factors<T> {
    rate: T,
    decay: T,
    /// α and 1 − α
    keep: T,
    gain: T,
    momentum: T,
    epsilon: T,
}

compile_here! {
    fn rms_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], square: &mut [T]) {
        let n = weights.len();
        let (bars, square) = (&bars[..n], &mut square[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            square[k] = by.keep * square[k] + by.gain * (bar * bar);
            weights[k] -= by.rate * bar / (square[k].sqrt() + by.epsilon);
        }
    }

    fn momentum_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], square: &mut [T], velocity: &mut [T]) {
        let n = weights.len();
        let (bars, square, velocity) = (&bars[..n], &mut square[..n], &mut velocity[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            square[k] = by.keep * square[k] + by.gain * (bar * bar);
            velocity[k] = by.momentum * velocity[k] + bar / (square[k].sqrt() + by.epsilon);
            weights[k] -= by.rate * velocity[k];
        }
    }

    fn centered_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], square: &mut [T], velocity: &mut [T], mean: &mut [T]) {
        let n = weights.len();
        let (bars, mean) = (&bars[..n], &mut mean[..n]);
        let (square, velocity) = (&mut square[..n], &mut velocity[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            square[k] = by.keep * square[k] + by.gain * (bar * bar);
            mean[k] = by.keep * mean[k] + by.gain * bar;
            let variance = square[k] - mean[k] * mean[k];
            // Rounding may leave less than 0; a NaN stays.
            let variance = if variance < T::ZERO { T::ZERO } else { variance };
            velocity[k] = by.momentum * velocity[k] + bar / (variance.sqrt() + by.epsilon);
            weights[k] -= by.rate * velocity[k];
        }
    }
}
