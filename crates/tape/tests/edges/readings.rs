//! The readings of each rule agree: direct, recorded, forward mode and differences, at first and
//! second order.

use wengert_tape::check::Case;
use wengert_tape::{GradOptions, Tape, Unused, Var, ops};
use wengert_tensor::{Rng, Tensor};

const OPS: [&str; 11] = [
    "affine", "matmul", "mean", "amax", "amin", "logsumexp", "var", "norm", "softmax",
    "log_softmax", "sum",
];

const OPTIONS: GradOptions = GradOptions {
    create_graph: true,
    unused: Unused::Zeros,
};

/// A scalar that weighs every output differently, and not linearly.
fn loss<'t>(case: &Case<f64>, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let mut sum = x[0].tape().scalar(0.0);
    for (k, y) in (case.program)(x).iter().enumerate() {
        let mut rng = Rng::seed_from_u64(k as u64);
        let c = Tensor::from_fn(y.shape(), |_| rng.unit() - 0.3);
        sum = sum + (*y * &c + (*y * 0.5).tanh()).sum();
    }
    sum
}

/// The directional derivative of the loss along fixed directions, recorded.
fn slope<'t>(case: &Case<f64>, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let tape = x[0].tape();
    let bars = tape.grad_with(&[loss(case, x)], x, &[], OPTIONS);
    let mut sum = tape.scalar(0.0);
    for (bar, v) in bars.iter().zip(directions(x)) {
        sum = sum + (*bar * &v).sum();
    }
    sum
}

fn directions(x: &[Var<'_, f64>]) -> Vec<Tensor<f64>> {
    let mut rng = Rng::seed_from_u64(77);
    x.iter().map(|x| Tensor::from_fn(x.shape(), |_| rng.unit() - 0.4)).collect()
}

fn close(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{what}: {a} and {b}");
}

fn check(f: for<'t> fn(&Case<f64>, &[Var<'t, f64>]) -> Var<'t, f64>, case: &Case<f64>, name: &str) {
    let name = format!("{name}, {}", case.label);
    let tape = Tape::<f64>::new();
    tape.poison();
    let x: Vec<Var<'_, f64>> = case.inputs.iter().map(|x| tape.leaf(x)).collect();
    let y = f(case, &x);
    let v = directions(&x);
    let recorded = tape.grad_with(&[y], &x, &[], OPTIONS);
    let direct = y.backward();
    let mut slope = 0.0;
    for ((x, recorded), v) in x.iter().zip(recorded).zip(&v) {
        let recorded = recorded.value();
        if let Some(direct) = direct.wrt(*x) {
            assert!(direct.allclose(&recorded, 1e-11, 1e-11), "{name}: {direct:?} {recorded:?}");
        }
        slope += recorded.iter().zip(v.iter()).map(|(a, b)| a * b).sum::<f64>();
    }
    let dots: Vec<_> = v.iter().map(|v| tape.constant(v)).collect();
    let pairs: Vec<_> = x.iter().copied().zip(dots).collect();
    close(tape.tangent(y, &pairs).item(), slope, 1e-11, &format!("{name}, forward mode"));
    let at = |step: f64| {
        let tape = Tape::<f64>::new();
        let shift = |(x, v): (&Tensor<f64>, &Tensor<f64>)| tape.leaf(&x.zip_map(v, |x, v| x + step * v));
        let x: Vec<_> = case.inputs.iter().zip(&v).map(shift).collect();
        f(case, &x).item()
    };
    let h = 1e-4;
    let difference = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
    close(slope, difference, 1e-7, &format!("{name}, differences"));
}

#[test]
fn first_order() {
    for row in ops::ALL.iter().filter(|row| OPS.contains(&row.name)) {
        for case in (row.samples)().cases {
            check(loss, &case, row.name);
        }
    }
}

#[test]
fn second_order() {
    for row in ops::ALL.iter().filter(|row| OPS.contains(&row.name)) {
        for case in (row.samples)().cases {
            check(slope, &case, row.name);
        }
    }
}
