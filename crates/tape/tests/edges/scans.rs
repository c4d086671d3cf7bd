//! Products, scans, quantiles, masks and segments where they are hard: zeros, ties, what is not finite, and
//! nothing at all, at first and second order, in both types.

use wengert_tape::compose::scan;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Tensor};

use crate::{Function, INF, NAN, assert_close, assert_same, orders, orders_of};

/// Rows of a table: the function, the place, its value, the gradient of its sum and the gradient of that's sum.
type Rows<'a> = &'a [(&'a str, Function, &'a [f64], [&'a [f64]; 3])];

fn check(table: Rows<'_>) {
    for (name, f, x, expected) in table {
        for (order, (found, expected)) in orders(*f, x).iter().zip(expected).enumerate() {
            assert_same(found, expected, &format!("{name}, order {order}"));
        }
    }
}

/// Weights, so that the parts of a gradient do not look alike.
fn weighed(y: Var<'_, f64>) -> Var<'_, f64> {
    let weights: Vec<f64> = (0..y.size())
        .map(|k| [1.0, 10.0, 100.0, 1000.0][k % 4])
        .collect();
    (y * &Tensor::from(weights)).sum()
}

#[test]
fn products_of_zeros() {
    check(&[
        (
            "prod without a zero",
            |x| x.prod(&[], false),
            &[2.0, 3.0, 4.0],
            [&[24.0], &[12.0, 8.0, 6.0], &[7.0, 6.0, 5.0]],
        ),
        (
            "prod with one",
            |x| x.prod(&[], false),
            &[2.0, 0.0, 4.0],
            [&[0.0], &[0.0, 8.0, 0.0], &[4.0, 6.0, 2.0]],
        ),
        (
            "prod with two",
            |x| x.prod(&[], false),
            &[0.0, 0.0, 4.0],
            [&[0.0], &[0.0; 3], &[4.0, 4.0, 0.0]],
        ),
        (
            "prod with three",
            |x| x.prod(&[], false),
            &[0.0, 0.0, 0.0],
            [&[0.0], &[0.0; 3], &[0.0; 3]],
        ),
        (
            "prod of one",
            |x| x.prod(&[], false),
            &[0.0],
            [&[0.0], &[1.0], &[0.0]],
        ),
        (
            "prod of none",
            |x| x.prod(&[], false),
            &[],
            [&[1.0], &[], &[]],
        ),
        (
            "cumprod with one",
            weigh_cumprod,
            &[2.0, 0.0, 3.0],
            [&[2.0], &[1.0, 620.0, 0.0], &[310.0, 510.0, 200.0]],
        ),
        (
            "cumprod with two",
            weigh_cumprod,
            &[0.0, 0.0, 3.0],
            [&[0.0], &[1.0, 0.0, 0.0], &[310.0, 310.0, 0.0]],
        ),
        (
            "cumprod with three",
            weigh_cumprod,
            &[0.0, 0.0, 0.0],
            [&[0.0], &[1.0, 0.0, 0.0], &[10.0, 10.0, 0.0]],
        ),
    ]);
}

fn weigh_cumprod(x: Var<'_, f64>) -> Var<'_, f64> {
    weighed(x.cumprod(0))
}

/// The third derivative of x₀ x₁ x₂ x₃ where three are 0, by all three.
#[test]
fn third_order_at_zeros() {
    for product in [(|x| x.prod(&[], false)) as Function, |x| {
        x.cumprod(0).select(0, -1)
    }] {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(&Tensor::from([0.0, 7.0, 0.0, 0.0]));
        let mut y = product(x);
        for at in [0, 2, 3] {
            let [bar] = tape.grad(y, [x]);
            y = bar.select(0, at);
        }
        assert_eq!(y.item(), 7.0);
    }
}

/// Slopes are products of others: right where the whole product is out of range.
#[test]
fn slopes_beside_products_out_of_range() {
    let found = orders(|x| x.prod(&[], false), &[1e200, 1e200, 1e-300, 1e-250]);
    assert_close(&found[0], &[1e-150], 1e-12, "prod");
    let expected = [0.0, 0.0, 1e150, 1e100];
    assert_close(&found[1][2..], &expected[2..], 1e-12, "the slopes");
    let far = orders(|x| x.prod(&[], false), &[INF, 2.0, 3.0]);
    assert_same(&far[0], &[INF], "prod with ∞");
    assert_same(&far[1], &[6.0, INF, INF], "prod with ∞, gradient");
    let nan = orders(|x| x.prod(&[], false), &[NAN, 2.0, 3.0]);
    assert_same(&nan[1], &[6.0, NAN, NAN], "prod with NaN, gradient");
    let both = orders(|x| x.prod(&[], false), &[INF, 0.0]);
    assert_same(&both[0], &[NAN], "∞ · 0");
    assert_same(&both[1], &[0.0, INF], "∞ · 0, gradient");
}

/// What stands behind a place does not change it, nor its gradient, also where it is not finite.
#[test]
fn nothing_flows_from_what_is_not_asked_for() {
    let table: [(&str, Function); 7] = [
        ("cumsum", |x| x.cumsum(0)),
        ("cumprod", |x| x.cumprod(0)),
        ("logcumsumexp", |x| x.logcumsumexp(0)),
        ("cummax", |x| x.cummax(0).0),
        ("cummin", |x| x.cummin(0).0),
        ("linear_recurrence", |x| x.linear_recurrence(0.5, 0)),
        ("linear_recurrence by itself", |x| x.linear_recurrence(x, 0)),
    ];
    for (name, f) in table {
        for bad in [NAN, INF, -INF] {
            let tape = Tape::<f64>::new();
            let x = tape.leaf(&Tensor::from([0.5, 2.0, bad, 1.0]));
            let y = f(x).slice(0, ..2).square().sum();
            let [x_bar] = tape.grad(y, [x]);
            let [again] = tape.grad(x_bar.sum(), [x]);
            let short = tape.leaf(&Tensor::from([0.5, 2.0]));
            let y = f(short).square().sum();
            let [short_bar] = tape.grad(y, [short]);
            let [short_again] = tape.grad(short_bar.sum(), [short]);
            for (order, found, expected) in [(1, x_bar, short_bar), (2, again, short_again)] {
                let expected = [expected.value().to_vec(), vec![0.0; 2]].concat();
                let what = format!("{name} before {bad}, order {order}");
                assert_same(&found.value().to_vec(), &expected, &what);
            }
        }
    }
}

#[test]
fn running_logarithms() {
    let ln_2 = 2.0_f64.ln();
    check(&[
        (
            "logcumsumexp, masked",
            |x| x.logcumsumexp(0),
            &[-INF, -INF],
            [&[-INF; 2], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "logcumsumexp, masked at the start",
            |x| x.logcumsumexp(0),
            &[-INF, 2.0, 2.0],
            [&[-INF, 2.0, 2.0 + ln_2], &[0.0, 1.5, 0.5], &[0.0; 3]],
        ),
        (
            "logcumsumexp, masked between",
            |x| weighed(x.logcumsumexp(0)),
            &[2.0, -INF, 2.0],
            [&[222.0 + 100.0 * ln_2], &[61.0, 0.0, 50.0], &[0.0; 3]],
        ),
        (
            "logcumsumexp of +∞",
            |x| x.logcumsumexp(0),
            &[1.0, INF, 3.0, INF],
            [&[1.0, INF, INF, INF], &[1.0, 2.5, 0.0, 0.5], &[0.0; 4]],
        ),
        (
            "logcumsumexp of NaN",
            |x| x.logcumsumexp(0),
            &[NAN],
            [&[NAN], &[NAN], &[NAN]],
        ),
    ]);
    // Far out y has no digits left for the shares.
    let found = orders(|x| x.logcumsumexp(0).select(0, 1), &[1e18, 1e18]);
    assert_same(&found[1], &[0.5, 0.5], "far out");
    let found = orders(|x| weighed(x.logcumsumexp(0)), &[0.0, 3.0_f64.ln()]);
    assert_same(&found[1], &[1.0 + 10.0 / 4.0, 30.0 / 4.0], "shares");
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::from([1e6_f32, 1e6, 1e6]));
    let x_bar = x
        .logcumsumexp(0)
        .select(0, 2)
        .backward()
        .wrt(x)
        .expect("reached");
    assert!(
        x_bar.allclose(&Tensor::full([3], 1.0 / 3.0), 1e-6, 0.0),
        "{x_bar:?}"
    );
}

#[test]
fn extremes_and_their_places() {
    check(&[
        (
            "cummax, ties",
            |x| weighed(x.cummax(0).0),
            &[1.0, 3.0, 3.0, 2.0],
            [&[3331.0], &[1.0, 1110.0, 0.0, 0.0], &[0.0; 4]],
        ),
        (
            "cummin of NaN",
            |x| weighed(x.cummin(0).0.slice(0, 1..)),
            &[1.0, 3.0, NAN, 2.0],
            [&[NAN], &[1.0, 0.0, 110.0, 0.0], &[0.0; 4]],
        ),
        (
            "max_axis, a tie",
            |x| x.max_axis(0, false).0,
            &[3.0, 1.0, 3.0],
            [&[3.0], &[1.0, 0.0, 0.0], &[0.0; 3]],
        ),
        (
            "min_axis of NaN",
            |x| x.min_axis(0, true).0,
            &[3.0, NAN, 1.0],
            [&[NAN], &[0.0, 1.0, 0.0], &[0.0; 3]],
        ),
        (
            "median, a tie",
            |x| x.median(&[], false),
            &[5.0, 1.0, 5.0, 5.0],
            [&[5.0], &[1.0, 0.0, 0.0, 0.0], &[0.0; 4]],
        ),
        (
            "median, two",
            |x| x.median(&[], false),
            &[5.0, 1.0, 2.0, 7.0],
            [&[3.5], &[0.5, 0.0, 0.5, 0.0], &[0.0; 4]],
        ),
        (
            "median of NaN",
            |x| x.median(&[], false),
            &[5.0, NAN, 2.0, NAN],
            [&[NAN], &[0.0, 1.0, 0.0, 0.0], &[0.0; 4]],
        ),
        (
            "quantile between infinities",
            |x| x.quantile(&[0.5, 0.75], &[], false),
            &[INF, INF, -INF, 1.0],
            [&[INF, INF], &[1.5, 0.0, 0.0, 0.5], &[0.0; 4]],
        ),
        (
            "quantiles at the ends",
            |x| weighed(x.quantile(&[0.0, 1.0], &[], false)),
            &[4.0, -1.0, 2.0],
            [&[39.0], &[10.0, 1.0, 0.0], &[0.0; 3]],
        ),
    ]);
    let refused = [
        (|x| x.median(&[], false)) as Function,
        |x| x.max_axis(0, false).0,
        |x| x.quantile(&[0.5], &[], false),
    ];
    for f in refused {
        let refused = wengert_tape::check::refusal(|| {
            let tape = Tape::<f64>::new();
            f(tape.zeros([0])).size()
        });
        assert!(refused.is_err());
    }
}

#[test]
fn norms_of_every_order() {
    check(&[
        (
            "0-norm",
            |x| x.norm_p(0.0, &[], false) + 0.0 * x.sum(),
            &[0.0, -2.0, 3.0],
            [&[2.0], &[0.0; 3], &[0.0; 3]],
        ),
        (
            "−∞-norm, a tie",
            |x| x.norm_p(-INF, &[], false),
            &[-2.0, 2.0, 3.0],
            [&[2.0], &[-0.5, 0.5, 0.0], &[0.0; 3]],
        ),
        (
            "−1-norm at 0",
            |x| x.norm_p(-1.0, &[], false),
            &[0.0, 2.0],
            [&[0.0], &[0.0; 2], &[0.0; 2]],
        ),
        (
            "−1-norm beside ∞",
            |x| x.norm_p(-1.0, &[], false),
            &[INF, 2.0],
            [&[2.0], &[0.0, 1.0], &[0.0; 2]],
        ),
        (
            "−1-norm",
            |x| x.norm_p(-1.0, &[], false),
            &[1.0, 1.0],
            [&[0.5], &[0.25; 2], &[0.0; 2]],
        ),
        (
            "½-norm at a 0",
            |x| x.norm_p(0.5, &[], false),
            &[0.0, 4.0],
            [&[4.0], &[0.0, 1.0], &[0.0; 2]],
        ),
    ]);
}

/// Equal numbers whose mean is rounded have no deviation, and no slope.
#[test]
fn deviations_of_equals() {
    for value in [0.1, 1.0 / 3.0, 1e300, 7e-310] {
        let x = Tensor::from([value; 3]);
        let table: [Function; 3] = [
            |x| x.std(&[], 0, false),
            |x| x.std(&[], 1, false),
            |x| x.masked_std(&Tensor::from([true; 3]), &[], 0, false),
        ];
        for f in table {
            let found = orders_of(f, &x);
            assert_same(&found[0], &[0.0], "std");
            assert_same(&found[1], &[0.0; 3], "the slopes");
            assert_same(&found[2], &[0.0; 3], "the second derivative");
        }
    }
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::full([10], 0.1_f32));
    let y = x.std(&[], 0, false);
    assert_eq!(y.item(), 0.0);
    assert_eq!(y.backward().wrt(x).expect("reached"), Tensor::zeros([10]));
    // A mean that the type rounds leaves the slopes their digits.
    let x = tape.leaf(&Tensor::from([1000.0_f32, 1000.0 + 6.1035156e-5]));
    let x_bar = x.std(&[], 0, false).backward().wrt(x).expect("reached");
    assert!(
        x_bar.allclose(&Tensor::from([-0.5, 0.5]), 1e-6, 0.0),
        "{x_bar:?}"
    );
}

#[test]
fn masked_elements_do_not_matter() {
    fn mask() -> Tensor<bool> {
        Tensor::from([true, false, true, false])
    }
    let table: [(&str, Function, Function); 4] = [
        (
            "masked_mean",
            |x| x.masked_mean(&mask(), &[], false).square(),
            |x| x.mean().square(),
        ),
        (
            "masked_var",
            |x| x.masked_var(&mask(), &[], 1, false).square(),
            |x| x.var(&[], 1, false).square(),
        ),
        (
            "masked_std",
            |x| x.masked_std(&mask(), &[], 0, false).square(),
            |x| x.std(&[], 0, false).square(),
        ),
        (
            "masked_var, kept",
            |x| x.masked_var(&mask(), &[0], 0, true),
            |x| x.var(&[0], 0, true),
        ),
    ];
    for (name, masked, plain) in table {
        for (bad, worse) in [(1.0, -2.0), (NAN, INF), (-INF, NAN), (1e308, -1e308)] {
            let found = orders(masked, &[1.5, bad, 4.0, worse]);
            let expected = orders(plain, &[1.5, 4.0]);
            assert_close(&found[0], &expected[0], 1e-14, name);
            for order in [1, 2] {
                let expected = [expected[order][0], 0.0, expected[order][1], 0.0];
                assert_close(
                    &found[order],
                    &expected,
                    1e-14,
                    &format!("{name}, order {order}"),
                );
            }
        }
    }
    check(&[
        (
            "nansum",
            |x| x.nansum(&[], false).square(),
            &[1.0, NAN, 2.0],
            [&[9.0], &[6.0, 0.0, 6.0], &[4.0, 0.0, 4.0]],
        ),
        (
            "nanmean",
            |x| x.nanmean(&[], false).square(),
            &[1.0, NAN, 3.0],
            [&[4.0], &[2.0, 0.0, 2.0], &[1.0, 0.0, 1.0]],
        ),
        (
            "nanmean of NaN",
            |x| x.nanmean(&[], false),
            &[NAN, NAN],
            [&[NAN], &[0.0; 2], &[0.0; 2]],
        ),
    ]);
}

#[test]
fn segments() {
    fn ids() -> Tensor<i64> {
        Tensor::from([2, 0, 2, 0])
    }
    check(&[
        (
            "segment_sum, one empty",
            |x| x.segment_sum(&ids(), 3).square(),
            &[1.0, 2.0, 3.0, 4.0],
            [&[36.0, 0.0, 16.0], &[8.0, 12.0, 8.0, 12.0], &[4.0; 4]],
        ),
        (
            "segment_mean, one empty",
            |x| x.segment_mean(&ids(), 3),
            &[1.0, 2.0, 3.0, 4.0],
            [&[3.0, 0.0, 2.0], &[0.5; 4], &[0.0; 4]],
        ),
        (
            "segment_max, a tie and one empty",
            |x| x.segment_max(&ids(), 3),
            &[1.0, 2.0, 1.0, 4.0],
            [&[4.0, -INF, 1.0], &[0.5, 0.0, 0.5, 1.0], &[0.0; 4]],
        ),
        (
            "segment_min of NaN",
            |x| x.segment_min(&ids(), 3).slice(0, ..1),
            &[NAN, 2.0, 1.0, 4.0],
            [&[2.0], &[0.0, 1.0, 0.0, 0.0], &[0.0; 4]],
        ),
        (
            "segment_softmax, one masked",
            |x| weighed(x.segment_softmax(&ids(), 3)),
            &[0.0, -INF, 0.0, -INF],
            [&[50.5], &[-24.75, 0.0, 24.75, 0.0], &[0.0; 4]],
        ),
    ]);
    let nan = orders(|x| x.segment_max(&Tensor::from([0, 0]), 1), &[NAN, 1.0]);
    assert_same(&nan[0], &[NAN], "segment_max of NaN");
    assert_same(&nan[1], &[NAN, NAN], "segment_max of NaN, gradient");
}

#[test]
fn size_zero() {
    let empty = Tensor::<f64>::zeros([2, 0]);
    let table: [Function; 7] = [
        |x| x.cumsum(1),
        |x| x.cumprod(1),
        |x| x.logcumsumexp(1),
        |x| x.cummax(1).0,
        |x| x.linear_recurrence(2.0, 1),
        |x| x.diff(1, 1),
        |x| x.diff(3, 0),
    ];
    for f in table {
        let found = orders_of(f, &empty);
        assert_same(&found[0], &[], "the value");
        assert_same(&found[1], &[], "the gradient");
    }
    assert_same(
        &orders_of(|x| x.prod(&[1], false), &empty)[0],
        &[1.0; 2],
        "prod",
    );
    assert_same(
        &orders_of(|x| x.std(&[1], 0, false), &empty)[0],
        &[NAN; 2],
        "std",
    );
    let none = orders_of(
        |x| x.masked_var(&Tensor::full([2, 0], true), &[1], 0, false),
        &empty,
    );
    assert_same(&none[0], &[NAN; 2], "masked_var");
}

/// Counts and what elements are like.
#[test]
fn counts() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([[0.0, NAN], [-0.0, INF]]));
    assert_eq!(x.count_nonzero(&[], false).item(), 2);
    assert_eq!(x.count_nonzero(&[0], true), Tensor::from([[0, 2]]));
    assert!(x.is_nan().any() && !x.is_finite().all());
    assert_eq!(
        x.is_nan().any_axes(&[1], false),
        Tensor::from([true, false])
    );
    let (least, greatest) = x.nan_to_num(1.0, -2.0, 7.0).aminmax(&[], false);
    assert_eq!((least.item(), greatest.item()), (0.0, 7.0));
}

fn recurrent<T: Float>(tape: &Tape<T>) -> [Vec<f64>; 3] {
    let wide = |x: &Tensor<T>| x.iter().map(T::to_f64).collect::<Vec<_>>();
    let x = Tensor::from_fn([2, 4], |at| {
        T::from_f64(0.3 * (at[0] + 2 * at[1]) as f64 - 1.0)
    });
    let x = tape.leaf(&x);
    let start = vec![tape.zeros([2]), tape.ones([2])];
    let inputs = (x, [x.square()]);
    let (state, (outputs, products)) = scan(start, &inputs, 1, |state, (x, [square])| {
        let next = (state[0] * 0.5 + x).tanh();
        (vec![next, state[1] * next], (next, [next * square]))
    });
    // The same by hand.
    let (mut h, mut product, mut seen) = (tape.zeros([2]), tape.ones([2]), Vec::new());
    for at in 0..4 {
        h = (h * 0.5 + x.select(1, at)).tanh();
        product *= h;
        seen.push(h);
    }
    let plain = Var::stack(&seen, 1);
    assert_eq!(outputs.shape(), [2, 4]);
    assert_eq!(wide(&outputs.value()), wide(&plain.value()));
    assert_eq!(wide(&state[1].value()), wide(&product.value()));
    let expected = plain * x.square();
    assert_eq!(wide(&products[0].value()), wide(&expected.value()));
    let losses = [
        (products[0].square().sum() + state[1].sum()),
        (expected.square().sum() + product.sum()),
    ];
    let [found, expected] = losses.map(|loss| {
        let [bar] = tape.grad(loss, [x]);
        let [again] = tape.grad(bar.square().sum(), [x]);
        [bar, again].map(|bar| wide(&bar.value()))
    });
    for order in 0..2 {
        assert_close(&found[order], &expected[order], 1e-6, "a gradient");
    }
    [wide(&outputs.value()), found[0].clone(), found[1].clone()]
}

/// A loop with a state is the loop written out, and the same in both types.
#[test]
fn a_scan_is_a_loop() {
    let (wide, narrow) = (
        recurrent(&Tape::<f64>::new()),
        recurrent(&Tape::<f32>::new()),
    );
    for (wide, narrow) in wide.iter().zip(&narrow) {
        assert_close(narrow, wide, 1e-5, "in f32");
    }
}
