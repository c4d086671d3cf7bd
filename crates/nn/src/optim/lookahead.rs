//! `Lookahead`: slow weights that follow those of an optimizer.

use wengert_tape::Gradients;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor, compile_here};

use super::setting::{self, Range};
use super::state::{Piece, PieceMut, Stateful};
use super::walk::{self, Leaves};
use super::{Optimizer, Slot};

/// An optimizer whose weights go back, every k steps, to a point between those of k steps ago and
/// those of now.
///
/// For each leaf, with the slow weights φ, which are the model's at first, after every k steps:
///
/// ```text
/// φ ← φ + α (θ − φ)
/// θ ← φ
/// ```
///
/// Source: Zhang, Lucas, Hinton and Ba 2019, *Lookahead optimizer: k steps forward, 1 step back*,
/// algorithm 1.
///
/// ```
/// use wengert_nn::Sgd;
/// use wengert_nn::optim::Lookahead;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([0.0]);
/// let mut sgd = Lookahead::new(Sgd::new(1.0), 2, 0.5);
/// for _ in 0..2 {
///     let (_, grads) = Tape::new().value_and_grad(&x, |_, x| x.sum());
///     sgd.step(&mut x, &grads);
/// }
/// // Two steps of −1, and half of them back.
/// assert_eq!(x.item(), -1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Lookahead<O, T: Float = f32> {
    /// The optimizer.
    pub optimizer: O,
    /// k.
    pub every: u64,
    /// α.
    pub alpha: f64,
    /// Of every leaf, in order, the number of steps, and φ.
    pub slots: Vec<Slot<T>>,
}

impl<O, T: Float> Lookahead<O, T> {
    /// With k, of 5 to 10 in the source, and α, of 0.5 to 0.8.
    ///
    /// # Panics
    /// If `every` is 0, or `alpha` not above 0 and finite.
    #[track_caller]
    pub fn new(optimizer: O, every: u64, alpha: f64) -> Self {
        let settings = [
            ("number of steps", every as f64, Range::Positive),
            ("alpha", alpha, Range::Positive),
        ];
        setting::refuse(setting::wrong("Lookahead", &settings));
        Lookahead {
            optimizer,
            every,
            alpha,
            slots: Vec::new(),
        }
    }

    /// Changes the model by one step.
    ///
    /// # Panics
    /// If the optimizer refuses the step, or the slow weights are those of another model. The model
    /// stays as it was.
    #[track_caller]
    pub fn step<M: Tree<Tensor<T>>>(&mut self, model: &mut M, grads: &Gradients<M, T>)
    where
        O: Optimizer<T>,
    {
        walk::step(self, model, grads);
    }
}

impl<T: Float, O: Optimizer<T>> Stateful<T> for Lookahead<O, T> {
    fn leaves(&self) -> usize {
        self.slots.len()
    }

    fn prepare_state(&mut self, leaves: usize) {
        Slot::prepare(&mut self.slots, leaves);
        self.optimizer.prepare_state(leaves);
    }

    fn clear_state(&mut self) {
        self.slots.clear();
        self.optimizer.clear_state();
    }

    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        Slot::visit(&self.slots, "ahead", None, &["slow"], f);
        self.optimizer.visit_state(f);
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        Slot::visit_mut(&mut self.slots, "ahead", None, &["slow"], f);
        self.optimizer.visit_state_mut(f);
    }
}

impl<T: Float, O: Optimizer<T>> Optimizer<T> for Lookahead<O, T> {
    fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        self.optimizer.set_learning_rate(rate);
    }

    fn refusal(&self, leaves: &dyn Leaves<T>) -> Option<String> {
        let own = walk::misfit(&self.slots, leaves);
        own.or_else(|| self.optimizer.refusal(leaves))
    }

    fn update(&mut self, leaves: &mut dyn Leaves<T>) {
        let slots = &mut self.slots;
        Slot::prepare(slots, leaves.count());
        leaves.visit(&|_| true, true, &mut |at, leaf| {
            let slow = &mut slots[at].moments[0];
            slow.get_or_insert_with(|| Tensor::from(&*leaf.weights));
        });
        self.optimizer.update(leaves);
        let (every, alpha) = (self.every, T::from_f64(self.alpha));
        leaves.visit(&|_| true, true, &mut |at, leaf| {
            let slot = &mut slots[at];
            slot.steps += 1;
            if let Some(slow) = &mut slot.moments[0]
                && slot.steps.is_multiple_of(every)
            {
                follow(alpha, slow.as_mut_slice(), leaf.weights);
            }
        });
    }
}

compile_here! {
    fn follow<T>(alpha: T, slow: &mut [T], weights: &mut [T]) {
        for (slow, weight) in slow.iter_mut().zip(weights) {
            *slow += alpha * (*weight - *slow);
            *weight = *slow;
        }
    }
}
