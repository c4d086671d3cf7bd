//! `NAdam`: Adam with Nesterov's momentum.

use wengert_tensor::{Float, compile_here};

use super::setting::{self, Range};
use super::{Leaves, Slot, walk};

/// NAdam: Adam with Nesterov's momentum.
///
/// For each leaf θ with gradient g, at its step number t:
///
/// ```text
/// θ ← (1 − η λ) θ                  decoupled weight decay
/// g ← g + λ θ                      otherwise
/// μₜ = β₁ (1 − ½ · 0.96^(t ψ))
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// d = (1 − μₜ) g / (1 − μ₁ ⋯ μₜ) + μₜ₊₁ m / (1 − μ₁ ⋯ μₜ₊₁)
/// θ ← θ − η d / (√v / √(1 − β₂ᵗ) + ε)
/// ```
///
/// Source: Dozat 2016, *Incorporating Nesterov momentum into Adam*, algorithm 2, with the schedule
/// of its section 3 and PyTorch's ψ.
///
/// ```
/// use wengert_nn::optim::NAdam;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// NAdam::new(0.1).step(&mut x, &grads);
/// // The first step, by the equations.
/// let mu = |t: f64| 0.9 * (1.0 - 0.5 * 0.96_f64.powf(t * 0.004));
/// let d = (1.0 - mu(1.0)) * 2.0 / (1.0 - mu(1.0)) + mu(2.0) * 0.2 / (1.0 - mu(1.0) * mu(2.0));
/// assert!((x.item() - (1.0 - 0.1 * d / (2.0 + 1e-8))).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct NAdam<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// β₁ and β₂, how slowly the moments move: 0.9 and 0.999.
    pub betas: [f64; 2],
    /// ε: 1e-8.
    pub epsilon: f64,
    /// ψ, how quickly the momentum grows to β₁: 0.004.
    pub momentum_decay: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether the decay is apart from the gradient.
    pub decoupled: bool,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, t, the product of all μ, m and v; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> NAdam<T> {
    /// NAdam with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let nadam = NAdam {
            learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            momentum_decay: 0.004,
            weight_decay: 0.0,
            decoupled: false,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(nadam.wrong());
        nadam
    }

    /// With another ψ.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_momentum_decay(mut self, momentum_decay: f64) -> Self {
        self.momentum_decay = momentum_decay;
        setting::refuse(self.wrong());
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::NotNegative),
            ("first beta", self.betas[0], Range::Fraction),
            ("second beta", self.betas[1], Range::Fraction),
            ("epsilon", self.epsilon, Range::NotNegative),
            (
                "decay of the momentum",
                self.momentum_decay,
                Range::NotNegative,
            ),
            ("weight decay", self.weight_decay, Range::NotNegative),
        ];
        setting::wrong("NAdam", &settings)
    }
}

compile_here! {
    pub(super) fn change<T>(nadam: &mut NAdam<T>, leaves: &mut dyn Leaves<T>) {
        let (rate, decay, [b1, b2]) = (nadam.learning_rate, nadam.weight_decay, nadam.betas);
        let mut by = Factors {
            keep: T::from_f64(if nadam.decoupled { 1.0 - rate * decay } else { 1.0 }),
            decay: T::from_f64(if nadam.decoupled { 0.0 } else { decay }),
            b1: T::from_f64(b1),
            a1: T::from_f64(1.0 - b1),
            b2: T::from_f64(b2),
            a2: T::from_f64(1.0 - b2),
            own: T::ZERO,
            through: T::ZERO,
            root: T::ONE,
            epsilon: T::from_f64(nadam.epsilon),
        };
        let psi = nadam.momentum_decay;
        let momentum = |t: f64| b1 * (1.0 - 0.5 * 0.96_f64.powf(t * psi));
        walk::update(leaves, &mut nadam.slots, nadam.lazy_rows, |slot, leaf| {
            let t = slot.steps as f64;
            let (now, next) = (momentum(t), momentum(t + 1.0));
            slot.product *= now;
            by.own = T::from_f64(rate * (1.0 - now) / (1.0 - slot.product));
            by.through = T::from_f64(rate * next / (1.0 - slot.product * next));
            by.root = T::from_f64(1.0 / (1.0 - b2.powf(t)).sqrt());
            let [mean, square, _] = &mut slot.moments;
            leaf.with([mean, square], |weights, bars, [mean, square]| {
                nadam_step(&by, weights, bars, mean, square);
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
    /// What the gradient and the first moment count in the step.
    own: T,
    through: T,
    /// 1 / √(1 − β₂ᵗ)
    root: T,
    epsilon: T,
}

compile_here! {
    fn nadam_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], mean: &mut [T], square: &mut [T]) {
        let n = weights.len();
        let (bars, mean, square) = (&bars[..n], &mut mean[..n], &mut square[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            mean[k] = by.b1 * mean[k] + by.a1 * bar;
            square[k] = by.b2 * square[k] + by.a2 * (bar * bar);
            let root = square[k].sqrt() * by.root + by.epsilon;
            weights[k] = by.keep * weights[k] - (by.own * bar + by.through * mean[k]) / root;
        }
    }
}
