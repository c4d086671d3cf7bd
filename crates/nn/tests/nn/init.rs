//! Initial values: their bounds and moments.

use wengert_nn::init;
use wengert_tensor::{Rng, Shape, Tensor};

fn moments(x: &Tensor<f64>) -> (f64, f64) {
    let n = x.size() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (
        mean,
        x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n,
    )
}

#[test]
fn variances() {
    let rng = &mut Rng::seed_from_u64(1);
    let shape = || Shape::from([100, 300]);
    let drawn: [(&str, Tensor<f64>, f64); 7] = [
        (
            "glorot uniform",
            init::glorot_uniform(shape(), rng),
            2.0 / 400.0,
        ),
        (
            "glorot normal",
            init::glorot_normal(shape(), rng),
            2.0 / 400.0,
        ),
        ("he uniform", init::he_uniform(shape(), rng), 2.0 / 100.0),
        ("he normal", init::he_normal(shape(), rng), 2.0 / 100.0),
        (
            "lecun uniform",
            init::lecun_uniform(shape(), rng),
            1.0 / 100.0,
        ),
        (
            "lecun normal",
            init::lecun_normal(shape(), rng),
            1.0 / 100.0,
        ),
        ("uniform", init::uniform(shape(), 0.3, rng), 0.3 * 0.3 / 3.0),
    ];
    for (name, x, expected) in drawn {
        let (mean, variance) = moments(&x);
        assert!(mean.abs() < 0.02 * expected.sqrt(), "{name}: mean {mean}");
        assert!(
            (variance / expected - 1.0).abs() < 0.03,
            "{name}: variance {variance}"
        );
    }
}

#[test]
fn orthogonal_in_every_shape() {
    for (rows, columns) in [(6, 6), (9, 4), (4, 9), (1, 5), (5, 1), (40, 40)] {
        let gain = 1.5;
        let w: Tensor<f64> = init::orthogonal([rows, columns], gain, &mut Rng::seed_from_u64(2));
        let count = rows.min(columns);
        let at = |vector: usize, k: usize| match rows >= columns {
            true => w[[k, vector]],
            false => w[[vector, k]],
        };
        for a in 0..count {
            for b in 0..=a {
                let dot: f64 = (0..rows.max(columns)).map(|k| at(a, k) * at(b, k)).sum();
                let expected = if a == b { gain * gain } else { 0.0 };
                assert!(
                    (dot - expected).abs() < 1e-12,
                    "{rows} x {columns}: {a} {b} {dot}"
                );
            }
        }
    }
}

#[test]
fn empty_shapes() {
    let rng = &mut Rng::seed_from_u64(1);
    assert_eq!(init::orthogonal::<f64>([0, 3], 1.0, rng).shape(), &[0, 3]);
    assert_eq!(init::orthogonal::<f64>([3, 0], 1.0, rng).shape(), &[3, 0]);
    assert_eq!(init::glorot_uniform::<f64>([0, 3], rng).shape(), &[0, 3]);
    assert_eq!(init::he_normal::<f64>([0, 3], rng).shape(), &[0, 3]);
}
