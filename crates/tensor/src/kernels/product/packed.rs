//! Matrices made ready to be the right factor of many products.

use super::matmul::{Product, SMALL, by_tiles, pack_panels, repeat};
use super::matrix::{Matrix, MatrixMut};
use super::tiles::{FEW, LONG, WIDTH};
use crate::Float;
use crate::kernels::isa::{Path, path};

/// The most elements of a matrix that is packed, so that the panels stay in the second cache.
const LARGE: usize = 1 << 17;
/// The most elements of a cache line.
const LINE: usize = 16;

/// A matrix in panels, as the tiles of a product read it: what a product of some hundred rows does
/// to its right factor anyway, done once for many products.
///
/// ```
/// use wengert_tensor::kernels::{Matrix, MatrixMut, Packed};
///
/// let w: Vec<f32> = (0..300).map(|x| x as f32).collect();
/// let mut packed = Packed::default();
/// packed.pack(Matrix::row_major(&w, 20, 15).t());
///
/// let ones = [1.0; 2 * 15];
/// let mut y = [0.0; 2 * 20];
/// let (y_rows, rows) = (MatrixMut::row_major(&mut y, 2, 20), Matrix::row_major(&ones, 2, 15));
/// packed.multiply(y_rows, rows, false);
/// assert_eq!(y[19], w[285..].iter().sum());
/// ```
#[derive(Clone, Debug)]
pub struct Packed<T> {
    /// The panels, from `start` on, which began a cache line where they were packed.
    data: Vec<T>,
    start: usize,
    rows: usize,
    cols: usize,
    path: Path,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Packed {
            data: Vec::new(),
            start: 0,
            rows: 0,
            cols: 0,
            path: Path::Plain,
        }
    }
}

impl<T: Float> Packed<T> {
    /// Whether it is worth to pack `b` for several products like `a · b`.
    #[inline]
    pub fn pays(a: &Matrix<'_, T>, b: &Matrix<'_, T>) -> bool {
        let (rows, k, n) = (a.place.rows, b.place.rows, b.place.cols);
        let size = k.saturating_mul(n);
        let long = k > FEW && n > FEW && rows >= FEW;
        long && size <= LARGE
            && match rows.saturating_mul(size) <= SMALL {
                // The tiles read it as well where it lies.
                true => b.place.col_stride != 1,
                // Panels are too narrow for the registers of AVX-512.
                false => path() != Path::Avx512,
            }
    }

    /// Takes a copy of a matrix in place of the one that was there.
    ///
    /// # Panics
    /// If there is no memory for one, as of a matrix that repeats a few elements.
    #[track_caller]
    pub fn pack(&mut self, b: Matrix<'_, T>) {
        let (rows, cols) = (b.place.rows, b.place.cols);
        let padded = cols
            .checked_add(WIDTH)
            .and_then(|cols| cols.checked_mul(rows));
        let len = padded
            .and_then(|len| len.checked_add(LINE))
            .unwrap_or(usize::MAX);
        let missing = len.saturating_sub(self.data.len());
        let reserved = self.data.try_reserve(missing);
        assert!(
            reserved.is_ok(),
            "there is no memory to pack a matrix [{rows}, {cols}]"
        );
        (self.rows, self.cols, self.path) = (rows, cols, path());
        if self.data.len() < len {
            self.data.resize(len, T::ZERO);
        }
        let slim = self.slim();
        let wide = self.cols - slim;
        let mut nothing = MatrixMut::row_major(&mut [], 0, self.cols);
        let no_rows = Matrix::row_major(&[], 0, self.rows);
        let mut product = Product::new(&mut nothing, &no_rows, &b, false);
        let start = self.data.as_ptr().align_offset(64).min(LINE);
        self.start = start;
        product.n = wide;
        product.panels = self.data[start..].as_mut_ptr();
        if product.k > 0 && product.n > 0 {
            pack_panels(product);
        }
        let columns = &mut self.data[start + self.rows * (wide + WIDTH)..];
        for column in 0..slim {
            for row in 0..self.rows {
                columns[column * self.rows + row] = b.get(row, wide + column);
            }
        }
    }

    /// `c = a · b`, or `c += a · b` if `add`, where `b` is the matrix that was packed.
    ///
    /// # Panics
    /// If the sizes do not fit, or the instruction set in use has changed since.
    #[inline]
    #[track_caller]
    pub fn multiply(&self, mut c: MatrixMut<'_, T>, a: Matrix<'_, T>, add: bool) {
        assert!(
            self.path == path(),
            "the matrix was packed for other instructions"
        );
        // Its sizes alone; the elements are read from the panels.
        let b = [T::ZERO];
        let b = Matrix::new(&b, 0, self.rows, self.cols, 0, 0);
        let mut product = Product::new(&mut c, &a, &b, add);
        let (k, slim) = (self.rows, self.slim());
        let wide = self.cols - slim;
        if product.m == 0 || product.n == 0 {
            return;
        }
        product.n = wide;
        if k > 0 {
            product.panels = self.data[self.start..].as_ptr().cast_mut();
        }
        by_tiles(product);
        if slim > 0 {
            by_tiles(Product {
                n: slim,
                b: self.data[self.start + k * (wide + WIDTH)..].as_ptr(),
                b_row: 1,
                b_col: k as isize,
                c: product.c.wrapping_offset(wide as isize * product.c_col),
                panels: std::ptr::null_mut(),
                ..product
            });
        }
    }

    /// Every row of `c` becomes `row` plus that row of `a · b`.
    ///
    /// # Panics
    /// If the sizes do not fit, or the instruction set in use has changed since.
    #[inline]
    #[track_caller]
    pub fn multiply_from(&self, row: &[T], mut c: MatrixMut<'_, T>, a: Matrix<'_, T>) {
        repeat(row, &mut c);
        self.multiply(c, a, true);
    }

    /// The bytes of memory that it holds.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.data[..])
    }

    /// The columns that are left over beside the panels: they lie one by one after them, for a panel
    /// of few columns would take nearly as long as a whole one.
    #[inline]
    fn slim(&self) -> usize {
        match self.cols % 4 {
            few @ 1..=2 if self.cols > 4 && self.rows >= LONG => few,
            _ => 0,
        }
    }
}
