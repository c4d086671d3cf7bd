//! `Adam`: adaptive moment estimation, with its variants AMSGrad and AdamW.

use wengert_tensor::{Float, compile_here};

use super::setting;
use super::{Leaves, Slot, walk};

/// Adam, its variant AMSGrad, and with decoupled weight decay AdamW.
///
/// For each leaf θ with gradient g, at its step number t:
///
/// ```text
/// θ ← (1 − η λ) θ                  decoupled weight decay
/// g ← g + λ θ                      otherwise
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// u ← max(u, v)                    AMSGrad; otherwise u = v
/// θ ← θ − η / (1 − β₁ᵗ) · m / (√u / √(1 − β₂ᵗ) + ε)
/// ```
///
/// Source: Kingma and Ba 2015, *Adam: a method for stochastic optimization*, algorithm 1; Reddi,
/// Kale and Kumar 2018, *On the convergence of Adam and beyond*, algorithm 2; Loshchilov and
/// Hutter 2019, *Decoupled weight decay regularization*, algorithm 2. As in PyTorch, ε is added
/// after the correction of v, and AMSGrad takes the maximum before it.
///
/// ```
/// use wengert_nn::Adam;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([4.0, -3.0]);
/// let mut adam = Adam::new(0.1);
/// let mut tape = Tape::new();
/// for _ in 0..200 {
///     let (_, grads) = tape.value_and_grad(&x, |_, x| (x * x).sum());
///     adam.step(&mut x, &grads);
/// }
/// assert!(x.iter().all(|x| x.abs() < 0.01));
/// ```
#[derive(Clone, Debug)]
pub struct Adam<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// β₁ and β₂, how slowly the moments move: 0.9 and 0.999.
    pub betas: [f64; 2],
    /// ε: 1e-8.
    pub epsilon: f64,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether the decay is apart from the gradient (AdamW).
    pub decoupled: bool,
    /// Whether the second moment's maximum counts (AMSGrad).
    pub amsgrad: bool,
    /// Whether rows that were not looked up stay as they are.
    pub lazy_rows: bool,
    /// Of every leaf, in order, t and the moments m, v and (for AMSGrad) u; empty before the first
    /// step. Clear it for a model of another structure; for leaves that were added, add slots in
    /// their places.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Adam<T> {
    /// Adam with this learning rate and the usual rest.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let adam = Adam {
            learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            amsgrad: false,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(adam.wrong());
        adam
    }

    /// With the second moment's maximum: AMSGrad.
    pub fn with_amsgrad(mut self) -> Self {
        self.amsgrad = true;
        self
    }

    /// Where a gradient is held as rows ([`Gradients::rows`](wengert_tape::Gradients::rows)), with a step of these rows alone: the
    /// others and their moments stay as they are, decay included. Such a step costs what the rows
    /// cost, however long the table is.
    ///
    /// Without it every row moves at every step, by what its moments have kept. t counts the steps of
    /// the leaf, not those of a row. Leaves whose gradients are whole are not concerned.
    ///
    /// Source: PyTorch's `SparseAdam`, which has neither decay nor AMSGrad.
    ///
    /// ```
    /// use wengert_nn::Adam;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    ///
    /// let mut table = Tensor::<f64>::ones([100, 1]);
    /// let (mut tape, mut adam) = (Tape::new(), Adam::new(0.1).with_lazy_rows());
    /// for word in [7, 3] {
    ///     let words = Tensor::from([word]);
    ///     let (_, grads) = tape.value_and_grad(&table, |_, table| table.rows(&words).sum());
    ///     adam.step(&mut table, &grads);
    /// }
    /// // The second step has not moved row 7.
    /// assert!((table[[7, 0]] - 0.9).abs() < 1e-6);
    /// assert_eq!(table[[0, 0]], 1.0);
    /// ```
    #[doc(alias = "SparseAdam")]
    pub fn with_lazy_rows(mut self) -> Self {
        self.lazy_rows = true;
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let (rate, betas, epsilon) = (self.learning_rate, self.betas, self.epsilon);
        setting::wrong_of_moments("Adam", rate, betas, epsilon, self.weight_decay)
    }
}

compile_here! {
    pub(super) fn change<T>(adam: &mut Adam<T>, leaves: &mut dyn Leaves<T>) {
        let (rate, decay, [b1, b2]) = (adam.learning_rate, adam.weight_decay, adam.betas);
        let mut by = Factors {
            keep: T::from_f64(if adam.decoupled { 1.0 - rate * decay } else { 1.0 }),
            decay: T::from_f64(if adam.decoupled { 0.0 } else { decay }),
            b1: T::from_f64(b1),
            a1: T::from_f64(1.0 - b1),
            b2: T::from_f64(b2),
            a2: T::from_f64(1.0 - b2),
            rate: T::ZERO,
            root: T::ONE,
            epsilon: T::from_f64(adam.epsilon),
        };
        walk::update(leaves, &mut adam.slots, adam.lazy_rows, |slot, leaf| {
            let exponent = slot.steps as f64;
            by.rate = T::from_f64(rate / (1.0 - b1.powf(exponent)));
            by.root = T::from_f64(1.0 / (1.0 - b2.powf(exponent)).sqrt());
            let [mean, square, max] = &mut slot.moments;
            if adam.amsgrad {
                leaf.with([mean, square, max], |weights, bars, [mean, square, max]| {
                    amsgrad_step(&by, weights, bars, mean, square, max);
                });
            } else {
                leaf.with([mean, square], |weights, bars, [mean, square]| {
                    adam_step(&by, weights, bars, mean, square);
                });
            }
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
    /// η / (1 − β₁ᵗ)
    rate: T,
    /// 1 / √(1 − β₂ᵗ)
    root: T,
    epsilon: T,
}

compile_here! {
    /// One pass over a leaf, of slices of equal length, so that it becomes vector code.
    fn adam_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], mean: &mut [T], square: &mut [T]) {
        let n = weights.len();
        let (bars, mean, square) = (&bars[..n], &mut mean[..n], &mut square[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            mean[k] = by.b1 * mean[k] + by.a1 * bar;
            square[k] = by.b2 * square[k] + by.a2 * (bar * bar);
            let root = square[k].sqrt() * by.root + by.epsilon;
            weights[k] = by.keep * weights[k] - by.rate * mean[k] / root;
        }
    }
}

compile_here! {
    /// [`adam_step`] with the maximum of the second moment.
    fn amsgrad_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], mean: &mut [T], square: &mut [T], max: &mut [T]) {
        let n = weights.len();
        let (bars, mean) = (&bars[..n], &mut mean[..n]);
        let (square, max) = (&mut square[..n], &mut max[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            mean[k] = by.b1 * mean[k] + by.a1 * bar;
            square[k] = by.b2 * square[k] + by.a2 * (bar * bar);
            // A NaN stays.
            max[k] = if max[k] >= square[k] {
                max[k]
            } else {
                square[k]
            };
            let root = max[k].sqrt() * by.root + by.epsilon;
            weights[k] = by.keep * weights[k] - by.rate * mean[k] / root;
        }
    }
}
