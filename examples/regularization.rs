//! What keeps a network from learning its examples by heart, on handwritten digits.
//!
//! - Dropout and early stopping with Adam, and batch norm, on 16,000 digits for training and 4,000 for
//!   validation, by three hidden layers of 200. The test is on the 10,000 digits of the test files.
//! - A penalty on |w| brings most weights to 0; one on w² makes them small, but leaves them there.
//! - Dropout changes nothing on the average, and nothing at all when it is off. Batch norm takes its
//!   running values where it evaluates, so that a row does not depend on those beside it.
//! - To believe beforehand that weights are normal around 0 is to have a penalty on w²: the gradients
//!   are the same.
//!
//! Source: seed row 12; the book's section 4.5. As there, dropout leaves out a half; the units are
//! rectified and the batches 200. The patience is 5 epochs, as in the second edition, and 40 epochs are
//! the most; the network with the least validation loss is kept. Batch norm has 10. The penalties are tried on a network with one hidden layer of 100, learned by gradient descent
//! with momentum: where Adam scales every gradient, both penalties bring the weights of pixels that are
//! always empty to 0.
//!
//! `cargo run --release --example regularization -- --data DIR` for a folder with the MNIST files, or
//! with `WENGERT_DATA` set to a folder that has them in `mnist/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::dense::Dense;
use support::digits::{Digits, PIXELS};
use support::figures::Figures;
use support::folder::folder;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::look::pictures::Chart;
use wengert::nn::optim::{Schedule, penalty};
use wengert::nn::train::{EarlyStopping, Trainer};
use wengert::prelude::*;

const SEEDS: usize = 3;
const TRAINED: usize = 16_000;
const HELD_OUT: usize = 4_000;
const BATCH: usize = 200;
const HIDDEN: usize = 200;
const RATE: f64 = 2e-3;
const PATIENCE: u64 = 5;
/// The two variants, and the most epochs of each.
const VARIANTS: [(&str, usize); 2] = [("dropout", 40), ("batch_norm", 10)];
/// λ of both penalties, and the epochs and the first learning rate with them.
const LAMBDA: f64 = 5e-4;
const PENALTIES: [&str; 2] = ["l1", "l2"];
const PENALIZED: usize = 5;
const PENALIZED_RATE: f64 = 0.05;
/// Below this a weight counts as 0.
const SMALL: f64 = 1e-3;

/// Shows what dropout, batch norm and penalties do
#[derive(Parser)]
struct Arguments {
    /// The folder with the four MNIST files
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Digits for training, for validation and for the test.
struct Data {
    training: Digits,
    validation: Digits,
    test: Digits,
}

impl Data {
    fn load(folder: &Path, quick: bool) -> Outcome<Data> {
        let (trained, held_out, tested) = match quick {
            true => (1000, 500, 500),
            false => (TRAINED, HELD_OUT, 10_000),
        };
        let all = Digits::load(folder, "train")?.first(trained + held_out);
        if all.labels.size() < trained + held_out {
            return Err(format!("{}: there are too few digits", folder.display()).into());
        }
        let part = |from: usize, to: usize| Digits {
            images: all.images.slice(0, from..to),
            labels: all.labels.slice(0, from..to),
        };
        Ok(Data {
            training: part(0, trained),
            validation: part(trained, trained + held_out),
            test: Digits::load(folder, "t10k")?.first(tested),
        })
    }
}

/// The mean cross-entropy of a network, and the share of digits that it reads rightly.
fn test(net: &Dense, tape: &mut Tape, digits: &Digits) -> (f64, f64) {
    let (mut loss, mut right) = (0.0, 0);
    for rows in Batches::in_order(digits.labels.size(), 1000) {
        let (x, y) = digits.rows(&rows);
        let (sum, read) = tape.evaluate(net, |t, m| {
            let logits = m.forward(t.constant(&x));
            let sum = cross_entropy(logits, &y).item() * rows.size() as f32;
            (sum, logits.argmax(-1))
        });
        loss += f64::from(sum);
        right += read.eq(&y).count();
    }
    let count = digits.labels.size() as f64;
    (loss / count, right as f64 / count)
}

/// What a variant came to: the accuracy on the test digits, the epochs that it took, and the course of
/// its loss on the validation digits.
struct Found {
    accuracy: f64,
    epochs: f64,
    course: Vec<(f64, f64)>,
}

/// Trains by Adam until the validation loss has not been better for some epochs, and keeps the best.
fn train(variant: &str, data: &Data, epochs: usize, seed: u64, ticker: &Ticker) -> Found {
    let rng = Rng::seed_from_u64(seed);
    let net = Dense::new(&[PIXELS, HIDDEN, HIDDEN, HIDDEN, 10], &mut rng.split(1));
    let mut net = match variant {
        "dropout" => net.with_dropout(0.5),
        _ => net.with_batch_norm(),
    };
    let (mut order, mut course) = (rng.split(2), Vec::new());
    let mut trainer = Trainer::new(Adam::new(RATE))
        .with_epochs(epochs as u64)
        .with_validation(|tape, net| {
            let (loss, accuracy) = test(net, tape, &data.validation);
            course.push((course.len() as f64 + 1.0, loss));
            ticker.tick(|| format!("{variant}: validation {loss:.3}, {accuracy:.3} right"));
            vec![("loss", loss), ("accuracy", accuracy)]
        })
        .with_early_stopping(EarlyStopping::new(PATIENCE).with_metric("loss"));
    trainer.tape.set_rng(rng.split(3));
    let count = data.training.labels.size();
    let trained = trainer.run(
        &mut net,
        |_| Batches::shuffled(count, BATCH, &mut order),
        |t, m, rows| {
            let (x, y) = data.training.rows(rows);
            cross_entropy(m.forward(t.constant(&x)), &y)
        },
    );
    trained.expect("every loss is a number");
    drop(trainer);
    Found {
        accuracy: test(&net, &mut Tape::new(), &data.test).1,
        epochs: course.len() as f64,
        course,
    }
}

/// The weights of a network that learned with a penalty, without their signs, and its accuracy.
fn penalized(kind: &str, data: &Data, epochs: usize, seed: u64) -> (Vec<f64>, f64) {
    let rng = Rng::seed_from_u64(seed);
    let mut net = Dense::new(&[PIXELS, 100, 10], &mut rng.split(1));
    let (mut order, mut tape) = (rng.split(2), Tape::new());
    let mut sgd = Sgd::new(PENALIZED_RATE);
    sgd.momentum = 0.9;
    let count = data.training.labels.size();
    let steps = (epochs * count.div_ceil(BATCH)) as u64;
    let (schedule, mut done) = (Schedule::linear(PENALIZED_RATE, 0.0, steps), 0);
    for _ in 0..epochs {
        for rows in Batches::shuffled(count, BATCH, &mut order) {
            let (x, y) = data.training.rows(&rows);
            let (_, grads) = tape.value_and_grad(&net, |t, m| {
                let weight = |path: &str| path.ends_with("weight");
                let penalty = match kind {
                    "l1" => penalty::l1(&m, LAMBDA, weight),
                    _ => penalty::l2(&m, LAMBDA, weight),
                };
                cross_entropy(m.forward(t.constant(&x)), &y) + penalty
            });
            sgd.learning_rate = schedule.at(done);
            sgd.step(&mut net, &grads);
            done += 1;
        }
    }
    let weights = net.layers.iter().flat_map(|layer| layer.weight.iter());
    let weights = weights.map(|w| f64::from(w.abs())).collect();
    (weights, test(&net, &mut tape, &data.test).1)
}

/// How far the mean of many draws of dropout is from what went in, in standard errors, for some shares
/// that are left out; and how far it is when it is off.
fn dropout(figures: &mut Figures, seed: u64) {
    let (draws, size) = (2000, 500);
    let shares = [0.2, 0.5, 0.8];
    let tape = Tape::<f64>::new();
    tape.set_rng(Rng::seed_from_u64(seed));
    let x = tape.full([size], 3.0);
    let off = shares.map(|p| Dropout::new(p).forward(x).value().max_abs_diff(&x.value()));
    tape.set_training(true);
    let errors = shares.map(|p| {
        let dropout = Dropout::new(p);
        let draw = |_| tape.scope(|_| dropout.forward(x).mean().item());
        let mean = (0..draws).map(draw).sum::<f64>() / f64::from(draws);
        let error = 3.0 * (p / (1.0 - p) / (f64::from(draws) * size as f64)).sqrt();
        (mean - 3.0).abs() / error
    });
    figures.add("dropout.mean_in_standard_errors", &errors);
    figures.add("dropout.off.change", &off);
}

/// How far batch norm is from its formula with the running values, where it evaluates, and how much a
/// row there depends on the others.
fn batch_norm(figures: &mut Figures, rng: &mut Rng) {
    let mut layer = BatchNorm::new(4).cast::<f64>();
    let (mut tape, mut sgd) = (Tape::new(), Sgd::new(0.1));
    let (mut mean, mut variance) = (Tensor::<f64>::zeros([4]), Tensor::<f64>::ones([4]));
    for _ in 0..20 {
        let x: Tensor<f64> = rng.normal([8, 4], 2.0, 3.0);
        let (_, grads) =
            tape.value_and_grad(&layer, |t, m| m.forward(t.constant(&x)).square().sum());
        sgd.step(&mut layer, &grads);
        mean = mean * 0.9 + x.mean_axes(&[0], false) * 0.1;
        variance = variance * 0.9 + x.var(&[0], 1, false) * 0.1;
    }
    let x: Tensor<f64> = rng.normal([8, 4], 0.0, 1.0);
    let mut of = |x: &Tensor<f64>| tape.evaluate(&layer, |t, m| m.forward(t.constant(x)).value());
    let (all, alone) = (of(&x), of(&x.slice(0, ..1)));
    let wanted = (x - mean) / (variance + 1e-5).sqrt() * &layer.weight + &layer.bias;
    figures.add(
        "batch_norm.distance_to_running",
        &[all.max_abs_diff(&wanted)],
    );
    let change = all.slice(0, ..1).max_abs_diff(&alone);
    figures.add("batch_norm.influence_of_others", &[change]);
}

/// How far the gradient with a Gaussian prior on the weights is from that with a penalty on w², as a
/// share of its norm: for the greatest posterior probability, the prior stands beside the sum of all
/// cross-entropies.
fn prior(seed: u64) -> f64 {
    let mut rng = Rng::seed_from_u64(seed);
    let net = Dense::new(&[6, 12, 4], &mut rng).cast::<f64>();
    let x: Tensor<f64> = rng.normal([30, 6], 0.0, 1.0);
    let (y, std) = (rng.integers([30], 0..4), 0.3);
    let mut tape = Tape::<f64>::new();
    let mut gradient = |prior: bool| {
        let (_, grads) = tape.value_and_grad(&net, |t, m| {
            let likelihood = cross_entropy(m.forward(t.constant(&x)), &y) * 30.0;
            let penalty = match prior {
                true => penalty::gaussian_prior(&m, std, |_| true),
                false => penalty::l2(&m, 0.5 / (std * std), |_| true),
            };
            likelihood + penalty
        });
        grads
    };
    let (mut apart, penalty) = (gradient(true), gradient(false));
    apart.combine(1.0, &penalty, -1.0);
    apart.norm() / penalty.norm()
}

/// The shares of the weights between powers of ten, as a stepped line over lg |w|.
fn histogram(weights: &[f64]) -> Vec<(f64, f64)> {
    let (low, bins, width) = (-8.0, 36, 0.25);
    let mut shares = vec![0.0; bins];
    for w in weights {
        let bin = (w.max(1e-8).log10() - low) / width;
        shares[(bin as usize).min(bins - 1)] += 100.0 / weights.len() as f64;
    }
    let step = |(bin, share): (usize, f64)| {
        let left = low + width * bin as f64;
        [(left, share), (left + width, share)]
    };
    shares.into_iter().enumerate().flat_map(step).collect()
}

fn digits(options: &Options, figures: &mut Figures, folder: &Path) -> Outcome {
    let data = Data::load(folder, options.quick)?;
    let (seeds, most) = if options.quick { (1, 2) } else { (SEEDS, 40) };
    let mut lines = Vec::new();
    for (variant, epochs) in VARIANTS {
        let epochs = epochs.min(most);
        let found = each_seed(options, seeds, epochs, |seed, ticker| {
            train(variant, &data, epochs, seed, ticker)
        });
        let of = |of: fn(&Found) -> f64| found.iter().map(of).collect::<Vec<_>>();
        figures.add(
            &format!("{variant}.test_accuracy"),
            &of(|found| found.accuracy),
        );
        figures.add(&format!("{variant}.epochs"), &of(|found| found.epochs));
        lines.push((
            variant.replace('_', " "),
            found.into_iter().next().expect("there is a seed").course,
        ));
    }
    Chart::new("Three hidden layers of 200 on 16,000 digits")
        .with_axes("epoch", "validation cross-entropy")
        .with_log_y()
        .with_lines(&lines)
        .save(options.picture("regularization.svg")?)?;

    let epochs = PENALIZED.min(most);
    let found = each_seed(options, seeds, 2, |seed, ticker| {
        PENALTIES.map(|kind| {
            let (weights, accuracy) = penalized(kind, &data, epochs, seed);
            let small = weights.iter().filter(|&&w| w < SMALL).count();
            let share = small as f64 / weights.len() as f64;
            ticker.tick(|| format!("{kind}: {share:.3} of the weights are small"));
            (share, accuracy, weights)
        })
    });
    for (at, kind) in PENALTIES.iter().enumerate() {
        let shares: Vec<f64> = found.iter().map(|found| found[at].0).collect();
        let accuracies: Vec<f64> = found.iter().map(|found| found[at].1).collect();
        figures.add(&format!("{kind}.small_share"), &shares);
        figures.add(&format!("{kind}.test_accuracy"), &accuracies);
    }
    let ratios: Vec<f64> = found.iter().map(|[l1, l2]| l1.0 / l2.0).collect();
    figures.add("l1_to_l2.small_ratio", &ratios);
    let names = ["penalty on |w|", "penalty on w²"];
    let lines = [0, 1].map(|at| (names[at], histogram(&found[0][at].2)));
    Chart::new("Weights after learning with each penalty")
        .with_axes("power of ten of |w|", "% of the weights")
        .with_x_range(-8.0..0.5)
        .with_y_range(0.0..40.0)
        .with_lines(&lines)
        .save(options.picture("regularization_weights.svg")?)?;
    Ok(())
}

fn run(options: &Options, data: Option<&Path>) -> Outcome {
    let mut figures = Figures::new("regularization");
    dropout(&mut figures, options.seed);
    batch_norm(&mut figures, &mut Rng::seed_from_u64(options.seed));
    let apart: Vec<f64> = (0..5).map(|at| prior(options.seed + at)).collect();
    figures.add("prior.distance_to_l2", &apart);
    match data {
        Some(folder) => digits(options, &mut figures, folder)?,
        None => println!("digits: skipped, for there is no data (--data DIR or WENGERT_DATA)"),
    }
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    let data = folder(data, "mnist", options.quick);
    let outcome = data.and_then(|data| run(&options, data.as_deref()));
    support::exit("regularization", outcome)
}
