use wengert_tape::Tape;
use wengert_tape::check::refusal;
use wengert_tensor::Tensor;

use crate::{Function, INF, NAN, assert_same, orders, orders_of};

/// Value and gradient of the sum, and the gradient of the gradient's sum.
#[test]
fn rows() {
    let table: &[(&str, Function, &[f64], [&[f64]; 3])] = &[
        (
            "amax, a tie",
            |x| x.amax(&[], false),
            &[3.0, 1.0, 3.0],
            [&[3.0], &[0.5, 0.0, 0.5], &[0.0; 3]],
        ),
        (
            "amin, a tie",
            |x| x.amin(&[], false),
            &[3.0, 1.0, 1.0],
            [&[1.0], &[0.0, 0.5, 0.5], &[0.0; 3]],
        ),
        (
            "amax of NaN",
            |x| x.amax(&[], false),
            &[3.0, NAN],
            [&[NAN], &[NAN; 2], &[0.0; 2]],
        ),
        (
            "norm at 0",
            |x| x.norm(&[], false),
            &[0.0, 0.0],
            [&[0.0], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "norm",
            |x| x.norm(&[], false),
            &[3.0, 4.0],
            [&[5.0], &[0.6, 0.8], &[0.032, -0.024]],
        ),
        (
            "norm² at 0",
            |x| x.norm(&[], false).square(),
            &[0.0, 0.0],
            [&[0.0], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "1-norm at 0",
            |x| x.norm_p(1.0, &[], false),
            &[0.0, -2.0],
            [&[2.0], &[0.0, -1.0], &[0.0; 2]],
        ),
        (
            "3-norm at 0",
            |x| x.norm_p(3.0, &[], false),
            &[0.0, 0.0],
            [&[0.0], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "std of equals",
            |x| x.std(&[], 0, false),
            &[2.0, 2.0],
            [&[0.0], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "var of equals",
            |x| x.var(&[], 0, false),
            &[2.0, 2.0],
            [&[0.0], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "softmax, masked",
            |x| x.softmax(0) * &Tensor::from([1.0, 2.0]),
            &[-INF, -INF],
            [&[0.0; 2], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "softmax, one masked",
            |x| x.softmax(0) * &Tensor::from([1.0, 2.0, 3.0]),
            &[1.0, -INF, 1.0],
            [&[0.5, 0.0, 1.5], &[-0.5, 0.0, 0.5], &[0.0; 3]],
        ),
        (
            "log softmax, masked",
            |x| x.log_softmax(0),
            &[-INF, -INF],
            [&[-INF; 2], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "logsumexp, masked",
            |x| x.logsumexp(&[], false),
            &[-INF, -INF],
            [&[-INF], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "logsumexp, one masked",
            |x| x.logsumexp(&[], false),
            &[2.0, -INF],
            [&[2.0], &[1.0, 0.0], &[0.0; 2]],
        ),
        (
            "cosine at 0",
            |x| x.cosine_similarity(&Tensor::from([1.0, 2.0]), 0, 1e-8),
            &[0.0, 0.0],
            [&[0.0], &[0.0; 2], &[0.0; 2]],
        ),
    ];
    for (name, f, x, expected) in table {
        let found = orders(*f, x);
        // Nothing is said about the second derivative of NaN.
        let orders = if found[0][0].is_nan() { 2 } else { 3 };
        for (order, (found, expected)) in found.iter().zip(expected).take(orders).enumerate() {
            assert_same(found, expected, &format!("{name}, order {order}"));
        }
    }
}

/// A masked row among others, along an axis that is not the innermost.
#[test]
fn masked_columns() {
    let x = Tensor::from([[0.0, -INF], [0.0, -INF]]);
    let p = orders_of(|x| x.softmax(0).square(), &x);
    assert_same(&p[0], &[0.25, 0.0, 0.25, 0.0], "softmax");
    assert_same(&p[1], &[0.0; 4], "softmax, gradient");
    let log_p = orders_of(|x| x.log_softmax(0).select(0, 0), &x);
    assert_same(&log_p[1], &[0.5, 0.0, -0.5, 0.0], "log softmax, gradient");
    let sums = orders_of(|x| x.logsumexp(&[0], false), &x);
    assert_same(&sums[0], &[2.0_f64.ln(), -INF], "logsumexp");
    assert_same(&sums[1], &[0.5, 0.0, 0.5, 0.0], "logsumexp, gradient");
}

#[test]
fn size_zero() {
    let empty = Tensor::<f64>::zeros([2, 0]);
    assert_same(
        &orders_of(|x| x.sum_axes(&[1], false), &empty)[0],
        &[0.0; 2],
        "sum",
    );
    assert_same(
        &orders_of(|x| x.norm(&[1], false), &empty)[0],
        &[0.0; 2],
        "norm",
    );
    assert_same(
        &orders_of(|x| x.logsumexp(&[1], false), &empty)[0],
        &[-INF; 2],
        "logsumexp",
    );
    assert_same(&orders_of(|x| x.softmax(1), &empty)[0], &[], "softmax");
    assert_same(
        &orders_of(|x| x.softmax(0), &empty)[1],
        &[],
        "softmax, gradient",
    );
    assert_same(
        &orders_of(|x| x.mean_axes(&[0], false), &empty)[0],
        &[],
        "mean of no columns",
    );
    assert!(
        orders_of(|x| x.mean(), &empty)[0][0].is_nan(),
        "the mean of nothing"
    );

    let refused = refusal(|| {
        let tape = Tape::<f64>::new();
        tape.zeros([2, 0]).amax(&[1], false).item()
    });
    let message = refused.expect_err("refused").message;
    assert!(
        message.starts_with("amax: cannot reduce an axis of size 0"),
        "{message}"
    );
}
