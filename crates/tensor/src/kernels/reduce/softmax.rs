//! Softmax and its logarithm along one axis, and the transposed linear maps at a given value, in
//! row-major buffers.
//!
//! Sums are taken in `f64`. An axis that is not the innermost is worked on in blocks of columns that
//! lie side by side.

use super::check_axis;
use crate::compile_here;
use crate::kernels::copy::copy;
use crate::kernels::isa::{Isa, Kernel, dispatch};
use crate::{Float, Shape, View};

/// Columns of a block, and lanes of a row.
const LANES: usize = 16;

compile_here! {
    /// eˣ / Σ eˣ along `axis`, in row-major order. Where all of a row is −∞ it is 0.
    ///
    /// # Panics
    /// If the axis is out of range, or `out` does not have the size of `x`.
    pub fn softmax<T>(x: &View<T>, axis: usize, out: &mut [T]) {
        copy(x, out);
        let rows = Rows::new(x.shape(), axis, out, &[]);
        dispatch(Forward::<T, false>(rows));
    }
}

compile_here! {
    /// x − ln Σ eˣ along `axis`, in row-major order. Where all of a row is −∞ it stays so.
    ///
    /// # Panics
    /// If the axis is out of range, or `out` does not have the size of `x`.
    pub fn log_softmax<T>(x: &View<T>, axis: usize, out: &mut [T]) {
        copy(x, out);
        let rows = Rows::new(x.shape(), axis, out, &[]);
        dispatch(Forward::<T, true>(rows));
    }
}

compile_here! {
    /// Replaces w by y (w − Σ y w) along `axis`, where `y` is a softmax. The slices are row-major.
    ///
    /// # Panics
    /// If the axis is out of range, or a slice does not have the shape's size.
    pub fn softmax_pullback<T>(shape: &Shape, axis: usize, y: &[T], w: &mut [T]) {
        assert_eq!(y.len(), w.len(), "two slices differ in length");
        dispatch(Pullback::<T, false>(Rows::new(shape, axis, w, y)));
    }
}

compile_here! {
    /// Replaces w by w − eʸ Σ w along `axis`, where `y` is a log-softmax, and 0 where all of a row is −∞. The slices are row-major.
    ///
    /// # Panics
    /// If the axis is out of range, or a slice does not have the shape's size.
    pub fn log_softmax_pullback<T>(shape: &Shape, axis: usize, y: &[T], w: &mut [T]) {
        assert_eq!(y.len(), w.len(), "two slices differ in length");
        dispatch(Pullback::<T, true>(Rows::new(shape, axis, w, y)));
    }
}

/// Rows of `len` elements, `inner` apart, in `data`, and what stands beside them.
struct Rows<'a, T> {
    data: &'a mut [T],
    beside: &'a [T],
    len: usize,
    inner: usize,
}

impl<'a, T: Float> Rows<'a, T> {
    fn new(shape: &Shape, axis: usize, data: &'a mut [T], beside: &'a [T]) -> Self {
        assert_eq!(data.len(), shape.size(), "a slice does not fill its shape");
        check_axis(shape, axis);
        let (len, inner) = (shape[axis], shape[axis + 1..].iter().product());
        Rows {
            data,
            beside,
            len,
            inner,
        }
    }
}

/// The softmax, or its logarithm, in place.
struct Forward<'a, T, const LOG: bool>(Rows<'a, T>);

impl<T: Float, const LOG: bool> Kernel for Forward<'_, T, LOG> {
    const UP_TO_AVX2: bool = size_of::<T>() == 8;
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Rows {
            data, len, inner, ..
        } = self.0;
        if data.is_empty() {
            return;
        }
        for part in data.chunks_exact_mut(len * inner) {
            if inner == 1 {
                row::<T, I, LOG>(part);
                continue;
            }
            let mut column = 0;
            while column < inner {
                column += if inner - column >= LANES {
                    columns::<T, I, LOG, LANES>(&mut part[column..], inner)
                } else {
                    columns::<T, I, LOG, 1>(&mut part[column..], inner)
                };
            }
        }
    }
}

#[inline(always)]
fn row<T: Float, I: Isa, const LOG: bool>(row: &mut [T]) {
    // NaN may be passed over here: it comes back with its own exponential.
    let mut greatest = [-T::INFINITY; LANES];
    let (wide, tail) = row.as_chunks::<LANES>();
    for chunk in wide {
        for lane in 0..LANES {
            greatest[lane] = greater(greatest[lane], chunk[lane]);
        }
    }
    for &x in tail {
        greatest[0] = greater(greatest[0], x);
    }
    let mut shift = -T::INFINITY;
    for x in greatest {
        shift = greater(shift, x);
    }
    let shift = finite(shift);

    let mut sums = [0.0; LANES];
    let (wide, tail) = row.as_chunks_mut::<LANES>();
    for chunk in wide {
        let mut e = [T::ZERO; LANES];
        for lane in 0..LANES {
            e[lane] = (chunk[lane] - shift).exp::<I>();
        }
        for lane in 0..LANES {
            sums[lane] += e[lane].to_f64();
        }
        if !LOG {
            *chunk = e;
        }
    }
    for x in tail {
        let e = (*x - shift).exp::<I>();
        sums[0] += e.to_f64();
        if !LOG {
            *x = e;
        }
    }
    let sum: f64 = sums.iter().sum();
    let last = last_step::<T, LOG>(shift, sum);
    for x in row {
        *x = if LOG { *x - last } else { *x * last };
    }
}

/// The same for `W` columns of rows `stride` apart; returns `W`.
#[inline(always)]
fn columns<T: Float, I: Isa, const LOG: bool, const W: usize>(
    data: &mut [T],
    stride: usize,
) -> usize {
    let mut shift = [-T::INFINITY; W];
    for row in data.chunks(stride).filter_map(<[T]>::first_chunk::<W>) {
        for column in 0..W {
            shift[column] = greater(shift[column], row[column]);
        }
    }
    for column in 0..W {
        shift[column] = finite(shift[column]);
    }
    let mut sums = [0.0; W];
    for row in data
        .chunks_mut(stride)
        .filter_map(<[T]>::first_chunk_mut::<W>)
    {
        let mut e = [T::ZERO; W];
        for column in 0..W {
            e[column] = (row[column] - shift[column]).exp::<I>();
        }
        for column in 0..W {
            sums[column] += e[column].to_f64();
        }
        if !LOG {
            *row = e;
        }
    }
    let mut last = [T::ZERO; W];
    for column in 0..W {
        last[column] = last_step::<T, LOG>(shift[column], sums[column]);
    }
    for row in data
        .chunks_mut(stride)
        .filter_map(<[T]>::first_chunk_mut::<W>)
    {
        for column in 0..W {
            let x = row[column];
            row[column] = if LOG {
                x - last[column]
            } else {
                x * last[column]
            };
        }
    }
    W
}

/// The greater of two elements; a NaN on the right is passed over.
#[inline(always)]
fn greater<T: Float>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

/// What is subtracted from a row: 0 instead of −∞, so that no difference is NaN.
#[inline(always)]
fn finite<T: Float>(greatest: T) -> T {
    if greatest == -T::INFINITY {
        T::ZERO
    } else {
        greatest
    }
}

/// What is subtracted from the elements, or multiplied with their exponentials.
#[inline(always)]
fn last_step<T: Float, const LOG: bool>(shift: T, sum: f64) -> T {
    match (LOG, sum == 0.0) {
        (_, true) => T::ZERO,
        (true, false) => T::from_f64(shift.to_f64() + sum.ln()),
        (false, false) => T::from_f64(1.0 / sum),
    }
}

/// The pullback in place.
struct Pullback<'a, T, const LOG: bool>(Rows<'a, T>);

impl<T: Float, const LOG: bool> Kernel for Pullback<'_, T, LOG> {
    const UP_TO_AVX2: bool = size_of::<T>() == 8;
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Rows {
            data,
            beside,
            len,
            inner,
        } = self.0;
        if data.is_empty() {
            return;
        }
        let parts = data
            .chunks_exact_mut(len * inner)
            .zip(beside.chunks_exact(len * inner));
        for (bar, y) in parts {
            if inner == 1 {
                pull_row::<T, I, LOG>(bar, y);
                continue;
            }
            let mut column = 0;
            while column < inner {
                column += if inner - column >= LANES {
                    pull_columns::<T, I, LOG, LANES>(&mut bar[column..], &y[column..], inner)
                } else {
                    pull_columns::<T, I, LOG, 1>(&mut bar[column..], &y[column..], inner)
                };
            }
        }
    }
}

#[inline(always)]
fn pull_row<T: Float, I: Isa, const LOG: bool>(bar: &mut [T], y: &[T]) {
    let mut sums = [0.0; LANES];
    let (wide, tail) = bar.as_chunks::<LANES>();
    let (y_wide, y_tail) = y.as_chunks::<LANES>();
    for (bar, y) in wide.iter().zip(y_wide) {
        for lane in 0..LANES {
            sums[lane] += term::<T, LOG>(bar[lane], y[lane]);
        }
    }
    for (&bar, &y) in tail.iter().zip(y_tail) {
        sums[0] += term::<T, LOG>(bar, y);
    }
    let sum = T::from_f64(sums.iter().sum());
    if LOG && masked(y.iter()) {
        bar.fill(T::ZERO);
        return;
    }
    for (bar, &y) in bar.iter_mut().zip(y) {
        *bar = pulled::<T, I, LOG>(*bar, y, sum);
    }
}

#[inline(always)]
fn pull_columns<T: Float, I: Isa, const LOG: bool, const W: usize>(
    bar: &mut [T],
    y: &[T],
    stride: usize,
) -> usize {
    let mut sums = [0.0; W];
    for (bar, y) in bar.chunks(stride).zip(y.chunks(stride)) {
        for column in 0..W {
            sums[column] += term::<T, LOG>(bar[column], y[column]);
        }
    }
    let mut dead = [false; W];
    if LOG {
        for column in 0..W {
            dead[column] = masked(y[column..].iter().step_by(stride));
        }
    }
    for (bar, y) in bar.chunks_mut(stride).zip(y.chunks(stride)) {
        for column in 0..W {
            let sum = T::from_f64(sums[column]);
            let x_bar = pulled::<T, I, LOG>(bar[column], y[column], sum);
            bar[column] = if dead[column] { T::ZERO } else { x_bar };
        }
    }
    W
}

/// Whether a whole row is −∞. A row that is not has an element above it soon.
#[inline(always)]
fn masked<'a, T: Float>(mut row: impl Iterator<Item = &'a T>) -> bool {
    row.all(|&y| y == -T::INFINITY)
}

#[inline(always)]
fn term<T: Float, const LOG: bool>(bar: T, y: T) -> f64 {
    if LOG {
        bar.to_f64()
    } else {
        bar.to_f64() * y.to_f64()
    }
}

#[inline(always)]
fn pulled<T: Float, I: Isa, const LOG: bool>(bar: T, y: T, sum: T) -> T {
    if LOG {
        bar - y.exp::<I>() * sum
    } else {
        y * (bar - sum)
    }
}
