//! Dropout and batch norm: their modes, draws and state.

use wengert_nn::{BatchNorm, Dropout, LayerNorm, Sgd};
use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

#[test]
fn dropout_keeps_the_mean_and_draws_from_the_tape() {
    let tape = Tape::<f64>::new();
    tape.set_training(true);
    let x = tape.ones([100, 100]);
    let layer = Dropout::new(0.3);
    let draw = |seed| {
        tape.set_rng(Rng::seed_from_u64(seed));
        layer.forward(x).value()
    };
    let y = draw(1);
    assert!((y.iter().sum::<f64>() / 1e4 - 1.0).abs() < 0.03);
    assert!(y.iter().all(|y| y == 0.0 || (y - 1.0 / 0.7).abs() < 1e-12));
    assert_eq!(y, draw(1));
    assert!(y != draw(2));
    assert!(y != layer.forward(x).value());
}

#[test]
fn dropout_at_its_ends() {
    let tape = Tape::<f64>::new();
    tape.set_training(true);
    let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    assert_eq!(Dropout::new(0.0).forward(x).value().to_vec(), [1.0, 2.0]);
    let y = Dropout::new(1.0).forward(x);
    assert_eq!(y.value().to_vec(), [0.0, 0.0]);
    assert_eq!(
        y.sum().backward().wrt(x).map(Tensor::into_vec),
        Some(vec![0.0, 0.0])
    );
}

#[test]
#[should_panic(expected = "dropout: 1.5 is no probability")]
fn dropout_refuses_what_is_no_probability() {
    Dropout::new(1.5);
}

#[test]
#[should_panic(expected = "batch norm: more than one value of each feature is needed in training")]
fn batch_norm_refuses_a_single_row() {
    let mut tape = Tape::new();
    tape.value_and_grad(&BatchNorm::new(2), |t, l| l.forward(t.ones([1, 2])).sum());
}

#[test]
fn batch_norm_learns_the_mean_and_variance() {
    let mut rng = Rng::seed_from_u64(4);
    let mut layer = BatchNorm::new(2).cast::<f64>();
    let mut tape = Tape::new();
    for _ in 0..300 {
        let x: Tensor<f64> = rng.normal([64, 2], 3.0, 2.0);
        let (_, grads) = tape.value_and_grad(&layer, |t, l| l.forward(t.constant(&x)).sum());
        grads.update_state(&mut layer);
    }
    assert!(layer.mean.iter().all(|mean| (mean - 3.0).abs() < 0.3));
    assert!(
        layer
            .variance
            .iter()
            .all(|variance| (variance - 4.0).abs() < 0.6)
    );
    let y = tape.evaluate(&layer, |t, l| l.forward(t.full([1, 2], 3.0)).value());
    assert!(y.iter().all(|y| y.abs() < 0.2));
}

#[test]
fn a_step_drops_and_an_evaluation_does_not() {
    let mut tape = Tape::<f64>::new();
    let x = Tensor::ones([1000]);
    let layer = Dropout::new(0.5);
    let (loss, _) = tape.value_and_grad(&x, |_, x| layer.forward(x).mean());
    assert!(loss != 1.0 && (loss - 1.0).abs() < 0.2);
    let y = tape.evaluate(&x, |_, x| layer.forward(x).value());
    assert_eq!(y, x);
    // The open style evaluates, unless told otherwise.
    let bound = x.bind(&tape);
    assert_eq!(layer.forward(bound).value(), x);
    tape.set_training(true);
    assert!(layer.forward(x.bind(&tape)).value() != x);
}

/// In closed form: 0.9 (0.9 · 0 + 0.1 · 2) + 0.1 · 12, and so on for the variance.
#[test]
fn running_values_compose_in_the_order_of_their_updates() {
    let mut layer = BatchNorm::new(1).cast::<f64>();
    let (x, y) = (Tensor::from([[1.0], [3.0]]), Tensor::from([[8.0], [16.0]]));
    let (_, grads) = Tape::new().value_and_grad(&layer, |t, l| {
        (l.forward(t.constant(&x)) + l.forward(t.constant(&y))).sum()
    });
    grads.update_state(&mut layer);
    assert!((layer.mean.item() - 1.38).abs() < 1e-15);
    assert!((layer.variance.item() - (0.9 * (0.9 + 0.1 * 2.0) + 0.1 * 32.0)).abs() < 1e-15);
}

/// Freezing paths freezes what is trained. Evaluation, or a momentum of 0, keeps the rest still.
#[test]
fn a_frozen_batch_norm_moves_unless_it_evaluates() {
    #[derive(Tree, Clone)]
    struct Model<P = Tensor<f64>> {
        norm: BatchNorm<P>,
        scale: P,
    }
    let model = |momentum: f64| Model {
        norm: BatchNorm {
            momentum,
            ..BatchNorm::new(1).cast::<f64>()
        },
        scale: Tensor::scalar(2.0),
    };
    let x = Tensor::from([[1.0], [3.0]]);
    let step = |momentum: f64, still: bool| {
        let mut model = model(momentum);
        let mut tape = Tape::new();
        let trained = |path: &str| !path.starts_with("norm");
        let (loss, grads) = tape.value_and_grad_where(&model, trained, |t, m| {
            let run = || m.norm.forward(t.constant(&x));
            let y = if still {
                t.with_training(false, run)
            } else {
                run()
            };
            (y * y * m.scale).sum()
        });
        Sgd::new(0.1).step(&mut model, &grads);
        assert_eq!(model.norm.weight.item(), 1.0);
        assert!(model.scale.item() < 2.0);
        (loss, model.norm.mean.item(), model.norm.variance.item())
    };
    let (batch, mean, variance) = step(0.1, false);
    assert!((mean - 0.2).abs() < 1e-15 && (variance - 1.1).abs() < 1e-15);
    let (running, mean, variance) = step(0.1, true);
    assert_eq!((mean, variance), (0.0, 1.0));
    assert!((batch - 4.0).abs() < 1e-4 && (running - 20.0).abs() < 1e-3);
    let (same, mean, variance) = step(0.0, false);
    assert_eq!((same, mean, variance), (batch, 0.0, 1.0));
}

#[test]
fn a_batch_norm_that_runs_twice_moves_twice() {
    let mut rng = Rng::seed_from_u64(5);
    let [x, y]: [Tensor<f64>; 2] = std::array::from_fn(|_| rng.normal([6, 3], 1.0, 2.0));
    let mut tape = Tape::new();
    let mut once = BatchNorm::new(3).cast::<f64>();
    let mut twice = once.clone();
    for batch in [&x, &y] {
        let (_, grads) = tape.value_and_grad(&once, |t, l| l.forward(t.constant(batch)).sum());
        Sgd::new(0.0).step(&mut once, &grads);
    }
    let (_, grads) = tape.value_and_grad(&twice, |t, l| {
        (l.forward(t.constant(&x)) + l.forward(t.constant(&y))).sum()
    });
    Sgd::new(0.0).step(&mut twice, &grads);
    assert!(twice.mean.allclose(&once.mean, 1e-15, 1e-15));
    assert!(twice.variance.allclose(&once.variance, 1e-15, 1e-15));
    // What evaluates after it in the same step sees what it left.
    let (_, seen, _) = tape.value_and_grad_aux(&once, |t, l| {
        let loss = l.forward(t.constant(&x)).sum();
        let seen = t.with_training(false, || l.forward(t.constant(&y)));
        (loss, seen.value())
    });
    let (_, grads) = tape.value_and_grad(&once, |t, l| l.forward(t.constant(&x)).sum());
    grads.update_state(&mut once);
    let expected = tape.evaluate(&once, |t, l| l.forward(t.constant(&y)).value());
    assert!(seen.allclose(&expected, 1e-14, 1e-14));
}

/// The layer and the function are one formula: the same bits, values and gradients alike.
#[test]
fn layer_norm_is_the_tapes() {
    let mut rng = Rng::seed_from_u64(6);
    let x: Tensor<f64> = rng.normal([7, 5], 3.0, 2.0);
    let layer = LayerNorm {
        weight: rng.normal([5], 1.0, 0.5),
        bias: rng.normal([5], 0.0, 0.5),
        epsilon: 1e-5,
    };
    let seed: Tensor<f64> = rng.normal([7, 5], 0.0, 1.0);
    let run = |by_layer: bool| {
        let tape = Tape::<f64>::new();
        let (x, m) = (tape.leaf(&x), layer.bind(&tape));
        let y = match by_layer {
            true => m.forward(x),
            false => x.layer_norm(1, Some(m.weight), Some(m.bias), m.epsilon),
        };
        let grads = y.backward_with(&seed);
        let bars = [x, m.weight, m.bias].map(|leaf| grads.wrt(leaf));
        (y.value(), bars, tape.stats().nodes)
    };
    assert_eq!(run(true), run(false));
}

/// Values whose variance is beyond the range of `f32`, beside others; in closed form from a mean of 3 and
/// deviations of −2, −1 and 3, of which the squares make 14.
#[test]
fn batch_norm_of_great_numbers() {
    for size in [1e5_f32, 1e12, 1e18, 1e19, 1e25, 3e37] {
        let x = Tensor::from([1.0, 2.0, 6.0].map(|x| [x * size, x]));
        let tape = Tape::<f32>::new();
        tape.set_training(true);
        let x = tape.leaf(&x);
        let y = BatchNorm::new(2).bind(&tape).forward(x);
        let first = y.select(0, 0).select(0, 0);
        let x_bar = first.backward().wrt(x).expect("reached");
        let y = y.value();
        let root = (14.0_f64 / 3.0).sqrt();
        let beside = (14.0_f64 / 3.0 + 1e-5).sqrt();
        for (at, deviation) in [-2.0_f64, -1.0, 3.0].into_iter().enumerate() {
            let own = if at == 0 { 1.0 } else { 0.0 };
            let slope = (own - 1.0 / 3.0 + 2.0 * deviation / 14.0) / root / f64::from(size);
            for (found, exact, unit) in [
                (y[[at, 0]], deviation / root, 1.0),
                (y[[at, 1]], deviation / beside, 1.0),
                (x_bar[[at, 0]], slope, 1.0 / root / f64::from(size)),
            ] {
                let off = (f64::from(found) - exact).abs();
                assert!(off < 1e-6 * unit, "{size:e}: {found}, {exact}");
            }
        }
    }
}
