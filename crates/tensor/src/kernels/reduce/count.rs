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
    let consecutive = axes.windows(2).all(|pair| pair[1] == pair[0] + 1);
    if let Some(data) = x.as_slice().filter(|data| consecutive && !data.is_empty()) {
        let last = axes.last().map_or(x.shape().rank(), |&last| last + 1);
        let inner = x.shape()[last..].iter().product::<usize>();
        let len = count(x.shape(), axes);
        for (out, part) in out
            .chunks_exact_mut(inner)
            .zip(data.chunks_exact(len * inner))
        {
            for row in part.chunks_exact(inner) {
                out.iter_mut().zip(row).for_each(|(out, &x)| take(out, x));
            }
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
