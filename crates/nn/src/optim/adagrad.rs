//! `Adagrad`: steps that shrink with the squares of all gradients.

use wengert_tensor::{Float, Tensor, compile_here};

use super::setting::{self, Range};
use super::{Leaves, Slot, walk};

/// Adagrad: each weight's own rate shrinks with the squares of all its gradients.
///
/// For each leaf θ with gradient g, at its step number t:
///
/// ```text
/// g ← g + λ θ                      weight decay
/// s ← s + g²
/// θ ← θ − η / (1 + (t − 1) δ) · g / (√s + ε)
/// ```
///
/// A row of a table that a step does not look up has the gradient 0 and stays as it is; without
/// decay, such a step costs what its rows cost.
///
/// Source: Duchi, Hazan and Singer 2011, *Adaptive subgradient methods for online learning and
/// stochastic optimization*, in PyTorch's form, with the decay δ of the rate.
///
/// ```
/// use wengert_nn::optim::Adagrad;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// Adagrad::new(0.5).step(&mut x, &grads);
/// assert!((x.item() - (1.0 - 0.5 * 2.0 / (2.0 + 1e-10))).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct Adagrad<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// δ, the decay of the rate: 0.
    pub rate_decay: f64,
    /// ε: 1e-10.
    pub epsilon: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// s before the first step: 0.
    pub initial: f64,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, s; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Adagrad<T> {
    /// Adagrad with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let adagrad = Adagrad {
            learning_rate,
            rate_decay: 0.0,
            epsilon: 1e-10,
            weight_decay: 0.0,
            initial: 0.0,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(adagrad.wrong());
        adagrad
    }

    /// With a decay δ of the rate.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_rate_decay(mut self, rate_decay: f64) -> Self {
        self.rate_decay = rate_decay;
        setting::refuse(self.wrong());
        self
    }

    /// With another sum of squares before the first step.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_initial(mut self, initial: f64) -> Self {
        self.initial = initial;
        setting::refuse(self.wrong());
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::NotNegative),
            ("decay of the rate", self.rate_decay, Range::NotNegative),
            ("epsilon", self.epsilon, Range::NotNegative),
            ("weight decay", self.weight_decay, Range::NotNegative),
            ("initial sum", self.initial, Range::NotNegative),
        ];
        setting::wrong("Adagrad", &settings)
    }
}

compile_here! {
    pub(super) fn change<T>(adagrad: &mut Adagrad<T>, leaves: &mut dyn Leaves<T>) {
        let decay = T::from_f64(adagrad.weight_decay);
        let epsilon = T::from_f64(adagrad.epsilon);
        let initial = T::from_f64(adagrad.initial);
        // Without decay a row without a gradient stays as it is anyway.
        let lazy = adagrad.lazy_rows || adagrad.weight_decay == 0.0;
        walk::update(leaves, &mut adagrad.slots, lazy, |slot, leaf| {
            let past = (slot.steps - 1) as f64;
            let rate = T::from_f64(adagrad.learning_rate / (1.0 + past * adagrad.rate_decay));
            let [sum, ..] = &mut slot.moments;
            sum.get_or_insert_with(|| Tensor::full([leaf.weights.len()], initial));
            leaf.with([sum], |weights, bars, [sum]| {
                adagrad_step(rate, decay, epsilon, weights, bars, sum);
            });
        });
    }
}

compile_here! {
    fn adagrad_step<T>(rate: T, decay: T, epsilon: T, weights: &mut [T], bars: &[T], sum: &mut [T]) {
        let n = weights.len();
        let (bars, sum) = (&bars[..n], &mut sum[..n]);
        for k in 0..n {
            let bar = bars[k] + decay * weights[k];
            sum[k] += bar * bar;
            weights[k] -= rate * bar / (sum[k].sqrt() + epsilon);
        }
    }
}
