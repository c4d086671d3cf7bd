//! What attention weights are, and that they find what counts.
//!
//! Attention that pools a sequence (Raffel and Ellis 2015, *Feed-forward networks with attention can solve
//! some long-term memory problems*, whose first task this is) learns the Adding Problem over 100 to 110
//! steps. The weights are not negative, their sum is 1, and padding gets none. Nearly all of the weight
//! falls on the two marked steps, however far back they lie.
//!
//! The answer is twice the weighted mean of the numbers. With a linear layer behind the mean, which Raffel
//! and Ellis have and which can scale it, the sum is learned with a third of the weight on the marked
//! steps: the rest is spread so evenly that it adds next to nothing but a constant.
//!
//! `cargo run --release --example attention_weights` (with `-- --help` for its options)
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::adding::sequences;
use support::figures::Figures;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::attention::AttentionPooling;
use wengert::nn::data::pad;
use wengert::nn::look::pictures::Chart;
use wengert::nn::loss::length_mask;
use wengert::prelude::*;

const SEEDS: usize = 5;
/// Sequences have from so many steps to a tenth more.
const TIME: usize = 100;
const STEPS: usize = 3000;
const BATCH: usize = 32;
const RATE: f64 = 1e-2;

/// Looks at where attention that pools looks
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Sequences of the Adding Problem x \[B, T, 2\] of several lengths, where each has steps, \[B, T\], and
/// the sums \[B, 1\]. What fills sequences up looks like marked numbers.
struct Additions {
    x: Tensor,
    mask: Tensor<bool>,
    sums: Tensor,
}

impl Additions {
    fn new(count: usize, rng: &mut Rng) -> Self {
        let (mut all, mut sums) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let time = TIME + rng.below(TIME / 10 + 1);
            let (x, sum) = sequences(1, time, rng);
            all.push(x.squeeze(0));
            sums.push(sum);
        }
        let (x, lengths) = pad(&all, 1.0).expect("all have two features");
        let mask = length_mask(&lengths, x.dim(1));
        let sums = Tensor::cat(&sums, 0);
        Additions { x, mask, sums }
    }
}

/// What attention weights are like.
struct Weights {
    least: f64,
    /// The farthest that a row's sum is from 1.
    sum_error: f64,
    /// The most that a masked step gets.
    masked: f64,
}

impl Weights {
    /// Of weights \[…, K\], and a mask like them of what may have any.
    fn of(weights: &Tensor, mask: &Tensor<bool>) -> Self {
        let all: Vec<f64> = weights.iter().map(f64::from).collect();
        let error = |row: &[f64]| (row.iter().sum::<f64>() - 1.0).abs();
        let masked = all.iter().zip(mask.iter()).filter(|pair| !pair.1);
        Weights {
            least: all.iter().copied().fold(f64::INFINITY, f64::min),
            sum_error: all.chunks(weights.dim(-1)).map(error).fold(0.0, f64::max),
            masked: masked.map(|pair| pair.0.abs()).fold(0.0, f64::max),
        }
    }
}

/// The sum of two numbers is twice their mean.
fn twice_mean(context: Var<'_>) -> Var<'_> {
    2.0 * context.slice(-1, ..1)
}

/// What one seed came to.
struct Found {
    weights: Weights,
    mse: f64,
    /// The share of the weight on the marked steps, in the mean and in the worst sequence.
    marked: [f64; 2],
    /// The weights of one sequence before and after training, and its marks.
    shown: [Vec<f64>; 3],
}

fn learn(seed: u64, steps: usize, ticker: &Ticker) -> Found {
    let mut rng = Rng::seed_from_u64(seed);
    let test = Additions::new(1000, &mut rng);
    let mut model = AttentionPooling::new(2, 16, &mut rng);
    let (mut tape, mut adam) = (Tape::new(), Adam::new(RATE));
    let (before, _) = pool(&model, &mut tape, &test);
    for step in 0..steps {
        adam.learning_rate = RATE * (1.0 - step as f64 / steps as f64);
        let batch = Additions::new(BATCH, &mut rng);
        let (loss, grads) = tape.value_and_grad(&model, |t, m| {
            let pooled = m.forward(t.constant(&batch.x), Some(&batch.mask));
            mse(twice_mean(pooled.context), &batch.sums)
        });
        adam.step(&mut model, &grads);
        ticker.tick(|| format!("loss {loss:.6}"));
    }
    let (weights, mse) = pool(&model, &mut tape, &test);
    // Padding looks as if it were marked.
    let marks = test.x.select(2, 1).where_(&test.mask, 0.0);
    let marked = (&weights * &marks).sum_axes(&[1], false);
    let marked: Vec<f64> = marked.iter().map(f64::from).collect();
    let mean = marked.iter().sum::<f64>() / marked.len() as f64;
    let first = |all: &Tensor| all.select(0, 0).iter().map(f64::from).collect::<Vec<_>>();
    Found {
        mse,
        marked: [mean, marked.into_iter().fold(1.0, f64::min)],
        shown: [first(&before), first(&weights), first(&(&marks * 0.55))],
        weights: Weights::of(&weights, &test.mask),
    }
}

/// The weights \[B, T\] on sequences, and the mean squared error of the sums.
fn pool(model: &AttentionPooling, tape: &mut Tape, test: &Additions) -> (Tensor, f64) {
    tape.evaluate(model, |t, m| {
        let pooled = m.forward(t.constant(&test.x), Some(&test.mask));
        let error = mse(twice_mean(pooled.context), &test.sums).item();
        (pooled.weights.value(), f64::from(error))
    })
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("attention_weights");
    let (seeds, steps) = match options.quick {
        true => (1, 100),
        false => (SEEDS, STEPS),
    };
    let found = each_seed(options, seeds, steps, |seed, ticker| {
        learn(seed, steps, ticker)
    });
    let numbers = |number: fn(&Found) -> f64| -> Vec<f64> { found.iter().map(number).collect() };
    figures.add("weights.least", &numbers(|found| found.weights.least));
    figures.add(
        "weights.sum_error",
        &numbers(|found| found.weights.sum_error),
    );
    figures.add("weights.padding", &numbers(|found| found.weights.masked));
    figures.add("adding.mse", &numbers(|found| found.mse));
    figures.add("marked.weight", &numbers(|found| found.marked[0]));
    figures.add("marked.least_weight", &numbers(|found| found.marked[1]));

    let points = found[0].shown.each_ref().map(|weights| -> Vec<(f64, f64)> {
        let steps = weights.iter().enumerate();
        steps.map(|(step, weight)| (step as f64, *weight)).collect()
    });
    let names = ["before training", "after training", "the marked steps"];
    let line = |at: usize| (names[at], &points[at]);
    let path = options.picture("attention_weights.svg")?;
    Chart::new("The weights of the steps of one sequence")
        .with_axes("step", "weight")
        .with_x_range(0.0..points[0].len() as f64)
        .with_y_range(0.0..0.6)
        .with_lines(&[line(0), line(2), line(1)])
        .save(&path)?;
    println!("\nthe weights of one sequence are in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("attention_weights", run(&Arguments::parse().options))
}
