//! What each op costs: forward, and forward with backward, of every row of the list of ops at 1, 1,000 and
//! 1,000,000 elements, or the nearest sizes that the op's samples allow. It is generated from the list: an op
//! that is added is timed.
//!
//! `cargo bench --bench ops` times all of them, which takes a quarter of an hour; a part of a name behind `--`
//! chooses, as in `cargo bench --bench ops -- tanh/1000/`. The inputs lie on the tape already; what is timed
//! is recording the op and, for the second figure, the walk back from its outputs.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use wengert::check::{Case, refusal};
use wengert::ops::ALL;
use wengert::prelude::*;

const SIZES: [usize; 3] = [1, 1_000, 1_000_000];

/// The inputs of a case on a tape: leaves if they are differentiated.
fn inputs<'t>(tape: &'t Tape, case: &Case<f32>, leaves: bool) -> Vec<Var<'t>> {
    let on_tape = |x| match leaves {
        true => tape.leaf(x),
        false => tape.constant(x),
    };
    case.inputs.iter().map(on_tape).collect()
}

fn forward(tape: &Tape, case: &Case<f32>, x: &[Var<'_>]) {
    tape.scope(|_| black_box((case.program)(x).len()));
}

fn both(tape: &Tape, case: &Case<f32>, x: &[Var<'_>], seeds: &[Tensor]) {
    tape.scope(|_| {
        for (y, seed) in (case.program)(x).into_iter().zip(seeds) {
            if y.needs_grad() {
                black_box(y.backward_with(seed));
            }
        }
    });
}

fn ops(c: &mut Criterion) {
    for row in ALL {
        for size in SIZES {
            let samples = (row.samples_f32)();
            let Some(case) = samples.sized(size) else {
                continue;
            };
            let mut group = c.benchmark_group(format!("{}/{size}", row.name));
            let tape = Tape::new();
            let x = inputs(&tape, &case, false);
            group.bench_function("forward", |b| b.iter(|| forward(&tape, &case, &x)));
            let x = inputs(&tape, &case, true);
            let seeds: Vec<Tensor> = (case.program)(&x)
                .iter()
                .map(|y| Tensor::ones(y.shape()))
                .collect();
            // What has no rule is timed forward alone.
            if refusal(|| both(&tape, &case, &x, &seeds)).is_ok() {
                group.bench_function("both", |b| b.iter(|| both(&tape, &case, &x, &seeds)));
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(200)).sample_size(20)
        .measurement_time(Duration::from_secs(1));
    targets = ops
}
criterion_main!(benches);
