//! Write down y = f(x), say how wrong it is, and bring the error to 0: a model is any formula.
//!
//! - A peak over a slope with five unknown numbers is written as one formula, and the numbers are found
//!   from 60 of its points.
//! - The same formula written with the ops of variables has the same gradients.
//! - An op of one's own, of its value and its reverse rule, has the derivatives of what it stands for,
//!   the second one as well.
//! - A loop is differentiated as it runs: Heron's iteration, as many steps as it takes, gives √x and
//!   1 / (2 √x).
//! - A layer of one's own stands among those of the library, and learns with them.
//!
//! Source: seed row 23: any model is a composition of what a tape records. Training is by L-BFGS.
//!
//! `cargo run --release --example tinkering`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::Forward;
use wengert::nn::look::pictures::Chart;
use wengert::nn::optim::Lbfgs;
use wengert::prelude::*;
use wengert::tape::Custom;

const SEEDS: usize = 5;
const POINTS: usize = 60;
const STEPS: usize = 300;

/// Learns the numbers of formulas
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// height · exp(−((x − middle) / width)²) + slope · x + offset
#[derive(Clone, Copy)]
struct PeakFormula;

#[formula]
impl Formula<6, 1> for PeakFormula {
    const NAME: &'static str = "peak";

    fn eval<R: Real>(&self, [x, height, middle, width, slope, offset]: [R; 6]) -> [R; 1] {
        let u = (x - middle) / width;
        [height * (-(u * u)).exp() + slope * x + offset]
    }
}

/// The five numbers: tensors, or variables on a tape.
#[derive(Tree, Clone)]
struct Peak<P = Tensor<f64>> {
    height: P,
    middle: P,
    width: P,
    slope: P,
    offset: P,
}

impl Peak {
    fn new(numbers: [f64; 5]) -> Self {
        let [height, middle, width, slope, offset] = numbers.map(Tensor::scalar);
        Peak {
            height,
            middle,
            width,
            slope,
            offset,
        }
    }

    fn drawn(rng: &mut Rng) -> Self {
        let bounds = [
            (0.5, 2.0),
            (-1.0, 1.0),
            (0.6, 1.5),
            (-0.5, 0.5),
            (-1.0, 1.0),
        ];
        Peak::new(bounds.map(|(low, high)| low + (high - low) * rng.unit()))
    }
}

impl<'t> Peak<Var<'t, f64>> {
    /// As one formula.
    fn at(&self, x: Var<'t, f64>) -> Var<'t, f64> {
        let inputs = [
            x,
            self.height,
            self.middle,
            self.width,
            self.slope,
            self.offset,
        ];
        let [y] = x.tape().formula(PeakFormula, inputs);
        y
    }

    /// With the ops of variables.
    fn by_ops(&self, x: Var<'t, f64>) -> Var<'t, f64> {
        let u = (x - self.middle) / self.width;
        self.height * (-(u * u)).exp() + self.slope * x + self.offset
    }
}

/// The points of a drawn peak.
fn points(truth: &Peak) -> (Tensor<f64>, Tensor<f64>) {
    let x = Tensor::linspace(-3.0, 3.0, POINTS);
    let y = Tape::new().evaluate(truth, |t, peak| peak.at(t.constant(&x)).value());
    (x, y)
}

/// Finds the numbers of a peak from its points. The error at the end, the greatest error of a number,
/// and the course of the error.
fn find(seed: u64, steps: usize) -> (f64, f64, Vec<(f64, f64)>) {
    let truth = Peak::drawn(&mut Rng::seed_from_u64(seed));
    let (x, y) = points(&truth);
    let mut model = Peak::new([1.0, 0.0, 1.0, 0.0, 0.0]);
    let (mut lbfgs, mut tape, mut course) = (Lbfgs::new(), Tape::new(), Vec::new());
    for step in 1..=steps {
        let step_done = lbfgs.step(&mut model, |model| {
            tape.value_and_grad(model, |t, m| mse(m.at(t.constant(&x)), &y))
        });
        course.push((step as f64, step_done.loss));
        // No step lowers the loss any more.
        if step_done.size == 0.0 {
            break;
        }
    }
    let error = course.last().map_or(f64::NAN, |last| last.1);
    let numbers = model.leaves().into_iter().zip(truth.leaves());
    let apart = numbers.map(|(found, truth)| found.max_abs_diff(&truth));
    (error, apart.fold(0.0, f64::max), course)
}

/// How far two lists of tensors are from one another, as a share of the norm of the second.
fn distance(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> f64 {
    let square = |x: &Tensor<f64>| x.norm(&[], false).item().powi(2);
    let apart: f64 = a.iter().zip(b).map(|(a, b)| square(&(a - b))).sum();
    (apart / b.iter().map(square).sum::<f64>()).sqrt()
}

/// How far the gradients of the formula are from those of the ops.
fn two_ways(seed: u64) -> f64 {
    let mut rng = Rng::seed_from_u64(seed);
    let (x, y) = points(&Peak::drawn(&mut rng));
    let (model, mut tape) = (Peak::drawn(&mut rng), Tape::new());
    let (_, formula) = tape.value_and_grad(&model, |t, m| mse(m.at(t.constant(&x)), &y));
    let (_, ops) = tape.value_and_grad(&model, |t, m| mse(m.by_ops(t.constant(&x)), &y));
    let [formula, ops] = [formula, ops].map(|grads| grads.iter().cloned().collect::<Vec<_>>());
    distance(&formula, &ops)
}

/// How far value, first and second derivative of an op of one's own are from those of exp(−x²).
fn own_op(seed: u64) -> [f64; 3] {
    let bell = Custom::<f64>::new(
        "bell",
        |x| x[0].to_tensor().map(|x| (-x * x).exp()),
        |rule| rule.give(0, rule.cotangent() * rule.y(0) * rule.x(0) * -2.0),
    );
    let x: Tensor<f64> = Rng::seed_from_u64(seed).normal([50], 0.0, 1.0);
    let tape = Tape::new();
    let at = tape.leaf(&x);
    let derivatives = |y: Var<'_, f64>| {
        let [slope] = tape.grad(y.sum(), [at]);
        let [curvature] = tape.grad(slope.sum(), [at]);
        [y, slope, curvature].map(Var::value)
    };
    let (own, ops) = (
        derivatives(tape.custom(&bell, &[at])),
        derivatives((-(at * at)).exp()),
    );
    [0, 1, 2].map(|k| distance(&own[k..=k], &ops[k..=k]))
}

/// Heron's iteration to √x, until nothing changes: how far its value is from √x and its derivative
/// from 1 / (2 √x), and how many steps it took.
fn heron() -> [f64; 3] {
    let x = Tensor::<f64>::linspace(0.01, 100.0, 200);
    let tape = Tape::new();
    let at = tape.leaf(&x);
    let (mut root, mut change, mut steps) = (at, f64::INFINITY, 0);
    while change > 1e-14 {
        let next = (root + at / root) * 0.5;
        change = next.value().max_abs_diff(&root.value());
        (root, steps) = (next, steps + 1);
    }
    let [slope] = tape.grad(root.sum(), [at]);
    let wanted = x.map(|x| 0.5 / x.sqrt());
    [
        distance(&[root.value()], &[x.sqrt()]),
        distance(&[slope.value()], &[wanted]),
        f64::from(steps),
    ]
}

/// A layer: exp(−(s (x − c))²), with a center and a scale for each unit.
#[derive(Tree, Clone)]
struct Bells<P = Tensor> {
    centers: P,
    scales: P,
}

impl<'t, T: Float> Forward<'t, T> for Bells<Var<'t, T>> {
    fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        (-(self.scales * (x - self.centers)).square()).exp()
    }
}

/// The error with which a network with that layer learns the product of two numbers, at other points.
fn own_layer(seed: u64, steps: usize) -> f64 {
    let mut rng = Rng::seed_from_u64(seed);
    let bells = Bells {
        centers: rng.uniform([12], -1.0, 1.0),
        scales: Tensor::ones([12]),
    };
    let layers = (
        Linear::new(2, 12, &mut rng),
        bells,
        Linear::new(12, 1, &mut rng),
    );
    let mut model = layers.cast::<f64>();
    let mut drawn = |count: usize| {
        let x: Tensor<f64> = rng.uniform([count, 2], -1.0, 1.0);
        let y = x.slice(1, ..1) * x.slice(1, 1..);
        (x, y)
    };
    let ((x, y), (test_x, test_y)) = (drawn(200), drawn(1000));
    let (mut lbfgs, mut tape) = (Lbfgs::new(), Tape::new());
    for _ in 0..steps {
        lbfgs.step(&mut model, |model| {
            tape.value_and_grad(model, |t, m| mse(m.forward(t.constant(&x)), &y))
        });
    }
    tape.evaluate(&model, |t, m| {
        mse(m.forward(t.constant(&test_x)), &test_y).item()
    })
}

/// What one seed comes to: errors, distances, and the course of the error.
type Seed = ([f64; 4], [f64; 3], Vec<(f64, f64)>);

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("tinkering");
    let (seeds, steps) = if options.quick {
        (2, 30)
    } else {
        (SEEDS, STEPS)
    };
    let found = each_seed(options, seeds, 1, |seed, ticker| {
        let (error, number, course) = find(seed, steps);
        let layer = own_layer(seed, steps / 3);
        ticker.tick(|| format!("the error came to {error:.1e}"));
        ([error, number, two_ways(seed), layer], own_op(seed), course)
    });
    let names = [
        "peak.mse",
        "peak.error_of_numbers",
        "formula.distance_to_ops",
        "own_layer.test_mse",
    ];
    for (at, name) in names.iter().enumerate() {
        figures.add(
            name,
            &found.iter().map(|found| found.0[at]).collect::<Vec<_>>(),
        );
    }
    for (at, name) in ["value", "first", "second"].iter().enumerate() {
        let numbers: Vec<f64> = found.iter().map(|found| found.1[at]).collect();
        figures.add(&format!("own_op.{name}.distance"), &numbers);
    }
    let [value, slope, steps] = heron();
    figures.add("loop.value.distance", &[value]);
    figures.add("loop.derivative.distance", &[slope]);
    figures.add("loop.steps", &[steps]);

    // What is left below that is rounding.
    let seen = |point: &(f64, f64)| point.1 > 1e-14;
    let course = |found: &Seed| found.2.iter().copied().filter(seen).collect::<Vec<_>>();
    let courses: Vec<_> = found.iter().take(4).map(course).collect();
    let names = ["peak 1", "peak 2", "peak 3", "peak 4"];
    let lines: Vec<_> = names.into_iter().zip(courses).collect();
    Chart::new("Peaks, each found from 60 of its points")
        .with_axes("step of L-BFGS", "mean squared error")
        .with_log_y()
        .with_lines(&lines)
        .save(options.picture("tinkering.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("tinkering", run(&Arguments::parse().options))
}
