//! Products with a short side: few rows times columns that lie one after the other, or few terms.

use super::matmul::Product;
use super::tiles::{FEW, WIDTH};
use crate::Float;
use crate::kernels::isa::{Isa, Kernel, prefetch};

/// What a sum starts from: zero, what is there, or a row.
const ZERO: u8 = 0;
const ADD: u8 = 1;
const ROW: u8 = 2;

/// Few rows times columns that lie one after the other, so many of them at once as registers hold sums
/// of eight lanes.
///
/// Invariant: beside that of `Product`, the elements of a row of `a` and of a column of `b` lie without
/// gaps.
pub(super) struct Dots<T>(pub Product<T>);

impl<T: Float> Kernel for Dots<T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        match T::LANES {
            16 => self.0.dots_of::<I, 8>(),
            _ => self.0.dots_of::<I, 4>(),
        }
    }
}

impl<T: Float> Product<T> {
    #[inline(always)]
    fn dots_of<I: Isa, const COLUMNS: usize>(self) {
        for i in 0..self.m {
            let mut j = 0;
            while j < self.n {
                // The last columns overlap with columns that were done; those are not written.
                let first = j.min(self.n.saturating_sub(COLUMNS));
                let count = COLUMNS.min(self.n);
                // SAFETY: row i of `a` and `count` columns of `b` from `first` hold `k` elements
                // without gaps, by the invariant.
                let sums: [T; COLUMNS] = unsafe {
                    let a = self.a.offset(i as isize * self.a_row);
                    let a = std::slice::from_raw_parts(a, self.k);
                    let b = crate::kernels::each(|at| {
                        let j = (first + at.min(count - 1)) as isize;
                        std::slice::from_raw_parts(self.b.offset(j * self.b_col), self.k)
                    });
                    dots::<T, I, COLUMNS, 8>(a, b)
                };
                for at in j - first..count {
                    let place = i as isize * self.c_row + (first + at) as isize * self.c_col;
                    // SAFETY: element (i, first + at) of `c` is in range.
                    let c = unsafe { &mut *self.c.offset(place) };
                    *c = if self.add { *c + sums[at] } else { sums[at] };
                }
                j = first + count;
            }
        }
    }
}

/// Few terms: the time goes into bringing `c` to memory, so row after row.
///
/// Invariant: beside that of `Product`, k is in `1..=FEW`, n at least `WIDTH`, and the elements of a row of
/// `b` and of `c` lie without gaps.
pub(super) struct Stream<T>(pub Product<T>);

impl<T: Float> Kernel for Stream<T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        match self.0.k {
            1 => self.0.stream::<I, 1>(),
            2 => self.0.stream::<I, 2>(),
            3 => self.0.stream::<I, 3>(),
            _ => self.0.stream::<I, FEW>(),
        }
    }
}

impl<T: Float> Product<T> {
    #[inline(always)]
    fn stream<I: Isa, const K: usize>(self) {
        if self.add {
            self.stream_from::<I, K, ADD>();
        } else if self.start.is_null() {
            self.stream_from::<I, K, ZERO>();
        } else {
            self.stream_from::<I, K, ROW>();
        }
    }

    #[inline(always)]
    fn stream_from<I: Isa, const K: usize, const FROM: u8>(self) {
        for i in 0..self.m as isize {
            // SAFETY: row i of `a` has `K` elements, and row i of `c` begins at its offset.
            let (factors, c): ([T; K], *mut T) = unsafe {
                let a = self.a.offset(i * self.a_row);
                let factor = |k: usize| *a.offset(k as isize * self.a_col);
                (crate::kernels::each(factor), self.c.offset(i * self.c_row))
            };
            let mut j = 0;
            while j + WIDTH <= self.n {
                // The next row's place, for stores alone may not make the processor fetch it in time.
                prefetch::<T, WIDTH>(c.wrapping_offset(self.c_row + j as isize));
                // SAFETY: so many columns from `j` on are in range.
                unsafe { self.strip::<I, K, FROM, WIDTH>(&factors, c, j) };
                j += WIDTH;
            }
            if FROM != ADD && j < self.n {
                // Written once more, an element stays what it was; added to once more, it does not.
                j = self.n - WIDTH;
                // SAFETY: as above.
                unsafe { self.strip::<I, K, FROM, WIDTH>(&factors, c, j) };
                continue;
            }
            while j < self.n {
                // SAFETY: column j is in range.
                unsafe { self.strip::<I, K, FROM, 1>(&factors, c, j) };
                j += 1;
            }
        }
    }

    /// Columns `j..j + W` of the row that begins at `c`.
    ///
    /// # Safety
    /// The columns are in range.
    #[inline(always)]
    unsafe fn strip<I: Isa, const K: usize, const FROM: u8, const W: usize>(
        &self,
        factors: &[T; K],
        c: *mut T,
        j: usize,
    ) {
        // SAFETY: by the contract.
        unsafe {
            let place = c.add(j).cast::<[T; W]>();
            let mut sums = match FROM {
                ADD => *place,
                ROW => *self.start.add(j).cast::<[T; W]>(),
                _ => [T::ZERO; W],
            };
            for k in 0..K {
                let b = self.b.offset(k as isize * self.b_row).add(j);
                let lanes = *b.cast::<[T; W]>();
                for lane in 0..W {
                    sums[lane] = factors[k].mul_add::<I>(lanes[lane], sums[lane]);
                }
            }
            *place = sums;
        }
    }
}

/// The products of `a` with `N` slices of its length.
#[inline(always)]
pub(super) fn dots<T: Float, I: Isa, const N: usize, const W: usize>(
    a: &[T],
    b: [&[T]; N],
) -> [T; N] {
    let mut sums = [[T::ZERO; W]; N];
    let (a, a_rest) = a.as_chunks::<W>();
    let b = b.map(|b| b.as_chunks::<W>());
    for at in 0..a.len() {
        let lanes = a[at];
        for which in 0..N {
            let b = b[which].0[at];
            for lane in 0..W {
                sums[which][lane] = lanes[lane].mul_add::<I>(b[lane], sums[which][lane]);
            }
        }
    }
    for which in 0..N {
        for (lane, (&a, &b)) in a_rest.iter().zip(b[which].1).enumerate() {
            sums[which][lane] = a.mul_add::<I>(b, sums[which][lane]);
        }
    }
    sums.map(|mut sums| {
        let mut width = W / 2;
        while width > 0 {
            for lane in 0..width {
                sums[lane] += sums[lane + width];
            }
            width /= 2;
        }
        sums[0]
    })
}
