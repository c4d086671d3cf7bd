//! Products of matrices: one function over whatever computes them.
//!
//! On x86-64 with AVX2 or AVX-512 products go to `private-gemm-x86`, the kernels of faer; small and
//! thin ones, and all on other machines, go to the tiles of our own.

use super::matrix::{Matrix, MatrixMut, Place};
use super::thin::dots;
use super::tiles::{FEW, WIDTH};
use crate::kernels::isa::{Isa, Kernel, dispatch};
#[cfg(target_arch = "x86_64")]
use crate::kernels::isa::{Path, path};
use crate::{Float, compile_here};

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
        compute(product);
    }
}

compile_here! {
    fn compute<T>(product: Product<T>) {
        product.compute_here();
    }

    pub(super) fn by_tiles<T>(product: Product<T>) {
        product.by_tiles_here();
    }

    pub(super) fn pack_panels<T>(product: Product<T>) {
        product.pack_panels_here();
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
    // With few terms, writing twice would cost as much as the product.
    let thin = a.place.cols <= FEW && b.place.col_stride == 1 && row.len() == cols;
    if thin && c.place.col_stride == 1 && cols >= WIDTH && rows > 0 && a.place.cols > 0 {
        let mut product = Product::new(&mut c, &a, &b, false);
        product.start = row.as_ptr();
        return by_tiles(product);
    }
    repeat(row, &mut c);
    matmul(c, a, b, true);
}

/// Every row of `c` becomes `row`.
#[track_caller]
pub(super) fn repeat<T: Float>(row: &[T], c: &mut MatrixMut<'_, T>) {
    let Place { rows, cols, .. } = c.place;
    assert!(
        row.len() == cols,
        "the row has not the width of the product"
    );
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
}

/// The sum of the products of the elements of two slices of one length.
///
/// # Panics
/// If the lengths differ.
#[inline]
#[track_caller]
pub fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    assert_eq!(a.len(), b.len(), "the lengths of the factors differ");
    dot_of(a, b)
}

compile_here! {
    fn dot_of<T>(a: &[T], b: &[T]) -> T {
        dispatch(Dot { a, b })
    }
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

/// The most multiplications for which the crate's start is not worth its speed.
pub(super) const SMALL: usize = 1 << 13;

/// A product of matrices as pointers and strides.
///
/// Invariant where it is computed: m and n are not 0; `a`, `b` and `c` point to element (0, 0); every element of the
/// m × k, k × n and m × n matrices lies in memory that outlives the product; those of `c` are
/// distinct, belong to nobody else, and are no elements of `a` and `b`. `start` is null, or points
/// to n ≥ `WIDTH` elements that every row starts from. `panels` is null, or points to the k (n +
/// `WIDTH`) elements of `b` in panels, as the tiles read them; `b` itself is then not read.
#[derive(Clone, Copy)]
pub(super) struct Product<T> {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub a: *const T,
    pub a_row: isize,
    pub a_col: isize,
    pub b: *const T,
    pub b_row: isize,
    pub b_col: isize,
    pub c: *mut T,
    pub c_row: isize,
    pub c_col: isize,
    pub add: bool,
    pub start: *const T,
    pub panels: *mut T,
}

impl<T: Float> Product<T> {
    #[inline]
    #[track_caller]
    pub(super) fn new(
        c: &mut MatrixMut<'_, T>,
        a: &Matrix<'_, T>,
        b: &Matrix<'_, T>,
        add: bool,
    ) -> Self {
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
            panels: std::ptr::null_mut(),
        }
    }

    fn compute_here(self) {
        #[cfg(target_arch = "x86_64")]
        if self.k > 0 && !self.is_small() {
            match path() {
                Path::Plain => {}
                Path::Avx2 => return self.by_crate(private_gemm_x86::InstrSet::Avx256),
                Path::Avx512 => return self.by_crate(private_gemm_x86::InstrSet::Avx512),
            }
        }
        self.by_tiles_here();
    }

    /// Whether our own tiles are faster than the crate, whose every call costs as much as
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
        let (small, thin) = if straight { (SMALL, FEW) } else { (1 << 12, 0) };
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
