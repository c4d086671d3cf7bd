//! First names, letter by letter: an LSTM learns which letter follows, and makes up names.
//!
//! It is held against counts: how often each letter followed the last one, two or three letters. The
//! names are the 32,033 of *makemore* (A. Karpathy), of which 29,494 are different; each is taken once,
//! so that no name of the test has been learned. A tenth is for validation and a tenth for the test.
//!
//! Source: Bengio and others 2003, *A neural probabilistic language model*, for letters; the counts are
//! smoothed by an addition to each that is chosen on the validation names.
//!
//! `cargo run --release --example names -- --data DIR` for a folder with `names.txt`, or with
//! `WENGERT_DATA` set to a folder that has it in `makemore/`. A quick run does without. With `--resume DIR` it keeps
//! checkpoints in that folder, and a second start goes on where the first ended.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::characters::{Counts, Writer};
use support::figures::Figures;
use support::folder::folder;
use support::keep::{Kept, Resume, bytes, steps_to_the_end, to_the_end};
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::data::text::load_lines;
use wengert::nn::data::{Batches, Specials, Unit, Vocabulary, pad};
use wengert::nn::files::{self, Checkpoint};
use wengert::nn::look::pictures::Chart;
use wengert::nn::loss::{length_mask, masked_cross_entropy};
use wengert::prelude::*;

const SEEDS: usize = 3;
/// Letter number 0 stands at the end of a name, and before its beginning.
const LETTERS: &str = ".abcdefghijklmnopqrstuvwxyz";
const WIDTH: usize = 16;
const HIDDEN: usize = 64;
const BATCH: usize = 64;
const EPOCHS: usize = 6;
const RATE: f64 = 5e-3;
const MADE: usize = 1000;
/// A name that is made up is cut off here.
const LONGEST: usize = 30;
/// The counts: their name, and how many letters they look at with the one that comes next.
const COUNTS: [(&str, usize); 3] = [("bigram", 2), ("trigram", 3), ("four_gram", 4)];

/// Learns first names, and makes up others
#[derive(Parser)]
struct Arguments {
    /// The folder with names.txt
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    keep: Resume,
    #[command(flatten)]
    options: Options,
}

/// Different names, each as letters with an end.
fn load(data: Option<PathBuf>, options: &Options, letters: &Vocabulary) -> Outcome<Vec<Vec<i64>>> {
    let Some(folder) = folder(data, "makemore", options.quick)? else {
        // Made of syllables.
        let mut rng = Rng::seed_from_u64(options.seed);
        let mut syllable = || ["an", "na", "el", "li", "o", "ra"][rng.below(6)];
        let names: BTreeSet<String> = (0..600)
            .map(|_| [syllable(), syllable(), syllable()].concat())
            .collect();
        return Ok(names
            .iter()
            .map(|name| letters.encode(&format!("{name}.")))
            .collect::<Result<_, _>>()?);
    };
    let path = folder.join("names.txt");
    let mut names = BTreeSet::new();
    for name in load_lines(&path)? {
        if name.is_empty() || name.contains('.') {
            return Err(format!("{}: {name:?} is no name", path.display()).into());
        }
        names.insert(letters.encode(&format!("{name}."))?);
    }
    if names.len() < 100 {
        return Err(format!("{}: {} names are too few", path.display(), names.len()).into());
    }
    Ok(names.into_iter().collect())
}

/// Names as what is read and what is said after each of it, both \[B, T\], and how long each is.
fn batch(names: &[Vec<i64>], rows: &Tensor<i64>) -> (Tensor<i64>, Tensor<i64>, Vec<usize>) {
    let (mut read, mut said) = (Vec::new(), Vec::new());
    for row in rows.iter() {
        let name = &names[row as usize];
        let before = [0].iter().chain(&name[..name.len() - 1]);
        read.push(Tensor::from(before.copied().collect::<Vec<_>>()));
        said.push(Tensor::from(&name[..]));
    }
    let padded = |rows: &[Tensor<i64>]| pad(rows, 0).expect("there is a name");
    let (said, lengths) = padded(&said);
    (padded(&read).0, said, lengths)
}

/// The mean −ln p of the letters of names.
fn nats(model: &Writer, tape: &mut Tape, names: &[Vec<i64>]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for rows in Batches::in_order(names.len(), 500) {
        let (read, said, lengths) = batch(names, &rows);
        let mask = length_mask(&lengths, said.dim(1));
        let loss = tape.evaluate(model, |_, m| {
            masked_cross_entropy(m.scores(&read, None).0, &said, &mask, 0.0).item()
        });
        let letters: usize = lengths.iter().sum();
        sum += f64::from(loss) * letters as f64;
        count += letters;
    }
    sum / count as f64
}

/// Names that the model makes up.
fn make_up(model: &Writer, count: usize, rng: &mut Rng) -> Vec<Vec<i64>> {
    let (mut tape, mut memory) = (Tape::new(), None);
    let (mut last, mut names) = (vec![0; count], vec![Vec::new(); count]);
    for _ in 0..LONGEST {
        last = model.write(&mut tape, &last, &mut memory, 1.0, rng);
        for (name, &letter) in names.iter_mut().zip(&last) {
            // After its end a name is no longer heard.
            if name.last() != Some(&0) {
                name.push(letter);
            }
        }
    }
    names
}

/// The names of one seed, in parts.
struct Parts {
    learned: Vec<Vec<i64>>,
    validation: Vec<Vec<i64>>,
    test: Vec<Vec<i64>>,
}

/// Trains up to the end of an epoch, or goes on from the newest checkpoint of the folder: the model, and its
/// validation error after each epoch.
fn train(
    parts: &Parts,
    letters: usize,
    rng: &Rng,
    folder: Option<&Path>,
    [end, epochs]: [usize; 2],
    ticker: &Ticker,
) -> Outcome<(Writer, Vec<f64>)> {
    let names = &parts.learned;
    let mut model = Writer::new(letters, WIDTH, HIDDEN, &mut rng.split(2));
    let (mut tape, mut adam, mut order) = (Tape::new(), Adam::new(RATE), rng.split(3));
    let lengths: Vec<usize> = names.iter().map(Vec::len).collect();
    let steps = epochs * names.len().div_ceil(BATCH);
    let (mut done, mut course) = (0, Vec::new());
    let mut kept = Kept::in_folder(folder)?;
    if let Some(found) = kept.newest()? {
        let found = found.restore().model("model", &mut model);
        let found = found.optimizer("adam", &mut adam).part("order", &mut order);
        found
            .part("done", &mut done)
            .part("course", &mut course)
            .finish()?;
    }
    while course.len() < end {
        for rows in Batches::by_length(&lengths, BATCH, &mut order) {
            adam.learning_rate = RATE * (1.0 - done as f64 / steps as f64);
            let (read, said, lengths) = batch(names, &rows);
            let mask = length_mask(&lengths, said.dim(1));
            let (_, mut grads) = tape.value_and_grad(&model, |_, m| {
                masked_cross_entropy(m.scores(&read, None).0, &said, &mask, 0.0)
            });
            clip_by_global_norm(&mut grads, 1.0);
            adam.step(&mut model, &grads);
            done += 1;
        }
        let error = nats(&model, &mut tape, &parts.validation);
        course.push(error);
        kept.save(done, || {
            let now = Checkpoint::new().model("model", &model);
            let now = now.optimizer("adam", &adam).part("order", &order);
            now.part("done", &done).part("course", &course)
        })?;
        ticker.tick(|| format!("validation: {error:.3} nats a letter"));
    }
    Ok((model, course))
}

/// What one seed comes to.
struct Found {
    counts: Vec<f64>,
    lstm: f64,
    course: Vec<(f64, f64)>,
    /// The shares of the names made up that are whole, and that were not learned.
    whole: f64,
    new: f64,
    made: Vec<Vec<i64>>,
}

fn run(options: &Options, keep: &Resume, data: Option<PathBuf>) -> Outcome {
    let mut figures = Figures::new("names");
    let letters = Vocabulary::from_tokens(Unit::Character, Specials::NONE, LETTERS.chars())?;
    let names = load(data, options, &letters)?;
    figures.add("names.different", &[names.len() as f64]);
    let (seeds, epochs, count) = match options.quick {
        true => (1, 2, names.len().min(500)),
        false => (SEEDS, EPOCHS, names.len()),
    };

    let weights = options.picture("names.safetensors")?;
    let learn = |seed: u64, ticker: &Ticker| -> Outcome<Found> {
        let rng = Rng::seed_from_u64(seed);
        let mut names = names.clone();
        rng.split(1).shuffle(&mut names);
        names.truncate(count);
        let test = names.split_off(count - count / 10);
        let validation = names.split_off(names.len() - count / 10);
        let by_counts = |&(_, order): &(&str, usize)| {
            Counts::of(&names, order, letters.len()).best(&validation, &test)
        };
        let counts = COUNTS.iter().map(by_counts).collect();

        let parts = Parts {
            learned: names,
            validation,
            test,
        };
        let folder = keep.of(&format!("seed-{seed}"));
        let train = |folder: Option<&Path>, end| {
            train(&parts, letters.len(), &rng, folder, [end, epochs], ticker)
        };
        let bits = |trained: &(Writer, Vec<f64>)| bytes(&trained.0);
        let (mut model, errors) = to_the_end(options, folder.as_deref(), epochs, train, bits)?;
        if seed == options.seed {
            // What is tested is what was saved.
            files::save(&model, &weights)?;
            files::load(&mut model, &weights)?;
        }
        let numbered = errors.iter().enumerate();
        let course = numbered
            .map(|(at, &error)| ((at + 1) as f64, error))
            .collect();
        let made = make_up(&model, MADE, &mut rng.split(4));
        let known: BTreeSet<&Vec<i64>> = parts.learned.iter().collect();
        let share = |of: &dyn Fn(&Vec<i64>) -> bool| {
            made.iter().filter(|name| of(name)).count() as f64 / MADE as f64
        };
        Ok(Found {
            counts,
            lstm: nats(&model, &mut Tape::new(), &parts.test),
            course,
            whole: share(&|name| name.last() == Some(&0)),
            new: share(&|name| name.len() > 1 && !known.contains(name)),
            made,
        })
    };
    let ticks = steps_to_the_end(options, keep, epochs);
    let found = each_seed(options, seeds, ticks, |seed, ticker| {
        learn(seed, ticker).map_err(|error| error.to_string())
    });
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut add = |name: &str, of: &dyn Fn(&Found) -> f64| {
        figures.add(name, &found.iter().map(of).collect::<Vec<_>>());
    };
    for (at, (name, _)) in COUNTS.iter().enumerate() {
        add(&format!("{name}.test_nats"), &|found| found.counts[at]);
        add(&format!("lstm_to_{name}"), &|found| {
            found.lstm / found.counts[at]
        });
    }
    add("lstm.test_nats", &|found| found.lstm);
    add("made.whole", &|found| found.whole);
    add("made.new", &|found| found.new);

    let Found {
        counts,
        course,
        made,
        ..
    } = &found[0];
    let text = |name: &Vec<i64>| letters.decode(name).trim_end_matches('.').to_owned();
    println!(
        "made up: {}",
        made.iter()
            .take(30)
            .map(text)
            .collect::<Vec<_>>()
            .join(", ")
    );
    let level = |at: usize| vec![(0.0, counts[at]), (epochs as f64, counts[at])];
    let levels = [level(0), level(1), level(2)];
    let names = [
        "LSTM, validation",
        "counts after one letter, test",
        "after two, test",
        "after three, test",
    ];
    let points = [course, &levels[0], &levels[1], &levels[2]];
    let lines: Vec<_> = names.into_iter().zip(points).collect();
    Chart::new("First names: an LSTM beside counts of letters")
        .with_axes("epoch", "nats a letter")
        .with_x_range(0.0..1.01 * epochs as f64)
        .with_y_range(2.0..2.6)
        .with_lines(&lines)
        .save(options.picture("names.svg")?)?;
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments {
        data,
        keep,
        options,
    } = Arguments::parse();
    support::exit("names", run(&options, &keep, data))
}
