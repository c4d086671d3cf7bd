//! What the forget gate is for: a stream without an end, over which nobody resets the memory. Strings of
//! the embedded Reber grammar follow one another. The last but one symbol of each is its second one, so
//! the network has to keep that one, and to drop what came before. Without a forget gate the memory grows,
//! and the symbol is guessed.
//!
//! Source: Gers, Schmidhuber and Cummins 2000, *Learning to forget*. The network learns from 2,000 pieces
//! of six strings and is tried on the next 200 strings of the stream; `support/stream.rs` has its settings.
//!
//! `cargo run --release --example forget_gate`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::reber::{COUNT, Text};
use support::seeds::{Ticker, each_seed};
use support::stream::{KINDS, Learner};
use support::{Options, Outcome};
use wengert::nn::look::pictures::Chart;
use wengert::nn::rnn::ForgetGate;
use wengert::prelude::*;

const SEEDS: usize = 5;
/// The strings of a piece.
const STRINGS: usize = 6;

/// Shows what becomes of an LSTM on a stream that nobody resets
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// A piece x \[1, T, 7\] of these strings, and the symbols after each \[1, T\].
fn piece(texts: &[Text]) -> (Tensor, Tensor<i64>) {
    let symbols = texts.iter().flat_map(|text| text.symbols.iter());
    let symbols: Vec<i64> = symbols.map(|&symbol| symbol as i64).collect();
    let mut next = symbols[1..].to_vec();
    // Each string begins with the same symbol, so the one after this piece is known.
    next.push(symbols[0]);
    let row = |symbols: Vec<i64>| Tensor::from(symbols).unsqueeze(0);
    (row(symbols).one_hot(COUNT), row(next))
}

/// What a network made of the strings.
struct Strings {
    /// The share of strings whose last but one symbol it says.
    kept: f64,
    /// The share of strings that it predicts wholly.
    whole: f64,
    /// ‖c‖ at the end of the test.
    norm: f64,
    /// ‖c‖ after some of the pieces.
    norms: Vec<(f64, f64)>,
}

fn strings(gate: ForgetGate, [pieces, tests]: [usize; 2], rng: &Rng, ticker: &Ticker) -> Strings {
    let mut learner = Learner::new(COUNT, gate, &mut rng.split(1));
    let mut data = rng.split(2);
    let mut norms = Vec::new();
    for piece_number in 0..pieces {
        let texts: Vec<Text> = (0..STRINGS).map(|_| Text::draw(&mut data)).collect();
        let (x, next) = piece(&texts);
        let loss = learner.learn(&x, |said| cross_entropy(said, &next));
        ticker.tick(|| format!("loss {loss:.4}"));
        if piece_number % 10 == 0 {
            norms.push((piece_number as f64, learner.memory_norm()));
        }
    }
    let (mut kept, mut whole) = (0, 0);
    let mut data = rng.split(3);
    for _ in 0..tests {
        let text = Text::draw(&mut data);
        let said = learner.say(&piece(std::slice::from_ref(&text)).0).to_vec();
        let mut scores = said.chunks_exact(COUNT);
        let (outer, at) = (text.symbols[1], text.symbols.len() - 3);
        // The two symbols that it can be are 1 and 2.
        let other = 3 - outer;
        kept += usize::from(said[at * COUNT + outer] > said[at * COUNT + other]);
        whole += usize::from(text.is_predicted_by(&mut scores));
    }
    Strings {
        kept: kept as f64 / tests as f64,
        whole: whole as f64 / tests as f64,
        norm: learner.memory_norm(),
        norms,
    }
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("forget_gate");
    let (seeds, size) = match options.quick {
        true => (2, [20, 10]),
        false => (SEEDS, [2000, 200]),
    };
    let found = each_seed(options, seeds, KINDS.len() * size[0], |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        KINDS.map(|(_, gate)| strings(gate, size, &rng, ticker))
    });
    for (at, (name, _)) in KINDS.iter().enumerate() {
        let mut add = |figure: &str, of: &dyn Fn(&Strings) -> f64| {
            let numbers: Vec<f64> = found.iter().map(|kinds| of(&kinds[at])).collect();
            figures.add(&format!("{name}.{figure}"), &numbers);
        };
        add("reber_kept", &|strings| strings.kept);
        add("reber_whole", &|strings| strings.whole);
        add("memory_norm", &|strings| strings.norm);
    }

    let [with, without] = &found[0];
    let lines = [
        ("forget gate", &with.norms),
        ("no forget gate", &without.norms),
    ];
    let path = options.picture("forget_gate.svg")?;
    Chart::new("The memory on a stream of strings that nobody resets: one seed")
        .with_axes("piece of six strings", "norm of c")
        .with_log_y()
        .with_lines(&lines)
        .save(&path)?;
    println!("the memory is drawn in {}", path.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("forget_gate", run(&Arguments::parse().options))
}
