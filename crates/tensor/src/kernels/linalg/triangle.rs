//! Systems with a triangle.

use super::{Matrices, add_product, add_scaled, numbers};
use crate::kernels::product::{Matrix, MatrixMut};
use crate::{MatrixError, MatrixFault, Shape};

/// Up to this size a triangle is solved row by row, and beyond it in halves.
const SMALL: usize = 32;

/// Which elements of a square matrix are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triangle {
    /// The diagonal and what is above it, instead of below it.
    pub upper: bool,
    /// The diagonal is taken to be 1 and not read.
    pub unit: bool,
}

/// A triangle in a storage.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub data: &'a [f64],
    pub start: usize,
    pub row_stride: usize,
    pub col_stride: usize,
    pub triangle: Triangle,
}

impl<'a> Part<'a> {
    /// The triangle of a whole row-major matrix.
    pub fn of(data: &'a [f64], n: usize, triangle: Triangle) -> Self {
        Part {
            data,
            start: 0,
            row_stride: n,
            col_stride: 1,
            triangle,
        }
    }

    /// The transposed triangle; nothing moves.
    pub fn t(self) -> Self {
        Part {
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            triangle: Triangle {
                upper: !self.triangle.upper,
                ..self.triangle
            },
            ..self
        }
    }

    fn get(&self, i: usize, j: usize) -> f64 {
        self.data[self.start + i * self.row_stride + j * self.col_stride]
    }

    /// The triangle from row and column `by` on.
    fn from(self, by: usize) -> Self {
        Part {
            start: self.start + by * (self.row_stride + self.col_stride),
            ..self
        }
    }

    /// x becomes the solution of t·x = x, for x of `n` rows of `cols` elements.
    pub fn solve(self, x: &mut [f64], n: usize, cols: usize) {
        if n <= SMALL {
            return self.solve_rows(x, n, cols);
        }
        let half = n / 2;
        let (top, bottom) = x.split_at_mut(half * cols);
        let upper = self.triangle.upper;
        // The rows and columns of the rectangle beside the triangles.
        let (rows, inner) = if upper {
            (0..half, half..n)
        } else {
            (half..n, 0..half)
        };
        let mut negative = Vec::with_capacity(rows.len() * inner.len());
        for i in rows {
            negative.extend(inner.clone().map(|j| -self.get(i, j)));
        }
        let (first, second) = if upper { (bottom, top) } else { (top, bottom) };
        let [solved, rest] = if upper {
            [n - half, half]
        } else {
            [half, n - half]
        };
        let (near, far) = (self, self.from(half));
        let [before, after] = if upper { [far, near] } else { [near, far] };
        before.solve(first, solved, cols);
        add_product(
            MatrixMut::row_major(second, rest, cols),
            &negative,
            [rest, solved, cols],
            Matrix::row_major(first, solved, cols),
        );
        after.solve(second, rest, cols);
    }

    fn solve_rows(self, x: &mut [f64], n: usize, cols: usize) {
        for k in 0..n {
            let i = if self.triangle.upper { n - 1 - k } else { k };
            for before in 0..k {
                let j = if self.triangle.upper {
                    n - 1 - before
                } else {
                    before
                };
                let factor = -self.get(i, j);
                if cols < 4 {
                    for column in 0..cols {
                        x[i * cols + column] += factor * x[j * cols + column];
                    }
                } else if i < j {
                    let (to, from) = super::two_rows(x, cols, i, j);
                    add_scaled(to, factor, from);
                } else {
                    let (from, to) = super::two_rows(x, cols, j, i);
                    add_scaled(to, factor, from);
                }
            }
            if !self.triangle.unit {
                let pivot = self.get(i, i);
                for x in &mut x[i * cols..(i + 1) * cols] {
                    *x /= pivot;
                }
            }
        }
    }
}

/// The solutions x of a·x = b, where a triangle of a is read. Batch axes are broadcast to `batch`. With a 0 on
/// the diagonal all of x is NaN.
pub fn triangular_solve(a: &Matrices, b: &Matrices, batch: &Shape, triangle: Triangle) -> Matrices {
    let (n, cols) = (a.rows, b.cols);
    let mut x = Matrices::zeros(batch, n, cols);
    let places = numbers(&a.lead, batch)
        .into_iter()
        .zip(numbers(&b.lead, batch));
    for (k, (of_a, of_b)) in places.enumerate() {
        let to = x.at_mut(k);
        if singular(a.at(of_a), n, triangle).is_some() {
            to.fill(f64::NAN);
            continue;
        }
        to.copy_from_slice(b.at(of_b));
        Part::of(a.at(of_a), n, triangle).solve(to, n, cols);
    }
    x
}

impl Matrices {
    /// Checks that no triangle has a 0 on its diagonal.
    ///
    /// # Errors
    /// If one has.
    pub fn check_triangles(&self, op: &'static str, triangle: Triangle) -> Result<(), MatrixError> {
        for k in 0..self.count() {
            if let Some(pivot) = singular(self.at(k), self.rows, triangle) {
                return Err(self.error(op, k, MatrixFault::Singular, pivot));
            }
        }
        Ok(())
    }
}

/// The first 0 on the diagonal.
fn singular(a: &[f64], n: usize, triangle: Triangle) -> Option<usize> {
    (0..n).find(|&i| !triangle.unit && a[i * n + i] == 0.0)
}
