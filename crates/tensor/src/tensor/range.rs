//! Ranges of positions along an axis.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// A range of positions along an axis: `2..5`, `-3..`, `..=i` or `..`, of `usize`, `isize` or `i32`.
/// Negative positions count from the end, positions beyond the ends are cut to them.
///
/// ```
/// use wengert_tensor::{AxisRange, Tensor};
/// fn without_ends(x: &Tensor<i64>) -> Tensor<i64> {
///     x.slice(0, 1..-1)
/// }
/// fn part(x: &Tensor<i64>, range: impl AxisRange) -> Tensor<i64> {
///     x.slice(0, range)
/// }
/// let x = Tensor::arange(4);
/// assert_eq!(without_ends(&x), Tensor::from([1, 2]));
/// assert_eq!(part(&x, 2..x.size()), Tensor::from([2, 3]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no range along an axis",
    label = "not a range of `usize`, `isize` or `i32`",
    note = "write `2..5`, `-3..`, `..=i` or `..`; for a single position there is `select`"
)]
pub trait AxisRange {
    /// The first position, and the one after the last: `isize::MAX` where the range goes to the end.
    /// Negative positions count from the end.
    fn start_and_stop(self) -> (isize, isize);
}

/// Positions of the type `$number`, as `isize`.
macro_rules! ranges {
    ($($number:ty),*) => { $(
        impl AxisRange for Range<$number> {
            fn start_and_stop(self) -> (isize, isize) {
                (at(self.start), at(self.end))
            }
        }
        impl AxisRange for RangeFrom<$number> {
            fn start_and_stop(self) -> (isize, isize) {
                (at(self.start), isize::MAX)
            }
        }
        impl AxisRange for RangeTo<$number> {
            fn start_and_stop(self) -> (isize, isize) {
                (0, at(self.end))
            }
        }
        impl AxisRange for RangeInclusive<$number> {
            fn start_and_stop(self) -> (isize, isize) {
                let (start, last) = self.into_inner();
                (at(start), after(last))
            }
        }
        impl AxisRange for RangeToInclusive<$number> {
            fn start_and_stop(self) -> (isize, isize) {
                (0, after(self.end))
            }
        }
    )* };
}

ranges!(usize, isize, i32);

impl AxisRange for RangeFull {
    fn start_and_stop(self) -> (isize, isize) {
        (0, isize::MAX)
    }
}

impl<R: AxisRange + Clone> AxisRange for &R {
    fn start_and_stop(self) -> (isize, isize) {
        self.clone().start_and_stop()
    }
}

/// A position; one that `isize` does not reach lies beyond the end of every axis.
fn at(position: impl TryInto<isize>) -> isize {
    position.try_into().unwrap_or(isize::MAX)
}

/// The position after this one; after −1, the last, comes the end, not the start.
fn after(position: impl TryInto<isize>) -> isize {
    match at(position) {
        -1 => isize::MAX,
        position => position.saturating_add(1),
    }
}
