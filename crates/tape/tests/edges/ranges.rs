//! Every elementwise function over the whole range of exponents, beside numbers that were computed with
//! a thousand digits (`tests/golden/make_far.py`): the value and the slope, in both types. The bounds
//! are those that the docs state, in units in the last place.

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
    let mut lines = Vec::new();
    let mut inside = false;
    for line in TABLE.lines() {
        let numbers: Vec<f64> = line.split(' ').filter_map(|x| x.parse().ok()).collect();
        match numbers[..] {
            [x, y, slope] if inside => {
                if T::from_f64(x).to_f64() == x {
                    lines.push([x, y, slope]);
                }
            }
            [] => inside = line == name,
            _ => {}
        }
    }
    assert!(lines.len() > 40, "{name} has too few places");
    lines
}

/// The distance between numbers of the type at `y`.
fn unit<T: Float>(y: f64) -> f64 {
    let single = T::NAME == "f32";
    let [digits, least] = if single { [23, -126] } else { [52, -1022] };
    let exponent = ((y.abs().to_bits() >> 52) as i32 - 1023).max(least);
    f64::powi(2.0, exponent) * f64::powi(2.0, -digits)
}

/// The error in units in the last place; a number beyond the greatest counts as the one after it.
fn error<T: Float>(found: T, exact: f64) -> f64 {
    let most = if T::NAME == "f32" { f64::from(f32::MAX) } else { f64::MAX };
    let found = found.to_f64();
    if found == T::from_f64(exact).to_f64() {
        // Also where both are infinite.
        return if exact.abs() > most { 0.0 } else { (found - exact).abs() / unit::<T>(exact) };
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
        let found = [y.value().to_vec(), direct, recorded.value().to_vec(), forward];
        for (found, order) in found.iter().zip([0, 1, 1, 1]) {
            let errors = found.iter().zip(&lines).map(|(&y, line)| error(y, line[1 + order]));
            let worst = errors.zip(&lines).fold((0.0, 0.0), |worst, (error, line)| {
                if error > worst.0 || error.is_nan() { (error, line[0]) } else { worst }
            });
            let what = ["value", "slope"][order];
            let report = format!("{} {} {what}: {:.2} at {:e}", T::NAME, row.name, worst.0, worst.1);
            eprintln!("{report}");
            if !(worst.0 <= row.bounds[order]) {
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
        for ((&y, &slope), &[x, value, exact]) in y.value().to_vec().iter().zip(&slopes).zip(&lines) {
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
