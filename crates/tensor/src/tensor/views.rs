//! Other views of the same elements.

use super::{AxisRange, Tensor, or_panic};
use crate::{Element, Layout, Shape};

impl<T: Element> Tensor<T> {
    /// The same elements in row-major order under the shape `dims`, one of which may be −1 for what
    /// the others leave. The elements are copied only where strides cannot say it.
    ///
    /// # Panics
    /// If the sizes differ; see [`Shape::reshape`].
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<i64>::arange(6).reshape(&[2, -1]);
    /// assert_eq!(x, Tensor::from([[0, 1, 2], [3, 4, 5]]));
    /// ```
    #[track_caller]
    pub fn reshape(&self, dims: &[isize]) -> Self {
        self.under(or_panic(self.shape().reshape(dims)))
    }

    /// The elements under a shape of the same size.
    fn under(&self, shape: Shape) -> Self {
        match self.layout.reshaped(&shape) {
            Some(layout) => self.with_layout(layout),
            None => Self::row_major(self.to_vec(), shape),
        }
    }

    /// The axes from `start` on as one: `flatten(0)` is 1-d. A scalar becomes 1-d.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<f32>::zeros([2, 3, 4]);
    /// assert_eq!(x.flatten(1).shape(), &[2, 12]);
    /// assert_eq!(x.flatten(0).shape(), &[24]);
    /// ```
    #[doc(alias = "ravel")]
    #[track_caller]
    pub fn flatten(&self, start: isize) -> Self {
        self.under(or_panic(self.shape().flattened(start)))
    }

    /// The tensor itself where it is row-major without gaps, and a copy that is where not.
    pub fn contiguous(&self) -> Self {
        if self.is_contiguous() {
            self.clone()
        } else {
            Self::row_major(self.to_vec(), self.shape().clone())
        }
    }

    /// The transposed matrix, or the transposed matrices of a stack: the last two axes exchanged.
    ///
    /// # Panics
    /// If the rank is less than 2.
    #[track_caller]
    pub fn t(&self) -> Self {
        self.transpose(-2, -1)
    }

    /// The view with two axes exchanged.
    ///
    /// # Panics
    /// If an axis is out of range.
    #[doc(alias = "swapaxes")]
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Self {
        self.with_layout(or_panic(self.layout.transposed(a, b)))
    }

    /// The view with the axes in the order `axes`: axis `i` of the result is axis `axes[i]` of this
    /// tensor.
    ///
    /// # Panics
    /// If the list does not name every axis once.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<f32>::zeros([2, 3, 4]);
    /// assert_eq!(x.permute(&[2, 0, 1]).shape(), &[4, 2, 3]);
    /// ```
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Self {
        let axes = or_panic(self.layout.permutation(axes));
        self.with_layout(self.layout.permuted(&axes))
    }

    /// The part of `axis` in `range`, whose bounds count from the end where negative.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<i64>::arange(5);
    /// assert_eq!(x.slice(0, 3..), Tensor::from([3, 4]));
    /// assert_eq!(x.slice(-1, ..-3), Tensor::from([0, 1]));
    /// assert_eq!(x.slice(0, -2..=-1), Tensor::from([3, 4]));
    /// ```
    #[doc(alias = "narrow")]
    #[track_caller]
    pub fn slice(&self, axis: isize, range: impl AxisRange) -> Self {
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th element of the part of `axis` in `range`. A negative step starts at the end
    /// of the range: −1 reverses it.
    ///
    /// # Panics
    /// If the axis is out of range or the step is 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<i64>::arange(6);
    /// assert_eq!(x.slice_step(0, 1..-1, 2), Tensor::from([1, 3]));
    /// assert_eq!(x.slice_step(0, .., -1), Tensor::from([5, 4, 3, 2, 1, 0]));
    /// assert_eq!(x.slice_step(0, 1..5, -2), Tensor::from([4, 2]));
    /// ```
    #[track_caller]
    pub fn slice_step(&self, axis: isize, range: impl AxisRange, step: isize) -> Self {
        let (start, stop) = range.start_and_stop();
        self.with_layout(or_panic(self.layout.sliced(axis, start, stop, step)))
    }

    /// The elements in reverse order along `axes`, all if there are none in the list.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.flip(&[1]), Tensor::from([[2, 1], [4, 3]]));
    /// assert_eq!(x.flip(&[]), Tensor::from([[4, 3], [2, 1]]));
    /// ```
    #[doc(alias = "reverse")]
    #[track_caller]
    pub fn flip(&self, axes: &[isize]) -> Self {
        let axes = or_panic(self.shape().axes("flip", axes));
        axes.iter()
            .fold(self.clone(), |x, &axis| x.slice_step(axis as isize, .., -1))
    }

    /// The part at position `index` of `axis`, which disappears; −1 is the last position.
    ///
    /// # Panics
    /// If the axis or the index is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.select(1, 0), Tensor::from([1, 3]));
    /// ```
    #[track_caller]
    pub fn select(&self, axis: isize, index: isize) -> Self {
        self.with_layout(or_panic(self.layout.selected(axis, index)))
    }

    /// The view stretched to `shape` by the broadcasting rule; no element is copied.
    ///
    /// # Panics
    /// If the shape does not stretch to it.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1, 2]).expand([3, 2]);
    /// assert_eq!(x, Tensor::from([[1, 2], [1, 2], [1, 2]]));
    /// ```
    #[doc(alias = "broadcast_to")]
    #[track_caller]
    pub fn expand(&self, shape: impl Into<Shape>) -> Self {
        self.with_layout(or_panic(self.layout.expanded(&shape.into())))
    }

    /// The view without `axis`, which must have size 1.
    ///
    /// # Panics
    /// If the axis is out of range or has another size.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Self {
        self.with_layout(or_panic(self.layout.squeezed(axis)))
    }

    /// The view with a new axis of size 1 at position `axis` of the result; −1 is the innermost.
    ///
    /// # Panics
    /// If the position is out of range for the result.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1, 2, 3]);
    /// assert_eq!(x.unsqueeze(0).shape(), &[1, 3]);
    /// assert_eq!(x.unsqueeze(-1).shape(), &[3, 1]);
    /// ```
    #[doc(alias = "expand_dims")]
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        self.with_layout(or_panic(self.layout.unsqueezed(axis)))
    }

    /// The same storage under a layout of one's own making, for views that have no method.
    ///
    /// # Panics
    /// If the layout reaches beyond the storage.
    #[track_caller]
    pub fn through(&self, layout: Layout) -> Self {
        Self::from_storage(self.storage().clone(), layout)
    }
}
