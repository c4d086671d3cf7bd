//! The written policy at kinks, ties, zeros and masks, entry by entry, at first and second order.

mod elementwise;
mod far;
mod functions;
mod linalg;
mod losses;
mod nothing;
mod pairs;
mod plain;
mod ranges;
mod reductions;
mod rows;
mod scans;
mod slopes;
mod special;
mod windows;
mod zeros;

use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// The value of `f`, the gradient of its sum, which must be the same in both readings, and the
/// gradient of the gradient's sum.
fn orders(f: Function, x: &[f64]) -> [Vec<f64>; 3] {
    orders_of(f, &Tensor::from(x.to_vec()))
}

fn orders_of(f: Function, x: &Tensor<f64>) -> [Vec<f64>; 3] {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(x);
    let y = f(x);
    let [x_bar] = tape.grad(y.sum(), [x]);
    let direct = y.sum().backward().wrt(x).expect("x is reached").to_vec();
    let recorded = x_bar.value().to_vec();
    assert_same(&direct, &recorded, "the direct and the recorded reading");
    let second = if x_bar.needs_grad() {
        x_bar
            .sum()
            .backward()
            .wrt(x)
            .map_or(vec![0.0; direct.len()], |bar| bar.to_vec())
    } else {
        vec![0.0; direct.len()]
    };
    [y.value().to_vec(), recorded, second]
}

/// The same numbers, where NaN is NaN, to rounding.
fn assert_same(found: &[f64], expected: &[f64], what: &str) {
    assert_close(found, expected, 1e-14, what);
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let same = |a: f64, b: f64| {
        a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * (1.0 + b.abs())
    };
    let all =
        found.len() == expected.len() && found.iter().zip(expected).all(|(&a, &b)| same(a, b));
    assert!(all, "{what}: {found:?}, expected {expected:?}");
}
