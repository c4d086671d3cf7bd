//! Why one goes downhill in steps. Where ∂E/∂w = 0 can be solved, gradient descent finds the solution;
//! where it cannot, it is all that is left, and what it finds depends on where it starts.
//!
//! - Linear and ridge regression: gradient descent ends in the solution of the normal equations
//!   (XᵀX + λI) w = Xᵀt.
//! - Logistic regression has no such formula, but is convex: gradient descent comes to a gradient of
//!   nearly 0, and with a small rate every step lowers the loss.
//! - A network of hidden units is not convex: two seeds end in two minima, and between them the loss is
//!   higher. That both are minima is read off the Hessians, which are positive definite. Here the minima
//!   are as low as each other: their hidden units are the same in another order, or with other signs.
//!
//! Source: Sugomori, *Deep learning with TensorFlow and Keras*, section 3.4; Bishop 2006, *Pattern
//! recognition and machine learning*, sections 3.1, 4.3 and 5.2.
//!
//! `cargo run --release --example closed_form`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::cholesky::{cholesky, solve};
use support::figures::Figures;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::prelude::*;

const SEEDS: usize = 5;
const ROWS: usize = 100;
const FEATURES: usize = 5;
/// λ of ridge regression.
const RIDGE: f64 = 3.0;
/// The units of the network, and the weight decay that keeps its minima at finite places.
const HIDDEN: usize = 3;
const DECAY: f64 = 3e-3;
const CLOSE: f64 = 1e-4;

/// Compares gradient descent with closed forms, and shows where there is none
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Where gradient descent ended.
struct Descent {
    at: Tensor<f64>,
    gradient: f64,
    steps: usize,
    /// How many steps raised the loss.
    rises: usize,
}

/// Gradient descent with a fixed rate, until the norm of the gradient is below `enough`.
fn descend(
    start: &Tensor<f64>,
    (rate, enough, most): (f64, f64, usize),
    loss: impl for<'t> Fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>,
) -> Descent {
    let (mut at, mut tape, mut sgd) = (start.clone(), Tape::new(), Sgd::new(rate));
    let (mut last, mut rises) = (f64::INFINITY, 0);
    for step in 0.. {
        let (value, grads) = tape.value_and_grad(&at, &loss);
        // What is less than the rounding of the loss is no rise.
        rises += usize::from(value > last + 1e-14 * last.abs());
        last = value;
        if grads.norm() < enough || step == most {
            let gradient = grads.norm();
            return Descent {
                at,
                gradient,
                steps: step,
                rises,
            };
        }
        sgd.step(&mut at, &grads);
    }
    unreachable!("the steps have an end")
}

/// Half the squared error of a linear model with a penalty: the distance of gradient descent's end to
/// the solution of the normal equations, and how many of its steps rose.
fn regression(ridge: f64, most: usize, rng: &mut Rng) -> [f64; 2] {
    let x: Tensor<f64> = rng.normal([ROWS, FEATURES], 0.0, 1.0);
    let truth: Tensor<f64> = rng.normal([FEATURES, 1], 0.0, 1.0);
    let t = x.matmul(&truth) + rng.normal::<f64>([ROWS, 1], 0.0, 0.5);
    let start = Tensor::zeros([FEATURES, 1]);
    let found = descend(
        &start,
        (1.0 / (4.0 * ROWS as f64), 1e-10, most),
        |tape, w| {
            let error = tape.constant(&x).matmul(w) - &t;
            ((error * error).sum() + ridge * (w * w).sum()) * 0.5
        },
    );
    let normal = x.t().matmul(&x) + Tensor::eye(FEATURES) * ridge;
    let exact = solve(&normal, &x.t().matmul(&t)).expect("the columns are independent");
    [found.at.max_abs_diff(&exact), found.rises as f64]
}

/// Two classes that overlap, with a column of ones, and which each point belongs to.
fn classes(rng: &mut Rng) -> (Tensor<f64>, Tensor<f64>) {
    let noise: Tensor<f64> = rng.normal([ROWS, 3], 0.0, 1.0);
    let t = Tensor::from_fn([ROWS, 1], |at| (at[0] % 2) as f64);
    let x = Tensor::from_fn([ROWS, 3], |at| match at[1] {
        2 => 1.0,
        axis => noise[[at[0], axis]] + (at[0] % 2) as f64,
    });
    (x, t)
}

/// The mean cross-entropy of logistic regression.
fn logistic<'t>(w: Var<'t, f64>, (x, t): &(Tensor<f64>, Tensor<f64>)) -> Var<'t, f64> {
    bce_with_logits(w.tape().constant(x).matmul(w), t, Reduction::Mean)
}

/// The mean squared error of a network 1-H-1 at a wave, with weight decay, all weights in one row.
fn network(w: Var<'_, f64>) -> Var<'_, f64> {
    let x: Tensor<f64> = Tensor::linspace(-3.0, 3.0, 31).reshape(&[31, 1]);
    let part = |from: usize, to: usize| w.slice(0, from..to).reshape(&[1, -1]);
    let h = (w.tape().constant(&x) * part(0, HIDDEN) + part(HIDDEN, 2 * HIDDEN)).tanh();
    let out = (h * part(2 * HIDDEN, 3 * HIDDEN)).sum_axes(&[1], true);
    let y = out + w.slice(0, 3 * HIDDEN..);
    mse(y, &(&x * 1.5).sin()) + DECAY * (w * w).sum()
}

/// Values of a function along the line from `a` (at 0) to `b` (at 1) and beyond.
fn between(
    [a, b]: [&Tensor<f64>; 2],
    loss: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
) -> Vec<(f64, f64)> {
    let mut tape = Tape::new();
    let at = |k: i32| {
        let s = f64::from(k) / 100.0;
        let point = a * (1.0 - s) + b * s;
        (s, tape.evaluate(&point, |_, w| loss(w).item()))
    };
    (-20..=120).map(at).collect()
}

/// How much higher a function is at the highest place between two points than at the higher of them.
fn ridge_between(values: &[(f64, f64)]) -> f64 {
    let inside = &values[20..=120];
    let ends = inside[0].1.max(inside[100].1);
    inside
        .iter()
        .map(|(_, value)| value - ends)
        .fold(0.0, f64::max)
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("closed_form");
    let most = |steps: usize| {
        if options.quick {
            steps.div_ceil(100)
        } else {
            steps
        }
    };
    for (name, ridge) in [("linear", 0.0), ("ridge", RIDGE)] {
        let found = each_seed(options, SEEDS, 1, |seed, _| {
            regression(ridge, most(5000), &mut Rng::seed_from_u64(seed))
        });
        let [distance, rises] = [0, 1].map(|at| found.iter().map(|x| x[at]).collect::<Vec<_>>());
        figures.add(&format!("{name}.distance"), &distance);
        figures.add(&format!("{name}.rises"), &rises);
    }

    let found = each_seed(options, SEEDS, 1, |seed, _| {
        let mut rng = Rng::seed_from_u64(seed);
        let data = classes(&mut rng);
        let starts = [0, 1].map(|_| rng.normal::<f64>([3, 1], 0.0, 3.0));
        let ends =
            starts.map(|w| descend(&w, (0.5, CLOSE, most(20_000)), |_, w| logistic(w, &data)));
        let line = between([&ends[0].at, &ends[1].at], |w| logistic(w, &data));
        (ends, line)
    });
    let each = |f: &dyn Fn(&[Descent; 2]) -> f64| found.iter().map(|x| f(&x.0)).collect::<Vec<_>>();
    figures.add(
        "logistic.gradient",
        &each(&|ends| ends[0].gradient.max(ends[1].gradient)),
    );
    figures.add(
        "logistic.rises",
        &each(&|ends| (ends[0].rises + ends[1].rises) as f64),
    );
    figures.add(
        "logistic.steps",
        &each(&|ends| ends[0].steps.max(ends[1].steps) as f64),
    );
    figures.add(
        "logistic.distance_of_ends",
        &each(&|ends| ends[0].at.max_abs_diff(&ends[1].at)),
    );

    // Two seeds of the network: each of the pairs (1, 2), (3, 4), …
    let ends = each_seed(options, 2 * SEEDS, 1, |seed, ticker| {
        let start = Rng::seed_from_u64(seed).normal([3 * HIDDEN + 1], 0.0, 1.0);
        let end = descend(&start, (0.02, CLOSE, most(100_000)), |_, w| network(w));
        ticker.tick(|| format!("{} steps", end.steps));
        end
    });
    let lines = ends
        .chunks(2)
        .map(|two| between([&two[0].at, &two[1].at], network));
    let lines: Vec<Vec<(f64, f64)>> = lines.collect();
    let definite = |end: &Descent| {
        let hessian = Tape::new().hessian(&end.at, |_, w| network(w));
        f64::from(cholesky(&hessian).is_some())
    };
    let each = |f: &dyn Fn(&Descent) -> f64| ends.iter().map(f).collect::<Vec<_>>();
    figures.add("network.gradient", &each(&|end| end.gradient));
    figures.add("network.rises", &each(&|end| end.rises as f64));
    figures.add("network.steps", &each(&|end| end.steps as f64));
    figures.add("network.hessian_definite", &each(&definite));
    let losses: Vec<f64> = ends
        .iter()
        .map(|end| Tape::new().evaluate(&end.at, |_, w| network(w).item()))
        .collect();
    figures.add("network.loss", &losses);
    figures.add(
        "network.loss_apart",
        &losses
            .chunks(2)
            .map(|two| (two[0] - two[1]).abs())
            .collect::<Vec<_>>(),
    );
    figures.add(
        "network.ridge_between",
        &lines
            .iter()
            .map(|line| ridge_between(line))
            .collect::<Vec<_>>(),
    );

    let title = "The loss of a network along the line from one seed's minimum to another's";
    let seeds = |at: usize| format!("seeds {} and {}", 2 * at + 1, 2 * at + 2);
    let named = lines.iter().enumerate();
    let lines: Vec<_> = named.map(|(at, points)| (seeds(at), points)).collect();
    Chart::new(title)
        .with_axes("place on the line: the minima are at 0 and 1", "loss")
        .with_x_range(-0.2..1.2)
        .with_y_range(0.0..3.2)
        .with_lines(&lines)
        .save(options.picture("closed_form.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("closed_form", run(&Arguments::parse().options))
}
