//! What the tape costs an op: workloads W1 (a chain of a thousand elementwise ops on 1, 64 and
//! 1,024 elements) and W2 (a network whose every number is a node of its own), with the forward
//! pass, the backward pass and the reset apart.
//!
//! `cargo bench --bench tape_overhead` prints the time of a thousand ops for W1, so that a
//! microsecond in the table is a nanosecond an op. Below each estimate stands the time below which a
//! fiftieth of the steps lie: on a machine that others use as well, that of the moments when they
//! do not.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use wengert::prelude::*;

/// The parts of a step that are timed.
#[derive(Clone, Copy)]
enum Part {
    Forward,
    Backward,
    Reset,
    All,
}

const PARTS: [(&str, Part); 4] = [
    ("forward", Part::Forward),
    ("backward", Part::Backward),
    ("reset", Part::Reset),
    ("all", Part::All),
];

/// Runs a step and returns the time of one part.
fn timed<T: Float>(
    tape: &mut Tape<T>,
    part: Part,
    record: impl for<'t> Fn(&'t Tape<T>) -> Var<'t, T>,
) -> Duration {
    let start = Instant::now();
    let (forward, backward) = {
        let loss = record(tape);
        let forward = Instant::now();
        black_box(loss.backward());
        (forward, Instant::now())
    };
    tape.reset();
    let end = Instant::now();
    match part {
        Part::Forward => forward - start,
        Part::Backward => backward - forward,
        Part::Reset => end - backward,
        Part::All => end - start,
    }
}

/// Measures each part of the steps that `record` is the first part of.
fn parts<T: Float>(
    mut group: BenchmarkGroup<'_, WallTime>,
    record: impl for<'t> Fn(&'t Tape<T>) -> Var<'t, T>,
) {
    let mut tape = Tape::new();
    for (name, part) in PARTS {
        let mut times = Vec::new();
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|steps| {
                let first = times.len();
                times.extend((0..steps).map(|_| timed(&mut tape, part, &record)));
                times[first..].iter().sum()
            });
        });
        times.sort_unstable();
        if let Some(quick) = times.get(times.len() / 50) {
            eprintln!("{:24}quick:  {:.2} µs", "", quick.as_secs_f64() * 1e6);
        }
    }
    group.finish();
}

fn chain(c: &mut Criterion) {
    for size in [1, 64, 1024] {
        let [x, a, b] = [0.5, 1.01, 0.01].map(|value| Tensor::<f32>::full([size], value));
        parts(c.benchmark_group(format!("W1-{size}")), |t| {
            let (a, b) = (t.constant(&a), t.constant(&b));
            let mut x = t.leaf(&x);
            for op in 0..1000 {
                x = match op % 3 {
                    0 => x * a,
                    1 => x + b,
                    _ => x.tanh(),
                };
            }
            x.sum()
        });
    }
}

fn scalars(c: &mut Criterion) {
    const SIZES: [usize; 4] = [2, 16, 16, 1];
    let mut rng = Rng::seed_from_u64(1);
    let parameters: Vec<Tensor<f64>> = (0..337).map(|_| Tensor::scalar(rng.unit() - 0.5)).collect();
    parts(c.benchmark_group("W2"), |t| {
        // As a model is bound: before the first op.
        let parameters: Vec<_> = parameters.iter().map(|p| t.leaf(p)).collect();
        let mut parameters = parameters.into_iter();
        let mut next = || parameters.next().expect("as many as the sizes say");
        let mut layer = vec![t.scalar(0.3), t.scalar(-0.7)];
        for (at, outputs) in SIZES[1..].iter().enumerate() {
            let units = (0..*outputs).map(|_| {
                let bias = next();
                let sum = layer.iter().fold(bias, |sum, &x| sum + next() * x);
                if at < 2 { sum.tanh() } else { sum }
            });
            layer = units.collect();
        }
        let error = layer[0] - t.scalar(-1.0);
        error * error
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).sample_size(30)
        .measurement_time(Duration::from_secs(2));
    targets = chain, scalars
}
criterion_main!(benches);
