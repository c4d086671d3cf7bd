//! Values between elements: an axis made longer or shorter.

use super::{Tensor, or_panic};
use crate::kernels::copy_into;
use crate::kernels::product::Taps;
use crate::{Float, Layout, Shape, ShapeError};

/// How the elements of a longer or shorter axis are made of those that there are.
///
/// Element i of k stands on the axis of n elements at (i + ½) n / k − ½, as if elements were cells of which
/// there are as many as they are long; with `align_corners` at i (n − 1) / (k − 1), so that the first and the
/// last elements of both meet. Beyond the ends is the last element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolate {
    /// The element at i n / k, rounded down: PyTorch's `nearest`.
    Nearest,
    /// The element whose cell holds the middle of the new one: PyTorch's `nearest-exact`.
    NearestExact,
    /// Between the two neighbors in proportion: over one axis linear, over two bilinear, over three trilinear.
    Linear {
        /// Whether the ends of both axes meet.
        align_corners: bool,
    },
    /// By the cubic through four neighbors whose slopes are −¾ of Catmull and Rom's scale, as PyTorch's
    /// `bicubic`: it passes through the elements and may go beyond them.
    Cubic {
        /// Whether the ends of both axes meet.
        align_corners: bool,
    },
    /// The mean over the cells that the new one covers, as `avg_pool` with [`Pool::adaptive`](crate::Pool::adaptive).
    Area,
}

impl Interpolate {
    /// The matrix that makes an axis of `to` elements of one of `from`.
    #[doc(hidden)]
    pub fn taps(self, from: usize, to: usize) -> Taps {
        let last = from.saturating_sub(1);
        let (n, k) = (from as f64, to as f64);
        let middle = |i: usize| (i as f64 + 0.5) * (n / k) - 0.5;
        let corner = |i: usize| match to {
            0 | 1 => 0.0,
            _ => i as f64 * (last as f64 / (to - 1) as f64),
        };
        // Whole numbers, so that no rounding moves an element.
        let whole = |i: usize, times: u128, add: u128| {
            let at = (times * i as u128 + add) * from as u128 / (times * to as u128);
            (at as usize).min(last)
        };
        let row = |i: usize| -> Vec<(usize, f64)> {
            match self {
                Interpolate::Nearest => vec![(whole(i, 1, 0), 1.0)],
                Interpolate::NearestExact => vec![(whole(i, 2, 1), 1.0)],
                Interpolate::Linear { align_corners } => {
                    let at = if align_corners {
                        corner(i)
                    } else {
                        middle(i).max(0.0)
                    };
                    let low = (at as usize).min(last);
                    let part = at - low as f64;
                    if low == last {
                        vec![(last, 1.0)]
                    } else {
                        vec![(low, 1.0 - part), (low + 1, part)]
                    }
                }
                Interpolate::Cubic { align_corners } => {
                    let at = if align_corners { corner(i) } else { middle(i) };
                    let part = at - at.floor();
                    let first = at.floor() as isize - 1;
                    let weight = |k: usize| cubic((part + 1.0 - k as f64).abs());
                    let place = |k: usize| first.saturating_add_unsigned(k).clamp(0, last as isize);
                    (0..4).map(|k| (place(k) as usize, weight(k))).collect()
                }
                Interpolate::Area => {
                    let low = whole(i, 1, 0);
                    let high = ((i as u128 + 1) * from as u128).div_ceil(to as u128) as usize;
                    let share = 1.0 / (high - low) as f64;
                    (low..high).map(|at| (at, share)).collect()
                }
            }
        };
        Taps::new(from, (0..to).map(row))
    }

    /// The first of the last axes that get these lengths.
    ///
    /// # Errors
    /// If there are more lengths than axes, or an element would be made of none.
    #[doc(hidden)]
    pub fn first(self, shape: &Shape, sizes: &[usize]) -> Result<usize, ShapeError> {
        let Some(first) = shape.rank().checked_sub(sizes.len()) else {
            let reason = format!("{sizes:?} are more lengths than {shape} has axes");
            return Err(ShapeError::new("interpolate", reason));
        };
        let lengths = shape[first..].iter().zip(sizes);
        if lengths.clone().any(|(&from, &to)| from == 0 && to > 0) {
            let reason = format!("an axis of {shape} has no element to make {sizes:?} of");
            return Err(ShapeError::new("interpolate", reason));
        }
        Ok(first)
    }
}

/// The weight of an element at a distance, of the cubic with the slope −¾.
fn cubic(distance: f64) -> f64 {
    const A: f64 = -0.75;
    let d = distance;
    if d <= 1.0 {
        ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0
    } else if d < 2.0 {
        ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A
    } else {
        0.0
    }
}

impl<T: Float> Tensor<T> {
    /// The tensor with its last axes of the lengths `sizes`, and values between its elements.
    ///
    /// # Panics
    /// If there are more lengths than axes, or nothing that elements could be made of.
    ///
    /// ```
    /// use wengert_tensor::{Interpolate, Tensor};
    /// let x = Tensor::from([[0.0, 4.0]]);
    /// let linear = Interpolate::Linear { align_corners: false };
    /// assert_eq!(x.interpolate(&[4], linear).to_rows(), [[0.0, 1.0, 3.0, 4.0]]);
    /// assert_eq!(x.interpolate(&[2, 4], Interpolate::Nearest).to_rows(), [[0.0, 0.0, 4.0, 4.0]; 2]);
    /// ```
    #[doc(alias = "upsample")]
    #[doc(alias = "resize")]
    #[track_caller]
    pub fn interpolate(&self, sizes: &[usize], how: Interpolate) -> Self {
        let first = or_panic(how.first(self.shape(), sizes));
        let mut y = self.clone();
        for (axis, &to) in (first..).zip(sizes) {
            y = y.resampled(axis, &how.taps(self.shape()[axis], to));
        }
        y
    }

    /// The windows along `axis`, which counts them, added up where they overlap: the transpose of
    /// [`unfold`](Tensor::unfold), whose windows start `step` apart and lead through the last axis. The axis
    /// gets the length `len`.
    ///
    /// # Panics
    /// If the axis is out of range, the step is 0, or the windows are not those of an axis of that length.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let windows = Tensor::from([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]);
    /// assert_eq!(windows.fold(0, 5, 2).to_vec(), [1.0, 2.0, 13.0, 20.0, 30.0]);
    /// ```
    #[doc(alias = "col2im")]
    #[track_caller]
    pub fn fold(&self, axis: isize, len: usize, step: usize) -> Self {
        let (shape, region) = or_panic(Layout::folded(self.shape(), axis, len, step));
        let mut y = Tensor::zeros(shape);
        copy_into(y.as_mut_slice(), &region, &self.view(), true);
        y
    }
}
