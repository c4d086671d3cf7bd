//! A row whose cotangents are all 0 gives 0 in every reduction and at every order, also where the row is
//! NaN; and elements +∞ and probabilities of 0.

use wengert_tape::Tape;
use wengert_tape::compose::{CrossEntropy, cross_entropy_with};
use wengert_tensor::Tensor;

use crate::{Function, INF, NAN, assert_same, orders, orders_of};

macro_rules! second_row {
    ($($name:literal: $f:expr;)*) => {
        [$(($name, |x| {
            let f: Function = $f;
            f(x).slice(0, 1..2).square()
        })),*]
    };
}

#[test]
fn rows_without_a_cotangent() {
    let table: [(&str, Function); 20] = second_row! {
        "softmax": |x| x.softmax(1);
        "softmax of columns": |x| x.t().softmax(0).t();
        "log_softmax": |x| x.log_softmax(1);
        "log_softmax of columns": |x| x.t().log_softmax(0).t();
        "logsumexp": |x| x.logsumexp(&[1], true);
        "norm": |x| x.norm(&[1], true);
        "norm_p": |x| x.norm_p(3.0, &[1], true);
        "largest": |x| x.norm_p(INF, &[1], true);
        "var": |x| x.var(&[1], 0, true);
        "std": |x| x.std(&[1], 1, true);
        "amax": |x| x.amax(&[1], true);
        "amin": |x| x.amin(&[1], true);
        "prod": |x| x.prod(&[1], true);
        "cumsum": |x| x.cumsum(1);
        "cumprod": |x| x.cumprod(1);
        "logcumsumexp": |x| x.logcumsumexp(1);
        "median": |x| x.median(&[1], true);
        "entropy": |x| x.entropy(1).unsqueeze(1);
        "layer_norm": |x| x.layer_norm(1, None, None, 1e-5);
        "rms_norm": |x| x.rms_norm(None, 1e-5);
    };
    for (name, f) in table {
        for bad in [
            [NAN, NAN, NAN],
            [NAN, 1.0, 2.0],
            [INF, INF, 1.0],
            [-INF, INF, NAN],
        ] {
            let rows = |first: [f64; 3]| Tensor::from([first, [2.0, 3.5, 3.0]]);
            let found = orders_of(f, &rows(bad));
            let expected = orders_of(f, &rows([1.0, 2.0, 4.0]));
            // A composition of ops absorbs at the first order alone.
            let orders = if name.ends_with("_norm") { 1 } else { 2 };
            for order in 1..=orders {
                let what = format!("{name} of {bad:?}, order {order}");
                assert_same(&found[order][..3], &[0.0; 3], &what);
                assert_same(&found[order][3..], &expected[order][3..], &what);
                assert!(expected[order][3..].iter().all(|x| x.is_finite()), "{what}");
            }
            let tape = Tape::<f64>::new();
            let x = tape.leaf(&rows(bad));
            let y = f(x);
            let only = tape.constant(&Tensor::from([[0.0; 3], [1.0, 2.0, -1.0]]));
            assert!(
                tape.tangent(y, &[(x, only)])
                    .value()
                    .iter()
                    .all(|y| y.is_finite()),
                "{name}"
            );
        }
    }
}

#[test]
fn ignored_targets_of_rows_that_are_nan() {
    let options = CrossEntropy {
        ignore_index: Some(-100),
        ..CrossEntropy::default()
    };
    let loss: Function = |x| {
        let options = CrossEntropy {
            ignore_index: Some(-100),
            ..CrossEntropy::default()
        };
        cross_entropy_with(x, &Tensor::from([-100_i64, 0]), options)
    };
    let found = orders_of(loss, &Tensor::from([[NAN, 1.0], [0.0, 0.0]]));
    assert_same(&found[0], &[2.0_f64.ln()], "loss");
    assert_same(&found[1], &[0.0, 0.0, -0.5, 0.5], "gradient");
    assert_same(&found[2], &[0.0; 4], "second derivative");
    let smooth = CrossEntropy {
        label_smoothing: 0.1,
        ..options
    };
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([[NAN, 1.0], [0.0, 0.0]]));
    let loss = cross_entropy_with(x, &Tensor::from([-100_i64, 0]), smooth);
    let x_bar = loss.backward().wrt(x).expect("reached").to_vec();
    assert_same(&x_bar, &[0.0, 0.0, -0.45, 0.45], "smoothed");
}

/// A cotangent that is 0 here still has a slope: the transpose of the reverse rule is forward mode.
#[test]
fn zero_is_a_cotangent_like_any_other() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    let v = tape.leaf(&Tensor::from([0.0, 0.0]));
    let [x_bar] = tape.grad((x.softmax(0) * v).sum(), [x]);
    assert_same(&x_bar.value().to_vec(), &[0.0; 2], "gradient");
    let v_bar = x_bar
        .select(0, 0)
        .backward()
        .wrt(v)
        .expect("reached")
        .to_vec();
    let p = 1.0 / (1.0 + 1.0_f64.exp());
    assert_same(
        &v_bar,
        &[p * (1.0 - p), -p * (1.0 - p)],
        "of the gradient by the cotangent",
    );
}

/// The limit where elements grow together: these share equally.
#[test]
fn infinite_logits_share() {
    let table: &[(&str, Function, &[f64], [&[f64]; 2])] = &[
        (
            "softmax",
            |x| x.softmax(0),
            &[1.0, INF, -INF],
            [&[0.0, 1.0, 0.0], &[0.0; 3]],
        ),
        (
            "softmax, two",
            |x| x.softmax(0) * &Tensor::from([2.0, 0.0, 0.0]),
            &[INF, 1.0, INF],
            [&[1.0, 0.0, 0.0], &[0.5, 0.0, -0.5]],
        ),
        (
            "log_softmax",
            |x| x.log_softmax(0).select(0, 1),
            &[1.0, INF],
            [&[0.0], &[0.0, 0.0]],
        ),
        (
            "log_softmax, two",
            |x| x.log_softmax(0).select(0, 1),
            &[INF, INF],
            [&[-std::f64::consts::LN_2], &[-0.5, 0.5]],
        ),
        (
            "logsumexp",
            |x| x.logsumexp(&[], false),
            &[1.0, INF],
            [&[INF], &[0.0, 1.0]],
        ),
        (
            "logsumexp, two",
            |x| x.logsumexp(&[], false),
            &[INF, INF],
            [&[INF], &[0.5, 0.5]],
        ),
        (
            "softmax of NaN",
            |x| x.softmax(0),
            &[INF, NAN],
            [&[NAN; 2], &[NAN; 2]],
        ),
    ];
    for (name, f, x, expected) in table {
        let found = orders(*f, x);
        for order in [0, 1] {
            assert_same(
                &found[order],
                expected[order],
                &format!("{name}, order {order}"),
            );
        }
    }
    let x = Tensor::from_fn([3, 20], |at| if at[0] == 1 { f32::INFINITY } else { 1.0 });
    let tape = Tape::<f32>::new();
    let p = tape.constant(&x).softmax(0).value().to_vec();
    assert!(
        p.iter()
            .enumerate()
            .all(|(at, &p)| p == f32::from(u8::from(at / 20 == 1))),
        "{p:?}"
    );
}

#[test]
fn probabilities_of_zero() {
    let ln2 = 2.0_f64.ln();
    let found = orders(|x| x.entropy(0), &[7.0, 7.0, -INF]);
    assert_same(&found[0], &[ln2], "entropy");
    assert_same(&found[1], &[0.0; 3], "entropy, gradient");
    assert_same(&found[2], &[0.0; 3], "entropy, second derivative");
    // Two classes with p = e⁻¹ / (1 + e⁻¹): the slope in the first logit is −p q ln(q / p) · −1.
    let p = 1.0 / (1.0 + 1.0_f64.exp());
    let q = 1.0 - p;
    let found = orders(|x| x.entropy(0), &[1.0, 0.0, -INF]);
    assert_same(&found[0], &[-p * p.ln() - q * q.ln()], "entropy");
    assert_same(&found[1], &[-p * q, p * q, 0.0], "entropy, gradient");
    let far = orders(|x| x.entropy(0), &[0.0, 1000.0]);
    assert_same(&far[1], &[0.0; 2], "entropy far out, gradient");

    let tape = Tape::<f64>::new();
    let [x, y] = [[0.0, 2.0, 0.0, 0.5], [0.0, 3.0, NAN, 0.0]].map(|x| tape.leaf(&Tensor::from(x)));
    let z = x.xlogy(y);
    assert_same(
        &z.value().to_vec(),
        &[0.0, 2.0 * 3.0_f64.ln(), 0.0, -INF],
        "xlogy",
    );
    let [x_bar, y_bar] = tape.grad(z.sum(), [x, y]);
    assert_same(
        &x_bar.value().to_vec(),
        &[-INF, 3.0_f64.ln(), NAN, -INF],
        "xlogy in x",
    );
    assert_same(
        &y_bar.value().to_vec(),
        &[0.0, 2.0 / 3.0, 0.0, INF],
        "xlogy in y",
    );
}
