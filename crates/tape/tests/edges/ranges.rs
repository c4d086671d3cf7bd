//! Every elementwise function over the whole range of exponents, beside numbers that were computed with
//! a thousand digits (`tests/golden/make_far.py`): the value and the slope, in both types. The bounds
//! are those that the docs state, in units in the last place.

use wengert_tape::compose::cross_entropy;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Tensor};

const TABLE: &str = include_str!("../../../../tests/golden/far.txt");

/// A function, and the greatest errors of its value and its slope.
struct Row<T: Float> {
    name: &'static str,
    function: for<'t> fn(Var<'t, T>) -> Var<'t, T>,
    bounds: [f64; 2],
}

macro_rules! rows {
    ($($name:ident($($attribute:literal)?) $single:expr, $double:expr;)*) => {
        [$(Row {
            name: stringify!($name),
            function: |x| x.$name($($attribute)?),
            bounds: if T::NAME == "f32" { $single } else { $double },
        }),*]
    };
}

fn rows<T: Float>() -> [Row<T>; 13] {
    rows! {
        exp() [1.1, 1.1], [1.6, 1.6];
        exp_m1() [2.0, 1.1], [2.5, 1.6];
        ln() [0.9, 0.6], [1.4, 1.1];
        ln_1p() [1.7, 1.1], [2.1, 1.6];
        sqrt() [0.6, 1.6], [1.1, 2.1];
        rsqrt() [1.6, 2.1], [2.1, 2.6];
        recip() [0.6, 1.6], [1.1, 2.1];
        square() [0.6, 0.6], [1.1, 1.1];
        softplus() [2.0, 2.1], [2.5, 2.6];
        log_sigmoid() [2.0, 2.1], [2.5, 2.6];
        // Where sigmoid(x) is subnormal its rounding is multiplied by x.
        silu() [52.0, 52.0], [372.0, 372.0];
        elu(1.0) [2.0, 1.1], [2.5, 1.6];
        // The rounding of the exponent is multiplied by it.
        gelu_tanh() [64.0, 64.0], [500.0, 500.0];
    }
}

/// The places, values and slopes of a function that are numbers of the type.
fn lines<T: Float>(name: &str) -> Vec<[f64; 3]> {
    lines_of::<T>(TABLE, name)
}

/// The same of a table.
pub(crate) fn lines_of<T: Float>(table: &str, name: &str) -> Vec<[f64; 3]> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in table.lines() {
        let numbers: Vec<f64> = line.split(' ').filter_map(|x| x.parse().ok()).collect();
        match numbers[..] {
            [x, y, slope] if inside && T::from_f64(x).to_f64() == x => {
                lines.push([x, y, slope]);
            }
            [] => inside = line == name,
            _ => {}
        }
    }
    assert!(lines.len() > 25, "{name} has too few places");
    lines
}

/// The distance between numbers of the type at `y`.
pub(crate) fn unit<T: Float>(y: f64) -> f64 {
    let single = T::NAME == "f32";
    let [digits, least] = if single { [23, -126] } else { [52, -1022] };
    let exponent = ((y.abs().to_bits() >> 52) as i32 - 1023).max(least);
    f64::powi(2.0, exponent) * f64::powi(2.0, -digits)
}

/// The error in units in the last place; a number beyond the greatest counts as the one after it.
pub(crate) fn error<T: Float>(found: T, exact: f64) -> f64 {
    let most = if T::NAME == "f32" {
        f64::from(f32::MAX)
    } else {
        f64::MAX
    };
    let found = found.to_f64();
    if found == T::from_f64(exact).to_f64() {
        // Also where both are infinite.
        return if exact.abs() > most {
            0.0
        } else {
            (found - exact).abs() / unit::<T>(exact)
        };
    }
    if found.abs() > most || exact.abs() > most {
        return (found.clamp(-most, most) - exact.clamp(-most, most)).abs() / unit::<T>(most) + 1.0;
    }
    (found - exact).abs() / unit::<T>(exact)
}

fn check<T: Float>() {
    let mut wrong = String::new();
    for row in rows::<T>() {
        let lines = lines::<T>(row.name);
        let tape = Tape::<T>::new();
        let places: Vec<T> = lines.iter().map(|line| T::from_f64(line[0])).collect();
        let x = tape.leaf(&Tensor::from(places));
        let y = (row.function)(x);
        let direct = y.sum().backward().wrt(x).expect("reached").to_vec();
        let [recorded] = tape.grad(y.sum(), [x]);
        let ones = tape.constant(&Tensor::<T>::ones(x.shape()));
        let forward = tape.tangent(y, &[(x, ones)]).value().to_vec();
        let found = [
            y.value().to_vec(),
            direct,
            recorded.value().to_vec(),
            forward,
        ];
        for (found, order) in found.iter().zip([0, 1, 1, 1]) {
            let errors = found
                .iter()
                .zip(&lines)
                .map(|(&y, line)| error(y, line[1 + order]));
            let worst = errors.zip(&lines).fold((0.0, 0.0), |worst, (error, line)| {
                if error > worst.0 || error.is_nan() {
                    (error, line[0])
                } else {
                    worst
                }
            });
            let what = ["value", "slope"][order];
            let report = format!(
                "{} {} {what}: {:.2} at {:e}",
                T::NAME,
                row.name,
                worst.0,
                worst.1
            );
            eprintln!("{report}");
            if worst.0.is_nan() || worst.0 > row.bounds[order] {
                wrong += &format!("{report}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "beyond their bounds:\n{wrong}");
}

#[test]
fn single_precision() {
    check::<f32>();
}

#[test]
fn double_precision() {
    check::<f64>();
}

/// The slopes of `tanh` and `sigmoid` are taken from the value, and lose digits with it: they are near
/// in units of 1.
#[test]
fn functions_that_keep_only_their_value() {
    fn check<T: Float>(name: &str, f: for<'t> fn(Var<'t, T>) -> Var<'t, T>) {
        let lines = lines::<T>(name);
        let tape = Tape::<T>::new();
        let places: Vec<T> = lines.iter().map(|line| T::from_f64(line[0])).collect();
        let x = tape.leaf(&Tensor::from(places));
        let y = f(x);
        let slopes = y.sum().backward().wrt(x).expect("reached").to_vec();
        for ((&y, &slope), &[x, value, exact]) in y.value().to_vec().iter().zip(&slopes).zip(&lines)
        {
            assert!(error(y, value) <= 3.0, "{name}({x:e}) = {y:?}");
            let off = (slope.to_f64() - exact).abs() / T::EPSILON.to_f64();
            assert!(off <= 3.0, "{name}: the slope at {x:e} is {slope:?}");
        }
    }
    check::<f32>("tanh", |x| x.tanh());
    check::<f64>("tanh", |x| x.tanh());
    check::<f32>("sigmoid", |x| x.sigmoid());
    check::<f64>("sigmoid", |x| x.sigmoid());
}

/// A function of one row in both types, with the greatest errors of its value and its slopes.
struct Rows {
    name: &'static str,
    single: for<'t> fn(Var<'t, f32>) -> Var<'t, f32>,
    double: for<'t> fn(Var<'t, f64>) -> Var<'t, f64>,
    bounds: [f64; 2],
}

macro_rules! of_rows {
    ($($name:literal $bounds:expr, $f:expr;)*) => {
        [$(Rows { name: $name, single: $f, double: $f, bounds: $bounds }),*]
    };
}

/// Rows of all sizes in `f32` beside the same in `f64`: each value in units in the last place, and the
/// slopes in those of the greatest of the row. Sums whose slopes are 0 but for rounding have no bound
/// for these. The distance of two logits is rounded, and an exponential of it is off by half of it.
#[test]
fn rows_in_single_beside_double_precision() {
    let functions = of_rows! {
        "sum" [0.6, 0.6], |x| x.sum();
        "mean" [0.6, 0.6], |x| x.mean();
        "softmax" [64.0, f64::INFINITY], |x| x.softmax(0);
        "one of softmax" [64.0, 64.0], |x| x.softmax(0).select(0, 0);
        "log_softmax" [12.0, f64::INFINITY], |x| x.log_softmax(0);
        "one of log_softmax" [12.0, 12.0], |x| x.log_softmax(0).select(0, 1);
        "logsumexp" [0.6, 4.0], |x| x.logsumexp(&[], false);
        "cross entropy" [2.0, 4.0], |x| cross_entropy(x.unsqueeze(0), &Tensor::from([2_i64]));
        "entropy" [64.0, f64::INFINITY], |x| x.entropy(0);
        "norm" [0.6, 2.0], |x| x.norm(&[], false);
        "norm_p" [0.6, 6.0], |x| x.norm_p(3.0, &[], false);
        "norm_p of ½" [0.6, 6.0], |x| x.norm_p(0.5, &[], false);
        "std" [3.0, 6.0], |x| x.std(&[], 1, false);
        "layer_norm" [8.0, 32.0], |x| x.layer_norm(1, None, None, 0.0).select(0, 1);
        "rms_norm" [4.0, 16.0], |x| x.rms_norm(None, 0.0).select(0, 1);
        "cosine" [8.0, 32.0], |x| x.cosine_similarity(&Tensor::from_fn([4], |at| [1, 2, 2, 5][at[0]] as f64).cast(), 0, 0.0);
    };
    let shapes = [
        [1.0, 0.3, -0.7, 0.9],
        [1.0, 1.0, 1.0, 0.5],
        [-1.0, 0.99, -0.01, 0.2],
        [0.6, -0.6, 0.0, 0.1],
    ];
    let mut report = String::new();
    for Rows {
        name,
        single,
        double,
        bounds,
    } in functions
    {
        let mut worst = [(0.0, 0); 2];
        for (shape, exponent) in shapes
            .iter()
            .flat_map(|x| (-100..=120).step_by(5).map(move |k| (x, k)))
        {
            let x = shape.map(|x| x as f32 * f32::powi(2.0, exponent));
            let (tape, wide) = (Tape::<f32>::new(), Tape::<f64>::new());
            let (x, w) = (
                tape.leaf(&Tensor::from(x)),
                wide.leaf(&Tensor::from(x.map(f64::from))),
            );
            let (y, z) = (single(x), double(w));
            let slopes = y.sum().backward().wrt(x).expect("reached").to_vec();
            let exact = z.sum().backward().wrt(w).expect("reached").to_vec();
            let greatest = exact.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            let values = y.value().to_vec().into_iter().zip(z.value().to_vec());
            let errors = [
                values.map(|(y, z)| error(y, z)).fold(0.0, f64::max),
                slopes
                    .iter()
                    .zip(&exact)
                    .map(|(&a, &b)| (f64::from(a) - b).abs() / unit::<f32>(greatest))
                    .fold(0.0, f64::max),
            ];
            for order in [0, 1] {
                if errors[order] > worst[order].0 {
                    worst[order] = (errors[order], exponent);
                }
            }
        }
        eprintln!("f32 {name}: {worst:.2?}");
        for order in [0, 1] {
            if worst[order].0 > bounds[order] {
                report += &format!("{name}, order {order}: {:?}\n", worst[order]);
            }
        }
    }
    assert!(report.is_empty(), "beyond their bounds:\n{report}");
}

/// Norms of `f64` over the whole range of exponents: 2ᵏ times that of the row, with the same slopes.
#[test]
fn norms_scale() {
    let functions: [(&str, for<'t> fn(Var<'t, f64>) -> Var<'t, f64>, [f64; 3]); 5] = [
        // 2, 3 and 6 make 7; the sum of the cubes is 251.
        ("norm", |x| x.norm(&[], false), [7.0, 2.0 / 7.0, 6.0 / 7.0]),
        ("norm_p", |x| x.norm_p(3.0, &[], false), {
            let y = 251.0_f64.cbrt();
            [y, 4.0 / (y * y), 36.0 / (y * y)]
        }),
        ("mean", |x| x.mean(), [11.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]),
        // Deviations of −5/3, −2/3 and 7/3.
        ("std", |x| x.std(&[], 0, false), {
            let y = (26.0_f64 / 9.0).sqrt();
            [y, -5.0 / 9.0 / y, 7.0 / 9.0 / y]
        }),
        ("amax", |x| x.amax(&[], false), [6.0, 0.0, 1.0]),
    ];
    for exponent in (-1020..=1020).step_by(20) {
        let size = f64::powi(2.0, exponent / 2) * f64::powi(2.0, exponent - exponent / 2);
        for (name, f, [value, first, last]) in functions {
            let tape = Tape::<f64>::new();
            let x = tape.leaf(&Tensor::from([2.0, 3.0, 6.0].map(|x| x * size)));
            let y = f(x);
            let slopes = y.backward().wrt(x).expect("reached").to_vec();
            let found = [y.item() / size, slopes[0], slopes[2]];
            for (found, expected) in found.into_iter().zip([value, first, last]) {
                let off = (found - expected).abs();
                assert!(
                    off <= 4e-15 * expected.abs(),
                    "{name} at 2^{exponent}: {found}, {expected}"
                );
            }
        }
    }
}
