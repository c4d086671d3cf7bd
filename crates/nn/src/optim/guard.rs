//! `Guard`: what happens where a gradient is infinite or NaN.

use wengert_tape::Gradients;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

use super::Optimizer;
use super::state::{Piece, PieceMut, Stateful};
use super::walk::{self, Leaves};

/// An optimizer that refuses or skips a step whose gradients are not all finite. Without one, such a
/// step goes into the weights.
///
/// ```
/// use wengert_nn::Adam;
/// use wengert_nn::optim::Guard;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([0.0]);
/// let mut adam = Guard::skip(Adam::new(0.1));
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| x.sqrt().sum());
/// adam.step(&mut x, &grads);
/// assert_eq!((x.item(), adam.skipped), (0.0, 1));
/// ```
#[doc(alias = "error_if_nonfinite")]
#[doc(alias = "apply_if_finite")]
#[derive(Clone, Debug)]
pub struct Guard<O> {
    /// The optimizer.
    pub optimizer: O,
    /// Whether such a step is skipped, and not refused.
    pub skips: bool,
    /// How many steps were skipped.
    pub skipped: u64,
    /// How many of them in a row, up to now.
    pub in_a_row: u64,
}

impl<O> Guard<O> {
    /// Refuses such a step: it panics, and names the first leaf whose gradient is not finite.
    pub fn refuse(optimizer: O) -> Self {
        Guard {
            optimizer,
            skips: false,
            skipped: 0,
            in_a_row: 0,
        }
    }

    /// Skips such a step: model, state leaves and moments stay as they were.
    pub fn skip(optimizer: O) -> Self {
        Guard {
            skips: true,
            ..Guard::refuse(optimizer)
        }
    }

    /// Changes the model by one step, or skips it.
    ///
    /// # Panics
    /// If a gradient is not finite and such steps are refused, or the optimizer refuses the step. The
    /// model stays as it was.
    #[track_caller]
    pub fn step<M: Tree<Tensor<T>>, T: Float>(&mut self, model: &mut M, grads: &Gradients<M, T>)
    where
        O: Optimizer<T>,
    {
        walk::step(self, model, grads);
    }
}

impl<T: Float, O: Optimizer<T>> Stateful<T> for Guard<O> {
    fn leaves(&self) -> usize {
        self.optimizer.leaves()
    }

    fn prepare_state(&mut self, leaves: usize) {
        self.optimizer.prepare_state(leaves);
    }

    fn clear_state(&mut self) {
        self.optimizer.clear_state();
    }

    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        f(None, "skipped", Piece::Count(self.skipped));
        f(None, "in_a_row", Piece::Count(self.in_a_row));
        self.optimizer.visit_state(f);
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        f(None, "skipped", PieceMut::Count(&mut self.skipped));
        f(None, "in_a_row", PieceMut::Count(&mut self.in_a_row));
        self.optimizer.visit_state_mut(f);
    }
}

impl<T: Float, O: Optimizer<T>> Optimizer<T> for Guard<O> {
    fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        self.optimizer.set_learning_rate(rate);
    }

    fn refusal(&self, leaves: &dyn Leaves<T>) -> Option<String> {
        let broken = || {
            let path = leaves.not_finite().filter(|_| !self.skips)?;
            Some(format!(
                "guard: the gradient of `{path}` is infinite or NaN somewhere"
            ))
        };
        self.optimizer.refusal(leaves).or_else(broken)
    }

    fn update(&mut self, leaves: &mut dyn Leaves<T>) {
        if self.skips && leaves.not_finite().is_some() {
            self.skipped += 1;
            self.in_a_row += 1;
            return;
        }
        self.in_a_row = 0;
        self.optimizer.update(leaves);
    }
}
