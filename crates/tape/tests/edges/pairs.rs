//! Functions of two numbers at kinks, jumps, infinities and NaN: the value, and both slopes in every reading.

use std::f64::consts::{FRAC_PI_2, LN_2, PI};

use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

use crate::{INF, NAN, assert_close, assert_same};

/// Value and slopes of a function of two numbers, in every reading.
type Entry = (
    &'static str,
    for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>,
    [f64; 2],
    f64,
    [f64; 2],
);

#[test]
fn functions_of_two() {
    let table: &[Entry] = &[
        ("atan2", |y, x| y.atan2(x), [0.0, 1.0], 0.0, [1.0, 0.0]),
        ("atan2", |y, x| y.atan2(x), [0.0, 0.0], 0.0, [0.0, 0.0]),
        ("atan2", |y, x| y.atan2(x), [0.0, -0.0], PI, [0.0, 0.0]),
        ("atan2", |y, x| y.atan2(x), [-0.0, -1.0], -PI, [-1.0, 0.0]),
        (
            "atan2",
            |y, x| y.atan2(x),
            [3.0, 4.0],
            0.75_f64.atan(),
            [0.16, -0.12],
        ),
        (
            "atan2",
            |y, x| y.atan2(x),
            [3e200, 4e200],
            0.75_f64.atan(),
            [0.16e-200, -0.12e-200],
        ),
        (
            "atan2",
            |y, x| y.atan2(x),
            [INF, 1.0],
            FRAC_PI_2,
            [0.0, 0.0],
        ),
        ("atan2", |y, x| y.atan2(x), [1.0, -INF], PI, [0.0, 0.0]),
        ("atan2", |y, x| y.atan2(x), [NAN, 1.0], NAN, [NAN, NAN]),
        (
            "hypot",
            |x, y| x.hypot(y),
            [3e300, 4e300],
            5e300,
            [0.6, 0.8],
        ),
        (
            "hypot",
            |x, y| x.hypot(y),
            [3e-300, -4e-300],
            5e-300,
            [0.6, -0.8],
        ),
        ("hypot", |x, y| x.hypot(y), [0.0, -0.0], 0.0, [0.0, 0.0]),
        ("hypot", |x, y| x.hypot(y), [-2.0, 0.0], 2.0, [-1.0, 0.0]),
        ("hypot", |x, y| x.hypot(y), [INF, 1.0], INF, [NAN, 0.0]),
        (
            "logaddexp",
            |x, y| x.logaddexp(y),
            [1000.0, 1000.0],
            1000.0 + LN_2,
            [0.5, 0.5],
        ),
        (
            "logaddexp",
            |x, y| x.logaddexp(y),
            [-INF, 2.0],
            2.0,
            [0.0, 1.0],
        ),
        (
            "logaddexp",
            |x, y| x.logaddexp(y),
            [-INF, -INF],
            -INF,
            [0.0, 0.0],
        ),
        (
            "logaddexp",
            |x, y| x.logaddexp(y),
            [INF, INF],
            INF,
            [0.5, 0.5],
        ),
        (
            "logaddexp",
            |x, y| x.logaddexp(y),
            [INF, -INF],
            INF,
            [1.0, 0.0],
        ),
        (
            "logaddexp",
            |x, y| x.logaddexp(y),
            [NAN, 0.0],
            NAN,
            [NAN, NAN],
        ),
        (
            "logaddexp2",
            |x, y| x.logaddexp2(y),
            [3.0, 3.0],
            4.0,
            [0.5, 0.5],
        ),
        (
            "logaddexp2",
            |x, y| x.logaddexp2(y),
            [1.0, 0.0],
            3.0_f64.log2(),
            [2.0 / 3.0, 1.0 / 3.0],
        ),
        (
            "logaddexp2",
            |x, y| x.logaddexp2(y),
            [-INF, -INF],
            -INF,
            [0.0, 0.0],
        ),
        (
            "remainder",
            |x, y| x.remainder(y),
            [-1.0, 3.0],
            2.0,
            [1.0, 1.0],
        ),
        (
            "remainder",
            |x, y| x.remainder(y),
            [7.0, -3.0],
            -2.0,
            [1.0, 3.0],
        ),
        (
            "remainder",
            |x, y| x.remainder(y),
            [6.0, 3.0],
            0.0,
            [1.0, -2.0],
        ),
        (
            "remainder",
            |x, y| x.remainder(y),
            [1.0, 0.0],
            NAN,
            [1.0, NAN],
        ),
        ("fmod", |x, y| x.fmod(y), [-7.0, 3.0], -1.0, [1.0, 2.0]),
        ("fmod", |x, y| x.fmod(y), [1.0, INF], 1.0, [1.0, 0.0]),
        ("xlogy", |x, y| x.xlogy(y), [0.0, 0.0], 0.0, [-INF, 0.0]),
        ("xlogy", |x, y| x.xlogy(y), [0.0, NAN], 0.0, [NAN, 0.0]),
        (
            "xlog1py",
            |x, y| x.xlog1py(y),
            [0.0, -1.0],
            0.0,
            [-INF, 0.0],
        ),
        (
            "xlog1py",
            |x, y| x.xlog1py(y),
            [2.0, -1.0],
            -INF,
            [-INF, INF],
        ),
        (
            "xlog1py",
            |x, y| x.xlog1py(y),
            [2.0, 1e-20],
            2e-20,
            [1e-20, 2.0],
        ),
        (
            "copysign",
            |x, y| x.copysign(y),
            [3.0, -0.0],
            -3.0,
            [-1.0, 0.0],
        ),
        (
            "copysign",
            |x, y| x.copysign(y),
            [-3.0, -2.0],
            -3.0,
            [1.0, 0.0],
        ),
        (
            "copysign",
            |x, y| x.copysign(y),
            [0.0, -2.0],
            0.0,
            [0.0, 0.0],
        ),
        ("lerp", |x, y| x.lerp(y, 1.0), [1e17, 3.0], 3.0, [0.0, 1.0]),
        ("lerp", |x, y| x.lerp(y, 0.0), [1e17, 3.0], 1e17, [1.0, 0.0]),
        ("prelu", |x, a| x.prelu(a), [0.0, 0.5], 0.0, [0.5, 0.0]),
        ("prelu", |x, a| x.prelu(a), [-2.0, 0.5], -1.0, [0.5, -2.0]),
        (
            "a lower bound",
            |x, low| x.clamp(low, INF),
            [1.0, 2.0],
            2.0,
            [0.0, 1.0],
        ),
        (
            "a lower bound that is met",
            |x, low| x.clamp(low, INF),
            [2.0, 2.0],
            2.0,
            [0.0, 1.0],
        ),
        (
            "an upper bound",
            |x, high| x.clamp(-INF, high),
            [1.0, 2.0],
            1.0,
            [1.0, 0.0],
        ),
        (
            "an upper bound below the lower",
            |x, high| x.clamp(3.0, high),
            [5.0, 2.0],
            2.0,
            [0.0, 1.0],
        ),
        (
            "a bound of NaN",
            |x, low| x.clamp(low, 2.0),
            [1.0, NAN],
            NAN,
            [NAN, NAN],
        ),
    ];
    for (name, f, [x, y], value, slopes) in table {
        let what = format!("{name} at {x:?} and {y:?}");
        let tape = Tape::<f64>::new();
        let [x, y] = [*x, *y].map(|x| tape.leaf(&Tensor::scalar(x)));
        let z = f(x, y);
        assert_close(&[z.item()], &[*value], 1e-13, &what);
        let grads = z.backward();
        let direct = [x, y].map(|leaf| grads.wrt(leaf).expect("reached").item());
        drop(grads);
        assert_close(&direct, slopes, 1e-13, &what);
        let recorded = tape.grad(z, [x, y]).map(|bar| bar.item());
        assert_same(&recorded, &direct, &format!("{what}, recorded"));
        let forward = [x, y].map(|leaf| tape.tangent(z, &[(leaf, tape.scalar(1.0))]).item());
        assert_same(&forward, &direct, &format!("{what}, forward mode"));
    }
}

/// At a tie of two logarithms nothing is lost of the second order.
#[test]
fn curvature_where_operands_are_equal() {
    let mut tape = Tape::<f64>::new();
    let hessian = tape.hessian(&Tensor::from([1.5, 1.5]), |_, x| {
        x.select(0, 0).logaddexp(x.select(0, 1))
    });
    assert_same(&hessian.to_vec(), &[0.25, -0.25, -0.25, 0.25], "logaddexp");
    let hessian = tape.hessian(&Tensor::from([3.0, 4.0]), |_, x| {
        x.select(0, 0).hypot(x.select(0, 1))
    });
    let expected = [16.0, -12.0, -12.0, 9.0].map(|x| x / 125.0);
    assert_same(&hessian.to_vec(), &expected, "hypot");
}
