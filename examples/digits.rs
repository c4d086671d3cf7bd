//! Handwritten digits from files: the four MNIST files of a folder, plain or compressed with gzip,
//! and a network 784-200-200-10 that reads them.
//!
//! `cargo run --release --example digits -- --data DIR`, or with `WENGERT_DATA` set to a folder
//! that has the files in `mnist/`. With `--resume DIR` it keeps checkpoints in that folder, and a second start
//! goes on where the first ended.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use serde_json::json;
use support::digits::{Digits, PIXELS};
use support::keep::{Kept, Resume, bytes, to_the_end};
use support::progress::Progress;
use support::{Options, Outcome};
use wengert::nn::data::Batches;
use wengert::nn::files::{self, Checkpoint};
use wengert::nn::init::he_normal;
use wengert::nn::look::pictures::{Confusion, ImageGrid};
use wengert::nn::parallel::Workers;
use wengert::nn::train::metrics;
use wengert::prelude::*;

const HIDDEN: usize = 200;
const BATCH: usize = 128;
const EPOCHS: usize = 5;
const RATE: f64 = 1e-3;
/// The parts that a batch is computed in: no option, so that results do not depend on threads.
const SHARDS: usize = 2;

/// Learns to read handwritten digits from the MNIST files
#[derive(Parser)]
struct Arguments {
    /// The folder with the four files
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    keep: Resume,
    #[command(flatten)]
    options: Options,
}

#[derive(Tree, Clone)]
struct Reader<P = Tensor> {
    layers: [Linear<P>; 3],
}

impl Reader {
    fn new(rng: &mut Rng) -> Self {
        let layers = [(PIXELS, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 10)];
        let layer = |(inputs, outputs)| Linear {
            weight: he_normal([inputs, outputs], rng),
            bias: Some(Tensor::zeros([outputs])),
        };
        Reader {
            layers: layers.map(layer),
        }
    }
}

impl<'t> Reader<Var<'t>> {
    /// x \[B, 784\] → logits \[B, 10\]
    fn logits(&self, x: Var<'t>) -> Var<'t> {
        let [first, second, third] = &self.layers;
        third.forward(second.forward(first.forward(x).relu()).relu())
    }
}

/// What the network reads in each image.
fn read_all(model: &Reader, tape: &mut Tape, images: &Tensor) -> Vec<i64> {
    let batches = Batches::in_order(images.shape()[0], 500);
    let read = |rows: Tensor<i64>| {
        let x = images.index_select(0, &rows);
        tape.evaluate(model, |t, m| m.logits(t.constant(&x)).argmax(-1).to_vec())
    };
    batches.flat_map(read).collect()
}

/// Trains up to the end of an epoch, or goes on from the newest checkpoint of the folder.
fn train(
    options: &Options,
    train: &Digits,
    folder: Option<&Path>,
    [end, epochs]: [usize; 2],
) -> Outcome<Reader> {
    let mut rng = Rng::seed_from_u64(options.seed);
    let mut model = Reader::new(&mut rng);
    let mut adam = Adam::new(RATE);
    let mut workers = Workers::new(options.threads(), SHARDS);

    let count = train.labels.size();
    let steps = epochs * count.div_ceil(BATCH);
    let mut progress = Progress::new(steps);
    let (mut done, mut epoch, mut mean) = (0, 0, f64::NAN);
    let mut kept = Kept::in_folder(folder)?;
    if let Some(found) = kept.newest()? {
        let found = found.restore().model("model", &mut model);
        let found = found.optimizer("adam", &mut adam).part("rng", &mut rng);
        found
            .part("done", &mut done)
            .part("epoch", &mut epoch)
            .finish()?;
    }
    while epoch < end {
        for rows in Batches::shuffled(count, BATCH, &mut rng) {
            // The rate falls to 0 along a line: the last steps settle.
            adam.learning_rate = RATE * (1.0 - done as f64 / steps as f64);
            let (x, y) = train.rows(&rows);
            let (loss, grads) = workers.value_and_grad(&model, rows.size(), move |t, m, shard| {
                let logits = m.logits(t.constant(&x.slice(0, &shard.rows)));
                cross_entropy(logits, &y.slice(0, &shard.rows))
            });
            adam.step(&mut model, &grads);
            done += 1;
            let loss = f64::from(loss);
            mean = if mean.is_nan() {
                loss
            } else {
                0.98 * mean + 0.02 * loss
            };
            progress.step(done, || format!("loss {mean:.4}"));
        }
        epoch += 1;
        kept.save(done, || {
            let now = Checkpoint::new().model("model", &model);
            let now = now.optimizer("adam", &adam).part("rng", &rng);
            now.part("done", &done).part("epoch", &epoch)
        })?;
    }
    progress.finish();
    Ok(model)
}

fn run(options: &Options, keep: &Resume, folder: &Path) -> Outcome {
    let started = Instant::now();
    let (mut learned, mut test) = (
        Digits::load(folder, "train")?,
        Digits::load(folder, "t10k")?,
    );
    if options.quick {
        (learned, test) = (learned.first(5000), test.first(1000));
    }
    let epochs = if options.quick { 2 } else { EPOCHS };
    let count = learned.labels.size();
    let steps = epochs * count.div_ceil(BATCH);
    let train = |folder: Option<&Path>, end| train(options, &learned, folder, [end, epochs]);
    let mut model = to_the_end(options, keep.resume.as_deref(), epochs, train, bytes)?;

    // What is tested is what was saved.
    let weights = options.picture("digits.safetensors")?;
    files::save(&model, &weights)?;
    files::load(&mut model, &weights)?;
    let labels = test.labels.to_vec();
    let read = read_all(&model, &mut Tape::new(), &test.images);
    let wrong: Vec<usize> = (0..labels.len())
        .filter(|&at| labels[at] != read[at])
        .collect();
    let accuracy = 1.0 - wrong.len() as f64 / labels.len() as f64;
    let seconds = started.elapsed().as_secs_f64();
    println!("{epochs} epochs over {count} images in {seconds:.1} s");
    println!("read {accuracy:.4} of {} test images rightly", labels.len());
    let mut confusion = metrics::Confusion::new(10);
    confusion.add(&test.labels, &Tensor::from(&read[..]));
    println!("\n  true  read as\n{confusion}");

    let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let path = options.picture("confusion.svg")?;
    let read_as = Tensor::from(&read[..]);
    Confusion::new("Digits", &names, &test.labels, &read_as)?.save(&path)?;
    println!("what was read for what is in {}", path.display());

    let shown: Vec<i64> = wrong.iter().take(60).map(|&at| at as i64).collect();
    if !shown.is_empty() {
        let images = test.images.index_select(0, &Tensor::from(&shown[..]));
        let caption = |&at: &i64| format!("{}, read {}", labels[at as usize], read[at as usize]);
        let title = format!(
            "{} of {} misread digits: true, read",
            shown.len(),
            wrong.len()
        );
        let path = options.picture("misread.svg")?;
        ImageGrid::new(&title, &images.reshape(&[-1, 28, 28]))
            .with_captions(&shown.iter().map(caption).collect::<Vec<_>>())
            .save(&path)?;
        println!("misread digits are in {}", path.display());
    }
    println!("the weights are in {}", weights.display());
    options.write_figures(&json!({
        "test_accuracy": accuracy,
        "seconds": seconds,
        "steps": steps,
        "seed": options.seed,
    }))
}

fn main() -> ExitCode {
    let Arguments {
        data,
        keep,
        options,
    } = Arguments::parse();
    let shared = std::env::var_os("WENGERT_DATA").map(|shared| PathBuf::from(shared).join("mnist"));
    match data.or(shared.filter(|folder| folder.is_dir())) {
        Some(folder) => support::exit("digits", run(&options, &keep, &folder)),
        None if options.quick => {
            println!("digits: skipped, for there is no data (--data DIR or WENGERT_DATA)");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("digits: give the folder with the four MNIST files: --data DIR");
            ExitCode::from(2)
        }
    }
}
