//! W1 to W3: chains of elementwise ops, numbers alone, and a network of linear layers.

use wengert::prelude::*;
use wengert_peers::measure::Bench;

use crate::train::{Differentiator, Step, part};

pub fn run(bench: &Bench, threads: usize) {
    for size in [1, 64, 1024] {
        bench.run(&format!("W1-{size}"), || chain(size));
    }
    bench.run("W2", scalars);
    bench.run("W3", || classify(threads));
}

/// W1: a thousand elementwise ops on so many numbers.
fn chain(size: usize) -> Step {
    let [x, a, b] = [0.5, 1.01, 0.01].map(|value| Tensor::<f32>::full([size], value));
    let mut tape = Tape::new();
    Box::new(move || {
        let loss = {
            let (a, b) = (tape.constant(&a), tape.constant(&b));
            let x0 = tape.leaf(&x);
            let mut x = x0;
            for op in 0..1000 {
                x = match op % 3 {
                    0 => x * a,
                    1 => x + b,
                    _ => x.tanh(),
                };
            }
            let loss = x.sum();
            std::hint::black_box(loss.backward());
            loss.item()
        };
        tape.reset();
        f64::from(loss)
    })
}

/// W2: a network 2-16-16-1 whose every number is a node.
fn scalars() -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let weights: Vec<Tensor<f64>> = (0..337).map(|_| rng.uniform([], -0.5, 0.5)).collect();
    let mut tape = Tape::<f64>::new();
    Box::new(move || {
        let loss = {
            // As a model is bound: before the first op.
            let weights: Vec<_> = weights.iter().map(|weight| tape.leaf(weight)).collect();
            let mut weights = weights.into_iter();
            let mut next = || weights.next().expect("337 weights");
            let mut values = vec![tape.scalar(0.3), tape.scalar(-0.7)];
            for (outputs, last) in [(16, false), (16, false), (1, true)] {
                let layer = (0..outputs).map(|_| {
                    let mut sum = next();
                    for &value in &values {
                        sum += next() * value;
                    }
                    if last { sum } else { sum.tanh() }
                });
                values = layer.collect();
            }
            let error = values[0] - tape.scalar(1.0);
            let loss = error * error;
            std::hint::black_box(loss.backward());
            loss.item()
        };
        tape.reset();
        loss
    })
}

#[derive(Tree, Clone)]
struct Mlp<P = Tensor> {
    layers: [Linear<P>; 4],
}

impl<'t> Mlp<Var<'t>> {
    fn loss(&self, x: Var<'t>, labels: &Tensor<i64>) -> Var<'t> {
        let mut h = self.layers[0].forward(x);
        for layer in &self.layers[1..] {
            h = layer.forward(h.relu());
        }
        cross_entropy(h, labels)
    }
}

/// W3: a network 784-200-200-200-10 on 200 images.
fn classify(threads: usize) -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let sizes = [784, 200, 200, 200, 10];
    let mut model: Mlp = Mlp {
        layers: std::array::from_fn(|k| Linear::new(sizes[k], sizes[k + 1], &mut rng)),
    };
    let x: Tensor = rng.uniform([200, 784], -0.5, 0.5);
    let labels = Tensor::<i64>::from((0..200).map(|row| row % 10).collect::<Vec<i64>>());
    let mut sgd = Sgd::new(0.01);
    let mut gradients = Differentiator::new(threads, 200);
    Box::new(move || {
        let (x, labels) = (x.clone(), labels.clone());
        let (loss, grads) = gradients.of(&model, move |t, model, shard| {
            model.loss(t.constant(&part(&x, shard)), &part(&labels, shard))
        });
        sgd.step(&mut model, &grads);
        f64::from(loss)
    })
}
