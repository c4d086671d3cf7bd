//! Elementary functions at kinks, poles, jumps, infinities and NaN, entry by entry: value, slope and second
//! derivative; and what changes the gradient alone.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, FRAC_PI_4, LN_2, PI};

use wengert_tape::Tape;
use wengert_tensor::Tensor;

use crate::{Function, INF, NAN, assert_close, orders};

/// A slope that nothing is said about.
const ANY: f64 = 1e301;

fn check(table: &[(&str, Function, f64, [f64; 3])]) {
    for (name, f, x, expected) in table {
        let found = orders(*f, &[*x]);
        for (order, (found, &expected)) in found.iter().zip(expected).enumerate() {
            if expected != ANY {
                let what = format!("{name} at {x:?}, order {order}");
                assert_close(found, &[expected], 1e-13, &what);
            }
        }
    }
}

#[test]
fn kinks_and_jumps() {
    check(&[
        ("sign", |x| x.sign(), 0.0, [0.0, 0.0, 0.0]),
        ("sign", |x| x.sign(), -INF, [-1.0, 0.0, 0.0]),
        ("sign", |x| x.sign(), NAN, [NAN, 0.0, 0.0]),
        ("floor", |x| x.floor(), 2.0, [2.0, 0.0, 0.0]),
        ("floor", |x| x.floor(), INF, [INF, 0.0, 0.0]),
        ("ceil", |x| x.ceil(), 2.0, [2.0, 0.0, 0.0]),
        ("ceil", |x| x.ceil(), NAN, [NAN, 0.0, 0.0]),
        ("round", |x| x.round_ties_even(), 2.5, [2.0, 0.0, 0.0]),
        ("round", |x| x.round_ties_even(), -0.5, [0.0, 0.0, 0.0]),
        ("trunc", |x| x.trunc(), -1.0, [-1.0, 0.0, 0.0]),
        ("fract", |x| x.fract(), -1.0, [0.0, 1.0, 0.0]),
        ("fract", |x| x.fract(), INF, [NAN, 1.0, 0.0]),
        ("cbrt", |x| x.cbrt(), 0.0, [0.0, INF, ANY]),
        ("cbrt", |x| x.cbrt(), -0.0, [0.0, INF, ANY]),
        (
            "selu",
            |x| x.selu(),
            0.0,
            [0.0, 1.758_099_340_847_376_6, 1.758_099_340_847_376_6],
        ),
        (
            "selu",
            |x| x.selu(),
            INF,
            [INF, 1.050_700_987_355_480_5, 0.0],
        ),
        ("selu", |x| x.selu(), NAN, [NAN, ANY, ANY]),
        ("celu", |x| x.celu(2.0), 0.0, [0.0, 1.0, 0.5]),
        ("celu", |x| x.celu(2.0), -INF, [-2.0, 0.0, 0.0]),
        ("hardtanh", |x| x.hardtanh(), 1.0, [1.0, 0.0, 0.0]),
        ("hardtanh", |x| x.hardtanh(), NAN, [NAN, NAN, ANY]),
        ("relu6", |x| x.relu6(), 0.0, [0.0, 0.0, 0.0]),
        ("relu6", |x| x.relu6(), 6.0, [6.0, 0.0, 0.0]),
        ("hardsigmoid", |x| x.hardsigmoid(), -3.0, [0.0, 0.0, 0.0]),
        ("hardsigmoid", |x| x.hardsigmoid(), 3.0, [1.0, 0.0, 0.0]),
        ("hardsigmoid", |x| x.hardsigmoid(), INF, [1.0, 0.0, 0.0]),
        ("hardswish", |x| x.hardswish(), -3.0, [0.0, 0.0, 0.0]),
        ("hardswish", |x| x.hardswish(), 3.0, [3.0, 1.0, 0.0]),
        ("hardswish", |x| x.hardswish(), 0.0, [0.0, 0.5, 1.0 / 3.0]),
        ("hardswish", |x| x.hardswish(), -INF, [0.0, 0.0, 0.0]),
        ("hardswish", |x| x.hardswish(), INF, [INF, 1.0, 0.0]),
        ("hardshrink", |x| x.hardshrink(0.5), 0.5, [0.0, 0.0, 0.0]),
        (
            "hardshrink",
            |x| x.hardshrink(0.5),
            -0.75,
            [-0.75, 1.0, 0.0],
        ),
        ("hardshrink", |x| x.hardshrink(0.5), NAN, [NAN, NAN, ANY]),
        ("softshrink", |x| x.softshrink(0.5), -0.5, [0.0, 0.0, 0.0]),
        ("softshrink", |x| x.softshrink(0.5), -INF, [-INF, 1.0, 0.0]),
        ("softshrink", |x| x.softshrink(0.5), NAN, [NAN, NAN, ANY]),
        ("threshold", |x| x.threshold(1.0, 5.0), 1.0, [5.0, 0.0, 0.0]),
        ("threshold", |x| x.threshold(1.0, 5.0), NAN, [NAN, NAN, ANY]),
        ("softsign", |x| x.softsign(), 0.0, [0.0, 1.0, 0.0]),
        ("softsign", |x| x.softsign(), -INF, [-1.0, 0.0, 0.0]),
        ("prelu", |x| x.prelu(0.25), 0.0, [0.0, 0.25, 0.0]),
        ("i0e", |x| x.i0e(), 0.0, [1.0, 0.0, ANY]),
        ("i1e", |x| x.i1e(), 0.0, [0.0, 0.5, 0.0]),
        (
            "a number for NaN",
            |x| x.nan_to_num(3.0, -1.0, 1.0),
            NAN,
            [3.0, 0.0, 0.0],
        ),
        (
            "a number for −∞",
            |x| x.nan_to_num(3.0, -1.0, 1.0),
            -INF,
            [-1.0, 0.0, 0.0],
        ),
        (
            "a number",
            |x| x.nan_to_num(3.0, -1.0, 1.0),
            -2.0,
            [-2.0, 1.0, 0.0],
        ),
    ]);
}

#[test]
fn poles_and_ends() {
    let sqrt3 = 3.0_f64.sqrt();
    check(&[
        ("sin", |x| x.sin(), INF, [NAN, NAN, NAN]),
        ("cos", |x| x.cos(), 0.0, [1.0, 0.0, -1.0]),
        ("tan", |x| x.tan(), FRAC_PI_4, [1.0, 2.0, 4.0]),
        ("asin", |x| x.asin(), 1.0, [FRAC_PI_2, INF, INF]),
        ("asin", |x| x.asin(), -1.0, [-FRAC_PI_2, INF, -INF]),
        ("asin", |x| x.asin(), 2.0, [NAN, NAN, NAN]),
        (
            "asin",
            |x| x.asin(),
            FRAC_1_SQRT_2,
            [FRAC_PI_4, 2.0_f64.sqrt(), 2.0],
        ),
        ("acos", |x| x.acos(), 1.0, [0.0, -INF, -INF]),
        ("acos", |x| x.acos(), -1.0, [PI, -INF, INF]),
        ("atan", |x| x.atan(), -INF, [-FRAC_PI_2, 0.0, 0.0]),
        ("atan", |x| x.atan(), 1.0, [FRAC_PI_4, 0.5, -0.5]),
        ("atan", |x| x.atan(), 1e200, [FRAC_PI_2, 0.0, 0.0]),
        ("sinh", |x| x.sinh(), -INF, [-INF, INF, -INF]),
        ("cosh", |x| x.cosh(), 800.0, [INF, INF, INF]),
        (
            "asinh",
            |x| x.asinh(),
            1e308,
            [1e308_f64.ln() + LN_2, 1e-308, 0.0],
        ),
        ("asinh", |x| x.asinh(), INF, [INF, 0.0, ANY]),
        ("acosh", |x| x.acosh(), 1.0, [0.0, INF, -INF]),
        (
            "acosh",
            |x| x.acosh(),
            2.0,
            [(2.0 + sqrt3).ln(), 1.0 / sqrt3, -2.0 / (3.0 * sqrt3)],
        ),
        ("acosh", |x| x.acosh(), 0.5, [NAN, NAN, NAN]),
        (
            "acosh",
            |x| x.acosh(),
            1e308,
            [1e308_f64.ln() + LN_2, 1e-308, 0.0],
        ),
        ("atanh", |x| x.atanh(), 1.0, [INF, INF, INF]),
        ("atanh", |x| x.atanh(), -1.0, [-INF, INF, -INF]),
        ("atanh", |x| x.atanh(), 1.5, [NAN, NAN, NAN]),
        ("log2", |x| x.log2(), 0.0, [-INF, INF, -INF]),
        ("log2", |x| x.log2(), -0.0, [-INF, INF, -INF]),
        ("log10", |x| x.log10(), -1.0, [NAN, NAN, NAN]),
        ("exp2", |x| x.exp2(), 2000.0, [INF, INF, INF]),
        (
            "exp2",
            |x| x.exp2(),
            1.0,
            [2.0, 2.0 * LN_2, 2.0 * LN_2 * LN_2],
        ),
        ("logit", |x| x.logit(), 0.0, [-INF, INF, -INF]),
        ("logit", |x| x.logit(), 1.0, [INF, INF, INF]),
        ("logit", |x| x.logit(), 1.5, [NAN, NAN, NAN]),
        ("logit", |x| x.logit(), 0.5, [0.0, 4.0, 0.0]),
        ("erf", |x| x.erf(), -INF, [-1.0, 0.0, 0.0]),
        ("erfc", |x| x.erfc(), INF, [0.0, 0.0, 0.0]),
        ("erfinv", |x| x.erfinv(), 1.0, [INF, INF, ANY]),
        ("erfinv", |x| x.erfinv(), -1.5, [NAN, NAN, NAN]),
        ("ln_gamma", |x| x.ln_gamma(), 0.0, [INF, -INF, INF]),
        ("ln_gamma", |x| x.ln_gamma(), -0.0, [INF, INF, INF]),
        ("ln_gamma", |x| x.ln_gamma(), -2.0, [INF, NAN, INF]),
        (
            "ln_gamma",
            |x| x.ln_gamma(),
            -0.5,
            [
                1.265_512_123_484_645_4,
                0.036_489_973_978_576_52,
                8.934_802_200_544_679,
            ],
        ),
        (
            "ln_gamma",
            |x| x.ln_gamma(),
            1.0,
            [0.0, -0.577_215_664_901_532_9, PI * PI / 6.0],
        ),
        (
            "digamma",
            |x| x.digamma(),
            -30.5,
            [3.434_030_554_207_563, ANY, ANY],
        ),
        ("polygamma", |x| x.polygamma(2), -1.0, [NAN, ANY, ANY]),
        ("polygamma", |x| x.polygamma(2), 0.0, [-INF, INF, -INF]),
        (
            "polygamma",
            |x| x.polygamma(1),
            -30.5,
            [9.837_349_132_820_685, ANY, ANY],
        ),
        (
            "polygamma",
            |x| x.polygamma(0),
            1.0,
            [-0.577_215_664_901_532_9, PI * PI / 6.0, ANY],
        ),
        ("i0", |x| x.i0(), 800.0, [INF, INF, INF]),
        ("i0", |x| x.i0(), 0.0, [1.0, 0.0, 0.5]),
        ("i1", |x| x.i1(), 0.0, [0.0, 0.5, 0.0]),
        ("i1", |x| x.i1(), -INF, [-INF, INF, ANY]),
        ("i0e", |x| x.i0e(), INF, [0.0, 0.0, ANY]),
        ("sinc", |x| x.sinc(), 0.0, [1.0, 0.0, -PI * PI / 3.0]),
        ("sinc", |x| x.sinc(), 1.0, [0.0, -1.0, 2.0]),
        ("sinc", |x| x.sinc(), -INF, [0.0, 0.0, 0.0]),
        ("gelu", |x| x.gelu(), -INF, [0.0, 0.0, 0.0]),
        ("gelu", |x| x.gelu(), INF, [INF, 1.0, 0.0]),
        (
            "gelu",
            |x| x.gelu(),
            0.0,
            [0.0, 0.5, 2.0 / (2.0 * PI).sqrt()],
        ),
        ("mish", |x| x.mish(), -INF, [0.0, 0.0, 0.0]),
        ("mish", |x| x.mish(), INF, [INF, 1.0, 0.0]),
        ("mish", |x| x.mish(), 1e4, [1e4, 1.0, 0.0]),
        ("mish", |x| x.mish(), 0.0, [0.0, 0.6, 0.64]),
        (
            "selu",
            |x| x.selu(),
            -1e4,
            [-1.758_099_340_847_376_6, 0.0, 0.0],
        ),
        (
            "tanhshrink",
            |x| x.tanhshrink(),
            1e-5,
            [1e-15 / 3.0, 1e-10, 2e-5],
        ),
        ("tanhshrink", |x| x.tanhshrink(), INF, [INF, 1.0, 0.0]),
    ]);
}

/// A zero on the way back stays one, whatever the slope.
#[test]
fn a_cotangent_of_zero_stays() {
    let table: &[(&str, Function, f64)] = &[
        ("acosh", |x| x.acosh() * 0.0, 1.0),
        ("atanh", |x| x.atanh() * 0.0, 2.0),
        ("cbrt", |x| x.cbrt() * 0.0, 0.0),
        ("logit", |x| x.logit() * 0.0, 0.0),
        ("ln_gamma", |x| x.ln_gamma() * 0.0, -2.0),
    ];
    for (name, f, x) in table {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(&Tensor::scalar(*x));
        let y = f(x);
        assert_eq!(y.backward().wrt(x).expect("reached").item(), 0.0, "{name}");
        assert_eq!(tape.grad(y, [x])[0].item(), 0.0, "{name}, recorded");
    }
}

#[test]
fn what_changes_the_gradient_alone() {
    check(&[
        (
            "scaled",
            |x| x.square().scale_gradient(0.25),
            3.0,
            [9.0, 1.5, 0.5],
        ),
        (
            "scaled by 0",
            |x| x.square().scale_gradient(0.0),
            3.0,
            [9.0, 0.0, 0.0],
        ),
        (
            "scaled, of NaN",
            |x| x.scale_gradient(2.0),
            NAN,
            [NAN, 2.0, 0.0],
        ),
        (
            "reversed",
            |x| x.square().reverse_gradient(1.0),
            3.0,
            [9.0, -6.0, -2.0],
        ),
        (
            "straight through",
            |x| x.straight_through(|x| x.floor()),
            2.75,
            [2.0, 1.0, 0.0],
        ),
        (
            "squared straight through",
            |x| x.straight_through(|x| x.sign()).square(),
            -2.0,
            [1.0, -2.0, 2.0],
        ),
        (
            "clipped above",
            |x| 10.0 * x.clip_gradient(-1.0, 2.0),
            3.0,
            [30.0, 2.0, 0.0],
        ),
        (
            "clipped below",
            |x| -10.0 * x.clip_gradient(-1.0, 2.0),
            3.0,
            [-30.0, -1.0, 0.0],
        ),
        (
            "not clipped",
            |x| x.clip_gradient(-9.0, 9.0).square(),
            3.0,
            [9.0, 6.0, 2.0],
        ),
        (
            "clipped, of NaN",
            |x| x.clip_gradient(-9.0, 9.0),
            NAN,
            [NAN, 1.0, 0.0],
        ),
    ]);
    // What is clipped is each element's own.
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    let y = x.t().clip_gradient(-1.0, 1.0) * &Tensor::from([[0.5, 5.0], [-5.0, 0.25]]);
    let x_bar = y.sum().backward().wrt(x).expect("reached");
    assert_eq!(x_bar, Tensor::from([[0.5, -1.0], [1.0, 0.25]]));
}

/// The attributes of an op in `f32` are numbers of that type.
#[test]
fn bounds_in_single_precision() {
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::from([0.1_f32, -0.1, 0.1_f32.next_up()]));
    let y = x.hardshrink(0.1);
    assert_eq!(y.value().to_vec(), [0.0, 0.0, 0.1_f32.next_up()]);
    assert_eq!(
        y.sum().backward().wrt(x).expect("reached").to_vec(),
        [0.0, 0.0, 1.0]
    );
}
