//! Products of matrices: one function over whatever computes them.
//!
//! On x86-64 with AVX2 or AVX-512 products go to `private-gemm-x86`, the kernels of faer; small and
//! thin ones, and all on other machines, go to the tiles in this file.

use super::isa::{Isa, Kernel, dispatch};
#[cfg(target_arch = "x86_64")]
use super::isa::{Path, path};
use super::matrix::{Matrix, MatrixMut, Place};
use crate::Float;

/// What a float adds to [`Float`] for products.
pub trait Factor {
    /// The float's name in the crate that multiplies.
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    const DTYPE: private_gemm_x86::DType;
}

impl Factor for f32 {
    #[cfg(target_arch = "x86_64")]
    const DTYPE: private_gemm_x86::DType = private_gemm_x86::DType::F32;
}
impl Factor for f64 {
    #[cfg(target_arch = "x86_64")]
    const DTYPE: private_gemm_x86::DType = private_gemm_x86::DType::F64;
}

/// `c = a · b`, or `c += a · b` if `add`, on this thread.
///
/// Without `add` the former contents of `c` have no influence, not even a NaN. The order of the
/// additions depends on the shapes, the strides and the instruction set only, so equal calls give
/// equal bits.
///
/// # Panics
/// If the sizes do not fit.
#[inline]
#[track_caller]
pub fn matmul<T: Float>(mut c: MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, add: bool) {
    let product = Product::new(&mut c, &a, &b, add);
    if product.m > 0 && product.n > 0 {
        product.compute();
    }
}

/// Every row of `c` becomes `row` plus that row of `a · b`: a product that starts from a bias.
///
/// # Panics
/// If the sizes do not fit.
#[inline]
#[track_caller]
pub fn matmul_from<T: Float>(
    row: &[T],
    mut c: MatrixMut<'_, T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
) {
    let Place { rows, cols, .. } = c.place;
    assert!(
        row.len() == cols,
        "the row has not the width of the product"
    );
    // With few terms, writing twice would cost as much as the product.
    let thin = a.place.cols <= FEW && b.place.col_stride == 1;
    if thin && c.place.col_stride == 1 && cols >= WIDTH && rows > 0 && a.place.cols > 0 {
        let mut product = Product::new(&mut c, &a, &b, false);
        product.start = row.as_ptr();
        return dispatch(product);
    }
    for i in 0..rows {
        // The place lies within the data, so that its positions are numbers.
        let at = c.place.offset as isize + i as isize * c.place.row_stride;
        if c.place.col_stride == 1 {
            c.data[at as usize..at as usize + cols].copy_from_slice(row);
        } else {
            for (j, x) in row.iter().enumerate() {
                c.data[(at + j as isize * c.place.col_stride) as usize] = *x;
            }
        }
    }
    matmul(c, a, b, true);
}

/// The sum of the products of the elements of two slices of one length.
///
/// # Panics
/// If the lengths differ.
#[inline]
#[track_caller]
pub fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    assert_eq!(a.len(), b.len(), "the lengths of the factors differ");
    dispatch(Dot { a, b })
}

struct Dot<'a, T> {
    a: &'a [T],
    b: &'a [T],
}

impl<T: Float> Kernel for Dot<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run<I: Isa>(self) -> T {
        let [sum] = dots::<T, I, 1, 32>(self.a, [self.b]);
        sum
    }
}

/// A product of matrices as pointers and strides.
///
/// Invariant where it is computed: m and n are not 0; `a`, `b` and `c` point to element (0, 0); every element of the
/// m × k, k × n and m × n matrices lies in memory that outlives the product; those of `c` are
/// distinct, belong to nobody else, and are no elements of `a` and `b`. `start` is null, or points
/// to n ≥ `WIDTH` elements that every row starts from.
#[derive(Clone, Copy)]
struct Product<T> {
    m: usize,
    k: usize,
    n: usize,
    a: *const T,
    a_row: isize,
    a_col: isize,
    b: *const T,
    b_row: isize,
    b_col: isize,
    c: *mut T,
    c_row: isize,
    c_col: isize,
    add: bool,
    start: *const T,
}

impl<T: Float> Product<T> {
    #[inline]
    #[track_caller]
    fn new(c: &mut MatrixMut<'_, T>, a: &Matrix<'_, T>, b: &Matrix<'_, T>, add: bool) -> Self {
        let (m, k, n) = (a.place.rows, a.place.cols, b.place.cols);
        assert!(
            b.place.rows == k && c.place.rows == m && c.place.cols == n,
            "sizes do not fit: [{}, {}] = [{m}, {k}] x [{}, {n}]",
            c.place.rows,
            c.place.cols,
            b.place.rows,
        );
        Product {
            m,
            k,
            n,
            a: a.pointer(),
            a_row: a.place.row_stride,
            a_col: a.place.col_stride,
            b: b.pointer(),
            b_row: b.place.row_stride,
            b_col: b.place.col_stride,
            c: c.pointer(),
            c_row: c.place.row_stride,
            c_col: c.place.col_stride,
            add,
            start: std::ptr::null(),
        }
    }

    #[inline]
    fn compute(self) {
        #[cfg(target_arch = "x86_64")]
        if self.k > 0 && !self.is_small() {
            match path() {
                Path::Plain => {}
                Path::Avx2 => return self.by_crate(private_gemm_x86::InstrSet::Avx256),
                Path::Avx512 => return self.by_crate(private_gemm_x86::InstrSet::Avx512),
            }
        }
        dispatch(self);
    }

    /// Whether the tiles of this file are faster than the crate, whose every call costs as much as
    /// some thousand multiplications, and which is made for products with three long sides.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn is_small(&self) -> bool {
        let straight = if self.c_col == 1 {
            self.b_col == 1
        } else {
            self.a_row == 1
        };
        // The tiles have to pack a factor whose lanes do not lie side by side.
        let (small, thin) = if straight {
            (1 << 13, FEW)
        } else {
            (1 << 12, 0)
        };
        self.m == 1
            || self.n == 1
            || self.k <= thin
            || self.m.saturating_mul(self.n).saturating_mul(self.k) <= small
    }

    #[cfg(target_arch = "x86_64")]
    fn by_crate(self, instructions: private_gemm_x86::InstrSet) {
        use private_gemm_x86 as gemm;
        let one = T::ONE;
        let accumulate = if self.add {
            gemm::Accum::Add
        } else {
            gemm::Accum::Replace
        };
        // SAFETY: the invariant of `Product` covers all accesses through `a`, `b` and `c`; the null
        // pointers mean no index lists and no diagonal; `one` lives through the call; `path`
        // returned the instruction set, so the machine has it.
        unsafe {
            gemm::gemm(
                T::DTYPE,
                gemm::IType::U64,
                instructions,
                self.m,
                self.n,
                self.k,
                self.c.cast(),
                self.c_row,
                self.c_col,
                std::ptr::null(),
                std::ptr::null(),
                gemm::DstKind::Full,
                accumulate,
                self.a.cast(),
                self.a_row,
                self.a_col,
                false,
                std::ptr::null(),
                0,
                self.b.cast(),
                self.b_row,
                self.b_col,
                false,
                (&raw const one).cast(),
                1,
            );
        }
    }
}

/// The greatest depth of one pass over the tiles, so that a packed panel fits the stack and the
/// first cache.
const DEPTH: usize = 256;
/// The widest tile.
const WIDTH: usize = 16;
/// The columns of a tile of a single row.
const BROAD: usize = 64;
/// The most rows of a tile. With two registers a row, twelve sums and what they are made of fill
/// the registers of AVX2.
const HEIGHT: usize = 6;
/// What a sum starts from: zero, what is there, or a row.
const ZERO: u8 = 0;
const ADD: u8 = 1;
const ROW: u8 = 2;
/// The most rows or terms that are few.
const FEW: usize = 4;

impl<T: Float> Kernel for Product<T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self) {
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
            match (I::FMA, T::LANES) {
                (true, 16) => self.passes::<I, 16, 8, 4>(),
                (false, 8) => self.passes::<I, 4, 2, 1>(),
                _ => self.passes::<I, 8, 4, 2>(),
            }
        }
    }
}

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

    /// Few rows times columns that lie one after the other.
    #[inline(always)]
    fn dots<I: Isa>(self) {
        const COLUMNS: usize = 4;
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
                    dots::<T, I, 4, 8>(a, b)
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

    /// Tiles of `WIDE` columns, then of the narrowest that reach the end, at most [`DEPTH`] deep.
    #[inline(always)]
    fn passes<I: Isa, const WIDE: usize, const HALF: usize, const QUARTER: usize>(mut self) {
        loop {
            let mut pass = self;
            pass.k = self.k.min(DEPTH);
            let mut j = 0;
            if self.m == 1 && self.b_col == 1 {
                // A single row needs more columns for as many sums.
                while self.n - j >= BROAD {
                    j = pass.panel::<I, BROAD>(j);
                }
            }
            while j < self.n {
                j = if self.n - j > HALF && self.n >= WIDE {
                    pass.panel::<I, WIDE>(j)
                } else if self.n - j > QUARTER {
                    pass.panel::<I, HALF>(j)
                } else {
                    pass.panel::<I, QUARTER>(j)
                };
            }
            self.k -= pass.k;
            if self.k == 0 {
                return;
            }
            // SAFETY: more than `DEPTH` columns of `a` and rows of `b` are left.
            unsafe {
                self.a = self.a.offset(DEPTH as isize * self.a_col);
                self.b = self.b.offset(DEPTH as isize * self.b_row);
            }
            self.add = true;
        }
    }

    /// Computes columns from `j` on and returns the first that is left.
    #[inline(always)]
    fn panel<I: Isa, const W: usize>(self, j: usize) -> usize {
        // The last panel overlaps with one that was done, so that it is full; what was done is not
        // written again.
        let first = j.min(self.n.saturating_sub(W));
        let count = W.min(self.n);
        let mut packed = [const { std::mem::MaybeUninit::<T>::uninit() }; DEPTH * WIDTH];
        // SAFETY: `first < n`.
        let column = unsafe { self.b.offset(first as isize * self.b_col) };
        let (b, b_row) = if W == BROAD || (self.b_col == 1 && count == W) {
            (column, self.b_row)
        } else {
            // Two columns at once, so that a store takes more than one element.
            for at in (0..W).step_by(2) {
                // Beyond the last column the last one stands in; its lanes are never written.
                let [left, right] = [at, at + 1].map(|at| {
                    // SAFETY: the column is at most first + count - 1 < n.
                    unsafe { column.offset(at.min(count - 1) as isize * self.b_col) }
                });
                for k in 0..self.k {
                    let place = k as isize * self.b_row;
                    // SAFETY: row k < `k` of two columns in range.
                    let (left, right) = unsafe { (*left.offset(place), *right.offset(place)) };
                    packed[k * W + at].write(left);
                    packed[k * W + at + 1].write(right);
                }
            }
            (packed.as_ptr().cast::<T>(), W as isize)
        };
        // Tiles of nearly equal heights.
        let most = if W == BROAD { 1 } else { HEIGHT };
        let mut tiles = self.m.div_ceil(most);
        let mut top = 0;
        while tiles > 0 {
            let height = (self.m - top) / tiles;
            // SAFETY: `b` holds `k` rows of `W` elements, from the matrix or just written. The tiles
            // end at row `m`, and the columns skip..count are in range.
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
fn dots<T: Float, I: Isa, const N: usize, const W: usize>(a: &[T], b: [&[T]; N]) -> [T; N] {
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
