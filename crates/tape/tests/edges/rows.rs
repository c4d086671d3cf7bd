//! Functions of rows, and losses, over the whole range of exponents, beside numbers that were computed
//! from the definitions with 450 digits (`tests/golden/make_far_rows.py`): values and slopes, in both
//! types. The bounds are those that the docs state, in units in the last place.

use wengert_tape::compose::{
    CrossEntropy, Reduction, bce, bce_with_logits, cross_entropy, cross_entropy_probs, huber_loss,
    l1_loss, mse, mse_with, nll_loss, smooth_l1_loss,
};
use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Tensor};

use crate::ranges::{error, unit};

const TABLE: &str = include_str!("../../../../tests/golden/far_rows.txt");
const WEIGHTS: [f64; 4] = [1.0, -2.0, 0.5, 3.0];
const EPS: f64 = 1.0 / 65536.0;
const FAR: f64 = (1_u64 << 40) as f64;
const NEAR: f64 = 1.0 / FAR;

/// The lines of a function whose inputs are numbers of the type: each a list of lists.
fn lines<T: Float>(name: &str) -> Vec<Vec<Vec<f64>>> {
    let lines = TABLE.lines().skip_while(|&line| line != name).skip(1);
    let lines: Vec<Vec<Vec<f64>>> = lines
        .take_while(|line| line.contains('|'))
        .map(|line| {
            let parts = line.split('|').map(str::split_whitespace);
            parts
                .map(|part| part.map(|x| x.parse().expect("a number")).collect())
                .collect()
        })
        .collect();
    let of_type = |line: &Vec<Vec<f64>>| line[0].iter().all(|&x| T::from_f64(x).to_f64() == x);
    let lines: Vec<_> = lines.into_iter().filter(of_type).collect();
    assert!(lines.len() > 20, "{name} has too few places");
    lines
}

/// The greatest error met, and where.
struct Worst {
    errors: [f64; 2],
    places: [Vec<f64>; 2],
}

impl Worst {
    fn new() -> Self {
        Worst {
            errors: [0.0; 2],
            places: [vec![], vec![]],
        }
    }

    fn meet(&mut self, order: usize, error: f64, place: &[f64]) {
        if error > self.errors[order] || error.is_nan() && !self.errors[order].is_nan() {
            self.errors[order] = error;
            self.places[order] = place.to_vec();
        }
    }

    /// A line for those that are beyond their bounds.
    fn beyond<T: Float>(&self, name: &str, bounds: [f64; 2]) -> String {
        let mut report = String::new();
        for order in [0, 1] {
            let (worst, place) = (self.errors[order], &self.places[order]);
            let what = ["value", "slope"][order];
            let line = format!("{} {name} {what}: {worst:.2} at {place:?}\n", T::NAME);
            eprint!("{line}");
            if worst.is_nan() || worst > bounds[order] {
                report += &line;
            }
        }
        report
    }
}

/// The error in units in the last place of `exact`, or of `size` where this is greater.
fn error_beside<T: Float>(found: T, exact: f64, size: f64) -> f64 {
    if size.abs() <= exact.abs() || !T::from_f64(size).is_finite() {
        return error(found, exact);
    }
    (found.to_f64() - exact).abs() / unit::<T>(size)
}

/// Values are measured in units of each, but for `Greatest`, and slopes in those of the row's greatest.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Each,
    /// In those of the row's greatest: the others come from a difference.
    Greatest,
    /// Slopes in units of 1: where a probability rounds to 1, a part of that slope is lost.
    One,
    /// Not where the value is out of range.
    Finite,
}

/// A function of a row with the greatest errors of its values and its slopes.
struct Row<T: Float> {
    name: &'static str,
    function: for<'t> fn(Var<'t, T>) -> Var<'t, T>,
    bounds: [f64; 2],
    /// What the errors are measured in.
    unit: Unit,
}

macro_rules! rows {
    ($($name:literal $unit:ident $single:expr, $double:expr, $f:expr;)*) => {
        [$(Row {
            name: $name,
            function: $f,
            bounds: if T::NAME == "f32" { $single } else { $double },
            unit: Unit::$unit,
        }),*]
    };
}

fn shares<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    let shares = Tensor::from([0.5, 0.25, 0.125, 0.125]).cast::<T>();
    cross_entropy_probs(x, &shares, Reduction::Mean)
}

fn rows<T: Float>() -> [Row<T>; 17] {
    rows! {
        "softmax" Each [105.0, 105.0], [747.0, 747.0], |x| x.softmax(0);
        "log_softmax" Each [105.0, 105.0], [747.0, 747.0], |x| x.log_softmax(0);
        "logsumexp" Each [1.0, 4.0], [2.0, 5.0], |x| x.logsumexp(&[], false);
        "entropy" One [105.0, 4.0], [747.0, 5.0], |x| x.entropy(0);
        "cross_entropy" Each [2.0, 4.0], [3.0, 5.0], |x| cross_entropy(x, &Tensor::scalar(2_i64));
        "cross_entropy_probs" Each [2.0, 4.0], [3.0, 5.0], shares;
        "nll_loss" Each [0.0, 0.0], [0.0, 0.0], |x| nll_loss(x, &Tensor::scalar(2_i64), CrossEntropy::default());
        "norm" Each [0.6, 2.0], [2.0, 3.0], |x| x.norm(&[], false);
        "norm_p of 3" Each [0.6, 6.0], [2.0, 6.0], |x| x.norm_p(3.0, &[], false);
        "norm_p of 1/2" Finite [0.6, 6.0], [2.0, 6.0], |x| x.norm_p(0.5, &[], false);
        "var" Each [2.0, 1.0], [3.0, 2.0], |x| x.var(&[], 0, false);
        "std" Each [2.0, 3.0], [3.0, 4.0], |x| x.std(&[], 0, false);
        "mse" Each [2.0, 1.0], [3.0, 2.0], |x| mse(x, 0.0);
        "standardize" Greatest [3.0, 8.0], [4.0, 9.0], |x| x.standardize(&[], 0.0);
        "standardize with eps" Greatest [3.0, 8.0], [4.0, 9.0], |x| x.layer_norm(1, None, None, EPS);
        "rms_norm" Greatest [3.0, 8.0], [4.0, 9.0], |x| x.rms_norm(None, 0.0);
        "rms_norm with eps" Greatest [3.0, 8.0], [4.0, 9.0], |x| x.rms_norm(None, EPS);
    }
}

fn check_rows<T: Float>() {
    let mut wrong = String::new();
    for row in rows::<T>() {
        let mut worst = Worst::new();
        for line in lines::<T>(row.name) {
            let [row_of_x, values, slopes] = [0, 1, 2].map(|part| &line[part][..]);
            let greatest = |x: &[f64]| x.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            if row.unit == Unit::Finite && !T::from_f64(values[0]).is_finite() {
                continue;
            }
            let tape = Tape::<T>::new();
            let x: Vec<T> = row_of_x.iter().map(|&x| T::from_f64(x)).collect();
            let x = tape.leaf(&Tensor::from(x));
            let y = (row.function)(x);
            let size = match row.unit {
                Unit::Greatest => greatest(values),
                _ => 0.0,
            };
            for (&found, &exact) in y.value().to_vec().iter().zip(values) {
                worst.meet(0, error_beside(found, exact, size), row_of_x);
            }
            let size = match row.unit {
                Unit::One => 1.0,
                _ => greatest(slopes),
            };
            let loss = if y.size() == 1 {
                y.sum()
            } else {
                (y * &Tensor::from(WEIGHTS).cast::<T>()).sum()
            };
            let direct = loss.backward().wrt(x).expect("reached").to_vec();
            let [recorded] = tape.grad(loss, [x]);
            for found in [direct, recorded.value().to_vec()] {
                for (&found, &exact) in found.iter().zip(slopes) {
                    worst.meet(1, error_beside(found, exact, size), row_of_x);
                }
            }
        }
        wrong += &worst.beyond::<T>(row.name, row.bounds);
    }
    assert!(wrong.is_empty(), "beyond their bounds:\n{wrong}");
}

#[test]
fn functions_of_rows_in_single_precision() {
    check_rows::<f32>();
}

#[test]
fn functions_of_rows_in_double_precision() {
    check_rows::<f64>();
}

/// A loss of a value and its target, with the greatest errors of the value and the slopes.
struct Pair<T: Float> {
    name: &'static str,
    loss: for<'t> fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
    bounds: [f64; 2],
}

macro_rules! pairs {
    ($($name:literal $bounds:expr, $f:expr;)*) => {
        [$(Pair { name: $name, loss: $f, bounds: $bounds }),*]
    };
}

fn pairs<T: Float>() -> [Pair<T>; 10] {
    const NONE: Reduction = Reduction::None;
    pairs! {
        "squares" [2.0, 1.0], |y, t| mse_with(y, t, NONE);
        "l1_loss" [1.0, 0.0], |y, t| l1_loss(y, t, NONE);
        "huber_loss" [2.0, 1.0], |y, t| huber_loss(y, t, 1.0, NONE);
        "huber_loss near" [2.0, 1.0], |y, t| huber_loss(y, t, NEAR, NONE);
        "huber_loss far" [2.0, 1.0], |y, t| huber_loss(y, t, FAR, NONE);
        "smooth_l1_loss" [2.0, 1.0], |y, t| smooth_l1_loss(y, t, 1.0, NONE);
        "smooth_l1_loss near" [2.0, 1.0], |y, t| smooth_l1_loss(y, t, NEAR, NONE);
        "smooth_l1_loss far" [2.0, 1.0], |y, t| smooth_l1_loss(y, t, FAR, NONE);
        "bce_with_logits" [3.0, 3.0], |y, t| bce_with_logits(y, t, NONE);
        "bce" [3.0, 4.0], |y, t| bce(y, t, NONE);
    }
}

fn check_pairs<T: Float>() {
    let mut wrong = String::new();
    for pair in pairs::<T>() {
        let lines = lines::<T>(pair.name);
        let tape = Tape::<T>::new();
        let column = |part: usize, at: usize| -> Vec<f64> {
            lines.iter().map(|line| line[part][at]).collect()
        };
        let leaf = |x: &[f64]| {
            let x: Vec<T> = x.iter().map(|&x| T::from_f64(x)).collect();
            tape.leaf(&Tensor::from(x))
        };
        let [y, t] = [0, 1].map(|at| leaf(&column(0, at)));
        let loss = (pair.loss)(y, t);
        let mut worst = Worst::new();
        for (&found, line) in loss.value().to_vec().iter().zip(&lines) {
            worst.meet(0, error(found, line[1][0]), &line[0]);
        }
        let grads = loss.sum().backward();
        let recorded = tape.grad(loss.sum(), [y, t]).map(|x| x.value().to_vec());
        let direct = [y, t].map(|x| grads.wrt(x).expect("reached").to_vec());
        for slopes in [direct, recorded] {
            for at in [0, 1] {
                for (&found, line) in slopes[at].iter().zip(&lines) {
                    // Here the slope of a logarithm is out of range.
                    if pair.name == "bce" && !T::from_f64(1.0 / line[0][0]).is_finite() {
                        continue;
                    }
                    let error = error_beside(found, line[2][at], line[3][at]);
                    worst.meet(1, error, &line[0]);
                }
            }
        }
        wrong += &worst.beyond::<T>(pair.name, pair.bounds);
    }
    assert!(wrong.is_empty(), "beyond their bounds:\n{wrong}");
}

#[test]
fn losses_of_pairs_in_single_precision() {
    check_pairs::<f32>();
}

#[test]
fn losses_of_pairs_in_double_precision() {
    check_pairs::<f64>();
}
