//! `Sgd`: gradient descent, with momentum.

use wengert_tape::Gradients;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Float, Tensor, compile_here};

use super::setting::{Range, assert_setting};
use super::walk;

/// Gradient descent, with momentum and Nesterov's variant of it.
///
/// For each leaf θ with gradient g:
///
/// ```text
/// g ← g + λ θ                      weight decay
/// v ← μ v + g                      momentum; v = g at the leaf's first step
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
    /// Whether the momentum is Nesterov's.
    pub nesterov: bool,
    /// λ: 0.
    pub weight_decay: f64,
    /// Whether rows that were not looked up stay as they are, with momentum or decay too.
    pub lazy_rows: bool,
    /// The velocity of every leaf, in order; empty before the first step. Clear it for a model of
    /// another structure; for leaves that were added, add slots in their places.
    pub slots: Vec<SgdSlot<T>>,
    path: Path,
}

/// What [`Sgd`] holds of one leaf, flat; all a checkpoint has to save of it.
#[derive(Clone, Debug)]
pub struct SgdSlot<T: Float = f32> {
    /// v, after the leaf's first step with momentum.
    pub velocity: Option<Tensor<T>>,
}

impl<T: Float> Default for SgdSlot<T> {
    fn default() -> Self {
        SgdSlot { velocity: None }
    }
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
            nesterov: false,
            weight_decay: 0.0,
            lazy_rows: false,
            slots: Vec::new(),
            path: Path::new(),
        };
        sgd.assert_settings();
        sgd
    }

    /// With momentum.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_momentum(mut self, momentum: f64) -> Self {
        (self.momentum, self.nesterov) = (momentum, false);
        self.assert_settings();
        self
    }

    /// With Nesterov's momentum.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_nesterov(mut self, momentum: f64) -> Self {
        (self.momentum, self.nesterov) = (momentum, true);
        self.assert_settings();
        self
    }

    /// With a penalty on the squared weights, that is, λ θ added to the gradient.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn with_weight_decay(mut self, decay: f64) -> Self {
        self.weight_decay = decay;
        self.assert_settings();
        self
    }

    /// Where a gradient is held as rows ([`Gradients::rows`]), with a step of these rows alone: the
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

    #[track_caller]
    fn assert_settings(&self) {
        assert_setting(
            "Sgd",
            "learning rate",
            self.learning_rate,
            Range::NotNegative,
        );
        assert_setting("Sgd", "momentum", self.momentum, Range::NotNegative);
        assert_setting("Sgd", "weight decay", self.weight_decay, Range::NotNegative);
    }

    /// Changes the model by one step.
    ///
    /// # Panics
    /// If the gradients or the velocities are those of a model of another structure, or a setting is
    /// out of its range. The model stays as it was.
    #[track_caller]
    pub fn step<M: Tree<Tensor<T>>>(&mut self, model: &mut M, grads: &Gradients<M, T>) {
        self.assert_settings();
        let rate = T::from_f64(self.learning_rate);
        let decay = T::from_f64(self.weight_decay);
        let momentum = T::from_f64(self.momentum);
        let moves = self.momentum != 0.0;
        let (own, through) = match self.nesterov {
            true => (T::ONE, momentum),
            false => (T::ZERO, T::ONE),
        };
        let visit = |slot: &mut SgdSlot<T>, part: walk::Part<'_, T>| {
            if moves {
                part.with([&mut slot.velocity], |weights, bars, [velocity]| {
                    momentum_step(rate, decay, momentum, own, through, weights, bars, velocity);
                });
            } else {
                part.with([], |weights, bars, []| sgd_step(rate, decay, weights, bars));
            }
        };
        // Without momentum and decay a row without a gradient stays as it is anyway.
        let lazy = self.lazy_rows || !moves && self.weight_decay == 0.0;
        let held = |slot: &SgdSlot<T>| walk::size_of(&[&slot.velocity]);
        let (slots, path) = (&mut self.slots, &mut self.path);
        walk::update(model, grads, slots, path, lazy, held, visit);
    }
}

compile_here! {
    fn sgd_step<T>(rate: T, decay: T, weights: &mut [T], bars: &[T]) {
        let n = weights.len();
        let bars = &bars[..n];
        for k in 0..n {
            weights[k] -= rate * (bars[k] + decay * weights[k]);
        }
    }
}

compile_here! {
    /// One pass; the step is `own`·g + `through`·v. A first velocity of 0 makes v = g.
    fn momentum_step<T>(rate: T, decay: T, momentum: T, own: T, through: T, weights: &mut [T], bars: &[T], velocity: &mut [T]) {
        let n = weights.len();
        let (bars, velocity) = (&bars[..n], &mut velocity[..n]);
        for k in 0..n {
            let bar = bars[k] + decay * weights[k];
            velocity[k] = momentum * velocity[k] + bar;
            weights[k] -= rate * (own * bar + through * velocity[k]);
        }
    }
}
