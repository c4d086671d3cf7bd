//! Reductions and products against the plain formulas that they stand for, with their gradients.

use wengert_tape::{Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::{Function, assert_close, orders_of};

#[test]
fn along_an_axis() {
    let table: &[(&str, Function, Function)] = &[
        (
            "mean",
            |x| x.mean_axes(&[1], true),
            |x| x.sum_axes(&[1], true) / 5.0,
        ),
        (
            "var",
            |x| x.var(&[1], 0, true),
            |x| (x - x.mean_axes(&[1], true)).square().mean_axes(&[1], true),
        ),
        (
            "sample var",
            |x| x.var(&[1], 1, false),
            |x| x.var(&[1], 0, false) * 1.25,
        ),
        (
            "std",
            |x| x.std(&[1], 1, true),
            |x| x.var(&[1], 1, true).sqrt(),
        ),
        (
            "norm",
            |x| x.norm(&[1], false),
            |x| x.square().sum_axes(&[1], false).sqrt(),
        ),
        (
            "3-norm",
            |x| x.norm_p(3.0, &[1], false),
            |x| x.abs().powf(3.0).sum_axes(&[1], false).powf(1.0 / 3.0),
        ),
        (
            "amax",
            |x| x.amax(&[1], false),
            |x| {
                (0..5)
                    .map(|k| x.select(1, k))
                    .reduce(|a, b| a.max(b))
                    .expect("five")
            },
        ),
        ("amin", |x| x.amin(&[1], false), |x| -(-x).amax(&[1], false)),
        (
            "logsumexp",
            |x| x.logsumexp(&[1], false),
            |x| x.exp().sum_axes(&[1], false).ln(),
        ),
        (
            "softmax",
            |x| x.softmax(1),
            |x| x.exp() / x.exp().sum_axes(&[1], true),
        ),
        (
            "log softmax",
            |x| x.log_softmax(1).square(),
            |x| x.softmax(1).ln().square(),
        ),
        (
            "rms norm",
            |x| x.rms_norm(None, 0.0),
            |x| x / x.norm(&[-1], true) * (x.dim(-1) as f64).sqrt(),
        ),
        (
            "layer norm",
            |x| x.layer_norm(1, None, None, 0.1).square(),
            |x| ((x - x.mean_axes(&[-1], true)) / (x.var(&[-1], 0, true) + 0.1).sqrt()).square(),
        ),
        ("silu", |x| x.silu(), |x| x / (1.0 + (-x).exp())),
        ("softplus", |x| x.softplus(), |x| (1.0 + x.exp()).ln()),
        ("log sigmoid", |x| x.log_sigmoid(), |x| x.sigmoid().ln()),
        ("rsqrt", |x| x.square().rsqrt(), |x| 1.0 / x.abs()),
    ];
    for inner in [1, 4, 37] {
        let mut rng = Rng::seed_from_u64(inner as u64);
        let x = Tensor::from_fn([3, 5, inner], |_| 2.0 * rng.unit() - 1.3);
        for (name, fast, plain) in table {
            let (found, expected) = (orders_of(*fast, &x), orders_of(*plain, &x));
            for order in 0..3 {
                let what = format!("{name}, {inner} columns, order {order}");
                assert_close(&found[order], &expected[order], 1e-9, &what);
            }
        }
    }
}

#[test]
fn affine_is_a_sum_of_products() {
    let mut rng = Rng::seed_from_u64(5);
    let mut draw = |shape: &[usize]| Tensor::<f64>::from_fn(shape, |_| rng.unit() - 0.4);
    let (x, h, w, u, b) = (
        draw(&[7, 6, 3]),
        draw(&[7, 4]),
        draw(&[3, 5]),
        draw(&[4, 5]),
        draw(&[5]),
    );
    let tape = Tape::<f64>::new();
    let inputs = [&x, &h, &w, &u, &b].map(|input| tape.leaf(input));
    let [x, h, w, u, b] = inputs;
    let step = x.select(1, 2);
    let fast = Var::affine(&[(step, w), (h, u)], Some(b));
    let plain = step.matmul(w) + h.matmul(u) + b;
    assert_close(
        &fast.value().to_vec(),
        &plain.value().to_vec(),
        1e-14,
        "the value",
    );
    let bars = [fast, plain].map(|y| {
        let grads = y.square().sum().backward();
        inputs.map(|input| grads.wrt(input).expect("reached").to_vec())
    });
    for (fast, plain) in bars[0].iter().zip(&bars[1]) {
        assert_close(fast, plain, 1e-13, "a gradient");
    }
}
