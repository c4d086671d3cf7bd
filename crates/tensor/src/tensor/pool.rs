//! Pooling: what is set of it, the rule of its shapes, and the functions.

use super::construct::blank;
use super::conv::elements;
use super::{Sizes, Tensor, or_panic};
use crate::kernels::product::{Taps, tap};
use crate::kernels::{Windows, max_places, max_windows};
use crate::{Float, Shape, ShapeError};

/// The windows that are pooled: their size, stride, padding and dilation, or how many there are.
///
/// Each takes one number for all axes, or a list with one for each. What is not set is as in PyTorch:
/// windows side by side, no padding, a rest that fills no window left out. Where a pooling is asked for, the
/// size of its windows alone will do.
///
/// ```
/// use wengert_tensor::{Pool, Tensor};
/// let x = Tensor::<f64>::ones([1, 2, 7, 7]);
/// assert_eq!(x.max_pool2d(2).shape(), &[1, 2, 3, 3]);
/// assert_eq!(x.max_pool2d(Pool::new(3).stride(2).padding(1)).shape(), &[1, 2, 4, 4]);
/// assert_eq!(x.avg_pool2d(Pool::adaptive(1)).shape(), &[1, 2, 1, 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The size of a window, or how many there are.
    sizes: Sizes,
    adaptive: bool,
    stride: Option<Sizes>,
    padding: Sizes,
    dilation: Sizes,
    ceil: bool,
    counts_padding: bool,
}

impl<S: Into<Sizes>> From<S> for Pool {
    fn from(size: S) -> Self {
        Pool::new(size)
    }
}

/// The windows of a pooling over the last axes of a value.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolWindows {
    /// What is left of the shape.
    pub shape: Shape,
    /// The windows along three axes, of which the last are there.
    pub axes: [Windows; 3],
    /// What the sums along each axis are divided by for a mean, one for each window.
    pub divisors: [Vec<usize>; 3],
}

impl Pool {
    /// Windows of this size, side by side.
    pub fn new(size: impl Into<Sizes>) -> Self {
        Pool {
            sizes: size.into(),
            adaptive: false,
            stride: None,
            padding: 0.into(),
            dilation: 1.into(),
            ceil: false,
            counts_padding: true,
        }
    }

    /// So many windows, whatever the length n of the axis: of k, window i goes from i · n / k, rounded down, to
    /// (i + 1) · n / k, rounded up. With 1 there is one window over all.
    #[doc(alias = "adaptive_avg_pool1d")]
    #[doc(alias = "adaptive_avg_pool2d")]
    #[doc(alias = "adaptive_avg_pool3d")]
    #[doc(alias = "adaptive_max_pool1d")]
    #[doc(alias = "adaptive_max_pool2d")]
    #[doc(alias = "adaptive_max_pool3d")]
    #[doc(alias = "global_average_pooling")]
    pub fn adaptive(count: impl Into<Sizes>) -> Self {
        Pool {
            adaptive: true,
            ..Pool::new(count)
        }
    }

    /// How far apart windows start; their size, if it is not set.
    pub fn stride(mut self, stride: impl Into<Sizes>) -> Self {
        self.stride = Some(stride.into());
        self
    }

    /// So many places on both ends of each axis that hold nothing for a maximum, and zeros for a mean.
    pub fn padding(mut self, padding: impl Into<Sizes>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Elements between those that a window takes: 1 takes neighbors.
    pub fn dilation(mut self, dilation: impl Into<Sizes>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Another window for a rest at the end that fills none, if it begins before the padding there.
    #[doc(alias = "ceil_mode")]
    pub fn ceil(mut self) -> Self {
        self.ceil = true;
        self
    }

    /// A mean is one of the elements alone; without this it counts the zeros of the padding.
    #[doc(alias = "count_include_pad")]
    pub fn without_padding(mut self) -> Self {
        self.counts_padding = false;
        self
    }

    /// The windows over the last `dims` axes of a shape.
    ///
    /// # Errors
    /// If the shape does not have the axes, or they do not fit what is set.
    #[doc(hidden)]
    pub fn windows(
        &self,
        op: &'static str,
        dims: usize,
        x: &Shape,
    ) -> Result<PoolWindows, ShapeError> {
        if x.rank() < dims {
            let reason = format!("{x} has no {dims} axes to pool over");
            return Err(ShapeError::new(op, reason));
        }
        let first = x.rank() - dims;
        let sizes = self.sizes.checked(op, "windows", dims, 1)?;
        let stride = self
            .stride
            .unwrap_or(self.sizes)
            .checked(op, "stride", dims, 1)?;
        let padding = self.padding.checked(op, "padding", dims, 0)?;
        let dilation = self.dilation.checked(op, "dilation", dims, 1)?;
        let mut shape = x.clone();
        let mut axes = [Windows::none(), Windows::none(), Windows::none()];
        let mut divisors = [vec![1], vec![1], vec![1]];
        for at in 3 - dims..3 {
            let axis = first + at + dims - 3;
            let len = x[axis];
            let (windows, counts) = if self.adaptive {
                adaptive(len, sizes[at])
            } else {
                self.along(len, [sizes[at], stride[at], padding[at], dilation[at]])
                    .map_err(|reason| {
                        ShapeError::new(op, format!("{reason}: axis {axis} of {x}"))
                    })?
            };
            if windows.spans.iter().any(|&(_, count)| count == 0) {
                let reason = format!("a window holds no element: axis {axis} of {x}");
                return Err(ShapeError::new(op, reason));
            }
            shape.dims_mut()[axis] = windows.spans.len();
            (axes[at], divisors[at]) = (windows, counts);
        }
        Ok(PoolWindows {
            shape,
            axes,
            divisors,
        })
    }

    /// The windows along one axis, and how many places each has with its padding.
    fn along(
        &self,
        len: usize,
        [size, stride, padding, dilation]: [usize; 4],
    ) -> Result<(Windows, Vec<usize>), String> {
        if size == 0 || stride == 0 || dilation == 0 {
            return Err("a size, a stride or a dilation is 0".to_owned());
        }
        let reach = (size - 1)
            .checked_mul(dilation)
            .and_then(|reach| reach.checked_add(1));
        let padded = len
            .checked_add(padding)
            .and_then(|sum| sum.checked_add(padding));
        let (Some(reach), Some(padded)) = (reach, padded.filter(|&sum| sum < isize::MAX as usize))
        else {
            return Err("no axis is so long".to_owned());
        };
        if padding > reach / 2 {
            return Err(format!(
                "a padding of {padding} is more than half of a window over {reach} places"
            ));
        }
        let Some(room) = padded.checked_sub(reach) else {
            return Err(format!(
                "a window over {reach} places is longer than {padded} with the padding"
            ));
        };
        let mut count = room / stride + 1;
        if self.ceil && !room.is_multiple_of(stride) && count * stride < len + padding {
            count += 1;
        }
        let (mut spans, mut counts) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for window in 0..count {
            let start = window * stride;
            // Of the places, counted from the padding's first, those that are elements.
            let skipped = padding.saturating_sub(start).div_ceil(dilation);
            let end = (len + padding)
                .saturating_sub(start)
                .div_ceil(dilation)
                .min(size);
            let held = end.saturating_sub(skipped);
            let first = if held == 0 {
                0
            } else {
                start + skipped * dilation - padding
            };
            spans.push((first, held));
            let places = (padded - start).div_ceil(dilation).min(size);
            counts.push(if self.counts_padding { places } else { held });
        }
        let windows = Windows {
            input: len,
            step: dilation,
            spans,
        };
        Ok((windows, counts))
    }
}

/// So many windows over an axis.
fn adaptive(len: usize, count: usize) -> (Windows, Vec<usize>) {
    let wide = |window: usize| window as u128 * len as u128;
    let span = |window: usize| {
        let start = (wide(window) / count as u128) as usize;
        let end = wide(window + 1).div_ceil(count as u128) as usize;
        (start, end - start)
    };
    let spans: Vec<(usize, usize)> = (0..count).map(span).collect();
    let counts = spans.iter().map(|span| span.1).collect();
    let windows = Windows {
        input: len,
        step: 1,
        spans,
    };
    (windows, counts)
}

impl PoolWindows {
    /// The matrix of the sums along one of the three axes.
    pub fn sums(&self, at: usize) -> Taps {
        let axis = &self.axes[at];
        let row = |&(first, count): &(usize, usize)| {
            (0..count).map(move |k| (first + k * axis.step, 1.0))
        };
        Taps::new(axis.input, axis.spans.iter().map(row))
    }

    /// What the sums are divided by for means: one number, or one for each window, over the last axes.
    pub fn divisor<T: Float>(&self, dims: usize) -> Tensor<T> {
        let there = &self.divisors[3 - dims..];
        let one = there.iter().map(|list| list.first().copied().unwrap_or(1));
        if there
            .iter()
            .all(|list| list.windows(2).all(|two| two[0] == two[1]))
        {
            return Tensor::scalar(T::from_f64(one.product::<usize>() as f64));
        }
        let shape: Shape = there.iter().map(Vec::len).collect();
        Tensor::from_fn(shape, |at| {
            let factors = there.iter().zip(at).map(|(list, &at)| list[at]);
            T::from_f64(factors.product::<usize>() as f64)
        })
    }
}

#[track_caller]
fn max<T: Float>(op: &'static str, dims: usize, x: &Tensor<T>, pool: Pool) -> Tensor<T> {
    let windows = or_panic(pool.windows(op, dims, x.shape()));
    let mut y = blank(op, &windows.shape);
    max_windows(&windows.axes, &elements(x), &mut y);
    Tensor::row_major(y, windows.shape)
}

#[track_caller]
fn max_with_indices<T: Float>(
    op: &'static str,
    dims: usize,
    x: &Tensor<T>,
    pool: Pool,
) -> (Tensor<T>, Tensor<i64>) {
    let windows = or_panic(pool.windows(op, dims, x.shape()));
    let mut places = blank(op, &windows.shape);
    max_places(&windows.axes, &elements(x), &mut places);
    let places = Tensor::row_major(places, windows.shape);
    (max(op, dims, x, pool), places)
}

#[track_caller]
fn mean<T: Float>(op: &'static str, dims: usize, x: &Tensor<T>, pool: Pool) -> Tensor<T> {
    let windows = or_panic(pool.windows(op, dims, x.shape()));
    let mut y = x.clone();
    for at in 3 - dims..3 {
        y = y.resampled(y.rank() + at - 3, &windows.sums(at));
    }
    y / windows.divisor(dims)
}

impl<T: Float> Tensor<T> {
    /// The sums along an axis that a sparse matrix says.
    #[doc(hidden)]
    #[track_caller]
    pub fn resampled(&self, axis: usize, taps: &Taps) -> Self {
        let mut shape = self.shape().clone();
        shape.dims_mut()[axis] = taps.outputs();
        let inner = shape[axis + 1..].iter().product();
        let mut y = blank("resample", &shape);
        tap(taps, inner, &elements(self), &mut y);
        Self::row_major(y, shape)
    }
}

impl<T: Float> Tensor<T> {
    /// The greatest element of each window along the last axis; NaN if one is.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::from([1.0, 4.0, 2.0, 3.0]);
    /// assert_eq!(x.max_pool1d(Pool::new(2)), Tensor::from([4.0, 3.0]));
    /// ```
    #[doc(alias = "adaptive_max_pool1d")]
    #[track_caller]
    pub fn max_pool1d(&self, pool: impl Into<Pool>) -> Self {
        max("max_pool1d", 1, self, pool.into())
    }

    /// The greatest element of each window over the last two axes; NaN if one is.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::from([[1.0, 4.0, 2.0], [3.0, 0.0, 5.0]]);
    /// assert_eq!(x.max_pool2d(Pool::new(2).stride(1)), Tensor::from([[4.0, 5.0]]));
    /// ```
    #[doc(alias = "adaptive_max_pool2d")]
    #[track_caller]
    pub fn max_pool2d(&self, pool: impl Into<Pool>) -> Self {
        max("max_pool2d", 2, self, pool.into())
    }

    /// The greatest element of each window over the last three axes; NaN if one is.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::<f64>::ones([5, 4, 4, 4]);
    /// assert_eq!(x.max_pool3d(Pool::new(2)).shape(), &[5, 2, 2, 2]);
    /// ```
    #[doc(alias = "adaptive_max_pool3d")]
    #[track_caller]
    pub fn max_pool3d(&self, pool: impl Into<Pool>) -> Self {
        max("max_pool3d", 3, self, pool.into())
    }

    /// [`max_pool1d`](Tensor::max_pool1d), and the place of each result on the last axis; of elements that tie, the first.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::from([1.0, 4.0, 2.0, 3.0]);
    /// let (y, places) = x.max_pool1d_with_indices(Pool::new(2));
    /// assert_eq!((y, places), (Tensor::from([4.0, 3.0]), Tensor::from([1, 3])));
    /// ```
    #[doc(alias = "return_indices")]
    #[track_caller]
    pub fn max_pool1d_with_indices(&self, pool: impl Into<Pool>) -> (Self, Tensor<i64>) {
        max_with_indices("max_pool1d_with_indices", 1, self, pool.into())
    }

    /// [`max_pool2d`](Tensor::max_pool2d), and the place of each result on the last two axes, row-major; of elements that tie, the first.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::from([[1.0, 4.0], [3.0, 4.0]]);
    /// let (y, places) = x.max_pool2d_with_indices(Pool::new(2));
    /// assert_eq!((y.item(), places.item()), (4.0, 1));
    /// ```
    #[doc(alias = "return_indices")]
    #[track_caller]
    pub fn max_pool2d_with_indices(&self, pool: impl Into<Pool>) -> (Self, Tensor<i64>) {
        max_with_indices("max_pool2d_with_indices", 2, self, pool.into())
    }

    /// [`max_pool3d`](Tensor::max_pool3d), and the place of each result on the last three axes, row-major; of elements that tie, the first.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::<f64>::ones([2, 2, 2]);
    /// assert_eq!(x.max_pool3d_with_indices(Pool::new(2)).1.item(), 0);
    /// ```
    #[doc(alias = "return_indices")]
    #[track_caller]
    pub fn max_pool3d_with_indices(&self, pool: impl Into<Pool>) -> (Self, Tensor<i64>) {
        max_with_indices("max_pool3d_with_indices", 3, self, pool.into())
    }

    /// The mean of each window along the last axis.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::from([1.0, 3.0, 2.0, 8.0]);
    /// assert_eq!(x.avg_pool1d(Pool::new(2)), Tensor::from([2.0, 5.0]));
    /// ```
    #[doc(alias = "adaptive_avg_pool1d")]
    #[track_caller]
    pub fn avg_pool1d(&self, pool: impl Into<Pool>) -> Self {
        mean("avg_pool1d", 1, self, pool.into())
    }

    /// The mean of each window over the last two axes.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::<f64>::ones([2, 2]);
    /// let edge = Pool::new(2).padding(1);
    /// assert_eq!(x.avg_pool2d(edge), Tensor::full([2, 2], 0.25));
    /// assert_eq!(x.avg_pool2d(edge.without_padding()), Tensor::ones([2, 2]));
    /// ```
    #[doc(alias = "adaptive_avg_pool2d")]
    #[track_caller]
    pub fn avg_pool2d(&self, pool: impl Into<Pool>) -> Self {
        mean("avg_pool2d", 2, self, pool.into())
    }

    /// The mean of each window over the last three axes.
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    ///
    /// ```
    /// use wengert_tensor::{Pool, Tensor};
    /// let x = Tensor::<f64>::ones([5, 4, 4, 4]);
    /// assert_eq!(x.avg_pool3d(Pool::adaptive(1)), Tensor::ones([5, 1, 1, 1]));
    /// ```
    #[doc(alias = "adaptive_avg_pool3d")]
    #[track_caller]
    pub fn avg_pool3d(&self, pool: impl Into<Pool>) -> Self {
        mean("avg_pool3d", 3, self, pool.into())
    }
}
