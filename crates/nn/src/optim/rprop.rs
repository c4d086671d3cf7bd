//! `Rprop`: steps by the sign of the gradient, each with its own size.

use wengert_tensor::{Float, Tensor, compile_here};

use super::setting::{self, Range};
use super::{Leaves, Slot, walk};

/// Rprop: steps by the sign of the gradient, of a size of its own for each weight, which grows while
/// the sign stays and shrinks where it turns. For whole batches: of small ones the signs are chance.
///
/// For each weight θ with gradient g, whose last gradient was p and whose step has the size s, η at
/// first:
///
/// ```text
/// s ← min(η⁺ s, s_max)             if g p > 0
/// s ← max(η⁻ s, s_min), g ← 0      if g p < 0
/// θ ← θ − s sign(g)
/// p ← g
/// ```
///
/// Source: Riedmiller and Braun 1993, *A direct adaptive method for faster backpropagation learning:
/// the RPROP algorithm*, in the form of PyTorch, which takes no step back where the sign turns.
///
/// ```
/// use wengert_nn::optim::Rprop;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// Rprop::new(0.1).step(&mut x, &grads);
/// assert!((x.item() - 0.9).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "resilient backpropagation")]
pub struct Rprop<T: Float = f32> {
    /// η, the size of the first step of each weight; later ones have sizes of their own.
    pub learning_rate: f64,
    /// η⁻ and η⁺, by which a size shrinks and grows: 0.5 and 1.2.
    pub factors: [f64; 2],
    /// s_min and s_max: 1e-6 and 50.
    pub sizes: [f64; 2],
    /// Of every leaf, in order, p and s; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Rprop<T> {
    /// Rprop with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let rprop = Rprop {
            learning_rate,
            factors: [0.5, 1.2],
            sizes: [1e-6, 50.0],
            slots: Vec::new(),
        };
        setting::refuse(rprop.wrong());
        rprop
    }

    /// With other η⁻ and η⁺.
    ///
    /// # Panics
    /// Unless the first is at least 0 and less than 1, and the second above 1 and finite.
    #[track_caller]
    pub fn with_factors(mut self, shrink: f64, grow: f64) -> Self {
        self.factors = [shrink, grow];
        setting::refuse(self.wrong());
        self
    }

    /// With other bounds of the sizes.
    ///
    /// # Panics
    /// Unless both are above 0 and finite.
    #[track_caller]
    pub fn with_sizes(mut self, least: f64, greatest: f64) -> Self {
        self.sizes = [least, greatest];
        setting::refuse(self.wrong());
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::NotNegative),
            ("factor of shrinking", self.factors[0], Range::Fraction),
            ("factor of growing", self.factors[1], Range::AboveOne),
            ("least size", self.sizes[0], Range::Positive),
            ("greatest size", self.sizes[1], Range::Positive),
        ];
        setting::wrong("Rprop", &settings)
    }
}

compile_here! {
    pub(super) fn change<T>(rprop: &mut Rprop<T>, leaves: &mut dyn Leaves<T>) {
        let by = Factors {
            shrink: T::from_f64(rprop.factors[0]),
            grow: T::from_f64(rprop.factors[1]),
            least: T::from_f64(rprop.sizes[0]),
            greatest: T::from_f64(rprop.sizes[1]),
        };
        let first = T::from_f64(rprop.learning_rate);
        walk::update(leaves, &mut rprop.slots, false, |slot, leaf| {
            let [last, size, _] = &mut slot.moments;
            size.get_or_insert_with(|| Tensor::full([leaf.weights.len()], first));
            leaf.with([last, size], |weights, bars, [last, size]| {
                rprop_step(&by, weights, bars, last, size);
            });
        });
    }
}

/// The numbers of a step.
struct Factors<T> {
    shrink: T,
    grow: T,
    least: T,
    greatest: T,
}

compile_here! {
    fn rprop_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], last: &mut [T], size: &mut [T]) {
        let n = weights.len();
        let (bars, last, size) = (&bars[..n], &mut last[..n], &mut size[..n]);
        for k in 0..n {
            let same = bars[k] * last[k];
            let turned = same < T::ZERO;
            let factor = if same > T::ZERO {
                by.grow
            } else if turned {
                by.shrink
            } else {
                T::ONE
            };
            let next = size[k] * factor;
            let next = if next > by.greatest { by.greatest } else { next };
            size[k] = if next < by.least { by.least } else { next };
            let bar = if turned { T::ZERO } else { bars[k] };
            let up = if bar > T::ZERO { size[k] } else { T::ZERO };
            let down = if bar < T::ZERO { size[k] } else { T::ZERO };
            // 0 · bar keeps a NaN.
            weights[k] = weights[k] - (up - down) - T::ZERO * bar;
            last[k] = bar;
        }
    }
}
