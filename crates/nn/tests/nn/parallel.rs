//! A step on several threads.

use wengert_nn::parallel::{Shard, Workers, split};
use wengert_nn::rnn::State;
use wengert_nn::{Adam, BatchNorm, Dropout, Gru, Linear, Lstm};
use wengert_tape::check::refusal;
use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Gradients, Tape, Values, Var};
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
    let mut tape = Tape::new();
    // Without draws, which are others in each shard.
    tape.set_training(false);
    let (value, grads) = tape.value_and_grad(&model, |t, m| loss(t, &m, &x, &whole));
    for shards in [1, 2, 3, 4, 10, 20] {
        let x = x.clone();
        let mut workers = Workers::new(2, shards);
        workers.set_training(false);
        let (sharded, bars) =
            workers.value_and_grad(&model, 10, move |t, m, rows| loss(t, &m, &x, rows));
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
    let own = x.clone();
    let (_, grads) = workers.value_and_grad(&layer, 9, move |t, layer, rows| {
        layer.forward(t.constant(&own.slice(0, &rows.rows))).sum()
    });
    grads.update_state(&mut layer);
    let expected = x.mean_axes(&[0], false) * 0.1;
    assert!(layer.mean.allclose(&expected, 1e-12, 1e-12));
}

/// The rows of a shard.
fn part<T: wengert_tensor::Float>(x: &Tensor<T>, shard: &Shard) -> Tensor<T> {
    x.slice(0, &shard.rows)
}

#[test]
fn they_train_unless_told_otherwise() {
    let x = Tensor::<f64>::ones([400, 2]);
    let mut workers = Workers::new(2, 2);
    let mut loss = |told: Option<bool>| {
        workers.set_training(told);
        workers
            .value_and_grad(&x, 400, |_, x, rows| {
                Dropout::new(0.5).forward(x.slice(0, &rows.rows)).mean()
            })
            .0
    };
    assert!(loss(None) != 1.0 && loss(Some(true)) != 1.0);
    assert_eq!(loss(Some(false)), 1.0);
}

#[test]
fn state_that_one_shard_sets_stays_in_the_others() {
    let x: Tensor<f64> = Rng::seed_from_u64(3).normal([8, 2], 1.0, 1.0);
    for (shards, setter) in [(2, 0), (2, 1), (4, 2)] {
        let mut layer = BatchNorm::new(2).cast::<f64>();
        layer.mean = Tensor::from([4.0, 8.0]);
        let own = x.clone();
        let (_, grads) = Workers::new(2, shards).value_and_grad(&layer, 8, move |t, l, rows| {
            let x = t.constant(&part(&own, rows));
            t.with_training(rows.index == setter, || l.forward(x)).sum()
        });
        let rows = &split(8, shards)[setter];
        let moved = &layer.mean * 0.9 + part(&x, rows).mean_axes(&[0], false) * 0.1;
        let share = 1.0 / shards as f64;
        let expected = &layer.mean * (1.0 - share) + moved * share;
        grads.update_state(&mut layer);
        assert!(
            layer.mean.allclose(&expected, 1e-12, 1e-12),
            "{shards} shards"
        );
    }
}

#[test]
fn a_cut_loss_is_refused_and_a_cut_shard_is_not() {
    let x: Tensor<f64> = Rng::seed_from_u64(3).normal([3], 0.0, 1.0);
    let mut workers = Workers::new(2, 2);
    let (_, grads) = workers.value_and_grad(&x, 2, |t, x, rows| match rows.index {
        0 => x.sum(),
        _ => t.scalar(1.0),
    });
    assert_eq!(grads.get(0).map(Tensor::to_vec), Some(vec![0.5; 3]));
    let refused = refusal(|| {
        workers.value_and_grad(&x, 2, |_, x, _| x.sum().detach());
    });
    let message = "workers: the loss does not depend on any trained leaf of the model, so";
    assert!(refused.expect_err("a refusal").message.starts_with(message));
    let frozen = |_: &str| false;
    let (_, grads) = workers.value_and_grad_where(&x, 2, frozen, |_, x, _| x.sum());
    assert_eq!((grads.iter().count(), grads.unreached().len()), (0, 0));
}

/// Frozen leaves, a teacher that is bound inside, and a state that is carried from step to step give
/// what one tape gives.
#[test]
fn freezing_comparing_and_carrying() {
    let mut rng = Rng::seed_from_u64(5);
    let (model, teacher) = (
        Gru::new(2, 3, &mut rng).cast::<f64>(),
        Gru::new(2, 3, &mut rng).cast::<f64>(),
    );
    let x: Tensor<f64> = rng.normal([6, 4, 2], 0.0, 1.0);
    fn compared<'t>(
        t: &'t Tape<f64>,
        m: &Gru<Var<'t, f64>>,
        teacher: &Gru<Tensor<f64>>,
        x: &Tensor<f64>,
    ) -> Var<'t, f64> {
        let x = t.constant(x);
        let wanted = t.bind_where(teacher, |_| false).last(x, None).h();
        (m.last(x, None).h() - wanted).square().mean()
    }
    let trained = |path: &str| path.ends_with("wh");
    let mut tape = Tape::new();
    let (loss, grads) =
        tape.value_and_grad_where(&model, trained, |t, m| compared(t, &m, &teacher, &x));
    let mut workers = Workers::new(2, 3);
    let own = (teacher.clone(), x.clone());
    let (sharded, bars) = workers.value_and_grad_where(&model, 6, trained, move |t, m, rows| {
        compared(t, &m, &own.0, &part(&own.1, rows))
    });
    assert!((loss - sharded).abs() < 1e-14);
    assert_eq!(bars.iter().count(), 1);
    for at in 0..grads.len() {
        match (grads.get(at), bars.get(at)) {
            (Some(a), Some(b)) => assert!(a.allclose(b, 1e-13, 1e-13)),
            (a, b) => assert!(a.is_none() && b.is_none()),
        }
    }

    type Carried = Option<State<Tensor<f64>>>;
    let (mut whole, mut parts): (Carried, Vec<Carried>) = (None, vec![None; 3]);
    for _ in 0..3 {
        let (loss, state, grads) = tape.value_and_grad_aux(&model, |t, m| {
            let start = t.bind_where(&whole, |_| false);
            let state = m.last(t.constant(&x), start);
            (state.h().square().mean(), state.value())
        });
        whole = Some(state);
        let (own, starts) = (x.clone(), parts);
        let (sharded, states, bars) = workers.value_and_grad_aux(&model, 6, move |t, m, rows| {
            let start = t.bind_where(&starts[rows.index], |_| false);
            let state = m.last(t.constant(&part(&own, rows)), start);
            (state.h().square().mean(), state.value())
        });
        parts = states.into_iter().map(Some).collect();
        assert!((loss - sharded).abs() < 1e-14);
        for (a, b) in grads.iter().zip(bars.iter()) {
            assert!(a.allclose(b, 1e-13, 1e-13));
        }
        let h = |carried: &Carried| carried.as_ref().unwrap().cells[0].clone();
        let joined: Vec<Tensor<f64>> = parts.iter().map(h).collect();
        let joined = Tensor::cat(&joined, 0);
        assert!(joined.allclose(&h(&whole), 1e-14, 1e-14));
    }
}

#[test]
fn more_threads_than_cores_or_shards_work() {
    let (x, model) = (batch(8), model());
    let mut results = Vec::new();
    for (threads, shards) in [(1, 8), (64, 8), (64, 64)] {
        let mut workers = Workers::new(threads, shards);
        for _ in 0..20 {
            let x = x.clone();
            let (value, grads) =
                workers.value_and_grad(&model, 8, move |t, m, rows| loss(t, &m, &x, rows));
            results.push((value.to_bits(), bits(&grads)));
        }
    }
    assert_eq!(results[..20], results[20..40]);
}
