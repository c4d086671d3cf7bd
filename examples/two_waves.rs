//! A wave of two kinds, like the P and the S waves of an earthquake: a fast one with period 10, and a slow
//! one with period 60 and three times the amplitude. An LSTM says the next point, and nobody resets its
//! memory. After each switch the memory of the other kind is in the way, and less so with a forget gate.
//!
//! Source: the book's question what the forget gate is for; Gers, Schmidhuber and Cummins 2000, *Learning
//! to forget*. Each kind lasts 60 to 179 points, and the error is that of the 30 points after a switch; the
//! first of them nobody can know. The network learns from 2,000 pieces of fifty points of eight waves;
//! `support/stream.rs` has its settings.
//!
//! `cargo run --release --example two_waves`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::f64::consts::TAU;
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::seeds::{Ticker, each_seed};
use support::stream::{KINDS, Learner};
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::ForgetGate;
use wengert::prelude::*;

const SEEDS: usize = 5;
/// The steps of a piece.
const STEPS: usize = 50;
const WAVES: usize = 8;
/// So many steps after a switch count.
const AFTER: usize = 30;

/// Shows what an LSTM says of a wave that changes its kind
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// A wave that switches between its two kinds.
struct Wave {
    slow: bool,
    angle: f64,
    since: usize,
    left: usize,
}

impl Wave {
    fn new(rng: &mut Rng) -> Self {
        Wave {
            slow: rng.coin(0.5),
            angle: TAU * rng.unit(),
            since: AFTER,
            left: 60 + rng.below(120),
        }
    }

    /// The next point.
    fn next(&mut self, rng: &mut Rng) -> f32 {
        if self.left == 0 {
            (self.slow, self.since, self.left) = (!self.slow, 0, 60 + rng.below(120));
        }
        (self.since, self.left) = (self.since + 1, self.left - 1);
        let (period, height) = if self.slow { (60.0, 3.0) } else { (10.0, 1.0) };
        self.angle += TAU / period;
        (height * self.angle.sin()) as f32
    }
}

/// What a network made of the waves.
struct Said {
    /// The mean squared error of the points after a switch.
    after_switch: f64,
    /// The wave and what was said of it, for some steps around a switch.
    wave: Vec<(f64, f64)>,
    said: Vec<(f64, f64)>,
}

fn waves(gate: ForgetGate, [pieces, tests]: [usize; 2], rng: &Rng, ticker: &Ticker) -> Said {
    let mut learner = Learner::new(1, gate, &mut rng.split(4));
    let mut data = rng.split(5);
    let mut streams: Vec<Wave> = (0..WAVES).map(|_| Wave::new(&mut data)).collect();
    let mut last: Vec<f32> = streams
        .iter_mut()
        .map(|wave| wave.next(&mut data))
        .collect();
    // x [8, 50, 1], the points after each, and how long ago each of these waves switched.
    let mut draw = || {
        let (mut x, mut y, mut since) = (Vec::new(), Vec::new(), Vec::new());
        for (wave, last) in streams.iter_mut().zip(&mut last) {
            for _ in 0..STEPS {
                x.push(*last);
                *last = wave.next(&mut data);
                y.push(*last);
                since.push(wave.since);
            }
        }
        let of = |numbers| Tensor::from_vec(numbers, [WAVES, STEPS, 1]).expect("all points");
        (of(x), of(y), since)
    };
    for _ in 0..pieces {
        let (x, y, _) = draw();
        let loss = learner.learn(&x, |said| mse(said, &y));
        ticker.tick(|| format!("loss {loss:.4}"));
    }
    let (mut sum, mut count) = (0.0, 0);
    let (mut wave, mut course) = (Vec::new(), Vec::new());
    for test in 0..tests {
        let (x, y, since) = draw();
        let said = learner.say(&x);
        for (at, (y, said)) in y.iter().zip(said.iter()).enumerate() {
            let (y, said) = (f64::from(y), f64::from(said));
            if since[at] <= AFTER {
                sum += (said - y).powi(2);
                count += 1;
            }
            if at < STEPS {
                let step = (test * STEPS + at) as f64;
                wave.push((step, y));
                course.push((step, said));
            }
        }
    }
    Said {
        after_switch: sum / f64::from(count.max(1)),
        wave,
        said: course,
    }
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("two_waves");
    let (seeds, size) = match options.quick {
        true => (2, [20, 10]),
        false => (SEEDS, [2000, 200]),
    };
    let found = each_seed(options, seeds, KINDS.len() * size[0], |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        KINDS.map(|(_, gate)| waves(gate, size, &rng, ticker))
    });
    let errors = |at: usize| -> Vec<f64> { found.iter().map(|k| k[at].after_switch).collect() };
    for (at, (name, _)) in KINDS.iter().enumerate() {
        figures.add(&format!("{name}.after_switch_mse"), &errors(at));
    }
    let ratio = errors(0).into_iter().zip(errors(1)).map(|(a, b)| a / b);
    figures.add("forget_to_no_forget.ratio", &ratio.collect::<Vec<_>>());

    let [with, without] = &found[0];
    let shown = |points: &[(f64, f64)]| points[..points.len().min(150)].to_vec();
    let [wave, said, without] = [&with.wave, &with.said, &without.said].map(|p| shown(p));
    let path = options.picture("two_waves.svg")?;
    Chart::new("A wave of two kinds: one seed")
        .with_axes("step", "value")
        .with_x_range(0.0..150.0)
        .with_y_range(-4.5..6.5)
        .with_line("the next point", wave)
        .with_line("said with a forget gate", said)
        .with_line("said without one", without)
        .save(&path)?;
    println!("the wave is drawn in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("two_waves", run(&Arguments::parse().options))
}
