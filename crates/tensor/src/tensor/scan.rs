//! Running results along an axis.

use super::construct::blank;
use super::{Operand, Tensor, or_panic};
use crate::kernels::{self, Recurrence};
use crate::{Element, Float, View};

impl<T: Float> Tensor<T> {
    /// The result, of the same shape, of a kernel along one axis.
    #[track_caller]
    fn running<U: Element>(
        &self,
        op: &'static str,
        axis: isize,
        kernel: impl FnOnce(&View<T>, usize, &mut [U]),
    ) -> Tensor<U> {
        let axis = or_panic(self.shape().axis(op, axis));
        let mut out = blank(op, self.shape());
        kernel(&self.view(), axis, &mut out);
        Tensor::row_major(out, self.shape().clone())
    }

    /// The sum of the elements so far along `axis`. Within about one rounding of the exact sum, also behind
    /// one that is out of range.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.cumsum(0), Tensor::from([1.0, 3.0, 6.0]));
    /// ```
    #[doc(alias = "cumulative_sum")]
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Self {
        self.running("cumsum", axis, |x, axis, out| {
            kernels::cumsum(x, axis, false, out);
        })
    }

    /// The product of the elements so far along `axis`; right also behind one that is out of range.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([2.0_f64.powi(600), 2.0_f64.powi(600), 2.0_f64.powi(-1000)]);
    /// assert_eq!(x.cumprod(0)[[2]], 2.0_f64.powi(200));
    /// ```
    #[doc(alias = "cumulative_prod")]
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Self {
        self.running("cumprod", axis, |x, axis, out| {
            kernels::cumprod(x, axis, false, out);
        })
    }

    /// ln Σ eˣ of the elements so far along `axis`, without overflow: −∞ as long as all are.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logcumsumexp(0), Tensor::from([1000.0, 1000.0 + 2.0_f64.ln()]));
    /// ```
    #[doc(alias = "cumlogsumexp")]
    #[track_caller]
    pub fn logcumsumexp(&self, axis: isize) -> Self {
        self.running("logcumsumexp", axis, kernels::logcumsumexp)
    }

    /// The greatest of the elements so far along `axis`, and where it stands there: the first of several.
    /// NaN is the greatest from where it stands.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (values, places) = Tensor::from([1.0, 3.0, 2.0, 3.0]).cummax(0);
    /// assert_eq!(values, Tensor::from([1.0, 3.0, 3.0, 3.0]));
    /// assert_eq!(places, Tensor::from([0, 1, 1, 1]));
    /// ```
    #[doc(alias = "maximum.accumulate")]
    #[track_caller]
    pub fn cummax(&self, axis: isize) -> (Self, Tensor<i64>) {
        self.running_extremes("cummax", axis, false)
    }

    /// The least of the elements so far along `axis`, and where it stands there: the first of several. NaN
    /// is the least from where it stands.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "minimum.accumulate")]
    #[track_caller]
    pub fn cummin(&self, axis: isize) -> (Self, Tensor<i64>) {
        self.running_extremes("cummin", axis, true)
    }

    #[track_caller]
    fn running_extremes(&self, op: &'static str, axis: isize, least: bool) -> (Self, Tensor<i64>) {
        let places: Tensor<i64> = self.running(op, axis, |x, axis, out| {
            kernels::cumulative_extremes(x, axis, least, out);
        });
        (self.gather(axis, &places), places)
    }

    /// h_t = a_t h_(t−1) + x_t along `axis`, where h before the first is 0: a leaky sum, a discounted return,
    /// the state of a linear recurrent layer. The factors a stretch to the shape.
    ///
    /// # Panics
    /// If the axis is out of range, or the factors do not stretch to the shape.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 1.0, 1.0]);
    /// assert_eq!(x.linear_recurrence(0.5, 0), Tensor::from([1.0, 1.5, 1.75]));
    /// ```
    #[doc(alias = "associative_scan")]
    #[doc(alias = "lfilter")]
    #[track_caller]
    pub fn linear_recurrence(&self, factors: impl Operand<T>, axis: isize) -> Self {
        let factors = factors.operand().expand(self.shape());
        let how = Recurrence {
            reverse: false,
            late: false,
            absorb: false,
        };
        self.running("linear_recurrence", axis, |x, axis, out| {
            kernels::recurrence(&factors.view(), x, axis, how, out);
        })
    }

    /// The differences of neighbors along `axis`, each less the one before, `n` times over. Each time the axis
    /// becomes one shorter, down to 0.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 4.0, 9.0]);
    /// assert_eq!(x.diff(1, 0), Tensor::from([3.0, 5.0]));
    /// assert_eq!(x.diff(2, 0), Tensor::from([2.0]));
    /// ```
    #[track_caller]
    pub fn diff(&self, n: usize, axis: isize) -> Self {
        or_panic(self.shape().axis("diff", axis));
        let step = |x: Self, _| x.slice(axis, 1..) - x.slice(axis, ..-1);
        (0..n).fold(self.clone(), step)
    }
}
