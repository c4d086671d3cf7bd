//! Softmax and its logarithm along one axis, and the transposed linear maps at a given value, in
//! row-major buffers.
//!
//! Sums are taken in `f64`. An axis that is not the innermost is worked on in blocks of columns that
//! lie side by side. Rows whose quick result may have lost digits, or is no number where there is
//! one, are worked on again, one element at a time.

use super::check_axis;
use crate::compile_here;
use crate::kernels::copy::copy;
use crate::kernels::isa::{Isa, Kernel, dispatch};
use crate::{Float, Shape, View};

/// Columns of a block, and lanes of a row.
const LANES: usize = 16;

compile_here! {
    /// eˣ / Σ eˣ along `axis`, in row-major order. Where all of a row is −∞ it is 0; elements +∞ share
    /// equally.
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
    /// x − ln Σ eˣ along `axis`, in row-major order. Where all of a row is −∞ it stays so; elements +∞
    /// share equally.
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
    /// Replaces w by y (w − Σ y w) along `axis`, where `y` is a softmax, and 0 where all of a row of w
    /// is 0. The slices are row-major.
    ///
    /// # Panics
    /// If the axis is out of range, or a slice does not have the shape's size.
    pub fn softmax_pullback<T>(shape: &Shape, axis: usize, y: &[T], w: &mut [T]) {
        assert_eq!(y.len(), w.len(), "two slices differ in length");
        dispatch(Pullback::<T, false>(Rows::new(shape, axis, w, y)));
    }
}

compile_here! {
    /// Replaces w by w − eʸ Σ w along `axis`, where `y` is a log-softmax, and 0 where all of a row is −∞
    /// or all of a row of w is 0. The slices are row-major.
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
    let shift = settled(row, 1, shift);

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
    if LOG {
        let log = if !rounded_away::<T>(sum, row.len()) {
            T::from_f64(sum.ln())
        } else if is_wide::<T>() {
            log_of(rest_of_row::<T, I>(row, shift))
        } else {
            log_of(rest(row, 1, shift))
        };
        for x in row {
            *x = (*x - shift) - log;
        }
    } else {
        let factor = inverse(sum);
        for x in row {
            *x *= factor;
        }
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
        shift[column] = settled(&mut data[column..], stride, shift[column]);
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
    let count = data.len().div_ceil(stride);
    let mut last = sums.map(|sum| {
        if LOG {
            T::from_f64(sum.ln())
        } else {
            inverse(sum)
        }
    });
    if LOG && sums.iter().any(|&sum| rounded_away::<T>(sum, count)) {
        let mut rests = [(0.0, 0.0); W];
        if is_wide::<T>() {
            rests = rest_of_columns::<T, I, W>(data, stride, &shift);
        }
        for column in 0..W {
            if rounded_away::<T>(sums[column], count) {
                if !is_wide::<T>() {
                    rests[column] = rest(&data[column..], stride, shift[column]);
                }
                last[column] = log_of(rests[column]);
            }
        }
    }
    for row in data
        .chunks_mut(stride)
        .filter_map(<[T]>::first_chunk_mut::<W>)
    {
        for column in 0..W {
            let x = row[column];
            row[column] = if LOG {
                (x - shift[column]) - last[column]
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

/// What is subtracted from a row with elements `stride` apart: 0 instead of −∞, so that no difference
/// is NaN; and 0 where the greatest is +∞, after the row became one of 0 and −∞ that has its limit,
/// in which elements +∞ share equally.
#[inline(always)]
fn settled<T: Float>(row: &mut [T], stride: usize, greatest: T) -> T {
    if greatest.abs() != T::INFINITY {
        return greatest;
    }
    if greatest == T::INFINITY {
        for x in row.iter_mut().step_by(stride) {
            let low = if x.is_nan() { *x } else { -T::INFINITY };
            *x = if *x == T::INFINITY { T::ZERO } else { low };
        }
    }
    T::ZERO
}

/// Whether sums in `f64` have no digits more than the type.
#[inline(always)]
fn is_wide<T: Float>() -> bool {
    T::EPSILON.to_f64() <= f64::EPSILON
}

/// What the exponentials are multiplied with.
#[inline(always)]
fn inverse<T: Float>(sum: f64) -> T {
    T::from_f64(if sum == 0.0 { 0.0 } else { 1.0 / sum })
}

/// Whether beside the 1 of the greatest element the sum of the others has lost digits that are seen:
/// they are then added up again without it. So is a row of −∞, whose sum is 0.
#[inline(always)]
fn rounded_away<T: Float>(sum: f64, count: usize) -> bool {
    sum - 1.0 < (count as f64 * f64::EPSILON / T::EPSILON.to_f64()).min(0.5)
}

/// ln Σ eˣ⁻ˢ, where s is the greatest element, of the sum without the elements s and their number; 0
/// where all are −∞.
#[inline(always)]
fn log_of<T: Float>((sum, ones): (f64, f64)) -> T {
    let all = sum == 0.0 && ones == 0.0;
    T::from_f64(if all {
        0.0
    } else {
        (sum + (ones - 1.0)).ln_1p()
    })
}

/// Σ eˣ⁻ˢ without the elements s, and their number.
#[cold]
#[inline(never)]
fn rest<T: Float>(row: &[T], stride: usize, shift: T) -> (f64, f64) {
    let (mut sum, mut ones) = (0.0, 0.0);
    for &x in row.iter().step_by(stride) {
        if x == shift {
            ones += 1.0;
        } else {
            sum += (x.to_f64() - shift.to_f64()).exp();
        }
    }
    (sum, ones)
}

/// The same in lanes.
#[inline(always)]
fn rest_of_row<T: Float, I: Isa>(row: &[T], shift: T) -> (f64, f64) {
    let (wide, tail) = row.as_chunks::<LANES>();
    let lanes = rest_of_columns::<T, I, LANES>(wide.as_flattened(), LANES, &[shift; LANES]);
    let last = rest(tail, 1, shift);
    lanes
        .iter()
        .fold(last, |all, lane| (all.0 + lane.0, all.1 + lane.1))
}

/// The same of columns that lie side by side.
#[inline(always)]
fn rest_of_columns<T: Float, I: Isa, const W: usize>(
    data: &[T],
    stride: usize,
    shift: &[T; W],
) -> [(f64, f64); W] {
    let (mut sums, mut ones) = ([0.0; W], [0.0; W]);
    for row in data.chunks(stride).filter_map(<[T]>::first_chunk::<W>) {
        for column in 0..W {
            let e = (row[column] - shift[column]).exp::<I>().to_f64();
            let is_one = row[column] == shift[column];
            sums[column] += if is_one { 0.0 } else { e };
            ones[column] += if is_one { 1.0 } else { 0.0 };
        }
    }
    crate::kernels::each(|column| (sums[column], ones[column]))
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
    let mut top = -T::INFINITY;
    let (wide, tail) = bar.as_chunks::<LANES>();
    let (y_wide, y_tail) = y.as_chunks::<LANES>();
    for (bar, y) in wide.iter().zip(y_wide) {
        for lane in 0..LANES {
            sums[lane] += term::<T, LOG>(bar[lane], y[lane]);
        }
    }
    if !y_wide.is_empty() {
        let mut tops = [-T::INFINITY; LANES];
        for y in y_wide {
            for lane in 0..LANES {
                tops[lane] = greater(tops[lane], y[lane]);
            }
        }
        for y in tops {
            top = greater(top, y);
        }
    }
    for (&bar, &y) in tail.iter().zip(y_tail) {
        sums[0] += term::<T, LOG>(bar, y);
        top = greater(top, y);
    }
    let sum: f64 = sums.iter().sum();
    let special = Special::<T>::of::<LOG>(bar, y, 1, sum, top);
    if special == Special::Done {
        return;
    }
    let sum = T::from_f64(sum);
    for (bar, &y) in bar.iter_mut().zip(y) {
        *bar = pulled::<T, I, LOG>(*bar, y, sum);
    }
    special.finish(bar);
}

#[inline(always)]
fn pull_columns<T: Float, I: Isa, const LOG: bool, const W: usize>(
    bar: &mut [T],
    y: &[T],
    stride: usize,
) -> usize {
    let mut sums = [0.0; W];
    let mut tops = [-T::INFINITY; W];
    for (bar, y) in bar.chunks(stride).zip(y.chunks(stride)) {
        for column in 0..W {
            sums[column] += term::<T, LOG>(bar[column], y[column]);
            tops[column] = greater(tops[column], y[column]);
        }
    }
    let mut special = [Special::None; W];
    for column in 0..W {
        let (bar, y) = (&mut bar[column..], &y[column..]);
        special[column] = Special::of::<LOG>(bar, y, stride, sums[column], tops[column]);
    }
    // Rows that are finished stay out of the quick loop.
    let done = special.map(|special| special == Special::Done);
    if done == [false; W] {
        for (bar, y) in bar.chunks_mut(stride).zip(y.chunks(stride)) {
            for column in 0..W {
                let sum = T::from_f64(sums[column]);
                bar[column] = pulled::<T, I, LOG>(bar[column], y[column], sum);
            }
        }
    } else {
        for (bar, y) in bar.chunks_mut(stride).zip(y.chunks(stride)) {
            for column in (0..W).filter(|&column| !done[column]) {
                let sum = T::from_f64(sums[column]);
                bar[column] = pulled::<T, I, LOG>(bar[column], y[column], sum);
            }
        }
    }
    for column in 0..W {
        special[column].finish(&mut bar[column..]);
    }
    W
}

/// What is done with a row beside the quick formula.
#[derive(Clone, Copy, PartialEq)]
enum Special<T> {
    /// Nothing.
    None,
    /// The row is finished.
    Done,
    /// The element at a place is put right afterwards.
    Element(usize, T),
}

impl<T: Float> Special<T> {
    /// Looks at a row with elements `stride` apart, at the sum of its terms and the greatest of y.
    #[inline(always)]
    fn of<const LOG: bool>(bar: &mut [T], y: &[T], stride: usize, sum: f64, top: T) -> Self {
        // Half of the probability, for what cancels in a logarithm; nearly all of it otherwise.
        let great = if LOG { -0.7 } else { 0.9375 };
        let zero = if LOG { sum == 0.0 } else { sum.is_nan() };
        let dead = LOG && top == -T::INFINITY;
        if zero || dead || top.to_f64() > great {
            Self::found::<LOG>(bar, y, stride, sum, top, great)
        } else {
            Special::None
        }
    }

    #[inline(never)]
    fn found<const LOG: bool>(
        bar: &mut [T],
        y: &[T],
        stride: usize,
        sum: f64,
        top: T,
        great: f64,
    ) -> Self {
        let column = || y.iter().step_by(stride);
        // A row of zeros gives zeros, also where `y` is NaN.
        if bar.iter().step_by(stride).all(|&bar| bar == T::ZERO) {
            return Special::Done;
        }
        if LOG && column().all(|&y| y == -T::INFINITY) {
            bar.iter_mut()
                .step_by(stride)
                .for_each(|bar| *bar = T::ZERO);
            return Special::Done;
        }
        let at = column().position(|&y| y == top);
        let Some(at) = at.filter(|_| top.to_f64() > great).map(|at| at * stride) else {
            return Special::None;
        };
        let own = bar[at];
        if LOG {
            // bar − p Σ bar = −(bar (p − 1) + p (Σ bar − bar)), of which no part cancels.
            let (y, own) = (top.to_f64(), own.to_f64());
            let x_bar = -(own * y.exp_m1() + y.exp() * (sum - own));
            return Special::Element(at, T::from_f64(x_bar));
        }
        // Σ p is 1, so that a number may be subtracted from the whole row: with that of the greatest
        // p, the rounding of p is multiplied by 0.
        let mut rest = 0.0;
        for (bar, &y) in bar.iter_mut().step_by(stride).zip(column()) {
            *bar -= own;
            rest += bar.to_f64() * y.to_f64();
        }
        let rest = T::from_f64(rest);
        for (bar, &y) in bar.iter_mut().step_by(stride).zip(column()) {
            *bar = y * (*bar - rest);
        }
        Special::Done
    }

    #[inline(always)]
    fn finish(self, bar: &mut [T]) {
        if let Special::Element(at, x_bar) = self {
            bar[at] = x_bar;
        }
    }
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
