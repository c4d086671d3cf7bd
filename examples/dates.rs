//! An encoder and a decoder, with and without attention, learn to write dates as "1994-09-27" that they
//! read in many spellings ("TUESDAY, SEPTEMBER 27, 1994", "9/27/94"), character by character.
//!
//! The data are those of the book *Deep Learning from Scratch 2* (chapter 8), and so is the model: tokens
//! as vectors of 16, an LSTM each, attention after the step (Luong, Pham and Manning 2015, `general`
//! here, where the book has `dot`), 10 epochs. Beside the book: 64 units instead of 256, batches of 32
//! instead of 128, a learning rate that falls from 0.005 to 0 along a line instead of 0.001, the first
//! 10,000 distinct spellings instead of 50,000 lines, many of which come twice, and sources that end where
//! they end, so that nothing looks at the spaces after them. Of the 10,000 the last 1,000 are asked and not
//! learned.
//!
//! Where the decoder looks while it writes is the alignment. One is drawn as a heat map, and what falls
//! on the characters of the year while the four digits of the year are written is measured over all
//! questions. For that sources are read from their beginning: an output beside a character tells of it
//! and of what was read before it. Read from their end, as in the book, the outputs left of the year tell
//! of the year as well, and a decoder may look there. Its figures are reported.
//!
//! `cargo run --release --example dates -- --data DIR`, a folder with `date.txt`, or with `WENGERT_DATA`
//! set to a folder that has it in `dlfs2/`. With `--resume DIR` it keeps checkpoints in that folder, and a second start
//! goes on where the first ended.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::folder::folder;
use support::keep::{Resume, bytes, steps_to_the_end, to_the_end};
use support::seeds::{Ticker, each_seed};
use support::translator::{Design, Pairs, Training, Translator, accuracy};
use support::{Options, Outcome};
use wengert::nn::data::text::load_pairs;
use wengert::nn::data::{Specials, Vocabulary};
use wengert::nn::files;
use wengert::nn::look::pictures::HeatMap;
use wengert::nn::seq2seq::{Forcing, Reading, Until};
use wengert::prelude::*;

const DATES: usize = 10_000;
const ASKED: usize = 1_000;
const EMBEDDING: usize = 16;
const HIDDEN: usize = 64;
const SEEDS: usize = 4;
const EPOCHS: usize = 10;
/// The models: their names, whether they look at the source, and whether they read it from its end.
const MODELS: [(&str, bool, bool); 3] = [
    ("attention", true, false),
    ("plain", false, false),
    ("reversed", true, true),
];
/// The length of a date as it is to be written, and that of its year, which comes first.
const LENGTH: usize = 10;
const YEAR: usize = 4;
/// The character that is told first, which stands between the two in the file.
const FIRST: char = '_';

/// Learns to write dates in one way that it reads in many
#[derive(Parser)]
struct Arguments {
    /// The folder with date.txt
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    keep: Resume,
    #[command(flatten)]
    options: Options,
}

/// Spellings of dates, and how they are to be written.
struct Dates {
    characters: Vocabulary,
    learned: Pairs,
    asked: Pairs,
}

impl Dates {
    fn load(folder: &Path, [count, asked]: [usize; 2]) -> Outcome<Dates> {
        let path = folder.join("date.txt");
        // A spelling is filled up with spaces.
        let (mut known, mut lines) = (BTreeSet::new(), load_pairs(&path, FIRST)?);
        let odd = |(spelling, date): &&(String, String)| {
            date.len() != LENGTH || spelling.trim().is_empty()
        };
        if let Some((spelling, date)) = lines.iter().find(odd) {
            let path = path.display();
            return Err(format!("{path}: {spelling:?} with {date:?} is no date").into());
        }
        for (spelling, _) in &mut lines {
            spelling.truncate(spelling.trim_end().len());
        }
        lines.retain(|(spelling, _)| known.insert(spelling.clone()));
        if lines.len() < count {
            let found = lines.len();
            return Err(format!("{}: {found} dates instead of {count}", path.display()).into());
        }
        lines.truncate(count);
        let first = FIRST.to_string();
        let all = lines.iter().flat_map(|(spelling, date)| [spelling, date]);
        let characters = Vocabulary::characters(all.chain([&first]), Specials::NONE);
        let mut learned = Pairs::default();
        for (spelling, date) in &lines {
            learned.sources.push(characters.encode(spelling)?);
            learned.targets.push(characters.encode(date)?);
        }
        let asked = learned.split_off(asked);
        Ok(Dates {
            characters,
            learned,
            asked,
        })
    }

    fn first(&self) -> i64 {
        let number = self.characters.number(&FIRST.to_string());
        number.expect("it is one of them")
    }
}

/// The share of the weight on the year, while the digits of the year are written, over spellings whose
/// year has so many digits. The year ends every spelling.
fn weight_on_year(dates: &Dates, alignments: &[Vec<Vec<f64>>], digits: &[usize]) -> f64 {
    let (mut weight, mut steps) = (0.0, 0);
    for ((source, target), alignment) in dates
        .asked
        .sources
        .iter()
        .zip(&dates.asked.targets)
        .zip(alignments)
    {
        let length = if source.ends_with(&target[..YEAR]) {
            YEAR
        } else {
            2
        };
        if digits.contains(&length) {
            let on_year = |step: &Vec<f64>| step[source.len() - length..].iter().sum::<f64>();
            weight += alignment[..YEAR].iter().map(on_year).sum::<f64>();
            steps += YEAR;
        }
    }
    weight / steps as f64
}

/// What one model came to.
struct Found {
    model: Translator,
    /// The share of dates that it writes rightly, after each epoch.
    right: Vec<f64>,
    alignments: Vec<Vec<Vec<f64>>>,
}

/// Trains a model up to the end of an epoch, or goes on from the newest checkpoint of the folder.
fn learn(
    dates: &Dates,
    (_, attention, reversed): (&str, bool, bool),
    folder: Option<&Path>,
    [end, epochs]: [usize; 2],
    seed: u64,
    ticker: &Ticker,
) -> Outcome<Found> {
    let mut rng = Rng::seed_from_u64(seed);
    let design = Design {
        words: [dates.characters.len(); 2],
        embedding: Some(EMBEDDING),
        hidden: HIDDEN,
        reversed,
        reading: Reading::Tokens,
        attention,
    };
    let first = dates.first();
    let training = Training {
        first,
        batch: 32,
        epochs,
        rate: 5e-3,
        most_norm: 5.0,
        forcing: Forcing::default(),
    };
    let mut model = Translator::new(design, &mut rng);
    let look = |_, model: &Translator, loss: f64| {
        let made = model.translate(&dates.asked, first, Until::len(LENGTH));
        let (_, exact) = accuracy(&made, &dates.asked.targets);
        ticker.tick(|| format!("loss {loss:.4}, {exact:.3} right"));
        exact
    };
    let right = training.run_kept(&mut model, &dates.learned, &mut rng, (folder, end), look)?;
    let alignments = match attention {
        true => model.alignments(&dates.asked, first),
        false => Vec::new(),
    };
    Ok(Found {
        model,
        right,
        alignments,
    })
}

fn run(options: &Options, keep: &Resume, folder: &Path) -> Outcome {
    let mut figures = Figures::new("dates");
    let (count, seeds, epochs) = match options.quick {
        true => ([1000, 100], 1, 2),
        false => ([DATES, ASKED], SEEDS, EPOCHS),
    };
    let dates = Dates::load(folder, count)?;
    let ticks = MODELS.len() * steps_to_the_end(options, keep, epochs);
    let found = each_seed(options, seeds, ticks, |seed, ticker| {
        let of = |kind: (&str, bool, bool)| {
            let folder = keep.of(&format!("seed-{seed}-{}", kind.0));
            let train = |folder: Option<&Path>, end| {
                learn(&dates, kind, folder, [end, epochs], seed, ticker)
            };
            let bits = |found: &Found| bytes(&found.model);
            to_the_end(options, folder.as_deref(), epochs, train, bits)
                .map_err(|error| error.to_string())
        };
        let [a, b, c] = MODELS.map(of);
        Ok([a?, b?, c?])
    });
    let mut found = found.into_iter().collect::<Result<Vec<_>, String>>()?;

    let numbers =
        |number: &dyn Fn(&[Found; 3]) -> f64| -> Vec<f64> { found.iter().map(number).collect() };
    let last = |found: &Found| found.right[epochs - 1];
    for (at, (name, ..)) in MODELS.iter().enumerate() {
        figures.add(
            &format!("{name}.exact"),
            &numbers(&|found| last(&found[at])),
        );
    }
    figures.add(
        "gain.exact",
        &numbers(&|found| last(&found[0]) - last(&found[1])),
    );
    for (at, prefix) in [(0, ""), (2, "reversed.")] {
        for (name, digits) in [
            ("year", &[2, 4][..]),
            ("year_of_four", &[4]),
            ("year_of_two", &[2]),
        ] {
            let weight = numbers(&|found| weight_on_year(&dates, &found[at].alignments, digits));
            figures.add(&format!("{prefix}{name}.weight"), &weight);
        }
    }

    // The longest spelling, of several the first.
    let spellings = dates.asked.sources.iter().enumerate().rev();
    let shown = spellings
        .max_by_key(|spelling| spelling.1.len())
        .map_or(0, |longest| longest.0);
    let names = |tokens: &[i64]| -> Vec<String> {
        let name = |&token: &i64| dates.characters.decode(&[token]).replace(' ', "␣");
        tokens.iter().map(name).collect()
    };
    let path = options.picture("dates_alignment.svg")?;
    let alignment = Tensor::from_rows(found[0][0].alignments.swap_remove(shown))?;
    HeatMap::new("Where the decoder looks while it writes a date", &alignment)
        .with_columns("read", &names(&dates.asked.sources[shown]))
        .with_rows("written", &names(&dates.asked.targets[shown]))
        .with_range(0.0, 1.0)
        .save(&path)?;
    println!("\nan alignment is in {}", path.display());
    let weights = options.picture("dates.safetensors")?;
    files::save(&found[0][0].model, &weights)?;
    println!("the weights of a model are in {}", weights.display());
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments {
        data,
        keep,
        options,
    } = Arguments::parse();
    let outcome = folder(data, "dlfs2", options.quick).and_then(|folder| match folder {
        Some(folder) => run(&options, &keep, &folder),
        None => {
            println!("dates: skipped, for there is no data (--data DIR or WENGERT_DATA)");
            Ok(())
        }
    });
    support::exit("dates", outcome)
}
