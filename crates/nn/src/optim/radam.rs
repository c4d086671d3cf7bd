//! `RAdam`: Adam that waits until its second moment can be trusted.

use wengert_tensor::{Float, compile_here};

use super::setting;
use super::{Leaves, Slot, walk};

/// RAdam: Adam that waits until its second moment can be trusted.
///
/// For each leaf θ with gradient g, at its step number t, with ρ∞ = 2 / (1 − β₂) − 1:
///
/// ```text
/// θ ← (1 − η λ) θ                  decoupled weight decay
/// g ← g + λ θ                      otherwise
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
/// r = √((ρ − 4) (ρ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρ))
/// θ ← θ − η / (1 − β₁ᵗ) · m · r √(1 − β₂ᵗ) / (√v + ε)   if ρ > 5
/// θ ← θ − η / (1 − β₁ᵗ) · m                             otherwise
/// ```
///
/// Source: Liu and others 2020, *On the variance of the adaptive learning rate and beyond*,
/// algorithm 2, with the bound 5 and the ε of PyTorch.
///
/// ```
/// use wengert_nn::optim::RAdam;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// RAdam::new(0.1).step(&mut x, &grads);
/// assert!((x.item() - 0.8).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct RAdam<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// β₁ and β₂, how slowly the moments move: 0.9 and 0.999.
    pub betas: [f64; 2],
    /// ε: 1e-8.
    pub epsilon: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether the decay is apart from the gradient.
    pub decoupled: bool,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, t, m and v; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> RAdam<T> {
    /// RAdam with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let radam = RAdam {
            learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(radam.wrong());
        radam
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let (rate, betas, epsilon) = (self.learning_rate, self.betas, self.epsilon);
        setting::wrong_of_moments("RAdam", rate, betas, epsilon, self.weight_decay)
    }
}

compile_here! {
    pub(super) fn change<T>(radam: &mut RAdam<T>, leaves: &mut dyn Leaves<T>) {
        let (rate, decay, [b1, b2]) = (radam.learning_rate, radam.weight_decay, radam.betas);
        let mut by = Factors {
            keep: T::from_f64(if radam.decoupled { 1.0 - rate * decay } else { 1.0 }),
            decay: T::from_f64(if radam.decoupled { 0.0 } else { decay }),
            b1: T::from_f64(b1),
            a1: T::from_f64(1.0 - b1),
            b2: T::from_f64(b2),
            a2: T::from_f64(1.0 - b2),
            rate: T::ZERO,
            epsilon: T::ONE,
            adapts: T::ZERO,
        };
        let epsilon = T::from_f64(radam.epsilon);
        let last = 2.0 / (1.0 - b2) - 1.0;
        walk::update(leaves, &mut radam.slots, radam.lazy_rows, |slot, leaf| {
            let t = slot.steps as f64;
            let (power, first) = (b2.powf(t), 1.0 - b1.powf(t));
            let length = last - 2.0 * t * power / (1.0 - power);
            if length > 5.0 {
                let above = (length - 4.0) * (length - 2.0) * last;
                let below = (last - 4.0) * (last - 2.0) * length;
                let factor = (above / below * (1.0 - power)).sqrt();
                by.rate = T::from_f64(rate / first * factor);
                (by.adapts, by.epsilon) = (T::ONE, epsilon);
            } else {
                // A divisor of 1: the step of momentum alone.
                by.rate = T::from_f64(rate / first);
                (by.adapts, by.epsilon) = (T::ZERO, T::ONE);
            }
            let [mean, square, _] = &mut slot.moments;
            leaf.with([mean, square], |weights, bars, [mean, square]| {
                radam_step(&by, weights, bars, mean, square);
            });
        });
    }
}

/// The numbers of one step of one leaf.
struct Factors<T> {
    keep: T,
    decay: T,
    b1: T,
    a1: T,
    b2: T,
    a2: T,
    rate: T,
    epsilon: T,
    /// 1 where the second moment counts, and 0 where it does not.
    adapts: T,
}

compile_here! {
    fn radam_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], mean: &mut [T], square: &mut [T]) {
        let n = weights.len();
        let (bars, mean, square) = (&bars[..n], &mut mean[..n], &mut square[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            mean[k] = by.b1 * mean[k] + by.a1 * bar;
            square[k] = by.b2 * square[k] + by.a2 * (bar * bar);
            let root = by.adapts * square[k].sqrt() + by.epsilon;
            weights[k] = by.keep * weights[k] - by.rate * mean[k] / root;
        }
    }
}
