//! Slopes at every pole, zero of either sign, infinity and NaN, beside closed forms that are written
//! here from the definitions, limits included. All readings of an op share its slope, so that no law
//! that compares them sees a slope that is wrong at one place.

use wengert_tape::compose::{Reduction, bce_with_logits, huber_loss};
use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

use crate::{Function, INF, NAN, assert_close, assert_same, orders};

/// Zeros of both signs, the least numbers, ordinary and large ones, infinities and NaN.
const PLACES: [f64; 25] = [
    0.0, -0.0, 5e-324, -5e-324, 1e-310, 2.3e-308, -2.3e-308, 1e-20, -1e-20, 0.3, -0.3, 1.0, -1.0,
    2.5, -2.5, 9.0, -9.0, 40.0, -40.0, 800.0, -800.0, 1e200, INF, -INF, NAN,
];

/// A derivative that is known another way.
type Slope = fn(f64) -> f64;

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 {
        x.exp() / (1.0 + x.exp())
    } else {
        1.0 / (1.0 + (-x).exp())
    }
}

/// The derivative of the logistic function, without its cancellation at either end.
fn bell(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    e / ((1.0 + e) * (1.0 + e))
}

/// The limits at −∞ and +∞, and `inside` between them.
fn with_ends(x: f64, [low, high]: [f64; 2], inside: Slope) -> f64 {
    match x {
        x if x == -INF => low,
        x if x == INF => high,
        x => inside(x),
    }
}

fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() {
        x.abs()
    } else {
        x.signum()
    }
}

/// The functions of one number with their slopes.
const FUNCTIONS: &[(&str, Function, Slope)] = &[
    ("neg", |x| -x, |_| -1.0),
    ("exp", |x| x.exp(), f64::exp),
    // ln lives at 0 and to its right, and −0 is 0.
    (
        "ln",
        |x| x.ln(),
        |x| if x < 0.0 { NAN } else { 1.0 / x.abs() },
    ),
    (
        "sqrt",
        |x| x.sqrt(),
        |x| if x < 0.0 { NAN } else { 0.5 / x.abs().sqrt() },
    ),
    ("tanh", |x| x.tanh(), |x| 4.0 * bell(2.0 * x)),
    ("sigmoid", |x| x.sigmoid(), bell),
    ("abs", |x| x.abs(), sign),
    (
        "relu",
        |x| x.relu(),
        |x| if x.is_nan() { x } else { f64::from(x > 0.0) },
    ),
    (
        "leaky relu",
        |x| x.leaky_relu(0.25),
        |x| if x > 0.0 { 1.0 } else { 0.25 },
    ),
    (
        "elu",
        |x| x.elu(1.5),
        |x| if x > 0.0 { 1.0 } else { 1.5 * x.exp() },
    ),
    ("square", |x| x.square(), |x| 2.0 * x),
    // To the left of 0 the function falls as well.
    ("reciprocal", |x| x.recip(), |x| -1.0 / (x * x)),
    ("1 / x", |x| 1.0 / x, |x| -1.0 / (x * x)),
    ("x / 3", |x| x / 3.0, |_| 1.0 / 3.0),
    (
        "rsqrt",
        |x| x.rsqrt(),
        |x| {
            if x < 0.0 {
                NAN
            } else {
                -0.5 / (x.abs() * x.abs().sqrt())
            }
        },
    ),
    ("softplus", |x| x.softplus(), sigmoid),
    ("log sigmoid", |x| x.log_sigmoid(), |x| sigmoid(-x)),
    (
        "silu",
        |x| x.silu(),
        |x| with_ends(x, [0.0, 1.0], |x| sigmoid(x) + x * bell(x)),
    ),
    (
        "gelu",
        |x| x.gelu_tanh(),
        |x| {
            with_ends(x, [0.0, 1.0], |x| {
                // tanh is ±1 far out, where the cube would overflow.
                let near = x.clamp(-30.0, 30.0);
                let root = (2.0 / std::f64::consts::PI).sqrt();
                let inner = root * (near + 0.044715 * near.powi(3));
                let steep = 4.0 * bell(2.0 * inner) * root * (1.0 + 3.0 * 0.044715 * near * near);
                sigmoid(2.0 * inner) + 0.5 * near * steep
            })
        },
    ),
    (
        "huber",
        |x| huber_loss(x, 0.0, 2.0, Reduction::None),
        |x| x.clamp(-2.0, 2.0),
    ),
    (
        "bce",
        |x| bce_with_logits(x, 0.25, Reduction::None),
        |x| sigmoid(x) - 0.25,
    ),
    (
        "max(x, 1)",
        |x| x.max(1.0),
        |x| match x {
            1.0 => 0.5,
            x if x.is_nan() => x,
            x => f64::from(x > 1.0),
        },
    ),
    (
        "min(x, 1)",
        |x| x.min(1.0),
        |x| match x {
            1.0 => 0.5,
            x if x.is_nan() => x,
            x => f64::from(x < 1.0),
        },
    ),
    (
        "max(x, −0)",
        |x| x.max(-0.0),
        |x| match x {
            0.0 => 0.5,
            x if x.is_nan() => x,
            x => f64::from(x > 0.0),
        },
    ),
    ("x²", |x| x.powf(2.0), |x| 2.0 * x),
    ("x³", |x| x.powf(3.0), |x| 3.0 * x * x),
    ("x⁰", |x| x.powf(0.0), |_| 0.0),
    (
        "x¹",
        |x| x.powf(1.0),
        |x| if x.is_nan() { x.powf(0.0) } else { 1.0 },
    ),
    ("1 / x by pow", |x| x.powf(-1.0), |x| -1.0 / (x * x)),
    (
        "√x by pow",
        |x| x.powf(0.5),
        |x| {
            if x < 0.0 && x > -INF {
                NAN
            } else {
                0.5 / x.abs().sqrt()
            }
        },
    ),
];

/// In lanes and one by one, since a single number takes a path of its own; direct and recorded.
#[test]
fn functions_of_one_number() {
    for (name, function, slope) in FUNCTIONS {
        let expected: Vec<f64> = PLACES.iter().map(|&x| slope(x)).collect();
        for (at, (&x, &expected)) in PLACES.iter().zip(&expected).enumerate() {
            let alone = orders(*function, &[x]);
            let what = format!("{name} at {x:e} (place {at})");
            assert_close(&alone[1], &[expected], 1e-13, &what);
        }
        let lanes = orders(*function, &PLACES);
        assert_close(&lanes[1], &expected, 1e-13, &format!("{name} in lanes"));
    }
}

/// The closed forms are themselves checked by central differences where the functions are smooth.
#[test]
fn the_closed_forms_are_derivatives() {
    for (name, function, slope) in FUNCTIONS {
        for x in [0.3, 0.7, 2.5, 9.0] {
            let step = 1e-5 * x;
            let value = |x: f64| {
                let tape = Tape::new();
                function(tape.scalar(x)).item()
            };
            let numeric = (value(x + step) - value(x - step)) / (2.0 * step);
            assert_close(&[slope(x)], &[numeric], 1e-6, &format!("{name} at {x}"));
        }
    }
}

/// The same slopes in `f32`, whose kernels are others.
#[test]
fn single_precision_has_the_same_poles() {
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::from([0.0_f32, -0.0, f32::INFINITY, -1.0]));
    let slopes = |y: Var<'_, f32>| y.sum().backward().wrt(x).expect("reached").to_vec();
    let bits = |x: Vec<f32>| {
        x.into_iter()
            .map(|x| if x.is_nan() { f32::NAN } else { x }.to_bits())
    };
    let same = |found: Vec<f32>, expected: [f32; 4]| {
        assert!(
            bits(found.clone()).eq(bits(expected.to_vec())),
            "{found:?}, {expected:?}"
        );
    };
    let inf = f32::INFINITY;
    same(slopes(x.ln()), [inf, inf, 0.0, f32::NAN]);
    same(slopes(x.sqrt()), [inf, inf, 0.0, f32::NAN]);
    same(slopes(x.powf(-1.0)), [-inf, -inf, -0.0, -1.0]);
    same(slopes(x.silu()), [0.5, 0.5, 1.0, x.silu_slope()]);
}

trait SiluSlope {
    /// That of silu at −1.
    fn silu_slope(self) -> f32;
}

impl SiluSlope for Var<'_, f32> {
    fn silu_slope(self) -> f32 {
        let s = self.tape().scalar(-1.0).sigmoid().item();
        s + (1.0 - s) * -s
    }
}

/// The derivative of xᵖ in x.
fn power_by_x(x: f64, p: f64) -> f64 {
    match p {
        0.0 => 0.0,
        // The slope of x itself is 1 wherever it is taken.
        1.0 => 1.0,
        p if x.is_nan() || p.is_nan() => x + p,
        // xᵖ is 0 to one side of |x| = 1 and +∞ to the other.
        p if p.is_infinite() && x.abs() != 1.0 => match x.abs().powf(p) {
            0.0 => 0.0,
            _ => p,
        },
        p => p * x.powf(p - 1.0),
    }
}

/// The derivative of xᵖ in p: y ln x, and its limits where that is no number.
fn power_by_p(x: f64, p: f64) -> f64 {
    let y = x.powf(p);
    match x {
        // A constant of every exponent, NaN included.
        1.0 => 0.0,
        x if x.is_nan() || p.is_nan() => x + p,
        0.0 if p < 0.0 => y * -INF,
        0.0 => 0.0,
        x if x < 0.0 => NAN,
        _ if y == 0.0 => 0.0,
        x => y * x.ln(),
    }
}

#[test]
fn powers() {
    let bases = [
        0.0, -0.0, 1e-310, 0.25, 1.0, 2.0, 1e200, INF, -1.0, -2.0, -INF, NAN,
    ];
    let exponents = [
        0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 1.5, INF, -INF, NAN,
    ];
    for x in bases {
        for p in exponents {
            // At |x| = 1 an infinite exponent makes a jump, and to the left of 0 there is no slope in p.
            let jump = p.is_infinite() && x.abs() == 1.0;
            let what = format!("{x:e} to the power {p:e}");
            let tape = Tape::<f64>::new();
            let (base, exponent) = (tape.leaf(&Tensor::scalar(x)), tape.leaf(&Tensor::scalar(p)));
            let y = base.powf(exponent);
            let grads = y.backward();
            let direct = [base, exponent].map(|leaf| grads.wrt(leaf).expect("reached").item());
            let recorded = tape.grad(y, [base, exponent]).map(|bar| bar.item());
            assert_same(&direct, &recorded, &format!("{what}, direct and recorded"));
            let dot = |leaf| tape.tangent(y, &[(leaf, tape.scalar(1.0))]).item();
            assert_same(
                &[dot(base), dot(exponent)],
                &direct,
                &format!("{what}, forward mode"),
            );
            if !jump {
                assert_close(
                    &direct[..1],
                    &[power_by_x(x, p)],
                    1e-13,
                    &format!("{what}, in x"),
                );
            }
            // A power that is exactly 0 has slope 0 in p whatever the sign of x.
            if !(x < 0.0 && x.powf(p) == 0.0) {
                assert_close(
                    &direct[1..],
                    &[power_by_p(x, p)],
                    1e-13,
                    &format!("{what}, in p"),
                );
            }
            let literal = tape.leaf(&Tensor::scalar(x));
            let by_literal = literal
                .powf(p)
                .backward()
                .wrt(literal)
                .expect("reached")
                .item();
            assert_same(
                &[by_literal],
                &direct[..1],
                &format!("{what}, a literal exponent"),
            );
        }
    }
}

/// The case that was found wrong first, spelled out: y ln 0 with y = ±∞.
#[test]
fn the_slope_in_a_negative_exponent_at_zero() {
    for (x, p, expected) in [
        (0.0, -1.0, -INF),
        (-0.0, -1.0, INF),
        (-0.0, -2.0, -INF),
        (0.0, -0.5, -INF),
    ] {
        let tape = Tape::<f64>::new();
        let p = tape.leaf(&Tensor::scalar(p));
        let bar = tape.scalar(x).powf(p).backward().wrt(p).expect("reached");
        assert_eq!(bar.item(), expected, "{x:?}");
    }
}

#[test]
fn quotients_and_products() {
    let numbers = [0.0, -0.0, 1.0, -2.0, 1e-310, 1e200, INF, -INF, NAN];
    for x in numbers {
        for y in numbers {
            let tape = Tape::<f64>::new();
            let [a, b] = [x, y].map(|x| tape.leaf(&Tensor::scalar(x)));
            let slopes = |z: Var<'_, f64>| {
                let grads = z.backward();
                [a, b].map(|leaf| grads.wrt(leaf).expect("reached").item())
            };
            let what = |op: &str| format!("{x:e} {op} {y:e}");
            assert_same(&slopes(a * b), &[y, x], &what("times"));
            let z = x / y;
            // −x / y² by one division at a time: y² alone overflows too early.
            assert_close(&slopes(a / b), &[1.0 / y, -(z / y)], 1e-13, &what("over"));
            assert_same(&slopes(a - b), &[1.0, -1.0], &what("minus"));
            let half = |first: bool| match (first, x == y) {
                _ if x.is_nan() || y.is_nan() => NAN,
                (_, true) => 0.5,
                (first, false) => f64::from(first),
            };
            assert_same(&slopes(a.max(b)), &[half(x > y), half(y > x)], &what("max"));
            assert_same(&slopes(a.min(b)), &[half(x < y), half(y < x)], &what("min"));
        }
    }
}

/// Rows with zeros of both signs, infinities and NaN, and the slopes of each element, by the
/// definition of each reduction.
#[test]
fn rows() {
    let table: &[(&str, Function, &[f64], &[f64])] = &[
        (
            "amax of zeros",
            |x| x.amax(&[], false),
            &[0.0, -0.0, -1.0],
            &[0.5, 0.5, 0.0],
        ),
        (
            "amax of infinities",
            |x| x.amax(&[], false),
            &[INF, 1.0, INF, -INF],
            &[0.5, 0.0, 0.5, 0.0],
        ),
        (
            "amin of infinities",
            |x| x.amin(&[], false),
            &[INF, -INF, 1.0],
            &[0.0, 1.0, 0.0],
        ),
        (
            "amin of NaN",
            |x| x.amin(&[], false),
            &[NAN, 1.0],
            &[NAN, NAN],
        ),
        (
            "norm of zeros",
            |x| x.norm(&[], false),
            &[0.0, -0.0],
            &[0.0, 0.0],
        ),
        (
            "norm with a zero",
            |x| x.norm(&[], false),
            &[-0.0, -2.0],
            &[0.0, -1.0],
        ),
        (
            "norm beside infinity",
            |x| x.norm(&[], false),
            &[-INF, 1.0],
            &[NAN, 0.0],
        ),
        (
            "norm of NaN",
            |x| x.norm(&[], false),
            &[NAN, 1.0],
            &[NAN, NAN],
        ),
        (
            "½-norm with a zero",
            |x| x.norm_p(0.5, &[], false),
            &[0.0, 4.0, -0.0],
            &[0.0, 1.0, 0.0],
        ),
        (
            "½-norm of zeros",
            |x| x.norm_p(0.5, &[], false),
            &[0.0, 0.0],
            &[0.0, 0.0],
        ),
        (
            "1½-norm with a zero",
            |x| x.norm_p(1.5, &[], false),
            &[0.0, -4.0],
            &[0.0, -1.0],
        ),
        (
            "∞-norm of zeros",
            |x| x.norm_p(INF, &[], false),
            &[0.0, -0.0],
            &[0.0, 0.0],
        ),
        (
            "var of NaN",
            |x| x.var(&[], 0, false),
            &[NAN, 1.0],
            &[NAN, NAN],
        ),
        (
            "mean of infinities",
            |x| x.mean(),
            &[INF, -INF],
            &[0.5, 0.5],
        ),
        ("sum of NaN", |x| x.sum(), &[NAN, INF], &[1.0, 1.0]),
        (
            "logsumexp beside +∞",
            |x| x.logsumexp(&[], false),
            &[INF, 1.0],
            &[1.0, 0.0],
        ),
        (
            "logsumexp of NaN",
            |x| x.logsumexp(&[], false),
            &[NAN, 1.0],
            &[NAN, NAN],
        ),
        (
            "logsumexp far out",
            |x| x.logsumexp(&[], false),
            &[1e300, -1e300],
            &[1.0, 0.0],
        ),
        (
            "softmax far out",
            |x| x.softmax(0).select(0, 0),
            &[1e300, -1e300],
            &[0.0, 0.0],
        ),
        (
            "softmax beside +∞",
            |x| x.softmax(0).select(0, 0),
            &[INF, 1.0],
            &[0.0, 0.0],
        ),
        (
            "softmax of NaN",
            |x| x.softmax(0).select(0, 0),
            &[NAN, 1.0],
            &[NAN, NAN],
        ),
        (
            "log softmax far out",
            |x| x.log_softmax(0).select(0, 1),
            &[1e300, -1e300],
            &[-1.0, 1.0],
        ),
        (
            "log softmax, one masked",
            |x| x.log_softmax(0).select(0, 0),
            &[2.0, -INF],
            &[0.0, 0.0],
        ),
        (
            "log softmax beside +∞",
            |x| x.log_softmax(0).select(0, 1),
            &[INF, 1.0],
            &[-1.0, 1.0],
        ),
    ];
    for (name, function, x, expected) in table {
        assert_close(&orders(*function, x)[1], expected, 1e-13, name);
    }
}

/// A product of matrices does not absorb: its slopes are sums of products, NaN and infinity included.
#[test]
fn products_of_matrices() {
    let tape = Tape::<f64>::new();
    let a = tape.leaf(&Tensor::from([[0.0, INF], [NAN, 2.0]]));
    let b = tape.leaf(&Tensor::from([[1.0, -0.0], [INF, 3.0]]));
    let seed = Tensor::from([[1.0, 0.0], [0.0, 0.0]]);
    let grads = a.matmul(b).backward_with(&seed);
    let by_hand = |c_bar: &Tensor<f64>, x: &Tensor<f64>, y: &Tensor<f64>| {
        // Σ_k c̄_ik y_jk, and Σ_k x_ki c̄_kj.
        let left = Tensor::from_fn([2, 2], |at| {
            (0..2).map(|k| c_bar[[at[0], k]] * y[[at[1], k]]).sum()
        });
        let right = Tensor::from_fn([2, 2], |at| {
            (0..2).map(|k| x[[k, at[0]]] * c_bar[[k, at[1]]]).sum()
        });
        [left, right]
    };
    let [left, right] = by_hand(&seed, &a.value(), &b.value());
    assert_same(
        &grads.wrt(a).expect("reached").to_vec(),
        &left.to_vec(),
        "the left factor",
    );
    assert_same(
        &grads.wrt(b).expect("reached").to_vec(),
        &right.to_vec(),
        "the right factor",
    );
}
