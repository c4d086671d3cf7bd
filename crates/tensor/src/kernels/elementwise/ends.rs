//! What does not fill a block of an elementwise loop: rows that are too short, and the ends of rows
//! that must not be computed twice.

use std::mem::MaybeUninit;

use super::each::each;
use super::map::{BLOCK, lanes};
use super::operands::{Loop, Mode, Operands, Steps};
use crate::Float;

/// The most elements that are held apart at a time.
pub(super) const CHUNK: usize = 8 * BLOCK;

/// The most results that are computed apart before they are added: whole blocks, within the first
/// cache.
const APART: usize = 32 * BLOCK;

/// Elements of short rows, brought together.
pub(super) struct Gathered<T, const A: usize, const B: usize, const C: usize, const O: usize> {
    a: [Chunk<T>; A],
    b: [Chunk<T>; B],
    c: [Chunk<T>; C],
    y: [Chunk<T>; O],
}

type Chunk<T> = [MaybeUninit<T>; CHUNK];

impl<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>
    Gathered<T, A, B, C, O>
{
    pub fn new() -> Self {
        Gathered {
            a: [[const { MaybeUninit::uninit() }; CHUNK]; A],
            b: [[const { MaybeUninit::uninit() }; CHUNK]; B],
            c: [[const { MaybeUninit::uninit() }; CHUNK]; C],
            y: [[const { MaybeUninit::uninit() }; CHUNK]; O],
        }
    }

    /// Copies rows and returns operands that are these copies, filled up to whole blocks.
    ///
    /// # Safety
    /// Every operand must have `len` elements in each row, and a chunk must hold them all.
    pub unsafe fn read(
        &mut self,
        from: &Operands<T, A, B, C, O>,
        rows: usize,
        steps: &Steps<A, B, C, O>,
    ) -> Operands<T, A, B, C, O> {
        // SAFETY: by the contract.
        unsafe {
            read_group(&mut self.a, &from.a, &steps.a, rows, from.len);
            read_group(&mut self.b, &from.b, &steps.b, rows, from.len);
            read_group(&mut self.c, &from.c, &steps.c, rows, from.len);
        }
        Operands {
            a: each(|k| self.a[k].as_ptr().cast()),
            b: each(|k| self.b[k].as_ptr().cast()),
            c: each(|k| self.c[k].as_ptr().cast()),
            y: each(|m| self.y[m].as_mut_ptr().cast()),
            modes: each(|m| match from.modes[m] {
                Mode::Skip => Mode::Skip,
                _ => Mode::Write,
            }),
            len: (rows * from.len).next_multiple_of(const { lanes(A + B + C) }),
        }
    }

    /// Brings the results to their places, in the order of the outputs.
    ///
    /// # Safety
    /// Every output that is not skipped must have `len` elements in each row, and as many results
    /// must have been written here.
    pub unsafe fn write(
        &self,
        to: &Operands<T, A, B, C, O>,
        rows: usize,
        steps: &Steps<A, B, C, O>,
    ) {
        for m in (0..O).filter(|&m| to.modes[m] != Mode::Skip) {
            let mut place = to.y[m];
            for row in self.y[m].chunks_exact(to.len).take(rows) {
                for (l, y) in row.iter().enumerate() {
                    // SAFETY: by the contract.
                    unsafe {
                        let (place, y) = (&mut *place.add(l), y.assume_init());
                        *place = if to.modes[m] == Mode::Add {
                            *place + y
                        } else {
                            y
                        };
                    }
                }
                place = place.wrapping_offset(steps.y[m]);
            }
        }
    }
}

/// # Safety
/// The pointers must have `len` elements in each row, and a chunk must hold them all.
unsafe fn read_group<T: Float, const K: usize>(
    to: &mut [Chunk<T>; K],
    from: &[*const T; K],
    steps: &[isize; K],
    rows: usize,
    len: usize,
) {
    for k in 0..K {
        let mut start = from[k];
        for row in to[k].chunks_exact_mut(len).take(rows) {
            for (l, to) in row.iter_mut().enumerate() {
                // SAFETY: by the contract.
                to.write(unsafe { *start.add(l) });
            }
            start = start.wrapping_offset(steps[k]);
        }
        // Zeros would make some functions slow or loud; an element that is there anyway does not.
        let filled = rows * len;
        let last = to[k][filled - 1];
        let full = filled.next_multiple_of(BLOCK);
        to[k][filled..full].fill(last);
    }
}

/// Applies the function to the whole blocks of rows, some of whose results are added: they are
/// computed apart first, since a second loop for each function would double what is compiled.
///
/// # Safety
/// Every operand must have `len` elements in each row, at least a block.
#[inline(never)]
pub(super) unsafe fn adding_rows<
    T: Float,
    const A: usize,
    const B: usize,
    const C: usize,
    const O: usize,
>(
    f: &dyn Loop<T, A, B, C, O>,
    operands: &mut Operands<T, A, B, C, O>,
    rows: usize,
    steps: &Steps<A, B, C, O>,
) {
    let whole = operands.len - operands.len % const { lanes(A + B + C) };
    let mut results = [[const { MaybeUninit::<T>::uninit() }; APART]; O];
    for _ in 0..rows {
        let mut left = *operands;
        left.len = whole;
        while left.len > 0 {
            let mut part = left;
            part.len = left.len.min(APART);
            for m in (0..O).filter(|&m| left.modes[m] == Mode::Add) {
                part.y[m] = results[m].as_mut_ptr().cast();
                part.modes[m] = Mode::Write;
            }
            let len = part.len;
            // SAFETY: by the contract; `APART` results have room. The elements that are added to were
            // borrowed by no one else when the operands were made, and hold numbers.
            unsafe {
                f.blocks(&mut part, 1, steps, false);
                for m in (0..O).filter(|&m| left.modes[m] == Mode::Add) {
                    for l in 0..len {
                        *left.y[m].add(l) += results[m][l].assume_init();
                    }
                }
            }
            left.skip(len);
        }
        operands.advance(steps, 1);
    }
}

/// Brings the last `rest` of each `L` results to the same elements of a row of `L`.
///
/// # Safety
/// There must be `rows` · `L` results, and so many rows `step` apart.
#[inline(always)]
pub(super) unsafe fn put<T: Float, const L: usize>(
    results: *const T,
    mut place: *mut T,
    step: isize,
    rows: usize,
    rest: usize,
    add: bool,
) {
    for row in 0..rows {
        // SAFETY: by the contract.
        unsafe {
            let y = *results.add(row * L).cast::<[T; L]>();
            let old = *place.cast::<[T; L]>();
            let mut new = old;
            for l in 0..L {
                let y = if add { old[l] + y[l] } else { y[l] };
                new[l] = if l < L - rest { old[l] } else { y };
            }
            *place.cast::<[T; L]>() = new;
        }
        place = place.wrapping_offset(step);
    }
}
