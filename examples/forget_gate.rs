//! What the forget gate is for: streams without an end, over which nobody resets the memory.
//!
//! - Strings of the embedded Reber grammar follow one another. The last but one symbol of each is its
//!   second one, and the network has to keep that one and to drop what came before. Without a forget
//!   gate the memory grows, and the symbol is guessed.
//! - A wave of two kinds, like the P and the S waves of an earthquake: a fast one with period 10, and a
//!   slow one with period 60 and three times the amplitude. After each switch, the memory of the other
//!   kind is in the way.
//!
//! Source: Gers, Schmidhuber and Cummins 2000, *Learning to forget*. Twelve cells learn with Adam, 0.01,
//! from 2,000 pieces of six strings, or of fifty points of eight waves. A piece begins with the memory
//! that the last one left, and its gradients have a norm of 5 at most. The biases start at 1 for the
//! forget gate and at −1 for the two others.
//!
//! `cargo run --release --example forget_gate`
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::f64::consts::TAU;
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::picture::{Line, curves};
use support::plot::plot;
use support::reber::{COUNT, Text};
use support::seeds::{Ticker, each_seed};
use support::{Options, Outcome};
use wengert::nn::rnn::{ForgetGate, LstmOptions, LstmVariant};
use wengert::prelude::*;

const HIDDEN: usize = 12;
const SEEDS: usize = 5;
const RATE: f64 = 0.01;
/// A piece of a stream: strings, or steps of the wave.
const STRINGS: usize = 6;
const STEPS: usize = 50;
const WAVES: usize = 8;
/// So many steps after a switch of the wave count.
const AFTER: usize = 30;
const KINDS: [(&str, ForgetGate); 2] = [
    ("forget", ForgetGate::Learned),
    ("no_forget", ForgetGate::Fixed(1.0)),
];

/// Shows what becomes of an LSTM on a stream that nobody resets
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    lstm: LstmVariant<P>,
    head: Linear<P>,
}

/// A network on a stream, with the memory that it carries on.
struct Learner {
    net: Net,
    adam: Adam,
    tape: Tape,
    memory: Option<State<LstmState<Tensor>>>,
}

impl Learner {
    fn new(size: usize, forget_gate: ForgetGate, rng: &mut Rng) -> Self {
        let options = LstmOptions {
            forget_gate,
            ..LstmOptions::default()
        };
        let mut lstm = LstmVariant::with_options(size, HIDDEN, options, rng);
        if let Some(bias) = &mut lstm.layers[0].forward.bias {
            // The input gate is the first part, the output gate the last one.
            let last = bias.size() - HIDDEN;
            bias.as_mut_slice()[..HIDDEN].fill(-1.0);
            bias.as_mut_slice()[last..].fill(-1.0);
        }
        let head = Linear::new(HIDDEN, size, rng);
        Learner {
            net: Net { lstm, head },
            adam: Adam::new(RATE),
            tape: Tape::new(),
            memory: None,
        }
    }

    /// Learns from a piece x \[B, T, I\] of the stream.
    fn learn(&mut self, x: &Tensor, loss: impl for<'t> FnOnce(Var<'t>) -> Var<'t>) -> f32 {
        let memory = &self.memory;
        let step = self.tape.value_and_grad_aux(&self.net, |t, net| {
            let (h, state) = net.lstm.run(t.constant(x), t.bind_where(memory, |_| false));
            (loss(net.head.forward(h)), state.value())
        });
        let (loss, state, mut grads) = step;
        clip_by_global_norm(&mut grads, 5.0);
        self.adam.step(&mut self.net, &grads);
        self.memory = Some(state);
        loss
    }

    /// What the network says at each step of a piece, without learning.
    fn say(&mut self, x: &Tensor) -> Tensor {
        let memory = &self.memory;
        let (said, state) = self.tape.evaluate(&self.net, |t, net| {
            let (h, state) = net.lstm.run(t.constant(x), t.bind_where(memory, |_| false));
            (net.head.forward(h).value(), state.value())
        });
        self.memory = Some(state);
        said
    }

    /// ‖c‖ of the first stream.
    fn memory_norm(&self) -> f64 {
        let row = |state: &State<LstmState<Tensor>>| state.cells[0].c.select(0, 0);
        let c = self.memory.as_ref().map(row);
        let squares = c
            .iter()
            .flat_map(|c| c.iter())
            .map(|c| f64::from(c).powi(2));
        squares.sum::<f64>().sqrt()
    }
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
        ticker.tick(|| format!("strings, loss {loss:.4}"));
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

/// A wave that switches between its two kinds.
struct Wave {
    slow: bool,
    angle: f64,
    since: usize,
    left: usize,
}

impl Wave {
    fn new(rng: &mut Rng) -> Self {
        Wave {
            slow: rng.coin(0.5),
            angle: TAU * rng.unit(),
            since: AFTER,
            left: 60 + rng.below(120),
        }
    }

    /// The next point.
    fn next(&mut self, rng: &mut Rng) -> f32 {
        if self.left == 0 {
            (self.slow, self.since, self.left) = (!self.slow, 0, 60 + rng.below(120));
        }
        (self.since, self.left) = (self.since + 1, self.left - 1);
        let (period, height) = if self.slow { (60.0, 3.0) } else { (10.0, 1.0) };
        self.angle += TAU / period;
        (height * self.angle.sin()) as f32
    }
}

/// What a network made of the waves.
struct Said {
    /// The mean squared error of the points after a switch.
    after_switch: f64,
    /// The wave and what was said of it, for some steps around a switch.
    wave: Vec<(f64, f64)>,
    said: Vec<(f64, f64)>,
}

fn waves(gate: ForgetGate, [pieces, tests]: [usize; 2], rng: &Rng, ticker: &Ticker) -> Said {
    let mut learner = Learner::new(1, gate, &mut rng.split(4));
    let mut data = rng.split(5);
    let mut streams: Vec<Wave> = (0..WAVES).map(|_| Wave::new(&mut data)).collect();
    let mut last: Vec<f32> = streams
        .iter_mut()
        .map(|wave| wave.next(&mut data))
        .collect();
    // x [8, 50, 1], the points after each, and how long ago each of these waves switched.
    let mut draw = || {
        let (mut x, mut y, mut since) = (Vec::new(), Vec::new(), Vec::new());
        for (wave, last) in streams.iter_mut().zip(&mut last) {
            for _ in 0..STEPS {
                x.push(*last);
                *last = wave.next(&mut data);
                y.push(*last);
                since.push(wave.since);
            }
        }
        let of = |numbers| Tensor::from_vec(numbers, [WAVES, STEPS, 1]).expect("all points");
        (of(x), of(y), since)
    };
    for _ in 0..pieces {
        let (x, y, _) = draw();
        let loss = learner.learn(&x, |said| mse(said, &y));
        ticker.tick(|| format!("waves, loss {loss:.4}"));
    }
    let (mut sum, mut count) = (0.0, 0);
    let (mut wave, mut course) = (Vec::new(), Vec::new());
    for test in 0..tests {
        let (x, y, since) = draw();
        let said = learner.say(&x);
        for (at, (y, said)) in y.iter().zip(said.iter()).enumerate() {
            let (y, said) = (f64::from(y), f64::from(said));
            if since[at] <= AFTER {
                sum += (said - y).powi(2);
                count += 1;
            }
            if at < STEPS {
                let step = (test * STEPS + at) as f64;
                wave.push((step, y));
                course.push((step, said));
            }
        }
    }
    Said {
        after_switch: sum / f64::from(count.max(1)),
        wave,
        said: course,
    }
}

fn run(options: &Options) -> Outcome {
    let mut figures = Figures::new("forget_gate");
    let (seeds, [pieces, tests]) = match options.quick {
        true => (2, [20, 10]),
        false => (SEEDS, [2000, 200]),
    };
    let found = each_seed(options, seeds, 4 * pieces, |seed, ticker| {
        let rng = Rng::seed_from_u64(seed);
        KINDS.map(|(_, gate)| {
            let size = [pieces, tests];
            (
                strings(gate, size, &rng, ticker),
                waves(gate, size, &rng, ticker),
            )
        })
    });

    for (at, (name, _)) in KINDS.iter().enumerate() {
        let mut add = |figure: &str, of: &dyn Fn(&(Strings, Said)) -> f64| {
            let numbers: Vec<f64> = found.iter().map(|kinds| of(&kinds[at])).collect();
            figures.add(&format!("{name}.{figure}"), &numbers);
        };
        add("reber_kept", &|(strings, _)| strings.kept);
        add("reber_whole", &|(strings, _)| strings.whole);
        add("memory_norm", &|(strings, _)| strings.norm);
        add("wave_after_switch_mse", &|(_, waves)| waves.after_switch);
    }
    let ratio =
        |[with, without]: &[(Strings, Said); 2]| with.1.after_switch / without.1.after_switch;
    figures.add(
        "wave_forget_to_no_forget.ratio",
        &found.iter().map(ratio).collect::<Vec<_>>(),
    );

    let [with, without] = &found[0];
    let lines = [
        Line {
            name: "forget gate",
            points: &with.0.norms,
        },
        Line {
            name: "no forget gate",
            points: &without.0.norms,
        },
    ];
    let title = "The memory on a stream of strings that nobody resets: one seed";
    curves(
        &options.picture("forget_gate.svg")?,
        title,
        "piece of six strings",
        "norm of c",
        &lines,
    )?;
    let shown = |points: &[(f64, f64)]| points[..points.len().min(150)].to_vec();
    let [wave, said, without] = [&with.1.wave, &with.1.said, &without.1.said].map(|p| shown(p));
    let lines = [
        Line {
            name: "the next point",
            points: &wave,
        },
        Line {
            name: "said with a forget gate",
            points: &said,
        },
        Line {
            name: "said without one",
            points: &without,
        },
    ];
    let (x, y) = (("step", 0.0..150.0), ("value", -4.5..6.5));
    plot(
        &options.picture("two_waves.svg")?,
        "A wave of two kinds: one seed",
        x,
        y,
        &lines,
    )?;
    println!("the pictures are in {}", options.out.display());
    figures.write(options)
}

fn main() -> ExitCode {
    support::exit("forget_gate", run(&Arguments::parse().options))
}
