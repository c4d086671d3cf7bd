//! Reductions along axes.

use super::construct::blank;
use super::{Tensor, or_panic};
use crate::kernels::{self, check_nonempty};
use crate::{Element, Float, Shape, View};

impl<T: Float> Tensor<T> {
    /// The result of a kernel that reduces `axes`, all if there are none in the list.
    #[track_caller]
    fn reduced(
        &self,
        op: &'static str,
        axes: &[isize],
        keep: bool,
        kernel: impl FnOnce(&View<T>, &[usize], &mut [T]),
    ) -> Self {
        let axes = or_panic(self.shape().axes(op, axes));
        let shape = self.shape().reduced(&axes, keep);
        let mut out = blank(op, &shape);
        kernel(&self.view(), &axes, &mut out);
        Self::row_major(out, shape)
    }

    /// Checks that a reduction over `axes` has something to choose from.
    #[track_caller]
    fn check_some(&self, op: &'static str, axes: &[isize]) {
        let axes = or_panic(self.shape().axes(op, axes));
        or_panic(check_nonempty(op, self.shape(), &axes));
    }

    /// The sum of all elements, within about one rounding of the exact sum.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).sum().item(), 10.0);
    /// ```
    pub fn sum(&self) -> Self {
        self.sum_axes(&[], false)
    }

    /// The sums over `axes`, all if there are none in the list; `keep` leaves them with size 1.
    /// Within about one rounding of the exact sum.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_axes(&[0], false), Tensor::from([4.0, 6.0]));
    /// assert_eq!(x.sum_axes(&[-1], true), Tensor::from([[3.0], [7.0]]));
    /// ```
    #[track_caller]
    pub fn sum_axes(&self, axes: &[isize], keep: bool) -> Self {
        self.reduced("sum", axes, keep, |x, axes, out| {
            kernels::sum(x, axes, out, false)
        })
    }

    /// The mean of all elements; NaN for no elements.
    pub fn mean(&self) -> Self {
        self.mean_axes(&[], false)
    }

    /// The means over `axes`, all if there are none in the list; `keep` leaves them with size 1.
    /// NaN for no elements.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean_axes(&self, axes: &[isize], keep: bool) -> Self {
        self.reduced("mean", axes, keep, kernels::mean)
    }

    /// The Euclidean norms over `axes`, all if there are none in the list; `keep` leaves them with
    /// size 1. No square of an element overflows or vanishes.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([3.0, 4.0]).norm(&[], false).item(), 5.0);
    /// ```
    #[track_caller]
    pub fn norm(&self, axes: &[isize], keep: bool) -> Self {
        self.reduced("norm", axes, keep, kernels::norm)
    }

    /// The norms (Σ |x|ᵖ)^(1/p) over `axes`, all if there are none in the list; `keep` leaves them with
    /// size 1. For p = ∞ they are the greatest |x|, for −∞ the least, and for p = 0 the number of elements that
    /// are not 0. No power overflows or vanishes.
    ///
    /// # Panics
    /// If p is NaN, an axis is out of range or named twice, or, for p = ±∞, has size 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([3.0, -4.0]);
    /// let norms = [0.0, 1.0, 2.0, f64::INFINITY].map(|p| x.norm_p(p, &[], false).item());
    /// assert_eq!(norms, [2.0, 7.0, 5.0, 4.0]);
    /// ```
    #[doc(alias = "vector_norm")]
    #[track_caller]
    pub fn norm_p(&self, p: f64, axes: &[isize], keep: bool) -> Self {
        assert!(!p.is_nan(), "norm_p: the order is NaN");
        match p {
            0.0 => self.count_nonzero(axes, keep).cast(),
            1.0 => self.abs().sum_axes(axes, keep),
            2.0 => self.norm(axes, keep),
            f64::INFINITY => self.abs().amax(axes, keep),
            f64::NEG_INFINITY => self.abs().amin(axes, keep),
            _ => self.reduced("norm_p", axes, keep, |x, axes, out| {
                kernels::norm_p(x, p, axes, out);
            }),
        }
    }

    /// The products over `axes`, all if there are none in the list; `keep` leaves them with size 1. 1 for no
    /// elements. Parts of a product may be out of range.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1e200, 2.0], [1e200, 3.0], [1e-300, 5.0]]);
    /// assert!(x.prod(&[0], false).allclose(&Tensor::from([1e100, 30.0]), 1e-15, 0.0));
    /// ```
    #[doc(alias = "product")]
    #[track_caller]
    pub fn prod(&self, axes: &[isize], keep: bool) -> Self {
        self.reduced("prod", axes, keep, kernels::prod)
    }

    /// The greatest elements over `axes`, all if there are none in the list; `keep` leaves them
    /// with size 1. NaN where one is NaN.
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 4.0]]);
    /// assert_eq!(x.amax(&[1], false), Tensor::from([5.0, 4.0]));
    /// ```
    #[track_caller]
    pub fn amax(&self, axes: &[isize], keep: bool) -> Self {
        self.check_some("amax", axes);
        self.reduced("amax", axes, keep, kernels::amax)
    }

    /// The least elements over `axes`, all if there are none in the list; `keep` leaves them with
    /// size 1. NaN where one is NaN.
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    #[track_caller]
    pub fn amin(&self, axes: &[isize], keep: bool) -> Self {
        self.check_some("amin", axes);
        self.reduced("amin", axes, keep, kernels::amin)
    }

    /// ln Σ eˣ over `axes`, all if there are none in the list, without overflow; `keep` leaves them
    /// with size 1. −∞ where all elements are −∞ or there is none.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(&[], false).item(), 1000.0 + 2.0_f64.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: &[isize], keep: bool) -> Self {
        self.reduced("logsumexp", axes, keep, kernels::logsumexp)
    }

    /// The variances over `axes`, all if there are none in the list, of n elements with the divisor
    /// n − `correction` (at least 0); `keep` leaves them with size 1. In two passes.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 3.0]);
    /// assert_eq!(x.var(&[], 0, false).item(), 1.0);
    /// assert_eq!(x.var(&[], 1, false).item(), 2.0);
    /// ```
    #[track_caller]
    pub fn var(&self, axes: &[isize], correction: usize, keep: bool) -> Self {
        self.reduced("var", axes, keep, |x, axes, out| {
            kernels::var(x, axes, correction, out);
        })
    }

    /// The standard deviations over `axes`: the roots of [`var`](Tensor::var), also where that is out
    /// of range, and exactly 0 where all elements are equal.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std(&self, axes: &[isize], correction: usize, keep: bool) -> Self {
        self.reduced("std", axes, keep, |x, axes, out| {
            kernels::std(x, axes, correction, out);
        })
    }

    /// The first positions of the greatest elements along `axis`, which disappears; NaN counts as
    /// the greatest.
    ///
    /// # Panics
    /// If the axis is out of range or has size 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [4.0, 4.0]]);
    /// assert_eq!(x.argmax(1), Tensor::from([1, 0]));
    /// ```
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Tensor<i64> {
        self.position("argmax", axis, kernels::argmax)
    }

    /// The first positions of the least elements along `axis`, which disappears; NaN counts as the
    /// least.
    ///
    /// # Panics
    /// If the axis is out of range or has size 0.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Tensor<i64> {
        self.position("argmin", axis, kernels::argmin)
    }

    #[track_caller]
    pub(super) fn position(
        &self,
        op: &'static str,
        axis: isize,
        find: fn(&View<'_, T>, usize, &mut [i64]),
    ) -> Tensor<i64> {
        let axis = or_panic(self.shape().axis(op, axis));
        or_panic(check_nonempty(op, self.shape(), &[axis]));
        let shape = self.shape().reduced(&[axis], false);
        let mut out = blank(op, &shape);
        find(&self.view(), axis, &mut out);
        Tensor::row_major(out, shape)
    }

    /// The tensor summed down to `shape`, which broadcasts to this one's: the way back from
    /// [`expand`](Tensor::expand).
    ///
    /// # Panics
    /// If `shape` does not stretch to this one.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_to([2, 1]), Tensor::from([[3.0], [7.0]]));
    /// ```
    #[track_caller]
    pub fn sum_to(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if !shape.broadcasts_to(self.shape()) {
            let reason = format!("{shape} does not stretch to {}", self.shape());
            or_panic::<(), _>(Err(crate::ShapeError::new("sum_to", reason)));
        }
        let mut out = blank("sum_to", &shape);
        kernels::sum_to(&self.view(), &shape, &mut out, false);
        Self::row_major(out, shape)
    }
}

impl<T: Element> Tensor<T> {
    /// How many elements over `axes`, all if there are none in the list, differ from 0, or from `false`; NaN
    /// does. `keep` leaves the axes with size 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[0.0, 1.0], [2.0, 3.0]]);
    /// assert_eq!(x.count_nonzero(&[1], false), Tensor::from([1, 2]));
    /// ```
    #[track_caller]
    pub fn count_nonzero(&self, axes: &[isize], keep: bool) -> Tensor<i64> {
        let axes = or_panic(self.shape().axes("count_nonzero", axes));
        let shape = self.shape().reduced(&axes, keep);
        let mut out = blank("count_nonzero", &shape);
        kernels::count_nonzero(&self.view(), &axes, &mut out);
        Tensor::row_major(out, shape)
    }

    /// The elements in order along `axis`, and the positions that they came from, both of this
    /// tensor's shape. Equal elements keep their order; NaN counts as the greatest.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (values, indices) = Tensor::from([2.0, 3.0, 1.0]).sort(0, false);
    /// assert_eq!(values, Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(indices, Tensor::from([2, 0, 1]));
    /// ```
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> (Self, Tensor<i64>) {
        let axis = or_panic(self.shape().axis("sort", axis));
        let mut values = blank("sort", self.shape());
        let mut indices = blank("sort", self.shape());
        kernels::sort(&self.view(), axis, descending, &mut values, &mut indices);
        let shape = self.shape();
        (
            Self::row_major(values, shape.clone()),
            Tensor::row_major(indices, shape.clone()),
        )
    }
}

impl Tensor<i64> {
    /// The sum of all elements.
    ///
    /// # Panics
    /// If it is no `i64`.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([1, 2, 3]).sum().item(), 6);
    /// ```
    #[track_caller]
    pub fn sum(&self) -> Self {
        self.sum_axes(&[], false)
    }

    /// The sums over `axes`, all if there are none in the list; `keep` leaves them with size 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or a sum is no `i64`.
    #[track_caller]
    pub fn sum_axes(&self, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(self.shape().axes("sum", axes));
        let shape = self.shape().reduced(&axes, keep);
        let mut out = blank("sum", &shape);
        let fits = kernels::sum_whole(&self.view(), &axes, &mut out);
        assert!(fits, "sum: a sum of whole numbers is out of their range");
        Self::row_major(out, shape)
    }
}
