//! Networks that solve differential equations: the loss is the equation, with the derivatives of the
//! network by its input, which the tape gives and differentiates once more to learn.
//!
//! - A damped oscillator, u″ + 2 δ u′ + ω² u = 0 with u(0) = 1 and u′(0) = 0.
//! - Poisson's equation, −u″ = f on [0, 1] with u(0) = u(1) = 0.
//! - Burgers' equation, u_t + u u_x = ν u_xx, with a wave front that travels.
//! - The other way round: from ten noisy points of the oscillator its damping δ is found, together with
//!   the curve.
//!
//! Each is held against its closed form. Source: Raissi, Perdikaris and Karniadakis 2019,
//! *Physics-informed neural networks*, whose Burgers' equation comes to a relative error of 6.7e-4, for
//! a viscosity that is sixteen times less. As there, hidden layers of tanh are trained by L-BFGS; here
//! there are two, of 32 units. What is known at the start and at the ends is built into the curve for
//! the two ordinary equations (Lagaris, Likas and Fotiadis 1998), and is a part of the loss for
//! Burgers' equation.
//!
//! `cargo run --release --example physics`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::f64::consts::PI;
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::optim::Lbfgs;
use wengert::nn::{Forward, Tanh};
use wengert::prelude::*;

const SEEDS: usize = 5;
const UNITS: usize = 32;
const STEPS: usize = 600;
/// The oscillator: ω, δ, and the time that is looked at.
const OMEGA: f64 = 5.0;
const DAMPING: f64 = 0.5;
const TIME: f64 = 3.0;
/// What is measured of it, and with which noise.
const MEASURED: usize = 10;
const NOISE: f64 = 0.02;
/// The viscosity of Burgers' equation, and the speed of its front.
const VISCOSITY: f64 = 0.05;
const SPEED: f64 = 0.5;

/// Solves differential equations with networks
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

type Net<P = Tensor<f64>> = (Linear<P>, Tanh, Linear<P>, Tanh, Linear<P>);
type Wave<'t> = Var<'t, f64>;

fn net(inputs: usize, rng: &mut Rng) -> Net {
    let layers = (
        Linear::new(inputs, UNITS, rng),
        Tanh,
        Linear::new(UNITS, UNITS, rng),
        Tanh,
        Linear::new(UNITS, 1, rng),
    );
    layers.cast::<f64>()
}

/// Makes a loss small by L-BFGS, until no step does.
fn minimize<M: Tree<Tensor<f64>>>(
    model: &mut M,
    steps: usize,
    loss: impl for<'t> Fn(&'t Tape<f64>, M::With<Wave<'t>>) -> Wave<'t>,
) {
    let (mut lbfgs, mut tape) = (Lbfgs::new().with_memory(30), Tape::new());
    for _ in 0..steps {
        let step = lbfgs.step(model, |model| tape.value_and_grad(model, &loss));
        if step.size == 0.0 {
            return;
        }
    }
}

/// How far `found` is from `wanted`, as a share of its norm.
fn distance(found: &Tensor<f64>, wanted: &Tensor<f64>) -> f64 {
    let norm = |x: &Tensor<f64>| x.norm(&[], false).item();
    norm(&(found - wanted)) / norm(wanted)
}

/// The derivative of y, a value for each x, by its own x.
fn slope<'t>(y: Wave<'t>, x: Wave<'t>) -> Wave<'t> {
    let [slope] = x.tape().grad(y.sum(), [x]);
    slope
}

/// The oscillator's curve over a network: 1 + (1 − e⁻ᵗ)² N(t), which starts as it has to.
fn oscillating<'t>(net: &Net<Wave<'t>>, time: Wave<'t>) -> Wave<'t> {
    let start = (1.0 - (-time).exp()).square();
    start * net.forward((time * (2.0 / TIME) - 1.0) * 3.0) + 1.0
}

/// What is left of the oscillator's equation, in units of ω².
fn unbalanced<'t>(net: &Net<Wave<'t>>, time: Wave<'t>, damping: impl Operand<'t, f64>) -> Wave<'t> {
    let u = oscillating(net, time);
    let velocity = slope(u, time);
    let damping = time.tape().var_of(damping);
    let left = slope(velocity, time) + velocity * damping * 2.0 + u * OMEGA.powi(2);
    left / OMEGA.powi(2)
}

/// The closed form of the oscillator.
fn oscillator(time: f64) -> f64 {
    let omega = (OMEGA * OMEGA - DAMPING * DAMPING).sqrt();
    let (sin, cos) = (omega * time).sin_cos();
    (-DAMPING * time).exp() * (cos + DAMPING / omega * sin)
}

/// Times \[N, 1\].
fn times(count: usize) -> Tensor<f64> {
    Tensor::linspace(0.0, TIME, count).unsqueeze(1)
}

fn solve_oscillator(seed: u64, steps: usize) -> Net {
    let mut model = net(1, &mut Rng::seed_from_u64(seed));
    let time = times(100);
    minimize(&mut model, steps, |t, net| {
        unbalanced(&net, t.leaf(&time), DAMPING).square().mean()
    });
    model
}

/// The damping that is found from noisy points, where it starts at 0, with the curve through them.
fn measure_oscillator(seed: u64, steps: usize) -> f64 {
    let mut rng = Rng::seed_from_u64(seed);
    let at: Tensor<f64> = rng.uniform([MEASURED, 1], 0.0, TIME);
    let noise: Tensor<f64> = rng.normal([MEASURED, 1], 0.0, NOISE);
    let points = at.map(oscillator) + noise;
    let mut model = (net(1, &mut rng), Tensor::<f64>::scalar(0.0));
    let time = times(100);
    minimize(&mut model, steps, |t, (net, damping)| {
        let equation = unbalanced(&net, t.leaf(&time), damping).square().mean();
        equation + mse(oscillating(&net, t.constant(&at)), &points)
    });
    model.1.item()
}

/// The curve over a network that is 0 at both ends.
fn held<'t>(net: &Net<Wave<'t>>, x: Wave<'t>) -> Wave<'t> {
    x * (1.0 - x) * net.forward(x * 2.0 - 1.0)
}

/// The error of Poisson's equation for u = sin πx + ½ sin 3πx.
fn poisson(seed: u64, steps: usize) -> f64 {
    let mut model = net(1, &mut Rng::seed_from_u64(seed));
    let x = Tensor::linspace(0.0, 1.0, 60).unsqueeze(1);
    let (a, b) = (PI, 3.0 * PI);
    let force = x.map(|x: f64| a * a * (a * x).sin() + 0.5 * b * b * (b * x).sin());
    minimize(&mut model, steps, |t, net| {
        let x = t.leaf(&x);
        let curvature = slope(slope(held(&net, x), x), x);
        ((curvature + &force) / (PI * PI)).square().mean()
    });
    let x = Tensor::linspace(0.0, 1.0, 777).unsqueeze(1);
    let wanted = x.map(|x: f64| (a * x).sin() + 0.5 * (b * x).sin());
    let found = Tape::new().evaluate(&model, |t, net| held(&net, t.constant(&x)).value());
    distance(&found, &wanted)
}

/// A front of Burgers' equation, which goes from 1 to 0 and travels at half of that.
fn front(x: f64, time: f64) -> f64 {
    SPEED - SPEED * (SPEED * (x - SPEED * time) / (2.0 * VISCOSITY)).tanh()
}

/// Places and times, each \[N, 1\], and the front there.
fn places(pairs: Vec<(f64, f64)>) -> [Tensor<f64>; 3] {
    let column = |of: &dyn Fn(&(f64, f64)) -> f64| {
        Tensor::from(pairs.iter().map(of).collect::<Vec<_>>()).unsqueeze(1)
    };
    [
        column(&|p| p.0),
        column(&|p| p.1),
        column(&|p| front(p.0, p.1)),
    ]
}

fn burgers(seed: u64, steps: usize) -> f64 {
    let mut rng = Rng::seed_from_u64(seed);
    let mut model = net(2, &mut rng);
    let place = |rng: &mut Rng| 2.0 * rng.unit() - 1.0;
    let inside = (0..400).map(|_| (place(&mut rng), rng.unit())).collect();
    let mut edge: Vec<(f64, f64)> = (0..41)
        .map(|at| (f64::from(at) / 20.0 - 1.0, 0.0))
        .collect();
    edge.extend((1..=20).flat_map(|at| [-1.0, 1.0].map(|x| (x, f64::from(at) / 20.0))));
    let ([x, time, _], [edge_x, edge_time, known]) = (places(inside), places(edge));
    minimize(&mut model, steps, |t, net| {
        let (x, time) = (t.leaf(&x), t.leaf(&time));
        let u = net.forward(Var::cat(&[x, time], 1));
        let [u_x, u_t] = t.grad(u.sum(), [x, time]);
        let left = u_t + u * u_x - slope(u_x, x) * VISCOSITY;
        let edge = Var::cat(&[t.constant(&edge_x), t.constant(&edge_time)], 1);
        left.square().mean() + mse(net.forward(edge), &known)
    });
    let grid = (0..=60)
        .flat_map(|x| (0..=30).map(move |t| (f64::from(x) / 30.0 - 1.0, f64::from(t) / 30.0)));
    let [x, time, wanted] = places(grid.collect());
    let found = Tape::new().evaluate(&model, |t, net| {
        net.forward(Var::cat(&[t.constant(&x), t.constant(&time)], 1))
            .value()
    });
    distance(&found, &wanted)
}

/// What one seed comes to.
struct Found {
    oscillator: f64,
    damping: f64,
    poisson: f64,
    burgers: f64,
    curve: Vec<(f64, f64)>,
}

fn experiment(seed: u64, steps: usize, ticker: &Ticker) -> Found {
    let told = |name: &str, error: f64| {
        ticker.tick(|| format!("{name}: relative error {error:.1e}"));
        error
    };
    let model = solve_oscillator(seed, steps);
    let time = times(801);
    let u = Tape::new().evaluate(&model, |t, net| {
        oscillating(&net, t.constant(&time)).value()
    });
    Found {
        oscillator: told("oscillator", distance(&u, &time.map(oscillator))),
        damping: told("damping", measure_oscillator(seed, steps) / DAMPING - 1.0),
        poisson: told("Poisson", poisson(seed, steps)),
        burgers: told("Burgers", burgers(seed, steps)),
        curve: time.iter().zip(u.iter()).collect(),
    }
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("physics");
    let (seeds, steps) = if options.quick {
        (1, 20)
    } else {
        (SEEDS, STEPS)
    };
    let found = each_seed(options, seeds, 4, |seed, ticker| {
        experiment(seed, steps, ticker)
    });
    let mut add = |name: &str, of: fn(&Found) -> f64| {
        figures.add(name, &found.iter().map(of).collect::<Vec<_>>());
    };
    add("oscillator.relative_error", |found| found.oscillator);
    add("damping.relative_error", |found| found.damping.abs());
    add("poisson.relative_error", |found| found.poisson);
    add("burgers.relative_error", |found| found.burgers);

    let closed: Vec<(f64, f64)> = times(801)
        .iter()
        .map(|time| (time, oscillator(time)))
        .collect();
    // Every twentieth point, so that both can be seen.
    let some: Vec<(f64, f64)> = found[0].curve.iter().copied().step_by(20).collect();
    Chart::new("A damped oscillator: a network that knows the equation and where it starts")
        .with_axes("time", "u")
        .with_x_range(0.0..TIME)
        .with_y_range(-1.0..1.2)
        .with_line("closed form", closed)
        .with_points("network", some)
        .save(options.picture("physics.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("physics", run(&Arguments::parse().options))
}
