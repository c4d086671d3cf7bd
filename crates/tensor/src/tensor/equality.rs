//! Equal, and nearly equal.

use super::Tensor;
use crate::{Element, Float};

/// Equal shapes and equal elements; NaN equals nothing.
impl<T: Element> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape()
            && match (self.as_slice(), other.as_slice()) {
                (Some(a), Some(b)) => a == b,
                _ => self.iter().eq(other.iter()),
            }
    }
}

impl<T: Float> Tensor<T> {
    /// Whether the shapes agree and |a − b| ≤ atol + rtol·|b| for each element a of this tensor and
    /// b of `other`, in `f64`. Equal infinities are close; NaN is close to nothing, not even NaN.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let a = Tensor::from([1.0, 1e-9, f64::INFINITY]);
    /// let b = Tensor::from([1.0 + 1e-9, 0.0, f64::INFINITY]);
    /// assert!(a.allclose(&b, 1e-8, 1e-8));
    /// let nan = Tensor::scalar(f64::NAN);
    /// assert!(!nan.allclose(&nan, 1.0, 1.0));
    /// ```
    pub fn allclose(&self, other: &Self, rtol: f64, atol: f64) -> bool {
        let close = |(a, b): (T, T)| {
            let (a, b) = (a.to_f64(), b.to_f64());
            a == b || (a.is_finite() && b.is_finite() && (a - b).abs() <= atol + rtol * b.abs())
        };
        self.shape() == other.shape() && self.iter().zip(other.iter()).all(close)
    }

    /// The greatest |a − b|, in `f64`: 0 for empty tensors and equal infinities, NaN where an
    /// element of either is NaN.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn max_abs_diff(&self, other: &Self) -> f64 {
        assert_eq!(
            self.shape(),
            other.shape(),
            "max_abs_diff: the shapes differ"
        );
        let mut greatest = 0.0_f64;
        for (a, b) in self.iter().zip(other.iter()) {
            let (a, b) = (a.to_f64(), b.to_f64());
            let difference = if a == b { 0.0 } else { (a - b).abs() };
            if difference > greatest || difference.is_nan() {
                greatest = difference;
            }
            if greatest.is_nan() {
                break;
            }
        }
        greatest
    }
}
