//! `Adadelta`: steps of the size of those before.

use wengert_tensor::{Float, compile_here};

use super::setting::{self, Range};
use super::{Leaves, Slot, walk};

/// Adadelta: a step is as large as those before it, in units of the gradients before it.
///
/// For each leaf θ with gradient g:
///
/// ```text
/// g ← g + λ θ                      weight decay
/// s ← ρ s + (1 − ρ) g²
/// d = √(u + ε) / √(s + ε) · g
/// u ← ρ u + (1 − ρ) d²
/// θ ← θ − η d
/// ```
///
/// Source: Zeiler 2012, *ADADELTA: an adaptive learning rate method*, algorithm 1, with PyTorch's η.
///
/// ```
/// use wengert_nn::optim::Adadelta;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// Adadelta::new(1.0).step(&mut x, &grads);
/// assert!((x.item() - (1.0 - 2.0 * (1e-6 / (0.1 * 4.0 + 1e-6_f64)).sqrt())).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct Adadelta<T: Float = f32> {
    /// η, what a step is multiplied by: 1 in the source.
    pub learning_rate: f64,
    /// ρ, how slowly the averages move: 0.9.
    pub rho: f64,
    /// ε: 1e-6.
    pub epsilon: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, s and u; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Adadelta<T> {
    /// Adadelta with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let adadelta = Adadelta {
            learning_rate,
            rho: 0.9,
            epsilon: 1e-6,
            weight_decay: 0.0,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(adadelta.wrong());
        adadelta
    }

    /// With another ρ.
    ///
    /// # Panics
    /// Unless it is at least 0 and less than 1.
    #[track_caller]
    pub fn with_rho(mut self, rho: f64) -> Self {
        self.rho = rho;
        setting::refuse(self.wrong());
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::NotNegative),
            ("rho", self.rho, Range::Fraction),
            ("epsilon", self.epsilon, Range::NotNegative),
            ("weight decay", self.weight_decay, Range::NotNegative),
        ];
        setting::wrong("Adadelta", &settings)
    }
}

compile_here! {
    pub(super) fn change<T>(adadelta: &mut Adadelta<T>, leaves: &mut dyn Leaves<T>) {
        let by = Factors {
            rate: T::from_f64(adadelta.learning_rate),
            decay: T::from_f64(adadelta.weight_decay),
            keep: T::from_f64(adadelta.rho),
            gain: T::from_f64(1.0 - adadelta.rho),
            epsilon: T::from_f64(adadelta.epsilon),
        };
        walk::update(leaves, &mut adadelta.slots, adadelta.lazy_rows, |slot, leaf| {
            let [square, delta, _] = &mut slot.moments;
            leaf.with([square, delta], |weights, bars, [square, delta]| {
                adadelta_step(&by, weights, bars, square, delta);
            });
        });
    }
}

/// The numbers of a step.
struct Factors<T> {
    rate: T,
    decay: T,
    /// ρ and 1 − ρ
    keep: T,
    gain: T,
    epsilon: T,
}

compile_here! {
    fn adadelta_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], square: &mut [T], delta: &mut [T]) {
        let n = weights.len();
        let (bars, square, delta) = (&bars[..n], &mut square[..n], &mut delta[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            square[k] = by.keep * square[k] + by.gain * (bar * bar);
            let step = ((delta[k] + by.epsilon) / (square[k] + by.epsilon)).sqrt() * bar;
            delta[k] = by.keep * delta[k] + by.gain * (step * step);
            weights[k] -= by.rate * step;
        }
    }
}
