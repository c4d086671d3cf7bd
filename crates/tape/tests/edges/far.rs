//! Values and gradients far out: beside numbers that round them away, and where squares, powers or
//! exponentials leave the range of the type and the result does not. The expected numbers are closed
//! forms, or literals from fifty digits.

// The digits are those of the sources; fewer would give the same numbers.
#![allow(clippy::excessive_precision)]

use wengert_tape::compose::{Reduction, bce, bce_with_logits, cross_entropy};
use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Tensor};

use crate::INF;

type Of<T> = for<'t> fn(Var<'t, T>) -> Var<'t, T>;

#[track_caller]
pub(crate) fn near<T: Float>(found: &[T], expected: &[f64], relative: f64, what: &str) {
    let same =
        |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= relative * b.abs();
    let found: Vec<f64> = found.iter().map(|x| x.to_f64()).collect();
    let all =
        found.len() == expected.len() && found.iter().zip(expected).all(|(&a, &b)| same(a, b));
    assert!(all, "{} {what}: {found:?}, expected {expected:?}", T::NAME);
}

/// Checks the value of `f`, and the gradient of its sum in the direct, the recorded and the forward
/// reading, to a relative error.
#[track_caller]
fn check<T: Float>(
    what: &str,
    f: Of<T>,
    x: &[f64],
    [value, slope]: [&[f64]; 2],
    [of_value, of_slope]: [f64; 2],
) {
    let tape = Tape::<T>::new();
    let x: Vec<T> = x.iter().map(|&x| T::from_f64(x)).collect();
    let count = x.len();
    let x = tape.leaf(&Tensor::from(x));
    let y = f(x);
    near(&y.value().to_vec(), value, of_value, what);
    let direct = y.sum().backward().wrt(x).expect("reached").to_vec();
    near(&direct, slope, of_slope, &format!("{what}, gradient"));
    let [recorded] = tape.grad(y.sum(), [x]);
    near(
        &recorded.value().to_vec(),
        slope,
        of_slope,
        &format!("{what}, recorded"),
    );
    for k in 0..count {
        let x_dot = Tensor::from_fn([count], |at| if at[0] == k { T::ONE } else { T::ZERO });
        let y_dot = tape.tangent(y.sum(), &[(x, tape.constant(&x_dot))]).item();
        let what = format!("{what}, forward mode, input {k}");
        near(&[y_dot], &slope[k..=k], of_slope, &what);
    }
}

/// For both types, with about ten units in the last place.
macro_rules! both {
    ($what:expr, $f:expr, $x:expr, $value:expr, $slope:expr) => {
        let (x, both) = ($x, [&$value[..], &$slope[..]]);
        check::<f32>($what, $f, &x, both, [6e-7; 2]);
        check::<f64>($what, $f, &x, both, [1e-15; 2]);
    };
}

macro_rules! single {
    ($float:ident $what:expr, $f:expr, $x:expr, $value:expr, $slope:expr) => {
        let precision = if stringify!($float) == "f32" {
            6e-7
        } else {
            1e-15
        };
        check::<$float>($what, $f, &$x, [&$value[..], &$slope[..]], [precision; 2]);
    };
}

const LN_2: f64 = std::f64::consts::LN_2;
const GELU_5: f64 = -2.29179619662950605e-7;
const GELU_5_SLOPE: f64 = -1.5463619875325946e-6;

#[test]
fn elementwise_functions() {
    // ln(1 + e⁻²⁰) and its slope e⁻²⁰ / (1 + e⁻²⁰), and so on.
    let (l20, s20) = (2.061_153_620_314_380_7e-9, 2.061_153_618_190_203_7e-9);
    let (l17, s17) = (4.139_937_633_089_748e-8, 4.139_937_547_394_330_6e-8);
    let e40 = 4.248_354_255_291_589e-18;
    both!(
        "softplus",
        |x| x.softplus(),
        [-20.0, -17.0, -40.0],
        [l20, l17, e40],
        [s20, s17, e40]
    );
    both!(
        "log sigmoid",
        |x| x.log_sigmoid(),
        [20.0, 17.0, 40.0],
        [-l20, -l17, -e40],
        [s20, s17, e40]
    );
    both!(
        "bce",
        |x| bce_with_logits(x, 1.0, Reduction::None),
        [20.0, 17.0, -1e4],
        [l20, l17, 1e4],
        [-s20, -s17, -1.0]
    );
    both!(
        "bce of 0",
        |x| bce_with_logits(x, 0.0, Reduction::None),
        [-20.0, 1e4],
        [l20, 1e4],
        [s20, 1.0]
    );
    both!(
        "bce of p",
        |p| bce(p, 0.0, Reduction::None),
        [1e-10, 0.5],
        [1e-10 + 0.5e-20, LN_2],
        [1.0 + 1e-10, 2.0]
    );
    single!(f32 "elu", |x| x.elu(1.0), [-1e-8, -1e-5, -20.0], [-1e-8, -9.999_950e-6, -1.0], [1.0, 0.999_99, s20 + s20 * s20]);
    single!(f64 "elu", |x| x.elu(2.0), [-1e-17, -40.0], [-2e-17, -2.0], [2.0, 2.0 * e40]);
    both!(
        "exp_m1",
        |x| x.exp_m1(),
        [-1e-17, -40.0, 0.0, -INF],
        [-1e-17, -1.0, 0.0, -1.0],
        [1.0, e40, 1.0, 0.0]
    );
    both!(
        "ln_1p",
        |x| x.ln_1p(),
        [1e-17, 0.0, -1.0, INF],
        [1e-17, 0.0, -INF, INF],
        [1.0, 1.0, INF, 0.0]
    );
    both!(
        "silu",
        |x| x.silu(),
        [-INF, INF, 1e20, -1e20],
        [0.0, INF, 1e20, 0.0],
        [0.0, 1.0, 1.0, 0.0]
    );
    both!(
        "gelu",
        |x| x.gelu_tanh(),
        [1e20, -1e20, INF, -INF, 3e38],
        [1e20, 0.0, INF, 0.0, 3e38],
        [1.0, 0.0, 1.0, 0.0, 1.0]
    );
    // −5 sigmoid(v), v = 2 √(2/π) (−5 − 0.044715 · 125), and its derivative.
    let gelu_5 = [&[GELU_5][..], &[GELU_5_SLOPE]];
    check::<f32>("gelu, small", |x| x.gelu_tanh(), &[-5.0], gelu_5, [4e-6; 2]);
    check::<f64>(
        "gelu, small",
        |x| x.gelu_tanh(),
        &[-5.0],
        gelu_5,
        [1e-14; 2],
    );
    for f in [|x| x.silu(), |x| x.gelu_tanh()] as [Of<f32>; 2] {
        let tape = Tape::<f32>::new();
        let x = tape.leaf(&Tensor::from([
            1e20,
            -1e20,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ]));
        let [slope] = tape.grad(f(x).sum(), [x]);
        let second = slope.sum().backward().wrt(x).expect("reached").to_vec();
        assert_eq!(second, [0.0; 4], "the second derivative");
    }
}

#[test]
fn log_softmax_far_from_zero() {
    let half = [-LN_2; 2];
    for v in [1e4, 1e8, 1e20, 3e38, -1e20] {
        both!(
            "log_softmax",
            |x| x.log_softmax(0).select(0, 0),
            [v, v],
            half[..1],
            [0.5, -0.5]
        );
    }
    // ln(1 + e), ln(1 + 1/e)
    let next = [-1.313_261_687_518_222_8, -0.313_261_687_518_222_84];
    let [p, q] = [0.268_941_421_369_995_12, 0.731_058_578_630_004_9];
    both!(
        "log_softmax",
        |x| x.log_softmax(0),
        [1e4, 1e4 + 1.0],
        next,
        [1.0 - 2.0 * p, 1.0 - 2.0 * q]
    );
    single!(f64 "log_softmax", |x| x.log_softmax(0).select(0, 1), [1e16, 1e16], half[..1], [-0.5, 0.5]);
    both!(
        "cross entropy",
        |x| cross_entropy(x, &Tensor::scalar(0)),
        [1e20, 1e20],
        [LN_2],
        [-0.5, 0.5]
    );
    let (l20, s20) = (2.061_153_620_314_380_7e-9, 2.061_153_618_190_203_7e-9);
    let gap: [f64; 2] = [20.0, 0.0];
    single!(f32 "log_softmax", |x| x.log_softmax(0).select(0, 0), gap, [-l20], [s20, -s20]);
    single!(f32 "cross entropy", |x| cross_entropy(x, &Tensor::scalar(0)), gap, [l20], [-s20, s20]);
    let e40 = 4.248_354_255_291_589e-18;
    let wide = [0.0, 40.0, 0.0];
    let slopes = [e40, -2.0 * e40, e40];
    single!(f64 "cross entropy", |x| cross_entropy(x, &Tensor::scalar(1)), wide, [2.0 * e40], slopes);
    // Along an axis that is not the innermost, in blocks and one by one.
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::from_fn([2, 19], |at| {
        if at[0] == 0 { 20.0 } else { 0.0 }
    }));
    let y = x.log_softmax(0).select(0, 0);
    near(&y.value().to_vec(), &[-l20; 19], 6e-7, "columns");
    let x_bar = y.sum().backward().wrt(x).expect("reached").to_vec();
    near(&x_bar[..19], &[s20; 19], 6e-7, "columns, gradient");
    near(&x_bar[19..], &[-s20; 19], 6e-7, "columns, gradient");
}

#[test]
fn softmax_near_one() {
    // The share that the greatest leaves, and its way back: y₀ y₁ for both.
    let s20 = 2.061_153_618_190_203_7e-9;
    let x = [20.0, 0.0];
    let tape = Tape::<f32>::new();
    let leaf = tape.leaf(&Tensor::from(x.map(|x| x as f32)));
    let x_bar = leaf
        .softmax(0)
        .select(0, 0)
        .backward()
        .wrt(leaf)
        .expect("reached")
        .to_vec();
    near(&x_bar, &[s20, -s20], 6e-7, "softmax, gradient");
}

/// The entropy of two classes, of which one is nearly certain, beside its closed forms: with q = e⁻ᵈ and
/// s = q / (1 + q)² it is ln(1 + q) + d q / (1 + q), its derivative −d s, the next d s tanh(d/2) − s.
fn entropy_near_one<T: Float>(distances: &[f64], within: f64) {
    for &d in distances {
        let q = (-d).exp();
        let s = q / ((1.0 + q) * (1.0 + q));
        let value = q.ln_1p() + d * q / (1.0 + q);
        let (slope, bend) = (d * s, d * s * (d / 2.0).tanh() - s);
        let tape = Tape::<T>::new();
        let x = tape.leaf(&Tensor::from([d, 0.0].map(T::from_f64)));
        let numbers = |x: Var<'_, T>| {
            x.value()
                .to_vec()
                .iter()
                .map(|x| x.to_f64())
                .collect::<Vec<_>>()
        };
        let y = x.entropy(0);
        let [x_bar] = tape.grad(y, [x]);
        let [bends] = tape.grad(x_bar.select(0, 0), [x]);
        near(&numbers(y), &[value], within, &format!("entropy at {d}"));
        near(
            &numbers(x_bar),
            &[-slope, slope],
            within,
            &format!("its gradient at {d}"),
        );
        near(
            &numbers(bends),
            &[bend, -bend],
            within,
            &format!("its Hessian at {d}"),
        );
        let [at, along] = [[d, 0.0], [1.0, 0.0]].map(|x| Tensor::from(x.map(T::from_f64)));
        let (_, y_dot) = Tape::new().jvp(&at, &along, |_, x| x.entropy(0));
        near(
            &[y_dot.item().to_f64()],
            &[-slope],
            within,
            &format!("its tangent at {d}"),
        );
    }
}

#[test]
fn entropy_of_what_is_nearly_certain() {
    entropy_near_one::<f32>(&[2.0, 10.0, 17.0, 25.0, 40.0, 80.0], 2e-6);
    entropy_near_one::<f64>(&[2.0, 20.0, 37.0, 60.0, 300.0, 700.0], 2e-14);
}

/// A million look-ups in eight rows: the additions round nothing away.
#[test]
fn gradients_of_many_look_ups() {
    let count = 1 << 20;
    let tape = Tape::<f32>::new();
    let table = tape.leaf(&Tensor::<f32>::zeros([8, 2]));
    let indices = Tensor::from_fn([count], |at| (at[0] * 5 % 8) as i64);
    let exact = f64::from(0.01_f32) * (count / 8) as f64;
    let sum = (table.rows(&indices) * 0.01).sum();
    near(
        &sum.backward().wrt(table).expect("reached").to_vec(),
        &[exact; 16],
        1e-6,
        "rows",
    );
    let [recorded] = tape.grad(sum, [table]);
    near(
        &recorded.value().to_vec(),
        &[exact; 16],
        1e-6,
        "rows, recorded",
    );
    let places = indices.unsqueeze(1).expand([count, 2]).contiguous();
    let sum = (table.gather(0, &places) * 0.01).sum();
    near(
        &sum.backward().wrt(table).expect("reached").to_vec(),
        &[exact; 16],
        1e-6,
        "gather",
    );
}

/// The Hessian of the cross entropy of two equal logits.
#[test]
fn hessian_of_the_cross_entropy() {
    for v in [0.0, 1.0, 1e16, 1e17, 1e300] {
        let hessian = Tape::<f64>::new().hessian(&Tensor::from([v, v]), |_, x| {
            cross_entropy(x, &Tensor::scalar(0))
        });
        near(
            &hessian.to_vec(),
            &[0.25, -0.25, -0.25, 0.25],
            1e-15,
            "Hessian",
        );
    }
}

#[test]
fn logsumexp_far_from_zero() {
    let third = [1.0 / 3.0; 3];
    for v in [1e8, 1e20, -3e38] {
        both!(
            "logsumexp",
            |x| x.logsumexp(&[], false),
            [v; 3],
            [v + 3.0_f64.ln()],
            third
        );
    }
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::full([2, 3, 4], 1e10));
    for axes in [&[0_isize, 2][..], &[1], &[0], &[0, 1, 2], &[1, 2]] {
        let y = x.logsumexp(axes, true);
        let count = x.size() / y.size();
        let x_bar = y.sum().backward().wrt(x).expect("reached").to_vec();
        near(
            &x_bar,
            &[1.0 / count as f64; 24],
            6e-7,
            "logsumexp over axes",
        );
    }
}

#[test]
fn norms_of_great_and_small_numbers() {
    let norm: Of<f64> = |x| x.norm(&[], false);
    let unit = [0.6, 0.8];
    for size in [1e200, 1e-200, 3e-308, 1e307] {
        check(
            "norm",
            norm,
            &[3.0 * size, 4.0 * size],
            [&[5.0 * size], &unit],
            [1e-15; 2],
        );
    }
    check::<f64>(
        "norm",
        norm,
        &[3e-320, 4e-320],
        [&[5e-320], &unit],
        [1e-3; 2],
    );
    check::<f32>(
        "norm",
        |x| x.norm(&[], false),
        &[3e-42, 4e-42],
        [&[5e-42], &unit],
        [1e-3; 2],
    );
    check::<f32>(
        "norm",
        |x| x.norm(&[], false),
        &[1.2e38, 1.6e38],
        [&[2e38], &unit],
        [6e-7; 2],
    );
    // 2^(1/3) and the slopes 2^(−2/3).
    let [root, slope] = [1.259_921_049_894_873_2, 0.629_960_524_947_436_6];
    for size in [1e13, 1e-16, 1e38, 1e-30] {
        both!(
            "norm_p",
            |x| x.norm_p(3.0, &[], false),
            [size, -size],
            [root * size],
            [slope, -slope]
        );
    }
    single!(f64 "norm_p", |x| x.norm_p(3.0, &[], false), [1e300, -1e300], [root * 1e300], [slope, -slope]);
    single!(f32 "norm_p", |x| x.norm_p(100.0, &[], false), [3.0, 1.0], [3.0], [1.0, 0.0]);
    single!(f32 "norm_p", |x| x.norm_p(50.0, &[], false), [0.1, 0.05], [0.1], [1.0, 0.5_f64.powi(49)]);
    single!(f32 "norm_p", |x| x.norm_p(0.5, &[], false), [4e30, 9e30], [2.5e31], [2.5, 5.0 / 3.0]);
    single!(f64 "std", |x| x.std(&[], 1, false), [1e200, -1e200], [2.0_f64.sqrt() * 1e200], [0.5_f64.sqrt(), -0.5_f64.sqrt()]);
    single!(f64 "std", |x| x.std(&[], 0, false), [1e200, -1e200], [1e200], [0.5, -0.5]);
    single!(f64 "mean", |x| x.mean(), [1e308, 1e308], [1e308], [0.5, 0.5]);
}

#[test]
fn normalizations_of_great_numbers() {
    fn of<T: Float>(sizes: &[f64], eps: f64) {
        for &size in sizes {
            let tape = Tape::<T>::new();
            let x = tape.leaf(&Tensor::from([1.0, 3.0].map(|x| T::from_f64(x * size))));
            near(
                &x.layer_norm(1, None, None, eps).value().to_vec(),
                &[-1.0, 1.0],
                6e-7,
                "layer_norm",
            );
            let root = 5.0_f64.sqrt();
            let y = x.rms_norm(None, eps);
            near(
                &y.value().to_vec(),
                &[1.0 / root, 3.0 / root],
                6e-7,
                "rms_norm",
            );
            // The slopes of x₀ / √(Σ x² / 2): 2 · (½ Σ x² − ½ x₀²) / … and −½ x₀ x₁ / ….
            let x_bar = y.select(0, 0).backward().wrt(x).expect("reached").to_vec();
            let slopes = [0.9, -0.3].map(|slope| slope / root / size);
            near(&x_bar, &slopes, 6e-7, "rms_norm, gradient");
        }
    }
    of::<f32>(&[1e18, 1e19, 1e25, 1e37], 1e-5);
    of::<f32>(&[1e-15, 1e-25, 1e-30], 0.0);
    of::<f64>(&[1e150, 1e160, 1e300], 1e-5);
    of::<f64>(&[1e-170, 1e-300], 0.0);
    let tape = Tape::<f32>::new();
    let x = tape.constant(&Tensor::from([
        [1e-25_f32, 3e-25],
        [1e25, 3e25],
        [1.0, 3.0],
    ]));
    let y = x.rms_norm(None, 1.0).value().to_vec();
    let root = 5.0_f64.sqrt();
    let last = [1.0, 3.0].map(|x| x / 6.0_f64.sqrt());
    near(
        &y,
        &[1e-25, 3e-25, 1.0 / root, 3.0 / root, last[0], last[1]],
        6e-7,
        "rows apart",
    );
}

#[test]
fn a_cosine_is_at_most_one() {
    let mut rng = wengert_tensor::Rng::seed_from_u64(5);
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&rng.normal::<f32>([4000, 3], 0.0, 1.0));
    let y = x
        .cosine_similarity(x.detach() * 3.0, 1, 0.0)
        .value()
        .to_vec();
    assert!(y.iter().all(|&y| y <= 1.0 && y > 0.999_999), "above 1");
    let y = x
        .cosine_similarity(x.detach() * -3.0, 1, 0.0)
        .value()
        .to_vec();
    assert!(y.iter().all(|&y| y >= -1.0), "below −1");
    let small = tape.leaf(&Tensor::from([3e-42_f32, 4e-42]));
    let y = small
        .cosine_similarity(&Tensor::from([0.6, 0.8]), 0, 0.0)
        .item();
    near(&[y], &[1.0], 1e-3, "of subnormal numbers");
}
