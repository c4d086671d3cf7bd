//! Square matrices as products of triangles, by Gauss's elimination.

use std::f64::consts::LN_2;

use super::triangle::{Part, Triangle};
use super::{Matrices, add_product, add_scaled, finite, numbers, two_rows};
use crate::kernels::product::{Matrix, MatrixMut};
use crate::{MatrixError, MatrixFault, Shape};

/// The columns that are eliminated before the rest of the matrix is changed.
const PANEL: usize = 32;

/// The factors of square matrices: with its rows in another order, each is a lower triangle with ones on the
/// diagonal times an upper one.
///
/// Source: Golub and Van Loan 2013, Matrix Computations, algorithm 3.4.1 (partial pivoting), in blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// Both triangles of each matrix, in one.
    lu: Matrices,
    /// Which row was exchanged with each, n for each matrix.
    pivots: Vec<usize>,
    /// The first pivot that is 0, of each matrix.
    zeros: Vec<Option<usize>>,
}

impl Factors {
    /// The factors of square matrices.
    pub fn new(mut a: Matrices) -> Self {
        let n = a.rows;
        let (mut pivots, mut zeros) = (Vec::new(), Vec::new());
        for k in 0..a.count() {
            let matrix = a.at_mut(k);
            if !finite(matrix) {
                matrix.fill(f64::NAN);
            }
            let start = pivots.len();
            pivots.extend(0..n);
            zeros.push(factor(matrix, n, &mut pivots[start..]));
        }
        Factors {
            lu: a,
            pivots,
            zeros,
        }
    }

    /// The batch axes.
    pub fn lead(&self) -> &Shape {
        &self.lu.lead
    }

    /// The rows of a matrix.
    pub fn size(&self) -> usize {
        self.lu.rows
    }

    /// Checks that no matrix is singular.
    ///
    /// # Errors
    /// If a pivot is exactly 0.
    pub fn check(&self, op: &'static str) -> Result<(), MatrixError> {
        match self
            .zeros
            .iter()
            .enumerate()
            .find_map(|(k, zero)| Some((k, (*zero)?)))
        {
            Some((k, pivot)) => Err(self.lu.error(op, k, MatrixFault::Singular, pivot)),
            None => Ok(()),
        }
    }

    /// The solutions x of a·x = b, or of aᵀ·x = b if `transposed`. Batch axes are broadcast to `batch`. A
    /// singular matrix gives NaN.
    pub fn solve(&self, b: &Matrices, batch: &Shape, transposed: bool) -> Matrices {
        let (n, cols) = (self.size(), b.cols);
        let mut x = Matrices::zeros(batch, n, cols);
        let places = numbers(&self.lu.lead, batch)
            .into_iter()
            .zip(numbers(&b.lead, batch));
        for (k, (of_a, of_b)) in places.enumerate() {
            let to = x.at_mut(k);
            if self.zeros[of_a].is_some() {
                to.fill(f64::NAN);
                continue;
            }
            to.copy_from_slice(b.at(of_b));
            let lu = self.lu.at(of_a);
            let triangle = |upper| {
                Part::of(
                    lu,
                    n,
                    Triangle {
                        upper,
                        unit: !upper,
                    },
                )
            };
            let swaps = self.pivots[of_a * n..(of_a + 1) * n].iter().enumerate();
            if transposed {
                triangle(true).t().solve(to, n, cols);
                triangle(false).t().solve(to, n, cols);
                swaps.rev().for_each(|(i, &j)| swap_rows(to, cols, i, j));
            } else {
                swaps.for_each(|(i, &j)| swap_rows(to, cols, i, j));
                triangle(false).solve(to, n, cols);
                triangle(true).solve(to, n, cols);
            }
        }
        x
    }

    /// The determinants, one for each matrix.
    pub fn det(&self) -> Vec<f64> {
        let of = |k| {
            let (mantissa, exponent) = self.product(k);
            // What does not fit an exponent is far out of range.
            libm::ldexp(mantissa, exponent.clamp(-5000, 5000) as i32)
        };
        (0..self.lu.count()).map(of).collect()
    }

    /// The signs of the determinants, 0 for a singular matrix, and the logarithms of their sizes.
    pub fn slogdet(&self) -> (Vec<f64>, Vec<f64>) {
        let of = |k| {
            let (mantissa, exponent) = self.product(k);
            let sign = if mantissa == 0.0 || mantissa.is_nan() {
                mantissa
            } else {
                mantissa.signum()
            };
            // Near 1 the logarithm of the product has more digits than a sum.
            let log = match exponent.abs() < 1000 {
                true => libm::ldexp(mantissa.abs(), exponent as i32).ln(),
                false => mantissa.abs().ln() + exponent as f64 * LN_2,
            };
            (sign, log)
        };
        (0..self.lu.count()).map(of).unzip()
    }

    /// Whether a matrix is singular, or so near to it that half of the digits of its inverse are lost.
    pub fn nearly_singular(&self) -> bool {
        let n = self.size();
        (0..self.lu.count()).any(|k| {
            let sizes = || self.lu.at(k).iter().step_by(n + 1).map(|x| x.abs());
            let (least, most) = (
                sizes().fold(f64::INFINITY, f64::min),
                sizes().fold(0.0, f64::max),
            );
            n > 0 && least <= most * f64::EPSILON.sqrt()
        })
    }

    /// The product of the pivots with the sign of the exchanges, as a mantissa and an exponent of 2, so that
    /// no part of it is out of range.
    fn product(&self, k: usize) -> (f64, i64) {
        let n = self.size();
        let swaps = self.pivots[k * n..(k + 1) * n].iter().enumerate();
        let mut mantissa = match swaps.filter(|&(i, &j)| i != j).count() % 2 {
            0 => 1.0,
            _ => -1.0,
        };
        let mut exponent = 0;
        for i in 0..n {
            let (part, power) = libm::frexp(self.lu.at(k)[i * n + i]);
            let (product, rest) = libm::frexp(mantissa * part);
            mantissa = product;
            exponent += i64::from(power + rest);
        }
        (mantissa, exponent)
    }
}

fn swap_rows(x: &mut [f64], len: usize, i: usize, j: usize) {
    if i != j {
        let (a, b) = two_rows(x, len, i.min(j), i.max(j));
        a.swap_with_slice(b);
    }
}

/// Factors one matrix in place; returns the first pivot that is 0.
fn factor(a: &mut [f64], n: usize, pivots: &mut [usize]) -> Option<usize> {
    let mut zero = None;
    let mut start = 0;
    while start < n {
        let end = (start + PANEL).min(n);
        for k in start..end {
            let size = |i: usize| a[i * n + k].abs();
            let best = (k..n).fold(k, |best, i| if size(i) > size(best) { i } else { best });
            pivots[k] = best;
            swap_rows(a, n, k, best);
            let pivot = a[k * n + k];
            if pivot == 0.0 {
                zero = zero.or(Some(k));
                continue;
            }
            for i in k + 1..n {
                let factor = a[i * n + k] / pivot;
                a[i * n + k] = factor;
                if factor != 0.0 {
                    let (row, below) = two_rows(a, n, k, i);
                    add_scaled(&mut below[k + 1..end], -factor, &row[k + 1..end]);
                }
            }
        }
        let rest = n - end;
        if rest > 0 {
            for k in start..end {
                for i in k + 1..end {
                    let (row, below) = two_rows(a, n, k, i);
                    let factor = -below[k];
                    add_scaled(&mut below[end..], factor, &row[end..]);
                }
            }
            let width = end - start;
            let (mut lower, mut upper) = (Vec::new(), Vec::new());
            for i in end..n {
                lower.extend(a[i * n + start..i * n + end].iter().map(|x| -x));
            }
            for k in start..end {
                upper.extend_from_slice(&a[k * n + end..(k + 1) * n]);
            }
            add_product(
                MatrixMut::new(a, end * n + end, rest, rest, n as isize, 1),
                &lower,
                [rest, width, rest],
                Matrix::row_major(&upper, width, rest),
            );
        }
        start = end;
    }
    zero
}
