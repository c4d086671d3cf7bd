//! What a network can represent, and what it learns from too few points.
//!
//! - One hidden layer of tanh approximates sin on [−π, π] (Cybenko 1989).
//! - A composition is differentiated by the chain rule: the gradient of f(g(h(x))) is the product of
//!   three derivatives that are taken apart.
//! - Depth: the tent map, composed k times, is a network of k layers with two units each and has 2ᵏ
//!   linear pieces. One hidden layer with as many units has no more pieces than units, and learns next
//!   to nothing of it (Telgarsky 2016, *Benefits of depth in neural networks*).
//! - Overfitting: a network with 8,513 weights learns 20 noisy points by heart, and its test error rises
//!   while its training error falls. A squared penalty, dropout, early stopping and batch norm each
//!   bring the two errors nearer to one another. Batch norm, whose running values are those of batches of
//!   five, does so by a greater training error: its test error is not always less.
//!
//! Source: seed row 11; the book's sections 4.2 and 4.5. Training is by L-BFGS where it is to approximate,
//! and by Adam with batches of five where it is to generalize. The 20 points are evenly spaced: where two
//! come to lie close together, with different noise, learning them by heart takes far longer. Early
//! stopping looks at 20 other points.
//!
//! `cargo run --release --example approximation`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::f64::consts::PI;
use std::process::ExitCode;

use clap::Parser;
use support::dense::Dense;
use support::figures::Figures;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::look::pictures::Chart;
use wengert::nn::optim::{Lbfgs, penalty};
use wengert::nn::{Forward, Relu, Tanh};
use wengert::prelude::*;

const SEEDS: usize = 5;
/// Units of the network that approximates the sine, and steps of L-BFGS.
const UNITS: usize = 16;
const STEPS: usize = 300;
/// How often the tent map is composed with itself.
const DEPTH: usize = 8;
/// Noisy points to learn from, their noise, and points to test on.
const POINTS: usize = 20;
const NOISE: f64 = 0.3;
const TEST: usize = 1000;
const HIDDEN: usize = 64;
const EPOCHS: usize = 2000;
const RATE: f64 = 5e-3;
const BATCH: usize = 5;
const L2: f64 = 3e-3;
const DROPOUT: f64 = 0.3;
const HELPS: [&str; 4] = ["l2", "dropout", "early_stopping", "batch_norm"];

/// Shows what networks represent, and how they overfit
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Fits a network to points by L-BFGS.
fn fit<M>(model: &mut M, (x, y): &(Tensor<f64>, Tensor<f64>), steps: usize)
where
    M: Tree<Tensor<f64>>,
    for<'t> M::With<Var<'t, f64>>: Forward<'t, f64>,
{
    let (mut lbfgs, mut tape) = (Lbfgs::new().with_memory(20), Tape::new());
    for _ in 0..steps {
        lbfgs.step(model, |model| {
            tape.value_and_grad(model, |t, m| mse(m.forward(t.constant(x)), y))
        });
    }
}

/// The mean squared error of a network.
fn error<M>(model: &M, (x, y): &(Tensor<f64>, Tensor<f64>)) -> f64
where
    M: Tree<Tensor<f64>>,
    for<'t> M::With<Var<'t, f64>>: Forward<'t, f64>,
{
    Tape::new().evaluate(model, |t, m| mse(m.forward(t.constant(x)), y).item())
}

/// A function at so many points from one bound to the other.
fn table(bounds: [f64; 2], count: usize, f: impl FnMut(f64) -> f64) -> (Tensor<f64>, Tensor<f64>) {
    let x = Tensor::linspace(bounds[0], bounds[1], count).unsqueeze(1);
    let y = x.map(f);
    (x, y)
}

/// One hidden layer on the sine: the error at points between those that it was fitted to.
fn sine(seed: u64, steps: usize) -> f64 {
    let mut rng = Rng::seed_from_u64(seed);
    let layers = (
        Linear::new(1, UNITS, &mut rng),
        Tanh,
        Linear::new(UNITS, 1, &mut rng),
    );
    let mut model = layers.cast::<f64>();
    fit(&mut model, &table([-PI, PI], 100, f64::sin), steps);
    error(&model, &table([-PI, PI], 1777, f64::sin))
}

/// How far the gradient of a composition is from the product of the derivatives of its parts.
fn composition() -> f64 {
    type Part = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
    let parts: [Part; 3] = [|x| x.square() + 1.0, |x| x.ln().tanh(), |x| (x * 3.0).exp()];
    let tape = Tape::<f64>::new();
    let start = tape.leaf(&Tensor::linspace(-2.0, 2.0, 41));
    let whole = parts.iter().fold(start, |x, part| part(x));
    let [slope] = tape.grad(whole.sum(), [start]);
    let (mut at, mut product) = (start.value(), Tensor::ones([41]));
    for part in parts {
        let x = tape.leaf(&at);
        let y = part(x);
        let [factor] = tape.grad(y.sum(), [x]);
        product *= factor.value();
        at = y.value();
    }
    slope.value().max_abs_diff(&product) / product.norm(&[], false).item()
}

/// The tent map as a layer of two units: 2 max(x, 0) − 4 max(x − ½, 0).
fn tent() -> (Linear<Tensor<f64>>, Relu, Linear<Tensor<f64>>) {
    let layer = |weight, bias| Linear {
        weight,
        bias: Some(bias),
    };
    (
        layer(Tensor::from([[1.0, 1.0]]), Tensor::from([0.0, -0.5])),
        Relu,
        layer(Tensor::from([[2.0], [-4.0]]), Tensor::from([0.0])),
    )
}

/// The linear pieces of the deep network: runs of one slope over the middles of a fine grid.
fn pieces(depth: usize) -> (f64, (Tensor<f64>, Tensor<f64>)) {
    let deep: Vec<_> = (0..depth).map(|_| tent()).collect();
    let points = 8 << depth;
    let x = Tensor::from_fn([points, 1], |at| (at[0] as f64 + 0.5) / points as f64);
    let tape = Tape::new();
    let at = tape.leaf(&x);
    let y = deep.bind(&tape).forward(at);
    let [slope] = tape.grad(y.sum(), [at]);
    let slopes = slope.value().to_vec();
    let breaks = slopes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    (breaks as f64 + 1.0, (x, y.value()))
}

/// The share of the saw's variance that one hidden layer with as many units leaves.
fn shallow(saw: &(Tensor<f64>, Tensor<f64>), seed: u64, steps: usize) -> f64 {
    let mut rng = Rng::seed_from_u64(seed);
    let units = 2 * DEPTH;
    let mut first = Linear::new(1, units, &mut rng);
    // Each unit bends somewhere in [0, 1].
    first.weight = Tensor::ones([1, units]);
    first.bias = Some(rng.uniform([units], -1.0, 0.0));
    let mut model = (first, Relu, Linear::new(units, 1, &mut rng)).cast::<f64>();
    fit(&mut model, saw, steps);
    error(&model, saw) / saw.1.var(&[], 0, false).item()
}

/// A network that is too great for its data, with what may help it.
fn network(help: &str, rng: &mut Rng) -> Dense {
    let net = Dense::new(&[1, HIDDEN, HIDDEN, HIDDEN, 1], rng);
    match help {
        "batch_norm" => net.with_batch_norm(),
        "dropout" => net.with_dropout(DROPOUT),
        _ => net,
    }
}

/// The sine with noise at these x \[N, 1\].
fn noisy(x: Tensor, rng: &mut Rng) -> (Tensor, Tensor) {
    let noise: Tensor = rng.normal(x.shape(), 0.0, NOISE);
    let y = x.map(f32::sin) + noise;
    (x, y)
}

/// What training came to: the errors at the end, and the network.
struct Trained {
    training: f64,
    test: f64,
    /// The least test error on the way.
    least: f64,
    net: Dense,
}

/// Trains a network for all epochs, or to the least error on other points.
fn train(help: &str, sets: &[(Tensor, Tensor); 3], epochs: usize, rng: &Rng) -> Trained {
    let mut net = network(help, &mut rng.split(1));
    let (mut order, mut tape, mut adam) = (rng.split(2), Tape::new(), Adam::new(RATE));
    tape.set_rng(rng.split(3));
    let errors = |net: &Dense, tape: &mut Tape| {
        let of = |(x, y): &(Tensor, Tensor)| {
            f64::from(tape.evaluate(net, |t, m| mse(m.forward(t.constant(x)), y).item()))
        };
        sets.each_ref().map(of)
    };
    let mut best = (f64::INFINITY, net.clone());
    let mut least = f64::INFINITY;
    for epoch in 0..epochs {
        adam.learning_rate = RATE * (1.0 - epoch as f64 / epochs as f64);
        for rows in Batches::shuffled(POINTS, BATCH, &mut order) {
            let [x, y] = [&sets[0].0, &sets[0].1].map(|of| of.index_select(0, &rows));
            let (_, grads) = tape.value_and_grad(&net, |t, m| {
                let loss = mse(m.forward(t.constant(&x)), &y);
                match help {
                    "l2" => loss + penalty::l2(&m, L2, |path| path.ends_with("weight")),
                    _ => loss,
                }
            });
            adam.step(&mut net, &grads);
        }
        if epoch % 10 == 9 || epoch + 1 == epochs {
            let [_, validation, test] = errors(&net, &mut tape);
            least = least.min(test);
            if validation < best.0 {
                best = (validation, net.clone());
            }
        }
    }
    if help == "early_stopping" {
        net = best.1;
    }
    let [training, _, test] = errors(&net, &mut tape);
    Trained {
        training,
        test,
        least,
        net,
    }
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("approximation");
    let (seeds, steps, epochs) = match options.quick {
        true => (1, 30, 30),
        false => (SEEDS, STEPS, EPOCHS),
    };
    figures.add("composition.distance", &[composition()]);
    let (count, saw) = pieces(DEPTH);
    figures.add("deep.pieces", &[count]);
    figures.add("deep.units", &[2.0 * DEPTH as f64]);

    let found = each_seed(options, seeds, 2 + HELPS.len(), |seed, ticker| {
        let fitted = sine(seed, steps);
        ticker.tick(|| format!("sine: {fitted:.2e}"));
        let left = shallow(&saw, seed, steps);
        let mut rng = Rng::seed_from_u64(seed);
        let even = Tensor::linspace(-PI, PI, POINTS).unsqueeze(1);
        let drawn = [POINTS, TEST].map(|count| rng.uniform([count, 1], -PI, PI));
        let [validation, test] = drawn;
        let sets = [even, validation, test].map(|x| noisy(x, &mut rng));
        let trained = ["none"].into_iter().chain(HELPS).map(|help| {
            let trained = train(help, &sets, epochs, &rng);
            ticker.tick(|| format!("{help}: test error {:.3}", trained.test));
            trained
        });
        (fitted, left, trained.collect::<Vec<_>>(), sets)
    });
    let mut add = |name: &str, of: &dyn Fn(&(f64, f64, Vec<Trained>, _)) -> f64| {
        figures.add(name, &found.iter().map(of).collect::<Vec<_>>());
    };
    add("sine.test_mse", &|found| found.0);
    add("shallow.variance_left", &|found| found.1);
    add("plain.training_mse", &|found| found.2[0].training);
    add("plain.training_to_noise", &|found| {
        found.2[0].training / NOISE.powi(2)
    });
    add("plain.test_mse", &|found| found.2[0].test);
    add("plain.test_rise", &|found| {
        found.2[0].test / found.2[0].least
    });
    let gap = |trained: &Trained| trained.test - trained.training;
    for (at, help) in HELPS.iter().enumerate() {
        let of = |found: &(f64, f64, Vec<Trained>, _)| gap(&found.2[at + 1]) / gap(&found.2[0]);
        let training = |found: &(f64, f64, Vec<Trained>, _)| found.2[at + 1].training;
        add(&format!("{help}.training_mse"), &training);
        add(&format!("{help}.test_mse"), &|found| found.2[at + 1].test);
        add(&format!("{help}.gap_to_plain"), &of);
    }

    let (_, _, trained, sets) = &found[0];
    let grid: Tensor = Tensor::linspace(-PI, PI, 400);
    let line = |trained: &Trained| {
        let x = grid.unsqueeze(1);
        let y = Tape::new().evaluate(&trained.net, |t, m| m.forward(t.constant(&x)).value());
        let pair = |(x, y): (f32, f32)| (f64::from(x), f64::from(y));
        grid.iter().zip(y.iter()).map(pair).collect::<Vec<_>>()
    };
    let (x, y) = &sets[0];
    let pairs = x.iter().zip(y.iter());
    let points: Vec<_> = pairs.map(|(x, y)| (f64::from(x), f64::from(y))).collect();
    let wave: Vec<_> = grid.iter().map(f64::from).map(|x| (x, x.sin())).collect();
    let lines = [
        ("with a squared penalty", line(&trained[1])),
        ("without any help", line(&trained[0])),
        ("stopped early", line(&trained[3])),
        ("with dropout", line(&trained[2])),
        ("the sine", wave),
    ];
    Chart::new("A network with 8,513 weights learns 20 noisy points")
        .with_axes("x", "y")
        .with_x_range(-PI..PI)
        .with_y_range(-2.0..2.0)
        .with_lines(&lines)
        .with_points("20 noisy points", points)
        .save(options.picture("approximation.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("approximation", run(&Arguments::parse().options))
}
