//! Every row of the list of ops beside PyTorch's function, on one thread, in turns: forward, and forward with
//! backward, at 1, 1,000 and 1,000,000 elements or the nearest sizes that the op's samples allow.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml --bin ops` (with `-- --help` for its options)
//!
//! An op that is added to the list is timed; `rivals/ops_in_torch.py` finds PyTorch's function by its name, or
//! in a table of those that have another name. The inputs lie on the tape already. What is timed is recording
//! and computing the op, and the walk back from its outputs.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Instant;

use clap::Parser;
use wengert::check::{Case, refusal};
use wengert::ops::ALL;
use wengert::prelude::*;
use wengert_peers::table::Table;

/// Every op beside PyTorch's function
#[derive(Parser)]
struct Arguments {
    /// The numbers of elements, with commas between
    #[arg(long, value_delimiter = ',', default_value = "1,1000,1000000")]
    sizes: Vec<usize>,
    /// How often every figure is taken, one after the other
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds for one figure
    #[arg(long, default_value_t = 0.1)]
    seconds: f64,
    /// Only these ops, with commas between
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

const PARTS: [&str; 2] = ["forward", "both"];

/// The median of a call and the time below which a fiftieth of them lie, in microseconds.
type Figure = [f64; 2];

/// PyTorch, which waits for questions.
struct Torch {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Torch {
    fn start() -> Option<Self> {
        let python = std::env::var("PEERS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals/ops_in_torch.py");
        let mut child = Command::new(python)
            .arg(script)
            .envs(["OMP_NUM_THREADS", "MKL_NUM_THREADS"].map(|variable| (variable, "1")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        Some(Torch {
            questions: child.stdin.take()?,
            answers: BufReader::new(child.stdout.take()?),
            child,
        })
    }

    fn figure(&mut self, name: &str, part: &str, seconds: f64, case: &Case<f32>) -> Option<Figure> {
        let mut question = format!("{name}\t{part}\t{seconds}");
        for x in &case.inputs {
            let [low, high] = [f32::min, f32::max].map(|f| x.iter().reduce(f).unwrap_or(0.0));
            question += &format!("\t{low},{high}");
            for dim in x.shape().iter() {
                question += &format!(",{dim}");
            }
        }
        writeln!(self.questions, "{question}").ok()?;
        self.questions.flush().ok()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).ok()?;
        let mut numbers = answer.split_whitespace().map(str::parse);
        Some([numbers.next()?.ok()?, numbers.next()?.ok()?])
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn timed(seconds: f64, mut call: impl FnMut()) -> Figure {
    let start = Instant::now();
    for _ in 0..4 {
        call();
        if start.elapsed().as_secs_f64() > 0.2 {
            break;
        }
    }
    let start = Instant::now();
    call();
    let one = start.elapsed().as_secs_f64().max(1e-9);
    let calls = ((50e-6 / one) as usize).max(1);
    // A call of seconds, as of a factorization of a large matrix, is taken once.
    let least = ((1.0 / one) as usize).clamp(1, 15);
    let samples = ((seconds / (one * calls as f64)) as usize).clamp(least, 2000);
    let mut times: Vec<f64> = (0..samples)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                call();
            }
            start.elapsed().as_secs_f64() / calls as f64 * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    [times[samples / 2], times[samples / 50]]
}

/// Our figure of a part, if the op has it.
fn ours(part: &str, seconds: f64, case: &Case<f32>) -> Option<Figure> {
    let tape = Tape::new();
    if part == "forward" {
        let x: Vec<Var<'_>> = case.inputs.iter().map(|x| tape.constant(x)).collect();
        return Some(timed(seconds, || {
            tape.scope(|_| black_box((case.program)(&x).len()));
        }));
    }
    let x: Vec<Var<'_>> = case.inputs.iter().map(|x| tape.leaf(x)).collect();
    let outputs = (case.program)(&x);
    let seeds: Vec<Tensor> = outputs.iter().map(|y| Tensor::ones(y.shape())).collect();
    let both = || {
        tape.scope(|_| {
            for (y, seed) in (case.program)(&x).into_iter().zip(&seeds) {
                if y.needs_grad() {
                    black_box(y.backward_with(seed));
                }
            }
        });
    };
    // What has no rule is timed forward alone.
    refusal(both).is_ok().then(|| timed(seconds, both))
}

/// The figure of the middle round.
fn middle(figures: &[Figure]) -> Option<Figure> {
    let sorted = |at: usize| {
        let mut values: Vec<f64> = figures.iter().map(|figure| figure[at]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some([sorted(0)?, sorted(1)?])
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|o| o == name);
    let rows: Vec<_> = ALL.iter().filter(|row| wanted(row.name)).collect();
    if rows.is_empty() {
        eprintln!("there is no such op");
        return ExitCode::FAILURE;
    }
    let mut torch = Torch::start();
    let mut figures: BTreeMap<(&str, usize, &str, bool), Vec<Figure>> = BTreeMap::new();
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for row in &rows {
            for &size in &arguments.sizes {
                let Some(case) = (row.samples_f32)().sized(size) else {
                    continue;
                };
                for part in PARTS {
                    let mut put = |ours: bool, figure: Option<Figure>| {
                        let key = (row.name, size, part, ours);
                        figures.entry(key).or_default().extend(figure);
                    };
                    let seconds = arguments.seconds;
                    put(true, ours(part, seconds, &case));
                    let torch = torch.as_mut();
                    put(
                        false,
                        torch.and_then(|torch| torch.figure(row.name, part, seconds, &case)),
                    );
                }
            }
        }
    }
    for part in PARTS {
        println!(
            "{}: microseconds of a call of ours / of PyTorch's (how many times ours), quick times:\n",
            if part == "both" {
                "Forward and backward"
            } else {
                "Forward"
            }
        );
        let sizes = arguments.sizes.iter().map(|size| format!("{size}"));
        let mut table = Table::new(["op".to_owned()].into_iter().chain(sizes));
        for row in &rows {
            let cell = |&size: &usize| {
                let figure = |ours| middle(figures.get(&(row.name, size, part, ours))?);
                match (figure(true), figure(false)) {
                    (Some([_, ours]), Some([_, torch])) => {
                        format!("{ours:.2} / {torch:.2} ({:.2})", torch / ours)
                    }
                    (Some([_, ours]), None) => format!("{ours:.2} / -"),
                    (None, _) => "-".to_owned(),
                }
            };
            let cells: Vec<String> = arguments.sizes.iter().map(cell).collect();
            table.row([row.name.to_owned()].into_iter().chain(cells));
        }
        println!("{table}");
    }
    ExitCode::SUCCESS
}
