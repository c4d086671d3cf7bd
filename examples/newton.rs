//! Second derivatives at work: Newton's method on Rosenbrock's banana, whose valley keeps gradient
//! descent busy for thousands of steps.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use wengert::prelude::*;

/// (1 − x)² + 100 (y − x²)²
fn banana<'t>(at: Var<'t, f64>) -> Var<'t, f64> {
    let (x, y) = (at.select(0, 0), at.select(0, 1));
    let (a, b) = (1.0 - x, y - x * x);
    a * a + 100.0 * b * b
}

fn main() {
    let mut tape = Tape::<f64>::new();
    let mut at = Tensor::from([-1.2, 1.0]);
    let mut steps = 0;
    loop {
        let (value, grads) = tape.value_and_grad(&at, |_, at| banana(at));
        let slope = grads.get(0).expect("the function depends on the point");
        println!(
            "step {steps}: {value:.3e} at ({:.6}, {:.6})",
            at[[0]],
            at[[1]]
        );
        if grads.norm() < 1e-10 {
            break;
        }
        let hessian = tape.hessian(&at, |_, at| banana(at));
        let [a, b, c] = [hessian[[0, 0]], hessian[[0, 1]], hessian[[1, 1]]];
        // The inverse of [a b; b c], times the slope.
        let determinant = a * c - b * b;
        let (u, v) = (slope[[0]], slope[[1]]);
        let step = [(c * u - b * v) / determinant, (a * v - b * u) / determinant];
        at = Tensor::from([at[[0]] - step[0], at[[1]] - step[1]]);
        steps += 1;
    }
    assert!(steps < 10 && at.allclose(&Tensor::from([1.0, 1.0]), 1e-9, 0.0));
}
