//! The Adding Problem of Hochreiter and Schmidhuber 1997. Two of a hundred numbers in [0, 1) are
//! marked, and after the last number the network has to say their sum. Always answering 1 gives a mean
//! squared error of 1/6. An LSTM learns to carry the two numbers through the noise between them.
//!
//! `cargo run --release --example quickstart` (with `-- --help` for its options). With `--resume DIR` it keeps
//! checkpoints in that folder, and a second start goes on where the first ended, to the same bits.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use serde_json::json;
use support::keep::{Kept, Resume, bytes, to_the_end};
use support::progress::Progress;
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::files::{self, Checkpoint};
use wengert::nn::look::pictures::Chart;
use wengert::nn::parallel::Workers;
use wengert::prelude::*;

const TIME: usize = 100;
const HIDDEN: usize = 32;
const BATCH: usize = 64;
const STEPS: usize = 6000;
const RATE: f64 = 5e-3;
/// The learning rate is halved after each so many steps.
const HALF_LIFE: usize = 1500;
/// The parts that a batch is computed in. It is no option, so that the sums, and with them the
/// results, are the same on any number of threads.
const SHARDS: usize = 2;
/// Training ends when the validation error has been below this at so many looks in a row.
const GOOD: f64 = 1e-3;
const LOOKS: usize = 3;

/// Learns to add two marked numbers a hundred steps apart
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    keep: Resume,
    #[command(flatten)]
    options: Options,
}

#[derive(Tree, Clone)]
struct Adder<P = Tensor> {
    rnn: Lstm<P>,
    head: Linear<P>,
}

impl<'t> Adder<Var<'t>> {
    /// x \[B, T, 2\] → \[B, 1\]
    fn predict(&self, x: Var<'t>) -> Var<'t> {
        self.head.forward(self.rnn.last(x, None).h())
    }
}

/// Sequences x \[B, T, 2\] of a number and a mark, and the sums y \[B, 1\] of the marked numbers,
/// one in each half of the sequence.
fn sequences(count: usize, rng: &mut Rng) -> (Tensor, Tensor) {
    let mut x = Tensor::zeros([count, TIME, 2]);
    let mut y = Tensor::zeros([count, 1]);
    let rows = x.as_mut_slice().chunks_exact_mut(2 * TIME);
    for (row, sum) in rows.zip(y.as_mut_slice()) {
        for number in row.iter_mut().step_by(2) {
            *number = rng.unit() as f32;
        }
        for marked in [rng.below(TIME / 2), TIME / 2 + rng.below(TIME / 2)] {
            row[2 * marked + 1] = 1.0;
            *sum += row[2 * marked];
        }
    }
    (x, y)
}

/// The mean squared error of the model, and its predictions. Some hundred sequences at a time, so
/// that the tape stays small.
fn test(model: &Adder, (x, y): &(Tensor, Tensor)) -> (f64, Vec<f32>) {
    let mut tape = Tape::new();
    let mut predicted = Vec::new();
    for rows in Batches::in_order(y.size(), 250) {
        let x = x.index_select(0, &rows);
        let part = tape.evaluate(model, |t, m| m.predict(t.constant(&x)).value());
        predicted.extend(part.iter());
    }
    let square = |(a, b): (&f32, f32)| f64::from(a - b).powi(2);
    let sum: f64 = predicted.iter().zip(y.iter()).map(square).sum();
    (sum / y.size() as f64, predicted)
}

/// What a training comes to.
struct Trained {
    model: Adder,
    test_set: (Tensor, Tensor),
    steps: usize,
    /// The errors at every look.
    training: Vec<f64>,
    validation: Vec<f64>,
}

/// Trains for so many steps, or goes on from the newest checkpoint of the folder.
fn train(options: &Options, folder: Option<&Path>, look: usize, steps: usize) -> Outcome<Trained> {
    let mut rng = Rng::seed_from_u64(options.seed);
    let mut model = Adder {
        rnn: Lstm::new(2, HIDDEN, &mut rng),
        head: Linear::new(HIDDEN, 1, &mut rng),
    };
    let (validation, test_set) = (sequences(500, &mut rng), sequences(2000, &mut rng));
    let mut adam = Adam::new(RATE);
    let mut workers = Workers::new(options.threads(), SHARDS);
    let mut progress = Progress::new(steps);
    let (mut training, mut validated) = (Vec::new(), Vec::new());
    let (mut mean, mut error, mut good, mut done) = (0.0, f64::NAN, 0, 0);
    let mut kept = Kept::in_folder(folder)?;
    if let Some(found) = kept.newest()? {
        let found = found.restore().model("model", &mut model);
        let found = found.optimizer("adam", &mut adam).part("rng", &mut rng);
        let found = found.part("done", &mut done).part("good", &mut good);
        let found = found.part("training", &mut training);
        found.part("validated", &mut validated).finish()?;
    }
    while done < steps && good < LOOKS {
        adam.learning_rate = RATE * 0.5f64.powi((done / HALF_LIFE) as i32);
        let (x, y) = sequences(BATCH, &mut rng);
        let (loss, mut grads) = workers.value_and_grad(&model, BATCH, move |t, m, shard| {
            let predicted = m.predict(t.constant(&x.slice(0, &shard.rows)));
            mse(predicted, &y.slice(0, &shard.rows))
        });
        clip_by_global_norm(&mut grads, 1.0);
        adam.step(&mut model, &grads);
        done += 1;
        mean += f64::from(loss) / look as f64;
        if done % look == 0 {
            (error, _) = test(&model, &validation);
            good = if error < GOOD { good + 1 } else { 0 };
            training.push(std::mem::take(&mut mean));
            validated.push(error);
            kept.save(done, || {
                let now = Checkpoint::new().model("model", &model);
                let now = now.optimizer("adam", &adam).part("rng", &rng);
                let now = now.part("done", &done).part("good", &good);
                now.part("training", &training)
                    .part("validated", &validated)
            })?;
        }
        progress.step(done, || format!("loss {loss:.4}, validation {error:.4}"));
    }
    progress.finish();
    Ok(Trained {
        model,
        test_set,
        steps: done,
        training,
        validation: validated,
    })
}

fn run(options: &Options, keep: &Resume) -> Outcome {
    let started = Instant::now();
    let steps = if options.quick { 30 } else { STEPS };
    let look = (steps / 60).max(1);
    let train = |folder: Option<&Path>, end| train(options, folder, look, end);
    let bits = |trained: &Trained| bytes(&trained.model);
    let trained = to_the_end(options, keep.resume.as_deref(), steps, train, bits)?;
    let Trained {
        mut model,
        test_set,
        steps: done,
        ..
    } = trained;

    // What is tested is what was saved.
    let weights = options.picture("adding.safetensors")?;
    files::save(&model, &weights)?;
    files::load(&mut model, &weights)?;
    let (test_mse, predicted) = test(&model, &test_set);
    let seconds = started.elapsed().as_secs_f64();
    println!("{done} steps in {seconds:.1} s");
    println!(
        "test error {test_mse:.5} on 2,000 fresh sequences; always guessing 1: {:.5}",
        1.0 / 6.0
    );
    println!("\n  wanted  predicted");
    for (wanted, predicted) in test_set.1.iter().zip(&predicted).take(5) {
        println!("  {wanted:6.3}  {predicted:9.3}");
    }

    let path = options.picture("adding.svg")?;
    let points = |errors: &[f64]| -> Vec<(f64, f64)> {
        let numbered = errors.iter().enumerate();
        numbered
            .map(|(at, &y)| (((at + 1) * look) as f64, y))
            .collect()
    };
    Chart::new("Adding Problem, T = 100")
        .with_axes("step", "mean squared error")
        .with_log_y()
        .with_line("training", points(&trained.training))
        .with_line("validation", points(&trained.validation))
        .save(&path)?;
    println!("\nthe learning curve is in {}", path.display());
    println!("the weights are in {}", weights.display());
    options.write_figures(&json!({
        "test_mse": test_mse,
        "baseline_mse": 1.0 / 6.0,
        "seconds": seconds,
        "steps": done,
        "seed": options.seed,
    }))
}

fn main() -> ExitCode {
    let Arguments { keep, options } = Arguments::parse();
    support::exit("quickstart", run(&options, &keep))
}
