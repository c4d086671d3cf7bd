//! Orthogonal columns, by Householder's reflections.

use super::{Matrices, add_scaled, finite, scale};
use crate::kernels::dot;

/// The matrices q with orthonormal columns and the upper triangles r, whose diagonals are not negative, with
/// q·r = a: for a of m × n elements q is m × k and r is k × n, with k the smaller of both.
///
/// Source: Golub and Van Loan 2013, Matrix Computations, algorithm 5.2.1.
pub fn qr(a: &Matrices) -> (Matrices, Matrices) {
    let (m, n) = (a.rows, a.cols);
    let k = m.min(n);
    let mut q = Matrices::zeros(&a.lead, m, k);
    let mut r = Matrices::zeros(&a.lead, k, n);
    for at in 0..a.count() {
        let (q, r) = (q.at_mut(at), r.at_mut(at));
        if !finite(a.at(at)) {
            q.fill(f64::NAN);
            r.fill(f64::NAN);
            continue;
        }
        let unit = scale(a.at(at));
        let mut reflected = Reflected::new(a.at(at), m, n, unit, false);
        for i in 0..k {
            let sign = if reflected.columns[i * m + i] < 0.0 {
                -1.0
            } else {
                1.0
            };
            for j in i..n {
                r[i * n + j] = sign * unit * reflected.columns[j * m + i];
            }
            let column = reflected.column_of_q(i);
            for (row, x) in column.iter().enumerate() {
                q[row * k + i] = sign * x;
            }
        }
    }
    (q, r)
}

/// A matrix on which reflections have left an upper triangle.
pub(super) struct Reflected {
    m: usize,
    /// The columns, one after the other: the triangle, and below it zeros.
    pub columns: Vec<f64>,
    /// The vectors of the reflections, one after the other, each with its first zeros.
    vectors: Vec<f64>,
    factors: Vec<f64>,
    /// Which column of the matrix stands at each place.
    pub order: Vec<usize>,
}

impl Reflected {
    /// The matrix a / unit, whose columns are taken in an order of falling length if `pivoted`.
    pub fn new(a: &[f64], m: usize, n: usize, unit: f64, pivoted: bool) -> Self {
        let mut columns = vec![0.0; m * n];
        for i in 0..m {
            for j in 0..n {
                columns[j * m + i] = a[i * n + j] / unit;
            }
        }
        let count = m.min(n);
        let mut order: Vec<usize> = (0..n).collect();
        let (mut vectors, mut factors) = (vec![0.0; count * m], vec![0.0; count]);
        for k in 0..count {
            if pivoted {
                let square = |j: usize| {
                    let rest = &columns[j * m + k..(j + 1) * m];
                    dot(rest, rest)
                };
                let longest = (k..n).fold((k, square(k)), |best, j| {
                    let found = square(j);
                    if found > best.1 { (j, found) } else { best }
                });
                if longest.0 != k {
                    let (a, b) = super::two_rows(&mut columns, m, k, longest.0);
                    a.swap_with_slice(b);
                    order.swap(k, longest.0);
                }
            }
            let vector = &mut vectors[k * m..(k + 1) * m];
            vector[k..].copy_from_slice(&columns[k * m + k..(k + 1) * m]);
            let (factor, image) = reflection(&mut vector[k..]);
            factors[k] = factor;
            columns[k * m + k] = image;
            columns[k * m + k + 1..(k + 1) * m].fill(0.0);
            for j in k + 1..n {
                reflect(&mut columns[j * m + k..(j + 1) * m], factor, &vector[k..]);
            }
        }
        Reflected {
            m,
            columns,
            vectors,
            factors,
            order,
        }
    }

    /// Column `j` of the product of the reflections.
    pub fn column_of_q(&mut self, j: usize) -> Vec<f64> {
        let m = self.m;
        let mut column = vec![0.0; m];
        column[j] = 1.0;
        for k in (0..=j).rev() {
            reflect(
                &mut column[k..],
                self.factors[k],
                &self.vectors[k * m + k..(k + 1) * m],
            );
        }
        column
    }
}

/// Makes of x the vector v, with 1 in front, and returns the factor t with (1 − t v vᵀ) x = image e₀, and
/// this image.
pub(super) fn reflection(x: &mut [f64]) -> (f64, f64) {
    let Some((&first, rest)) = x.split_first() else {
        return (0.0, 0.0);
    };
    let most = x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let tail = rest.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if tail == 0.0 {
        x.fill(0.0);
        return (0.0, first);
    }
    // Divided by the greatest, no square that counts is out of range.
    let square: f64 = x.iter().map(|x| (x / most) * (x / most)).sum();
    let norm = most * square.sqrt();
    let image = if first > 0.0 { -norm } else { norm };
    let lead = first - image;
    for x in &mut x[1..] {
        *x /= lead;
    }
    x[0] = 1.0;
    ((image - first) / image, image)
}

/// x becomes (1 − t v vᵀ) x.
pub(super) fn reflect(x: &mut [f64], t: f64, v: &[f64]) {
    if t != 0.0 {
        let along = t * dot(v, x);
        add_scaled(x, -along, v);
    }
}
