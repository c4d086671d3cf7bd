//! The Adding Problem over a hundred steps, at which a plain recurrent network fails and two gated ones
//! do not. Two of 100 numbers in [0, 1) are marked, and after the last one their sum is wanted. Always
//! answering 1 has a mean squared error of 1/6 (0.1767 in some papers is a misprint). The plain network
//! stays near that; an LSTM and a GRU of the same 16 units learn the sum.
//!
//! The task is that of Hochreiter and Schmidhuber 1997, in the form of the book: numbers in [0, 1) and
//! marks anywhere. The training is shorter than the book's: batches of 32 fresh sequences, a learning
//! rate of 0.005 that is halved after every 2,000 steps, and gradients whose norm is bounded by 1.
//!
//! `cargo run --release --example adding_problem`; `adding_long` runs over 200 steps.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::adding::{Training, constant_error, error, sequences};
use support::figures::Figures;
use support::recurrent::Reader;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::prelude::*;

const HIDDEN: usize = 16;
const SEEDS: usize = 5;
/// The sequences of a test.
const TEST: usize = 10_000;
const KINDS: [&str; 3] = ["simple", "lstm", "gru"];

/// Shows which recurrent networks learn to add over a hundred steps
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// What one seed says.
struct Found {
    /// The error of always answering 1.
    constant: f64,
    /// The test error of each kind, and the course of its loss.
    kinds: Vec<(f64, Vec<(f64, f64)>)>,
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("adding_problem");
    let training = Training {
        time: 100,
        batch: 32,
        steps: if options.quick { 20 } else { 5000 },
        rate: 5e-3,
        half_life: 2000,
    };
    let (seeds, test) = if options.quick {
        (2, 500)
    } else {
        (SEEDS, TEST)
    };
    let look = (training.steps / 100).max(1);

    let found = each_seed(options, seeds, 3 * training.steps, |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        let test = sequences(test, training.time, &mut rng.split(1));
        let mut learn = |kind: &str| {
            let mut model = Reader::of(kind, [2, HIDDEN, 1], &mut rng.split(2));
            let curve = training.course(&mut model, &mut rng.split(3), look, (kind, ticker));
            (error(&model, &mut Tape::new(), &test), curve)
        };
        Found {
            constant: constant_error(1.0, &test.1),
            kinds: KINDS.map(&mut learn).into(),
        }
    });

    let constant: Vec<f64> = found.iter().map(|found| found.constant).collect();
    figures.add("constant.test_mse", &constant);
    let errors = |kind: usize| -> Vec<f64> { found.iter().map(|f| f.kinds[kind].0).collect() };
    for (at, kind) in KINDS.iter().enumerate() {
        figures.add(&format!("{kind}.test_mse"), &errors(at));
    }
    let ratio = errors(0).into_iter().zip(errors(1)).map(|(a, b)| a / b);
    figures.add("simple_to_lstm.ratio", &ratio.collect::<Vec<_>>());

    let path = options.picture("adding_problem.svg")?;
    let line = |(at, name): (usize, _)| (name, &found[0].kinds[at].1);
    let lines: Vec<_> = KINDS.iter().enumerate().map(line).collect();
    Chart::new("Adding Problem, 100 steps: one seed of each network")
        .with_axes("step", "mean squared error")
        .with_log_y()
        .with_lines(&lines)
        .save(&path)?;
    println!("the learning curves are in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("adding_problem", run(&Arguments::parse().options))
}
