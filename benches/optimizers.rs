//! What a step of each optimizer costs, beside Adam's: of three matrices of 512 × 512 in `f32`.
//!
//! `cargo bench --bench optimizers` prints the time of an update alone, the best of many, and its
//! ratio to that of `Adam`.
#![allow(clippy::print_stdout, reason = "a measurement reports what it found")]

use std::hint::black_box;
use std::time::Instant;

use wengert::nn::optim::{
    Adadelta, Adagrad, Adam, Adamax, Lamb, Lion, NAdam, Optimizer, RAdam, RmsProp, Rprop, Sgd,
};
use wengert::prelude::{Rng, Tape, Tensor};

fn main() {
    let mut rng = Rng::seed_from_u64(1);
    let model: Vec<Tensor> = (0..3).map(|_| rng.normal([512, 512], 0.0, 1.0)).collect();
    let mut tape = Tape::new();
    let (_, grads) = tape.value_and_grad(&model, |_, m| {
        m[0].square().sum() + m[1].square().sum() + m[2].square().sum()
    });
    let optimizers: Vec<(&str, Box<dyn Optimizer<f32>>)> = vec![
        ("Adam", Box::new(Adam::new(1e-3))),
        ("AMSGrad", Box::new(Adam::new(1e-3).with_amsgrad())),
        ("Sgd", Box::new(Sgd::new(1e-3))),
        (
            "Sgd with momentum",
            Box::new(Sgd::new(1e-3).with_momentum(0.9)),
        ),
        ("Adagrad", Box::new(Adagrad::new(1e-3))),
        ("Adadelta", Box::new(Adadelta::new(1e-3))),
        ("RmsProp", Box::new(RmsProp::new(1e-3))),
        (
            "RmsProp, centered",
            Box::new(RmsProp::new(1e-3).with_centered()),
        ),
        ("Adamax", Box::new(Adamax::new(1e-3))),
        ("NAdam", Box::new(NAdam::new(1e-3))),
        ("RAdam", Box::new(RAdam::new(1e-3))),
        ("Lion", Box::new(Lion::new(1e-3))),
        ("Lamb", Box::new(Lamb::new(1e-3))),
        ("Rprop", Box::new(Rprop::new(1e-3))),
    ];
    let mut adam = None;
    for (name, mut optimizer) in optimizers {
        let mut model = model.clone();
        let mut best = f64::INFINITY;
        for _ in 0..200 {
            let start = Instant::now();
            optimizer.step(black_box(&mut model), &grads);
            best = best.min(start.elapsed().as_secs_f64());
        }
        let own = *adam.get_or_insert(best);
        println!("{name:20} {:8.1} µs {:6.2} of Adam", best * 1e6, best / own);
    }
}
