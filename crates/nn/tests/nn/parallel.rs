//! A step on several threads.

use wengert_nn::parallel::{Shard, Workers, split};
use wengert_nn::{Adam, BatchNorm, Dropout, Linear, Lstm};
use wengert_tape::check::refusal;
use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Gradients, Tape, Var};
use wengert_tensor::{Rng, Tensor};

#[derive(Tree, Clone)]
struct Model<P = Tensor> {
    rnn: Lstm<P>,
    head: Linear<P>,
    dropout: Dropout,
}

fn model() -> Model {
    let mut rng = Rng::seed_from_u64(1);
    Model {
        rnn: Lstm::new(2, 8, &mut rng),
        head: Linear::new(8, 1, &mut rng),
        dropout: Dropout::new(0.3),
    }
}

fn loss<'t>(t: &'t Tape, m: &Model<Var<'t>>, x: &Tensor, rows: &Shard) -> Var<'t> {
    let x = t.constant(&x.slice(0, &rows.rows));
    let y = m.head.forward(m.dropout.forward(m.rnn.last(x, None).h()));
    (y * y).sum() / x.dim(0) as f64
}

fn batch(rows: usize) -> Tensor {
    Rng::seed_from_u64(2).normal([rows, 6, 2], 0.0, 1.0)
}

fn bits(grads: &Gradients<Model, f32>) -> Vec<u32> {
    grads
        .iter()
        .flat_map(|bar| bar.to_vec())
        .map(f32::to_bits)
        .collect()
}

#[test]
fn the_threads_change_no_bit() {
    let run = |threads| {
        let (x, model) = (batch(11), model());
        let mut workers = Workers::new(threads, 4);
        workers.set_training(true);
        workers.set_rng(Rng::seed_from_u64(7));
        let mut results = Vec::new();
        for _ in 0..5 {
            let x = x.clone();
            let (value, grads) =
                workers.value_and_grad(&model, 11, move |t, m, rows| loss(t, &m, &x, rows));
            results.push((value.to_bits(), bits(&grads)));
        }
        results
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
    assert_eq!(one, run(7));
    // Every step draws anew.
    assert!(one[0] != one[1]);
}

#[test]
fn shards_are_weighed_by_their_rows() {
    let (x, model) = (batch(10), model());
    let whole = Shard {
        index: 0,
        rows: 0..10,
    };
    let (value, grads) = Tape::new().value_and_grad(&model, |t, m| loss(t, &m, &x, &whole));
    for shards in [1, 2, 3, 4, 10, 20] {
        let x = x.clone();
        let (sharded, bars) =
            Workers::new(2, shards)
                .value_and_grad(&model, 10, move |t, m, rows| loss(t, &m, &x, rows));
        assert!((value - sharded).abs() < 1e-6);
        assert_eq!(grads.len(), bars.len());
        for (a, b) in grads.iter().zip(bars.iter()) {
            assert!(a.allclose(b, 1e-5, 1e-6), "{shards} shards");
        }
    }
}

#[test]
fn rows_are_split_evenly() {
    let sizes = |rows, count| {
        split(rows, count)
            .into_iter()
            .map(|s| s.rows.len())
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(10, 4), [3, 3, 2, 2]);
    assert_eq!(sizes(2, 5), [1, 1]);
    assert_eq!(sizes(6, 1), [6]);
}

#[test]
fn a_panic_reaches_the_caller_and_the_workers_live_on() {
    let (x, model) = (batch(8), model());
    for threads in [1, 2] {
        let mut workers = Workers::new(threads, 4);
        for bad in 0..4 {
            let x = x.clone();
            let panic = refusal(|| {
                workers.value_and_grad(&model, 8, move |t, m, rows| {
                    assert!(rows.index != bad, "shard {bad} is bad");
                    loss(t, &m, &x, rows)
                })
            });
            let panic = panic.err().expect("a panic");
            assert_eq!(panic.message, format!("shard {bad} is bad"));
        }
        let x = x.clone();
        let (value, _) = workers.value_and_grad(&model, 8, move |t, m, rows| loss(t, &m, &x, rows));
        assert!(value.is_finite());
    }
}

#[test]
fn the_model_is_unshared_after_a_step() {
    let (x, mut model) = (batch(8), model());
    let mut workers = Workers::new(2, 2);
    let mut adam = Adam::new(1e-2);
    let mut losses = Vec::new();
    for _ in 0..20 {
        let x = x.clone();
        let (value, grads) =
            workers.value_and_grad(&model, 8, move |t, m, rows| loss(t, &m, &x, rows));
        assert!(model.rnn.layers[0].forward.wh.is_unique());
        adam.step(&mut model, &grads);
        losses.push(value);
    }
    assert!(losses[19] < 0.5 * losses[0], "{losses:?}");
}

#[test]
fn state_is_the_mean_of_the_shards() {
    let x: Tensor<f64> = Rng::seed_from_u64(3).normal([9, 2], 1.0, 1.0);
    let mut layer = BatchNorm::new(2).cast::<f64>();
    let mut workers = Workers::new(2, 2);
    workers.set_training(true);
    let own = x.clone();
    let (_, grads) = workers.value_and_grad(&layer, 9, move |t, layer, rows| {
        layer.forward(t.constant(&own.slice(0, &rows.rows))).sum()
    });
    grads.update_state(&mut layer);
    let expected = x.mean_axes(&[0], false) * 0.1;
    assert!(layer.mean.allclose(&expected, 1e-12, 1e-12));
}
