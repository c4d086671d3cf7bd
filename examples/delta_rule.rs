//! Back-propagation beside the two things that it must agree with, and what the first networks learn
//! by it.
//!
//! - The gradients of every op and of every recurrent cell are those of central differences.
//! - The delta rule, written out by hand for a network of two layers, gives the numbers of the tape:
//!   δ = y − t at the output, so that a step is +η (t − y) h, and f′(p) Σₖ vₖ δₖ below it.
//! - A perceptron, a unit that learns OR, a softmax over three classes, a network for XOR, and one for
//!   two moons: the ladder of the book's third chapter.
//!
//! Source: Rumelhart, Hinton and Williams 1986, *Learning representations by back-propagating errors*;
//! Sugomori, *Deep learning with TensorFlow and Keras*, chapter 3, with its sizes, rates, batches and
//! epochs. Weights of hidden layers start normal (0, 1), those of single layers at 0.
//!
//! `cargo run --release --example delta_rule`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::clouds::{clouds, moons};
use support::differences::apart;
use support::figures::Figures;
use support::op_programs::PROGRAMS;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::compose::bce;
use wengert::nn::data::Batches;
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{
    Carried, Cell, GruOptions, GruVariantCell, LightGruCell, LstmOptions, LstmVariantCell,
    MinimalGruCell, NewCell, Peepholes,
};
use wengert::prelude::*;

const SEEDS: usize = 5;
const XOR_SEEDS: usize = 20;
const MOON_SEEDS: usize = 10;

/// Holds back-propagation against differences and the delta rule, and learns OR, XOR and two moons
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Layers with sigmoids between them.
#[derive(Tree, Clone)]
struct Net<P = Tensor<f64>> {
    layers: Vec<Linear<P>>,
}

impl Net {
    fn new(sizes: &[usize], deviation: f64, rng: &mut Rng) -> Self {
        let layer = |sizes: &[usize]| Linear {
            weight: rng.normal([sizes[0], sizes[1]], 0.0, deviation),
            bias: Some(Tensor::zeros([sizes[1]])),
        };
        Net {
            layers: sizes.windows(2).map(layer).collect(),
        }
    }

    /// Gradient descent in shuffled batches, with the loss of the logits of some rows.
    fn learn(
        &mut self,
        x: &Tensor<f64>,
        (rate, batch, epochs): (f64, usize, usize),
        rng: &mut Rng,
        loss: impl for<'t> Fn(Var<'t, f64>, &Tensor<i64>) -> Var<'t, f64>,
    ) {
        let (mut tape, mut sgd) = (Tape::new(), Sgd::new(rate));
        for _ in 0..epochs {
            for rows in Batches::shuffled(x.dim(0), batch, rng) {
                let x = x.index_select(0, &rows);
                let (_, grads) =
                    tape.value_and_grad(&*self, |t, net| loss(net.logits(t.constant(&x)), &rows));
                sgd.step(self, &grads);
            }
        }
    }

    fn say(&self, x: &Tensor<f64>) -> Tensor<f64> {
        Tape::new().evaluate(self, |t, net| net.logits(t.constant(x)).value())
    }

    /// The share of right answers of a net with one output.
    fn accuracy(&self, x: &Tensor<f64>, t: &Tensor<f64>) -> f64 {
        let right = self
            .say(x)
            .zip_map(t, |p, t| f64::from((p > 0.0) == (t > 0.5)));
        right.mean().item()
    }
}

impl<'t> Net<Var<'t, f64>> {
    /// x \[B, I\] → \[B, O\], before the last sigmoid or softmax.
    fn logits(&self, x: Var<'t, f64>) -> Var<'t, f64> {
        let first = self.layers[0].forward(x);
        self.layers[1..]
            .iter()
            .fold(first, |p, layer| layer.forward(p.sigmoid()))
    }
}

/// How far the tape's gradients are from central differences, of every op and of every cell.
fn differences(figures: &mut Figures, rng: &mut Rng) {
    let inputs = [0, 1].map(|_| rng.uniform::<f64>([3, 4], 0.4, 2.0));
    let errors = PROGRAMS.map(|(_, program)| {
        apart(&inputs, |_, [x, y]| {
            let y = program(x, y);
            // No two elements count the same.
            let weights = Rng::seed_from_u64(1).normal(y.shape(), 0.0, 1.0);
            (y * &weights).sum()
        })
    });
    figures.add("differences.ops", &errors);

    let x: Tensor<f64> = rng.normal([2, 4, 2], 0.0, 1.0);
    let peepholes = LstmOptions {
        peepholes: Peepholes::Full,
        ..LstmOptions::default()
    };
    let gru = GruOptions::default();
    let errors = [
        of_cell(&SimpleRnnCell::new(2, 3, rng).cast::<f64>(), &x),
        of_cell(&LstmCell::new(2, 3, rng).cast::<f64>(), &x),
        of_cell(
            &LstmVariantCell::with_options(2, 3, peepholes, rng).cast::<f64>(),
            &x,
        ),
        of_cell(
            &LstmVariantCell::with_options(2, 3, LstmOptions::of_1997(), rng).cast::<f64>(),
            &x,
        ),
        of_cell(&GruCell::new(2, 3, rng).cast::<f64>(), &x),
        of_cell(
            &GruVariantCell::with_options(2, 3, gru, rng).cast::<f64>(),
            &x,
        ),
        of_cell(&MinimalGruCell::new(2, 3, rng).cast::<f64>(), &x),
        of_cell(&LightGruCell::new(2, 3, rng).cast::<f64>(), &x),
    ];
    figures.add("differences.cells", &errors);
}

/// The same of a cell that runs over x \[B, T, I\].
fn of_cell<C>(cell: &C, x: &Tensor<f64>) -> f64
where
    C: Tree<Tensor<f64>> + Clone,
    for<'t> C::With<Var<'t, f64>>: Cell<'t, f64>,
{
    apart(cell, |t, cell| {
        let mut inputs = t.constant(x).unbind(1).into_iter();
        let first = inputs.next().expect("there is a step");
        let start = cell.step(first, cell.initial(first));
        let h = inputs.fold(start, |state, x| cell.step(x, state)).h();
        (h * h * h + h).sum()
    })
}

/// The gradient of the summed cross-entropy of a net of two layers, by the delta rule.
fn delta_rule(net: &Net, x: &Tensor<f64>, t: &Tensor<f64>) -> Net {
    let sigmoid = |layer: &Linear<Tensor<f64>>, x: &Tensor<f64>| {
        let bias = layer.bias.as_ref().expect("it has a bias");
        (x.matmul(&layer.weight) + bias).map(|p| 1.0 / (1.0 + (-p).exp()))
    };
    let [hidden, out] = &net.layers[..] else {
        unreachable!("the net has two layers");
    };
    let h = sigmoid(hidden, x);
    let above = sigmoid(out, &h) - t;
    let below = h.map(|h| h * (1.0 - h)) * above.matmul(&out.weight.t());
    let slopes = |x: &Tensor<f64>, delta: &Tensor<f64>| Linear {
        weight: x.t().matmul(delta),
        bias: Some(delta.sum_axes(&[0], false)),
    };
    Net {
        layers: vec![slopes(x, &below), slopes(&h, &above)],
    }
}

/// The greatest distance between the gradients by the tape and by the delta rule.
fn beside_delta_rule(rng: &mut Rng) -> f64 {
    let net = Net::new(&[5, 7, 3], 1.0, rng);
    let x: Tensor<f64> = rng.normal([20, 5], 0.0, 1.0);
    let t: Tensor<f64> = rng.bernoulli([20, 3], 0.5).cast();
    let (_, grads) = Tape::new().value_and_grad(&net, |tape, net| {
        bce(net.logits(tape.constant(&x)).sigmoid(), &t, Reduction::Sum)
    });
    let by_hand = delta_rule(&net, &x, &t).leaves();
    let pairs = grads.iter().zip(&by_hand);
    pairs.map(|(a, b)| a.max_abs_diff(b)).fold(0.0, f64::max)
}

/// w ← w + (t − y) x, where y is 0 or 1, until nothing is wrong: the share of points on the right side.
fn perceptron(rng: &mut Rng) -> f64 {
    let (x, t) = clouds(&[[0.0, 0.0], [5.0, 5.0]], 10, rng);
    let (rows, mut w) = (x.to_rows(), [0.0; 3]);
    let says = |w: &[f64; 3], row: &[f64]| f64::from(w[0] * row[0] + w[1] * row[1] + w[2] > 0.0);
    for _ in 0..1000 {
        for (row, t) in rows.iter().zip(t.iter()) {
            let error = t as f64 - says(&w, row);
            w = [w[0] + error * row[0], w[1] + error * row[1], w[2] + error];
        }
    }
    let right = rows
        .iter()
        .zip(t.iter())
        .filter(|(row, t)| says(&w, row) == *t as f64);
    right.count() as f64 / rows.len() as f64
}

/// The accuracy of a net at a function of two bits. The loss is summed over a batch.
fn gate(sizes: &[usize], t: [f64; 4], (batch, epochs): (usize, usize), rng: &mut Rng) -> f64 {
    let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let t = Tensor::from(t).reshape(&[4, 1]);
    let mut net = Net::new(sizes, if sizes.len() > 2 { 1.0 } else { 0.0 }, rng);
    net.learn(&x, (0.1, batch, epochs), rng, |p, rows| {
        bce_with_logits(p, &t.index_select(0, rows), Reduction::Sum)
    });
    net.accuracy(&x, &t)
}

fn softmax(rng: &mut Rng) -> f64 {
    let (x, t) = clouds(&[[0.0, 10.0], [5.0, 5.0], [10.0, 0.0]], 100, rng);
    let mut net = Net::new(&[2, 3], 0.0, rng);
    net.learn(&x, (0.1, 50, 20), rng, |p, rows| {
        cross_entropy(p, &t.index_select(0, rows))
    });
    let right = net
        .say(&x)
        .argmax(-1)
        .zip_map(&t, |said, t| f64::from(said == t));
    right.mean().item()
}

/// What a network of three hidden units makes of moons: the share of the last 60 that it knows.
fn two_moons(epochs: usize, rng: &mut Rng) -> (f64, Net, Tensor<f64>, Tensor<f64>) {
    let (x, t) = moons(300, rng);
    let mut net = Net::new(&[2, 3, 1], 1.0, rng);
    net.learn(&x.slice(0, ..240), (0.05, 20, epochs), rng, |p, rows| {
        bce_with_logits(p, &t.index_select(0, rows), Reduction::Sum)
    });
    let accuracy = net.accuracy(&x.slice(0, 240..), &t.slice(0, 240..));
    (accuracy, net, x, t)
}

fn draw(net: &Net, x: &Tensor<f64>, t: &Tensor<f64>, options: &Options) -> Outcome {
    let kind = |kind: f64| {
        let rows = x.to_rows().into_iter().zip(t.iter());
        rows.filter(|(_, t)| *t == kind)
            .map(|(x, _)| (x[0], x[1]))
            .collect::<Vec<_>>()
    };
    let says = |x: f64, y: f64| net.say(&Tensor::from([[x, y]])).item();
    Chart::new("Two moons, and where a network of three hidden units parts them")
        .with_axes("x", "y")
        .with_x_range(-2.0..3.5)
        .with_y_range(-1.5..2.0)
        .with_size(800, 560)
        .with_points("one moon", kind(0.0))
        .with_points("the other", kind(1.0))
        .with_boundary("the boundary", 40, says)
        .save(options.picture("delta_rule.svg")?)?;
    Ok(())
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("delta_rule");
    differences(&mut figures, &mut Rng::seed_from_u64(options.seed));
    let mut add = |name: &str, seeds: usize, f: &(dyn Fn(&mut Rng) -> f64 + Sync)| {
        let numbers = each_seed(options, seeds, 1, |seed, _| {
            f(&mut Rng::seed_from_u64(seed))
        });
        figures.add(name, &numbers);
        numbers
    };
    let epochs = |all: usize| if options.quick { all.div_ceil(20) } else { all };
    add("delta_rule.distance", SEEDS, &beside_delta_rule);
    add("perceptron.accuracy", SEEDS, &perceptron);
    add("or.accuracy", SEEDS, &|rng| {
        gate(&[2, 1], [0.0, 1.0, 1.0, 1.0], (1, epochs(200)), rng)
    });
    add("softmax.accuracy", SEEDS, &softmax);
    let xor = add("xor.accuracy", XOR_SEEDS, &|rng| {
        gate(&[2, 2, 1], [0.0, 1.0, 1.0, 0.0], (4, epochs(4000)), rng)
    });
    let solved = xor.iter().filter(|&&accuracy| accuracy == 1.0).count();
    add("moons.test_accuracy", MOON_SEEDS, &|rng| {
        two_moons(epochs(500), rng).0
    });
    figures.add("xor.solved_share", &[solved as f64 / XOR_SEEDS as f64]);

    let (_, net, x, t) = two_moons(epochs(500), &mut Rng::seed_from_u64(options.seed));
    draw(&net, &x, &t, options)?;
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("delta_rule", run(&Arguments::parse().options))
}
