//! `Adamax`: Adam with the greatest gradient of late.

use wengert_tensor::{Float, compile_here};

use super::setting;
use super::{Leaves, Slot, walk};

/// Adamax: Adam with the greatest gradient of late in the place of the second moment.
///
/// For each leaf θ with gradient g, at its step number t:
///
/// ```text
/// g ← g + λ θ                      weight decay
/// m ← β₁ m + (1 − β₁) g
/// u ← max(β₂ u, |g| + ε)
/// θ ← θ − η / (1 − β₁ᵗ) · m / u
/// ```
///
/// Source: Kingma and Ba 2015, *Adam: a method for stochastic optimization*, algorithm 2, with
/// PyTorch's ε.
///
/// ```
/// use wengert_nn::optim::Adamax;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// Adamax::new(0.1).step(&mut x, &grads);
/// assert!((x.item() - (1.0 - 0.1 * 2.0 / (2.0 + 1e-8))).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct Adamax<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// β₁ and β₂, how slowly the moments move: 0.9 and 0.999.
    pub betas: [f64; 2],
    /// ε: 1e-8.
    pub epsilon: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, t, m and u; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Adamax<T> {
    /// Adamax with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let adamax = Adamax {
            learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(adamax.wrong());
        adamax
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let (rate, betas, epsilon) = (self.learning_rate, self.betas, self.epsilon);
        setting::wrong_of_moments("Adamax", rate, betas, epsilon, self.weight_decay)
    }
}

compile_here! {
    pub(super) fn change<T>(adamax: &mut Adamax<T>, leaves: &mut dyn Leaves<T>) {
        let [b1, b2] = adamax.betas;
        let mut by = Factors {
            rate: T::ZERO,
            decay: T::from_f64(adamax.weight_decay),
            b1: T::from_f64(b1),
            a1: T::from_f64(1.0 - b1),
            b2: T::from_f64(b2),
            epsilon: T::from_f64(adamax.epsilon),
        };
        walk::update(leaves, &mut adamax.slots, adamax.lazy_rows, |slot, leaf| {
            let correction = 1.0 - b1.powf(slot.steps as f64);
            by.rate = T::from_f64(adamax.learning_rate / correction);
            let [mean, norm, _] = &mut slot.moments;
            leaf.with([mean, norm], |weights, bars, [mean, norm]| {
                adamax_step(&by, weights, bars, mean, norm);
            });
        });
    }
}

/// The numbers of one step of one leaf.
struct Factors<T> {
    /// η / (1 − β₁ᵗ)
    rate: T,
    decay: T,
    b1: T,
    a1: T,
    b2: T,
    epsilon: T,
}

compile_here! {
    fn adamax_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], mean: &mut [T], norm: &mut [T]) {
        let n = weights.len();
        let (bars, mean, norm) = (&bars[..n], &mut mean[..n], &mut norm[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            mean[k] = by.b1 * mean[k] + by.a1 * bar;
            let (old, new) = (by.b2 * norm[k], bar.abs() + by.epsilon);
            // A NaN stays.
            norm[k] = if old >= new { old } else { new };
            weights[k] -= by.rate * mean[k] / norm[k];
        }
    }
}
