//! What eight optimizers save in epochs, and what they cost in memory and time.
//!
//! - Their first three steps are those that one computes by hand from the formulas of their papers.
//! - What an optimizer keeps beside the model is a number of copies of its weights: none for gradient
//!   descent, one for momentum, Adagrad and RMSprop, two for Adadelta and Adam, three for AMSGrad.
//! - A step of Adam takes longer than one of RMSprop, and that longer than one of gradient descent.
//! - Adam, RMSprop and momentum reach an accuracy of 0.90 in fewer epochs than gradient descent.
//!
//! Source: Sugomori, *Deep learning with TensorFlow and Keras*, section 4.4, with its rates and its
//! network: three rectified layers of 200 units with dropout of a half, weights as He and others start
//! them, 16,000 digits in batches of 200, 4,000 for validation, at most 50 epochs. Other than there,
//! pixels go from 0 to 1.
//!
//! `cargo run --release --example optimizers -- --data DIR` for a folder with the MNIST files, or with
//! `WENGERT_DATA` set to a folder that has them in `mnist/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use support::dense::Dense;
use support::digits::{Digits, PIXELS};
use support::figures::Figures;
use support::folder::folder;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::init::he_normal;
use wengert::nn::look::pictures::Chart;
use wengert::nn::optim::{Adadelta, Adagrad, Optimizer, Piece, RmsProp};
use wengert::prelude::*;

const SEEDS: usize = 2;
const TRAINED: usize = 16_000;
const VALIDATED: usize = 4_000;
const HIDDEN: usize = 200;
const BATCH: usize = 200;
const EPOCHS: usize = 50;
const ENOUGH: f64 = 0.90;
/// How often the time of a step is taken; the shortest counts, for others use the machine as well.
const ROUNDS: usize = 60;

/// The optimizers, and where their first three steps lead from 1 with the gradients 1, −½ and ¼: computed
/// with 50 digits from the papers' formulas. AMSGrad has β₂ = 0.9 here, so that its maximum counts.
const KINDS: [(&str, [f64; 3]); 8] = [
    ("sgd", [0.99, 0.995, 0.9925]),
    ("momentum", [0.99, 0.986, 0.9799]),
    ("nesterov", [0.981, 0.9824, 0.97441]),
    (
        "adagrad",
        [
            0.990_000_000_001,
            0.994_472_135_955_599_6,
            0.992_289_957_053_430_2,
        ],
    ),
    (
        "adadelta",
        [
            0.995_527_908_765_689_2,
            0.998_414_621_622_292_9,
            0.996_846_157_327_449_2,
        ],
    ),
    (
        "rms_prop",
        [
            0.996_837_722_439_831_6,
            0.998_312_141_957_902_3,
            0.997_557_505_590_090_2,
        ],
    ),
    (
        "adam",
        [
            0.999_000_000_01,
            0.998_733_662_973_709,
            0.998_393_233_830_648_5,
        ],
    ),
    (
        "amsgrad",
        [
            0.999_000_000_01,
            0.998_729_395_976_881_6,
            0.998_383_857_620_806_2,
        ],
    ),
];

/// Compares optimizers by epochs, memory and time
#[derive(Parser)]
struct Arguments {
    /// The folder with the four MNIST files
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// An optimizer with the book's settings.
fn optimizer<T: Float>(name: &str) -> Box<dyn Optimizer<T>> {
    match name {
        "sgd" => Box::new(Sgd::new(0.01)),
        "momentum" => Box::new(Sgd::new(0.01).with_momentum(0.9)),
        "nesterov" => Box::new(Sgd::new(0.01).with_nesterov(0.9)),
        "adagrad" => Box::new(Adagrad::new(0.01)),
        "adadelta" => Box::new(Adadelta::new(1.0).with_rho(0.95)),
        "rms_prop" => Box::new(RmsProp::new(0.001).with_alpha(0.9)),
        "adam" => Box::new(Adam::new(0.001)),
        "amsgrad" => Box::new(Adam::new(0.001).with_amsgrad()),
        other => unreachable!("{other} is none of the optimizers"),
    }
}

/// How far three steps are from those computed by hand.
fn three_steps((name, by_hand): &(&str, [f64; 3])) -> f64 {
    let mut optimizer = match *name {
        "amsgrad" => Box::new(Adam::new(0.001).with_betas(0.9, 0.9).with_amsgrad()),
        name => optimizer::<f64>(name),
    };
    let (mut x, mut tape) = (Tensor::scalar(1.0), Tape::new());
    let steps = [1.0, -0.5, 0.25]
        .iter()
        .zip(by_hand)
        .map(|(slope, by_hand)| {
            let (_, grads) = tape.value_and_grad(&x, |_, x| x * *slope);
            optimizer.step(&mut x, &grads);
            (x.item() - by_hand).abs()
        });
    steps.fold(0.0, f64::max)
}

fn network(rng: &mut Rng) -> Dense {
    let mut net = Dense::new(&[PIXELS, HIDDEN, HIDDEN, HIDDEN, 10], rng).with_dropout(0.5);
    for layer in &mut net.layers {
        layer.weight = he_normal(layer.weight.shape().clone(), rng);
        layer.bias = Some(Tensor::zeros([layer.weight.dim(1)]));
    }
    net
}

/// Of each optimizer, the numbers that it keeps as a multiple of those of the model, and the seconds of
/// a step.
fn costs(rng: &mut Rng) -> Vec<(f64, f64)> {
    let mut net = network(rng);
    let (x, y) = (
        rng.uniform([BATCH, PIXELS], 0.0, 1.0),
        rng.integers([BATCH], 0..10),
    );
    let (_, grads) = Tape::new().value_and_grad(&net, |t, net| {
        cross_entropy(net.forward(t.constant(&x)), &y)
    });
    let mut optimizers = KINDS.map(|(name, _)| (optimizer::<f32>(name), f64::INFINITY));
    for _ in 0..ROUNDS {
        for (optimizer, shortest) in &mut optimizers {
            let started = Instant::now();
            optimizer.step(&mut net, &grads);
            *shortest = shortest.min(started.elapsed().as_secs_f64());
        }
    }
    let mut weights = 0;
    net.visit_tree(|_, leaf| weights += leaf.size());
    let cost = |(optimizer, seconds): &(Box<dyn Optimizer<f32>>, f64)| {
        let mut kept = 0;
        optimizer.visit_state(&mut |_, _, piece| {
            if let Piece::Tensor(Some(tensor)) = piece {
                kept += tensor.size();
            }
        });
        (kept as f64 / weights as f64, *seconds)
    };
    optimizers.iter().map(cost).collect()
}

/// The accuracies on the validation digits after each epoch, until they are enough.
fn accuracies(
    name: &str,
    [training, validation]: [&Digits; 2],
    (seed, most): (u64, usize),
    ticker: &Ticker,
) -> Vec<f64> {
    let mut rng = Rng::seed_from_u64(seed);
    let (mut net, mut optimizer) = (network(&mut rng), optimizer(name));
    let mut tape = Tape::new();
    _ = tape.set_rng(rng.split(1));
    let mut accuracies = Vec::new();
    while accuracies.len() < most && accuracies.last().is_none_or(|&last| last < ENOUGH) {
        for rows in Batches::shuffled(training.labels.size(), BATCH, &mut rng) {
            let (x, y) = training.rows(&rows);
            let (_, grads) = tape.value_and_grad(&net, |t, net| {
                cross_entropy(net.forward(t.constant(&x)), &y)
            });
            optimizer.step(&mut net, &grads);
        }
        let read = tape.evaluate(&net, |t, net| {
            net.forward(t.constant(&validation.images)).argmax(-1)
        });
        let right = read.zip_map(&validation.labels, |read, label| f64::from(read == label));
        accuracies.push(right.mean().item());
    }
    let (epochs, last) = (accuracies.len(), accuracies.last().copied());
    ticker.tick(|| format!("{name}: {:.3} after {epochs} epochs", last.unwrap_or(0.0)));
    accuracies
}

fn epochs(options: &Options, figures: &mut Figures, folder: &Path) -> Outcome {
    let (trained, validated, most, seeds) = match options.quick {
        true => (2000, 500, 2, 1),
        false => (TRAINED, VALIDATED, EPOCHS, SEEDS),
    };
    let all = Digits::load(folder, "train")?.first(trained + validated);
    if all.labels.size() < trained + validated {
        let count = all.labels.size();
        return Err(format!(
            "{}: {count} digits for training are too few",
            folder.display()
        )
        .into());
    }
    let part = |from: usize, to: usize| Digits {
        images: all.images.slice(0, from..to),
        labels: all.labels.slice(0, from..to),
    };
    let (training, validation) = (part(0, trained), part(trained, trained + validated));

    // All optimizers of a seed, then those of the next one.
    let found = each_seed(options, seeds * KINDS.len(), 1, |run, ticker| {
        let run = (run - options.seed) as usize;
        let (name, seed) = (
            KINDS[run % KINDS.len()].0,
            options.seed + (run / KINDS.len()) as u64,
        );
        accuracies(name, [&training, &validation], (seed, most), ticker)
    });
    // Whoever never gets there has one epoch more than there are.
    let needed = |found: &Vec<f64>| match found.last() {
        Some(&last) if last >= ENOUGH => found.len() as f64,
        _ => (most + 1) as f64,
    };
    for (at, (name, _)) in KINDS.iter().enumerate() {
        let epochs: Vec<f64> = found
            .chunks(KINDS.len())
            .map(|seed| needed(&seed[at]))
            .collect();
        let of_sgd = found.chunks(KINDS.len()).map(|seed| needed(&seed[0]));
        let share: Vec<f64> = epochs
            .iter()
            .zip(of_sgd)
            .map(|(own, sgd)| own / sgd)
            .collect();
        figures.add(&format!("{name}.epochs"), &epochs);
        figures.add(&format!("{name}.epochs_to_sgd"), &share);
    }

    let points = |found: &Vec<f64>| -> Vec<(f64, f64)> {
        found
            .iter()
            .enumerate()
            .map(|(at, &y)| (at as f64 + 1.0, y))
            .collect()
    };
    let lines: Vec<_> = found[..KINDS.len()].iter().map(points).collect();
    let line = |at: usize| (KINDS[at].0, &lines[at]);
    let longest = lines.iter().map(Vec::len).max().unwrap_or(1);
    Chart::new("Digits, three layers with dropout: each optimizer until 90 % are right")
        .with_axes("epoch", "validation accuracy")
        .with_x_range(0.0..longest as f64 + 1.0)
        .with_y_range(0.2..1.0)
        .with_lines(&[0, 1, 3, 4, 5, 6].map(line))
        .save(options.picture("optimizers.svg")?)?;
    Ok(())
}

fn run(options: &Options, data: Option<PathBuf>) -> Outcome {
    let folder = folder(data, "mnist", options.quick)?;
    let mut figures = Figures::new("optimizers");
    for kind in &KINDS {
        figures.add(&format!("{}.by_hand", kind.0), &[three_steps(kind)]);
    }
    let costs = costs(&mut Rng::seed_from_u64(options.seed));
    for ((name, _), (state, seconds)) in KINDS.iter().zip(&costs) {
        figures.add(&format!("{name}.state"), &[*state]);
        figures.add(&format!("{name}.step_microseconds"), &[seconds * 1e6]);
    }
    let seconds = |name: &str| {
        let at = KINDS.iter().position(|kind| kind.0 == name);
        at.map_or(f64::NAN, |at| costs[at].1)
    };
    figures.add(
        "step.rms_prop_to_sgd",
        &[seconds("rms_prop") / seconds("sgd")],
    );
    figures.add(
        "step.adam_to_rms_prop",
        &[seconds("adam") / seconds("rms_prop")],
    );
    match folder {
        Some(folder) => epochs(options, &mut figures, &folder)?,
        None => println!("digits: skipped, for there is no data (--data DIR or WENGERT_DATA)"),
    }
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    support::exit("optimizers", run(&options, data))
}
