//! Reductions along axes: sums, means, variances, extremes and their positions, also over windows.
//!
//! Sums accumulate in `f64`, in blocks that are added pairwise, for both element types: the result
//! is within about one rounding of the exact one. The order of the additions depends on the layout
//! alone, so that a result is the same from run to run and on every instruction set. Where squares or
//! sums of `f64` leave its range and the result does not, it is computed again from scaled elements.

mod count;
mod far;
mod fold;
mod nest;
mod softmax;
mod windows;

use self::fold::{LogSumExp, Max, Min, Norm, Sum, Var};
use self::nest::reduce;
use std::borrow::Cow;

use super::copy::copy_into;
use super::scan::contiguous;
use crate::compile_here;
use crate::{Axes, Float, Layout, Shape, ShapeError, View};

pub use count::{count_nonzero, sum_whole};
pub use softmax::{log_softmax, log_softmax_pullback, softmax, softmax_pullback};
pub use windows::{Windows, add_to_greatest, max_places, max_windows, mean_at_greatest};

compile_here! {
    /// Adds up the elements of `x` along `axes` (ascending). `out` takes the sums in row-major order of
    /// the axes that stay; they replace its elements, or are added to them if `add` is set.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn sum<T>(x: &View<T>, axes: &[usize], out: &mut [T], add: bool) {
        reduce(x, axes, out, Sum { add, divisor: 1.0 });
        if !add {
            far::means(x, axes, 1.0, out);
        }
    }
}

compile_here! {
    /// The means along `axes` (ascending), in row-major order of the axes that stay; NaN for no
    /// elements.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn mean<T>(x: &View<T>, axes: &[usize], out: &mut [T]) {
        let divisor = count(x.shape(), axes) as f64;
        reduce(
            x,
            axes,
            out,
            Sum {
                add: false,
                divisor,
            },
        );
        far::means(x, axes, divisor, out);
    }
}

compile_here! {
    /// The variances along `axes` (ascending) of `n` elements with the divisor `n − correction` (at
    /// least 0): 0 for the population's variance, 1 for a sample's unbiased one. Two passes: squares of
    /// distances from the mean.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn var<T>(x: &View<T>, axes: &[usize], correction: usize, out: &mut [T]) {
        let divisor = deviations(x, axes, correction, false, out);
        far::variances(x, axes, divisor, out);
    }
}

compile_here! {
    /// The standard deviations along `axes` (ascending): the roots of [`var`], also where that is out of
    /// range, and exactly 0 where all elements are equal.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn std<T>(x: &View<T>, axes: &[usize], correction: usize, out: &mut [T]) {
        let divisor = deviations(x, axes, correction, true, out);
        far::deviations(x, axes, divisor, out);
        far::equals(x, axes, out);
    }
}

/// The variances, or their roots, not looked at; returns their divisor.
#[inline(always)]
fn deviations<T: Float>(
    x: &View<T>,
    axes: &[usize],
    correction: usize,
    root: bool,
    out: &mut [T],
) -> f64 {
    mean(x, axes, out);
    let count = count(x.shape(), axes);
    let divisor = count.saturating_sub(correction) as f64;
    reduce(
        x,
        axes,
        out,
        Var {
            count: count as f64,
            divisor,
            root,
        },
    );
    divisor
}

compile_here! {
    /// The Euclidean norms along `axes` (ascending); 0 for no elements. Squares are taken in `f64`, and
    /// of scaled elements where they leave its range.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn norm<T>(x: &View<T>, axes: &[usize], out: &mut [T]) {
        reduce(x, axes, out, Norm);
        far::norms(x, axes, out);
    }
}

compile_here! {
    /// The norms (Σ |x|ᵖ)^(1/p) along `axes` (ascending), p finite and not 0; 0 for no elements, and +∞ where
    /// p < 0. Powers are taken in `f64`, of elements divided by the greatest, or by the least where p < 0.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn norm_p<T>(x: &View<T>, p: f64, axes: &[usize], out: &mut [T]) {
        far::norms_p(x, p, axes, out);
    }
}

compile_here! {
    /// The greatest elements along `axes` (ascending); NaN where one is NaN. The caller has checked that
    /// there is one with [`check_nonempty`]; the extreme of nothing is −∞.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn amax<T>(x: &View<T>, axes: &[usize], out: &mut [T]) {
        reduce(x, axes, out, Max);
    }
}

compile_here! {
    /// The least elements along `axes` (ascending); NaN where one is NaN. The caller has checked that
    /// there is one with [`check_nonempty`]; the extreme of nothing is +∞.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn amin<T>(x: &View<T>, axes: &[usize], out: &mut [T]) {
        reduce(x, axes, out, Min);
    }
}

compile_here! {
    /// ln Σ eˣ along `axes` (ascending), without overflow: −∞ where all elements are −∞ or there is
    /// none, +∞ where one is +∞ and none NaN.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn logsumexp<T>(x: &View<T>, axes: &[usize], out: &mut [T]) {
        amax(x, axes, out);
        reduce(x, axes, out, LogSumExp);
        far::logarithms(x, axes, count(x.shape(), axes), out);
    }
}

compile_here! {
    /// Adds up `x` to `shape`, which broadcasts to the shape of `x`: the way back from broadcasting. The
    /// sums replace the elements of `out`, or are added to them if `add` is set.
    ///
    /// # Panics
    /// If `shape` does not broadcast to that of `x`, or `out` does not have its size.
    pub fn sum_to<T>(x: &View<T>, shape: &Shape, out: &mut [T], add: bool) {
        assert!(
            shape.broadcasts_to(x.shape()),
            "sum_to: {shape} does not stretch to {}",
            x.shape()
        );
        let lead = x.shape().rank() - shape.rank();
        let axes: Axes = (0..x.shape().rank())
            .filter(|&axis| axis < lead || shape[axis - lead] != x.shape()[axis])
            .collect();
        if axes.is_empty() {
            copy_into(out, &Layout::contiguous(shape.clone()), x, add);
        } else {
            sum(x, &axes, out, add);
        }
    }
}

/// Checks that a reduction without a neutral element has something along each of `axes`.
///
/// # Errors
/// If one of the axes has size 0.
///
/// ```
/// use wengert_tensor::{Shape, kernels::check_nonempty};
/// let error = check_nonempty("amax", &Shape::from([2, 0]), &[1]).unwrap_err();
/// assert_eq!(error.to_string(), "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]");
/// ```
pub fn check_nonempty(op: &'static str, shape: &Shape, axes: &[usize]) -> Result<(), ShapeError> {
    match axes.iter().find(|&&axis| shape[axis] == 0) {
        None => Ok(()),
        Some(axis) => {
            let reason = format!("cannot reduce an axis of size 0: axis {axis} of {shape}");
            Err(ShapeError::new(op, reason))
        }
    }
}

compile_here! {
    /// The first positions of the greatest elements along `axis`, in row-major order of the other axes;
    /// NaN counts as the greatest.
    ///
    /// # Panics
    /// If the axis is out of range or has size 0, or `out` does not have the size that is left.
    pub fn argmax<T>(x: &View<T>, axis: usize, out: &mut [i64]) {
        extreme_position(x, axis, out, |new, best| {
            new > best || (new.is_nan() && !best.is_nan())
        });
    }
}

compile_here! {
    /// The first positions of the least elements along `axis`, in row-major order of the other axes;
    /// NaN counts as the least, so that it is found here too.
    ///
    /// # Panics
    /// If the axis is out of range or has size 0, or `out` does not have the size that is left.
    pub fn argmin<T>(x: &View<T>, axis: usize, out: &mut [i64]) {
        extreme_position(x, axis, out, |new, best| {
            new < best || (new.is_nan() && !best.is_nan())
        });
    }
}

pub(super) fn check_axis(shape: &Shape, axis: usize) {
    assert!(
        axis < shape.rank(),
        "axis {axis} is out of range for the shape {shape}"
    );
}

#[inline(always)]
fn extreme_position<T: Float>(
    x: &View<T>,
    axis: usize,
    out: &mut [i64],
    better: impl Fn(T, T) -> bool,
) {
    check_axis(x.shape(), axis);
    let dim = x.shape()[axis];
    let rest = x.layout().without(axis);
    assert_eq!(
        out.len(),
        rest.size(),
        "argmax: the output does not fit the shape"
    );
    if out.is_empty() {
        return;
    }
    assert!(dim > 0, "argmax: cannot reduce an axis of size 0");
    let inner = x.shape()[axis + 1..].iter().product::<usize>();
    if let Some(data) = x.as_slice().filter(|_| inner > 1) {
        // Row by row, as the elements lie.
        for (out, part) in out
            .chunks_exact_mut(inner)
            .zip(data.chunks_exact(dim * inner))
        {
            out.fill(0);
            let mut best = part[..inner].to_vec();
            for (at, row) in part.chunks_exact(inner).enumerate() {
                for column in 0..inner {
                    if better(row[column], best[column]) {
                        (best[column], out[column]) = (row[column], at as i64);
                    }
                }
            }
        }
        return;
    }
    let stride = x.layout().strides()[axis];
    let data = x.data();
    for (out, start) in out.iter_mut().zip(rest.positions()) {
        let (mut best, mut place) = (data[start], 0);
        for at in 1..dim {
            let new = data[start.wrapping_add_signed(at as isize * stride)];
            if better(new, best) {
                (best, place) = (new, at);
            }
        }
        *out = place as i64;
    }
}

/// The elements that are reduced to one side by side, one row after the other, and the length of a row.
pub(super) fn rows<'a, T: Float>(x: &View<'a, T>, axes: &[usize]) -> (Cow<'a, [T]>, usize) {
    let kept = (0..x.shape().rank()).filter(|axis| !axes.contains(axis));
    let order: Axes = kept.chain(axes.iter().copied()).collect();
    let moved = x.with_layout(x.layout().permuted(&order));
    (contiguous(&moved), count(x.shape(), axes))
}

/// The number of elements that are reduced to one.
fn count(shape: &Shape, axes: &[usize]) -> usize {
    axes.iter().map(|&axis| shape[axis]).product()
}
