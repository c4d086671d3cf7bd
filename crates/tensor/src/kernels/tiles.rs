//! Tiles of products: so many sums at once as registers hold.

use super::isa::{Isa, Kernel};
use super::matmul::Product;
use crate::Float;

/// The greatest depth of one pass over the tiles, so that a packed panel fits the stack and the
/// first cache.
const DEPTH: usize = 256;
/// So many elements of `a` lie in the second cache while the panels go by.
const BLOCK: usize = 1 << 15;
/// The widest tile.
pub(super) const WIDTH: usize = 16;
/// The columns of a tile of a single row.
const BROAD: usize = 64;
/// The most rows of a tile. With two registers a row, twelve sums and what they are made of fill
/// the registers of AVX2.
const HEIGHT: usize = 6;
/// What a sum starts from: zero, what is there, or a row.
const ZERO: u8 = 0;
const ADD: u8 = 1;
const ROW: u8 = 2;
/// The terms for which the products of single rows and columns are worth their last sums.
pub(super) const LONG: usize = 32;
/// The most rows or terms that are few.
pub(super) const FEW: usize = 4;

impl<T: Float> Kernel for Product<T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self) {
        if !self.panels.is_null() {
            return self.in_panels::<I, false>();
        }
        let rows_by_columns = self.b_row == 1 && self.b_col != 1 && self.a_col == 1;
        if rows_by_columns && self.n > 1 && self.n < FEW && self.k >= LONG {
            return self.transposed().dots::<I>();
        }
        // Lanes run along the columns of `c`.
        if (self.n == 1 && self.m > 1) || (self.c_col != 1 && self.c_row == 1) {
            self = self.transposed();
        }
        if self.k == 0 {
            if !self.add {
                self.fill_with_zero();
            }
        } else if self.m < FEW && self.b_col != 1 && self.b_row == 1 && self.a_col == 1 {
            self.dots::<I>();
        } else if self.k <= FEW && self.b_col == 1 && self.c_col == 1 && self.n >= WIDTH {
            match self.k {
                1 => self.stream::<I, 1>(),
                2 => self.stream::<I, 2>(),
                3 => self.stream::<I, 3>(),
                _ => self.stream::<I, FEW>(),
            }
        } else {
            self.in_panels::<I, false>();
        }
    }
}

/// Brings `b` into `panels`, and computes nothing.
pub(super) struct Packing<T>(pub Product<T>);

impl<T: Float> Kernel for Packing<T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        self.0.in_panels::<I, true>();
    }
}

/// A panel that is packed for one product.
#[repr(align(64))]
struct Panel<T>([std::mem::MaybeUninit<T>; DEPTH * WIDTH]);

impl<T: Float> Product<T> {
    /// cᵀ = bᵀ · aᵀ.
    #[inline(always)]
    fn transposed(self) -> Self {
        Product {
            m: self.n,
            n: self.m,
            a: self.b,
            a_row: self.b_col,
            a_col: self.b_row,
            b: self.a,
            b_row: self.a_col,
            b_col: self.a_row,
            c_row: self.c_col,
            c_col: self.c_row,
            ..self
        }
    }

    #[inline(always)]
    fn fill_with_zero(self) {
        for i in 0..self.m as isize {
            for j in 0..self.n as isize {
                // SAFETY: element (i, j) of `c` is in range; see the invariant.
                unsafe { *self.c.offset(i * self.c_row + j * self.c_col) = T::ZERO };
            }
        }
    }

    /// Few rows times columns that lie one after the other, so many of them at once as registers
    /// hold sums of eight lanes.
    #[inline(always)]
    fn dots<I: Isa>(self) {
        match T::LANES {
            16 => self.dots_of::<I, 8>(),
            _ => self.dots_of::<I, 4>(),
        }
    }

    #[inline(always)]
    fn dots_of<I: Isa, const COLUMNS: usize>(self) {
        for i in 0..self.m {
            let mut j = 0;
            while j < self.n {
                // The last columns overlap with columns that were done; those are not written.
                let first = j.min(self.n.saturating_sub(COLUMNS));
                let count = COLUMNS.min(self.n);
                // SAFETY: row i of `a` and `count` columns of `b` from `first` hold `k` elements
                // without gaps, for that is what `run` asked of the strides.
                let sums: [T; COLUMNS] = unsafe {
                    let a = self.a.offset(i as isize * self.a_row);
                    let a = std::slice::from_raw_parts(a, self.k);
                    let b = std::array::from_fn(|at| {
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

    /// Few terms: the time goes into bringing `c` to memory, so row after row.
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
                (std::array::from_fn(factor), self.c.offset(i * self.c_row))
            };
            let mut j = 0;
            while j + WIDTH <= self.n {
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

    /// Panels as wide as registers make them.
    #[inline(always)]
    fn in_panels<I: Isa, const PACK: bool>(self) {
        match (I::FMA, T::LANES) {
            (true, 16) => self.passes::<I, PACK, 16, 8, 4>(),
            (false, 8) => self.passes::<I, PACK, 4, 2, 1>(),
            _ => self.passes::<I, PACK, 8, 4, 2>(),
        }
    }

    /// All columns, for so many rows, or so many terms, at once as the caches hold.
    #[inline(always)]
    fn passes<
        I: Isa,
        const PACK: bool,
        const WIDE: usize,
        const HALF: usize,
        const QUARTER: usize,
    >(
        mut self,
    ) {
        let (mut rows, mut terms) = (self.m, self.k);
        if self.panels.is_null() {
            terms = terms.min(DEPTH);
        } else if !PACK && rows * terms > BLOCK {
            rows = rows.min((BLOCK / terms).max(8 * HEIGHT));
        }
        loop {
            let mut pass = self;
            (pass.m, pass.k) = (self.m.min(rows), self.k.min(terms));
            pass.across::<I, PACK, WIDE, HALF, QUARTER>();
            if pass.m < self.m {
                self.m -= rows;
                // SAFETY: more than so many rows of `a` and `c` are left.
                unsafe {
                    self.a = self.a.offset(rows as isize * self.a_row);
                    self.c = self.c.offset(rows as isize * self.c_row);
                }
            } else if pass.k < self.k {
                self.k -= terms;
                // SAFETY: more than so many columns of `a` and rows of `b` are left.
                unsafe {
                    self.a = self.a.offset(terms as isize * self.a_col);
                    self.b = self.b.offset(terms as isize * self.b_row);
                }
                self.add = true;
            } else {
                return;
            }
        }
    }

    /// Panels of `WIDE` columns, then of the narrowest that reach the end.
    #[inline(always)]
    fn across<
        I: Isa,
        const PACK: bool,
        const WIDE: usize,
        const HALF: usize,
        const QUARTER: usize,
    >(
        self,
    ) {
        let mut j = 0;
        if self.m == 1 && self.b_col == 1 && self.panels.is_null() {
            // A single row needs more columns for as many sums.
            while self.n - j >= BROAD {
                j = self.panel::<I, false, BROAD>(j);
            }
        }
        while j < self.n {
            j = if self.n - j > HALF && self.n >= WIDE {
                self.panel::<I, PACK, WIDE>(j)
            } else if self.n - j > QUARTER {
                self.panel::<I, PACK, HALF>(j)
            } else {
                self.panel::<I, PACK, QUARTER>(j)
            };
        }
    }

    /// Computes, or packs, columns from `j` on and returns the first that is left.
    #[inline(always)]
    fn panel<I: Isa, const PACK: bool, const W: usize>(self, j: usize) -> usize {
        // The last panel overlaps with one that was done, so that it is full; what was done is not
        // written again.
        let first = j.min(self.n.saturating_sub(W));
        let count = W.min(self.n);
        if PACK {
            // SAFETY: every panel begins before column n and has at most `WIDTH` columns.
            unsafe { self.pack::<W>(first, count, self.panels.add(j * self.k)) };
            return first + count;
        }
        let mut packed: Panel<T> =
            Panel([const { std::mem::MaybeUninit::uninit() }; DEPTH * WIDTH]);
        let (b, b_row) = if !self.panels.is_null() {
            // SAFETY: as above.
            let panel = unsafe { self.panels.add(j * self.k) };
            (panel.cast_const(), W as isize)
        } else if W == BROAD || (self.b_col == 1 && count == W) {
            // SAFETY: `first < n`.
            let column = unsafe { self.b.offset(first as isize * self.b_col) };
            (column, self.b_row)
        } else {
            let panel = packed.0.as_mut_ptr().cast::<T>();
            // SAFETY: a panel has room for `DEPTH` rows of `WIDTH` elements.
            unsafe { self.pack::<W>(first, count, panel) };
            (panel.cast_const(), W as isize)
        };
        // Tiles of nearly equal heights.
        let most = if W == BROAD { 1 } else { HEIGHT };
        let mut tiles = self.m.div_ceil(most);
        let mut top = 0;
        while tiles > 0 {
            let height = (self.m - top) / tiles;
            // SAFETY: `b` holds `k` rows of `W` elements, from the matrix or packed. The tiles end
            // at row `m`, and the columns skip..count are in range.
            unsafe {
                let [skip, at] = [j - first, top];
                match height {
                    1 => self.rows::<I, 1, W>(at, b, b_row, first, skip, count),
                    2 => self.rows::<I, 2, W>(at, b, b_row, first, skip, count),
                    3 => self.rows::<I, 3, W>(at, b, b_row, first, skip, count),
                    4 => self.rows::<I, 4, W>(at, b, b_row, first, skip, count),
                    5 => self.rows::<I, 5, W>(at, b, b_row, first, skip, count),
                    _ => self.rows::<I, HEIGHT, W>(at, b, b_row, first, skip, count),
                }
            }
            top += height;
            tiles -= 1;
        }
        first + count
    }

    /// Brings columns `first..first + count` of `b` to `panel`, in rows of `W` elements.
    ///
    /// # Safety
    /// There is room for `k` rows, the columns are in range, and `count` is in `1..=W`.
    #[inline(always)]
    unsafe fn pack<const W: usize>(&self, first: usize, count: usize, panel: *mut T) {
        if self.b_col == 1 && count == W {
            for k in 0..self.k {
                // SAFETY: row k < `k` of columns in range, and of the panel.
                unsafe {
                    let row = self.b.offset(k as isize * self.b_row).add(first);
                    *panel.add(k * W).cast::<[T; W]>() = *row.cast::<[T; W]>();
                }
            }
            return;
        }
        // Two columns at once, so that a store takes more than one element.
        for at in (0..W).step_by(2) {
            // Beyond the last column the last one stands in; its lanes are never written.
            let [left, right] = [at, at + 1].map(|at| {
                let column = (first + at.min(count - 1)) as isize;
                // SAFETY: the column is in range by the contract.
                unsafe { self.b.offset(column * self.b_col) }
            });
            for k in 0..self.k {
                let place = k as isize * self.b_row;
                // SAFETY: row k < `k` of two columns in range, and of the panel.
                unsafe {
                    let pair = [*left.offset(place), *right.offset(place)];
                    panel.add(k * W + at).write(pair[0]);
                    if at + 1 < W {
                        panel.add(k * W + at + 1).write(pair[1]);
                    }
                }
            }
        }
    }

    /// Computes rows `top..top + H` of columns `first + skip..first + count`.
    ///
    /// # Safety
    /// The rows and columns are in range, and `b` holds `k` rows of `W` elements `b_row` apart.
    #[inline(always)]
    unsafe fn rows<I: Isa, const H: usize, const W: usize>(
        &self,
        top: usize,
        b: *const T,
        b_row: isize,
        first: usize,
        skip: usize,
        count: usize,
    ) {
        // SAFETY: by the contract.
        unsafe {
            let mut sums = self.tile::<I, H, W>(top, b, b_row);
            let (add, c_row) = (self.add, self.c_row);
            let place = top as isize * c_row + first as isize * self.c_col;
            let c = self.c.offset(place);
            if self.c_col != 1 || skip != 0 || count != W {
                // Of a copy, so that the sums themselves stay in registers.
                return self.write_part(c, skip, count, &{ sums });
            }
            for row in 0..H {
                let c = c.offset(row as isize * c_row).cast::<[T; W]>();
                if add {
                    let old = *c;
                    for lane in 0..W {
                        sums[row][lane] += old[lane];
                    }
                }
                *c = sums[row];
            }
        }
    }

    /// Rows `top..top + H` of `a` times `W` columns.
    ///
    /// # Safety
    /// The rows are in range, and `b` holds `k` rows of `W` elements `b_row` apart.
    #[inline(always)]
    unsafe fn tile<I: Isa, const H: usize, const W: usize>(
        &self,
        top: usize,
        b: *const T,
        b_row: isize,
    ) -> [[T; W]; H] {
        let mut sums = [[T::ZERO; W]; H];
        // SAFETY: `top < m`.
        let mut a = unsafe { self.a.offset(top as isize * self.a_row) };
        let mut b = b;
        for _ in 0..self.k {
            // SAFETY: row k of `b` and column k of `a` are in range; the pointers may leave their
            // matrices after the last round, hence the wrapping steps.
            let lanes = unsafe { *b.cast::<[T; W]>() };
            for row in 0..H {
                // SAFETY: as above.
                let factor = unsafe { *a.offset(row as isize * self.a_row) };
                for lane in 0..W {
                    sums[row][lane] = factor.mul_add::<I>(lanes[lane], sums[row][lane]);
                }
            }
            a = a.wrapping_offset(self.a_col);
            b = b.wrapping_offset(b_row);
        }
        sums
    }

    /// Writes lanes `skip..count` of every row; lane 0 of row 0 belongs to `c`.
    ///
    /// # Safety
    /// The rows and the columns are in range.
    #[inline(never)]
    unsafe fn write_part<const H: usize, const W: usize>(
        &self,
        c: *mut T,
        skip: usize,
        count: usize,
        sums: &[[T; W]; H],
    ) {
        for (row, sums) in sums.iter().enumerate() {
            for lane in skip..count {
                let place = row as isize * self.c_row + lane as isize * self.c_col;
                // SAFETY: by the contract.
                let c = unsafe { &mut *c.offset(place) };
                *c = if self.add {
                    *c + sums[lane]
                } else {
                    sums[lane]
                };
            }
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
