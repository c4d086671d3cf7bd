//! Every panic and every error that the docs of optimizers, schedules and the trainer promise,
//! provoked.

use wengert_nn::optim::{
    Adadelta, Adagrad, Adamax, Lamb, Lbfgs, Lion, NAdam, OneCycle, Optimizer, RAdam, RmsProp,
    Rprop, Schedule,
};
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
            "Adadelta::new": Adadelta::<f64>::new(-1.0) => "Adadelta: the learning rate is -1, and has to be at least 0 and finite";
            "Adadelta::step": Adadelta::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Adadelta::step": { let mut optimizer = Adadelta::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "Adadelta::with_rho": Adadelta::<f64>::new(0.1).with_rho(1.0) => "Adadelta: the rho is 1, and has to be at least 0 and less than 1";
            "Adadelta::with_epsilon": Adadelta::<f64>::new(0.1).with_epsilon(-1.0) => "Adadelta: the epsilon is -1, and has to be at least 0 and finite";
            "Adadelta::with_weight_decay": Adadelta::<f64>::new(0.1).with_weight_decay(-1.0) => "Adadelta: the weight decay is -1, and has to be at least 0 and finite";
            "Adagrad::new": Adagrad::<f64>::new(-1.0) => "Adagrad: the learning rate is -1, and has to be at least 0 and finite";
            "Adagrad::step": Adagrad::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Adagrad::step": { let mut optimizer = Adagrad::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "Adagrad::with_rate_decay": Adagrad::<f64>::new(0.1).with_rate_decay(-1.0) => "Adagrad: the decay of the rate is -1, and has to be at least 0 and finite";
            "Adagrad::with_epsilon": Adagrad::<f64>::new(0.1).with_epsilon(-1.0) => "Adagrad: the epsilon is -1, and has to be at least 0 and finite";
            "Adagrad::with_weight_decay": Adagrad::<f64>::new(0.1).with_weight_decay(-1.0) => "Adagrad: the weight decay is -1, and has to be at least 0 and finite";
            "Adagrad::with_initial": Adagrad::<f64>::new(0.1).with_initial(-1.0) => "Adagrad: the initial sum is -1, and has to be at least 0 and finite";
            "Adamax::new": Adamax::<f64>::new(-1.0) => "Adamax: the learning rate is -1, and has to be at least 0 and finite";
            "Adamax::step": Adamax::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Adamax::step": { let mut optimizer = Adamax::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "Adamax::with_betas": Adamax::<f64>::new(0.1).with_betas(1.0, 0.5) => "Adamax: the first beta is 1, and has to be at least 0 and less than 1";
            "Adamax::with_betas": Adamax::<f64>::new(0.1).with_betas(0.5, -1.0) => "Adamax: the second beta is -1, and has to be at least 0 and less than 1";
            "Adamax::with_epsilon": Adamax::<f64>::new(0.1).with_epsilon(-1.0) => "Adamax: the epsilon is -1, and has to be at least 0 and finite";
            "Adamax::with_weight_decay": Adamax::<f64>::new(0.1).with_weight_decay(-1.0) => "Adamax: the weight decay is -1, and has to be at least 0 and finite";
            "Lamb::new": Lamb::<f64>::new(-1.0) => "Lamb: the learning rate is -1, and has to be at least 0 and finite";
            "Lamb::step": Lamb::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Lamb::step": { let mut optimizer = Lamb::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "Lamb::with_betas": Lamb::<f64>::new(0.1).with_betas(1.0, 0.5) => "Lamb: the first beta is 1, and has to be at least 0 and less than 1";
            "Lamb::with_betas": Lamb::<f64>::new(0.1).with_betas(0.5, -1.0) => "Lamb: the second beta is -1, and has to be at least 0 and less than 1";
            "Lamb::with_epsilon": Lamb::<f64>::new(0.1).with_epsilon(-1.0) => "Lamb: the epsilon is -1, and has to be at least 0 and finite";
            "Lamb::with_weight_decay": Lamb::<f64>::new(0.1).with_weight_decay(-1.0) => "Lamb: the weight decay is -1, and has to be at least 0 and finite";
            "Lion::new": Lion::<f64>::new(-1.0) => "Lion: the learning rate is -1, and has to be at least 0 and finite";
            "Lion::step": Lion::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Lion::step": { let mut optimizer = Lion::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "Lion::with_betas": Lion::<f64>::new(0.1).with_betas(1.0, 0.5) => "Lion: the first beta is 1, and has to be at least 0 and less than 1";
            "Lion::with_betas": Lion::<f64>::new(0.1).with_betas(0.5, -1.0) => "Lion: the second beta is -1, and has to be at least 0 and less than 1";
            "Lion::with_weight_decay": Lion::<f64>::new(0.1).with_weight_decay(-1.0) => "Lion: the weight decay is -1, and has to be at least 0 and finite";
            "NAdam::new": NAdam::<f64>::new(-1.0) => "NAdam: the learning rate is -1, and has to be at least 0 and finite";
            "NAdam::step": NAdam::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "NAdam::step": { let mut optimizer = NAdam::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "NAdam::with_betas": NAdam::<f64>::new(0.1).with_betas(1.0, 0.5) => "NAdam: the first beta is 1, and has to be at least 0 and less than 1";
            "NAdam::with_betas": NAdam::<f64>::new(0.1).with_betas(0.5, -1.0) => "NAdam: the second beta is -1, and has to be at least 0 and less than 1";
            "NAdam::with_epsilon": NAdam::<f64>::new(0.1).with_epsilon(-1.0) => "NAdam: the epsilon is -1, and has to be at least 0 and finite";
            "NAdam::with_momentum_decay": NAdam::<f64>::new(0.1).with_momentum_decay(-1.0) => "NAdam: the decay of the momentum is -1, and has to be at least 0 and finite";
            "NAdam::with_weight_decay": NAdam::<f64>::new(0.1).with_weight_decay(-1.0) => "NAdam: the weight decay is -1, and has to be at least 0 and finite";
            "NAdam::with_decoupled_weight_decay": NAdam::<f64>::new(0.1).with_decoupled_weight_decay(-1.0) => "NAdam: the weight decay is -1, and has to be at least 0 and finite";
            "RAdam::new": RAdam::<f64>::new(-1.0) => "RAdam: the learning rate is -1, and has to be at least 0 and finite";
            "RAdam::step": RAdam::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "RAdam::step": { let mut optimizer = RAdam::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "RAdam::with_betas": RAdam::<f64>::new(0.1).with_betas(1.0, 0.5) => "RAdam: the first beta is 1, and has to be at least 0 and less than 1";
            "RAdam::with_betas": RAdam::<f64>::new(0.1).with_betas(0.5, -1.0) => "RAdam: the second beta is -1, and has to be at least 0 and less than 1";
            "RAdam::with_epsilon": RAdam::<f64>::new(0.1).with_epsilon(-1.0) => "RAdam: the epsilon is -1, and has to be at least 0 and finite";
            "RAdam::with_weight_decay": RAdam::<f64>::new(0.1).with_weight_decay(-1.0) => "RAdam: the weight decay is -1, and has to be at least 0 and finite";
            "RAdam::with_decoupled_weight_decay": RAdam::<f64>::new(0.1).with_decoupled_weight_decay(-1.0) => "RAdam: the weight decay is -1, and has to be at least 0 and finite";
            "RmsProp::new": RmsProp::<f64>::new(-1.0) => "RmsProp: the learning rate is -1, and has to be at least 0 and finite";
            "RmsProp::step": RmsProp::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "RmsProp::step": { let mut optimizer = RmsProp::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "RmsProp::with_alpha": RmsProp::<f64>::new(0.1).with_alpha(1.0) => "RmsProp: the alpha is 1, and has to be at least 0 and less than 1";
            "RmsProp::with_momentum": RmsProp::<f64>::new(0.1).with_momentum(-1.0) => "RmsProp: the momentum is -1, and has to be at least 0 and finite";
            "RmsProp::with_epsilon": RmsProp::<f64>::new(0.1).with_epsilon(-1.0) => "RmsProp: the epsilon is -1, and has to be at least 0 and finite";
            "RmsProp::with_weight_decay": RmsProp::<f64>::new(0.1).with_weight_decay(-1.0) => "RmsProp: the weight decay is -1, and has to be at least 0 and finite";
            "Rprop::new": Rprop::<f64>::new(-1.0) => "Rprop: the learning rate is -1, and has to be at least 0 and finite";
            "Rprop::step": Rprop::new(0.1).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Rprop::step": { let mut optimizer = Rprop::new(0.1); optimizer.step(&mut model(2), &grads(2)); optimizer.step(&mut model(1), &grads(1)) } => "it is the optimizer of another model";
            "Rprop::with_factors": Rprop::<f64>::new(0.1).with_factors(1.0, 1.2) => "Rprop: the factor of shrinking is 1, and has to be at least 0 and less than 1";
            "Rprop::with_factors": Rprop::<f64>::new(0.1).with_factors(0.5, 1.0) => "Rprop: the factor of growing is 1, and has to be above 1 and finite";
            "Rprop::with_sizes": Rprop::<f64>::new(0.1).with_sizes(0.0, 1.0) => "Rprop: the least size is 0, and has to be above 0 and finite";
            "Rprop::with_sizes": Rprop::<f64>::new(0.1).with_sizes(0.1, f64::INFINITY) => "Rprop: the greatest size is inf, and has to be above 0 and finite";
            "Lbfgs::with_memory": Lbfgs::<f64>::new().with_memory(0) => "Lbfgs: the memory is 0, and has to be above 0 and finite";
            "Lbfgs::with_learning_rate": Lbfgs::<f64>::new().with_learning_rate(0.0) => "Lbfgs: the learning rate is 0, and has to be above 0 and finite";
            "Lbfgs::step": Lbfgs::new().step(&mut model(2), |_| (1.0, grads(3))) => "there are gradients of 3 leaves, the model has 2";
            "Lbfgs::step": Lbfgs::new().step(&mut model(1), |_| (f64::NAN, grads(1))) => "Lbfgs: the loss is NaN";
            "Lbfgs::step": { let mut lbfgs = Lbfgs::new(); lbfgs.step(&mut model(1), |m| Tape::new().value_and_grad(m, |_, m| (m[0] * m[0]).sum())); lbfgs.step(&mut model(2), |_| (1.0, grads(2))) } => "Lbfgs: the model has 2 elements, the steps that are held 1: it is the optimizer of another model";
            "Sgd::with_dampening": Sgd::<f64>::new(0.1).with_dampening(1.0) => "Sgd: the dampening is 1, and has to be at least 0 and less than 1";
        },
    );
}

#[test]
fn schedules() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Schedule::step": Schedule::step(0.1, 0, 0.5) => "schedule: step needs a step at least";
            "Schedule::cosine": Schedule::cosine(0.1, 0, 0.0) => "schedule: cosine needs a step at least";
            "Schedule::cosine_restarts": Schedule::cosine_restarts(0.1, 0, 1, 0.0) => "schedule: cosine_restarts needs a step at least";
            "Schedule::cosine_restarts": Schedule::cosine_restarts(0.1, 1, 0, 0.0) => "schedule: cosine_restarts needs a factor of 1 at least";
            "Schedule::linear": Schedule::linear(0.1, 0.2, 0) => "schedule: linear needs a step at least";
            "Schedule::polynomial": Schedule::polynomial(0.1, 0, 1.0) => "schedule: polynomial needs a step at least";
            "Schedule::inverse_root": Schedule::inverse_root(0.1, 0) => "schedule: inverse_root needs a step at least";
            "Schedule::one_cycle": Schedule::one_cycle(OneCycle::new(0.1, 0)) => "schedule: one_cycle needs a step at least";
        },
    );
}
