//! Positive definite matrices as products of a triangle with its transpose.

use super::{Matrices, add_product, finite};
use crate::kernels::dot;
use crate::kernels::product::{Matrix, MatrixMut};
use crate::{MatrixError, MatrixFault};

/// The rows that are finished before the rest of the matrix is changed.
const PANEL: usize = 32;

/// The lower triangle l of each matrix with l·lᵀ = ½ (a + aᵀ).
///
/// Source: Golub and Van Loan 2013, Matrix Computations, algorithm 4.2.1, in blocks.
///
/// # Errors
/// If a matrix is not positive definite.
pub fn cholesky(op: &'static str, mut a: Matrices) -> Result<Matrices, MatrixError> {
    let n = a.rows;
    for k in 0..a.count() {
        let matrix = a.at_mut(k);
        if !finite(matrix) {
            matrix.fill(f64::NAN);
            continue;
        }
        for i in 0..n {
            for j in 0..i {
                // Halves first: the sum may be out of range.
                matrix[i * n + j] = 0.5 * matrix[i * n + j] + 0.5 * matrix[j * n + i];
                matrix[j * n + i] = 0.0;
            }
        }
        if let Some((pivot, value)) = factor(matrix, n) {
            let fault = MatrixFault::NotPositiveDefinite { value };
            return Err(a.error(op, k, fault, pivot));
        }
    }
    Ok(a)
}

/// Factors one lower triangle in place; returns the first pivot that is not above 0, and its value.
fn factor(a: &mut [f64], n: usize) -> Option<(usize, f64)> {
    let mut start = 0;
    while start < n {
        let end = (start + PANEL).min(n);
        for i in start..n {
            for j in start..end.min(i + 1) {
                let row = &a[i * n + start..i * n + j];
                let rest = a[i * n + j] - dot(row, &a[j * n + start..j * n + j]);
                a[i * n + j] = if i > j {
                    rest / a[j * n + j]
                } else if rest > 0.0 {
                    rest.sqrt()
                } else {
                    return Some((i, rest));
                };
            }
        }
        let (rest, width) = (n - end, end - start);
        if rest > 0 {
            let panel: Vec<f64> = (end..n)
                .flat_map(|i| &a[i * n + start..i * n + end])
                .copied()
                .collect();
            // Only the triangle is needed: strips of rows, each as wide as it reaches.
            let mut top = 0;
            while top < rest {
                let rows = (rest - top).min(4 * PANEL);
                let negative: Vec<f64> = panel[top * width..(top + rows) * width]
                    .iter()
                    .map(|x| -x)
                    .collect();
                let cols = top + rows;
                add_product(
                    MatrixMut::new(a, (end + top) * n + end, rows, cols, n as isize, 1),
                    &negative,
                    [rows, width, cols],
                    Matrix::row_major(&panel[..cols * width], cols, width).t(),
                );
                top += rows;
            }
        }
        start = end;
    }
    for i in 0..n {
        a[i * n + i + 1..(i + 1) * n].fill(0.0);
    }
    None
}
