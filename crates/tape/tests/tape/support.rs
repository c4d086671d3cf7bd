//! What the tests share: panics caught with their place, and derivatives by differences.

pub use wengert_tape::check::Refusal as Caught;
use wengert_tape::check::refusal;
use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

/// Runs `f`, which must panic, and says with what and where.
pub fn caught(f: impl FnOnce()) -> Caught {
    refusal(f).expect_err("it did not panic")
}

/// Runs `f`, and says with what and where it panicked, if it did.
#[allow(dead_code, reason = "the tests of soundness include this file")]
pub fn attempt(f: impl FnOnce()) -> Option<Caught> {
    refusal(f).err()
}

/// A number made of tensors.
pub type Scalar = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;

/// The value at tensors.
pub fn value(f: Scalar, inputs: &[Tensor<f64>]) -> f64 {
    let tape = Tape::new();
    let inputs: Vec<_> = inputs.iter().map(|x| tape.leaf(x)).collect();
    f(&inputs).item()
}

/// The gradient by fourth-order central differences.
pub fn differences(
    value: impl Fn(&[Tensor<f64>]) -> f64,
    inputs: &[Tensor<f64>],
) -> Vec<Tensor<f64>> {
    let h = 1e-3;
    let moved = |k: usize, at: usize, by: f64| {
        let mut inputs = inputs.to_vec();
        inputs[k].as_mut_slice()[at] += by;
        value(&inputs)
    };
    let slope = |k: usize, at: usize| {
        let near = moved(k, at, h) - moved(k, at, -h);
        let far = moved(k, at, 2.0 * h) - moved(k, at, -2.0 * h);
        (8.0 * near - far) / (12.0 * h)
    };
    let gradient = |(k, x): (usize, &Tensor<f64>)| {
        let slopes = (0..x.size()).map(|at| slope(k, at)).collect();
        Tensor::from_vec(slopes, x.shape().clone()).unwrap()
    };
    inputs.iter().enumerate().map(gradient).collect()
}

/// Asserts |a − b| ≤ tolerance · (1 + |b|).
#[track_caller]
pub fn assert_close(a: &Tensor<f64>, b: &Tensor<f64>, tolerance: f64) {
    assert!(
        a.shape() == b.shape(),
        "shapes {} and {}",
        a.shape(),
        b.shape()
    );
    assert!(a.allclose(b, tolerance, tolerance), "{a:?}\nis not\n{b:?}");
}

/// Numbers without pattern in \[−1, 1\].
pub fn noise(shape: &[usize], seed: u64) -> Tensor<f64> {
    let mut rng = wengert_tensor::Rng::seed_from_u64(seed);
    Tensor::from_fn(shape, |_| 2.0 * rng.unit() - 1.0)
}
