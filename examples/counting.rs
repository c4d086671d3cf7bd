//! Counting and timing, with gates that see the memory (peepholes) and without.
//!
//! - The distance of two spikes in 150 steps is to be said after the last step, as a share of 100. It
//!   is right within 0.04, as in the Adding Problem of 1997. What peepholes add differs from seed to
//!   seed.
//! - Strings aⁿbⁿ and aⁿbⁿcⁿ: after each symbol the network says which ones may follow. It learns from
//!   n up to 10, and what counts is up to which n, of 100 that are tried, it predicts all strings.
//!
//! Source: Gers, Schraudolph and Schmidhuber 2002, *Learning precise timing with LSTM recurrent
//! networks*; Gers and Schmidhuber 2001, *LSTM recurrent networks learn simple context-free and
//! context-sensitive languages*. Training is by Adam, with a learning rate that falls to 0 along a line
//! and gradients whose norm is bounded by 1.
//!
//! `cargo run --release --example counting`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::recurrent::{Reader, Rnn};
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{LstmOptions, LstmVariant, Peepholes};
use wengert::prelude::*;

const TIME: usize = 150;
/// The greatest distance of two spikes.
const FAR: usize = 100;
/// How wrong a distance may be, as a share of the greatest.
const RIGHT: f64 = 0.04;
const SEEDS: usize = 5;
/// Strings are learned up to this n, and tried up to the other.
const LEARNED: usize = 10;
const TRIED: usize = 100;
const KINDS: [(&str, Peepholes); 2] = [
    ("peepholes", Peepholes::Diagonal),
    ("plain", Peepholes::None),
];

/// Shows what an LSTM can count, with peepholes and without
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn fresh([inputs, hidden, outputs]: [usize; 3], peepholes: Peepholes, rng: &mut Rng) -> Reader {
    let options = LstmOptions {
        peepholes,
        ..LstmOptions::default()
    };
    let lstm = LstmVariant::with_options(inputs, hidden, options, rng);
    Reader::new(Rnn::Variant(lstm), hidden, outputs, rng)
}

/// Trains a model on what `draw` makes: x, and the loss of what the model says at every step.
fn train<D>(
    model: &mut Reader,
    (steps, rate): (usize, f64),
    ticker: &Ticker,
    mut draw: impl FnMut() -> (Tensor, D),
    loss: impl for<'t> Fn(&Reader<Var<'t>>, Var<'t>, &D) -> Var<'t>,
) {
    let (mut tape, mut adam) = (Tape::new(), Adam::new(rate));
    for step in 0..steps {
        adam.learning_rate = rate * (1.0 - step as f64 / steps as f64);
        let (x, data) = draw();
        let (value, mut grads) =
            tape.value_and_grad(&*model, |t, m| loss(&m, t.constant(&x), &data));
        clip_by_global_norm(&mut grads, 1.0);
        adam.step(model, &grads);
        ticker.tick(|| format!("loss {value:.4}"));
    }
}

/// Spikes x \[N, T, 1\], two a row, and their distances y \[N, 1\] as a share of the greatest.
fn spikes(count: usize, rng: &mut Rng) -> (Tensor, Tensor) {
    let mut x = Tensor::zeros([count, TIME, 1]);
    let mut y = Tensor::zeros([count, 1]);
    for row in 0..count {
        let distance = 1 + rng.below(FAR);
        let first = rng.below(TIME - distance);
        x.as_mut_slice()[row * TIME + first] = 1.0;
        x.as_mut_slice()[row * TIME + first + distance] = 1.0;
        y.as_mut_slice()[row] = distance as f32 / FAR as f32;
    }
    (x, y)
}

/// The share of test sequences whose distance is right, and each distance with what was said, the
/// smallest first.
fn measure(
    peepholes: Peepholes,
    steps: usize,
    rng: &Rng,
    ticker: &Ticker,
) -> (f64, Vec<(f64, f64)>) {
    let mut model = fresh([1, 8, 1], peepholes, &mut rng.split(1));
    let mut data = rng.split(2);
    let draw = || spikes(32, &mut data);
    train(&mut model, (steps, 0.01), ticker, draw, |m, x, y| {
        mse(m.last(x), y)
    });
    let (x, y) = spikes(1000, &mut rng.split(3));
    let said = Tape::new().evaluate(&model, |t, m| m.last(t.constant(&x)).value());
    let mut pairs: Vec<(f64, f64)> = y
        .iter()
        .map(f64::from)
        .zip(said.iter().map(f64::from))
        .collect();
    let right = pairs
        .iter()
        .filter(|(y, said)| (y - said).abs() < RIGHT)
        .count();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    (right as f64 / pairs.len() as f64, pairs)
}

/// The mean error of what was said, for each distance.
fn errors_by_distance(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let of_distance = |group: &[(f64, f64)]| {
        let sum: f64 = group.iter().map(|(y, said)| (y - said).abs()).sum();
        (group[0].0 * FAR as f64, sum / group.len() as f64)
    };
    pairs.chunk_by(|a, b| a.0 == b.0).map(of_distance).collect()
}

/// The strings of `letters` letters, n times each, for these n: x \[N, T, L+1\] with a start symbol
/// before the letters, the symbols that may follow each \[N, T, L+1\] with the end as the last one,
/// and 1 for the steps that are there \[N, T, 1\].
fn strings(letters: usize, counts: std::ops::RangeInclusive<usize>) -> (Tensor, (Tensor, Tensor)) {
    let (first, last) = (*counts.start(), *counts.end());
    let shape = [last - first + 1, letters * last + 1, letters + 1];
    let [mut x, mut next] = [Tensor::<f32>::zeros(shape), Tensor::zeros(shape)];
    let mut there = Tensor::zeros([shape[0], shape[1], 1]);
    for n in counts {
        for t in 0..=letters * n {
            let row = (n - first) * shape[1] + t;
            let at = row * shape[2];
            // The start is symbol 0 of x, and letter k is symbol k + 1; in `next` it is symbol k.
            let symbol = t.div_ceil(n);
            x.as_mut_slice()[at + symbol] = 1.0;
            next.as_mut_slice()[at + t / n] = 1.0;
            if symbol == 1 {
                // One cannot know which a is the last one, the n-th included.
                next.as_mut_slice()[at..at + 2].fill(1.0);
            }
            there.as_mut_slice()[row] = 1.0;
        }
    }
    (x, (next, there))
}

/// The greatest n up to which all strings are predicted.
fn count(letters: usize, peepholes: Peepholes, steps: usize, rng: &Rng, ticker: &Ticker) -> f64 {
    let sizes = [letters + 1, letters, letters + 1];
    let mut model = fresh(sizes, peepholes, &mut rng.split(letters as u64 + 3));
    let data = strings(letters, 1..=LEARNED);
    let draw = || data.clone();
    train(
        &mut model,
        (steps, 0.02),
        ticker,
        draw,
        |m, x, (next, there)| {
            let losses = bce_with_logits(m.every(x), next, Reduction::None) * there;
            losses.sum() / f64::from(there.sum().item())
        },
    );
    let (x, (next, there)) = strings(letters, 1..=TRIED);
    let said = Tape::new().evaluate(&model, |t, m| m.every(t.constant(&x)).value());
    let width = x.shape()[1];
    let right = |n: usize| {
        (0..width).all(|t| {
            let at = [n - 1, t];
            let symbols = 0..=letters;
            let same = |k| (said[[at[0], t, k]] > 0.0) == (next[[at[0], t, k]] > 0.5);
            there[[at[0], t, 0]] < 0.5 || symbols.into_iter().all(same)
        })
    };
    (1..=TRIED).take_while(|&n| right(n)).count() as f64
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("counting");
    let (seeds, spike_steps, string_steps) = match options.quick {
        true => (2, 10, 50),
        false => (SEEDS, 3000, 3000),
    };
    let steps = 2 * spike_steps + 4 * string_steps;
    let found = each_seed(options, seeds, steps, |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        KINDS.map(|(_, peepholes)| {
            let counts =
                [2, 3].map(|letters| count(letters, peepholes, string_steps, &rng, ticker));
            (counts, measure(peepholes, spike_steps, &rng, ticker))
        })
    });
    for (at, (name, _)) in KINDS.iter().enumerate() {
        let mut add = |figure: &str, of: &dyn Fn(&([f64; 2], (f64, Vec<(f64, f64)>))) -> f64| {
            let numbers: Vec<f64> = found.iter().map(|kinds| of(&kinds[at])).collect();
            figures.add(&format!("{name}.{figure}"), &numbers);
        };
        add("anbn_up_to", &|(counts, _)| counts[0]);
        add("anbncn_up_to", &|(counts, _)| counts[1]);
        add("spikes_solved", &|(_, (solved, _))| *solved);
    }
    let difference = found.iter().map(|[with, without]| with.1.0 - without.1.0);
    figures.add("spikes_solved.difference", &difference.collect::<Vec<_>>());

    let [with, without] = found[0]
        .each_ref()
        .map(|(_, (_, pairs))| errors_by_distance(pairs));
    let bound = [(0.0, RIGHT), (FAR as f64, RIGHT)];
    Chart::new("The distance of two spikes, and how wrong it is said: one seed")
        .with_axes("distance", "error / 100")
        .with_x_range(0.0..FAR as f64 + 2.0)
        .with_y_range(0.0..0.5)
        .with_line("with peepholes", with)
        .with_line("without", without)
        .with_line("right is below this", bound)
        .save(options.picture("counting.svg")?)?;
    println!("the picture is in {}", options.out.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("counting", run(&Arguments::parse().options))
}
