//! Elements written at places that indices name, and elements read there.

use super::places::{along, dims, gathered_at, numbers, placed, placed_nd, stretched};
use super::{AxisRange, Operand, Sizes, Tensor, or_panic};
use crate::{Element, Float, Shape};

/// What becomes of the elements that are brought to one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScatterReduce {
    /// Their sum.
    Sum,
    /// Their product.
    Prod,
    /// Their mean.
    Mean,
    /// The greatest; NaN if one is.
    Max,
    /// The least; NaN if one is.
    Min,
}

impl<T: Element> Tensor<T> {
    /// The elements at `index` along `axis`, as [`gather`](Tensor::gather), where both are stretched to each
    /// other beside the axis.
    ///
    /// # Panics
    /// If the axis or an index is out of range, the ranks differ, or the shapes do not stretch.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.take_along_dim(1, &Tensor::from([[1]])), Tensor::from([[2], [4]]));
    /// ```
    #[doc(alias = "take_along_axis")]
    #[track_caller]
    pub fn take_along_dim(&self, axis: isize, index: &Tensor<i64>) -> Self {
        let (value, of_index) = or_panic(stretched(self.shape(), axis, index.shape()));
        self.expand(value).gather(axis, &index.expand(of_index))
    }

    /// The elements at these places of the row-major order, in the shape of the indices.
    ///
    /// # Panics
    /// If an index is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.take(&Tensor::from([3, 0, -1])), Tensor::from([4, 1, 4]));
    /// ```
    #[track_caller]
    pub fn take(&self, indices: &Tensor<i64>) -> Self {
        let places = placed("take", &Shape::from([self.size()]), 0, &indices.flatten(0));
        let y = self.flatten(0).index_select(0, &places);
        y.reshape(&dims(indices.shape()))
    }

    /// The elements or slices that the innermost axis of `indices` names, an index for each of the outer axes:
    /// `y[i] = x[indices[i, 0], indices[i, 1], …]`.
    ///
    /// # Panics
    /// If there are more indices than axes, or one is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.gather_nd(&Tensor::from([[0, 1], [1, 0]])), Tensor::from([2, 3]));
    /// assert_eq!(x.gather_nd(&Tensor::from([[1]])), Tensor::from([[3, 4]]));
    /// ```
    #[track_caller]
    pub fn gather_nd(&self, indices: &Tensor<i64>) -> Self {
        let places = placed_nd("gather_nd", self.shape(), indices);
        self.take(&places)
    }

    /// This tensor with each element of `src` at the place that `index` names along `axis`:
    /// `y[i, index[i, j]] = src[i, j]` for axis 1 of a matrix. Of several for one place, the last counts.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.scatter(0, &Tensor::from([2, 0]), 9.0), Tensor::from([9.0, 2.0, 9.0]));
    /// ```
    #[doc(alias = "put_along_axis")]
    #[track_caller]
    pub fn scatter(&self, axis: isize, index: &Tensor<i64>, src: impl Operand<T>) -> Self {
        let places = placed("scatter", self.shape(), axis, index);
        self.written_over(&places, &src.operand())
    }

    /// This tensor with the elements of `src`, in row-major order, where the mask is true.
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or is true more often than `src` has elements.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1, 2, 3]);
    /// let mask = Tensor::from([true, false, true]);
    /// assert_eq!(x.masked_scatter(&mask, &Tensor::from([7, 8, 9])), Tensor::from([7, 2, 8]));
    /// ```
    #[track_caller]
    pub fn masked_scatter(&self, mask: &Tensor<bool>, src: impl Operand<T>) -> Self {
        let places = Tensor::<i64>::arange(self.size());
        let places = places.masked_select(&mask.expand(self.shape()).flatten(0));
        let src = src.operand();
        let [count, given] = [places.size(), src.size()];
        assert!(
            count <= given,
            "masked_scatter: {given} elements for {count} places"
        );
        self.written_over(&places, &src.flatten(0).slice(0, ..count))
    }

    /// This tensor with the slices of `src` at the positions that `indices` name along `axis`. Of several for
    /// one position, the last counts.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let y = Tensor::from([1, 2, 3]).index_copy(0, &Tensor::from([2, 0]), &Tensor::from([7, 8]));
    /// assert_eq!(y, Tensor::from([8, 2, 7]));
    /// ```
    #[track_caller]
    pub fn index_copy(&self, axis: isize, indices: &Tensor<i64>, src: impl Operand<T>) -> Self {
        let index = along("index_copy", self.shape(), axis, indices);
        let places = placed("index_copy", self.shape(), axis, &index);
        self.written_over(&places, &src.operand())
    }

    /// This tensor with `src` in place of the part of `axis` in `range`.
    ///
    /// # Panics
    /// If the axis is out of range, or `src` does not stretch to the part.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.with_slice(0, 1.., 0.0), Tensor::from([1.0, 0.0, 0.0]));
    /// ```
    #[doc(alias = "slice_assign")]
    #[doc(alias = "slice_scatter")]
    #[doc(alias = "dynamic_update_slice")]
    #[track_caller]
    pub fn with_slice(&self, axis: isize, range: impl AxisRange, src: impl Operand<T>) -> Self {
        let places = numbers(self.shape()).slice(axis, range);
        self.written_over(&places, &src.operand())
    }

    /// This tensor with `src` at the places of the row-major order that `indices` name. Of several for one
    /// place, the last counts.
    ///
    /// # Panics
    /// If an index is out of range, or `src` does not stretch to the indices' shape.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.put(&Tensor::from([0, -1]), 9), Tensor::from([[9, 2], [3, 9]]));
    /// ```
    #[track_caller]
    pub fn put(&self, indices: &Tensor<i64>, src: impl Operand<T>) -> Self {
        let places = placed("put", &Shape::from([self.size()]), 0, &indices.flatten(0));
        let src = src.operand().expand(indices.shape());
        self.written_over(&places, &src.flatten(0))
    }

    /// This tensor with `src` at the elements or slices that the innermost axis of `indices` names, an index
    /// for each of the outer axes. Of several for one place, the last counts.
    ///
    /// # Panics
    /// If there are more indices than axes, one is out of range, or `src` does not stretch to what they name.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.scatter_nd(&Tensor::from([[1, 0]]), 9), Tensor::from([[1, 2], [9, 4]]));
    /// assert_eq!(x.scatter_nd(&Tensor::from([[1]]), 9), Tensor::from([[1, 2], [9, 9]]));
    /// ```
    #[doc(alias = "index_put")]
    #[doc(alias = "tensor_scatter_nd_update")]
    #[track_caller]
    pub fn scatter_nd(&self, indices: &Tensor<i64>, src: impl Operand<T>) -> Self {
        let places = placed_nd("scatter_nd", self.shape(), indices);
        self.written_over(&places, &src.operand())
    }

    /// This tensor with each element of `src`, stretched to the places, at its row-major place.
    #[track_caller]
    fn written_over(&self, places: &Tensor<i64>, src: &Self) -> Self {
        let src = src.expand(places.shape());
        let mut y = self.clone();
        let elements = y.as_mut_slice();
        for (place, x) in places.iter().zip(src.iter()) {
            elements[place as usize] = x;
        }
        y
    }
}

impl<T: Float> Tensor<T> {
    /// This tensor with `value` in the slices at the positions that `indices` name along `axis`.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the indices are no list.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.index_fill(0, &Tensor::from([2, 0]), 7.0), Tensor::from([7.0, 2.0, 7.0]));
    /// ```
    #[track_caller]
    pub fn index_fill(&self, axis: isize, indices: &Tensor<i64>, value: f64) -> Self {
        let index = along("index_fill", self.shape(), axis, indices);
        self.scatter(axis, &index, value)
    }

    /// This tensor with the slices of `src` added at the positions that `indices` name along `axis`, each as
    /// often as it is named.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let y = Tensor::zeros([3]).index_add(0, &Tensor::from([2, 0, 2]), &Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(y, Tensor::from([2.0, 0.0, 4.0]));
    /// ```
    #[track_caller]
    pub fn index_add(&self, axis: isize, indices: &Tensor<i64>, src: impl Operand<T>) -> Self {
        let index = along("index_add", self.shape(), axis, indices);
        self.scatter_add(axis, &index, src.operand().expand(index.shape()))
    }

    /// This tensor with `src` added to the elements or slices that the innermost axis of `indices` names, an
    /// index for each of the outer axes. Where places coincide, all are added.
    ///
    /// # Panics
    /// If there are more indices than axes, one is out of range, or `src` does not stretch to what they name.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let y = Tensor::zeros([2, 2]).scatter_nd_add(&Tensor::from([[1, 0], [1, 0]]), 2.0);
    /// assert_eq!(y, Tensor::from([[0.0, 0.0], [4.0, 0.0]]));
    /// ```
    #[doc(alias = "index_put")]
    #[doc(alias = "tensor_scatter_nd_add")]
    #[track_caller]
    pub fn scatter_nd_add(&self, indices: &Tensor<i64>, src: impl Operand<T>) -> Self {
        let places = placed_nd("scatter_nd_add", self.shape(), indices);
        let src = src.operand().expand(places.shape()).flatten(0);
        let y = self.flatten(0).scatter_add(0, &places.flatten(0), src);
        y.reshape(&dims(self.shape()))
    }

    /// This tensor with the elements of `src` brought to the places that `index` names along `axis`, and at
    /// each place made one as `how` says: with its own element if `include_self` is set, or else of those
    /// alone that are brought. Places that nothing is brought to stay as they are.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    ///
    /// ```
    /// use wengert_tensor::{ScatterReduce, Tensor};
    /// let x = Tensor::from([5.0, 5.0, 5.0]);
    /// let (index, src) = (Tensor::from([0, 2, 0]), Tensor::from([2.0, 3.0, 4.0]));
    /// let product = x.scatter_reduce(0, &index, &src, ScatterReduce::Prod, false);
    /// assert_eq!(product, Tensor::from([8.0, 5.0, 3.0]));
    /// let greatest = x.scatter_reduce(0, &index, &src, ScatterReduce::Max, true);
    /// assert_eq!(greatest, Tensor::from([5.0, 5.0, 5.0]));
    /// ```
    #[doc(alias = "scatter_max")]
    #[doc(alias = "scatter_min")]
    #[doc(alias = "scatter_mul")]
    #[track_caller]
    pub fn scatter_reduce(
        &self,
        axis: isize,
        index: &Tensor<i64>,
        src: impl Operand<T>,
        how: ScatterReduce,
        include_self: bool,
    ) -> Self {
        let places = placed("scatter_reduce", self.shape(), axis, index);
        let src = src.operand().expand(index.shape());
        let all: Vec<T> = self.iter().chain(src.iter()).collect();
        let reduce = |list: Vec<usize>| {
            let count = list.len() as f64;
            let terms = list.into_iter().map(|at| all[at].to_f64());
            T::from_f64(match how {
                ScatterReduce::Sum => terms.sum(),
                ScatterReduce::Prod => terms.product(),
                ScatterReduce::Mean => terms.sum::<f64>() / count,
                ScatterReduce::Max => terms.fold(f64::NEG_INFINITY, |best, x| {
                    if x > best || x.is_nan() { x } else { best }
                }),
                ScatterReduce::Min => {
                    terms.fold(
                        f64::INFINITY,
                        |best, x| {
                            if x < best || x.is_nan() { x } else { best }
                        },
                    )
                }
            })
        };
        let lists = gathered_at(self.size(), &places, include_self);
        let y: Vec<T> = lists.into_iter().map(reduce).collect();
        Self::row_major(y, self.shape().clone())
    }

    #[track_caller]
    fn unpooled(&self, op: &'static str, over: usize, indices: &Tensor<i64>, sizes: Sizes) -> Self {
        let shape = or_panic(sizes.unpooled(op, over, self.shape(), indices.shape()));
        let first = -(over as isize);
        let zeros = Tensor::zeros(shape.clone()).flatten(first);
        let y = zeros.scatter(-1, &indices.flatten(first), self.flatten(first));
        y.reshape(&dims(&shape))
    }

    /// Zeros along a last axis of this length, with each element at its place in `indices`: a partial inverse
    /// of [`max_pool1d_with_indices`](Tensor::max_pool1d_with_indices). Of several for one place, the last counts.
    ///
    /// # Panics
    /// If the indices have another shape, or one is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([4.0, 3.0]);
    /// assert_eq!(x.max_unpool1d(&Tensor::from([1, 3]), 4), Tensor::from([0.0, 4.0, 0.0, 3.0]));
    /// ```
    #[track_caller]
    pub fn max_unpool1d(&self, indices: &Tensor<i64>, sizes: impl Into<Sizes>) -> Self {
        self.unpooled("max_unpool1d", 1, indices, sizes.into())
    }

    /// Zeros over two last axes of these lengths, with each element at its place in `indices`: a partial
    /// inverse of [`max_pool2d_with_indices`](Tensor::max_pool2d_with_indices).
    ///
    /// # Panics
    /// If the indices have another shape, or one is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let y = Tensor::full([1, 1], 5.0).max_unpool2d(&Tensor::from([[2]]), [2, 2]);
    /// assert_eq!(y.to_rows(), [[0.0, 0.0], [5.0, 0.0]]);
    /// ```
    #[track_caller]
    pub fn max_unpool2d(&self, indices: &Tensor<i64>, sizes: impl Into<Sizes>) -> Self {
        self.unpooled("max_unpool2d", 2, indices, sizes.into())
    }

    /// Zeros over three last axes of these lengths, with each element at its place in `indices`: a partial
    /// inverse of [`max_pool3d_with_indices`](Tensor::max_pool3d_with_indices).
    ///
    /// # Panics
    /// If the indices have another shape, or one is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let y = Tensor::<f64>::ones([1, 1, 1]).max_unpool3d(&Tensor::from([[[7]]]), 2);
    /// assert_eq!(y.get(&[1, 1, 1]), Some(1.0));
    /// ```
    #[track_caller]
    pub fn max_unpool3d(&self, indices: &Tensor<i64>, sizes: impl Into<Sizes>) -> Self {
        self.unpooled("max_unpool3d", 3, indices, sizes.into())
    }
}
