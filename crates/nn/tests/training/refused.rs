//! Every panic and every error that the docs of optimizers, schedules and the trainer promise,
//! provoked.

use wengert_nn::optim::{
    Accumulator, Adadelta, Adagrad, Adamax, Average, Groups, Guard, Lamb, Lbfgs, Lion, Lookahead,
    NAdam, OneCycle, Optimizer, RAdam, RmsProp, Rprop, Schedule, clip_by_norm, penalty,
};
use wengert_nn::parallel::Workers;
use wengert_nn::train::metrics::{self, Confusion};
use wengert_nn::train::{Csv, EarlyStopping, Event, JsonLines, Observer, Trainer};
use wengert_nn::{Adam, Sgd, SpectralNorm, WeightNorm};
use wengert_tape::{Bind, Gradients, Tape};
use wengert_tensor::{Rng, Tensor};

use crate::observers::Full;
use crate::refusals::{Place, check_errors, check_panics, errors, panics};

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

/// A penalty on no leaf.
macro_rules! nothing {
    ($penalty:path, $($number:expr),*) => {{
        let tape = Tape::new();
        $penalty(&model(1).bind(&tape), $($number,)* |_| false);
    }};
}

#[test]
fn regularization() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Groups::step": Groups::new(Sgd::new(0.1)).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Groups::step": { let mut groups = Groups::new(Sgd::new(0.1)); groups.step(&mut model(2), &grads(2)); groups.step(&mut model(3), &grads(3)) } => "the optimizer has groups of 2 leaves, the model has 3";
            "Guard::step": Guard::refuse(Sgd::new(0.1)).step(&mut model(2), &grads(3)) => "there are gradients of 3 leaves, the model has 2";
            "Guard::step": Guard::refuse(Sgd::new(0.1)).step(&mut model(1), &broken()) => "guard: the gradient of `0` is infinite or NaN somewhere";
            "Lookahead::new": Lookahead::<_, f64>::new(Sgd::<f64>::new(0.1), 0, 0.5) => "Lookahead: the number of steps is 0, and has to be above 0 and finite";
            "Lookahead::new": Lookahead::<_, f64>::new(Sgd::<f64>::new(0.1), 5, f64::NAN) => "Lookahead: the alpha is NaN, and has to be above 0 and finite";
            "Lookahead::step": { let mut ahead = Lookahead::new(Sgd::new(0.1), 5, 0.5); ahead.step(&mut model(2), &grads(2)); ahead.step(&mut model(3), &grads(3)) } => "it is the optimizer of another model";
            "Average::moving": Average::<f64>::moving(1.0) => "Average: the decay is 1, and has to be at least 0 and less than 1";
            "Average::update": { let mut average = Average::of_all(); average.update(&model(2)); average.update(&model(3)) } => "update: the mean is that of 2 leaves, the model has 3";
            "Average::swap": { let mut average = Average::of_all(); average.update(&Tensor::<f64>::ones([2])); average.swap(&mut Tensor::ones([3])) } => "swap: `` has 3 elements, its mean 2";
            "Accumulator::new": Accumulator::<Tensor<f64>, f64>::new(0) => "accumulator: a step takes a batch at least";
            "Accumulator::add": Accumulator::new(2).add(grads(1), -1.0) => "accumulator: -1 is no weight";
            "clip_by_norm": clip_by_norm(&mut grads(1), -1.0) => "clip_by_norm: -1 is no bound";
            "penalty::l1": nothing!(penalty::l1, 0.1) => "penalty: no leaf of the model counts";
            "penalty::l2": nothing!(penalty::l2, 0.1) => "penalty: no leaf of the model counts";
            "penalty::elastic": nothing!(penalty::elastic, 0.1, 0.5) => "penalty: no leaf of the model counts";
            "penalty::gaussian_prior": nothing!(penalty::gaussian_prior, 0.1) => "penalty: no leaf of the model counts";
            "WeightNorm::of": WeightNorm::of(&Tensor::ones([3])) => "weight norm: two axes are expected at least, the shape is [3]";
            "SpectralNorm::of": SpectralNorm::of(&Tensor::ones([3]), &mut Rng::seed_from_u64(1)) => "spectral norm: a matrix is expected, the shape is [3]";
        },
    );
}

/// A gradient of NaN.
fn broken() -> Gradients<Vec<Tensor<f64>>, f64> {
    Tape::new()
        .value_and_grad(&model(1), |_, m| m[0] * f64::NAN)
        .1
}

/// A trainer of one epoch.
fn trainer<'a>() -> Trainer<'a, Tensor<f64>, Sgd<f64>, f64> {
    Trainer::new(Sgd::new(0.1)).with_epochs(1)
}

fn one() -> Tensor<f64> {
    Tensor::from([1.0])
}

#[test]
fn training() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Trainer::run": Trainer::new(Sgd::new(0.1)).run(&mut one(), |_| [()], |_, x, _| x.sum()) => "trainer: neither epochs nor steps are set";
            "Trainer::run": trainer().with_early_stopping(EarlyStopping::new(1).with_metric("f1")).run(&mut one(), |_| [()], |_, x, _| x.sum()) => "trainer: the validation returns no `f1` to watch";
            "Trainer::run": Trainer::new(Sgd { learning_rate: -1.0, ..Sgd::new(0.1) }).with_epochs(1).run(&mut one(), |_| [()], |_, x, _| x.sum()) => "Sgd: the learning rate is -1";
            "Trainer::run_weighted": Trainer::new(Sgd::new(0.1)).run_weighted(&mut one(), |_| [()], |_| 1.0, |_, x, _| x.sum()) => "trainer: neither epochs nor steps are set";
            "Trainer::run_with": Trainer::new(Sgd::new(0.1)).run_with(&mut one(), |_| [()], |_| 1.0, |t, x, _| t.value_and_grad(x, |_, x| x.sum())) => "trainer: neither epochs nor steps are set";
            "Trainer::run_on": Trainer::new(Sgd::new(0.1)).run_on(&mut Workers::new(1, 1), &mut one(), |_| [()], |_| vec![1.0], |_, x, _, _| x.sum()) => "trainer: neither epochs nor steps are set";
            "Trainer::with_checkpoint_every": trainer().with_checkpoint_every(0) => "trainer: a checkpoint after every 0 steps";
            "metrics::top_k_accuracy": metrics::top_k_accuracy(&Tensor::<f64>::ones([2, 3]), &Tensor::from([1]), 2) => "top_k_accuracy: scores of the shape [2, 3] for labels of the shape [1]";
            "metrics::accuracy": metrics::accuracy(&Tensor::<f64>::ones([2, 3]), &Tensor::from([1])) => "accuracy: scores of the shape [2, 3] for labels of the shape [1]";
            "metrics::r_squared": metrics::r_squared(&Tensor::<f64>::ones([2]), &Tensor::ones([3])) => "r_squared: values of the shape [2] for targets of the shape [3]";
            "Confusion::add": Confusion::new(2).add(&Tensor::from([0, 1]), &Tensor::from([0])) => "confusion: 2 labels and 1 classes found";
            "Confusion::add": Confusion::new(2).add(&Tensor::from([0, 2]), &Tensor::from([0, 1])) => "confusion: 2 is none of 2 classes";
            "Confusion::add": Confusion::new(2).add(&Tensor::from([0, 1]), &Tensor::from([0, -1])) => "confusion: -1 is none of 2 classes";
            "Confusion::count": Confusion::new(2).count(0, 2) => "confusion: 0 or 2 is none of 2 classes";
            "Confusion::precision": Confusion::new(2).precision(2) => "confusion: 2 or 2 is none of 2 classes";
            "Confusion::recall": Confusion::new(2).recall(2) => "confusion: 2 or 2 is none of 2 classes";
            "Confusion::f1": Confusion::new(2).f1(2) => "is none of 2 classes";
        },
    );
    check_errors(errors! {
        "Trainer::run": trainer().run(&mut one(), |_| [(); 0], |_, x, _| x.sum()) => "epoch 0 has no batch";
        "Trainer::run": trainer().run(&mut one(), |_| [()], |_, x, _| x.sum() * f64::NAN) => "epoch 0, batch 0, after 0 steps: the loss is NaN; first, ";
        "Trainer::run_weighted": trainer().run_weighted(&mut one(), |_| [(); 0], |_| 1.0, |_, x, _| x.sum()) => "epoch 0 has no batch";
        "Trainer::run_with": trainer().run_with(&mut one(), |_| [()], |_| 1.0, |t, x, _| t.value_and_grad(x, |_, x| x.sum() * f64::NAN)) => "the loss is NaN; the gradient of `` is infinite or NaN somewhere";
        "Trainer::run_on": trainer().with_checkpoint(|_| Err("no room".into())).run_on(&mut Workers::new(1, 1), &mut one(), |_| [()], |_| vec![1.0], |_, x, _, _| x.sum()) => "the checkpoint of step 1 failed: no room";
        "JsonLines::finish": { let mut lines = JsonLines::new(Full::after(3)); lines.see(&Event::Start { epochs: None, steps: None }); lines.finish() } => "the disk is full";
        "Csv::finish": { let mut csv = Csv::new(Full::after(0)); csv.see(&epoch()); csv.finish() } => "the disk is full";
    });
}

/// An epoch without metrics.
fn epoch() -> Event<'static> {
    Event::Epoch {
        epoch: 0,
        step: 1,
        loss: 0.0,
        rate: 0.0,
        metrics: &[],
        best: false,
        seconds: 0.0,
    }
}
