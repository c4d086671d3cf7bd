//! Reductions of the elements that a mask names.

use super::Tensor;
use crate::Float;

impl<T: Float> Tensor<T> {
    /// The mean of the elements at which the mask, which stretches to the shape, is true, over `axes`, all if
    /// there are none in the list; `keep` leaves them with size 1. NaN where it is true nowhere.
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 100.0, 3.0]);
    /// assert_eq!(x.masked_mean(&x.lt(9.0), &[], false).item(), 2.0);
    /// ```
    #[track_caller]
    pub fn masked_mean(&self, mask: &Tensor<bool>, axes: &[isize], keep: bool) -> Self {
        let mask = mask.expand(self.shape());
        let counted = mask.count_nonzero(axes, keep).cast::<T>();
        let mean = self.where_(&mask, 0.0).mean_axes(axes, keep);
        let all = self.size().checked_div(mean.size()).unwrap_or(0);
        mean * (all as f64 / counted)
    }

    /// The variance of the elements at which the mask, which stretches to the shape, is true, over `axes`, all
    /// if there are none in the list; `keep` leaves them with size 1. Of n such elements the divisor is
    /// n − `correction`, at least 0. NaN where the mask is true nowhere.
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 100.0, 3.0]);
    /// assert_eq!(x.masked_var(&x.lt(9.0), &[], 1, false).item(), 2.0);
    /// ```
    #[track_caller]
    pub fn masked_var(
        &self,
        mask: &Tensor<bool>,
        axes: &[isize],
        correction: usize,
        keep: bool,
    ) -> Self {
        let (centered, divisor) = self.masked_centered(mask, axes, correction, keep);
        let mean = (&centered * &centered).mean_axes(axes, keep);
        let all = self.size().checked_div(mean.size()).unwrap_or(0);
        mean * (all as f64 / divisor)
    }

    /// The root of [`masked_var`](Tensor::masked_var), also where that is out of range; exactly 0 where all
    /// these elements are equal.
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or an axis is out of range or named twice.
    #[track_caller]
    pub fn masked_std(
        &self,
        mask: &Tensor<bool>,
        axes: &[isize],
        correction: usize,
        keep: bool,
    ) -> Self {
        let (centered, divisor) = self.masked_centered(mask, axes, correction, keep);
        centered.norm(axes, keep) / divisor.sqrt()
    }

    /// The elements at which the mask is true less their mean, 0 elsewhere; and n − `correction`.
    #[track_caller]
    fn masked_centered(
        &self,
        mask: &Tensor<bool>,
        axes: &[isize],
        correction: usize,
        keep: bool,
    ) -> (Self, Self) {
        let mask = &mask.expand(self.shape());
        let counted = mask.count_nonzero(axes, keep);
        let divisor = counted.map(|n| (n - correction as i64).max(0)).cast::<T>();
        if self.size() == 0 {
            return (self.clone(), divisor);
        }
        // Equal elements less one of them are exactly 0, and so is their mean.
        let greatest = self.where_(mask, f64::NEG_INFINITY).amax(axes, true);
        let shifted = (self - &greatest).where_(mask, 0.0);
        let mean = shifted.masked_mean(mask, axes, true);
        ((shifted - mean).where_(mask, 0.0), divisor)
    }

    /// The sum of the elements that are not NaN, over `axes`, all if there are none in the list; `keep` leaves
    /// them with size 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, f64::NAN, 3.0]).nansum(&[], false).item(), 4.0);
    /// ```
    #[track_caller]
    pub fn nansum(&self, axes: &[isize], keep: bool) -> Self {
        let number = |x: T| if x.is_nan() { T::ZERO } else { x };
        self.map(number).sum_axes(axes, keep)
    }

    /// The mean of the elements that are not NaN, over `axes`, all if there are none in the list; `keep` leaves
    /// them with size 1. NaN where all are.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmean(&self, axes: &[isize], keep: bool) -> Self {
        self.masked_mean(&!self.is_nan(), axes, keep)
    }
}
