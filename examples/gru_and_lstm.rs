//! The gated recurrent unit beside the long short-term memory: three parts where the other has four,
//! less time a step, and what both come to on three tasks. The source names no winner, and neither
//! does this table.
//!
//! - the noisy sine: the error of the next point (the noise alone is 8.3e-4);
//! - the Adding Problem over 50 steps: the squared error on fresh sequences (always guessing 1: 0.167);
//! - the embedded Reber grammar: the share of fresh strings in which every step puts all symbols that
//!   may follow above all others.
//!
//! Source: Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*; Hochreiter
//! and Schmidhuber 1997, *Long short-term memory*, for the tasks; Sugomori, *Deep learning with
//! TensorFlow and Keras*, section 5.3.
//!
//! Times are those of a whole step of training on one thread, with the book's batch of 100 and five
//! time steps, 20 of each kind in turn. They are the one figure here that another run does not repeat to
//! the last bit. A narrow GRU takes as long as an LSTM, which is one op a step: there the number of
//! ops counts, and not that of the weights.
//!
//! `cargo run --release --example gru_and_lstm`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use support::adding::{Training, error, sequences};
use support::figures::Figures;
use support::reber::{COUNT, Text, padded};
use support::recurrent::Reader;
use support::seeds::{Ticker, each_seed};
use support::wave::{initialize, part, points, train, windows};
use support::{Options, Outcome};
use wengert::compose::{CrossEntropy, cross_entropy_with};
use wengert::nn::init::uniform;
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{Cell, NewCell, Recurrent};
use wengert::ops::{Sigmoid, Tanh};
use wengert::prelude::*;
use wengert::tape::Model;

const SEEDS: usize = 5;
const KINDS: [&str; 2] = ["lstm", "gru"];
/// How wide the layers are that are timed, and how often each is.
const TIMED: [usize; 4] = [32, 128, 256, 512];
const TIMES: usize = 20;
const ADDING: Training = Training {
    time: 50,
    batch: 32,
    steps: 4000,
    rate: 1e-2,
    half_life: 1000,
};
const STRINGS: usize = 16;
const STRING_STEPS: usize = 3000;

/// Compares the GRU with the LSTM
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// The GRU in the form of the final paper, whose reset gate acts on the state before the product and
/// whose parts have one bias each. Its two gates are one op, and the rest of it another:
///
/// ```text
/// r z = σ(x Wx + h Wh + b)
/// h′ = (1 − z) tanh(x Vx + (r h) Vh + c) + z h
/// ```
#[derive(Tree, Clone)]
struct FinalGru<P = Tensor> {
    wx: P,
    wh: P,
    b: P,
    vx: P,
    vh: P,
    c: P,
}

impl NewCell for FinalGru {
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (hidden as f64).sqrt();
        FinalGru {
            wx: uniform([inputs, 2 * hidden], k, rng),
            wh: uniform([hidden, 2 * hidden], k, rng),
            b: uniform([2 * hidden], k, rng),
            vx: uniform([inputs, hidden], k, rng),
            vh: uniform([hidden, hidden], k, rng),
            c: uniform([hidden], k, rng),
        }
    }
}

impl<'t, T: Float> Cell<'t, T> for FinalGru<Var<'t, T>> {
    type State = Var<'t, T>;

    fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.tape().zeros([x.dim(0), self.vh.dim(0)])
    }

    fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let sums = [(x, self.wx), (h, self.wh)];
        let gates = Var::affine_activated(&sums, Some(self.b), (Sigmoid, Sigmoid));
        let [r, z] = gates.chunk(-1);
        let sums = [(x, self.vx), (r * h, self.vh)];
        let [h] = Var::affine_formula(&sums, Some(self.c), (Tanh,), Mix, [z, h]);
        h
    }
}

/// (n, z, h) → h′.
#[derive(Clone, Copy)]
struct Mix;

#[formula]
impl Formula<3, 1> for Mix {
    const NAME: &'static str = "mix";

    fn eval<R: Real>(&self, [n, z, h]: [R; 3]) -> [R; 1] {
        [n + z * (h - n)]
    }
}

/// Three parts to four, where each part has one bias; and the library's GRU, whose parts have two.
fn parameters(figures: &mut Figures, rng: &mut Rng) {
    let lstm = Lstm::new(2, 100, rng).element_count() as f64;
    let ours = FinalGru::new(2, 100, rng).element_count() as f64;
    figures.add("parameters.ratio", &[ours / lstm]);
    let double = Gru::new(2, 100, rng).element_count() as f64;
    figures.add("parameters.ratio_with_two_biases", &[double / lstm]);
}

/// A step of training of a layer and its head, as often as one likes: its time in seconds.
fn stepper<C>(hidden: usize) -> Box<dyn FnMut() -> f64>
where
    C: NewCell + Tree<Tensor, With<Tensor> = C> + 'static,
    for<'t> C::With<Var<'t>>: Cell<'t, f32>,
{
    let mut rng = Rng::seed_from_u64(1);
    let x: Tensor = rng.uniform([100, 5, 2], 0.0, 1.0);
    let y: Tensor = rng.uniform([100, 1], 0.0, 2.0);
    let rnn = Recurrent::<C>::new(2, hidden, &mut rng);
    let mut model = (rnn, Linear::new(hidden, 1, &mut rng));
    let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-3));
    Box::new(move || {
        let started = Instant::now();
        let (_, grads) = tape.value_and_grad(&model, |t, (rnn, head)| {
            mse(head.forward(rnn.last(t.constant(&x), None).h()), &y)
        });
        adam.step(&mut model, &grads);
        started.elapsed().as_secs_f64()
    })
}

/// The time of a step of the GRU of the final paper, and of that of the library, over that of an LSTM
/// as wide: medians of some measurements, of each in turn.
fn time_ratios(hidden: usize, times: usize) -> [f64; 2] {
    let mut kinds = [
        stepper::<LstmCell>(hidden),
        stepper::<FinalGru>(hidden),
        stepper::<GruCell>(hidden),
    ];
    // The first round warms up, and is not counted.
    kinds.iter_mut().for_each(|step| _ = step());
    let mut rounds: Vec<[f64; 3]> = Vec::new();
    for _ in 0..times {
        rounds.push(kinds.each_mut().map(|step| step()));
    }
    let [lstm, ours, library] = [0, 1, 2].map(|kind| {
        let mut seconds: Vec<f64> = rounds.iter().map(|round| round[kind]).collect();
        seconds.sort_by(f64::total_cmp);
        0.5 * (seconds[(times - 1) / 2] + seconds[times / 2])
    });
    let [a, b, c] = [lstm, ours, library].map(|seconds| seconds * 1e3);
    println!("{hidden} units: LSTM {a:.2} ms, GRU {b:.2} ms, the library's {c:.2} ms");
    [ours / lstm, library / lstm]
}

/// The validation error on the noisy sine, as in `sine.rs`.
fn sine(kind: &str, epochs: usize, rng: &mut Rng) -> f64 {
    let all = windows(&points(201, rng), 25);
    let mut model = Reader::of(kind, [1, 20, 1], rng);
    initialize(&mut model, rng);
    train(
        &mut model,
        &part(&all, 0..158),
        &part(&all, 158..176),
        epochs,
        rng,
    )
}

/// The test error on the Adding Problem, and the errors in training.
fn adding(kind: &str, steps: usize, rng: &mut Rng) -> (f64, Vec<(f64, f64)>) {
    let mut model = Reader::of(kind, [2, 16, 1], rng);
    let (mut curve, mut mean) = (Vec::new(), 0.0);
    let training = Training { steps, ..ADDING };
    let part = steps / 40 + 1;
    training.run(&mut model, rng, |step, _, loss| {
        mean += f64::from(loss) / part as f64;
        if step % part == 0 {
            curve.push((step as f64, std::mem::take(&mut mean)));
        }
    });
    let test = sequences(2000, ADDING.time, rng);
    (error(&model, &mut Tape::new(), &test), curve)
}

/// The share of fresh strings that are predicted at every step.
fn reber(kind: &str, steps: usize, rng: &mut Rng) -> f64 {
    let mut model = Reader::of(kind, [COUNT, 12, COUNT], rng);
    let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-2));
    let options = CrossEntropy {
        ignore_index: Some(-1),
        ..CrossEntropy::default()
    };
    for step in 0..steps {
        adam.learning_rate = 1e-2 * (1.0 - step as f64 / steps as f64);
        let texts: Vec<Text> = (0..STRINGS).map(|_| Text::draw(rng)).collect();
        let (x, next) = padded(&texts);
        let (_, grads) = tape.value_and_grad(&model, |t, m| {
            cross_entropy_with(m.every(t.constant(&x)), &next, options)
        });
        adam.step(&mut model, &grads);
    }
    let texts: Vec<Text> = (0..1000).map(|_| Text::draw(rng)).collect();
    let (x, _) = padded(&texts);
    let scores = tape.evaluate(&model, |t, m| m.every(t.constant(&x)).value());
    let rows = scores.to_vec();
    let (steps, rows) = (scores.dim(1), rows.chunks_exact(COUNT));
    let right = texts
        .iter()
        .enumerate()
        .filter(|(at, text)| text.is_predicted_by(rows.clone().skip(at * steps)));
    right.count() as f64 / texts.len() as f64
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("gru_and_lstm");
    parameters(&mut figures, &mut Rng::seed_from_u64(options.seed));
    let (seeds, epochs) = if options.quick { (1, 3) } else { (SEEDS, 300) };
    let (widths, times) = if options.quick {
        (1, 3)
    } else {
        (TIMED.len(), TIMES)
    };
    for &hidden in &TIMED[..widths] {
        let [ours, library] = time_ratios(hidden, times);
        figures.add(&format!("time.ratio_{hidden}"), &[ours]);
        figures.add(&format!("time.library_gru.ratio_{hidden}"), &[library]);
    }

    let (steps, string_steps) = if options.quick {
        (30, 30)
    } else {
        (ADDING.steps, STRING_STEPS)
    };
    let mut lines = Vec::new();
    for kind in KINDS {
        let found = each_seed(options, seeds, 3, |seed, ticker: &Ticker| {
            let mut rng = Rng::seed_from_u64(seed);
            let sine = sine(kind, epochs, &mut rng);
            ticker.tick(|| format!("{kind}: sine {sine:.5}"));
            let reber = reber(kind, string_steps, &mut rng);
            ticker.tick(|| format!("{kind}: Reber {reber:.3}"));
            let (adding, curve) = adding(kind, steps, &mut rng);
            ticker.tick(|| format!("{kind}: adding {adding:.5}"));
            (sine, adding, reber, curve)
        });
        let of = |f: fn(&(f64, f64, f64, Vec<(f64, f64)>)) -> f64| -> Vec<f64> {
            found.iter().map(f).collect()
        };
        figures.add(&format!("{kind}.sine_mse"), &of(|found| found.0));
        figures.add(&format!("{kind}.adding_mse"), &of(|found| found.1));
        figures.add(&format!("{kind}.reber_accuracy"), &of(|found| found.2));
        for (at, (.., curve)) in found.iter().take(2).enumerate() {
            lines.push((
                format!("{kind}, seed {}", options.seed + at as u64),
                curve.clone(),
            ));
        }
    }
    Chart::new("Adding Problem over 50 steps, 16 hidden units")
        .with_axes("step", "mean squared error in training")
        .with_log_y()
        .with_lines(&lines)
        .save(options.picture("gru_and_lstm.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("gru_and_lstm", run(&Arguments::parse().options))
}
