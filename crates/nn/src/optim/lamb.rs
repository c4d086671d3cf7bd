//! `Lamb`: Adam with steps in units of the weights of a layer.

use wengert_tensor::{Float, compile_here};

use super::setting;
use super::{Leaves, Slot, walk};

/// LAMB: Adam whose step of a leaf is as long as the leaf's weights, for batches of any size.
///
/// For each leaf θ with gradient g, at its step number t:
///
/// ```text
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// d = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε) + λ θ
/// θ ← θ − η ‖θ‖ / ‖d‖ · d          or − η d, where one of the two norms is 0
/// ```
///
/// Source: You and others 2020, *Large batch optimization for deep learning: training BERT in 76
/// minutes*, algorithm 2, with φ(x) = x.
///
/// ```
/// use wengert_nn::optim::Lamb;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// Lamb::new(0.1).step(&mut x, &grads);
/// assert!((x.item() - 0.9).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "LAMB")]
pub struct Lamb<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// β₁ and β₂, how slowly the moments move: 0.9 and 0.999.
    pub betas: [f64; 2],
    /// ε: 1e-6.
    pub epsilon: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// Of every leaf, in order, t, m and v; empty before the first step.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Lamb<T> {
    /// Lamb with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let lamb = Lamb {
            learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-6,
            weight_decay: 0.0,
            slots: Vec::new(),
        };
        setting::refuse(lamb.wrong());
        lamb
    }

    /// With decay, which counts in the length of the step.
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
        let (rate, betas, epsilon) = (self.learning_rate, self.betas, self.epsilon);
        setting::wrong_of_moments("Lamb", rate, betas, epsilon, self.weight_decay)
    }
}

compile_here! {
    pub(super) fn change<T>(lamb: &mut Lamb<T>, leaves: &mut dyn Leaves<T>) {
        let (rate, [b1, b2]) = (lamb.learning_rate, lamb.betas);
        let mut by = Factors {
            decay: T::from_f64(lamb.weight_decay),
            b1: T::from_f64(b1),
            a1: T::from_f64(1.0 - b1),
            b2: T::from_f64(b2),
            a2: T::from_f64(1.0 - b2),
            first: T::ONE,
            root: T::ONE,
            epsilon: T::from_f64(lamb.epsilon),
        };
        walk::update(leaves, &mut lamb.slots, false, |slot, leaf| {
            let t = slot.steps as f64;
            by.first = T::from_f64(1.0 / (1.0 - b1.powf(t)));
            by.root = T::from_f64(1.0 / (1.0 - b2.powf(t)).sqrt());
            let [mean, square, _] = &mut slot.moments;
            leaf.with([mean, square], |weights, bars, [mean, square]| {
                let [length, way] = moments_step(&by, weights, bars, mean, square);
                let ratio = if length > 0.0 && way > 0.0 { (length / way).sqrt() } else { 1.0 };
                lamb_step(&by, T::from_f64(rate * ratio), weights, mean, square);
            });
        });
    }
}

/// The sums that are added up beside each other.
const LANES: usize = 8;

/// The numbers of one step of one leaf.
struct Factors<T> {
    decay: T,
    b1: T,
    a1: T,
    b2: T,
    a2: T,
    /// 1 / (1 − β₁ᵗ)
    first: T,
    /// 1 / √(1 − β₂ᵗ)
    root: T,
    epsilon: T,
}

impl<T: Float> Factors<T> {
    /// d.
    #[inline(always)]
    fn way(&self, weight: T, mean: T, square: T) -> T {
        mean * self.first / (square.sqrt() * self.root + self.epsilon) + self.decay * weight
    }
}

compile_here! {
    /// Moves the moments; the squares of the norms of θ and d.
    fn moments_step<T>(by: &Factors<T>, weights: &[T], bars: &[T], mean: &mut [T], square: &mut [T]) -> [f64; 2] {
        let n = weights.len();
        let (bars, mean, square) = (&bars[..n], &mut mean[..n], &mut square[..n]);
        for k in 0..n {
            mean[k] = by.b1 * mean[k] + by.a1 * bars[k];
            square[k] = by.b2 * square[k] + by.a2 * (bars[k] * bars[k]);
        }
        // Lanes that do not wait for each other, in blocks of which the compiler makes vector code.
        let mut sums = [[0.0; LANES]; 2];
        let mut add = |lane: usize, weight: T, mean: T, square: T| {
            let way = by.way(weight, mean, square).to_f64();
            sums[0][lane] += weight.to_f64() * weight.to_f64();
            sums[1][lane] += way * way;
        };
        let (blocks, rest) = weights.as_chunks::<LANES>();
        let (means, mean) = mean.as_chunks::<LANES>();
        let (squares, square) = square.as_chunks::<LANES>();
        for ((weights, mean), square) in blocks.iter().zip(means).zip(squares) {
            for lane in 0..LANES {
                add(lane, weights[lane], mean[lane], square[lane]);
            }
        }
        for (lane, ((&weight, &mean), &square)) in rest.iter().zip(mean).zip(square).enumerate() {
            add(lane, weight, mean, square);
        }
        sums.map(|lanes| lanes.iter().sum())
    }

    fn lamb_step<T>(by: &Factors<T>, rate: T, weights: &mut [T], mean: &[T], square: &[T]) {
        let n = weights.len();
        let (mean, square) = (&mean[..n], &square[..n]);
        for k in 0..n {
            weights[k] -= rate * by.way(weights[k], mean[k], square[k]);
        }
    }
}
