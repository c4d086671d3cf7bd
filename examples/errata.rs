//! Nine places where a book on neural networks, or the notes of its readers, say something that can
//! be looked up in numbers: signs and indices of gradients, a constant of the Adding Problem, the
//! direction of a recurrence, counts of parameters, and what a polynomial can do. Every derivative
//! here is taken by the tape and held against the formula in question.
//!
//! Source: Sugomori, *Deep learning with TensorFlow and Keras*, chapters 3, 5 and 6, and the papers
//! named at the functions.
//!
//! `cargo run --release --example errata`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::f64::consts::PI;
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::{Options, Outcome};
use wengert::compose::bce;
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{
    ForgetGate, GruBiases, GruOptions, GruVariant, LstmOptions, LstmVariant, LstmVariantCell,
    ParameterGroups, Peepholes,
};
use wengert::prelude::*;
use wengert::tape::Elementary;
use wengert::tensor::kernels::Isa;

/// Looks nine errata up in numbers
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// E1: the gradient of the cross-entropy −Σ t ln y + (1−t) ln(1−y) with y = σ(p) is y − t, not t − y;
/// t − y is the direction of the update.
fn sign(figures: &mut Figures, rng: &mut Rng) {
    let x: Tensor<f64> = rng.normal([20, 3], 0.0, 1.0);
    let t: Tensor<f64> = rng.bernoulli([20, 1], 0.5).cast();
    let mut w: Tensor<f64> = rng.normal([3, 1], 0.0, 1.0);
    let mut tape = Tape::<f64>::new();
    let p = x.matmul(&w);
    let y = tape.evaluate(&p, |_, p| p.sigmoid().value());
    let (_, slope) = tape.value_and_grad(&p, |_, p| bce(p.sigmoid(), &t, Reduction::Sum));
    let slope = slope.tree(&p);
    figures.add(
        "sign.distance_to_y_minus_t",
        &[slope.max_abs_diff(&(&y - &t))],
    );
    figures.add(
        "sign.distance_to_t_minus_y",
        &[slope.max_abs_diff(&(&t - &y))],
    );

    // w + η Σ (t − y) x: a step downhill.
    let mut loss = |w: &Tensor<f64>| {
        tape.evaluate(w, |tape, w| {
            bce_with_logits(tape.constant(&x).matmul(w), &t, Reduction::Sum).item()
        })
    };
    let before = loss(&w);
    w = &w + &(x.t().matmul(&(&t - &y)) * 0.01);
    figures.add("sign.change_of_loss", &[loss(&w) - before]);
}

/// E2: the error of a hidden unit is δⱼ = f′(pⱼ) Σₖ vₖⱼ δₖ if y = V h with V \[K, J\]. Which index
/// comes first follows from how V is stored; finite differences do not depend on it.
fn indices(figures: &mut Figures, rng: &mut Rng) {
    let p: Tensor<f64> = rng.normal([6, 1], 0.0, 1.0);
    let v: Tensor<f64> = rng.normal([6, 6], 0.0, 1.0);
    let t: Tensor<f64> = rng.normal([6, 1], 0.0, 1.0);
    let mut tape = Tape::<f64>::new();
    let half_square = |tape: &mut Tape<f64>, p: &Tensor<f64>| {
        tape.evaluate(p, |tape, p| {
            let error = tape.constant(&v).matmul(p.tanh()) - &t;
            ((error * error).sum() * 0.5).item()
        })
    };
    let (_, delta) = tape.value_and_grad(&p, |tape, p| {
        let error = tape.constant(&v).matmul(p.tanh()) - &t;
        (error * error).sum() * 0.5
    });
    let delta = delta.tree(&p);
    let difference = Tensor::from_fn([6, 1], |at| {
        let mut moved = |by: f64| {
            let mut p = p.clone();
            p.as_mut_slice()[at[0]] += by;
            half_square(&mut tape, &p)
        };
        (moved(1e-5) - moved(-1e-5)) / 2e-5
    });
    let out = v.matmul(&p.tanh()) - &t;
    let (_, slope) = Tape::new().value_and_grad(&p, |_, p| p.tanh().sum());
    let slope = slope.tree(&p);
    let formula = |v: &Tensor<f64>| &slope * &v.matmul(&out);
    figures.add("indices.to_differences", &[delta.max_abs_diff(&difference)]);
    figures.add("indices.v_kj", &[delta.max_abs_diff(&formula(&v.t()))]);
    figures.add("indices.v_jk", &[delta.max_abs_diff(&formula(&v))]);
}

/// E3: always guessing 1 for the sum of two uniform numbers costs its variance, 2/12 = 1/6, and not
/// 0.1767, which Le, Jaitly and Hinton 2015 print and others after them.
fn guess(figures: &mut Figures, options: &Options) {
    let sample = |seed: u64| {
        let mut rng = Rng::seed_from_u64(options.seed + seed);
        let squares: Vec<f64> = (0..10_000)
            .map(|_| (rng.unit() + rng.unit() - 1.0).powi(2))
            .collect();
        let mean = squares.iter().sum::<f64>() / 1e4;
        let variance = squares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e4;
        (mean, (0.1767 - 1.0 / 6.0) / (variance / 1e4).sqrt())
    };
    let (errors, deviations): (Vec<f64>, Vec<f64>) = (0..5).map(sample).unzip();
    figures.add("guess.mse", &errors);
    figures.add("guess.deviations_to_0.1767", &deviations);
}

/// E4: the backward state of a bidirectional layer is h(t) = f(U x(t) + W h(t+1) + b), not of h(t−1).
fn direction(figures: &mut Figures, rng: &mut Rng) {
    let both = Stacking {
        layers: 1,
        bidirectional: true,
    };
    let rnn = SimpleRnn::stacked(3, 4, both, rng).cast::<f64>();
    let cell = rnn.layers[0]
        .backward
        .clone()
        .expect("it has both directions");
    let x: Tensor<f64> = rng.normal([2, 9, 3], 0.0, 1.0);
    let mut tape = Tape::<f64>::new();
    let outputs = tape.evaluate(&rnn, |t, rnn| rnn.run(t.constant(&x), None).0.value());
    let h = outputs.slice(2, 4..);
    let alone = SimpleRnn::of([cell.clone()]);
    let reversed = tape.evaluate(&alone, |t, rnn| {
        rnn.run(t.constant(&x.flip(&[1])), None)
            .0
            .value()
            .flip(&[1])
    });
    figures.add("direction.to_reversed_run", &[h.max_abs_diff(&reversed)]);
    let residual = |next: &Tensor<f64>, own: &Tensor<f64>, x: &Tensor<f64>| {
        let sum = x.matmul(&cell.wx) + next.matmul(&cell.wh) + &cell.bias;
        own.max_abs_diff(&sum.tanh())
    };
    let (early, late) = (h.slice(1, ..8), h.slice(1, 1..));
    figures.add(
        "direction.of_t_plus_1",
        &[residual(&late, &early, &x.slice(1, ..8))],
    );
    figures.add(
        "direction.of_t_minus_1",
        &[residual(&early, &late, &x.slice(1, 1..))],
    );
}

/// E5, E6 and E8: how many matrices and vectors, and how many numbers, the layers have.
fn counts(figures: &mut Figures, rng: &mut Rng) {
    let peephole = LstmOptions {
        peepholes: Peepholes::Diagonal,
        ..LstmOptions::default()
    };
    let lstm = LstmVariant::with_options(1, 30, peephole, rng);
    figures.add(
        "groups.lstm_with_peepholes",
        &[lstm.parameter_groups() as f64],
    );
    for (name, biases) in [
        ("gru", GruBiases::Single),
        ("gru_without_candidate_bias", GruBiases::Gates),
        ("gru_without_bias", GruBiases::None),
        ("gru_with_two_biases", GruBiases::Double),
    ] {
        let options = GruOptions {
            biases,
            ..GruOptions::default()
        };
        let gru = GruVariant::with_options(1, 30, options, rng);
        figures.add(&format!("groups.{name}"), &[gru.parameter_groups() as f64]);
    }

    let head = |hidden, rng: &mut Rng| Linear::new(hidden, 1, rng);
    let sine = (SimpleRnn::new(1, 20, rng), head(20, rng));
    let matrices = sine.leaves().iter().filter(|leaf| leaf.rank() == 2).count();
    figures.add("sine.matrices", &[matrices as f64]);
    let elements =
        |leaves: Vec<Tensor>| leaves.iter().map(|leaf| leaf.size()).sum::<usize>() as f64;
    figures.add("sine.parameters", &[elements(sine.leaves())]);
    let head = head(30, rng);
    let plain = (
        LstmVariant::with_options(1, 30, LstmOptions::default(), rng),
        head.clone(),
    );
    figures.add("peepholes.none", &[elements(plain.leaves())]);
    figures.add("peepholes.diagonal", &[elements((lstm, head).leaves())]);
}

/// E9: a memory with the fixed weight w passes an error back over T steps as w^T.
fn carousel(figures: &mut Figures, rng: &mut Rng) {
    let mut distance = 0.0f64;
    for (name, w) in [("0.9", 0.9), ("1", 1.0), ("2", 2.0)] {
        let options = LstmOptions {
            forget_gate: ForgetGate::Fixed(w),
            ..LstmOptions::constant_error_carousel()
        };
        let mut cell = LstmVariantCell::with_options(1, 1, options, rng).cast::<f64>();
        // What the memory says now does not come back by the output.
        cell.wh = Tensor::zeros([1, 1]);
        let lstm = LstmVariant::of([cell]);
        let zero = Tensor::<f64>::zeros([1, 1]);
        let start = State::of([LstmState {
            h: zero.clone(),
            c: zero,
        }]);
        let mut tape = Tape::<f64>::new();
        let (_, grads) = tape.value_and_grad(&start, |t, start| {
            let lstm = t.bind_where(&lstm, |_| false);
            lstm.last(t.zeros([1, 100, 1]), Some(start)).c().sum()
        });
        let product = grads.tree(&start).cells[0].c.item();
        let closed = w.powi(100);
        distance = distance.max((product - closed).abs() / closed);
        figures.add(&format!("carousel.product_{name}"), &[product]);
    }
    figures.add("carousel.distance_to_closed_form", &[distance]);
}

/// The sine and the cosine, which the library has not: each is the slope of the other.
#[derive(Clone, Copy)]
struct Sine;

#[derive(Clone, Copy)]
struct Cosine;

impl Elementary for Sine {
    const NAME: &'static str = "sin";

    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.through_f64(f64::sin)
    }

    fn slope<R: Real>(self, x: R, _: R) -> R {
        x.apply(Cosine)
    }
}

impl Elementary for Cosine {
    const NAME: &'static str = "cos";

    fn lane<T: Float, I: Isa>(self, x: T) -> T {
        x.through_f64(f64::cos)
    }

    fn slope<R: Real>(self, x: R, _: R) -> R {
        -x.apply(Sine)
    }
}

/// [`Sine`] of a variable.
#[derive(Clone, Copy)]
struct Sin;

#[formula]
impl Formula<1, 1> for Sin {
    const NAME: &'static str = "sin";

    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        [x.apply(Sine)]
    }
}

/// The first `count` coefficients f⁽ⁿ⁾(0) / n! of the Maclaurin series of a function.
fn maclaurin(count: usize, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> Vec<f64> {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(0.0));
    let (mut y, mut factorial, mut coefficients) = (f(x), 1.0, Vec::new());
    let options = GradOptions {
        create_graph: true,
        unused: Unused::Zeros,
    };
    for n in 1..=count {
        coefficients.push(y.item() / factorial);
        y = tape.grad_with(&[y], &[x], &[], options)[0];
        factorial *= n as f64;
    }
    coefficients
}

/// E7: a function is its Maclaurin polynomial where it is analytic and within the radius: sin is
/// everywhere, 1/(1+x²) up to |x| = 1.
fn polynomials(figures: &mut Figures, options: &Options) -> Outcome {
    let degree = 10;
    let sine = maclaurin(degree + 1, |x| x.tape().formula(Sin, [x])[0]);
    let bell = maclaurin(degree + 1, |x| (x * x + 1.0).recip());
    let value = |coefficients: &[f64], x: f64| {
        let horner = |sum, c: &f64| sum * x + c;
        coefficients.iter().rev().fold(0.0, horner)
    };
    let grid = |reach: f64| (-100..=100).map(move |at| reach * f64::from(at) / 100.0);
    let worst = |coefficients: &[f64], f: &dyn Fn(f64) -> f64, reach: f64| {
        let error = |x| (value(coefficients, x) - f(x)).abs();
        grid(reach).map(error).fold(0.0, f64::max)
    };
    let bound = |x: f64| {
        (1..=degree + 1)
            .map(|n| x.abs() / n as f64)
            .product::<f64>()
    };
    // Beside what rounding costs.
    let used = grid(PI).map(|x| (value(&sine, x) - x.sin()).abs() / (bound(x) + 1e-15));
    figures.add("maclaurin.sin.share_of_bound", &[used.fold(0.0, f64::max)]);
    let f = |x: f64| 1.0 / (1.0 + x * x);
    figures.add("maclaurin.bell.error_within_half", &[worst(&bell, &f, 0.5)]);
    let (four, ten) = (worst(&bell[..5], &f, 2.0), worst(&bell, &f, 2.0));
    figures.add("maclaurin.bell.error_beyond", &[ten]);
    figures.add("maclaurin.bell.growth_beyond", &[ten / four]);

    let line = |f: &dyn Fn(f64) -> f64| grid(4.0).map(|x| (x, f(x))).collect::<Vec<_>>();
    let lines = [
        ("sin x", line(&f64::sin)),
        ("its polynomial of degree 10", line(&|x| value(&sine, x))),
        ("1/(1+x²)", line(&f)),
        ("its polynomial of degree 10", line(&|x| value(&bell, x))),
    ];
    Chart::new("Maclaurin polynomials: sin everywhere, 1/(1+x²) up to |x| = 1")
        .with_axes("x", "value")
        .with_x_range(-4.0..4.0)
        .with_y_range(-1.5..2.0)
        .with_lines(&lines)
        .save(options.picture("errata.svg")?)?;
    Ok(())
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("errata");
    let mut rng = Rng::seed_from_u64(options.seed);
    sign(&mut figures, &mut rng);
    indices(&mut figures, &mut rng);
    guess(&mut figures, options);
    direction(&mut figures, &mut rng);
    counts(&mut figures, &mut rng);
    polynomials(&mut figures, options)?;
    carousel(&mut figures, &mut rng);
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("errata", run(&Arguments::parse().options))
}
