//! What becomes of an error that flows back over a hundred steps.
//!
//! - The memory of an LSTM without gates has one weight w to itself, the constant error carousel where
//!   w = 1: the derivative of its last value by its first one is wᵗ. With 0.9 it vanishes, and with 2
//!   it explodes.
//! - The derivative of the last output of a plain recurrent network by its first state decays
//!   exponentially. That of an LSTM whose forget gate is nearly open does not.
//! - A gradient that has exploded is scaled to a norm of 1 and keeps its direction (Pascanu, Mikolov
//!   and Bengio 2013).
//!
//! Source: Hochreiter and Schmidhuber 1997, sections 2 and 3; the book's equations 5.28 to 5.36.
//!
//! `cargo run --release --example vanishing`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{ForgetGate, LstmOptions, LstmVariant};
use wengert::prelude::*;

const STEPS: usize = 100;
const HIDDEN: usize = 16;
const SEEDS: usize = 5;
/// σ(6) = 0.998: a forget gate that is nearly open.
const OPEN: f64 = 6.0;

/// Shows errors that vanish and explode on their way back, and one that does neither
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// A memory of one cell without gates, which keeps w of itself at every step, and does not see its
/// own output.
fn carousel(w: f64, rng: &mut Rng) -> LstmVariant<Tensor<f64>> {
    let options = LstmOptions {
        forget_gate: ForgetGate::Fixed(w),
        ..LstmOptions::constant_error_carousel()
    };
    let mut lstm = LstmVariant::with_options(1, 1, options, rng).cast::<f64>();
    lstm.layers[0].forward.wh = Tensor::zeros([1, 1]);
    lstm
}

/// The derivative of the memory after all steps by the memory before them.
fn through_carousel(w: f64, rng: &mut Rng) -> f64 {
    let lstm = carousel(w, rng);
    let x = rng.normal([1, STEPS, 1], 0.0, 1.0);
    let slope = Tape::new().jacobian(&Tensor::zeros([1, 1]), |t, c| {
        let h = t.zeros([1, 1]);
        let start = State::of([LstmState { h, c }]);
        t.bind_where(&lstm, |_| false)
            .last(t.constant(&x), Some(start))
            .c()
    });
    slope.item()
}

/// The gradient of a carousel with the weight 2, before and after its norm was bounded by 1: the norm,
/// and by how much its direction changed.
fn clipped(rng: &mut Rng) -> [f64; 2] {
    let lstm = carousel(2.0, rng);
    let x = rng.normal([1, STEPS, 1], 0.0, 1.0);
    let (_, mut grads) = Tape::new().value_and_grad(&lstm, |t, lstm| {
        lstm.last(t.constant(&x), None).c().square().sum()
    });
    let flat = |grads: &Gradients<_, f64>| -> Vec<f64> {
        grads.iter().flat_map(|part| part.to_vec()).collect()
    };
    let before = flat(&grads);
    let norm = clip_by_global_norm(&mut grads, 1.0);
    let pairs = before.iter().zip(flat(&grads));
    let turned = pairs.map(|(before, after)| (before / norm - after).abs());
    [grads.norm(), turned.fold(0.0, f64::max)]
}

/// ‖∂h_t/∂h_0‖ for t from 1, where `outputs` makes all h_t of h_0: the tangents of all outputs, for one
/// direction of the first state after the other.
fn norms(outputs: impl for<'t> Fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>) -> Vec<f64> {
    let mut squares = vec![0.0; STEPS];
    let mut tape = Tape::new();
    for unit in 0..HIDDEN {
        let direction = Tensor::from_fn([1, HIDDEN], |at| f64::from(at[1] == unit));
        let (_, tangents) = tape.jvp(&Tensor::zeros([1, HIDDEN]), &direction, &outputs);
        for (at, tangent) in tangents.iter().enumerate() {
            squares[at / HIDDEN] += tangent * tangent;
        }
    }
    squares.into_iter().map(f64::sqrt).collect()
}

/// The correlation of ln y with t, for y at t = 0, 1, …: −1 if y decays exponentially.
fn log_correlation(y: &[f64]) -> f64 {
    let centered = |x: Vec<f64>| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        x.into_iter().map(|x| x - mean).collect()
    };
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let t = centered((0..y.len()).map(|t| t as f64).collect());
    let ln = centered(y.iter().map(|y| y.ln()).collect());
    product(&t, &ln) / (product(&t, &t) * product(&ln, &ln)).sqrt()
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("vanishing");
    let mut rng = Rng::seed_from_u64(options.seed);
    for (w, name) in [
        (0.9f64, "carousel_0_9"),
        (1.0, "carousel_1"),
        (2.0, "carousel_2"),
    ] {
        let (slope, exact) = (through_carousel(w, &mut rng), w.powi(STEPS as i32));
        println!("w = {w}: an error of 1 comes back as {slope:.3e}");
        let error = (slope / exact - 1.0).abs();
        figures.add(&format!("{name}.relative_error"), &[error]);
    }
    let [norm, turned] = clipped(&mut rng);
    figures.add("clipped.norm", &[norm]);
    figures.add("clipped.turned", &[turned]);

    let found = each_seed(options, SEEDS, 0, |seed, _| {
        let mut rng = Rng::seed_from_u64(seed);
        let x = rng.normal([1, STEPS, 1], 0.0, 1.0);
        let simple = SimpleRnn::new(1, HIDDEN, &mut rng).cast::<f64>();
        let lstm = Lstm::new(1, HIDDEN, &mut rng)
            .with_forget_bias(OPEN)
            .cast::<f64>();
        [
            norms(|t, h| {
                let rnn = t.bind_where(&simple, |_| false);
                rnn.run(t.constant(&x), Some(State::of([h]))).0
            }),
            norms(|t, h| {
                let start = State::of([LstmState {
                    h,
                    c: t.zeros(h.shape()),
                }]);
                t.bind_where(&lstm, |_| false)
                    .run(t.constant(&x), Some(start))
                    .0
            }),
        ]
    });
    for (at, name) in ["simple", "lstm"].iter().enumerate() {
        let each = |f: &dyn Fn(&[f64]) -> f64| -> Vec<f64> {
            found.iter().map(|norms| f(&norms[at])).collect()
        };
        figures.add(
            &format!("{name}.last_to_first"),
            &each(&|norms| norms[STEPS - 1] / norms[0]),
        );
        figures.add(&format!("{name}.log_correlation"), &each(&log_correlation));
    }

    let path = options.picture("vanishing.svg")?;
    let points = |at: usize| -> Vec<(f64, f64)> {
        let norms = found[0][at].iter().enumerate();
        norms.map(|(t, &norm)| ((t + 1) as f64, norm)).collect()
    };
    Chart::new("How much of the first state is left in the output")
        .with_axes("steps t", "norm of the derivative of h_t by h_0")
        .with_log_y()
        .with_line("plain recurrent network", points(0))
        .with_line("LSTM, forget gate nearly open", points(1))
        .save(&path)?;
    println!("the norms are drawn in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("vanishing", run(&Arguments::parse().options))
}
