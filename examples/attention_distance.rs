//! How far back attention looks.
//!
//! One layer of causal attention, every step to itself and those before it (Vaswani et al. 2017,
//! *Attention is all you need*, with a learned bias for each distance), learns three tasks: to say the
//! random symbol of two steps ago, that of twenty steps ago, and the next character of Shakespeare's
//! plays. It looks as far back as the data ask for: in text, more than half of the weight lies within the
//! last few characters. The histograms of its distances are printed and drawn.
//!
//! `cargo run --release --example attention_distance -- --data DIR`, a folder with `input.txt`, or with
//! `WENGERT_DATA` set to a folder that has it in `tinyshakespeare/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::folder::folder;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::compose::{CrossEntropy, cross_entropy_with};
use wengert::nn::attention::{MultiHeadAttention, attention_distances, causal_mask};
use wengert::nn::data::text::load_lines;
use wengert::nn::data::{Specials, Vocabulary};
use wengert::nn::look::pictures::Chart;
use wengert::prelude::*;

const SEEDS: usize = 5;
const TIME: usize = 64;
/// Steps at the beginning of which nothing is asked: what they would need is not there.
const WARM: usize = 20;
const WIDTH: usize = 32;
const SYMBOLS: usize = 8;
const STEPS: usize = 800;
const BATCH: usize = 32;
const RATE: f64 = 2e-2;
/// Distances that are printed together: from one of these up to the next.
const BINS: [usize; 9] = [0, 1, 2, 3, 5, 9, 17, 33, TIME];

/// Looks at how far back attention looks
#[derive(Parser)]
struct Arguments {
    /// The folder with input.txt
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Scores stay small where no symbol is quite sure, and then it pays to look at nothing but what counts.
const SMOOTHED: CrossEntropy = CrossEntropy {
    ignore_index: None,
    label_smoothing: 0.1,
    reduction: Reduction::Mean,
};

/// One layer of causal attention over symbols.
#[derive(Tree, Clone)]
struct Looker<P = Tensor> {
    symbols: Embedding<P>,
    attention: MultiHeadAttention<P>,
    head: Linear<P>,
}

impl<'t> Looker<Var<'t>> {
    /// Scores \[B, T, V\] for the symbols \[B, T\], and the weights \[B, 1, T, T\].
    fn look(&self, symbols: &Tensor<i64>) -> (Var<'t>, Var<'t>) {
        let x = self.symbols.forward(symbols);
        let mask = causal_mask(TIME, TIME);
        let attended = self.attention.forward(x, x, x, Some(&mask));
        (self.head.forward(x + attended.context), attended.weights)
    }
}

/// What causal attention learns: symbols \[B, T\], and what is to be said at each step.
enum Task<'a> {
    /// The symbol of so many steps ago.
    Ago(usize),
    /// The next character.
    Text(&'a [i64]),
}

impl Task<'_> {
    fn draw(&self, count: usize, rng: &mut Rng) -> (Tensor<i64>, Tensor<i64>) {
        match self {
            Task::Ago(distance) => {
                let all = rng.integers([count, distance + TIME], 0..SYMBOLS as i64);
                (all.slice(1, *distance..), all.slice(1, ..TIME))
            }
            Task::Text(text) => {
                let starts: Vec<usize> = (0..count).map(|_| rng.below(text.len() - TIME)).collect();
                let window = |later: usize| {
                    Tensor::from_fn([count, TIME], |at| text[starts[at[0]] + at[1] + later])
                };
                (window(0), window(1))
            }
        }
    }
}

/// Learns a task: the share of the weight at each distance.
fn look(task: &Task, symbols: usize, seed: u64, steps: usize, ticker: &Ticker) -> Vec<f64> {
    let mut rng = Rng::seed_from_u64(seed);
    let mut model = Looker {
        symbols: Embedding::new(symbols, WIDTH, &mut rng),
        attention: MultiHeadAttention::new(WIDTH, 1, &mut rng).with_relative(TIME - 1),
        head: Linear::new(WIDTH, symbols, &mut rng),
    };
    let (mut tape, mut adam) = (Tape::new(), Adam::new(RATE));
    for step in 0..steps {
        adam.learning_rate = RATE * (1.0 - step as f64 / steps as f64);
        let (x, y) = task.draw(BATCH, &mut rng);
        let (loss, grads) = tape.value_and_grad(&model, |_, m| {
            let scores = m.look(&x).0.slice(1, WARM..);
            cross_entropy_with(scores, &y.slice(1, WARM..), SMOOTHED)
        });
        adam.step(&mut model, &grads);
        ticker.tick(|| format!("looking back: loss {loss:.3}"));
    }
    let (x, _) = task.draw(100, &mut rng);
    let weights = tape.evaluate(&model, |_, m| m.look(&x).1.value());
    attention_distances(&weights.slice(2, WARM..))
}

/// The mean distance, and the share of the weight that is more than eight steps back.
fn summary(distances: &[f64]) -> [f64; 2] {
    let mean = distances
        .iter()
        .enumerate()
        .map(|(distance, share)| distance as f64 * share)
        .sum();
    [mean, distances[9..].iter().sum()]
}

/// Prints how much of the weight falls on which distances.
fn print_histogram(name: &str, distances: &[f64]) {
    println!("{name}");
    for bin in BINS.windows(2) {
        let share: f64 = distances[bin[0]..bin[1]].iter().sum();
        let steps = match bin[1] - bin[0] {
            1 => format!("{}", bin[0]),
            _ => format!("{} to {}", bin[0], bin[1] - 1),
        };
        println!(
            "{steps:>9} back {:5.1} % {}",
            100.0 * share,
            "#".repeat((50.0 * share).round() as usize)
        );
    }
}

/// The characters of a text by their numbers, and how many there are.
fn read_text(folder: &Path) -> Outcome<(Vec<i64>, usize)> {
    let path = folder.join("input.txt");
    let text = load_lines(&path)?.join("\n") + "\n";
    if text.len() < 1000 {
        return Err(format!("{}: it has less than 1,000 characters", path.display()).into());
    }
    let characters = Vocabulary::characters([&text], Specials::NONE);
    Ok((characters.encode(&text)?, characters.len()))
}

fn run(options: &Options, folder: Option<&Path>) -> Outcome {
    let text = folder.map(read_text).transpose()?;
    let mut figures = Figures::new("attention_distance");
    let (seeds, steps) = match options.quick {
        true => (1, 20),
        false => (SEEDS, STEPS),
    };
    let mut tasks = vec![
        ("two", "the symbol of two steps ago", Task::Ago(2), SYMBOLS),
        (
            "twenty",
            "the symbol of twenty steps ago",
            Task::Ago(20),
            SYMBOLS,
        ),
    ];
    if let Some((text, characters)) = &text {
        tasks.push((
            "text",
            "the next character of plays",
            Task::Text(text),
            *characters,
        ));
    }
    let found = each_seed(options, seeds, tasks.len() * steps, |seed, ticker| {
        let look =
            |(_, _, task, symbols): &(_, _, Task, usize)| look(task, *symbols, seed, steps, ticker);
        tasks.iter().map(look).collect::<Vec<_>>()
    });

    let mut curves = Vec::new();
    for (at, (name, says, ..)) in tasks.iter().enumerate() {
        let [mean, far] = [0, 1].map(|which| -> Vec<f64> {
            found
                .iter()
                .map(|found| summary(&found[at])[which])
                .collect()
        });
        figures.add(&format!("{name}.mean_distance"), &mean);
        figures.add(&format!("{name}.beyond_eight"), &far);
        let share = |distance: usize| {
            found.iter().map(|found| found[at][distance]).sum::<f64>() / seeds as f64
        };
        let distances: Vec<f64> = (0..TIME).map(share).collect();
        print_histogram(says, &distances);
        let points = distances.into_iter().enumerate();
        let points = points.map(|(distance, share)| (distance as f64, share));
        curves.push((says, points.collect::<Vec<_>>()));
    }
    // Attention that looks at all steps alike.
    let even = |at: &[usize]| f64::from(at[1] <= at[0]) / (at[0] + 1) as f64;
    let even = Tensor::<f64>::from_fn([TIME, TIME], even).slice(0, WARM..);
    let [mean, far] = summary(&attention_distances(&even));
    figures.add("even.mean_distance", &[mean]);
    figures.add("even.beyond_eight", &[far]);

    let path = options.picture("attention_distance.svg")?;
    Chart::new("How far back causal attention looks")
        .with_axes("steps back", "share of the weight")
        .with_x_range(0.0..40.0)
        .with_y_range(0.0..0.7)
        .with_lines(&curves)
        .save(&path)?;
    println!("\nthe distances are drawn in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    let folder = folder(data, "tinyshakespeare", options.quick);
    let outcome = folder.and_then(|folder| run(&options, folder.as_deref()));
    support::exit("attention_distance", outcome)
}
