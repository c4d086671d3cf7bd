//! The memory network of the book: a story of up to 68 words, a question of four, and the answer. Every
//! word of the story is a memory. The network looks up how well it matches each word of the question,
//! and a small LSTM over the question's words reads the result.
//!
//! Source: Sugomori, chapter 6, after `babi_memnn` of the Keras examples, which reports an accuracy of
//! 98.6 % after 120 epochs. The data are the 10,000 questions of bAbI's task 1. As in the book: tables
//! of width 64 that start normal with 0.08, an LSTM of 32 units whose forget gate starts at 1, Adam. As
//! in both sources a softmax over the words of the question tells each word of the story which of them
//! it matches. As in the Keras example, but not in the book, a batch has 32 questions, and 30 % of the
//! tables' vectors and of the LSTM's output are left out by chance: without that the network learns its
//! stories by heart, and three quarters of the others. Adam's rate is 0.003 and falls to 0 over 70
//! epochs, instead of 0.001 for 120. Some training questions are held out for the learning curve.
//!
//! `cargo run --release --example story_reader -- --data DIR`, for a folder that has the task in
//! `en-10k/`, or with `WENGERT_DATA` set to a folder that has it in `babi/en-10k/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use support::babi::{Question, load, made_up, numbered};
use support::figures::Figures;
use support::folder::folder;
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::init::normal;
use wengert::nn::look::pictures::Chart;
use wengert::nn::memory::StoryReader;
use wengert::prelude::*;
use wengert::tape::Model;

const WIDTH: usize = 64;
const HIDDEN: usize = 32;
const BATCH: usize = 32;
const RATE: f64 = 3e-3;
const DROPOUT: Dropout = Dropout { p: 0.3 };
const SEEDS: usize = 2;

/// Answers questions about stories, word by word
#[derive(Parser)]
struct Arguments {
    /// The folder that has the task in `en-10k/`
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Stories \[N, S\], questions \[N, Q\] and answers \[N\], with padding before what is shorter.
struct Set {
    stories: Tensor<i64>,
    questions: Tensor<i64>,
    answers: Tensor<i64>,
}

impl Set {
    fn of(asked: &[Question], [story, question]: [usize; 2]) -> Set {
        let rows = |row: &dyn Fn(&Question) -> Vec<i64>, width: usize| {
            let mut words = Vec::new();
            for row in asked.iter().map(row) {
                words.resize(words.len() + width - row.len(), 0);
                words.extend(row);
            }
            Tensor::from(words).reshape(&[asked.len() as isize, -1])
        };
        Set {
            stories: rows(&|asked| asked.sentences.concat(), story),
            questions: rows(&|asked| asked.asked.clone(), question),
            answers: rows(&|asked| vec![asked.answer], 1).squeeze(1),
        }
    }

    fn rows(&self, rows: &Tensor<i64>) -> Set {
        Set {
            stories: self.stories.index_select(0, rows),
            questions: self.questions.index_select(0, rows),
            answers: self.answers.index_select(0, rows),
        }
    }
}

/// The words of the answer, as scores \[N, V\].
fn answer<'t>(reader: &StoryReader<Var<'t>>, set: &Set) -> Var<'t> {
    let drop = |x| DROPOUT.forward(x);
    let m = drop(reader.story.forward(&set.stories));
    let u = drop(reader.question.forward(&set.questions));
    let c = drop(reader.read.forward(&set.stories));
    let p = m.matmul(u.transpose(1, 2)).softmax(-1);
    let o = (p + c).transpose(1, 2);
    let state = reader.rnn.last(Var::cat(&[o, u], -1), None);
    reader.head.forward(drop(state.h()))
}

/// The share of wrong answers.
fn error(reader: &StoryReader, set: &Set) -> f64 {
    let count = set.answers.size();
    let wrong = |rows| {
        let part = set.rows(&rows);
        Tape::new().evaluate(reader, |_, m| {
            answer(&m, &part).argmax(-1).ne(&part.answers).count()
        })
    };
    Batches::in_order(count, 500).map(wrong).sum::<usize>() as f64 / count as f64
}

/// What one seed found.
struct Found {
    accuracy: f64,
    parameters: usize,
    /// The training loss and the error on questions that were held out, after each epoch.
    losses: Vec<(f64, f64)>,
    errors: Vec<(f64, f64)>,
}

fn learn(
    [train, held_out, test]: [&Set; 3],
    mut reader: StoryReader,
    epochs: usize,
    rng: &mut Rng,
    ticker: &Ticker,
) -> Found {
    let (mut tape, mut adam) = (Tape::new(), Adam::new(RATE));
    tape.set_rng(rng.split(1));
    let count = train.answers.size();
    let (mut losses, mut errors) = (Vec::new(), Vec::new());
    for epoch in 0..epochs {
        let mut mean = 0.0;
        let batches = Batches::shuffled(count, BATCH, rng);
        let steps = batches.len();
        for (step, rows) in batches.enumerate() {
            let done = (epoch as f64 + step as f64 / steps as f64) / epochs as f64;
            adam.learning_rate = RATE * (1.0 - done);
            let part = train.rows(&rows);
            let (loss, grads) = tape.value_and_grad(&reader, |_, m| {
                cross_entropy(answer(&m, &part), &part.answers)
            });
            adam.step(&mut reader, &grads);
            mean += f64::from(loss) / steps as f64;
        }
        let wrong = error(&reader, held_out);
        losses.push((epoch as f64 + 1.0, mean));
        errors.push((epoch as f64 + 1.0, wrong));
        ticker.tick(|| format!("loss {mean:.3}, held out {:.1} % wrong", 100.0 * wrong));
    }
    Found {
        accuracy: 1.0 - error(&reader, test),
        parameters: reader.element_count(),
        losses,
        errors,
    }
}

fn run(options: &Options, data: Option<PathBuf>) -> Outcome {
    let mut figures = Figures::new("story_reader");
    let parts = if options.quick {
        let mut rng = Rng::seed_from_u64(options.seed);
        [made_up(100, &mut rng)?, made_up(20, &mut rng)?]
    } else {
        let folder = folder(data, "babi", false)?.unwrap_or_default();
        load(&folder.join("en-10k"), 1)?
    };
    let (vocabulary, [mut train, test]) = numbered(parts, true)?;
    let epochs = if options.quick { 4 } else { 70 };
    let all = || train.iter().chain(&test);
    let longest = [
        all()
            .map(|asked| asked.sentences.concat().len())
            .max()
            .unwrap_or(0),
        all().map(|asked| asked.asked.len()).max().unwrap_or(0),
    ];
    let words = vocabulary.len();
    // Whole stories are held out, each with its five questions.
    let held_out = train.split_off(train.len() - train.len() / 20);
    let [train, held_out, test] = [&train, &held_out, &test].map(|part| Set::of(part, longest));

    let found = each_seed(options, SEEDS, epochs, |seed, ticker| {
        let mut rng = Rng::seed_from_u64(seed);
        let mut reader = StoryReader::new(words, WIDTH, HIDDEN, longest[0], longest[1], &mut rng);
        for table in [&mut reader.story, &mut reader.question, &mut reader.read] {
            table.weight = normal(table.weight.shape().clone(), 0.08, &mut rng);
        }
        reader.rnn = reader.rnn.map_cells(|cell| cell.with_forget_bias(1.0));
        learn([&train, &held_out, &test], reader, epochs, &mut rng, ticker)
    });
    let accuracy: Vec<f64> = found.iter().map(|found| found.accuracy).collect();
    figures.add("test.accuracy", &accuracy);
    figures.add("parameters.count", &[found[0].parameters as f64]);

    let path = options.picture("story_reader.svg")?;
    let lines = [
        ("training loss, in nats", &found[0].losses),
        ("wrong answers, held out", &found[0].errors),
    ];
    Chart::new("The book's memory network on bAbI task 1")
        .with_axes("epoch", "loss, share of errors")
        .with_log_y()
        .with_lines(&lines)
        .save(&path)?;
    println!("the learning curve is in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    support::exit("story_reader", run(&options, data))
}
