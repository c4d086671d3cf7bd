//! What a step of a table costs of which 64 rows are looked up: a thousand rows of 16 elements, and a
//! million.
//!
//! `cargo bench --bench tables` prints the step without an update, with one by `Sgd`, with one by
//! `Adam` of these rows alone, and with one by `Adam` that moves every row. All but the last cost as
//! much for the long table as for the short one, but for rows that are no longer in the caches.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wengert::prelude::*;

/// Measures a step that ends with `update`.
fn step<O>(
    c: &mut Criterion,
    name: &str,
    rows: usize,
    mut optimizer: O,
    update: impl Fn(&mut O, &mut Embedding, &Gradients<Embedding>),
) {
    let mut model = Embedding::new(rows, 16, &mut Rng::seed_from_u64(1));
    let words = (0..64).map(|k| k * 7919 % rows as i64).collect::<Vec<_>>();
    let words = Tensor::<i64>::from(words);
    let mut tape = Tape::new();
    c.bench_function(&format!("{name} of {rows} rows"), |b| {
        b.iter(|| {
            let (loss, grads) = tape.value_and_grad(&model, |_, m: Embedding<Var<'_>>| {
                m.forward(&words).tanh().sum()
            });
            update(&mut optimizer, &mut model, &grads);
            black_box(loss)
        });
    });
}

fn tables(c: &mut Criterion) {
    for rows in [1000, 1_000_000] {
        step(c, "gradient", rows, (), |(), _, _| {});
        step(c, "sgd", rows, Sgd::new(1e-3), Sgd::step);
        let lazy = Adam::new(1e-3).with_lazy_rows();
        step(c, "lazy adam", rows, lazy, Adam::step);
        step(c, "adam", rows, Adam::new(1e-3), Adam::step);
    }
}

criterion_group!(benches, tables);
criterion_main!(benches);
