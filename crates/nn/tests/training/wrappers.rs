//! What stands around an optimizer: groups, guards, lookahead, averages, accumulation.

use wengert_nn::optim::{
    Accumulator, Average, Groups, Guard, Lookahead, Optimizer, Stateful, clip_by_norm,
};
use wengert_nn::{Adam, BatchNorm, Linear, Sgd};
use wengert_tape::{Bind, Gradients, Tape};
use wengert_tensor::{Rng, Tensor};

use crate::book::Book;
use crate::state::check_resume;

type Model = Vec<Tensor<f64>>;

fn model() -> Model {
    vec![
        Tensor::from([1.0, -2.0]),
        Tensor::from([3.0]),
        Tensor::from([0.5, 0.25]),
    ]
}

fn grads(model: &Model) -> Gradients<Model, f64> {
    let mut tape = Tape::new();
    let (_, grads) = tape.value_and_grad(model, |_, m| {
        let terms = m.iter().map(|x| x.tanh().sum());
        terms.reduce(|a, b| a + b).expect("three leaves")
    });
    grads
}

/// A group moves as its leaf alone does with the group's optimizer.
#[test]
fn a_group_is_its_optimizer_alone() {
    let decayed = || Adam::new(0.1).with_decoupled_weight_decay(0.3);
    let mut groups = Groups::new(decayed())
        .with_frozen(|path| path == "1")
        .with(Adam::new(0.01).with_amsgrad(), |path| path != "0");
    let mut alone = (decayed(), Adam::new(0.01).with_amsgrad());
    let (mut model, mut parts) = (model(), model());
    for step in 0..7 {
        let bars = grads(&model);
        groups.step(&mut model, &bars);
        let alone_bars = |x: &Tensor<f64>| Tape::new().value_and_grad(x, |_, x| x.tanh().sum()).1;
        let (first, last) = (alone_bars(&parts[0]), alone_bars(&parts[2]));
        alone.0.step(&mut parts[0], &first);
        alone.1.step(&mut parts[2], &last);
        assert_eq!(model, parts, "step {step}");
        // A schedule moves both in proportion.
        let rate = 0.1 / (step + 2) as f64;
        groups.set_learning_rate(rate);
        (alone.0.learning_rate, alone.1.learning_rate) = (rate, rate * (0.01 / 0.1));
    }
    assert_eq!(groups.learning_rate(), 0.1 / 8.0);
}

#[test]
fn wrappers_go_on_from_what_was_saved() {
    let groups = || {
        Groups::new(Adam::new(0.1))
            .with(Adam::new(0.02), |path| path.ends_with("bias"))
            .with_frozen(|path| path == "1")
    };
    check_resume(groups);
    check_resume(|| Guard::skip(Adam::new(0.1)));
    check_resume(|| Lookahead::new(Sgd::new(0.1).with_momentum(0.9), 2, 0.5));
    check_resume(|| Guard::refuse(Lookahead::new(groups(), 4, 0.8)));
}

/// State leaves are written once, whatever group they are in.
#[test]
fn groups_write_state() {
    let x: Tensor<f64> = Rng::seed_from_u64(1).normal([8, 3], 2.0, 1.0);
    let mut layer = BatchNorm::new(3).cast::<f64>();
    let bars = |layer: &BatchNorm<Tensor<f64>>| {
        let mut tape = Tape::new();
        tape.value_and_grad(layer, |t, l| l.forward(t.constant(&x)).square().sum())
            .1
    };
    let mut groups = Groups::new(Sgd::new(0.1))
        .with(Sgd::new(0.2), |path| path == "bias")
        .with_frozen(|_| true);
    let grads = bars(&layer);
    groups.step(&mut layer, &grads);
    let expected = x.mean_axes(&[0], false) * 0.1;
    assert!(layer.mean.allclose(&expected, 1e-12, 1e-12));
    assert_eq!(layer.weight, Tensor::ones([3]));
}

#[test]
fn a_guard_skips_the_whole_step() {
    let x = Tensor::<f64>::from([[1.0], [f64::INFINITY]]);
    let good = Tensor::<f64>::from([[1.0], [2.0]]);
    let mut layer = (
        BatchNorm::new(1).cast::<f64>(),
        Linear::new(1, 1, &mut Rng::seed_from_u64(1)).cast::<f64>(),
    );
    let bars = |layer: &(BatchNorm<Tensor<f64>>, Linear<Tensor<f64>>), x: &Tensor<f64>| {
        let mut tape = Tape::new();
        tape.value_and_grad(layer, |t, (norm, linear)| {
            linear.forward(norm.forward(t.constant(x))).sum()
        })
        .1
    };
    let mut guard = Guard::skip(Adam::new(0.1));
    let before = layer.clone();
    for count in 1..=3 {
        let grads = bars(&layer, &x);
        guard.step(&mut layer, &grads);
        assert_eq!((guard.skipped, guard.in_a_row), (count, count));
        assert_eq!(layer.0.mean, before.0.mean);
        assert_eq!(layer.1.weight, before.1.weight);
        assert_eq!(guard.optimizer.leaves(), 0);
    }
    let grads = bars(&layer, &good);
    guard.step(&mut layer, &grads);
    assert_eq!((guard.skipped, guard.in_a_row), (3, 0));
    assert!(layer.0.mean != before.0.mean && layer.1.bias != before.1.bias);

    // One that does not skip names the leaf, and nothing has moved.
    let mut guard = Guard::refuse(Adam::new(0.1));
    let (mut layer, grads) = (before.clone(), bars(&before, &x));
    let refusal = crate::refusals::caught(|| guard.step(&mut layer, &grads));
    assert_eq!(
        refusal.message,
        "guard: the gradient of `0.weight` is infinite or NaN somewhere"
    );
    assert_eq!(layer.0.mean, before.0.mean);
}

/// Also where the gradient is held as rows.
#[test]
fn a_guard_looks_at_rows() {
    let mut table = Tensor::<f64>::ones([40, 2]);
    let words = Tensor::from([3]);
    let (_, grads) =
        Tape::new().value_and_grad(&table, |_, table| (table.rows(&words) * f64::NAN).sum());
    let mut guard = Guard::skip(Sgd::new(0.1));
    guard.step(&mut table, &grads);
    assert_eq!((guard.skipped, &table), (1, &Tensor::ones([40, 2])));
}

/// Lookahead by the equations of its docs, over a step of known size.
#[test]
fn lookahead_beside_a_loop() {
    let mut x = Tensor::from([0.7, -1.1]);
    let mut optimizer = Lookahead::new(Sgd::new(0.1).with_momentum(0.9), 3, 0.4);
    let (mut fast, mut v) = ([0.7, -1.1_f64], [0.0; 2]);
    let mut slow = fast;
    for step in 1..=10 {
        let (_, grads) = Tape::new().value_and_grad(&x, |_, x| x.square().sum());
        optimizer.step(&mut x, &grads);
        for k in 0..2 {
            v[k] = 0.9 * v[k] + 2.0 * fast[k];
            fast[k] -= 0.1 * v[k];
            if step % 3 == 0 {
                slow[k] += 0.4 * (fast[k] - slow[k]);
                fast[k] = slow[k];
            }
        }
        for (x, wanted) in x.iter().zip(fast) {
            assert!((x - wanted).abs() < 1e-14, "step {step}: {x} and {wanted}");
        }
    }
}

#[test]
fn averages_are_those_of_pytorch() {
    let book = Book::open("training");
    for (case, mut average) in [("swa", Average::of_all()), ("ema", Average::moving(0.9))] {
        let (weights, averages) = (book.get(case, "weights"), book.get(case, "averages"));
        for k in 0..8 {
            let mut model = weights.select(0, k);
            average.update(&model);
            average.swap(&mut model);
            for (a, b) in model.iter().zip(averages.select(0, k).iter()) {
                assert!((a - b).abs() < 1e-12, "{case}: {a} and {b}");
            }
            average.swap(&mut model);
            assert_eq!(model, weights.select(0, k));
        }
        assert_eq!(average.updates, 8);
    }
}

/// A decay that grows by its equation; running statistics are those of the last update.
#[test]
fn a_growing_decay_and_state_leaves() {
    let mut average = Average::moving(0.5).with_growing_decay();
    let mut mean = 0.0;
    for n in 0..12 {
        let weight = ((n * 7) % 5) as f64;
        average.update(&Tensor::from([weight]));
        let decay = ((1.0 + n as f64) / (10.0 + n as f64)).min(0.5);
        mean = if n == 0 {
            weight
        } else {
            decay * mean + (1.0 - decay) * weight
        };
    }
    let mut x = Tensor::from([0.0_f64]);
    average.swap(&mut x);
    assert!((x.item() - mean).abs() < 1e-14);

    let mut layer = BatchNorm::new(1).cast::<f64>();
    let mut average = Average::of_all();
    for value in [1.0, 2.0, 4.0] {
        layer.weight = Tensor::from([value]);
        layer.mean = Tensor::from([value]);
        average.update(&layer);
    }
    average.swap(&mut layer);
    assert!((layer.weight.item() - 7.0 / 3.0).abs() < 1e-15);
    assert_eq!(layer.mean.item(), 4.0);
    // Before the first update nothing happens.
    Average::of_all().swap(&mut layer);
    assert_eq!(layer.mean.item(), 4.0);
}

/// Parts of a batch, accumulated by their rows, are the batch.
#[test]
fn accumulated_gradients_are_those_of_the_whole() {
    let mut rng = Rng::seed_from_u64(1);
    let layer = Linear::new(3, 2, &mut rng).cast::<f64>();
    let x: Tensor<f64> = rng.normal([7, 3], 0.0, 1.0);
    let mut tape = Tape::new();
    let mut bars = |rows: std::ops::Range<usize>| {
        let x = x.slice(0, rows);
        let grads = tape.value_and_grad(&layer, |t, layer| {
            layer.forward(t.constant(&x)).tanh().square().mean()
        });
        grads.1
    };
    let whole = bars(0..7);
    let mut accumulator = Accumulator::new(3);
    for _ in 0..2 {
        assert!(accumulator.add(bars(0..4), 4.0).is_none());
        assert!(accumulator.add(bars(4..5), 1.0).is_none());
        let mean = accumulator.add(bars(5..7), 2.0).expect("three parts");
        for (a, b) in mean.iter().zip(whole.iter()) {
            assert!(a.allclose(b, 1e-14, 1e-14));
        }
    }
    assert!(accumulator.take().is_none());
    accumulator.add(bars(0..7), 7.0);
    let rest = accumulator.take().expect("one part");
    assert_eq!(rest.get(0), whole.get(0));
    // A part that counts nothing changes nothing.
    accumulator.add(bars(0..2), 0.0);
    accumulator.add(bars(0..7), 2.0);
    let rest = accumulator.add(bars(0..2), 0.0).expect("three parts");
    assert_eq!(rest.get(0), whole.get(0));
}

#[test]
fn each_leaf_is_clipped_for_itself() {
    let bars = [
        Tensor::from([3.0, 4.0]),
        Tensor::from([0.0, 0.0]),
        Tensor::from([0.1, 0.2]),
        Tensor::from([3e200, 4e200]),
    ];
    let clip = |bars: &[Tensor<f64>; 4], max: f64| {
        let (_, mut grads) = Tape::new().value_and_grad(bars, |_, [a, b, c, d]| {
            (a * &bars[0]).sum()
                + (b * &bars[1]).sum()
                + (c * &bars[2]).sum()
                + (d * &bars[3]).sum()
        });
        let norm = clip_by_norm(&mut grads, max);
        let clipped: Vec<Vec<f64>> = grads.iter().map(|bar| bar.to_vec()).collect();
        (norm, clipped)
    };
    let (norm, clipped) = clip(&bars, 1.0);
    assert!((norm / 5e200 - 1.0).abs() < 1e-14);
    for (bar, wanted) in clipped[0].iter().zip([0.6, 0.8]) {
        assert!((bar - wanted).abs() < 1e-6);
    }
    assert_eq!(clipped[1..3], [vec![0.0, 0.0], vec![0.1, 0.2]]);
    for (bar, wanted) in clipped[3].iter().zip([0.6, 0.8]) {
        assert!((bar - wanted).abs() < 1e-14);
    }
    let mut broken = bars.clone();
    broken[2] = Tensor::from([f64::NAN, 1.0]);
    let (norm, clipped) = clip(&broken, 10.0);
    assert!(norm.is_nan() && clipped[2].iter().all(|bar| bar.is_nan()));
    assert_eq!(clipped[0], [3.0, 4.0]);
}
