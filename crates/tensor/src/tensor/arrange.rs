//! Elements in other places: axes moved, copies, borders, triangles, diagonals and windows.

use super::{Tensor, or_panic};
use crate::{Element, Float, Shape, ShapeError};

/// What stands beyond the ends of an axis that is made longer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pad {
    /// A number.
    Constant(f64),
    /// The elements mirrored at the last one, which does not come twice: 3 2 | 1 2 3 | 2 1.
    Reflect,
    /// The last element again and again: 1 1 | 1 2 3 | 3 3.
    Replicate,
    /// The elements of the other end: 2 3 | 1 2 3 | 1 2.
    Circular,
}

impl Pad {
    /// The elements of an axis of length `len` that stand, in order, on one that is longer by `before` and
    /// `after`; for a constant there are none.
    ///
    /// # Errors
    /// If the axis has no element to take.
    pub fn sources(
        self,
        len: usize,
        before: usize,
        after: usize,
    ) -> Result<Tensor<i64>, ShapeError> {
        if matches!(self, Pad::Constant(_)) {
            return Ok(Tensor::zeros([0]));
        }
        if len == 0 && before + after > 0 {
            let reason = "an axis of size 0 has nothing that could be repeated";
            return Err(ShapeError::new("pad", reason));
        }
        let last = len as i64 - 1;
        let source = |at: i64| match self {
            Pad::Replicate => at.clamp(0, last),
            Pad::Reflect if last > 0 => {
                let at = at.rem_euclid(2 * last);
                at.min(2 * last - at)
            }
            _ => at.rem_euclid(len as i64),
        };
        let places = -(before as i64)..(len + after) as i64;
        Ok(Tensor::from(places.map(source).collect::<Vec<_>>()))
    }
}

impl<T: Element> Tensor<T> {
    /// The view with axis `from` at position `to`, and the others in their order.
    ///
    /// # Panics
    /// If an axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::<f32>::zeros([2, 3, 4]).movedim(0, -1).shape(), &[3, 4, 2]);
    /// ```
    #[doc(alias = "moveaxis")]
    #[track_caller]
    pub fn movedim(&self, from: isize, to: isize) -> Self {
        let axes = or_panic(self.shape().moved("movedim", from, to));
        self.permute(&axes)
    }

    /// The view of the elements whose positions along `a` and `b` differ by `offset`, as a new innermost
    /// axis that stands for both: above the main diagonal where it is positive.
    ///
    /// # Panics
    /// If an axis is out of range, or both are one.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.diagonal(0, 0, 1), Tensor::from([1, 5]));
    /// assert_eq!(x.diagonal(1, 0, 1), Tensor::from([2, 6]));
    /// assert_eq!(x.diagonal(-1, 0, 1), Tensor::from([4]));
    /// ```
    #[doc(alias = "diag")]
    #[track_caller]
    pub fn diagonal(&self, offset: isize, a: isize, b: isize) -> Self {
        self.with_layout(or_panic(self.layout.diagonal(offset, a, b)))
    }

    /// The view of the windows of `size` elements along `axis`, whose starts are `step` apart: the axis
    /// counts them, and a new innermost axis leads through each.
    ///
    /// # Panics
    /// If the axis is out of range, the step is 0, or there is no whole window.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1, 2, 3, 4, 5]);
    /// assert_eq!(x.unfold(0, 3, 2), Tensor::from([[1, 2, 3], [3, 4, 5]]));
    /// ```
    #[doc(alias = "sliding_window_view")]
    #[track_caller]
    pub fn unfold(&self, axis: isize, size: usize, step: usize) -> Self {
        self.with_layout(or_panic(self.layout.windows(axis, size, step)))
    }

    /// The elements moved by `shift` places along `axis`; those that leave it come back at its other end.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([1, 2, 3, 4]).roll(1, 0), Tensor::from([4, 1, 2, 3]));
    /// ```
    #[track_caller]
    pub fn roll(&self, shift: isize, axis: isize) -> Self {
        let at = or_panic(self.shape().axis("roll", axis));
        let len = self.shape()[at].max(1) as isize;
        let split = -shift.rem_euclid(len);
        if split == 0 {
            return self.clone();
        }
        Self::cat(
            &[&self.slice(axis, split..), &self.slice(axis, ..split)],
            axis,
        )
    }

    /// So many copies one after the other along each axis, one number for each.
    ///
    /// # Panics
    /// If there are not as many numbers as axes.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1, 2]]).repeat(&[2, 2]), Tensor::from([[1, 2, 1, 2], [1, 2, 1, 2]]));
    /// ```
    #[doc(alias = "tile")]
    #[track_caller]
    pub fn repeat(&self, times: &[usize]) -> Self {
        or_panic(self.shape().repeated(times));
        let mut y = self.clone();
        for (axis, &times) in times.iter().enumerate() {
            y = match times {
                0 => y.slice(axis as isize, ..0_usize),
                1 => y,
                _ => Self::cat(&vec![&y; times], axis as isize),
            };
        }
        y
    }

    /// Each element of `axis` so many times in a row.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([1, 2]).repeat_interleave(2, 0), Tensor::from([1, 1, 2, 2]));
    /// ```
    #[track_caller]
    pub fn repeat_interleave(&self, times: usize, axis: isize) -> Self {
        let at = or_panic(self.shape().axis("repeat_interleave", axis));
        self.index_select(axis, &every(self.shape()[at], times))
    }

    /// The elements at which the mask is true, in row-major order.
    ///
    /// # Panics
    /// If the mask does not stretch to the shape.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.masked_select(&x.gt(2)), Tensor::from([3, 4]));
    /// ```
    #[track_caller]
    pub fn masked_select(&self, mask: &Tensor<bool>) -> Self {
        self.flatten(0).index_select(0, &places(mask, self.shape()))
    }
}

/// Each of the first numbers, so many times in a row.
fn every(len: usize, times: usize) -> Tensor<i64> {
    let numbers = (0..len as i64).flat_map(|at| std::iter::repeat_n(at, times));
    Tensor::from(numbers.collect::<Vec<_>>())
}

/// The row-major places of a shape at which a mask is true.
#[track_caller]
fn places(mask: &Tensor<bool>, shape: &Shape) -> Tensor<i64> {
    let mask = mask.expand(shape);
    let places = (0..).zip(mask.iter()).filter(|(_, yes)| *yes);
    Tensor::from(places.map(|(at, _)| at).collect::<Vec<i64>>())
}

impl<T: Float> Tensor<T> {
    /// The elements on the `k`-th diagonal of the innermost two axes and below it, 0 above.
    ///
    /// # Panics
    /// If the rank is less than 2.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<f64>::ones([2, 2]);
    /// assert_eq!(x.tril(0), Tensor::from([[1.0, 0.0], [1.0, 1.0]]));
    /// ```
    #[track_caller]
    pub fn tril(&self, k: isize) -> Self {
        self.where_(
            &or_panic(Tensor::triangle("tril", self.shape(), k, true)),
            0.0,
        )
    }

    /// The elements on the `k`-th diagonal of the innermost two axes and above it, 0 below.
    ///
    /// # Panics
    /// If the rank is less than 2.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<f64>::ones([2, 2]);
    /// assert_eq!(x.triu(1), Tensor::from([[0.0, 1.0], [0.0, 0.0]]));
    /// ```
    #[track_caller]
    pub fn triu(&self, k: isize) -> Self {
        self.where_(
            &or_panic(Tensor::triangle("triu", self.shape(), k, false)),
            0.0,
        )
    }

    /// The sum of the main diagonal of the innermost two axes.
    ///
    /// # Panics
    /// If the rank is less than 2.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).trace().item(), 5.0);
    /// ```
    #[track_caller]
    pub fn trace(&self) -> Self {
        self.diagonal(0, -2, -1).sum_axes(&[-1], false)
    }

    /// The tensor with borders: a pair of lengths, before and after, for each of the last axes.
    ///
    /// # Panics
    /// If there are more pairs than axes, or nothing that could be repeated.
    ///
    /// ```
    /// use wengert_tensor::{Pad, Tensor};
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.pad(&[(1, 2)], Pad::Constant(0.5)), Tensor::from([0.5, 1.0, 2.0, 3.0, 0.5, 0.5]));
    /// assert_eq!(x.pad(&[(2, 1)], Pad::Reflect), Tensor::from([3.0, 2.0, 1.0, 2.0, 3.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn pad(&self, borders: &[(usize, usize)], pad: Pad) -> Self {
        let first = or_panic(self.shape().bordered(borders));
        let mut y = self.clone();
        for (&(before, after), axis) in borders.iter().zip(first..) {
            let border = |len: usize, value| {
                let mut shape = y.shape().clone();
                shape.dims_mut()[axis] = len;
                Tensor::full(shape, T::from_f64(value))
            };
            y = match pad {
                Pad::Constant(value) => {
                    let (low, high) = (border(before, value), border(after, value));
                    Self::cat(&[&low, &y, &high], axis as isize)
                }
                _ => {
                    let sources = or_panic(pad.sources(y.shape()[axis], before, after));
                    y.index_select(axis as isize, &sources)
                }
            };
        }
        y
    }
}

impl Tensor<bool> {
    /// Where a matrix of the innermost two axes of a shape has its lower or its upper triangle.
    #[doc(hidden)]
    pub fn triangle(
        op: &'static str,
        shape: &Shape,
        k: isize,
        lower: bool,
    ) -> Result<Self, ShapeError> {
        let rank = shape.rank();
        if rank < 2 {
            return Err(ShapeError::new(op, format!("{shape} has no matrix")));
        }
        Ok(Tensor::from_fn([shape[rank - 2], shape[rank - 1]], |at| {
            let ahead = at[1] as isize - at[0] as isize;
            if lower { ahead <= k } else { ahead >= k }
        }))
    }
}
