//! Factorizations of matrices, batch by batch. Everything is computed in `f64` and rounded once, whatever the
//! type of the elements.
//!
//! `lu` has the factors of square matrices and what follows from them, `cholesky` those of positive definite
//! ones, `triangle` solves by a triangle, `qr` makes columns orthogonal, `eigh` and `svd` find eigenvalues and
//! singular values with their vectors, `expm` exponentials. Products of large blocks go to the kernels of `product`.
//!
//! A matrix with an element that is not finite gives NaN everywhere, and leaves the others of its batch alone.

mod cholesky;
mod eigh;
mod expm;
mod lu;
mod qr;
mod svd;
mod triangle;

pub use cholesky::cholesky;
pub use eigh::eigh;
pub use expm::{PADE, expm, halvings};
pub use lu::Factors;
pub use qr::qr;
pub use svd::{pinv, svd};
pub use triangle::{Triangle, triangular_solve};

use crate::kernels::product::{Matrix, MatrixMut, matmul};
use crate::kernels::{Isa, Kernel, dispatch};
use crate::{Float, Layout, MatrixError, MatrixFault, Shape, ShapeError, View};

/// Matrices of one size in `f64`, row-major, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrices {
    data: Vec<f64>,
    lead: Shape,
    rows: usize,
    cols: usize,
}

impl Matrices {
    /// The matrices that the last two axes of a view hold.
    ///
    /// # Panics
    /// If the view has less than two axes.
    pub fn read<T: Float>(x: &View<'_, T>) -> Self {
        let shape = x.shape();
        assert!(shape.rank() > 1, "{shape} is no matrix");
        let at = shape.rank() - 2;
        let mut data = Vec::with_capacity(shape.size());
        match x.as_slice() {
            Some(slice) => data.extend(slice.iter().map(|x| x.to_f64())),
            None => data.extend(x.iter().map(|x| x.to_f64())),
        }
        Matrices {
            data,
            lead: Shape::new(&shape[..at]),
            rows: shape[at],
            cols: shape[at + 1],
        }
    }

    /// Zeros.
    pub(super) fn zeros(lead: &Shape, rows: usize, cols: usize) -> Self {
        Matrices {
            data: vec![0.0; lead.size() * rows * cols],
            lead: lead.clone(),
            rows,
            cols,
        }
    }

    /// Writes the elements in row-major order.
    ///
    /// # Panics
    /// If `out` has not as many elements.
    pub fn write<T: Float>(&self, out: &mut [T]) {
        assert_eq!(
            self.data.len(),
            out.len(),
            "matrices do not fill their place"
        );
        for (out, &x) in out.iter_mut().zip(&self.data) {
            *out = T::from_f64(x);
        }
    }

    /// The shape: the batch axes, then those of a matrix.
    pub fn shape(&self) -> Shape {
        let mut shape = self.lead.clone();
        shape.push(self.rows);
        shape.push(self.cols);
        shape
    }

    /// The elements.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// How many matrices there are.
    fn count(&self) -> usize {
        self.lead.size()
    }

    fn at(&self, k: usize) -> &[f64] {
        let size = self.rows * self.cols;
        &self.data[k * size..(k + 1) * size]
    }

    fn at_mut(&mut self, k: usize) -> &mut [f64] {
        let size = self.rows * self.cols;
        &mut self.data[k * size..(k + 1) * size]
    }

    /// Checks that no square triangle has a number on its diagonal that is 0 beside the greatest.
    ///
    /// # Errors
    /// If one has.
    pub fn full_rank(&self, op: &'static str, epsilon: f64) -> Result<(), MatrixError> {
        let n = self.rows;
        for k in 0..self.count() {
            let size = |i: usize| self.at(k)[i * n + i].abs();
            let most = (0..n).map(size).fold(0.0, f64::max);
            let small = |&i: &usize| size(i) <= n as f64 * epsilon * most;
            if let Some(pivot) = (0..n).find(small) {
                return Err(self.error(op, k, MatrixFault::RankDeficient, pivot));
            }
        }
        Ok(())
    }

    /// What is wrong with matrix `k`.
    fn error(&self, op: &'static str, k: usize, fault: MatrixFault, pivot: usize) -> MatrixError {
        let mut rest = k;
        let mut index: Vec<usize> = self
            .lead
            .iter()
            .rev()
            .map(|&dim| {
                let at = rest % dim;
                rest /= dim;
                at
            })
            .collect();
        index.reverse();
        MatrixError {
            op,
            fault,
            index,
            pivot,
        }
    }
}

/// Which matrix of those with the batch axes `lead` stands at each index of the batch axes `batch`.
fn numbers(lead: &Shape, batch: &Shape) -> Vec<usize> {
    let layout = Layout::contiguous(lead.clone()).expanded(batch);
    let layout = layout.expect("the batch axes were broadcast");
    layout.positions().collect()
}

/// The shape of what solves the systems a·x = b for square matrices a: that of b, batch axes broadcast; a
/// vector is a column without its axis.
///
/// # Errors
/// If a is not square, the sizes differ, or the batch axes do not broadcast.
///
/// ```
/// use wengert_tensor::{Shape, kernels::linalg::solution};
/// let (a, b) = (Shape::from([7, 3, 3]), Shape::from([3, 2]));
/// assert_eq!(solution("solve", &a, &b).unwrap(), [7, 3, 2]);
/// ```
pub fn solution(op: &'static str, a: &Shape, b: &Shape) -> Result<Shape, ShapeError> {
    square(op, a)?;
    if b.is_empty() || a[a.rank() - 1] != b[b.rank().saturating_sub(2)] {
        return Err(ShapeError::new(op, format!("sizes differ: {a} and {b}")));
    }
    let lead = |shape: &Shape| Shape::new(&shape[..shape.rank().saturating_sub(2)]);
    let mut shape = Shape::broadcast(op, &lead(a), &lead(b))
        .map_err(|_| ShapeError::new(op, format!("batch axes do not broadcast: {a} and {b}")))?;
    for &dim in &b[b.rank().saturating_sub(2)..] {
        shape.push(dim);
    }
    Ok(shape)
}

/// The size of square matrices.
///
/// # Errors
/// If the shape is not that of square matrices.
///
/// ```
/// use wengert_tensor::{Shape, kernels::linalg::square};
/// let error = square("det", &Shape::from([2, 3])).unwrap_err();
/// assert_eq!(error.to_string(), "det: [2, 3] is no square matrix");
/// ```
pub fn square(op: &'static str, shape: &Shape) -> Result<usize, ShapeError> {
    match shape[..] {
        [.., rows, cols] if rows == cols => Ok(rows),
        _ => Err(ShapeError::new(op, format!("{shape} is no square matrix"))),
    }
}

/// The rows and columns of matrices.
///
/// # Errors
/// If the shape has less than two axes.
///
/// ```
/// use wengert_tensor::{Shape, kernels::linalg::matrix};
/// assert_eq!(matrix("qr", &Shape::from([5, 2, 3])).unwrap(), [2, 3]);
/// ```
pub fn matrix(op: &'static str, shape: &Shape) -> Result<[usize; 2], ShapeError> {
    match shape[..] {
        [.., rows, cols] => Ok([rows, cols]),
        _ => Err(ShapeError::new(op, format!("{shape} is no matrix"))),
    }
}

/// Whether every number is finite.
fn finite(x: &[f64]) -> bool {
    x.iter().all(|x| x.is_finite())
}

/// The least power of 2 that no element exceeds in size, and 1 for zeros: divided by it, no square of an
/// element is out of range.
fn scale(x: &[f64]) -> f64 {
    let most = x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if most == 0.0 {
        return 1.0;
    }
    let (_, exponent) = libm::frexp(most);
    libm::ldexp(1.0, exponent.clamp(-1021, 1023))
}

/// y += a x.
fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    struct Run<'a>(&'a mut [f64], f64, &'a [f64]);
    impl Kernel for Run<'_> {
        const UP_TO_AVX2: bool = true;
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self) {
            for (y, x) in self.0.iter_mut().zip(self.2) {
                *y += self.1 * x;
            }
        }
    }
    dispatch(Run(y, a, x));
}

/// The plane rotation of two vectors: x becomes c x − s y, and y becomes s x + c y.
fn rotate(x: &mut [f64], y: &mut [f64], c: f64, s: f64) {
    struct Run<'a>(&'a mut [f64], &'a mut [f64], f64, f64);
    impl Kernel for Run<'_> {
        const UP_TO_AVX2: bool = true;
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self) {
            let Run(x, y, c, s) = self;
            for (x, y) in x.iter_mut().zip(y) {
                (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
            }
        }
    }
    dispatch(Run(x, y, c, s));
}

/// Two different rows, each of so many elements, the first before the second.
fn two_rows(x: &mut [f64], len: usize, first: usize, second: usize) -> (&mut [f64], &mut [f64]) {
    let (low, high) = x.split_at_mut(second * len);
    (&mut low[first * len..(first + 1) * len], &mut high[..len])
}

/// c −= a b, where a is `rows` × `inner` and holds the negative of what is subtracted.
fn add_product(
    c: MatrixMut<'_, f64>,
    negative: &[f64],
    [rows, inner, cols]: [usize; 3],
    b: Matrix<'_, f64>,
) {
    debug_assert_eq!(negative.len(), rows * inner);
    if rows > 0 && inner > 0 && cols > 0 {
        matmul(c, Matrix::row_major(negative, rows, inner), b, true);
    }
}

/// A sign for a vector that is as good as its negative: that of its first element of at least half the
/// greatest size.
fn sign_of(x: &[f64]) -> f64 {
    let most = x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let first = x.iter().find(|x| x.abs() >= 0.5 * most);
    first.map_or(1.0, |x| if *x < 0.0 { -1.0 } else { 1.0 })
}
