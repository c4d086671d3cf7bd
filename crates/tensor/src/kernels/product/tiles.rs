//! Tiles of products: so many sums at once as registers hold.

use super::matmul::Product;
use super::thin::{Dots, Stream};
use crate::Float;
use crate::kernels::isa::{Isa, Kernel, Path, Plain, dispatch, path};

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
/// The terms for which the products of single rows and columns are worth their last sums.
pub(super) const LONG: usize = 32;
/// The most rows or terms that are few.
pub(super) const FEW: usize = 4;

/// The loops are kernels, each with a function of its own in every instruction set: in one function
/// for all, whatever a loop needs would wait in memory. What chooses among them is compiled once.
impl<T: Float> Product<T> {
    /// Computes it by the tiles of our own.
    pub(super) fn by_tiles_here(mut self) {
        if !self.panels.is_null() {
            return self.in_panels::<false>();
        }
        let rows_by_columns = self.b_row == 1 && self.b_col != 1 && self.a_col == 1;
        if rows_by_columns && self.n > 1 && self.n < FEW && self.k >= LONG {
            return dispatch(Dots(self.transposed()));
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
            dispatch(Dots(self));
        } else if self.k <= FEW && self.b_col == 1 && self.c_col == 1 && self.n >= WIDTH {
            dispatch(Stream(self));
        } else {
            self.in_panels::<false>();
        }
    }

    /// Brings `b` into `panels`, and computes nothing.
    pub(super) fn pack_panels_here(self) {
        self.in_panels::<true>();
    }

    /// cᵀ = bᵀ · aᵀ.
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

    fn fill_with_zero(self) {
        for i in 0..self.m as isize {
            for j in 0..self.n as isize {
                // SAFETY: element (i, j) of `c` is in range; see the invariant.
                unsafe { *self.c.offset(i * self.c_row + j * self.c_col) = T::ZERO };
            }
        }
    }

    /// Panels as wide as registers make them.
    fn in_panels<const PACK: bool>(&self) {
        let wide = path() != Path::Plain || Plain::FMA;
        match (wide, T::LANES) {
            (true, 16) => self.passes::<PACK, 16, 8, 4>(),
            (false, 8) => self.passes::<PACK, 4, 2, 1>(),
            _ => self.passes::<PACK, 8, 4, 2>(),
        }
    }

    /// All columns, for so many rows, or so many terms, at once as the caches hold.
    fn passes<const PACK: bool, const WIDE: usize, const HALF: usize, const QUARTER: usize>(&self) {
        let (mut rows, mut terms) = (self.m, self.k);
        if self.panels.is_null() {
            terms = terms.min(DEPTH);
        } else if !PACK && rows * terms > BLOCK {
            rows = rows.min((BLOCK / terms).max(8 * HEIGHT));
        }
        if (rows, terms) == (self.m, self.k) {
            return self.across::<PACK, WIDE, HALF, QUARTER>();
        }
        let mut left = *self;
        loop {
            let mut pass = left;
            (pass.m, pass.k) = (left.m.min(rows), left.k.min(terms));
            pass.across::<PACK, WIDE, HALF, QUARTER>();
            if pass.m < left.m {
                left.m -= rows;
                // SAFETY: more than so many rows of `a` and `c` are left.
                unsafe {
                    left.a = left.a.offset(rows as isize * left.a_row);
                    left.c = left.c.offset(rows as isize * left.c_row);
                }
            } else if pass.k < left.k {
                left.k -= terms;
                // SAFETY: more than so many columns of `a` and rows of `b` are left.
                unsafe {
                    left.a = left.a.offset(terms as isize * left.a_col);
                    left.b = left.b.offset(terms as isize * left.b_row);
                }
                left.add = true;
            } else {
                return;
            }
        }
    }

    /// Panels of `WIDE` columns, then of the narrowest that reach the end.
    fn across<const PACK: bool, const WIDE: usize, const HALF: usize, const QUARTER: usize>(&self) {
        let mut j = 0;
        if self.m == 1 && self.b_col == 1 && self.panels.is_null() {
            // A single row needs more columns for as many sums.
            while self.n - j >= BROAD {
                j = self.panel::<false, BROAD>(j);
            }
        }
        while j < self.n {
            j = if self.n - j > HALF && self.n >= WIDE {
                self.panel::<PACK, WIDE>(j)
            } else if self.n - j > QUARTER {
                self.panel::<PACK, HALF>(j)
            } else {
                self.panel::<PACK, QUARTER>(j)
            };
        }
    }

    /// Computes, or packs, columns from `j` on and returns the first that is left.
    fn panel<const PACK: bool, const W: usize>(&self, j: usize) -> usize {
        // The last panel overlaps with one that was done, so that it is full; what was done is not
        // written again.
        let first = j.min(self.n.saturating_sub(W));
        let count = W.min(self.n);
        if PACK {
            // SAFETY: every panel begins before column n and has at most `WIDTH` columns.
            let panel = unsafe { self.panels.add(j * self.k) };
            dispatch(Pack::<T, W> {
                product: self,
                first,
                count,
                panel,
            });
            return first + count;
        }
        let columns = Columns::<T, W> {
            product: self,
            b: self.b,
            b_row: W as isize,
            first,
            skip: j - first,
            count,
        };
        if !self.panels.is_null() {
            // SAFETY: as above.
            let b = unsafe { self.panels.add(j * self.k) };
            dispatch(Columns { b, ..columns });
        } else if W == BROAD || (self.b_col == 1 && count == W) {
            // SAFETY: `first < n`.
            let b = unsafe { self.b.offset(first as isize * self.b_col) };
            let b_row = self.b_row;
            dispatch(Columns {
                b,
                b_row,
                ..columns
            });
        } else {
            columns.of_copy();
        }
        first + count
    }
}

/// Brings columns `first..first + count` of `b` to `panel`, in rows of `W` elements.
///
/// Invariant: there is room for `k` rows, the columns are in range, and `count` is in `1..=W`.
struct Pack<'a, T, const W: usize> {
    product: &'a Product<T>,
    first: usize,
    count: usize,
    panel: *mut T,
}

impl<T: Float, const W: usize> Kernel for Pack<'_, T, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Product {
            k: rows,
            b,
            b_row,
            b_col,
            ..
        } = *self.product;
        if b_col == 1 && self.count == W {
            for k in 0..rows {
                // SAFETY: row k of columns in range, and of the panel.
                unsafe {
                    let row = b.offset(k as isize * b_row).add(self.first);
                    *self.panel.add(k * W).cast::<[T; W]>() = *row.cast::<[T; W]>();
                }
            }
            return;
        }
        // Two columns at once, so that a store takes more than one element.
        for at in (0..W).step_by(2) {
            // Beyond the last column the last one stands in; its lanes are never written.
            let [left, right] = [at, at + 1].map(|at| {
                let column = (self.first + at.min(self.count - 1)) as isize;
                // SAFETY: the column is in range by the invariant.
                unsafe { b.offset(column * b_col) }
            });
            for k in 0..rows {
                let place = k as isize * b_row;
                // SAFETY: row k of two columns in range, and of the panel.
                unsafe {
                    let pair = [*left.offset(place), *right.offset(place)];
                    self.panel.add(k * W + at).write(pair[0]);
                    if at + 1 < W {
                        self.panel.add(k * W + at + 1).write(pair[1]);
                    }
                }
            }
        }
    }
}

/// A panel that is packed for one product.
#[repr(align(64))]
struct Panel<T>([std::mem::MaybeUninit<T>; DEPTH * WIDTH]);

/// Columns `first + skip..first + count` of a product, by tiles.
///
/// Invariant: the columns are in range, and `b` holds `k` rows of `W` elements `b_row` apart, of which
/// those beyond `count` are any.
struct Columns<'a, T, const W: usize> {
    product: &'a Product<T>,
    b: *const T,
    b_row: isize,
    first: usize,
    skip: usize,
    count: usize,
}

impl<T: Float, const W: usize> Kernel for Columns<'_, T, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        if const { W == BROAD } {
            for row in 0..self.product.m {
                // SAFETY: the row is in range.
                unsafe { self.rows::<I, 1>(row) };
            }
            return;
        }
        // Tiles of nearly equal heights, the lower ones first.
        let m = self.product.m;
        let tiles = m.div_ceil(HEIGHT);
        let (height, higher) = (m / tiles, m % tiles);
        let mut top = 0;
        for tile in 0..tiles {
            let height = height + usize::from(tile >= tiles - higher);
            // SAFETY: the tiles end at row `m`.
            unsafe {
                match height {
                    1 => self.rows::<I, 1>(top),
                    2 => self.rows::<I, 2>(top),
                    3 => self.rows::<I, 3>(top),
                    4 => self.rows::<I, 4>(top),
                    5 => self.rows::<I, 5>(top),
                    _ => self.rows::<I, HEIGHT>(top),
                }
            }
            top += height;
        }
    }
}

impl<T: Float, const W: usize> Columns<'_, T, W> {
    /// Computes them from a copy of the product's columns, whose `k` is at most `DEPTH`.
    #[inline(never)]
    fn of_copy(self) {
        let mut panel: Panel<T> = Panel([const { std::mem::MaybeUninit::uninit() }; DEPTH * WIDTH]);
        let panel = panel.0.as_mut_ptr().cast::<T>();
        dispatch(Pack::<T, W> {
            product: self.product,
            first: self.first,
            count: self.count,
            panel,
        });
        dispatch(Columns { b: panel, ..self });
    }

    /// Computes rows `top..top + H`.
    ///
    /// # Safety
    /// The rows are in range.
    #[inline(always)]
    unsafe fn rows<I: Isa, const H: usize>(&self, top: usize) {
        let &Columns {
            product,
            first,
            skip,
            count,
            ..
        } = self;
        let (add, c_row, c_col) = (product.add, product.c_row, product.c_col);
        // SAFETY: by the contract and the invariant.
        unsafe {
            let mut sums = self.tile::<I, H>(top);
            let c = product
                .c
                .offset(top as isize * c_row + first as isize * c_col);
            if c_col != 1 || skip != 0 || count != W {
                // Of a copy, so that the sums themselves stay in registers.
                return self.write_part(c, &{ sums });
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

    /// Rows `top..top + H` of `a` times the columns.
    ///
    /// # Safety
    /// The rows are in range.
    #[inline(always)]
    unsafe fn tile<I: Isa, const H: usize>(&self, top: usize) -> [[T; W]; H] {
        let &Product {
            k, a, a_row, a_col, ..
        } = self.product;
        let mut sums = [[T::ZERO; W]; H];
        // SAFETY: `top < m`.
        let mut a = unsafe { a.offset(top as isize * a_row) };
        let mut b = self.b;
        for _ in 0..k {
            // SAFETY: row k of `b` and column k of `a` are in range; the pointers may leave their
            // matrices after the last round, hence the wrapping steps.
            let lanes = unsafe { *b.cast::<[T; W]>() };
            for row in 0..H {
                // SAFETY: as above.
                let factor = unsafe { *a.offset(row as isize * a_row) };
                for lane in 0..W {
                    sums[row][lane] = factor.mul_add::<I>(lanes[lane], sums[row][lane]);
                }
            }
            a = a.wrapping_offset(a_col);
            b = b.wrapping_offset(self.b_row);
        }
        sums
    }

    /// Writes lanes `skip..count` of every row; lane 0 of row 0 belongs to `c`.
    ///
    /// # Safety
    /// The rows are in range.
    #[inline(never)]
    unsafe fn write_part<const H: usize>(&self, c: *mut T, sums: &[[T; W]; H]) {
        let &Product {
            add, c_row, c_col, ..
        } = self.product;
        for (row, sums) in sums.iter().enumerate() {
            for lane in self.skip..self.count {
                let place = row as isize * c_row + lane as isize * c_col;
                // SAFETY: by the contract and the invariant.
                let c = unsafe { &mut *c.offset(place) };
                *c = if add { *c + sums[lane] } else { sums[lane] };
            }
        }
    }
}
