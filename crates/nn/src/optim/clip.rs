//! Bounds on gradients.

use wengert_tape::Gradients;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

/// Scales all gradients by min(1, max / (norm + 1e-6)), where the norm is that of all gradients as
/// one vector, and returns the norm. A norm that is not finite leaves its mark on every gradient.
///
/// Source: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural
/// networks*, algorithm 1, in the form of PyTorch's `clip_grad_norm_`.
///
/// ```
/// use wengert_nn::clip_by_global_norm;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let x = Tensor::<f64>::from([3.0, 4.0]);
/// let (_, mut grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// assert_eq!(clip_by_global_norm(&mut grads, 5.0), 10.0);
/// assert!((grads.norm() - 5.0).abs() < 1e-5);
/// ```
///
/// # Panics
/// If `max` is negative or NaN.
#[track_caller]
pub fn clip_by_global_norm<M: Tree<Tensor<T>>, T: Float>(
    grads: &mut Gradients<M, T>,
    max: f64,
) -> f64 {
    assert!(max >= 0.0, "clip_by_global_norm: {max} is no bound");
    let norm = grads.norm();
    let factor = max / (norm + 1e-6);
    if factor < 1.0 || factor.is_nan() {
        grads.scale(factor);
    }
    norm
}

/// Scales the gradient of every leaf for itself, to a norm of at most `max`, and returns the greatest
/// norm that there was. A norm that is not finite leaves its mark on its gradient.
///
/// ```
/// use wengert_nn::optim::clip_by_norm;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let model = [Tensor::<f64>::from([3.0, 4.0]), Tensor::from([0.3])];
/// let (_, mut grads) = Tape::new().value_and_grad(&model, |_, [a, b]| {
///     (a * a).sum() * 0.5 + (b * b).sum() * 0.5
/// });
/// assert_eq!(clip_by_norm(&mut grads, 1.0), 5.0);
/// assert!((grads.get(0).unwrap().to_vec()[0] - 0.6).abs() < 1e-6);
/// assert_eq!(grads.get(1).unwrap().to_vec(), [0.3]);
/// ```
///
/// # Panics
/// If `max` is negative or NaN.
#[doc(alias = "clip_by_block_rms")]
#[track_caller]
pub fn clip_by_norm<M: Tree<Tensor<T>>, T: Float>(grads: &mut Gradients<M, T>, max: f64) -> f64 {
    assert!(max >= 0.0, "clip_by_norm: {max} is no bound");
    let mut greatest = 0.0_f64;
    grads.visit_held_mut(&mut |bars| {
        let scale = bars.iter().map(|x| x.to_f64().abs()).fold(0.0, f64::max);
        let squares = |x: &T| (x.to_f64() / scale).powi(2);
        let norm = match scale == 0.0 && bars.iter().all(|x| *x == T::ZERO) {
            true => 0.0,
            false if scale == f64::INFINITY => f64::INFINITY,
            false => scale * bars.iter().map(squares).sum::<f64>().sqrt(),
        };
        // A NaN stays.
        greatest = if norm > greatest || norm.is_nan() {
            norm
        } else {
            greatest
        };
        let factor = max / (norm + 1e-6);
        if factor < 1.0 || factor.is_nan() {
            let factor = T::from_f64(factor);
            bars.iter_mut().for_each(|x| *x *= factor);
        }
    });
    greatest
}

/// Limits every element of every gradient to −max … max. NaN stays.
///
/// ```
/// use wengert_nn::clip_by_value;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let x = Tensor::<f64>::from([3.0, -4.0, 0.1]);
/// let (_, mut grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// clip_by_value(&mut grads, 1.0);
/// assert_eq!(grads.get(0).unwrap().to_vec(), [1.0, -1.0, 0.2]);
/// ```
///
/// # Panics
/// If `max` is negative or NaN.
#[track_caller]
pub fn clip_by_value<M: Tree<Tensor<T>>, T: Float>(grads: &mut Gradients<M, T>, max: f64) {
    assert!(max >= 0.0, "clip_by_value: {max} is no bound");
    let (low, high) = (T::from_f64(-max), T::from_f64(max));
    grads.visit_held_mut(&mut |bars| {
        for x in bars {
            if *x < low {
                *x = low;
            } else if *x > high {
                *x = high;
            }
        }
    });
}
