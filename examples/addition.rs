//! An encoder and a decoder learn to add: they read "12+7" character by character and write "19 ".
//!
//! The task and the model are those of the book (chapter 6: an LSTM each, characters as ones among
//! zeros, teacher forcing), whose parameters are counted here in four forms, and of Keras' example
//! `addition_rnn`, which reads questions from their end (after Sutskever, Vinyals and Le 2014, *Sequence
//! to sequence learning with neural networks*). There are 5,050 pairs of numbers with up to two digits;
//! 4,500 are learned and 500 others are asked.
//!
//! Both sources fill questions up with spaces. Read from its end, a question then has its spaces first,
//! where they do no harm. To tell what the order does from what the spaces do, both orders are learned
//! with filled questions and with questions that end where they end: only filled ones are learned faster
//! from their end.
//!
//! Beside the source: 64 units instead of 128, batches of 32 instead of 200, and a learning rate that
//! falls from 0.01 to 0 along a line, instead of 0.001. With 0.001 to begin with, 128 units and unfilled
//! questions half of the answers were right after 60 epochs; this way nearly all are after 25.
//!
//! `cargo run --release --example addition` (with `-- --help` for its options)
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::seeds::{Ticker, each_seed};
use support::sums::{CHARACTERS, FIRST, Writing, characters, design};
use support::translator::{Design, Pairs, Training, Translator, accuracy};
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::{LstmOptions, LstmVariant, Peepholes};
use wengert::nn::seq2seq::{
    Forcing, Own, Reading, RnnDecoder, RnnDecoderOptions, RnnDecoderSizes, RnnEncoder, Tokens,
    Until,
};
use wengert::prelude::*;
use wengert::tape::Model;

const DIGITS: usize = 2;
const SUMS: usize = 5000;
const ASKED: usize = 500;
const HIDDEN: usize = 64;
const SEEDS: usize = 5;
const TRAINING: Training = Training {
    first: FIRST,
    batch: 32,
    epochs: 25,
    rate: 1e-2,
    most_norm: 5.0,
    forcing: Forcing {
        rate: 1.0,
        own: Own::Best,
    },
};
/// The forms that are compared: their names, whether questions are filled up, and whether they are read
/// from their end.
const FORMS: [(&str, bool, bool); 4] = [
    ("reversed", true, true),
    ("plain", true, false),
    ("unfilled.reversed", false, true),
    ("unfilled.plain", false, false),
];

/// Learns to add numbers of two digits, character by character
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// The parameters of the book's model with 128 units, in the forms that it can take.
fn parameters(rng: &mut Rng) -> [(&'static str, usize); 4] {
    let count = |change: fn(&mut Design), rng: &mut Rng| {
        let mut design = design(128, false, Reading::Tokens);
        change(&mut design);
        Translator::new(design, rng).element_count()
    };
    let peepholes = LstmOptions {
        peepholes: Peepholes::Diagonal,
        ..LstmOptions::default()
    };
    let lstm = |inputs, rng: &mut Rng| LstmVariant::with_options(inputs, 128, peepholes, rng);
    let tokens = || Tokens::one_hot(CHARACTERS.len());
    let sizes = RnnDecoderSizes {
        hidden: 128,
        source: 128,
        summary: 128,
    };
    let encoder = RnnEncoder::new(tokens(), lstm(CHARACTERS.len(), rng));
    let decoder = RnnDecoder::new(tokens(), sizes, RnnDecoderOptions::default(), lstm, rng);
    [
        ("book", count(|_| (), rng)),
        (
            "repeat",
            count(|design| design.reading = Reading::Repeat, rng),
        ),
        ("peepholes", (encoder, decoder).element_count()),
        ("attention", count(|design| design.attention = true, rng)),
    ]
}

/// What a form came to: characters and whole answers that are right, at the end, and the latter after
/// each epoch, and its answers.
struct Found {
    characters: f64,
    exact: Vec<f64>,
    answers: Vec<Vec<i64>>,
}

fn learn(
    filled: bool,
    reversed: bool,
    epochs: usize,
    seed: u64,
    ticker: &Ticker,
) -> (Found, Pairs) {
    let mut rng = Rng::seed_from_u64(seed);
    let writing = Writing {
        digits: DIGITS,
        filled,
    };
    let mut learned = writing.sums(SUMS, &mut rng);
    let asked = learned.split_off(ASKED);
    let mut model = Translator::new(design(HIDDEN, reversed, Reading::Tokens), &mut rng);
    let mut found = Found {
        characters: 0.0,
        exact: Vec::new(),
        answers: Vec::new(),
    };
    let training = Training { epochs, ..TRAINING };
    training.run(&mut model, &learned, &mut rng, |_, model, loss| {
        found.answers = model.translate(&asked, FIRST, Until::len(writing.answer_length()));
        let (characters, exact) = accuracy(&found.answers, &asked.targets);
        found.characters = characters;
        found.exact.push(exact);
        ticker.tick(|| format!("loss {loss:.4}, {exact:.3} right"));
    });
    (found, asked)
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("addition");
    for (name, count) in parameters(&mut Rng::seed_from_u64(options.seed)) {
        figures.add(&format!("parameters.{name}"), &[count as f64]);
    }
    let (seeds, epochs, forms) = match options.quick {
        true => (1, 1, &FORMS[..2]),
        false => (SEEDS, TRAINING.epochs, &FORMS[..]),
    };
    let found = each_seed(options, seeds, epochs * forms.len(), |seed, ticker| {
        let learn = |form: &(_, bool, bool)| learn(form.1, form.2, epochs, seed, ticker);
        forms.iter().map(learn).collect::<Vec<_>>()
    });

    let mean_after = |form: usize, epoch: usize| {
        found
            .iter()
            .map(|forms| forms[form].0.exact[epoch])
            .sum::<f64>()
            / seeds as f64
    };
    let mut curves = Vec::new();
    for (at, &(name, _, _)) in forms.iter().enumerate() {
        let numbers = |what: fn(&Found) -> f64| -> Vec<f64> {
            found.iter().map(|forms| what(&forms[at].0)).collect()
        };
        let last = |found: &Found| found.exact[found.exact.len() - 1];
        figures.add(
            &format!("{name}.characters"),
            &numbers(|found| found.characters),
        );
        figures.add(&format!("{name}.exact"), &numbers(last));
        let points = (0..epochs).map(|epoch| (epoch as f64 + 1.0, mean_after(at, epoch)));
        curves.push((name.replace('.', ", "), points.collect::<Vec<_>>()));
    }
    let gains = [(0, "gain"), (2, "unfilled.gain")].into_iter();
    for (at, name) in gains.take(forms.len() / 2) {
        // At the end all is learned; the mean over all epochs says who was there first.
        let gain = |part: fn(&[f64]) -> f64| -> Vec<f64> {
            let forms = found.iter();
            forms
                .map(|forms| part(&forms[at].0.exact) - part(&forms[at + 1].0.exact))
                .collect()
        };
        figures.add(
            &format!("{name}.at_the_end"),
            &gain(|exact| exact[exact.len() - 1]),
        );
        figures.add(
            &format!("{name}.over_all_epochs"),
            &gain(|exact| exact.iter().sum::<f64>() / exact.len() as f64),
        );
    }

    let characters = characters();
    let (first, asked) = &found[0][0];
    println!("\n  question  answer");
    for (source, answer) in asked.sources.iter().zip(&first.answers).take(10) {
        let [source, answer] = [source, answer].map(|text| characters.decode(text));
        println!("  {source:8}  {answer}");
    }
    let path = options.picture("addition.svg")?;
    Chart::new("Sums of two numbers with up to two digits")
        .with_axes("epoch", "share of right answers")
        .with_x_range(1.0..epochs as f64 + 0.5)
        .with_y_range(0.0..1.02)
        .with_lines(&curves)
        .save(&path)?;
    println!("\nthe learning curves are in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("addition", run(&Arguments::parse().options))
}
