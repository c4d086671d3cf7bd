//! Shakespeare, character by character: an LSTM reads 64 pieces of the plays at a time, keeps its memory
//! from step to step, and then writes on by itself.
//!
//! It is held against counts: how often each character followed the last one, two or three. Of the 1.1 million
//! characters of *tinyshakespeare* (A. Karpathy) the last tenth is for the test, and the twentieth before
//! it for validation, on which the smoothing of the counts is chosen.
//!
//! Source: Karpathy 2015, *The unreasonable effectiveness of recurrent neural networks*, with one layer of
//! 128 units instead of two and pieces of 50 characters (truncated back-propagation through time), Adam
//! with a rate that falls to 0, and a good epoch.
//!
//! `cargo run --release --example shakespeare -- --data DIR` for a folder with `input.txt`, or with
//! `WENGERT_DATA` set to a folder that has it in `tinyshakespeare/`. A quick run does without.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use support::characters::{Counts, Memory, Writer};
use support::figures::Figures;
use support::folder::folder;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::data::{Specials, Vocabulary};
use wengert::nn::look::pictures::Chart;
use wengert::prelude::*;

const SEEDS: usize = 2;
const WIDTH: usize = 32;
const HIDDEN: usize = 128;
/// Pieces that are read side by side, and how many characters a step.
const ROWS: usize = 64;
const TIME: usize = 50;
const STEPS: usize = 400;
const RATE: f64 = 1e-2;
const WRITTEN: usize = 400;
const TEMPERATURE: f64 = 0.7;

/// Learns to write like Shakespeare, a little
#[derive(Parser)]
struct Arguments {
    /// The folder with input.txt
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

fn load(data: Option<PathBuf>, quick: bool) -> Outcome<String> {
    let Some(folder) = folder(data, "tinyshakespeare", quick)? else {
        return Ok("To be, or not to be: that is the question.\n".repeat(300));
    };
    let path = folder.join("input.txt");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if text.len() < 10_000 {
        return Err(format!("{}: {} bytes are too few", path.display(), text.len()).into());
    }
    Ok(text)
}

/// A text as rows that lie side by side, each the continuation of the one above.
struct Rows {
    rows: Vec<Vec<i64>>,
}

impl Rows {
    fn new(text: &[i64], count: usize) -> Self {
        let length = text.len() / count;
        let rows = text.chunks_exact(length).take(count);
        Rows {
            rows: rows.map(<[i64]>::to_vec).collect(),
        }
    }

    /// How many steps it takes to read the rows once.
    fn steps(&self) -> usize {
        (self.rows[0].len() - 1) / TIME
    }

    /// What is read in step number `at`, and the character after each of it, both \[B, T\].
    fn step(&self, at: usize) -> (Tensor<i64>, Tensor<i64>) {
        let from = |start: usize| {
            Tensor::from_fn([self.rows.len(), TIME], |place| {
                self.rows[place[0]][start + place[1]]
            })
        };
        (from(at * TIME), from(at * TIME + 1))
    }
}

/// The mean −ln p of the characters of a text, read from its beginning.
fn nats(model: &Writer, tape: &mut Tape, text: &Rows) -> f64 {
    let (mut memory, mut sum) = (Memory::None, 0.0);
    for at in 0..text.steps() {
        let (read, next) = text.step(at);
        let (loss, state) = tape.evaluate(model, |t, m| {
            let (scores, state) = m.scores(&read, t.bind_where(&memory, |_| false));
            (cross_entropy(scores, &next).item(), state.value())
        });
        memory = Some(state);
        sum += f64::from(loss);
    }
    sum / text.steps() as f64
}

/// What one seed comes to.
struct Found {
    test: f64,
    course: Vec<(f64, f64)>,
    written: Vec<i64>,
}

fn run(options: &Options, data: Option<PathBuf>) -> Outcome {
    let mut figures = Figures::new("shakespeare");
    let text = load(data, options.quick)?;
    let vocabulary = Vocabulary::characters([&text], Specials::NONE);
    let mut training = vocabulary.encode(&text)?;
    let line_end = vocabulary.encode("\n")?;
    let test = training.split_off(training.len() - training.len() / 10);
    let validation = training.split_off(training.len() - training.len() / 20);
    let (seeds, steps) = if options.quick {
        (1, 5)
    } else {
        (SEEDS, STEPS)
    };

    let sets = [training, validation, test].map(|text| [text]);
    let counted = [2, 3, 4]
        .map(|order| Counts::of(&sets[0], order, vocabulary.len()).best(&sets[1], &sets[2]));
    let [training, validation, test] = sets.map(|[text]| Rows::new(&text, ROWS));

    let found = each_seed(options, seeds, steps, |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        let mut model = Writer::new(vocabulary.len(), WIDTH, HIDDEN, &mut rng.split(1));
        let (mut tape, mut adam) = (Tape::new(), Adam::new(RATE));
        let (mut memory, mut course) = (Memory::None, Vec::new());
        for done in 0..steps {
            let at = done % training.steps();
            if at == 0 {
                memory = None;
            }
            adam.learning_rate = RATE * (1.0 - done as f64 / steps as f64);
            let (read, next) = training.step(at);
            let (loss, state, mut grads) =
                tape.value_and_grad_aux(&model, |t, m: Writer<Var<'_>>| {
                    let (scores, state) = m.scores(&read, t.bind_where(&memory, |_| false));
                    (cross_entropy(scores, &next), state.value())
                });
            clip_by_global_norm(&mut grads, 1.0);
            adam.step(&mut model, &grads);
            memory = Some(state);
            if done % 20 == 19 {
                let error = nats(&model, &mut tape, &validation);
                course.push((done as f64 + 1.0, error));
            }
            ticker.tick(|| format!("loss {loss:.3}"));
        }
        let mut rng = rng.split(2);
        let (mut memory, mut written) = (Memory::None, Vec::new());
        let mut last = line_end.clone();
        for _ in 0..WRITTEN {
            last = model.write(&mut tape, &last, &mut memory, TEMPERATURE, &mut rng);
            written.extend(&last);
        }
        Found {
            test: nats(&model, &mut tape, &test),
            course,
            written,
        }
    });
    let tests: Vec<f64> = found.iter().map(|found| found.test).collect();
    figures.add("lstm.test_nats", &tests);
    for (name, counted) in ["bigram", "trigram", "four_gram"].iter().zip(counted) {
        figures.add(&format!("{name}.test_nats"), &[counted]);
        let ratios: Vec<f64> = tests.iter().map(|test| test / counted).collect();
        figures.add(&format!("lstm_to_{name}"), &ratios);
    }
    println!("\n{}\n", vocabulary.decode(&found[0].written));

    let level = |at: usize| vec![(0.0, counted[at]), (steps as f64, counted[at])];
    let levels = [level(0), level(1), level(2)];
    let names = [
        "LSTM, validation",
        "counts after one character, test",
        "after two, test",
        "after three, test",
    ];
    let points = [&found[0].course, &levels[0], &levels[1], &levels[2]];
    let lines: Vec<_> = names.into_iter().zip(points).collect();
    Chart::new("Shakespeare: an LSTM beside counts of characters")
        .with_axes("step", "nats a character")
        .with_x_range(0.0..1.01 * steps as f64)
        .with_y_range(1.6..3.0)
        .with_lines(&lines)
        .save(options.picture("shakespeare.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    support::exit("shakespeare", run(&options, data))
}
