//! The Adding Problem over two hundred steps, for an LSTM and a GRU of 32 units. What it is stands in
//! `adding_problem.rs`; this one takes longer, and so has fewer seeds. The forget gate's bias starts at
//! 3, with which the LSTM finds its way sooner than with 1.
//!
//! `--book` trains as the book does instead: 9,000 of 10,000 sequences, 100 units, Adam with 0.001,
//! batches of 100, 300 epochs. That is 27,000 steps of about 5 billion operations, so hours on a
//! laptop, and no figure of it is claimed.
//!
//! `cargo run --release --example adding_long`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::adding::{Training, error, sequences};
use support::figures::Figures;
use support::progress::Progress;
use support::recurrent::{Reader, Rnn};
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::look::pictures::Chart;
use wengert::nn::parallel::Workers;
use wengert::prelude::*;

const TIME: usize = 200;
const SEEDS: usize = 2;
/// σ(3) = 0.95: over some tens of steps the LSTM remembers before it has learnt to.
const FORGET_BIAS: f64 = 3.0;
/// The networks, and for how many steps each learns: a step of the GRU takes longer, and it needs fewer.
const KINDS: [(&str, usize); 2] = [("lstm", 5000), ("gru", 2500)];

/// Shows that gated networks learn to add over two hundred steps
#[derive(Parser)]
struct Arguments {
    /// Train as the book does, for hours
    #[arg(long)]
    book: bool,
    #[command(flatten)]
    options: Options,
}

/// A curve of learning.
type Curve = Vec<(f64, f64)>;

/// The test errors of all seeds, and the curve of the first one.
fn short(options: &Options, kind: &str, steps: usize) -> (Vec<f64>, Curve) {
    let training = Training {
        time: TIME,
        batch: 32,
        steps: if options.quick { 10 } else { steps },
        rate: 5e-3,
        half_life: 2 * steps / 5,
    };
    let test = if options.quick { 250 } else { 10_000 };
    let look = (training.steps / 100).max(1);
    let mut found = each_seed(options, SEEDS, training.steps, |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        let test = sequences(test, TIME, &mut rng.split(1));
        let mut model = Reader::of(kind, [2, 32, 1], &mut rng.split(2));
        if let Rnn::Lstm(lstm) = model.rnn {
            model.rnn = Rnn::Lstm(lstm.with_forget_bias(FORGET_BIAS));
        }
        let curve = training.course(&mut model, &mut rng.split(3), look, (kind, ticker));
        (error(&model, &mut Tape::new(), &test), curve)
    });
    let errors = found.iter().map(|(error, _)| *error).collect();
    (errors, found.swap_remove(0).1)
}

/// The validation error of one seed, trained as the book does, and its course.
fn as_in_the_book(options: &Options, kind: &str) -> (Vec<f64>, Curve) {
    let (train, epochs) = if options.quick { (200, 1) } else { (9000, 300) };
    let rng = Rng::seed_from_u64(options.seed);
    let (x, y) = sequences(train, TIME, &mut rng.split(1));
    let validation = sequences(train / 9, TIME, &mut rng.split(4));
    let mut model = Reader::of(kind, [2, 100, 1], &mut rng.split(2));
    let (mut adam, mut order) = (Adam::new(1e-3), rng.split(3));
    let mut workers = Workers::new(options.threads(), 2);
    let mut progress = Progress::new(epochs);
    let mut curve = Curve::new();
    let mut last = f64::NAN;
    for epoch in 1..=epochs {
        for rows in Batches::shuffled(train, 100, &mut order) {
            let (x, y) = (x.index_select(0, &rows), y.index_select(0, &rows));
            let (_, grads) = workers.value_and_grad(&model, rows.size(), move |t, m, shard| {
                let predicted = m.last(t.constant(&x.slice(0, &shard.rows)));
                mse(predicted, &y.slice(0, &shard.rows))
            });
            adam.step(&mut model, &grads);
        }
        last = error(&model, &mut Tape::new(), &validation);
        curve.push((epoch as f64, last));
        progress.step(epoch, || format!("validation {last:.4}"));
    }
    progress.finish();
    (vec![last], curve)
}

fn run(options: &Options, book: bool) -> Outcome {
    let mut figures = Figures::new("adding_long");
    let mut curves_of = Vec::new();
    for (kind, steps) in KINDS {
        let (name, (errors, curve)) = match book {
            true => ("book", as_in_the_book(options, kind)),
            false => ("test_mse", short(options, kind, steps)),
        };
        figures.add(&format!("{kind}.{name}"), &errors);
        curves_of.push((kind, curve));
    }
    let path = options.picture("adding_long.svg")?;
    let x_name = if book { "epoch" } else { "step" };
    Chart::new("Adding Problem, 200 steps")
        .with_axes(x_name, "mean squared error")
        .with_log_y()
        .with_lines(&curves_of)
        .save(&path)?;
    println!("the learning curves are in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { book, options } = Arguments::parse();
    support::exit("adding_long", run(&options, book))
}
