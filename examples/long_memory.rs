//! The order of three symbols that stand far apart, which a plain recurrent network forgets and an LSTM
//! keeps. Each sequence is fifty symbols: E first, B last, and between them distractors a, b, c, d and
//! three symbols, each X or Y, at places that vary. At the end the network says which of the eight
//! orders XXX, XXY, … it was. Remembering the last symbol alone gives 0.25.
//!
//! This is task 6b of Hochreiter and Schmidhuber 1997 with half of its steps (and so half of its
//! places), and of one length, so that a batch is one tensor. The LSTM is theirs of 1997, without a
//! forget gate. The optimizer is Adam with 0.01, halved after every 1,000 of 3,000 steps.
//!
//! `cargo run --release --example long_memory`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::recurrent::{Reader, Rnn};
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{LstmOptions, LstmVariant};
use wengert::prelude::*;

const TIME: usize = 50;
const SYMBOLS: usize = 8;
const CLASSES: usize = 8;
const HIDDEN: usize = 8;
/// What the biases of the LSTM's gates start with: below 0, as in 1997, so that the memory does not
/// fill before it is used.
const GATE_BIAS: f32 = -1.0;
const BATCH: usize = 32;
const SEEDS: usize = 5;
const KINDS: [&str; 2] = ["simple", "lstm_1997"];
/// The symbols are E, B, X, Y and four distractors.
const START: i64 = 0;
const END: i64 = 1;
const X: i64 = 2;
/// Where the three symbols stand.
const PLACES: [std::ops::Range<i64>; 3] = [5..11, 16..23, 33..39];

/// Shows which networks remember the order of three symbols
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Sequences \[N, T, 8\] of one-hot symbols, and their classes \[N\].
fn sequences(count: usize, rng: &mut Rng) -> (Tensor, Tensor<i64>) {
    let (mut symbols, mut classes) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut row: Vec<i64> = (0..TIME).map(|_| rng.int(4..SYMBOLS as i64)).collect();
        (row[0], row[TIME - 1]) = (START, END);
        let mut class = 0;
        for places in PLACES {
            let bit = rng.int(0..2);
            row[rng.int(places) as usize] = X + bit;
            class = 2 * class + bit;
        }
        symbols.extend(row);
        classes.push(class);
    }
    let symbols = Tensor::from_vec(symbols, [count, TIME]).expect("a symbol for every step");
    (symbols.one_hot(SYMBOLS), Tensor::from(classes))
}

fn fresh(kind: &str, rng: &mut Rng) -> Reader {
    match kind {
        "simple" => Reader::of(kind, [SYMBOLS, HIDDEN, CLASSES], rng),
        _ => {
            let options = LstmOptions::of_1997();
            let mut lstm = LstmVariant::with_options(SYMBOLS, HIDDEN, options, rng);
            // The parts of the bias are those of the input gate, the candidate and the output gate.
            if let Some(bias) = &mut lstm.layers[0].forward.bias {
                let bias = bias.as_mut_slice();
                bias[..HIDDEN].fill(GATE_BIAS);
                bias[2 * HIDDEN..].fill(GATE_BIAS);
            }
            Reader::new(Rnn::Variant(lstm), HIDDEN, CLASSES, rng)
        }
    }
}

/// The share of sequences whose class the model says.
fn accuracy(model: &Reader, (x, classes): &(Tensor, Tensor<i64>)) -> f64 {
    let said = Tape::new().evaluate(model, |t, m| m.last(t.constant(x)).argmax(-1));
    let right = said.iter().zip(classes.iter()).filter(|(a, b)| a == b);
    right.count() as f64 / classes.size() as f64
}

/// The test accuracy, and the validation accuracy on the way.
fn learn(kind: &str, steps: usize, rng: &Rng, mut tick: impl FnMut(f32)) -> (f64, Vec<(f64, f64)>) {
    let (validation, test) = (
        sequences(500, &mut rng.split(1)),
        sequences(2000, &mut rng.split(2)),
    );
    let mut model = fresh(kind, &mut rng.split(3));
    let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-2));
    let (mut data, mut curve) = (rng.split(4), Vec::new());
    let look = (steps / 40).max(1);
    for step in 0..steps {
        adam.learning_rate = 1e-2 * 0.5f64.powi((step / 1000) as i32);
        let (x, classes) = sequences(BATCH, &mut data);
        let (loss, mut grads) = tape.value_and_grad(&model, |t, m| {
            cross_entropy(m.last(t.constant(&x)), &classes)
        });
        clip_by_global_norm(&mut grads, 1.0);
        adam.step(&mut model, &grads);
        if (step + 1) % look == 0 {
            curve.push(((step + 1) as f64, accuracy(&model, &validation)));
        }
        tick(loss);
    }
    (accuracy(&model, &test), curve)
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("long_memory");
    let (seeds, steps) = if options.quick {
        (2, 40)
    } else {
        (SEEDS, 3000)
    };
    let found = each_seed(options, seeds, KINDS.len() * steps, |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        KINDS.map(|kind| {
            learn(kind, steps, &rng, |loss| {
                ticker.tick(|| format!("{kind}, loss {loss:.4}"));
            })
        })
    });
    for (at, kind) in KINDS.iter().enumerate() {
        let accuracies: Vec<f64> = found.iter().map(|kinds| kinds[at].0).collect();
        figures.add(&format!("{kind}.test_accuracy"), &accuracies);
    }

    let names = ["plain recurrent network", "LSTM of 1997"];
    let lines = [0, 1].map(|at| (names[at], &found[0][at].1));
    let path = options.picture("long_memory.svg")?;
    Chart::new("The order of three symbols among fifty: one seed")
        .with_axes("step", "accuracy")
        .with_x_range(0.0..1.02 * steps as f64)
        .with_y_range(0.0..1.3)
        .with_lines(&lines)
        .save(&path)?;
    println!("the learning curves are in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("long_memory", run(&Arguments::parse().options))
}
