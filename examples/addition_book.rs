//! The additions of the book: an encoder and a decoder read "120+7" and write "127 ".
//!
//! The setting is the book's (chapter 6): 20,000 sums of two numbers with up to three digits, of which
//! 18,000 are learned and 2,000 others are asked, an LSTM each with 128 units, characters as ones among
//! zeros, teacher forcing. Questions are read from their end. Beside the book: batches of 64 instead of
//! 200, 30 epochs instead of 200, and a learning rate that falls from 0.005 to 0 along a line, instead of
//! 0.001.
//!
//! A second model's decoder also sees all of the question at every step ("peeky", after Cho et al. 2014,
//! *Learning phrase representations using RNN encoder–decoder*), as in *Deep Learning from Scratch 2*
//! (chapter 7), where reading from the end and peeking raise the share of right answers from a tenth to
//! nearly all. Its figures are reported.
//!
//! It takes longer than the small sums of `addition.rs`.
//!
//! `cargo run --release --example addition_book` (with `-- --help` for its options)
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::seeds::each_seed;
use support::sums::{FIRST, Writing, design};
use support::translator::{Training, Translator, accuracy};
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::seq2seq::{Forcing, Reading, Until};
use wengert::prelude::*;

const WRITING: Writing = Writing {
    digits: 3,
    filled: true,
};
const SUMS: usize = 20_000;
const ASKED: usize = 2_000;
const HIDDEN: usize = 128;
const EPOCHS: usize = 30;
const SEEDS: usize = 2;

/// Learns to add numbers of three digits, character by character
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("addition_book");
    let (seeds, sums, asked, epochs) = match options.quick {
        true => (1, 1100, 100, 1),
        false => (SEEDS, SUMS, ASKED, EPOCHS),
    };
    let forms = [("reversed", Reading::Tokens), ("peeky", Reading::Peeky)];
    // The shares of characters and of answers that are right, after each epoch.
    let found = each_seed(options, seeds, forms.len() * epochs, |seed, ticker| {
        forms.map(|(_, reading)| {
            let mut rng = Rng::seed_from_u64(seed);
            let mut learned = WRITING.sums(sums, &mut rng);
            let asked = learned.split_off(asked);
            let mut model = Translator::new(design(HIDDEN, true, reading), &mut rng);
            let training = Training {
                first: FIRST,
                batch: 64,
                epochs,
                rate: 5e-3,
                most_norm: 5.0,
                forcing: Forcing::default(),
            };
            let mut right = Vec::with_capacity(epochs);
            training.run(&mut model, &learned, &mut rng, |_, model, loss| {
                let made = model.translate(&asked, FIRST, Until::len(WRITING.answer_length()));
                right.push(accuracy(&made, &asked.targets));
                let (characters, _) = right[right.len() - 1];
                ticker.tick(|| format!("loss {loss:.4}, {characters:.3} of the characters right"));
            });
            right
        })
    });

    let mut curves = Vec::new();
    for (form, (name, _)) in forms.iter().enumerate() {
        let last = |part: fn(&(f64, f64)) -> f64| -> Vec<f64> {
            let numbers = found.iter().map(|forms| part(&forms[form][epochs - 1]));
            numbers.collect()
        };
        figures.add(&format!("{name}.characters"), &last(|right| right.0));
        figures.add(&format!("{name}.exact"), &last(|right| right.1));
        let points = found[0][form].iter().enumerate();
        let points = points.map(|(epoch, right)| (epoch as f64 + 1.0, right.1));
        curves.push((name, points.collect::<Vec<_>>()));
    }
    let path = options.picture("addition_book.svg")?;
    Chart::new("Sums of two numbers with up to three digits")
        .with_axes("epoch", "share of right answers")
        .with_x_range(1.0..epochs as f64 + 0.5)
        .with_y_range(0.0..1.02)
        .with_lines(&curves)
        .save(&path)?;
    println!("\nthe learning curves are in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("addition_book", run(&Arguments::parse().options))
}
