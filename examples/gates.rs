//! What the gates of an LSTM are for, on the Adding Problem over fifty steps.
//!
//! - Each variant lacks one part of the full LSTM, which has three gates and peepholes: the variants of
//!   Greff et al. 2017, *LSTM: a search space odyssey*. Without the input gate, the numbers that are not
//!   marked cannot be kept out of the memory.
//! - The learned input gate is a weight on time: it opens at the two marked numbers and is nearly closed
//!   at the others.
//!
//! The biases of all input gates start at −3, as Hochreiter and Schmidhuber 1997 chose for this task, so
//! that a gate is closed until it has learned what to let in. The optimizer is Adam with 0.005, halved
//! after every 1,000 of 3,000 steps.
//!
//! `cargo run --release --example gates`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::adding::{Training, error, sequences};
use support::figures::Figures;
use support::recurrent::{Reader, Rnn};
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{ForgetGate, LstmOptions, LstmVariant, Peepholes};
use wengert::prelude::*;

const TIME: usize = 50;
const HIDDEN: usize = 8;
const SEEDS: usize = 5;
const INPUT_BIAS: f32 = -3.0;

/// Takes the parts of an LSTM away, one at a time
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// The variants by name; the gates are looked at in the second one.
fn variants() -> [(&'static str, LstmOptions); 6] {
    let mut all = [LstmOptions {
        peepholes: Peepholes::Diagonal,
        ..LstmOptions::default()
    }; 6];
    all[1].peepholes = Peepholes::None;
    all[2].input_gate = false;
    all[3].forget_gate = ForgetGate::Fixed(1.0);
    all[4].output_gate = false;
    all[5].forget_gate = ForgetGate::Coupled;
    let names = [
        "full",
        "no_peepholes",
        "no_input_gate",
        "no_forget_gate",
        "no_output_gate",
        "coupled_gates",
    ];
    std::array::from_fn(|at| (names[at], all[at]))
}

fn fresh(options: LstmOptions, rng: &mut Rng) -> Reader {
    let mut lstm = LstmVariant::with_options(2, HIDDEN, options, rng);
    if options.input_gate
        && let Some(bias) = &mut lstm.layers[0].forward.bias
    {
        bias.as_mut_slice()[..HIDDEN].fill(INPUT_BIAS);
    }
    Reader::new(Rnn::Variant(lstm), HIDDEN, 1, rng)
}

/// The input gate i(t) of a variant without peepholes, its mean over the cells: \[N, T\].
fn input_gate(model: &Reader, x: &Tensor) -> Tensor {
    let Rnn::Variant(lstm) = &model.rnn else {
        panic!("the model is a variant of the LSTM");
    };
    Tape::new().evaluate(lstm, |t, lstm| {
        let cell = &lstm.layers[0].forward;
        let x = t.constant(x);
        let (h, _) = lstm.run(x, None);
        let before = Var::cat(&[t.zeros([x.dim(0), 1, HIDDEN]), h.slice(1, ..-1)], 1);
        let [wx, wh] = [cell.wx, cell.wh].map(|weights| weights.slice(-1, 0..HIDDEN));
        let sum = x.matmul(wx) + before.matmul(wh);
        let bias = cell
            .bias
            .map_or(t.zeros([HIDDEN]), |b| b.slice(0, 0..HIDDEN));
        (sum + bias).sigmoid().mean_axes(&[-1], false).value()
    })
}

/// The means of a gate \[N, T\] at the marked steps of x \[N, T, 2\] and at the others.
fn at_marks_and_elsewhere(gate: &Tensor, x: &Tensor) -> [f64; 2] {
    let marks = x.select(-1, 1);
    let mean = |marked: f32| {
        let steps = gate.iter().zip(marks.iter());
        let chosen = steps.filter(|(_, mark)| *mark == marked);
        let (sum, count) = chosen.fold((0.0, 0), |(sum, count), (gate, _)| {
            (sum + f64::from(gate), count + 1)
        });
        sum / f64::from(count)
    };
    [mean(1.0), mean(0.0)]
}

/// What one seed says: the test error of each variant, and the second one with its test.
struct Found {
    errors: Vec<f64>,
    gate: Tensor,
    x: Tensor,
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("gates");
    let training = Training {
        time: TIME,
        batch: 32,
        steps: if options.quick { 10 } else { 3000 },
        rate: 5e-3,
        half_life: 1000,
    };
    let (seeds, test) = if options.quick {
        (2, 200)
    } else {
        (SEEDS, 2000)
    };
    let steps = variants().len() * training.steps;
    let found = each_seed(options, seeds, steps, |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        let test = sequences(test, TIME, &mut rng.split(1));
        let mut tape = Tape::new();
        let models = variants().map(|(name, options)| {
            let mut model = fresh(options, &mut rng.split(2));
            training.run(&mut model, &mut rng.split(3), |_, _, loss| {
                ticker.tick(|| format!("{name}, loss {loss:.4}"));
            });
            model
        });
        Found {
            errors: models
                .iter()
                .map(|model| error(model, &mut tape, &test))
                .collect(),
            gate: input_gate(&models[1], &test.0),
            x: test.0,
        }
    });

    let errors = |at: usize| -> Vec<f64> { found.iter().map(|found| found.errors[at]).collect() };
    for (at, (name, _)) in variants().iter().enumerate() {
        figures.add(&format!("{name}.test_mse"), &errors(at));
    }
    let worse = |at: usize| median(&errors(at)) / median(&errors(0));
    for (at, (name, _)) in variants().iter().enumerate().skip(1) {
        figures.add(&format!("{name}.median_to_full"), &[worse(at)]);
    }
    let means = found
        .iter()
        .map(|found| at_marks_and_elsewhere(&found.gate, &found.x));
    let means: Vec<[f64; 2]> = means.collect();
    let figure = |of: &dyn Fn(&[f64; 2]) -> f64| means.iter().map(of).collect::<Vec<_>>();
    figures.add("input_gate.at_marks", &figure(&|m| m[0]));
    figures.add("input_gate.elsewhere", &figure(&|m| m[1]));
    figures.add("input_gate.marks_to_elsewhere", &figure(&|m| m[0] / m[1]));

    let line = |row: Tensor| -> Vec<(f64, f64)> {
        let steps = row.iter().enumerate();
        steps.map(|(t, y)| (t as f64 + 1.0, f64::from(y))).collect()
    };
    let gate = line(found[0].gate.select(0, 0));
    let marks = line(found[0].x.select(0, 0).select(-1, 1));
    let path = options.picture("gates.svg")?;
    Chart::new("The learned input gate, over one sequence")
        .with_axes("step", "value")
        .with_x_range(1.0..TIME as f64 + 1.0)
        .with_y_range(0.0..1.3)
        .with_line("input gate, mean of the cells", gate)
        .with_line("mark", marks)
        .save(&path)?;
    println!("the input gate is drawn in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("gates", run(&Arguments::parse().options))
}
