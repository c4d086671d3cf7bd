//! Elements chosen by tensors of indices.

use super::construct::blank;
use super::{Operand, Tensor, or_panic};
use crate::kernels::{self, check_gather};
use crate::{Element, Float, IndexError, Shape, ShapeError};

/// Checks that indices are 1-d.
#[track_caller]
fn one_dimensional(op: &'static str, indices: &Tensor<i64>) {
    if indices.rank() != 1 {
        let reason = format!(
            "the indices have the shape {}, not one axis",
            indices.shape()
        );
        or_panic::<(), _>(Err(ShapeError::new(op, reason)));
    }
}

impl<T: Element> Tensor<T> {
    /// The slices at the positions `indices` (1-d) along `axis`, joined along it. Negative indices
    /// count from the end.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the indices are not 1-d.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4], [5, 6]]);
    /// assert_eq!(x.index_select(0, &Tensor::from([-1, 0])), Tensor::from([[5, 6], [1, 2]]));
    /// ```
    #[doc(alias = "take")]
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Tensor<i64>) -> Self {
        or_panic(self.try_index_select(axis, indices))
    }

    /// As [`index_select`](Tensor::index_select), for indices that come from outside.
    ///
    /// # Errors
    /// If an index is out of range.
    ///
    /// # Panics
    /// If the axis is out of range or the indices are not 1-d.
    #[track_caller]
    pub fn try_index_select(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self, IndexError> {
        let axis = or_panic(self.shape().axis("index_select", axis));
        one_dimensional("index_select", indices);
        let mut shape = self.shape().clone();
        shape.dims_mut()[axis] = indices.size();
        let mut out = blank("index_select", &shape);
        kernels::index_select(&self.view(), axis, &indices.view(), &mut out)?;
        Ok(Self::row_major(out, shape))
    }

    /// One element for each of `index`: `out[i, j] = x[i, index[i, j]]` for axis 1 of a matrix, and
    /// so for the others. The index has this tensor's rank and is nowhere larger beside the axis;
    /// the result has its shape. Negative indices count from the end.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.gather(1, &Tensor::from([[1], [0]])), Tensor::from([[2], [3]]));
    /// ```
    #[doc(alias = "take_along_axis")]
    #[track_caller]
    pub fn gather(&self, axis: isize, index: &Tensor<i64>) -> Self {
        or_panic(self.try_gather(axis, index))
    }

    /// As [`gather`](Tensor::gather), for indices that come from outside.
    ///
    /// # Errors
    /// If an index is out of range.
    ///
    /// # Panics
    /// If the axis is out of range or the shapes do not fit.
    #[track_caller]
    pub fn try_gather(&self, axis: isize, index: &Tensor<i64>) -> Result<Self, IndexError> {
        let axis = or_panic(self.shape().axis("gather", axis));
        or_panic(check_gather("gather", self.shape(), axis, index.shape()));
        let mut out = blank("gather", index.shape());
        kernels::gather(&self.view(), axis, &index.view(), &mut out)?;
        Ok(Self::row_major(out, index.shape().clone()))
    }
}

impl<T: Float> Tensor<T> {
    /// This tensor with each element of `src` added at the place that `index` names along `axis`:
    /// `y[i, index[i, j]] += src[i, j]` for axis 1 of a matrix, and so for the others. Where places
    /// coincide, all are added.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let src = Tensor::from([1.0, 2.0, 3.0]);
    /// let y = Tensor::zeros([3]).scatter_add(0, &Tensor::from([0, 2, 0]), &src);
    /// assert_eq!(y, Tensor::from([4.0, 0.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, index: &Tensor<i64>, src: impl Operand<T>) -> Self {
        let mut y = self.clone();
        y.scatter_add_assign(axis, index, &src.operand());
        y
    }

    /// Adds each element of `src` at the place that `index` names along `axis`:
    /// `x[i, index[i, j]] += src[i, j]` for axis 1 of a matrix, and so for the others. Where places
    /// coincide, all are added.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let mut x = Tensor::zeros([3]);
    /// x.scatter_add_assign(0, &Tensor::from([0, 2, 0]), &Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(x, Tensor::from([4.0, 0.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn scatter_add_assign(&mut self, axis: isize, index: &Tensor<i64>, src: &Tensor<T>) {
        let shape = self.shape().clone();
        let axis = or_panic(shape.axis("scatter_add", axis));
        or_panic(check_gather("scatter_add", &shape, axis, index.shape()));
        same_shape("scatter_add", index.shape(), src.shape());
        let out = self.as_mut_slice();
        or_panic(kernels::scatter_add(
            out,
            &shape,
            axis,
            &index.view(),
            &src.view(),
        ));
    }

    /// Adds the slices of `src` along `axis` to the slices at the positions `indices` (1-d). Where
    /// positions coincide, all are added.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    #[track_caller]
    pub fn index_add_assign(&mut self, axis: isize, indices: &Tensor<i64>, src: &Tensor<T>) {
        let shape = self.shape().clone();
        let axis = or_panic(shape.axis("index_add", axis));
        one_dimensional("index_add", indices);
        let mut expected = shape.clone();
        expected.dims_mut()[axis] = indices.size();
        same_shape("index_add", &expected, src.shape());
        let out = self.as_mut_slice();
        or_panic(kernels::index_add(
            out,
            &shape,
            axis,
            &indices.view(),
            &src.view(),
        ));
    }
}

#[track_caller]
fn same_shape(op: &'static str, expected: &Shape, found: &Shape) {
    if expected != found {
        let reason = format!("the source has the shape {found}, not {expected}");
        or_panic::<(), _>(Err(ShapeError::new(op, reason)));
    }
}

impl Tensor<i64> {
    /// 1 at each index and 0 elsewhere along a new innermost axis of size `classes`.
    ///
    /// # Panics
    /// If an index is negative or not below `classes`, or the shape does not fit the address space.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x: Tensor = Tensor::from([1, 0]).one_hot(3);
    /// assert_eq!(x, Tensor::from([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]));
    /// ```
    #[track_caller]
    pub fn one_hot<T: Float>(&self, classes: usize) -> Tensor<T> {
        let mut shape = self.shape().clone();
        shape.push(classes);
        let mut out = blank("one_hot", &shape);
        or_panic(kernels::one_hot(&self.view(), classes, &mut out));
        Tensor::row_major(out, shape)
    }
}
