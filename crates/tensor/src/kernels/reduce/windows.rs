//! The greatest elements of windows over up to three axes, and what has to do with their places.

use crate::{Float, compile_here};

/// The windows along one axis: each begins at an element and takes so many, `step` apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The length of the axis.
    pub input: usize,
    /// How far apart the elements of a window are.
    pub step: usize,
    /// For each window its first element and how many it has.
    pub spans: Vec<(usize, usize)>,
}

impl Windows {
    /// The one window over an axis that is not there.
    pub fn none() -> Self {
        Windows {
            input: 1,
            step: 1,
            spans: vec![(0, 1)],
        }
    }

    /// The elements of a window.
    #[inline(always)]
    fn of(&self, window: usize) -> impl Iterator<Item = usize> + use<> {
        let (first, count) = self.spans[window];
        let step = self.step;
        (0..count).map(move |k| first + k * step)
    }
}

/// The elements of one plane of the input, and its windows.
fn sizes(axes: &[Windows; 3]) -> (usize, usize) {
    let plane = axes.iter().map(|axis| axis.input).product();
    let windows = axes.iter().map(|axis| axis.spans.len()).product();
    (plane, windows)
}

fn check(axes: &[Windows; 3], x: usize, y: usize) {
    let (plane, windows) = sizes(axes);
    let planes = x.checked_div(plane).unwrap_or(0);
    assert!(
        planes * plane == x && (plane == 0 || planes * windows == y),
        "windows: {x} elements do not fit {y} windows"
    );
    for axis in axes {
        let inside = |&(first, count): &(usize, usize)| {
            count == 0 || first + (count - 1) * axis.step < axis.input
        };
        assert!(
            axis.spans.iter().all(inside),
            "windows: one reaches beyond its axis"
        );
    }
}

/// Calls `f` with the number of each window of a plane, in row-major order, and its place on each axis.
#[inline(always)]
fn each(axes: &[Windows; 3], mut f: impl FnMut(usize, [usize; 3])) {
    let [depth, height, width] = axes;
    let mut number = 0;
    for d in 0..depth.spans.len() {
        for h in 0..height.spans.len() {
            for w in 0..width.spans.len() {
                f(number, [d, h, w]);
                number += 1;
            }
        }
    }
}

/// Calls `f` with the place of each element of a window in its plane, in row-major order.
#[inline(always)]
fn elements(axes: &[Windows; 3], [d, h, w]: [usize; 3], mut f: impl FnMut(usize)) {
    let [depth, height, width] = axes;
    for d in depth.of(d) {
        for h in height.of(h) {
            let row = (d * height.input + h) * width.input;
            for w in width.of(w) {
                f(row + w);
            }
        }
    }
}

/// How many elements of a window are equal to its greatest, and the first of them.
#[inline(always)]
fn equals<T: Float>(
    axes: &[Windows; 3],
    window: [usize; 3],
    x: &[T],
    greatest: T,
) -> (usize, usize) {
    let (mut count, mut first) = (0, 0);
    elements(axes, window, |at| {
        if x[at] == greatest {
            if count == 0 {
                first = at;
            }
            count += 1;
        }
    });
    (count, first)
}

/// The greater of two, and NaN if either is.
#[inline(always)]
fn greater<T: Float>(best: T, x: T) -> T {
    if x > best || x.is_nan() { x } else { best }
}

compile_here! {
    /// The greatest element of each window of each plane of `x`, in row-major order; NaN if one is, and −∞
    /// of a window without elements.
    ///
    /// # Panics
    /// If the slices do not fit the windows.
    pub fn max_windows<T>(axes: &[Windows; 3], x: &[T], y: &mut [T]) {
        check(axes, x.len(), y.len());
        let [depth, height, width] = axes;
        let (plane, windows) = sizes(axes);
        let columns = width.spans.len();
        let mut line = vec![-T::INFINITY; width.input];
        if plane == 0 || windows == 0 {
            return y.fill(-T::INFINITY);
        }
        for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(windows)) {
            let mut rows = y.chunks_exact_mut(columns);
            for d in 0..depth.spans.len() {
                for h in 0..height.spans.len() {
                    let Some(out) = rows.next() else { break };
                    // The rows of the windows first, which lie side by side.
                    line.fill(-T::INFINITY);
                    for d in depth.of(d) {
                        for h in height.of(h) {
                            let row = &x[(d * height.input + h) * width.input..][..width.input];
                            for (best, x) in line.iter_mut().zip(row) {
                                *best = greater(*best, *x);
                            }
                        }
                    }
                    for (out, &(first, count)) in out.iter_mut().zip(&width.spans) {
                        *out = -T::INFINITY;
                        if let Some(window) = line.get(first..).filter(|_| count > 0) {
                            for x in window.iter().step_by(width.step).take(count) {
                                *out = greater(*out, *x);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The place in its plane of the first element of each window that is the greatest, or of the first NaN;
    /// −1 for a window without elements.
    ///
    /// # Panics
    /// If the slices do not fit the windows.
    pub fn max_places<T>(axes: &[Windows; 3], x: &[T], places: &mut [i64]) {
        check(axes, x.len(), places.len());
        let (plane, windows) = sizes(axes);
        if plane == 0 || windows == 0 {
            return places.fill(-1);
        }
        for (x, places) in x.chunks_exact(plane).zip(places.chunks_exact_mut(windows)) {
            each(axes, |number, window| {
                let (mut best, mut place) = (-T::INFINITY, None);
                elements(axes, window, |at| {
                    if place.is_none() || x[at] > best || x[at].is_nan() && !best.is_nan() {
                        (best, place) = (x[at], Some(at));
                    }
                });
                places[number] = place.map_or(-1, |place| place as i64);
            });
        }
    }

    /// Adds each number of `from`, one a window, to the elements of `out` at which `x` is the greatest of the
    /// window, `y`, in equal shares. A 0 adds nothing; a window with a NaN makes all its elements NaN.
    ///
    /// # Panics
    /// If the slices do not fit the windows.
    pub fn add_to_greatest<T>(axes: &[Windows; 3], from: &[T], x: &[T], y: &[T], out: &mut [T]) {
        check(axes, x.len(), y.len());
        assert!(from.len() == y.len() && out.len() == x.len(), "windows: slices of other lengths");
        let (plane, windows) = sizes(axes);
        if plane == 0 || windows == 0 {
            return;
        }
        let planes = x.chunks_exact(plane).zip(out.chunks_exact_mut(plane));
        let of_windows = y.chunks_exact(windows).zip(from.chunks_exact(windows));
        for ((x, out), (y, from)) in planes.zip(of_windows) {
            each(axes, |number, window| {
                let (from, greatest) = (from[number], y[number]);
                if from == T::ZERO {
                    return;
                }
                match equals(axes, window, x, greatest) {
                    (1, first) => out[first] += from,
                    (0, _) => elements(axes, window, |at| out[at] += T::NAN),
                    (count, _) => {
                        let share = from / T::from_f64(count as f64);
                        elements(axes, window, |at| {
                            if x[at] == greatest {
                                out[at] += share;
                            }
                        });
                    }
                }
            });
        }
    }

    /// The mean of `from` over the elements at which `x` is the greatest of each window, `y`; NaN for a window
    /// with a NaN. What is 0 counts as 0 everywhere.
    ///
    /// # Panics
    /// If the slices do not fit the windows.
    pub fn mean_at_greatest<T>(axes: &[Windows; 3], from: &[T], x: &[T], y: &[T], out: &mut [T]) {
        check(axes, x.len(), y.len());
        assert!(from.len() == x.len() && out.len() == y.len(), "windows: slices of other lengths");
        let (plane, windows) = sizes(axes);
        if plane == 0 || windows == 0 {
            return out.fill(T::ZERO);
        }
        let planes = x.chunks_exact(plane).zip(from.chunks_exact(plane));
        let of_windows = y.chunks_exact(windows).zip(out.chunks_exact_mut(windows));
        for ((x, from), (y, out)) in planes.zip(of_windows) {
            each(axes, |number, window| {
                let greatest = y[number];
                out[number] = match equals(axes, window, x, greatest) {
                    (1, first) => from[first],
                    (0, _) => {
                        let mut moves = false;
                        elements(axes, window, |at| moves |= from[at] != T::ZERO);
                        if moves { T::NAN } else { T::ZERO }
                    }
                    (count, _) => {
                        let (count, mut sum) = (T::from_f64(count as f64), T::ZERO);
                        elements(axes, window, |at| {
                            if x[at] == greatest {
                                sum += from[at] / count;
                            }
                        });
                        sum
                    }
                };
            });
        }
    }
}
