//! `Sgd`: gradient descent, with momentum.

use wengert_tensor::{Float, compile_here};

use super::setting::{self, Range};
use super::{Leaves, Slot, walk};

/// Gradient descent, with momentum, damped or not, and Nesterov's variant of it.
///
/// For each leaf θ with gradient g:
///
/// ```text
/// g ← g + λ θ                      weight decay
/// v ← μ v + (1 − τ) g              momentum; v = g at the leaf's first step
/// θ ← θ − η v                      or − η (g + μ v) with Nesterov's momentum
/// ```
///
/// Source: Sutskever, Martens, Dahl and Hinton 2013, *On the importance of initialization and
/// momentum in deep learning*, in PyTorch's form, where η stands outside of v.
///
/// ```
/// use wengert_nn::Sgd;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([4.0]);
/// let mut sgd = Sgd::new(0.25);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// sgd.step(&mut x, &grads);
/// assert_eq!(x.to_vec(), [2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Sgd<T: Float = f32> {
    /// η, the size of a step.
    pub learning_rate: f64,
    /// μ: 0.
    pub momentum: f64,
    /// τ, what momentum leaves out of a gradient: 0.
    pub dampening: f64,
    /// Whether the momentum is Nesterov's.
    pub nesterov: bool,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether rows that were not looked up stay as they are, with momentum or decay too.
    pub lazy_rows: bool,
    /// Of every leaf, in order, v after the leaf's first step with momentum; empty before the first
    /// step. Clear it for a model of another structure; for leaves that were added, add slots in
    /// their places.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Sgd<T> {
    /// Plain gradient descent.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        let sgd = Sgd {
            learning_rate,
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            lazy_rows: false,
            slots: Vec::new(),
        };
        setting::refuse(sgd.wrong());
        sgd
    }

    /// With momentum.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_momentum(mut self, momentum: f64) -> Self {
        (self.momentum, self.nesterov) = (momentum, false);
        setting::refuse(self.wrong());
        self
    }

    /// With a gradient that counts 1 − τ in the momentum, but at the leaf's first step.
    ///
    /// # Panics
    /// Unless it is at least 0 and less than 1.
    #[track_caller]
    pub fn with_dampening(mut self, dampening: f64) -> Self {
        self.dampening = dampening;
        setting::refuse(self.wrong());
        self
    }

    /// With Nesterov's momentum.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_nesterov(mut self, momentum: f64) -> Self {
        (self.momentum, self.nesterov) = (momentum, true);
        setting::refuse(self.wrong());
        self
    }

    /// Where a gradient is held as rows ([`Gradients::rows`](wengert_tape::Gradients::rows)), with a step of these rows alone: the
    /// others and their velocities stay as they are, decay included, so that the step costs what the
    /// rows cost, however long the table is. Without momentum and decay every step is like that, and
    /// changes nothing else than another would.
    ///
    /// ```
    /// use wengert_nn::Sgd;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    ///
    /// let mut table = Tensor::<f64>::ones([100, 1]);
    /// let (mut tape, mut sgd) = (Tape::new(), Sgd::new(0.5).with_momentum(0.5).with_lazy_rows());
    /// for word in [7, 3, 7] {
    ///     let words = Tensor::from([word]);
    ///     let (_, grads) = tape.value_and_grad(&table, |_, table| table.rows(&words).sum());
    ///     sgd.step(&mut table, &grads);
    /// }
    /// assert_eq!([table[[7, 0]], table[[3, 0]], table[[0, 0]]], [-0.25, 0.5, 1.0]);
    /// ```
    pub fn with_lazy_rows(mut self) -> Self {
        self.lazy_rows = true;
        self
    }

    pub(super) fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::NotNegative),
            ("momentum", self.momentum, Range::NotNegative),
            ("dampening", self.dampening, Range::Fraction),
            ("weight decay", self.weight_decay, Range::NotNegative),
        ];
        setting::wrong("Sgd", &settings)
    }
}

compile_here! {
    pub(super) fn change<T>(sgd: &mut Sgd<T>, leaves: &mut dyn Leaves<T>) {
        let mut by = Factors {
            rate: T::from_f64(sgd.learning_rate),
            decay: T::from_f64(sgd.weight_decay),
            momentum: T::from_f64(sgd.momentum),
            gain: T::ONE,
            own: if sgd.nesterov { T::ONE } else { T::ZERO },
            through: if sgd.nesterov { T::from_f64(sgd.momentum) } else { T::ONE },
        };
        let moves = sgd.momentum != 0.0;
        let damped = T::from_f64(1.0 - sgd.dampening);
        // Without momentum and decay a row without a gradient stays as it is anyway.
        let lazy = sgd.lazy_rows || !moves && sgd.weight_decay == 0.0;
        walk::update(leaves, &mut sgd.slots, lazy, |slot, leaf| {
            if !moves {
                return leaf.with([], |weights, bars, []| sgd_step(&by, weights, bars));
            }
            let [velocity, ..] = &mut slot.moments;
            by.gain = if velocity.is_none() { T::ONE } else { damped };
            leaf.with([velocity], |weights, bars, [velocity]| {
                momentum_step(&by, weights, bars, velocity);
            });
        });
    }
}

/// The numbers of one step of one leaf.
struct Factors<T> {
    rate: T,
    decay: T,
    momentum: T,
    /// 1 − τ
    gain: T,
    /// What of the step is the gradient's own, and what comes through v.
    own: T,
    through: T,
}

compile_here! {
    fn sgd_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T]) {
        let n = weights.len();
        let bars = &bars[..n];
        for k in 0..n {
            weights[k] -= by.rate * (bars[k] + by.decay * weights[k]);
        }
    }

    /// One pass. A first velocity of 0 makes v = g.
    fn momentum_step<T>(by: &Factors<T>, weights: &mut [T], bars: &[T], velocity: &mut [T]) {
        let n = weights.len();
        let (bars, velocity) = (&bars[..n], &mut velocity[..n]);
        for k in 0..n {
            let bar = bars[k] + by.decay * weights[k];
            velocity[k] = by.momentum * velocity[k] + by.gain * bar;
            weights[k] -= by.rate * (by.own * bar + by.through * velocity[k]);
        }
    }
}
