//! Uncle Bernie's rule: take ten times as many examples as there are weights.
//!
//! - A linear model with d weights, fitted to n noisy examples, has a test error of 1 + d / (n − d − 1)
//!   times the noise: 11 % more than the noise at n = 10 d, and no bound at n = d. The fit is one step of
//!   Newton's method, with the Hessian that the tape gives.
//! - The rule backwards: how wide or how deep a network may be for its examples.
//! - The six networks of the book break the rule, by a factor of ten and more.
//!
//! Source: Widrow 1987, *ADALINE and MADALINE*, where it is a rule of thumb; seed row 22. The error of
//! least squares is that of normal inputs (Breiman and Freedman 1983, *How many variables should be
//! entered in a regression equation?*).
//!
//! `cargo run --release --example bernie`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::cholesky::solve;
use support::figures::Figures;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::prelude::*;
use wengert::tape::Model;

const SEEDS: usize = 20;
const WEIGHTS: usize = 50;
const NOISE: f64 = 0.5;
const TEST: usize = 10_000;
/// Examples a weight.
const RATIOS: [f64; 9] = [1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0];

/// Shows how many examples a model needs
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// The examples that so many weights need.
fn required_samples(weights: usize) -> usize {
    10 * weights
}

/// The weights that so many examples allow.
fn max_weights(samples: usize) -> usize {
    samples / 10
}

/// The greatest size (a width, a depth) at which a model keeps to the rule, if one does. `weights` tells
/// how many weights it has at a size, from 1, and grows.
fn greatest_size(samples: usize, weights: impl Fn(usize) -> usize) -> Option<usize> {
    let fits = |size: &usize| weights(*size) <= max_weights(samples);
    (1..).take_while(fits).last()
}

/// The weights of fully connected layers of these sizes.
fn dense(sizes: &[usize]) -> usize {
    let mut rng = Rng::seed_from_u64(1);
    let layer = |pair: &[usize]| Linear::new(pair[0], pair[1], &mut rng);
    let layers: Vec<Linear> = sizes.windows(2).map(layer).collect();
    layers.element_count()
}

/// Examples x \[N, D\] and y \[N, 1\] of a linear function with noise.
fn examples(w: &Tensor<f64>, count: usize, rng: &mut Rng) -> (Tensor<f64>, Tensor<f64>) {
    let x: Tensor<f64> = rng.normal([count, w.size()], 0.0, 1.0);
    let noise: Tensor<f64> = rng.normal([count, 1], 0.0, NOISE);
    let y = x.matmul(&w.unsqueeze(1)) + noise;
    (x, y)
}

/// The weights of the least squared error, by one step of Newton's method from 0.
fn fit((x, y): &(Tensor<f64>, Tensor<f64>)) -> Tensor<f64> {
    let (start, mut tape) = (Tensor::<f64>::zeros([x.dim(1)]), Tape::<f64>::new());
    let (_, grads) = tape.value_and_grad(&start, |t, w| error(t, w, x, y));
    let hessian = tape.hessian(&start, |t, w| error(t, w, x, y));
    let slope = grads.get(0).expect("the error depends on the weights");
    let step = solve(&hessian, slope).expect("there are as many examples as weights");
    step.squeeze(1) * -1.0
}

/// The mean squared error of the weights w \[D\].
fn error<'t>(
    tape: &'t Tape<f64>,
    w: Var<'t, f64>,
    x: &Tensor<f64>,
    y: &Tensor<f64>,
) -> Var<'t, f64> {
    mse(tape.constant(x).matmul(w.unsqueeze(1)), y)
}

/// The test error as a multiple of the noise, for each number of examples a weight.
fn experiment(weights: usize, test: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::seed_from_u64(seed);
    let w: Tensor<f64> = rng.normal([weights], 0.0, 1.0);
    let (x, y) = examples(&w, test, &mut rng);
    let mut tape = Tape::new();
    let mut multiple = |ratio: &f64| {
        let count = (ratio * weights as f64).round() as usize;
        let fitted = fit(&examples(&w, count, &mut rng));
        tape.evaluate(&fitted, |t, w| error(t, w, &x, &y).item()) / NOISE.powi(2)
    };
    RATIOS.iter().map(&mut multiple).collect()
}

/// The book's networks: a name, their weights, and the examples that they learn from.
fn book() -> Vec<(&'static str, usize, usize)> {
    let mut rng = Rng::seed_from_u64(1);
    let rng = &mut rng;
    let sine = (SimpleRnn::new(1, 20, rng), Linear::new(20, 1, rng));
    let adding = (Lstm::new(2, 100, rng), Linear::new(100, 1, rng));
    let rows = [Lstm::new(28, 128, rng), Lstm::new(28, 128, rng)];
    let rows = (rows, Linear::new(256, 10, rng));
    let translator = [Lstm::new(12, 128, rng), Lstm::new(12, 128, rng)];
    let translator = (translator, Linear::new(128, 12, rng));
    // Words of the memory, of the question and of the answer; the answer has four words' places.
    let words = [64, 64, 4].map(|width| Embedding::new(22, width, rng));
    let (reader, head) = (Lstm::new(4 + 64 + 64, 32, rng), Linear::new(32, 22, rng));
    let memory = (words, reader, head.without_bias());
    vec![
        ("sine wave", sine.element_count(), 158),
        ("Adding Problem", adding.element_count(), 9_000),
        ("additions", translator.element_count(), 18_000),
        ("digits", dense(&[784, 200, 200, 200, 10]), 16_000),
        ("digits by rows", rows.element_count(), 16_000),
        ("memory network", memory.element_count(), 10_000),
    ]
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("bernie");
    let (seeds, weights, test) = match options.quick {
        true => (2, 10, 500),
        false => (SEEDS, WEIGHTS, TEST),
    };
    let found = each_seed(options, seeds, 1, |seed, ticker| {
        let multiples = experiment(weights, test, seed);
        ticker.tick(|| format!("at n = 10 d {:.3} times the noise", multiples[7]));
        multiples
    });
    let of = |at: usize| found.iter().map(|found| found[at]).collect::<Vec<_>>();
    let mean = |at: usize| of(at).iter().sum::<f64>() / seeds as f64;
    for (at, ratio) in RATIOS.iter().enumerate() {
        figures.add(&format!("n_{ratio}_d.test_to_noise"), &of(at));
    }
    let theory = |ratio: f64| 1.0 + 1.0 / (ratio - 1.0 - 1.0 / weights as f64);
    let excess = (mean(7) - 1.0) / (theory(RATIOS[7]) - 1.0);
    figures.add("n_10_d.excess_to_theory", &[excess]);

    let (mut counts, mut shares) = (Vec::new(), Vec::new());
    println!("\n  network           weights    needed  examples");
    for (name, weights, samples) in book() {
        let needed = required_samples(weights);
        println!("  {name:<15}  {weights:>8}  {needed:>8}  {samples:>8}");
        counts.push(weights as f64);
        shares.push(samples as f64 / needed as f64);
    }
    figures.add("book.weights", &counts);
    figures.add("book.samples_to_needed", &shares);

    // The widest hidden layer for 60,000 digits, and the most layers of 20 units.
    let wide = |width: usize| dense(&[784, width, 10]);
    let deep = |depth: usize| {
        let mut sizes = vec![20; depth + 2];
        (sizes[0], sizes[depth + 1]) = (196, 10);
        dense(&sizes)
    };
    let width = greatest_size(60_000, wide).unwrap_or(0);
    let depth = greatest_size(60_000, deep).unwrap_or(0);
    println!(
        "60,000 digits allow a hidden layer of {width}, or {depth} of 20 at half the pixels a side"
    );
    let filled = |weights: usize| required_samples(weights) as f64 / 60_000.0;
    figures.add("inverse.sizes", &[width as f64, depth as f64]);
    figures.add(
        "inverse.filled",
        &[filled(wide(width)), filled(deep(depth))],
    );
    let next = [filled(wide(width + 1)), filled(deep(depth + 1))];
    figures.add("inverse.filled_by_next", &next);

    let measured: Vec<(f64, f64)> = RATIOS
        .iter()
        .enumerate()
        .map(|(at, &x)| (x, mean(at)))
        .collect();
    let theory: Vec<(f64, f64)> = (115..=2000)
        .map(|at| f64::from(at) / 100.0)
        .map(|x| (x, theory(x)))
        .collect();
    Chart::new("Least squares with 50 weights, and the number of its examples")
        .with_axes(
            "examples a weight, n / d",
            "test error as a multiple of the noise",
        )
        .with_x_range(0.0..21.0)
        .with_y_range(0.5..7.5)
        .with_points("measured", measured)
        .with_line("1 + d / (n − d − 1)", theory)
        .with_line("Uncle Bernie's rule", [(10.0, 1.0), (10.0, 2.0)])
        .with_line("the noise", [(0.0, 1.0), (20.5, 1.0)])
        .save(options.picture("bernie.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("bernie", run(&Arguments::parse().options))
}
