//! `Lion`: steps of one size, by the sign of the momentum.

use wengert_tensor::{Float, compile_here};

use super::setting::{self, Range};
use super::{Leaves, Slot, walk};

/// Lion: steps of one size, in the direction of the sign of the momentum.
///
/// For each leaf θ with gradient g:
///
/// ```text
/// θ ← (1 − η λ) θ                  weight decay
/// θ ← θ − η sign(β₁ m + (1 − β₁) g)
/// m ← β₂ m + (1 − β₂) g
/// ```
///
/// Its steps are larger than Adam's at the same rate: a third to a tenth of Adam's η, and as much
/// more λ, is where to begin.
///
/// Source: Chen and others 2023, *Symbolic discovery of optimization algorithms*, algorithm 2.
///
/// ```
/// use wengert_nn::optim::Lion;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// Lion::new(0.1).step(&mut x, &grads);
/// assert!((x.item() - 0.9).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct Lion<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// β₁ and β₂, of the step and of the momentum: 0.9 and 0.99.
    pub betas: [f64; 2],
    /// λ, apart from the gradient: 0.
    pub weight_decay: f64,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, m; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Lion<T> {
    /// Lion with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let lion = Lion {
            learning_rate,
            betas: [0.9, 0.99],
            weight_decay: 0.0,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(lion.wrong());
        lion
    }

    /// With decay, apart from the gradient.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        setting::refuse(self.wrong());
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::NotNegative),
            ("first beta", self.betas[0], Range::Fraction),
            ("second beta", self.betas[1], Range::Fraction),
            ("weight decay", self.weight_decay, Range::NotNegative),
        ];
        setting::wrong("Lion", &settings)
    }
}

compile_here! {
    pub(super) fn change<T>(lion: &mut Lion<T>, leaves: &mut dyn Leaves<T>) {
        let [b1, b2] = lion.betas;
        let by = Factors {
            keep: T::from_f64(1.0 - lion.learning_rate * lion.weight_decay),
            rate: T::from_f64(lion.learning_rate),
            b1: T::from_f64(b1),
            a1: T::from_f64(1.0 - b1),
            b2: T::from_f64(b2),
            a2: T::from_f64(1.0 - b2),
        };
        walk::update(leaves, &mut lion.slots, lion.lazy_rows, |slot, leaf| {
            let [mean, ..] = &mut slot.moments;
            leaf.with([mean], |weights, bars, [mean]| lion_step(&by, weights, bars, mean));
        });
    }
}

/// The numbers of a step.
struct Factors<T> {
    keep: T,
    rate: T,
    b1: T,
    a1: T,
    b2: T,
    a2: T,
}

compile_here! {
    fn lion_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], mean: &mut [T]) {
        let n = weights.len();
        let (bars, mean) = (&bars[..n], &mut mean[..n]);
        for k in 0..n {
            let way = by.b1 * mean[k] + by.a1 * bars[k];
            mean[k] = by.b2 * mean[k] + by.a2 * bars[k];
            let up = if way > T::ZERO { by.rate } else { T::ZERO };
            let down = if way < T::ZERO { by.rate } else { T::ZERO };
            // 0 · way keeps a NaN.
            weights[k] = by.keep * weights[k] - (up - down) - T::ZERO * way;
        }
    }
}
