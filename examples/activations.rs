//! Why hidden units are rectified. Four hidden layers of 200 units read handwritten digits, with one
//! activation or another.
//!
//! - The slope of a sigmoid is at most ¼, so that the gradient that reaches the first of the layers is
//!   more than a hundred times smaller than with rectifiers, and the network stands still.
//! - Rectifiers, leaky ones and learned ones learn from the first epoch on.
//! - A rectified unit whose sum is below 0 for every digit is dead: nothing reaches its weights any more.
//!   A leaky one cannot die.
//!
//! Source: Sugomori, *Deep learning with TensorFlow and Keras*, section 4.2; Glorot, Bordes and Bengio
//! 2011, *Deep sparse rectifier neural networks*; Maas, Hannun and Ng 2013, *Rectifier nonlinearities
//! improve neural network acoustic models*. As there: 10,000 digits, 2,000 of them for the test, and
//! gradient descent with a rate of 0.01. Other than there, pixels go from 0 to 1 less the mean of the
//! image, weights start as is usual for each activation (Glorot and Bengio 2010 for those that saturate,
//! He and others 2015 for the rest) instead of with a deviation of 0.01, and ten epochs are enough, with
//! batches of 50 instead of 200: four times the steps in an epoch. The ratio of the gradients is also
//! told for sigmoids that start with the larger weights of rectifiers.
//!
//! `cargo run --release --example activations -- --data DIR` for a folder with the MNIST files, or with
//! `WENGERT_DATA` set to a folder that has them in `mnist/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::digits::{Digits, PIXELS};
use support::figures::Figures;
use support::folder::folder;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::init::{glorot_normal, he_normal};
use wengert::nn::look::pictures::Chart;
use wengert::nn::{LeakyRelu, PRelu};
use wengert::prelude::*;

/// The seeds of the first three activations; the others, which are only reported, have one.
const SEEDS: usize = 2;
const TRAINED: usize = 8000;
const TESTED: usize = 2000;
const DEPTH: usize = 4;
const HIDDEN: usize = 200;
const RATE: f64 = 0.01;
const BATCH: usize = 50;
const EPOCHS: usize = 10;

/// Shows which activations let four hidden layers learn
#[derive(Parser)]
struct Arguments {
    /// The folder with the four MNIST files
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// The activation of one layer.
#[derive(Tree, Clone)]
enum Activation<P = Tensor> {
    Sigmoid,
    Tanh,
    Relu,
    Leaky(LeakyRelu),
    Learned(PRelu<P>),
    Silu,
}

impl Activation {
    fn all() -> [(&'static str, Activation); 6] {
        [
            ("sigmoid", Activation::Sigmoid),
            ("relu", Activation::Relu),
            ("leaky_relu", Activation::Leaky(LeakyRelu::new(0.01))),
            ("tanh", Activation::Tanh),
            ("prelu", Activation::Learned(PRelu::new(1))),
            ("silu", Activation::Silu),
        ]
    }
}

impl<'t> Activation<Var<'t>> {
    fn of(&self, p: Var<'t>) -> Var<'t> {
        match self {
            Activation::Sigmoid => p.sigmoid(),
            Activation::Tanh => p.tanh(),
            Activation::Relu => p.relu(),
            Activation::Leaky(leaky) => leaky.forward(p),
            Activation::Learned(learned) => learned.forward(p),
            Activation::Silu => p.silu(),
        }
    }
}

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    layers: Vec<Linear<P>>,
    activations: Vec<Activation<P>>,
}

impl Net {
    fn new(activation: &Activation, saturating: bool, rng: &mut Rng) -> Self {
        let sizes = [PIXELS, HIDDEN, HIDDEN, HIDDEN, HIDDEN, 10];
        let layer = |pair: &[usize]| Linear {
            weight: match saturating {
                true => glorot_normal([pair[0], pair[1]], rng),
                false => he_normal([pair[0], pair[1]], rng),
            },
            bias: Some(Tensor::zeros([pair[1]])),
        };
        Net {
            layers: sizes.windows(2).map(layer).collect(),
            activations: vec![activation.clone(); DEPTH],
        }
    }

    /// The norm of the gradient of each layer's weights.
    fn gradients(&self, x: &Tensor, labels: &Tensor<i64>) -> Vec<f64> {
        let (_, grads) = Tape::new().value_and_grad(self, |t, net| {
            cross_entropy(net.sums(t.constant(x)).1, labels)
        });
        let norm = |layer: &Linear| f64::from(layer.weight.norm(&[], false).item());
        grads.tree(self).layers.iter().map(norm).collect()
    }
}

impl<'t> Net<Var<'t>> {
    /// The sums of the hidden units, layer by layer, and the logits: x \[B, 784\].
    fn sums(&self, x: Var<'t>) -> (Vec<Var<'t>>, Var<'t>) {
        let (mut h, mut sums) = (x, Vec::new());
        for (layer, activation) in self.layers.iter().zip(&self.activations) {
            let p = layer.forward(h);
            sums.push(p);
            h = activation.of(p);
        }
        (sums, self.layers[DEPTH].forward(h))
    }
}

/// Images from 0 to 1, less the mean of each.
fn centered(digits: &Digits) -> Tensor {
    &digits.images - &digits.images.mean_axes(&[1], true)
}

/// What came of one activation.
struct Found {
    /// The norm of the gradient of each layer's weights before the first step.
    gradients: Vec<f64>,
    /// That of the first layer with the larger weights of rectifiers.
    of_larger: f64,
    /// The accuracy after each epoch.
    accuracies: Vec<f64>,
    /// The share of hidden units whose slope is 0 for all digits of the training.
    dead: f64,
}

fn experiment(
    activation: &Activation,
    [training, test]: [&Digits; 2],
    (seed, epochs): (u64, usize),
    ticker: &Ticker,
) -> Found {
    let mut rng = Rng::seed_from_u64(seed);
    let saturating = matches!(activation, Activation::Sigmoid | Activation::Tanh);
    let larger = Net::new(activation, false, &mut rng.clone());
    let mut net = Net::new(activation, saturating, &mut rng);
    let (x, labels, test_x) = (centered(training), &training.labels, centered(test));
    let gradients = net.gradients(&x, labels);
    let of_larger = larger.gradients(&x, labels)[0];
    let (mut tape, mut sgd) = (Tape::new(), Sgd::new(RATE));
    let mut accuracies = Vec::new();
    for _ in 0..epochs {
        for rows in Batches::shuffled(labels.size(), BATCH, &mut rng) {
            let (x, y) = (x.index_select(0, &rows), labels.index_select(0, &rows));
            let (_, grads) =
                tape.value_and_grad(&net, |t, net| cross_entropy(net.sums(t.constant(&x)).1, &y));
            sgd.step(&mut net, &grads);
        }
        let said = tape.evaluate(&net, |t, net| net.sums(t.constant(&test_x)).1.argmax(-1));
        let right = said.zip_map(&test.labels, |said, label| f64::from(said == label));
        accuracies.push(right.mean().item());
        ticker.tick(|| format!("accuracy {:.3}", right.mean().item()));
    }

    let sums = tape.evaluate(&net, |t, net| {
        let sums = net.sums(t.constant(&x)).0;
        sums.into_iter().map(Var::value).collect::<Vec<_>>()
    });
    let dead = sums.iter().zip(&net.activations).map(|(p, activation)| {
        let (_, slopes) = tape.value_and_grad(p, |t, p| t.bind(activation).of(p).sum());
        let greatest = slopes.tree(p).map(f32::abs).amax(&[0], false);
        greatest.iter().filter(|&slope| slope == 0.0).count()
    });
    let dead = dead.sum::<usize>() as f64 / (DEPTH * HIDDEN) as f64;
    Found {
        gradients,
        of_larger,
        accuracies,
        dead,
    }
}

fn run(options: &Options, data: Option<PathBuf>) -> Outcome {
    let Some(folder) = folder(data, "mnist", options.quick)? else {
        println!("activations: skipped, for there is no data (--data DIR or WENGERT_DATA)");
        return Ok(());
    };
    let mut figures = Figures::new("activations");
    let (trained, tested, epochs, seeds) = match options.quick {
        true => (1000, 200, 1, 1),
        false => (TRAINED, TESTED, EPOCHS, SEEDS),
    };
    let (training, test) = load(&folder, trained, tested)?;
    let kinds = Activation::all();
    // The first seed of all activations, then the next one of the first three.
    let runs = kinds.len() + 3 * (seeds - 1);
    let found = each_seed(options, runs, epochs, |run, ticker| {
        let run = (run - options.seed) as usize;
        let (kind, seed) = match run.checked_sub(kinds.len()) {
            None => (run, 0),
            Some(later) => (later % 3, 1 + later / 3),
        };
        let seed = options.seed + seed as u64;
        experiment(&kinds[kind].1, [&training, &test], (seed, epochs), ticker)
    });
    let of = |kind: usize| -> Vec<&Found> {
        let later = found[kinds.len()..].iter().skip(kind).step_by(3);
        let later = later.take(if kind < 3 { seeds - 1 } else { 0 });
        [&found[kind]].into_iter().chain(later).collect()
    };

    for (at, (name, _)) in kinds.iter().enumerate() {
        let mut add = |measure: &str, f: &dyn Fn(&Found) -> f64| {
            let numbers: Vec<f64> = of(at).into_iter().map(f).collect();
            figures.add(&format!("{name}.{measure}"), &numbers);
        };
        let best = |found: &Found| found.accuracies.iter().copied().fold(0.0, f64::max);
        add("best_accuracy", &best);
        add("accuracy", &|found| found.accuracies[epochs - 1]);
        add("dead_share", &|found| found.dead);
        add("first_gradient", &|found| found.gradients[0]);
    }
    let pairs = || of(0).into_iter().zip(of(1));
    let ratio = |(sigmoid, relu): (&Found, &Found)| sigmoid.gradients[0] / relu.gradients[0];
    figures.add(
        "first_gradient.sigmoid_to_relu",
        &pairs().map(ratio).collect::<Vec<_>>(),
    );
    let ratio = |(sigmoid, relu): (&Found, &Found)| sigmoid.of_larger / relu.gradients[0];
    figures.add(
        "first_gradient.larger_sigmoid_to_relu",
        &pairs().map(ratio).collect::<Vec<_>>(),
    );

    let lines = |f: &dyn Fn(&Found) -> Vec<f64>| -> Vec<Vec<(f64, f64)>> {
        let numbered = |(at, y): (usize, f64)| (at as f64 + 1.0, y);
        let line = |found: &Found| f(found).into_iter().enumerate().map(numbered).collect();
        found[..kinds.len()].iter().map(line).collect()
    };
    let powers = |found: &Found| found.gradients.iter().map(|norm| norm.log10()).collect();
    let (accuracies, gradients) = (lines(&|x| x.accuracies.clone()), lines(&powers));
    let mut chart = Chart::new("Four hidden layers on 8,000 digits, by their activation")
        .with_axes("epoch", "accuracy on 2,000 other digits")
        .with_x_range(0.0..epochs as f64 + 1.0)
        .with_y_range(0.0..1.0);
    for (kind, points) in kinds.iter().zip(accuracies) {
        chart = chart.with_line(kind.0, points);
    }
    chart.save(options.picture("activations.svg")?)?;
    let line = |at: usize| (kinds[at].0, &gradients[at]);
    Chart::new("Gradients of each layer's weights before the first step")
        .with_axes(
            "layer, from the input to the output",
            "power of ten of the norm",
        )
        .with_x_range(0.0..6.0)
        .with_y_range(-3.0..1.0)
        .with_lines(&[0, 1, 3, 5].map(line))
        .save(options.picture("activations_gradients.svg")?)?;
    figures.write(options)
}

fn load(folder: &Path, trained: usize, tested: usize) -> Outcome<(Digits, Digits)> {
    let all = Digits::load(folder, "train")?.first(trained + tested);
    let count = all.labels.size();
    if count < trained + tested {
        return Err(format!(
            "{}: {count} digits for training are too few",
            folder.display()
        )
        .into());
    }
    let part = |from: usize, to: usize| Digits {
        images: all.images.slice(0, from..to),
        labels: all.labels.slice(0, from..to),
    };
    Ok((part(0, trained), part(trained, trained + tested)))
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    support::exit("activations", run(&options, data))
}
