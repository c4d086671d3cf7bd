//! `Optimizer`: what all optimizers have in common, so that training code is written once.

use wengert_tape::Gradients;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

use super::state::{Piece, PieceMut, Stateful};
use super::walk::{self, Leaves};
use super::{Adadelta, Adagrad, Adam, Adamax, Lamb, Lion, NAdam, RAdam, RmsProp, Rprop, Sgd, Slot};
use super::{adadelta, adagrad, adam, adamax, lamb, lion, nadam, radam, rms_prop, rprop, sgd};

/// What changes a model by its gradients.
///
/// Code that trains takes any: as a type (`O: Optimizer<T>`) or behind a pointer
/// (`Box<dyn Optimizer<T>>`, which is one too). Its [state](Stateful) lies beside the model.
///
/// ```
/// use wengert_nn::optim::{Optimizer, Sgd};
/// use wengert_nn::Adam;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// fn minimum(mut optimizer: Box<dyn Optimizer<f64>>) -> f64 {
///     let (mut x, mut tape) = (Tensor::from([4.0]), Tape::new());
///     for step in 0..100 {
///         let (_, grads) = tape.value_and_grad(&x, |_, x| (x * x).sum());
///         optimizer.set_learning_rate(0.5 * (1.0 - step as f64 / 100.0));
///         optimizer.step(&mut x, &grads);
///     }
///     x.item()
/// }
/// assert!(minimum(Box::new(Sgd::new(0.1))).abs() < 1e-9);
/// assert!(minimum(Box::new(Adam::new(0.1))).abs() < 0.1);
/// ```
///
/// An optimizer of one's own implements `update` over the [`Leaves`] that it is handed, and `step`
/// follows.
pub trait Optimizer<T: Float>: Stateful<T> {
    /// η, the size of a step.
    fn learning_rate(&self) -> f64;

    /// Sets η, as a schedule does before a step.
    fn set_learning_rate(&mut self, rate: f64);

    /// Why a step of these leaves would be refused: a setting out of its range, or the state of a
    /// model of another structure.
    fn refusal(&self, leaves: &dyn Leaves<T>) -> Option<String>;

    /// One step of leaves that it does not refuse, without checks. Most users want
    /// [`step`](Optimizer::step).
    fn update(&mut self, leaves: &mut dyn Leaves<T>);

    /// Changes the model by one step.
    ///
    /// # Panics
    /// If the gradients or the state are those of a model of another structure, or a setting is out of
    /// its range. The model stays as it was.
    #[track_caller]
    fn step<M: Tree<Tensor<T>>>(&mut self, model: &mut M, grads: &Gradients<M, T>)
    where
        Self: Sized,
    {
        walk::step(self, model, grads);
    }
}

impl<T: Float, S: Stateful<T> + ?Sized> Stateful<T> for Box<S> {
    fn leaves(&self) -> usize {
        (**self).leaves()
    }

    fn prepare_state(&mut self, leaves: usize) {
        (**self).prepare_state(leaves);
    }

    fn clear_state(&mut self) {
        (**self).clear_state();
    }

    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        (**self).visit_state(f);
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        (**self).visit_state_mut(f);
    }
}

impl<T: Float, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn learning_rate(&self) -> f64 {
        (**self).learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        (**self).set_learning_rate(rate);
    }

    fn refusal(&self, leaves: &dyn Leaves<T>) -> Option<String> {
        (**self).refusal(leaves)
    }

    fn update(&mut self, leaves: &mut dyn Leaves<T>) {
        (**self).update(leaves);
    }
}

/// The optimizers that hold a slot a leaf, each with the names of its moments, and of its product if it
/// has one. What they have to say themselves is `wrong` (a setting out of its range), and their modules `change` (the step).
macro_rules! slotted {
    ($($Name:ident in $module:ident: [$($moment:literal),*] $(, $product:literal)?;)*) => { $(
        impl<T: Float> $Name<T> {
            /// Changes the model by one step.
            ///
            /// # Panics
            /// If the gradients or the moments are those of a model of another structure, or a
            /// setting is out of its range. The model stays as it was.
            #[track_caller]
            pub fn step<M: Tree<Tensor<T>>>(&mut self, model: &mut M, grads: &Gradients<M, T>) {
                walk::step(self, model, grads);
            }

            const PRODUCT: Option<&'static str> = slotted!(@product $($product)?);
            const MOMENTS: &'static [&'static str] = &[$($moment),*];
        }

        impl<T: Float> Stateful<T> for $Name<T> {
            fn leaves(&self) -> usize {
                self.slots.len()
            }

            fn prepare_state(&mut self, leaves: usize) {
                Slot::prepare(&mut self.slots, leaves);
            }

            fn clear_state(&mut self) {
                self.slots.clear();
            }

            fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
                Slot::visit(&self.slots, "steps", Self::PRODUCT, Self::MOMENTS, f);
            }

            fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
                Slot::visit_mut(&mut self.slots, "steps", Self::PRODUCT, Self::MOMENTS, f);
            }
        }

        impl<T: Float> Optimizer<T> for $Name<T> {
            fn learning_rate(&self) -> f64 {
                self.learning_rate
            }

            fn set_learning_rate(&mut self, rate: f64) {
                self.learning_rate = rate;
            }

            fn refusal(&self, leaves: &dyn Leaves<T>) -> Option<String> {
                self.wrong().or_else(|| walk::misfit(&self.slots, leaves))
            }

            fn update(&mut self, leaves: &mut dyn Leaves<T>) {
                $module::change(self, leaves);
            }
        }
    )* };
    (@product) => { None };
    (@product $name:literal) => { Some($name) };
}

slotted! {
    Adadelta in adadelta: ["square", "delta"];
    Adagrad in adagrad: ["sum"];
    Adam in adam: ["mean", "square", "max"];
    Adamax in adamax: ["mean", "norm"];
    Lamb in lamb: ["mean", "square"];
    Lion in lion: ["mean"];
    NAdam in nadam: ["mean", "square"], "product";
    RAdam in radam: ["mean", "square"];
    RmsProp in rms_prop: ["square", "velocity", "mean"];
    Rprop in rprop: ["last", "size"];
    Sgd in sgd: ["velocity"];
}
