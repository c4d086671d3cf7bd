//! Windows that become one number, and the ways back: means, places of maxima, interpolation, folding.

use wengert_tensor::places::dims;
use wengert_tensor::{Float, Interpolate, Layout, Pool, Sizes, Tensor};

use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::part::Part;

impl<'t, T: Float> Var<'t, T> {
    /// The mean of each window along the last axis.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Pool, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 3.0, 2.0, 8.0]));
    /// assert_eq!(x.avg_pool1d(Pool::new(2)).value(), Tensor::from([2.0, 5.0]));
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "adaptive_avg_pool1d")]
    #[track_caller]
    pub fn avg_pool1d(self, pool: impl Into<Pool>) -> Self {
        self.averaged("avg_pool1d", 1, pool.into())
    }

    /// The mean of each window over the last two axes.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Pool, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::ones([2, 2]));
    /// let edge = Pool::new(2).padding(1);
    /// assert_eq!(x.avg_pool2d(edge).value(), Tensor::full([2, 2], 0.25));
    /// assert_eq!(x.avg_pool2d(edge.without_padding()).value(), Tensor::ones([2, 2]));
    /// assert_eq!(x.avg_pool2d(Pool::adaptive(1)).value(), Tensor::ones([1, 1]));
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "adaptive_avg_pool2d")]
    #[doc(alias = "reduce_window")]
    #[track_caller]
    pub fn avg_pool2d(self, pool: impl Into<Pool>) -> Self {
        self.averaged("avg_pool2d", 2, pool.into())
    }

    /// The mean of each window over the last three axes.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Pool;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.ones([5, 4, 4, 4]).avg_pool3d(Pool::new(2)).shape(), [5, 2, 2, 2]);
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "adaptive_avg_pool3d")]
    #[track_caller]
    pub fn avg_pool3d(self, pool: impl Into<Pool>) -> Self {
        self.averaged("avg_pool3d", 3, pool.into())
    }

    #[track_caller]
    fn averaged(self, op: &'static str, dims: usize, pool: Pool) -> Self {
        let shape = self.shape();
        let windows = or_panic(pool.windows(op, dims, &shape));
        let mut y = self;
        for at in 3 - dims..3 {
            y = y.resampled(shape.rank() + at - 3, windows.sums(at));
        }
        let divisor = windows.divisor::<T>(dims);
        match divisor.rank() {
            0 => y / divisor.item().to_f64(),
            _ => y / &divisor,
        }
    }

    /// [`max_pool1d`](Var::max_pool1d), and the place of each result on the last axis; of elements that tie,
    /// the first, and it alone has the gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Pool, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 4.0, 2.0, 3.0]));
    /// let (y, places) = x.max_pool1d_with_indices(Pool::new(2));
    /// assert_eq!((y.value(), &places), (Tensor::from([4.0, 3.0]), &Tensor::from([1, 3])));
    /// assert_eq!(y.max_unpool1d(&places, 4).value(), Tensor::from([0.0, 4.0, 0.0, 3.0]));
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "return_indices")]
    #[track_caller]
    pub fn max_pool1d_with_indices(self, pool: impl Into<Pool>) -> (Self, Tensor<i64>) {
        let places = self.value().max_pool1d_with_indices(pool).1;
        (self.at_window_places(1, &places), places)
    }

    /// [`max_pool2d`](Var::max_pool2d), and the place of each result on the last two axes, in row-major order;
    /// of elements that tie, the first, and it alone has the gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Pool, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 4.0], [3.0, 4.0]]));
    /// let (y, places) = x.max_pool2d_with_indices(Pool::new(2));
    /// assert_eq!((y.item(), places.item()), (4.0, 1));
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "return_indices")]
    #[track_caller]
    pub fn max_pool2d_with_indices(self, pool: impl Into<Pool>) -> (Self, Tensor<i64>) {
        let places = self.value().max_pool2d_with_indices(pool).1;
        (self.at_window_places(2, &places), places)
    }

    /// [`max_pool3d`](Var::max_pool3d), and the place of each result on the last three axes, in row-major
    /// order; of elements that tie, the first, and it alone has the gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Pool;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.ones([2, 2, 2]).max_pool3d_with_indices(Pool::new(2)).1.item(), 0);
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "return_indices")]
    #[track_caller]
    pub fn max_pool3d_with_indices(self, pool: impl Into<Pool>) -> (Self, Tensor<i64>) {
        let places = self.value().max_pool3d_with_indices(pool).1;
        (self.at_window_places(3, &places), places)
    }

    /// The elements at these places, counted over the last axes.
    #[track_caller]
    fn at_window_places(self, over: usize, places: &Tensor<i64>) -> Self {
        let first = -(over as isize);
        let y = self.flatten(first).gather(-1, &places.flatten(first));
        y.reshape(&dims(places.shape()))
    }

    /// Zeros along a last axis of this length, with each element at its place in `indices`: a partial inverse
    /// of [`max_pool1d_with_indices`](Var::max_pool1d_with_indices). Of several for one place, the last
    /// counts.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([4.0, 3.0]));
    /// assert_eq!(x.max_unpool1d(&Tensor::from([1, 3]), 4).value(), Tensor::from([0.0, 4.0, 0.0, 3.0]));
    /// ```
    ///
    /// # Panics
    /// If the indices have another shape, or one is out of range.
    #[track_caller]
    pub fn max_unpool1d(self, indices: &Tensor<i64>, sizes: impl Into<Sizes>) -> Self {
        self.unpooled("max_unpool1d", 1, indices, sizes.into())
    }

    /// Zeros over two last axes of these lengths, with each element at its place in `indices`: a partial
    /// inverse of [`max_pool2d_with_indices`](Var::max_pool2d_with_indices).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.full([1, 1], 5.0).max_unpool2d(&Tensor::from([[2]]), [2, 2]);
    /// assert_eq!(y.value().to_rows(), [[0.0, 0.0], [5.0, 0.0]]);
    /// ```
    ///
    /// # Panics
    /// If the indices have another shape, or one is out of range.
    #[track_caller]
    pub fn max_unpool2d(self, indices: &Tensor<i64>, sizes: impl Into<Sizes>) -> Self {
        self.unpooled("max_unpool2d", 2, indices, sizes.into())
    }

    /// Zeros over three last axes of these lengths, with each element at its place in `indices`: a partial
    /// inverse of [`max_pool3d_with_indices`](Var::max_pool3d_with_indices).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.ones([1, 1, 1]).max_unpool3d(&Tensor::from([[[7]]]), 2);
    /// assert_eq!(y.value().get(&[1, 1, 1]), Some(1.0));
    /// ```
    ///
    /// # Panics
    /// If the indices have another shape, or one is out of range.
    #[track_caller]
    pub fn max_unpool3d(self, indices: &Tensor<i64>, sizes: impl Into<Sizes>) -> Self {
        self.unpooled("max_unpool3d", 3, indices, sizes.into())
    }

    #[track_caller]
    fn unpooled(self, op: &'static str, over: usize, indices: &Tensor<i64>, sizes: Sizes) -> Self {
        let shape = or_panic(sizes.unpooled(op, over, &self.shape(), indices.shape()));
        let first = -(over as isize);
        let zeros = self.tape().zeros(shape.clone()).flatten(first);
        let y = zeros.scatter(-1, &indices.flatten(first), self.flatten(first));
        y.reshape(&dims(&shape))
    }

    /// The value with its last axes of the lengths `sizes`, and values between its elements.
    ///
    /// For a scale, the lengths are those of the shape times the scale; one that is no whole number moves
    /// elements a little differently than PyTorch's `scale_factor`, which keeps the scale and not the
    /// lengths.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Interpolate, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[0.0, 4.0]]));
    /// let y = x.interpolate(&[4], Interpolate::Linear { align_corners: false });
    /// assert_eq!(y.value().to_rows(), [[0.0, 1.0, 3.0, 4.0]]);
    /// assert_eq!(y.sum().backward().wrt(x).unwrap().to_rows(), [[2.0, 2.0]]);
    /// ```
    ///
    /// # Panics
    /// If there are more lengths than axes, or nothing that elements could be made of.
    #[doc(alias = "upsample")]
    #[doc(alias = "resize")]
    #[track_caller]
    pub fn interpolate(self, sizes: &[usize], how: Interpolate) -> Self {
        let shape = self.shape();
        let first = or_panic(how.first(&shape, sizes));
        let mut y = self;
        for (axis, &to) in (first..).zip(sizes) {
            y = y.resampled(axis, how.taps(shape[axis], to));
        }
        y
    }

    /// The windows along `axis`, which counts them, added up where they overlap: the transpose of
    /// [`unfold`](Var::unfold), whose windows start `step` apart and lead through the last axis. The axis gets the
    /// length `len`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let windows = tape.leaf(&Tensor::from([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]));
    /// assert_eq!(windows.fold(0, 5, 2).value().to_vec(), [1.0, 2.0, 13.0, 20.0, 30.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, the step is 0, or the windows are not those of an axis of that length.
    #[doc(alias = "col2im")]
    #[track_caller]
    pub fn fold(self, axis: isize, len: usize, step: usize) -> Self {
        let (shape, region) = or_panic(Layout::folded(&self.shape(), axis, len, step));
        Var::assemble(self.tape(), shape, vec![(self, Part::Region(region))])
    }
}
