//! Recurrent layers that run in both directions: what they see that a layer in one direction cannot,
//! and what stands in their equations.
//!
//! - The product of both neighbors, yₜ = xₜ₋₁ xₜ₊₁ of random numbers: a layer in one direction has
//!   not read xₜ₊₁ yet, and can do no better than to answer 0.
//! - A layer reads a reversed sequence as the layer with exchanged weights reads the sequence: its
//!   backward state is h(t) = f(U x(t) + W h(t+1) + b).
//! - The gradient of a layer in both directions is not that of two networks, one a direction.
//! - Handwritten digits read row by row by an LSTM with 25 units each way.
//!
//! Source: Schuster and Paliwal 1997, *Bidirectional recurrent neural networks*; Sugomori, *Deep
//! learning with TensorFlow and Keras*, equations 6.2 and 6.3 and the digits of the second edition
//! (48,000 images to learn from, batches of 100, Adam). Other than there, the learning rate falls
//! along a line, from 0.004 to 0, for there are five epochs only.
//!
//! `cargo run --release --example bidirectional -- --data DIR`, a folder with the four MNIST files, or
//! with `WENGERT_DATA` set to a folder that has them in `mnist/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::digits::Digits;
use support::figures::Figures;
use support::folder::folder;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{Cell, Layer, Recurrent};
use wengert::prelude::*;
use wengert::tape::Model;

const SEEDS: usize = 5;
const BOTH: Stacking = Stacking {
    layers: 1,
    bidirectional: true,
};
/// Steps of a sequence of random numbers, and their mean square.
const TIME: usize = 12;
const PRODUCT_STEPS: usize = 2500;
const PRODUCT_RATE: f64 = 1e-2;
const PRODUCT_BATCH: usize = 32;
const DIGIT_SEEDS: usize = 3;
const DIGIT_HIDDEN: usize = 25;
const DIGIT_BATCH: usize = 100;
const DIGIT_RATE: f64 = 4e-3;
const DIGIT_EPOCHS: usize = 5;
const DIGIT_TRAINED: usize = 48_000;

/// Runs recurrent layers in both directions
#[derive(Parser)]
struct Arguments {
    /// The folder with the four MNIST files
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// A recurrent layer, and a head with a hidden layer, which can multiply.
#[derive(Tree, Clone)]
struct Products<P = Tensor> {
    rnn: Lstm<P>,
    hidden: Linear<P>,
    head: Linear<P>,
}

impl<'t> Products<Var<'t>> {
    /// x \[B, T, 1\] → \[B, T − 2, 1\], for the steps that have two neighbors.
    fn predict(&self, x: Var<'t>) -> Var<'t> {
        let (h, _) = self.rnn.run(x, None);
        let h = h.slice(1, 1..TIME - 1);
        self.head.forward(self.hidden.forward(h).relu())
    }
}

/// Numbers x \[B, T, 1\] from −1 to 1, and for each but the first and the last the product of its
/// neighbors.
fn neighbors(count: usize, rng: &mut Rng) -> (Tensor, Tensor) {
    let x: Tensor = rng.uniform([count, TIME, 1], -1.0, 1.0);
    let y = x.slice(1, ..-2) * x.slice(1, 2..);
    (x, y)
}

/// The error over the variance of what is wanted, and its course in training.
fn products(both: bool, seed: u64, steps: usize, ticker: &Ticker) -> (f64, Vec<(f64, f64)>) {
    let mut rng = Rng::seed_from_u64(seed);
    let stacking = Stacking {
        bidirectional: both,
        ..BOTH
    };
    // As many units in one direction as in two.
    let rnn = Lstm::stacked(1, if both { 12 } else { 24 }, stacking, &mut rng);
    let mut model = Products {
        rnn,
        hidden: Linear::new(24, 24, &mut rng),
        head: Linear::new(24, 1, &mut rng),
    };
    let (mut tape, mut adam) = (Tape::new(), Adam::new(PRODUCT_RATE));
    let (mut curve, mut mean) = (Vec::new(), 0.0);
    let part = steps / 50 + 1;
    for step in 1..=steps {
        adam.learning_rate = PRODUCT_RATE * (1.0 - step as f64 / steps as f64);
        let (x, y) = neighbors(PRODUCT_BATCH, &mut rng);
        let (loss, mut grads) =
            tape.value_and_grad(&model, |t, m| mse(m.predict(t.constant(&x)), &y));
        clip_by_global_norm(&mut grads, 1.0);
        adam.step(&mut model, &grads);
        // The variance of a product of two numbers from −1 to 1 is 1/9.
        mean += 9.0 * f64::from(loss) / part as f64;
        if step % part == 0 {
            curve.push((step as f64, std::mem::take(&mut mean)));
        }
        ticker.tick(|| format!("products, error {:.4}", 9.0 * loss));
    }
    let (x, y) = neighbors(2000, &mut rng);
    let error = tape.evaluate(&model, |t, m| mse(m.predict(t.constant(&x)), &y).item());
    (
        f64::from(error) / f64::from(y.var(&[], 0, false).item()),
        curve,
    )
}

/// How far a layer over the reversed sequence is from the reversed outputs of the layer with exchanged
/// directions, whose halves are exchanged too.
fn reversal<C>(forward: C, backward: C, rng: &mut Rng) -> f64
where
    C: Tree<Tensor<f64>> + Clone,
    for<'t> C::With<Var<'t, f64>>: Cell<'t, f64>,
{
    let layer = |forward: &C, backward: &C| Recurrent {
        layers: [Layer {
            forward: forward.clone(),
            backward: Some(backward.clone()),
        }]
        .into_iter()
        .collect(),
    };
    let outputs = |rnn: &Recurrent<C>, x: &Tensor<f64>| {
        Tape::new().evaluate(rnn, |t, rnn| rnn.run(t.constant(x), None).0.value())
    };
    let x: Tensor<f64> = rng.normal([4, 9, 3], 0.0, 1.0);
    let there = outputs(&layer(&forward, &backward), &x.flip(&[1]));
    let back = outputs(&layer(&backward, &forward), &x).flip(&[1]);
    let width = back.dim(2) as isize / 2;
    let back = Tensor::cat(&[back.slice(2, width..), back.slice(2, ..width)], 2);
    there.max_abs_diff(&back)
}

/// How far the gradients of the two directions are from those of two networks with the same weights,
/// one a direction, as shares of the latter.
fn separate(rng: &mut Rng) -> Outcome<[f64; 2]> {
    let rnn = SimpleRnn::stacked(3, 5, BOTH, rng).cast::<f64>();
    let head = Linear::new(10, 1, rng).cast::<f64>();
    let x: Tensor<f64> = rng.normal([4, 9, 3], 0.0, 1.0);
    let y: Tensor<f64> = rng.normal([4, 9, 1], 0.0, 1.0);
    let model = (rnn, head);
    let mut tape = Tape::<f64>::new();
    let (_, grads) = tape.value_and_grad(&model, |t, (rnn, head)| {
        mse(head.forward(rnn.run(t.constant(&x), None).0), &y)
    });
    let joint = grads.tree(&model).0.layers.swap_remove(0);
    let Layer { forward, backward } = model.0.layers[0].clone();
    let (x_back, y_back) = (x.flip(&[1]), y.flip(&[1]));
    let mut distance = |cell, joint: &SimpleRnnCell<Tensor<f64>>, rows, x: &_, y: &_| {
        let half = Linear {
            weight: model.1.weight.slice(0, rows),
            bias: model.1.bias.clone(),
        };
        let alone = (SimpleRnn::of([cell]), half);
        let (_, grads) = tape.value_and_grad(&alone, |t, (rnn, head)| {
            mse(head.forward(rnn.run(t.constant(x), None).0), y)
        });
        let mut own = grads.tree(&alone).0.layers.swap_remove(0).forward;
        let norm = own.norm();
        own.add_scaled(-1.0, joint)?;
        Ok::<f64, wengert::tree::StructureError>(own.norm() / norm)
    };
    let both = "it has both directions";
    let there = distance(forward, &joint.forward, 0..5, &x, &y)?;
    let back = joint.backward.as_ref().expect(both);
    let back = distance(backward.expect(both), back, 5..10, &x_back, &y_back)?;
    Ok([there, back])
}

/// An LSTM in both directions that reads images row by row.
#[derive(Tree, Clone)]
struct Rows<P = Tensor> {
    rnn: Lstm<P>,
    head: Linear<P>,
}

impl<'t> Rows<Var<'t>> {
    /// x \[B, 784\] → logits \[B, 10\]
    fn logits(&self, x: Var<'t>) -> Var<'t> {
        let rows = x.reshape(&[-1, 28, 28]);
        self.head.forward(self.rnn.last(rows, None).h())
    }
}

fn new_rows(rng: &mut Rng) -> Rows {
    Rows {
        rnn: Lstm::stacked(28, DIGIT_HIDDEN, BOTH, rng),
        head: Linear::new(2 * DIGIT_HIDDEN, 10, rng),
    }
}

/// The share of images that are read rightly.
fn accuracy(model: &Rows, digits: &Digits, rows: std::ops::Range<usize>) -> f64 {
    let (mut right, mut tape) = (0, Tape::new());
    let count = rows.len();
    for at in rows.step_by(500) {
        let end = (at + 500).min(digits.labels.size());
        let x = digits.images.slice(0, at..end);
        let read = tape.evaluate(model, |t, m| m.logits(t.constant(&x)).argmax(-1));
        right += read.eq(digits.labels.slice(0, at..end)).count();
    }
    right as f64 / count as f64
}

/// Trains on the first `trained` images; the accuracy on the others and on the test images.
fn digits(
    data: &[Digits; 2],
    trained: usize,
    epochs: usize,
    seed: u64,
    ticker: &Ticker,
) -> [f64; 2] {
    let [train, test] = data;
    let mut rng = Rng::seed_from_u64(seed);
    let mut model = new_rows(&mut rng);
    let (mut tape, mut adam) = (Tape::new(), Adam::new(DIGIT_RATE));
    let steps = epochs * trained.div_ceil(DIGIT_BATCH);
    let mut done = 0;
    for _ in 0..epochs {
        for rows in Batches::shuffled(trained, DIGIT_BATCH, &mut rng) {
            adam.learning_rate = DIGIT_RATE * (1.0 - done as f64 / steps as f64);
            let (x, y) = train.rows(&rows);
            let (loss, mut grads) =
                tape.value_and_grad(&model, |t, m| cross_entropy(m.logits(t.constant(&x)), &y));
            clip_by_global_norm(&mut grads, 1.0);
            adam.step(&mut model, &grads);
            done += 1;
            ticker.tick(|| format!("digits, loss {loss:.3}"));
        }
    }
    [
        accuracy(&model, train, trained..train.labels.size()),
        accuracy(&model, test, 0..test.labels.size()),
    ]
}

fn run(options: &Options, data: Option<&Path>) -> Outcome {
    let mut figures = Figures::new("bidirectional");
    let quick = options.quick;
    let mut rng = Rng::seed_from_u64(options.seed);
    let [forward, backward] = [0; 2].map(|_| SimpleRnnCell::new(3, 5, &mut rng).cast::<f64>());
    let simple = reversal(forward, backward, &mut rng);
    let [forward, backward] = [0; 2].map(|_| LstmCell::new(3, 5, &mut rng).cast::<f64>());
    let lstm = reversal(forward, backward, &mut rng);
    let [forward, backward] = [0; 2].map(|_| GruCell::new(3, 5, &mut rng).cast::<f64>());
    let gru = reversal(forward, backward, &mut rng);
    figures.add("reversal.distance", &[simple, lstm, gru]);
    figures.add("joint_gradient.distance", &separate(&mut rng)?);

    let (seeds, steps) = if quick {
        (1, 30)
    } else {
        (SEEDS, PRODUCT_STEPS)
    };
    let mut lines = Vec::new();
    for (name, both) in [("one direction", false), ("both directions", true)] {
        let found = each_seed(options, seeds, steps, |seed, ticker| {
            products(both, seed, steps, ticker)
        });
        let errors: Vec<f64> = found.iter().map(|(error, _)| *error).collect();
        let figure = if both { "both" } else { "one" };
        figures.add(&format!("products.{figure}.error_over_variance"), &errors);
        lines.push((name, found.into_iter().next().expect("there is a seed").1));
    }
    Chart::new("The product of both neighbors")
        .with_axes("step", "squared error over the variance")
        .with_log_y()
        .with_lines(&lines)
        .save(options.picture("bidirectional.svg")?)?;

    figures.add(
        "digits.parameters",
        &[new_rows(&mut rng).element_count() as f64],
    );
    match data {
        Some(folder) => {
            let data = [
                Digits::load(folder, "train")?,
                Digits::load(folder, "t10k")?,
            ];
            let (data, trained, seeds, epochs) = if quick {
                (data.map(|part| part.first(1200)), 1000, 1, 1)
            } else {
                (data, DIGIT_TRAINED, DIGIT_SEEDS, DIGIT_EPOCHS)
            };
            let steps = epochs * trained.div_ceil(DIGIT_BATCH);
            let found = each_seed(options, seeds, steps, |seed, ticker| {
                digits(&data, trained, epochs, seed, ticker)
            });
            let of = |at: usize| found.iter().map(|found| found[at]).collect::<Vec<f64>>();
            figures.add("digits.validation_accuracy", &of(0));
            figures.add("digits.test_accuracy", &of(1));
        }
        None => println!("digits: skipped, for there is no data (--data DIR or WENGERT_DATA)"),
    }
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    let data = folder(data, "mnist", options.quick);
    let outcome = data.and_then(|data| run(&options, data.as_deref()));
    support::exit("bidirectional", outcome)
}
