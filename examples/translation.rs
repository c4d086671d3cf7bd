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

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::folder::folder;
use support::seeds::{Ticker, each_seed};
use support::translator::{Design, Pairs, Training, Translator};
use support::{Options, Outcome};
use wengert::nn::data::text::load_parallel;
use wengert::nn::data::{Specials, Unit, Vocabulary};
use wengert::nn::look::pictures::HeatMap;
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
const OTHERS: Specials = Specials {
    unknown: true,
    end: true,
    ..Specials::NONE
};
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

impl Corpus {
    fn load(folder: &Path, count: usize) -> Outcome<Corpus> {
        let read = |part: &str, least: usize| -> Outcome<Vec<(String, String)>> {
            let [english, japanese] = ["en", "ja"].map(|language| format!("{part}.{language}"));
            let files = [&english, &japanese].map(|name| folder.join(name));
            let pairs = load_parallel(&files[0], &files[1])?;
            let empty = |text: &String| text.trim().is_empty();
            if pairs.len() < least || pairs.iter().any(|(a, b)| empty(a) || empty(b)) {
                let (folder, found) = (folder.display(), pairs.len());
                return Err(format!("{folder}: {part} has {found} pairs, or empty ones").into());
            }
            Ok(pairs)
        };
        let mut learned = read("train", count)?;
        learned.truncate(count);
        let validation = read("dev", 1)?;
        let english = known(learned.iter().map(|pair| &pair.0))?;
        let japanese = known(learned.iter().map(|pair| &pair.1))?;
        let pairs = |texts: &[(String, String)]| -> Outcome<Pairs> {
            let mut pairs = Pairs::default();
            for (source, target) in texts {
                pairs.sources.push(english.encode(source)?);
                pairs
                    .targets
                    .push(japanese.framed(japanese.encode(target)?));
            }
            Ok(pairs)
        };
        let (learned, validation) = (pairs(&learned)?, pairs(&validation)?);
        Ok(Corpus {
            english,
            japanese,
            learned,
            validation,
        })
    }
}

/// The words that come more than once, in the order of the alphabet.
fn known<'a>(texts: impl Iterator<Item = &'a String>) -> Outcome<Vocabulary> {
    let often = Vocabulary::frequent_words(texts, OTHERS, 2, usize::MAX);
    let mut words = often.tokens().to_vec();
    words.sort();
    Ok(Vocabulary::from_tokens(Unit::Word, OTHERS, words)?)
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
        println!("{}", corpus.english.decode(source));
        println!("  wanted {}", corpus.japanese.decode(target));
        println!("  made   {}", corpus.japanese.decode(made));
    }
    let names = |vocabulary: &Vocabulary, words: &[i64]| -> Vec<String> {
        let name = |&word: &i64| vocabulary.token(word).unwrap_or_default().to_owned();
        words.iter().map(name).collect()
    };
    if shown.len() == 0 {
        return figures.write(options);
    }
    let path = options.picture("translation_alignment.svg")?;
    let weights = Tensor::from_rows(model.alignments(&shown, END).swap_remove(0))?;
    HeatMap::new("Where the decoder looks while it writes", &weights)
        .with_columns("read", &names(&corpus.english, &shown.sources[0]))
        .with_rows("written", &names(&corpus.japanese, &shown.targets[0]))
        .with_range(0.0, 1.0)
        .save(&path)?;
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
