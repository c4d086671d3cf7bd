//! English sentences become Japanese ones, with and without attention.
//!
//! The data are those of the book's second edition (small_parallel_enja, from the Tanaka Corpus), of which
//! the first 10,000 pairs are learned and the 500 of `dev` are the validation. The model is the book's: an
//! LSTM each with 128 units, words as vectors of 128, attention after the step (Luong, Pham and Manning
//! 2015, `general`), Adam. Beside the book: words that come once are unknown; the decoder is always told
//! the right words, where the book tells it every second one; 6 epochs instead of 30, with a learning rate
//! that falls from 0.003 to 0 along a line; and of both models the epoch counts that is best on the
//! validation.
//!
//! What is measured is the validation's cross entropy per word in nats, and not the quality of
//! translations: 10,000 pairs are too few for that. Some translations are printed all the same, and the
//! alignment of one sentence is drawn as a heat map.
//!
//! It takes longer than the other experiments.
//!
//! `cargo run --release --example translation -- --data DIR`, a folder with `train.en`, `train.ja`,
//! `dev.en` and `dev.ja`, or with `WENGERT_DATA` set to a folder that has them in `small_parallel_enja/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::heatmap::heatmap;
use support::seeds::{Ticker, each_seed};
use support::text::{folder, lines};
use support::translator::{Design, Pairs, Training, Translator};
use support::vocabulary::Vocabulary;
use support::{Options, Outcome};
use wengert::nn::loss::perplexity;
use wengert::nn::seq2seq::{Forcing, Reading, Until};
use wengert::prelude::*;

const PAIRS: usize = 10_000;
const WIDTH: usize = 128;
const EPOCHS: usize = 6;
const SEEDS: usize = 1;
const BATCH: usize = 64;
const RATE: f64 = 3e-3;
/// Words of no language: what is not known, and what is before the first word and after the last.
const OTHERS: [&str; 2] = ["<unknown>", "<end>"];
const UNKNOWN: i64 = 0;
const END: i64 = 1;
/// Sentences, without unknown words, that are shown.
const SHOWN: usize = 5;

/// Learns to translate English into Japanese, with and without attention
#[derive(Parser)]
struct Arguments {
    /// The folder with train.en, train.ja, dev.en and dev.ja
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

struct Corpus {
    english: Vocabulary,
    japanese: Vocabulary,
    learned: Pairs,
    validation: Pairs,
}

type Sentence = Vec<String>;

impl Corpus {
    fn load(folder: &Path, count: usize) -> Outcome<Corpus> {
        let read = |part: &str, least: usize| -> Outcome<[Vec<Sentence>; 2]> {
            let [english, japanese] = ["en", "ja"].map(|language| {
                let words = |line: &str| match line.split_whitespace().next() {
                    Some(_) => Ok(line.split_whitespace().map(str::to_owned).collect()),
                    None => Err("there is no word".to_owned()),
                };
                lines(&folder.join(format!("{part}.{language}")), words)
            });
            let (english, japanese): (Vec<Sentence>, Vec<Sentence>) = (english?, japanese?);
            if english.len() != japanese.len() || english.len() < least {
                let found = [english.len(), japanese.len()];
                let folder = folder.display();
                return Err(
                    format!("{folder}: {part}.en and {part}.ja have {found:?} lines").into(),
                );
            }
            Ok([english, japanese])
        };
        let learned = read("train", count)?.map(|mut sentences| {
            sentences.truncate(count);
            sentences
        });
        let validation = read("dev", 1)?;
        let [english, japanese] = learned.each_ref().map(|sentences| known(sentences));
        let pairs = |[sources, targets]: &[Vec<Sentence>; 2]| {
            let sources = sources
                .iter()
                .map(|words| numbers(&english, words))
                .collect();
            let targets = targets.iter().map(|words| {
                let mut numbers = numbers(&japanese, words);
                numbers.push(END);
                numbers
            });
            Pairs {
                sources,
                targets: targets.collect(),
            }
        };
        let (learned, validation) = (pairs(&learned), pairs(&validation));
        Ok(Corpus {
            english,
            japanese,
            learned,
            validation,
        })
    }
}

/// The words that come more than once.
fn known(sentences: &[Sentence]) -> Vocabulary {
    let mut counts = BTreeMap::<&str, usize>::new();
    for word in sentences.iter().flatten() {
        *counts.entry(word).or_default() += 1;
    }
    let often = counts
        .into_iter()
        .filter(|count| count.1 > 1)
        .map(|count| count.0);
    Vocabulary::new(OTHERS.into_iter().chain(often))
}

fn numbers(vocabulary: &Vocabulary, words: &[String]) -> Vec<i64> {
    let number = |word: &String| vocabulary.number(word).unwrap_or(UNKNOWN);
    words.iter().map(number).collect()
}

/// The best epoch of a model: the validation's cross entropy, its number and the model.
struct Best {
    cross_entropy: f64,
    epoch: usize,
    model: Translator,
}

fn learn(corpus: &Corpus, attention: bool, epochs: usize, seed: u64, ticker: &Ticker) -> Best {
    let mut rng = Rng::seed_from_u64(seed);
    let design = Design {
        words: [corpus.english.len(), corpus.japanese.len()],
        embedding: Some(WIDTH),
        hidden: WIDTH,
        reversed: false,
        reading: Reading::Tokens,
        attention,
    };
    let training = Training {
        first: END,
        batch: BATCH,
        epochs,
        rate: RATE,
        most_norm: 5.0,
        forcing: Forcing::default(),
    };
    let mut model = Translator::new(design, &mut rng);
    let mut best = Best {
        cross_entropy: f64::INFINITY,
        epoch: 0,
        model: model.clone(),
    };
    training.run(
        &mut model,
        &corpus.learned,
        &mut rng,
        |epoch, model, loss| {
            let cross_entropy = model.cross_entropy(&corpus.validation, END);
            if cross_entropy < best.cross_entropy {
                let model = model.clone();
                best = Best {
                    cross_entropy,
                    epoch,
                    model,
                };
            }
            ticker.tick(|| format!("loss {loss:.3}, validation {cross_entropy:.3}"));
        },
    );
    best
}

fn run(options: &Options, folder: &Path) -> Outcome {
    let mut figures = Figures::new("translation");
    let (pairs, seeds, epochs) = match options.quick {
        true => (300, 1, 1),
        false => (PAIRS, SEEDS, EPOCHS),
    };
    let mut corpus = Corpus::load(folder, pairs)?;
    if options.quick {
        let rest = corpus.validation.len().saturating_sub(100);
        corpus.validation.split_off(rest);
    }
    let found = each_seed(options, seeds, 2 * epochs, |seed, ticker| {
        [true, false].map(|attention| learn(&corpus, attention, epochs, seed, ticker))
    });

    for (at, name) in ["attention", "plain"].iter().enumerate() {
        let numbers = |number: fn(&Best) -> f64| -> Vec<f64> {
            found.iter().map(|found| number(&found[at])).collect()
        };
        figures.add(
            &format!("{name}.cross_entropy"),
            &numbers(|best| best.cross_entropy),
        );
        figures.add(
            &format!("{name}.perplexity"),
            &numbers(|best| perplexity(best.cross_entropy)),
        );
        figures.add(
            &format!("{name}.best_epoch"),
            &numbers(|best| best.epoch as f64),
        );
    }
    let gain = found
        .iter()
        .map(|[with, without]| without.cross_entropy - with.cross_entropy);
    figures.add("gain.cross_entropy", &gain.collect::<Vec<_>>());

    let mut shown = Pairs::default();
    let all = corpus
        .validation
        .sources
        .iter()
        .zip(&corpus.validation.targets);
    let known =
        all.filter(|(source, target)| !source.iter().chain(*target).any(|&word| word == UNKNOWN));
    for (source, target) in known.take(SHOWN) {
        shown.sources.push(source.clone());
        shown.targets.push(target.clone());
    }
    let model = &found[0][0].model;
    let made = model.translate(&shown, END, Until::end(END, 30));
    println!();
    for ((source, target), made) in shown.sources.iter().zip(&shown.targets).zip(&made) {
        println!("{}", corpus.english.text(source, " "));
        println!(
            "  wanted {}",
            corpus.japanese.text(&target[..target.len() - 1], " ")
        );
        println!("  made   {}", corpus.japanese.text(made, " "));
    }
    let names = |vocabulary: &Vocabulary, words: &[i64]| -> Vec<String> {
        words
            .iter()
            .map(|&word| vocabulary.text(&[word], ""))
            .collect()
    };
    if shown.len() == 0 {
        return figures.write(options);
    }
    let path = options.picture("translation_alignment.svg")?;
    heatmap(
        &path,
        "Where the decoder looks while it writes",
        ("read", &names(&corpus.english, &shown.sources[0])),
        ("written", &names(&corpus.japanese, &shown.targets[0])),
        &model.alignments(&shown, END)[0],
    )?;
    println!("\nan alignment is in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    let folder = folder(data, "small_parallel_enja", options.quick);
    let outcome = folder.and_then(|folder| match folder {
        Some(folder) => run(&options, &folder),
        None => {
            println!("translation: skipped, for there is no data (--data DIR or WENGERT_DATA)");
            Ok(())
        }
    });
    support::exit("translation", outcome)
}
