//! Every panic and every error that the docs of optimizers, schedules and the trainer promise,
//! provoked.

use wengert_nn::optim::Optimizer;
use wengert_nn::{Adam, Sgd};
use wengert_tape::{Gradients, Tape};
use wengert_tensor::Tensor;

use crate::refusals::{Place, check_panics, panics};

/// A model of so many numbers.
fn model(leaves: usize) -> Vec<Tensor<f64>> {
    vec![Tensor::scalar(1.0); leaves]
}

/// The gradients of a model of so many numbers.
fn grads(leaves: usize) -> Gradients<Vec<Tensor<f64>>, f64> {
    Tape::new()
        .value_and_grad(&model(leaves), |_, m| m[0] * m[0])
        .1
}

/// One step of any optimizer, by the trait.
#[track_caller]
fn step<O: Optimizer<f64>>(mut optimizer: O, leaves: usize) {
    optimizer.step(&mut model(2), &grads(leaves));
}

#[test]
fn optimizers() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Optimizer::step": step(Adam::new(0.1), 3) => "there are gradients of 3 leaves, the model has 2";
            "Optimizer::step": step(Box::new(Sgd::new(0.1)) as Box<dyn Optimizer<f64>>, 1) => "there are gradients of 1 leaves, and none of `1`";
            "Sgd::with_dampening": Sgd::<f64>::new(0.1).with_dampening(1.0) => "Sgd: the dampening is 1, and has to be at least 0 and less than 1";
        },
    );
}
