//! The gated recurrent unit beside the long short-term memory: three parts where the other has four,
//! less time a step, and what both come to on three tasks. The source names no winner, and neither
//! does this table.
//!
//! - the noisy sine: the error of the next point (the noise alone is 8.3e-4);
//! - the Adding Problem over 50 steps: the squared error on fresh sequences (always guessing 1: 0.167);
//! - the embedded Reber grammar: the share of fresh strings in which every step puts all symbols that
//!   may follow above all others.
//!
//! Source: Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*; Hochreiter
//! and Schmidhuber 1997, *Long short-term memory*, for the tasks; Sugomori, *Deep learning with
//! TensorFlow and Keras*, section 5.3.
//!
//! Times are those of a whole step of training on one thread, 20 of each kind in turn. They are the
//! one figure here that another run does not repeat to the last bit.
//!
//! `cargo run --release --example gru_and_lstm`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use support::adding::{Training, error, sequences};
use support::figures::Figures;
use support::picture::{Line, curves};
use support::reber::{COUNT, Text, padded};
use support::recurrent::Reader;
use support::seeds::{Ticker, each_seed};
use support::wave::{initialize, part, points, train, windows};
use support::{Options, Outcome};
use wengert::compose::{CrossEntropy, cross_entropy_with};
use wengert::nn::rnn::{GruOptions, GruVariant, LstmOptions, LstmVariant};
use wengert::prelude::*;

const SEEDS: usize = 5;
const KINDS: [&str; 2] = ["lstm", "gru"];
/// How wide the layers are that are timed, and how often each is.
const TIMED: [usize; 3] = [64, 128, 256];
const TIMES: usize = 20;
const ADDING: Training = Training {
    time: 50,
    batch: 32,
    steps: 4000,
    rate: 1e-2,
    half_life: 1000,
};
const STRINGS: usize = 16;
const STRING_STEPS: usize = 1500;

/// Compares the GRU with the LSTM
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn elements(model: &impl Tree<Tensor>) -> f64 {
    model.leaves().iter().map(|leaf| leaf.size() as f64).sum()
}

/// Three parts to four, where both have one bias a part; and as the library makes them by default.
fn parameters(figures: &mut Figures, rng: &mut Rng) {
    let single = elements(&GruVariant::with_options(
        2,
        100,
        GruOptions::default(),
        rng,
    ));
    let lstm = elements(&LstmVariant::with_options(
        2,
        100,
        LstmOptions::default(),
        rng,
    ));
    figures.add("parameters.ratio", &[single / lstm]);
    let double = elements(&Gru::new(2, 100, rng));
    figures.add("parameters.ratio_with_two_biases", &[double / lstm]);
}

/// The time of a step of training of a GRU over that of an LSTM as wide: the ratio of the medians.
fn time_ratio(hidden: usize, times: usize) -> f64 {
    let mut rng = Rng::seed_from_u64(1);
    let x: Tensor = rng.uniform([16, 10, 2], 0.0, 1.0);
    let y: Tensor = rng.uniform([16, 1], 0.0, 2.0);
    let mut runs = KINDS.map(|kind| {
        let model = Reader::of(kind, [2, hidden, 1], &mut rng);
        (model, Tape::new(), Adam::new(1e-3), Vec::new())
    });
    // The first round, which warms up, is not counted.
    for _ in 0..=times {
        for (model, tape, adam, seconds) in &mut runs {
            let started = Instant::now();
            let (_, grads) = tape.value_and_grad(&*model, |t, m| mse(m.last(t.constant(&x)), &y));
            adam.step(model, &grads);
            seconds.push(started.elapsed().as_secs_f64());
        }
    }
    let [lstm, gru] = runs.map(|(.., seconds)| {
        let mut counted = seconds[1..].to_vec();
        counted.sort_by(f64::total_cmp);
        0.5 * (counted[(times - 1) / 2] + counted[times / 2])
    });
    println!(
        "hidden {hidden}: LSTM {:.2} ms, GRU {:.2} ms",
        lstm * 1e3,
        gru * 1e3
    );
    gru / lstm
}

/// The validation error on the noisy sine, as in `sine.rs`.
fn sine(kind: &str, epochs: usize, rng: &mut Rng) -> f64 {
    let all = windows(&points(201, rng), 25);
    let mut model = Reader::of(kind, [1, 20, 1], rng);
    initialize(&mut model, rng);
    train(
        &mut model,
        &part(&all, 0..158),
        &part(&all, 158..176),
        epochs,
        rng,
    )
}

/// The test error on the Adding Problem, and the errors in training.
fn adding(kind: &str, steps: usize, rng: &mut Rng) -> (f64, Vec<(f64, f64)>) {
    let mut model = Reader::of(kind, [2, 16, 1], rng);
    let (mut curve, mut mean) = (Vec::new(), 0.0);
    let training = Training { steps, ..ADDING };
    let part = steps / 40 + 1;
    training.run(&mut model, rng, |step, _, loss| {
        mean += f64::from(loss) / part as f64;
        if step % part == 0 {
            curve.push((step as f64, std::mem::take(&mut mean)));
        }
    });
    let test = sequences(2000, ADDING.time, rng);
    (error(&model, &mut Tape::new(), &test), curve)
}

/// The share of fresh strings that are predicted at every step.
fn reber(kind: &str, steps: usize, rng: &mut Rng) -> f64 {
    let mut model = Reader::of(kind, [COUNT, 12, COUNT], rng);
    let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-2));
    let options = CrossEntropy {
        ignore_index: Some(-1),
        ..CrossEntropy::default()
    };
    for step in 0..steps {
        adam.learning_rate = 1e-2 * (1.0 - step as f64 / steps as f64);
        let texts: Vec<Text> = (0..STRINGS).map(|_| Text::draw(rng)).collect();
        let (x, next) = padded(&texts);
        let (_, grads) = tape.value_and_grad(&model, |t, m| {
            cross_entropy_with(m.every(t.constant(&x)), &next, options)
        });
        adam.step(&mut model, &grads);
    }
    let texts: Vec<Text> = (0..1000).map(|_| Text::draw(rng)).collect();
    let (x, _) = padded(&texts);
    let scores = tape.evaluate(&model, |t, m| m.every(t.constant(&x)).value());
    let rows = scores.to_vec();
    let (steps, rows) = (scores.dim(1), rows.chunks_exact(COUNT));
    let right = texts
        .iter()
        .enumerate()
        .filter(|(at, text)| text.is_predicted_by(rows.clone().skip(at * steps)));
    right.count() as f64 / texts.len() as f64
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("gru_and_lstm");
    parameters(&mut figures, &mut Rng::seed_from_u64(options.seed));
    let (seeds, epochs) = if options.quick { (1, 3) } else { (SEEDS, 300) };
    let (widths, times) = if options.quick {
        (1, 3)
    } else {
        (TIMED.len(), TIMES)
    };
    let ratios: Vec<f64> = TIMED[..widths]
        .iter()
        .map(|&hidden| time_ratio(hidden, times))
        .collect();
    figures.add("time.ratio", &ratios);

    let (steps, string_steps) = if options.quick {
        (30, 30)
    } else {
        (ADDING.steps, STRING_STEPS)
    };
    let mut lines = Vec::new();
    for kind in KINDS {
        let found = each_seed(options, seeds, 3, |seed, ticker: &Ticker| {
            let mut rng = Rng::seed_from_u64(seed);
            let sine = sine(kind, epochs, &mut rng);
            ticker.tick(|| format!("{kind}: sine {sine:.5}"));
            let reber = reber(kind, string_steps, &mut rng);
            ticker.tick(|| format!("{kind}: Reber {reber:.3}"));
            let (adding, curve) = adding(kind, steps, &mut rng);
            ticker.tick(|| format!("{kind}: adding {adding:.5}"));
            (sine, adding, reber, curve)
        });
        let of = |f: fn(&(f64, f64, f64, Vec<(f64, f64)>)) -> f64| -> Vec<f64> {
            found.iter().map(f).collect()
        };
        figures.add(&format!("{kind}.sine_mse"), &of(|found| found.0));
        figures.add(&format!("{kind}.adding_mse"), &of(|found| found.1));
        figures.add(&format!("{kind}.reber_accuracy"), &of(|found| found.2));
        for (at, (.., curve)) in found.iter().take(2).enumerate() {
            lines.push((
                format!("{kind}, seed {}", options.seed + at as u64),
                curve.clone(),
            ));
        }
    }
    let lines: Vec<Line> = lines
        .iter()
        .map(|(name, points)| Line { name, points })
        .collect();
    curves(
        &options.picture("gru_and_lstm.svg")?,
        "Adding Problem over 50 steps, 16 hidden units",
        "step",
        "mean squared error in training",
        &lines,
    )?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("gru_and_lstm", run(&Arguments::parse().options))
}
