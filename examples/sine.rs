//! A noisy sine wave, read by three recurrent networks. Each learns to say the next point from the
//! last 25, and then runs freely: what it says is what it reads next. The book's advice that the data
//! has to include all patterns is tried on a network that has seen a quarter of the period only. And
//! one set of weights is used at every step: its gradient is the sum of those of a copy per step.
//!
//! Source: Sugomori, *Deep learning with TensorFlow and Keras*, section 5.1: 201 points with 100 a
//! period and noise in ±0.05, windows of 25, the first 158 to learn from, Adam, at most 500 epochs.
//! Other than there:
//! - the validation windows are the last ones and not drawn by chance, so that they overlap those of
//!   the training as little as can be;
//! - weights start as in the second edition, Glorot-normal and orthogonal, and the plain network has
//!   the 50 units that it has there; with 20, started small, its free run is a fifth too fast. The
//!   LSTM and the GRU have 20 instead of 30 and 60, which saves time and costs nothing;
//! - the learning rate falls from 0.005 to 0 along a line with batches of 50, and the network with
//!   the best validation error is kept. Where training just stops after ten epochs without progress,
//!   as in the book, it often stops by chance, and the free runs have wrong periods;
//! - the free run is 300 steps long instead of 176, so that whole periods can be counted.
//!
//! `cargo run --release --example sine`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::recurrent::Reader;
use support::seeds::{Ticker, each_seed};
use support::wave::{PERIOD, initialize, part, points, sine, train, windows};
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{Carried, Cell};
use wengert::prelude::*;

const POINTS: usize = 201;
const WINDOW: usize = 25;
const TRAINED: usize = 158;
/// The windows of a network that sees a quarter of the period, of 26 points, are shorter.
const SHORT: usize = 12;
const EPOCHS: usize = 500;
const FREE: usize = 300;
const SEEDS: usize = 5;
/// The networks, and how wide they are.
const KINDS: [(&str, usize); 3] = [("simple", 50), ("lstm", 20), ("gru", 20)];

/// Predicts a noisy sine wave, and continues it
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// What the network makes of its own points, from these on.
fn free_run(model: &Reader, start: &[f64], steps: usize) -> Vec<f64> {
    let mut points = start.to_vec();
    let mut tape = Tape::new();
    for _ in 0..steps {
        let window = &points[points.len() - WINDOW..];
        let x = Tensor::from_fn([1, WINDOW, 1], |at| window[at[1]] as f32);
        let next = tape.evaluate(model, |t, m| m.last(t.constant(&x)).item());
        points.push(f64::from(next));
    }
    points.split_off(start.len())
}

/// Where a wave passes through 0, between points. A passage counts when the wave has come out of
/// ±½ on the other side since the last one, so that neither noise nor a wave that dies away counts.
fn passages(wave: &[f64]) -> Vec<f64> {
    let (mut side, mut last, mut found) = (0.0, None, Vec::new());
    for (at, pair) in wave.windows(2).enumerate() {
        if pair[0] * pair[1] <= 0.0 && pair[0] != pair[1] {
            last = Some(at as f64 + pair[0] / (pair[0] - pair[1]));
        }
        if pair[1].abs() > 0.5 {
            let now = pair[1].signum();
            if side == -now {
                found.extend(last);
            }
            side = now;
        }
    }
    found
}

/// What one network comes to.
struct Found {
    validation: f64,
    /// The greatest value of the free run, without its sign.
    bound: f64,
    /// From the first extreme to the last.
    periods: f64,
    period: f64,
    /// The error of the free run over the book's 176 steps, of this network and of one that has
    /// seen a quarter.
    error: f64,
    quarter_error: f64,
    runs: [Vec<f64>; 2],
}

fn experiment(kind: &str, hidden: usize, seed: u64, epochs: usize) -> Found {
    let mut rng = Rng::seed_from_u64(seed);
    let points = points(POINTS, &mut rng);
    let all = windows(&points, WINDOW);
    let (training, rest) = (part(&all, 0..TRAINED), part(&all, TRAINED..all.1.size()));
    let mut start = Reader::of(kind, [1, hidden, 1], &mut rng);
    initialize(&mut start, &mut rng);
    let mut model = start.clone();
    let validation = train(&mut model, &training, &rest, epochs, &mut rng);

    // The quarter again and again, with new noise, until there are as many windows.
    let (mut x, mut y) = (Vec::new(), Vec::new());
    while y.len() * (PERIOD / 4 + 1 - SHORT) < TRAINED + 18 {
        let (windows, next) = windows(&support::wave::points(PERIOD / 4 + 1, &mut rng), SHORT);
        x.push(windows);
        y.push(next);
    }
    let quarter = (Tensor::cat(&x, 0), Tensor::cat(&y, 0));
    let mut narrow = start;
    let (training, rest) = (
        part(&quarter, 0..TRAINED),
        part(&quarter, TRAINED..TRAINED + 18),
    );
    train(&mut narrow, &training, &rest, epochs, &mut rng);

    let runs = [&model, &narrow].map(|model| free_run(model, &points[..WINDOW], FREE));
    let error = |run: &[f64]| {
        let book = run.iter().take(POINTS - WINDOW).enumerate();
        let squares = book.map(|(at, y)| (y - sine(WINDOW + at)).powi(2));
        (squares.sum::<f64>() / (POINTS - WINDOW) as f64).sqrt()
    };
    let passages = passages(&runs[0]);
    let length = passages.last().unwrap_or(&0.0) - passages.first().unwrap_or(&0.0);
    Found {
        validation,
        bound: runs[0].iter().fold(0.0, |bound, y| bound.max(y.abs())),
        periods: 0.5 * passages.len() as f64,
        period: 2.0 * length / (passages.len() as f64 - 1.0),
        error: error(&runs[0]),
        quarter_error: error(&runs[1]),
        runs,
    }
}

/// How far the gradient of the weights that all steps share is from the sum of the gradients of a
/// copy per step, as a share of its norm, in `f64`.
fn untied<C>(cell: &C, seed: u64) -> f64
where
    C: Tree<Tensor<f64>> + Clone,
    for<'t> C::With<Var<'t, f64>>: Cell<'t, f64>,
{
    let x: Tensor<f64> = Rng::seed_from_u64(seed).normal([3, WINDOW, 1], 0.0, 1.0);
    let mut tape = Tape::<f64>::new();
    let copies = vec![cell.clone(); WINDOW];
    let (_, of_copies) =
        tape.value_and_grad(&copies, |t, cells| chain(cells.iter(), t.constant(&x)));
    let (_, shared) = tape.value_and_grad(cell, |t, cell| {
        chain(std::iter::repeat_n(&cell, WINDOW), t.constant(&x))
    });
    let (copies, shared): (Vec<_>, Vec<_>) = (of_copies.iter().collect(), shared.iter().collect());
    let (mut distance, mut norm) = (0.0, 0.0);
    for (leaf, shared) in shared.iter().enumerate() {
        let sum = copies.iter().skip(leaf).step_by(copies.len() / WINDOW);
        let sum = sum.fold(Tensor::zeros(shared.shape()), |sum, copy| sum + *copy);
        distance += (*shared - &sum).norm(&[], false).item().powi(2);
        norm += shared.norm(&[], false).item().powi(2);
    }
    (distance / norm).sqrt()
}

/// A number that comes of a cell for each step of x \[B, T, I\].
fn chain<'t, 'c, C: Cell<'t, f64> + 'c>(
    cells: impl Iterator<Item = &'c C>,
    x: Var<'t, f64>,
) -> Var<'t, f64> {
    let mut state = None;
    for (cell, x) in cells.zip(x.unbind(1)) {
        let before = state.unwrap_or_else(|| cell.initial(x));
        state = Some(cell.step(x, before));
    }
    let h = state.expect("there is a step").h();
    (h * h).sum()
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("sine");
    let mut rng = Rng::seed_from_u64(options.seed);
    let (seeds, epochs) = if options.quick {
        (1, 5)
    } else {
        (SEEDS, EPOCHS)
    };
    let simple = untied(
        &SimpleRnnCell::new(1, 20, &mut rng).cast::<f64>(),
        options.seed,
    );
    let lstm = untied(&LstmCell::new(1, 30, &mut rng).cast::<f64>(), options.seed);
    let gru = untied(&GruCell::new(1, 60, &mut rng).cast::<f64>(), options.seed);
    figures.add("shared_gradient.distance_to_sum", &[simple, lstm, gru]);

    let mut lines = Vec::new();
    for (kind, hidden) in KINDS {
        let found = each_seed(options, seeds, 1, |seed, ticker: &Ticker| {
            let found = experiment(kind, hidden, seed, epochs);
            ticker.tick(|| format!("{kind}: validation error {:.5}", found.validation));
            found
        });
        let mut add = |name: &str, of: &dyn Fn(&Found) -> f64| {
            figures.add(
                &format!("{kind}.{name}"),
                &found.iter().map(of).collect::<Vec<_>>(),
            );
        };
        add("validation_mse", &|found| found.validation);
        add("free_run.greatest", &|found| found.bound);
        add("free_run.periods", &|found| found.periods);
        add("free_run.period", &|found| found.period);
        add("free_run.rmse", &|found| found.error);
        add("quarter.free_run.rmse", &|found| found.quarter_error);
        add("quarter.ratio", &|found| found.quarter_error / found.error);
        let [full, quarter] = &found[0].runs;
        let line = |run: &[f64]| {
            let at = |(at, y): (usize, &f64)| ((WINDOW + at) as f64, *y);
            run.iter().enumerate().map(at).collect::<Vec<_>>()
        };
        lines.push((kind.to_owned(), line(full)));
        if kind == "gru" {
            lines.push((format!("{kind}, of a quarter"), line(quarter)));
        }
    }
    let wave: Vec<(f64, f64)> = (0..WINDOW + FREE).map(|at| (at as f64, sine(at))).collect();
    lines.push(("the sine".to_owned(), wave));
    Chart::new("Networks that go on with a sine after 25 points")
        .with_axes("step", "value")
        .with_x_range(0.0..(WINDOW + FREE) as f64)
        .with_y_range(-1.6..2.6)
        .with_lines(&lines)
        .save(options.picture("sine.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("sine", run(&Arguments::parse().options))
}
