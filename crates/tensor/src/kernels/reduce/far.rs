//! Reductions one result at a time, in `f64`: those whose sums or squares left its range, again with
//! scaled elements, and those that are always scaled.
//!
//! The quick result tells: it is not finite, or so small that squares have lost digits. Sums of `f32`
//! are taken in `f64`, whose range they do not leave.

use crate::{Float, Layout, Positions, View};

/// A scale for numbers near the greatest, whose inverse is one for numbers near the least.
const DOWN: f64 = f64::from_bits((1023 - 600) << 52);
const UP: f64 = f64::from_bits((1023 + 600) << 52);
/// Below this, squares of a norm's parts may have lost digits.
const SMALL: f64 = 1e-140;

/// The sums divided by `divisor`, where they are not finite.
pub(super) fn means<T: Float>(x: &View<T>, axes: &[usize], divisor: f64, out: &mut [T]) {
    let again = |elements: Elements<'_, T>, _| {
        let sum: f64 = elements.map(|x| x * DOWN).sum();
        sum / divisor * UP
    };
    recompute(x, axes, out, 0.0, &again);
}

/// The norms that are not finite, or small.
pub(super) fn norms<T: Float>(x: &View<T>, axes: &[usize], out: &mut [T]) {
    let again = |elements: Elements<'_, T>, scale| length(elements.map(|x| x * scale)) / scale;
    recompute(x, axes, out, SMALL, &again);
}

/// The roots of variances with that divisor, where they are not finite, or small.
pub(super) fn deviations<T: Float>(x: &View<T>, axes: &[usize], divisor: f64, out: &mut [T]) {
    let again = |elements: Elements<'_, T>, scale: f64| deviation(elements, scale, divisor) / scale;
    recompute(x, axes, out, SMALL, &again);
}

/// The variances with that divisor that are not finite.
pub(super) fn variances<T: Float>(x: &View<T>, axes: &[usize], divisor: f64, out: &mut [T]) {
    let again = |elements: Elements<'_, T>, scale: f64| {
        let root = deviation(elements, scale, divisor) / scale;
        root * root
    };
    recompute(x, axes, out, 0.0, &again);
}

/// The logarithms of sums of `count` exponentials that are so near 0 that it is seen what the sums round
/// away beside the 1 of the greatest element.
pub(super) fn logarithms<T: Float>(x: &View<T>, axes: &[usize], count: usize, out: &mut [T]) {
    let seen = (count as f64 * f64::EPSILON / T::EPSILON.to_f64()).min(0.5);
    let near = |y: T| y.to_f64().abs() < seen;
    if !out.iter().any(|&y| near(y)) {
        return;
    }
    each(x, axes, out, &|elements, y| {
        if !near(y) {
            return y;
        }
        let greatest = elements.clone().fold(f64::NEG_INFINITY, f64::max);
        let (mut rest, mut ones) = (0.0, 0.0);
        for x in elements {
            if x == greatest {
                ones += 1.0;
            } else {
                rest += (x - greatest).exp();
            }
        }
        T::from_f64(greatest + (rest + (ones - 1.0)).ln_1p())
    });
}

fn length(elements: impl Iterator<Item = f64>) -> f64 {
    elements.map(|x| x * x).sum::<f64>().sqrt()
}

/// The standard deviation of the scaled elements.
fn deviation<T: Float>(elements: Elements<'_, T>, scale: f64, divisor: f64) -> f64 {
    let scaled = || elements.clone().map(|x| x * scale);
    let mean = scaled().sum::<f64>() / elements.clone().count() as f64;
    length(scaled().map(|x| x - mean)) / divisor.sqrt()
}

/// Replaces the results that are not finite or less than `small` by `again` of the elements that they
/// are of, and of the scale for these.
#[inline(always)]
fn recompute<T: Float>(
    x: &View<T>,
    axes: &[usize],
    out: &mut [T],
    small: f64,
    again: &dyn Fn(Elements<'_, T>, f64) -> f64,
) {
    let doubtful = |y: T| !y.is_finite() || y.to_f64().abs() < small;
    if T::EPSILON.to_f64() <= f64::EPSILON && out.iter().any(|&y| doubtful(y)) {
        recompute_each(x, axes, out, small, again);
    }
}

#[cold]
#[inline(never)]
fn recompute_each<T: Float>(
    x: &View<T>,
    axes: &[usize],
    out: &mut [T],
    small: f64,
    again: &dyn Fn(Elements<'_, T>, f64) -> f64,
) {
    each(x, axes, out, &|elements, y| {
        let finite = y.is_finite();
        if finite && y.to_f64().abs() >= small {
            return y;
        }
        let better = T::from_f64(again(elements, if finite { UP } else { DOWN }));
        // Great elements that are all alike deviate by 0.
        if better.is_finite() || !finite {
            better
        } else {
            y
        }
    });
}

/// The norms of order p, which is finite and not 0.
pub(super) fn norms_p<T: Float>(x: &View<T>, p: f64, axes: &[usize], out: &mut [T]) {
    each(x, axes, out, &|elements, _| {
        let sizes = || elements.clone().map(f64::abs);
        let start = if p > 0.0 { 0.0 } else { f64::INFINITY };
        let beyond = |a: f64, b: f64| if p > 0.0 { b > a } else { b < a };
        let extreme = sizes().fold(start, |a, b| if beyond(a, b) || b.is_nan() { b } else { a });
        if extreme == 0.0 || !extreme.is_finite() {
            return T::from_f64(extreme);
        }
        let sum: f64 = sizes().map(|x| (x / extreme).powf(p)).sum();
        T::from_f64(extreme * sum.powf(1.0 / p))
    });
}

/// Sets the deviations of equal elements to 0: their mean may have been rounded, and then each of them
/// differs from it.
pub(super) fn equals<T: Float>(x: &View<T>, axes: &[usize], out: &mut [T]) {
    let (kept, reduced) = parted(x, axes);
    if reduced.size() == 0 {
        return;
    }
    for (y, start) in out.iter_mut().zip(kept.positions()) {
        let first = x.data()[start].to_f64();
        // More than this no rounding of the mean makes of them.
        let little = y.to_f64() <= 4.0 * T::EPSILON.to_f64() * first.abs();
        if little && *y != T::ZERO && elements(x, &reduced, start).all(|x| x == first) {
            *y = T::ZERO;
        }
    }
}

/// Replaces every result by `f` of the elements that it is of, and of itself.
fn each<T: Float>(x: &View<T>, axes: &[usize], out: &mut [T], f: &dyn Fn(Elements<'_, T>, T) -> T) {
    let (kept, reduced) = parted(x, axes);
    assert_eq!(out.len(), kept.size(), "a reduction's output does not fit");
    for (y, start) in out.iter_mut().zip(kept.positions()) {
        *y = f(elements(x, &reduced, start), *y);
    }
}

/// The layouts of the axes that stay and of those that are reduced.
fn parted<T: Float>(x: &View<T>, axes: &[usize]) -> (Layout, Layout) {
    let (mut kept, mut reduced) = (x.layout().clone(), x.layout().clone());
    for axis in (0..x.shape().rank()).rev() {
        let other: &mut Layout = if axes.contains(&axis) {
            &mut kept
        } else {
            &mut reduced
        };
        *other = other.without(axis);
    }
    (kept, reduced)
}

/// The elements that the result at the position `start` is of.
fn elements<'a, T: Float>(x: &View<'a, T>, reduced: &'a Layout, start: usize) -> Elements<'a, T> {
    Elements {
        data: x.data(),
        positions: reduced.positions(),
        shift: start as isize - reduced.offset() as isize,
    }
}

/// The elements that one result is of.
#[derive(Clone)]
struct Elements<'a, T> {
    data: &'a [T],
    positions: Positions<'a>,
    shift: isize,
}

impl<T: Float> Iterator for Elements<'_, T> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let at = self.positions.next()?;
        Some(self.data[at.wrapping_add_signed(self.shift)].to_f64())
    }
}
