//! Counts.

use super::count;
use crate::{Element, Layout, Shape, View};

/// How many elements along `axes` (ascending) differ from 0, or from `false`, in row-major order of the axes
/// that stay; NaN does.
///
/// # Panics
/// If `out` does not have the size that is left.
pub fn count_nonzero<T: Element>(x: &View<T>, axes: &[usize], out: &mut [i64]) {
    gather(x, axes, out, |sum, x| *sum += i64::from(x != T::default()));
}

/// Adds up the elements along `axes` (ascending), in row-major order of the axes that stay. Returns whether the
/// sums are numbers of the type.
///
/// # Panics
/// If `out` does not have the size that is left.
pub fn sum_whole(x: &View<i64>, axes: &[usize], out: &mut [i64]) -> bool {
    let mut fits = true;
    gather(x, axes, out, |sum, x| {
        let (next, wraps) = sum.overflowing_add(x);
        (*sum, fits) = (next, fits && !wraps);
    });
    fits
}

/// Takes every element into the number, at first 0, that it belongs to.
#[inline(always)]
fn gather<T: Element>(
    x: &View<T>,
    axes: &[usize],
    out: &mut [i64],
    mut take: impl FnMut(&mut i64, T),
) {
    let kept = x.shape().reduced(axes, true);
    assert_eq!(out.len(), kept.size(), "a reduction's output does not fit");
    out.fill(0);
    let mut trailing = axes.iter().rev().zip((0..x.shape().rank()).rev());
    if let Some(data) = x.as_slice()
        && trailing.all(|(&axis, last)| axis == last)
    {
        let len = count(x.shape(), axes);
        for (out, row) in out.iter_mut().zip(data.chunks_exact(len.max(1))) {
            row.iter().for_each(|&x| take(out, x));
        }
        return;
    }
    let places = stretched(kept, x.shape());
    for (place, x) in places.positions().zip(x.iter()) {
        take(&mut out[place], x);
    }
}

/// The place in row-major order of what is kept that each element goes to.
fn stretched(kept: Shape, shape: &Shape) -> Layout {
    let places = Layout::contiguous(kept).expanded(shape);
    places.expect("a kept axis of size 1 stretches")
}
