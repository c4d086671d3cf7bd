//! The walk along the lines of an axis.

use crate::{Float, Shape};

/// Lines that are worked on side by side.
pub(super) const LANES: usize = 8;

/// What is done from one element of a line to the next.
pub(super) trait Step<T: Float> {
    /// What is known of the elements so far.
    type State: Copy;
    /// What is known of none.
    fn start() -> Self::State;
    /// Takes an element in, and gives the result so far.
    fn step(state: &mut Self::State, x: T) -> T;
}

/// The lines along `axis`: their length, and how many of them lie side by side.
pub(super) fn lines_along(shape: &Shape, axis: usize) -> (usize, usize) {
    (shape[axis], shape[axis + 1..].iter().product())
}

/// Calls `f` for lines that lie side by side, with the first of them, and whether there are as many as are
/// worked on at once; else it is for one.
#[inline(always)]
pub(super) fn each_group(inner: usize, mut f: impl FnMut(usize, bool)) {
    let mut column = 0;
    while column < inner {
        let wide = inner - column >= LANES;
        f(column, wide);
        column += if wide { LANES } else { 1 };
    }
}

/// Replaces the elements of each line along `axis` of row-major `data` by the results so far.
#[inline(always)]
pub(super) fn run<T: Float, S: Step<T>>(shape: &Shape, axis: usize, reverse: bool, data: &mut [T]) {
    let (len, inner) = lines_along(shape, axis);
    for part in data.chunks_exact_mut((len * inner).max(1)) {
        if inner == 1 {
            let mut state = S::start();
            let step = |x: &mut T| *x = S::step(&mut state, *x);
            match reverse {
                true => part.iter_mut().rev().for_each(step),
                false => part.iter_mut().for_each(step),
            }
            continue;
        }
        each_group(inner, |column, wide| match wide {
            true => lanes::<T, S, LANES>(&mut part[column..], len, inner, reverse),
            false => lanes::<T, S, 1>(&mut part[column..], len, inner, reverse),
        });
    }
}

/// The first `W` of the lines that lie side by side.
#[inline(always)]
fn lanes<T: Float, S: Step<T>, const W: usize>(
    part: &mut [T],
    len: usize,
    inner: usize,
    reverse: bool,
) {
    let mut states = [S::start(); W];
    for k in 0..len {
        let at = if reverse { len - 1 - k } else { k };
        let row = &mut part[at * inner..][..W];
        for lane in 0..W {
            row[lane] = S::step(&mut states[lane], row[lane]);
        }
    }
}
