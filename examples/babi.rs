//! A memory inside of a network: stories of bAbI are told in sentences, and the answers to questions
//! about them are learned from the answers alone. The end-to-end memory network looks into the
//! sentences in three hops; nobody tells it which sentences matter, and the files, which do tell it,
//! show that it finds them.
//!
//! Source: Sukhbaatar et al. 2015, *End-to-end memory networks*; Weston et al. 2015 for the tasks. As in
//! the paper: 20 features, position and temporal encoding, a linear start, noise among the sentences,
//! a memory of 50 sentences, batches of 32, a learning rate of 0.01 that is halved after every 25 of
//! 100 epochs, and gradients whose norm is bounded by 40. The linear start takes 20 epochs with 0.005,
//! as in the authors' program. Otherwise than in the paper there are three restarts and not ten, of
//! which the lowest loss on the held-out tenth of the training set chooses one, and a batch has
//! stories of about one length. The test set chooses nothing.
//!
//! `cargo run --release --example babi -- --data DIR`, for a folder that has the tasks in `en/`, or with
//! `WENGERT_DATA` set to a folder that has them in `babi/en/`. `--task 3` runs one task and `--all`
//! all twenty beside the results of the paper (`docs/babi.md`).
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use support::babi::{made_up, numbered};
use support::figures::Figures;
use support::folder::folder;
use support::memory_task::{Judged, MEMORY, Task, Training, answers};
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::look::pictures::HeatMap;
use wengert::nn::memory::{EndToEndMemory, MemoryOptions, Tying};
use wengert::prelude::*;

const WIDTH: usize = 20;
const RESTARTS: usize = 3;
/// The tasks that are run if none is named, and the hops that they are run with.
const USUAL: [(usize, usize); 7] = [(2, 3), (2, 1), (1, 3), (4, 3), (12, 3), (15, 3), (20, 3)];
/// The test errors of the paper, in percent, for three hops with a network for each task.
const PAPER: [f64; 20] = [
    0.1, 8.2, 41.8, 4.4, 13.7, 7.9, 20.3, 11.7, 13.6, 9.7, 0.7, 0.0, 0.3, 0.9, 0.0, 0.4, 51.0,
    10.5, 81.4, 0.0,
];

/// Answers questions about stories
#[derive(Parser)]
struct Arguments {
    /// The folder that has the tasks in `en/`
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A task to run instead of the usual ones
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=20), conflicts_with = "all")]
    task: Option<u8>,
    /// Runs all twenty tasks
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    options: Options,
}

/// A network after its training.
struct Trained {
    network: EndToEndMemory,
    validation: Judged,
    test: Judged,
}

fn train(task: &Task, hops: usize, training: Training, seed: u64, ticker: &Ticker) -> Trained {
    let mut rng = Rng::seed_from_u64(seed);
    let words = task.vocabulary.len();
    let options = MemoryOptions {
        hops,
        ..MemoryOptions::default()
    };
    let mut network = EndToEndMemory::new(words, WIDTH, MEMORY, options, &mut rng);
    task.train(&mut network, training, &mut rng, ticker);
    Trained {
        validation: task.judge(&network, &task.validation),
        test: task.judge(&network, &task.test),
        network,
    }
}

/// The norms of the gradients of A and C, in a network of one hop that shares neither with another
/// part: what reaches them went through the memory.
fn gradients(task: &Task, seed: u64) -> [f64; 2] {
    let options = MemoryOptions {
        hops: 1,
        tying: Tying::LayerWise,
        ..MemoryOptions::default()
    };
    let words = task.vocabulary.len();
    let mut rng = Rng::seed_from_u64(seed);
    let network = EndToEndMemory::new(words, WIDTH, MEMORY, options, &mut rng);
    let questions: Vec<_> = task.train.iter().take(32).collect();
    let (stories, asked) = task.batch(&questions, None);
    let (_, grads) = Tape::new().value_and_grad(&network, |_, network| {
        let logits = network.forward(&stories, &asked).logits;
        cross_entropy(logits, &answers(&questions))
    });
    let tables = grads.tree(&network).tables;
    [0, 1].map(|at| {
        tables[at]
            .iter()
            .map(|x| f64::from(x).powi(2))
            .sum::<f64>()
            .sqrt()
    })
}

/// Draws what each hop looks at in the first story of some length.
fn draw(options: &Options, number: usize, task: &Task, network: &EndToEndMemory) -> Outcome {
    let mut questions = task.test.iter();
    let Some(question) = questions.find(|q| (5..=12).contains(&q.sentences.len())) else {
        return Ok(());
    };
    let (weights, answer) = task.look(network, question);
    let (sentences, hops) = (question.sentences.len(), weights.len());
    let cells = Tensor::<f64>::from_fn([sentences, hops], |at| weights[at[1]][at[0]]);
    let text = |words: &Vec<i64>| task.vocabulary.decode(words);
    let rows: Vec<String> = question.sentences.iter().map(text).collect();
    let columns: Vec<String> = (1..=hops).map(|hop| format!("hop {hop}")).collect();
    let said = |word: i64| task.vocabulary.decode(&[word]);
    let notes = [
        format!("{}?", text(&question.asked)),
        format!(
            "answer: {}, the network says: {}",
            said(question.answer),
            said(answer)
        ),
        "red: the sentences that tell the answer, of which the network is not told".to_owned(),
    ];
    let path = options.picture(&format!("babi_qa{number}.svg"))?;
    let title = format!("bAbI task {number}: what each hop looks at");
    HeatMap::new(&title, &cells)
        .with_rows("", &rows)
        .with_columns("", &columns)
        .with_range(0.0, 1.0)
        .with_numbers()
        .with_marked_rows(&question.facts)
        .with_notes(&notes)
        .save(&path)?;
    println!("a story of task {number} is in {}", path.display());
    Ok(())
}

fn run(arguments: Arguments) -> Outcome {
    let Arguments {
        data,
        task: only,
        all,
        options,
    } = arguments;
    let mut figures = Figures::new("babi");
    let mut rng = Rng::seed_from_u64(options.seed);
    let mut training = Training {
        linear: 20,
        linear_rate: 0.005,
        epochs: 100,
        rate: 0.01,
        half_life: 25,
        batch: 32,
        max_norm: 40.0,
    };
    let kinds: Vec<(usize, usize)> = match only {
        Some(task) => vec![(usize::from(task), 3)],
        None if options.quick => vec![(1, 3)],
        None if all => (1..=20).map(|task| (task, 3)).collect(),
        None => USUAL.to_vec(),
    };
    let tasks: Vec<Task> = if options.quick {
        (training.linear, training.epochs) = (5, 25);
        let parts = [made_up(60, &mut rng)?, made_up(20, &mut rng)?];
        vec![Task::new(numbered(parts, false)?, &mut rng)]
    } else {
        let folder = folder(data, "babi", false)?.unwrap_or_default().join("en");
        let load = |&(number, _): &(usize, usize)| {
            Task::load(&folder, number, &mut rng.split(number as u64))
        };
        kinds.iter().map(load).collect::<Outcome<_>>()?
    };

    // The restarts of all tasks are runs that do not depend on each other.
    let steps = training.linear + training.epochs;
    let trained = each_seed(&options, RESTARTS * kinds.len(), steps, |seed, ticker| {
        let run = (seed - options.seed) as usize;
        let (kind, restart) = (run / RESTARTS, run % RESTARTS);
        let seed = options.seed + restart as u64;
        train(&tasks[kind], kinds[kind].1, training, seed, ticker)
    });

    let mut table = Vec::new();
    for (at, restarts) in trained.chunks(RESTARTS).enumerate() {
        let ((number, hops), task) = (kinds[at], &tasks[at]);
        let best = restarts
            .iter()
            .min_by(|a, b| a.validation.loss.total_cmp(&b.validation.loss));
        let best = best.expect("there is a restart");
        let name = match hops {
            3 => format!("qa{number}"),
            _ => format!("qa{number}.{hops}_hop"),
        };
        let all: Vec<f64> = restarts.iter().map(|trained| trained.test.error).collect();
        figures.add(&format!("{name}.error"), &[best.test.error]);
        figures.add(&format!("{name}.error_of_restarts"), &all);
        if hops == 3 {
            table.push((number, 100.0 * best.test.error, PAPER[number - 1]));
            if number <= 2 {
                draw(&options, number, task, &best.network)?;
            }
        }
        if number == 2 && hops == 1 {
            figures.add("qa2.saved_by_hops", &[best.test.error - table[0].1 / 100.0]);
        }
        if number == 1 {
            let last = hops - 1;
            figures.add("qa1.weight_on_fact", &[best.test.on_facts[last]]);
            figures.add("qa1.peaks_on_fact", &[best.test.peaks[last]]);
            let norms = [0, 1, 2].map(|more| gradients(task, options.seed + more));
            figures.add("gradient_of_a.norm", &norms.map(|norms| norms[0]));
            figures.add("gradient_of_c.norm", &norms.map(|norms| norms[1]));
        }
    }
    println!("\n  task   error   of the paper, in percent");
    for (number, error, paper) in &table {
        println!("{number:>6}  {error:>6.1}  {paper:>6.1}");
    }
    if all {
        let errors = table.iter().map(|(_, error, _)| error / 100.0);
        figures.add("mean.error", &[errors.sum::<f64>() / 20.0]);
    }
    figures.write(&options)
}

fn main() -> ExitCode {
    support::exit("babi", run(Arguments::parse()))
}
