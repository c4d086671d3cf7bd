//! Running results along one axis, in row-major order: sums, products, logarithms of sums of exponentials,
//! extremes and linear recurrences.
//!
//! They accumulate in `f64`, each line from one end to the other: `lines` walks them, several side by side
//! where the axis is not the innermost. `scaled` has the products, which keep an exponent of their own.

mod lines;
mod logs;
mod scaled;

use std::borrow::Cow;

use self::lines::{LANES, Step, each_group, lines_along, run};
use super::copy::copy;
use super::reduce::{check_axis, rows};
use crate::{Float, Shape, View, compile_here};

pub use logs::{logcumsumexp, logcumsumexp_shares};
pub use scaled::{cumprod, prod, products_of_others};

/// A running sum with what its roundings lost.
struct Sum;

impl<T: Float> Step<T> for Sum {
    type State = (f64, f64);

    fn start() -> Self::State {
        (0.0, 0.0)
    }
    #[inline(always)]
    fn step((sum, lost): &mut Self::State, x: T) -> T {
        let (x, before) = (x.to_f64(), *sum);
        *sum += x;
        // The sum of elements of `f32` loses nothing that could be seen.
        if T::EPSILON.to_f64() > f64::EPSILON {
            return T::from_f64(*sum);
        }
        let part = *sum - before;
        *lost += (before - (*sum - part)) + (x - part);
        T::from_f64(if lost.is_nan() { *sum } else { *sum + *lost })
    }
}

/// The same of elements so small that no sum of them leaves the range.
struct SmallSum;

impl SmallSum {
    const DOWN: f64 = f64::from_bits((1023 - 64) << 52);
    const UP: f64 = f64::from_bits((1023 + 64) << 52);
}

impl<T: Float> Step<T> for SmallSum {
    type State = (f64, f64);

    fn start() -> Self::State {
        (0.0, 0.0)
    }
    #[inline(always)]
    fn step(state: &mut Self::State, x: T) -> T {
        let small = T::from_f64(x.to_f64() * Self::DOWN);
        T::from_f64(Sum::step(state, small).to_f64() * Self::UP)
    }
}

compile_here! {
    /// The running sums along `axis`, from its last element to its first if `reverse` is set. Within about
    /// one rounding of the exact sums, also behind one that is out of range.
    ///
    /// # Panics
    /// If the axis is out of range, or `out` does not have the size of `x`.
    pub fn cumsum<T>(x: &View<T>, axis: usize, reverse: bool, out: &mut [T]) {
        check_axis(x.shape(), axis);
        copy(x, out);
        run::<T, Sum>(x.shape(), axis, reverse, out);
        let wide = T::EPSILON.to_f64() <= f64::EPSILON;
        if wide && lasts(x.shape(), axis, reverse, out).any(|y| !y.is_finite()) {
            let mut again = x.iter().collect::<Vec<T>>();
            run::<T, SmallSum>(x.shape(), axis, reverse, &mut again);
            for (y, again) in out.iter_mut().zip(again) {
                if !y.is_finite() {
                    *y = again;
                }
            }
        }
    }
}

compile_here! {
    /// h_k = a_k h_(k−1) + b_k along `axis`, where the first h is the first b; from the last element to the
    /// first if `reverse` is set, where k − 1 then stands for the element before on the way. With `late`, a
    /// is that of the element before: a_(k−1) h_(k−1) + b_k, which is the transpose of the other direction
    /// without it. With `absorb`, a product with an h of exactly 0 is 0, whatever a.
    ///
    /// # Panics
    /// If the axis is out of range, the shapes differ, or `out` does not have their size.
    pub fn recurrence<T>(a: &View<T>, b: &View<T>, axis: usize, how: Recurrence, out: &mut [T]) {
        let shape = b.shape();
        check_axis(shape, axis);
        assert_eq!(a.shape(), shape, "two inputs differ in shape");
        copy(b, out);
        let (len, inner) = lines_along(shape, axis);
        let size = (len * inner).max(1);
        // A number for all elements is written out for one part alone.
        let number = a.iter().next().filter(|_| a.layout().strides().iter().all(|&step| step == 0));
        let a = number.map_or_else(|| contiguous(a), |number| Cow::Owned(vec![number; size]));
        for (h, a) in out.chunks_exact_mut(size).zip(a.chunks_exact(size).cycle()) {
            if inner == 1 {
                recur::<T, 1>(h, a, len, 1, how);
                continue;
            }
            each_group(inner, |column, wide| {
                let (h, a) = (&mut h[column..], &a[column..]);
                match wide {
                    true => recur::<T, LANES>(h, a, len, inner, how),
                    false => recur::<T, 1>(h, a, len, inner, how),
                }
            });
        }
    }
}

/// The way that [`recurrence`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// From the last element to the first.
    pub reverse: bool,
    /// Each product is with the factor of the element before.
    pub late: bool,
    /// Zero wins in a product.
    pub absorb: bool,
}

/// The recurrence in `W` lines side by side.
#[inline(always)]
fn recur<T: Float, const W: usize>(
    h: &mut [T],
    a: &[T],
    len: usize,
    inner: usize,
    how: Recurrence,
) {
    let place = |k: usize| inner * if how.reverse { len - 1 - k } else { k };
    let mut state = [0.0; W];
    for k in 0..len {
        let own = &mut h[place(k)..][..W];
        if k == 0 {
            for lane in 0..W {
                state[lane] = own[lane].to_f64();
            }
            continue;
        }
        let factor = &a[place(k - usize::from(how.late))..][..W];
        for lane in 0..W {
            let product = factor[lane].to_f64() * state[lane];
            let zero = how.absorb && state[lane] == 0.0;
            state[lane] = own[lane].to_f64() + if zero { 0.0 } else { product };
            own[lane] = T::from_f64(state[lane]);
        }
    }
}

compile_here! {
    /// The positions along `axis` of the running extremes, the greatest or, with `least`, the least: each
    /// time the first of several. NaN is one from where it stands.
    ///
    /// # Panics
    /// If the axis is out of range, or `out` does not have the size of `x`.
    pub fn cumulative_extremes<T>(x: &View<T>, axis: usize, least: bool, out: &mut [i64]) {
        let shape = x.shape();
        check_axis(shape, axis);
        assert_eq!(out.len(), x.layout().size(), "a slice does not fill its shape");
        let x = contiguous(x);
        let (len, inner) = lines_along(shape, axis);
        let size = (len * inner).max(1);
        for (out, x) in out.chunks_exact_mut(size).zip(x.chunks_exact(size)) {
            each_group(inner, |column, wide| {
                let (x, out) = (&x[column..], &mut out[column..]);
                match wide {
                    true => extremes::<T, LANES>(x, len, inner, least, out),
                    false => extremes::<T, 1>(x, len, inner, least, out),
                }
            });
        }
    }
}

/// The places of the extremes in `W` lines side by side.
#[inline(always)]
fn extremes<T: Float, const W: usize>(
    x: &[T],
    len: usize,
    inner: usize,
    least: bool,
    out: &mut [i64],
) {
    let (mut best, mut places) = ([T::ZERO; W], [0; W]);
    for k in 0..len {
        let (row, out) = (&x[k * inner..][..W], &mut out[k * inner..][..W]);
        for lane in 0..W {
            let (new, old) = (row[lane], best[lane]);
            let better = if least { new < old } else { new > old };
            if k == 0 || better || new.is_nan() && !old.is_nan() {
                (best[lane], places[lane]) = (new, k as i64);
            }
            out[lane] = places[lane];
        }
    }
}

compile_here! {
    /// Where the order statistics along `axes` (ascending) lie that quantiles are made of: for each of
    /// `q` from 0 to 1, and for each of the axes that stay, in row-major order, the places of the two
    /// elements around the q-th part of the way, counted along the axes, and the weight of the upper one.
    /// Equal elements count by their places. Where both are equal, or one alone is meant, the places are
    /// one and the weight is 0; so it is for the first NaN, if there is one.
    ///
    /// # Panics
    /// If an axis has size 0, or an output has not the size of q and what stays.
    pub fn order_places<T>(x: &View<T>, axes: &[usize], q: &[f64], low: &mut [i64], high: &mut [i64], weights: &mut [f64]) {
        let (data, len) = rows(x, axes);
        let count = data.len().checked_div(len).unwrap_or(0);
        let size = q.len() * count;
        assert!(
            low.len() == size && high.len() == size && weights.len() == size,
            "an output does not fit the quantiles"
        );
        assert!(size == 0 || len > 0, "there is no quantile of nothing");
        let around = |q: f64| {
            let at = q * (len - 1) as f64;
            (at.floor() as usize, at.ceil() as usize, at - at.floor())
        };
        let mut ranks: Vec<usize> = q.iter().flat_map(|&q| [around(q).0, around(q).1]).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let mut order: Vec<(T, usize)> = Vec::with_capacity(len);
        for (row, line) in data.chunks_exact(len.max(1)).enumerate() {
            let nan = line.iter().position(|x| x.is_nan());
            if nan.is_none() {
                order.clear();
                order.extend(line.iter().copied().zip(0..));
                put_in_order(&mut order, &ranks);
            }
            for (k, &q) in q.iter().enumerate() {
                let at = k * count + row;
                let (below, above, weight) = around(q);
                (low[at], high[at], weights[at]) = match nan {
                    Some(place) => (place as i64, place as i64, 0.0),
                    None if order[below].0 == order[above].0 => {
                        (order[below].1 as i64, order[below].1 as i64, 0.0)
                    }
                    None => (order[below].1 as i64, order[above].1 as i64, weight),
                };
            }
        }
    }
}

/// Puts the elements of these ranks (ascending) to their places.
#[inline(always)]
fn put_in_order<T: Float>(order: &mut [(T, usize)], ranks: &[usize]) {
    let mut from = 0;
    for &rank in ranks {
        let (rest, at) = (&mut order[from..], rank - from);
        rest.select_nth_unstable_by(at, |a, b| {
            let by_value = a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal);
            by_value.then(a.1.cmp(&b.1))
        });
        from = rank + 1;
    }
}

/// The last results of all lines: what is not finite stays so to the end of its line.
fn lasts<'a, T: Float>(
    shape: &Shape,
    axis: usize,
    reverse: bool,
    data: &'a [T],
) -> impl Iterator<Item = &'a T> {
    let inner = shape[axis + 1..].iter().product::<usize>();
    let size = shape[axis] * inner;
    let parts = data.chunks_exact(size.max(1));
    parts.flat_map(move |part| match reverse {
        true => &part[..inner],
        false => &part[size - inner..],
    })
}

/// The elements in row-major order.
pub(super) fn contiguous<'a, T: Float>(x: &View<'a, T>) -> Cow<'a, [T]> {
    match x.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => {
            let mut copied = vec![T::ZERO; x.layout().size()];
            copy(x, &mut copied);
            Cow::Owned(copied)
        }
    }
}
