//! Ragged data: slices that lie one after the other, each with the number of its segment.

use super::construct::blank;
use super::{Tensor, or_panic};
use crate::kernels;
use crate::{Float, Shape, ShapeError};

impl Shape {
    /// The shape of `count` segments of the slices along axis 0.
    ///
    /// # Errors
    /// If there are no slices, or not as many numbers of segments as slices.
    pub fn segments(
        &self,
        op: &'static str,
        segments: &Shape,
        count: usize,
    ) -> Result<Shape, ShapeError> {
        let slices = self.axis(op, 0)?;
        if segments != &Shape::from([self[slices]]) {
            let reason = format!("segments of shape {segments} do not fit the slices of {self}");
            return Err(ShapeError::new(op, reason));
        }
        let mut shape = self.clone();
        shape.dims_mut()[0] = count;
        shape.fits(op)
    }
}

impl<T: Float> Tensor<T> {
    /// The sums of the slices along axis 0 that belong together: `segments` has for each slice the number of
    /// its segment, in any order, and `count` is how many there are. A segment without slices is 0.
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 4.0]);
    /// assert_eq!(x.segment_sum(&Tensor::from([0, 2, 0]), 3), Tensor::from([5.0, 0.0, 2.0]));
    /// ```
    #[doc(alias = "scatter_reduce")]
    #[doc(alias = "bincount")]
    #[track_caller]
    pub fn segment_sum(&self, segments: &Tensor<i64>, count: usize) -> Self {
        let shape = or_panic(
            self.shape()
                .segments("segment_sum", segments.shape(), count),
        );
        or_panic(kernels::check_indices(
            "segment_sum",
            &shape,
            0,
            &segments.view(),
        ));
        let mut out = blank("segment_sum", &shape);
        or_panic(kernels::index_add(
            &mut out,
            &shape,
            0,
            &segments.view(),
            &self.view(),
        ));
        Self::row_major(out, shape)
    }

    /// The means of the slices along axis 0 that belong together, as in [`segment_sum`](Tensor::segment_sum). A
    /// segment without slices is 0.
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 4.0]);
    /// assert_eq!(x.segment_mean(&Tensor::from([0, 2, 0]), 3), Tensor::from([2.5, 0.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn segment_mean(&self, segments: &Tensor<i64>, count: usize) -> Self {
        let sums = self.segment_sum(segments, count);
        let mut shape = vec![1; self.rank()];
        shape[0] = count as isize;
        sums / segments.segment_sizes(count).reshape(&shape)
    }

    /// The greatest elements of the slices along axis 0 that belong together, as in
    /// [`segment_sum`](Tensor::segment_sum); NaN where one is. A segment without slices is −∞.
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 4.0]);
    /// assert_eq!(x.segment_max(&Tensor::from([0, 1, 0]), 2), Tensor::from([4.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn segment_max(&self, segments: &Tensor<i64>, count: usize) -> Self {
        self.segment_extreme("segment_max", segments, count, false)
    }

    /// The least elements of the slices along axis 0 that belong together, as in
    /// [`segment_sum`](Tensor::segment_sum); NaN where one is. A segment without slices is +∞.
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    #[track_caller]
    pub fn segment_min(&self, segments: &Tensor<i64>, count: usize) -> Self {
        self.segment_extreme("segment_min", segments, count, true)
    }

    #[track_caller]
    fn segment_extreme(
        &self,
        op: &'static str,
        segments: &Tensor<i64>,
        count: usize,
        least: bool,
    ) -> Self {
        let shape = or_panic(self.shape().segments(op, segments.shape(), count));
        or_panic(kernels::check_indices(op, &shape, 0, &segments.view()));
        let mut out = blank(op, &shape);
        or_panic(kernels::segment_extreme(
            &self.view(),
            &segments.view(),
            count,
            least,
            &mut out,
        ));
        Self::row_major(out, shape)
    }
}

impl Tensor<i64> {
    /// How often each of `count` numbers of segments occurs, and 1 where one does not.
    ///
    /// # Panics
    /// If a number is out of range.
    #[doc(hidden)]
    #[track_caller]
    pub fn segment_sizes<T: Float>(&self, count: usize) -> Tensor<T> {
        let ones = Tensor::<T>::ones(self.shape());
        ones.segment_sum(self, count).max(1.0)
    }
}
