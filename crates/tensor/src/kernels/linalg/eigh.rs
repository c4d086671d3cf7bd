//! Eigenvalues and eigenvectors of symmetric matrices.

use super::qr::{reflect, reflection};
use super::{Matrices, add_scaled, finite, rotate, scale, sign_of, two_rows};
use crate::kernels::dot;

/// The eigenvalues of ½ (a + aᵀ) in ascending order, as rows of one, and the eigenvectors, as columns. The
/// first element of a vector that is at least half as great as its greatest is not negative.
///
/// Source: Golub and Van Loan 2013, Matrix Computations, algorithms 8.3.1 (a tridiagonal matrix by reflections)
/// and 8.3.2 (implicit shifts).
pub fn eigh(a: &Matrices) -> (Matrices, Matrices) {
    let n = a.rows;
    let mut values = Matrices::zeros(&a.lead, 1, n);
    let mut vectors = Matrices::zeros(&a.lead, n, n);
    for k in 0..a.count() {
        let (values, vectors) = (values.at_mut(k), vectors.at_mut(k));
        let found = finite(a.at(k)).then(|| one(a.at(k), n));
        let Some((found, rows)) = found.flatten() else {
            values.fill(f64::NAN);
            vectors.fill(f64::NAN);
            continue;
        };
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| found[i].total_cmp(&found[j]));
        for (at, &from) in order.iter().enumerate() {
            values[at] = found[from];
            let row = &rows[from * n..(from + 1) * n];
            let sign = sign_of(row);
            for (i, x) in row.iter().enumerate() {
                vectors[i * n + at] = sign * x;
            }
        }
    }
    (values, vectors)
}

/// The eigenvalues of one matrix, and the eigenvectors as rows.
fn one(a: &[f64], n: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let unit = scale(a);
    let mut t = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            t[i * n + j] = 0.5 * (a[i * n + j] / unit) + 0.5 * (a[j * n + i] / unit);
        }
    }
    let (mut diagonal, mut beside, mut rows) = tridiagonal(t, n);
    implicit_shifts(&mut diagonal, &mut beside, &mut rows)?;
    diagonal.iter_mut().for_each(|x| *x *= unit);
    Some((diagonal, rows))
}

/// The diagonal and what is beside it, of the tridiagonal matrix that reflections make of a symmetric one,
/// and the columns of their product as rows.
fn tridiagonal(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let count = n.saturating_sub(2);
    let mut vectors = vec![0.0; count * n];
    let mut factors = vec![0.0; count];
    let mut beside = vec![0.0; n];
    for k in 0..n.saturating_sub(1) {
        if k == count {
            beside[k] = a[k * n + k + 1];
            break;
        }
        let v = &mut vectors[k * n..(k + 1) * n];
        v[k + 1..].copy_from_slice(&a[k * n + k + 1..(k + 1) * n]);
        let (factor, image) = reflection(&mut v[k + 1..]);
        (factors[k], beside[k]) = (factor, image);
        if factor == 0.0 {
            continue;
        }
        let v = &v[k + 1..];
        // The rest becomes a − v wᵀ − w vᵀ.
        let mut w: Vec<f64> = (k + 1..n)
            .map(|i| factor * dot(&a[i * n + k + 1..(i + 1) * n], v))
            .collect();
        let half = 0.5 * factor * dot(&w, v);
        add_scaled(&mut w, -half, v);
        for i in k + 1..n {
            let row = &mut a[i * n + k + 1..(i + 1) * n];
            add_scaled(row, -v[i - k - 1], &w);
            add_scaled(row, -w[i - k - 1], v);
        }
    }
    let diagonal = (0..n).map(|i| a[i * n + i]).collect();
    let mut rows = vec![0.0; n * n];
    for j in 0..n {
        let row = &mut rows[j * n..(j + 1) * n];
        row[j] = 1.0;
        for k in (0..count.min(j)).rev() {
            reflect(
                &mut row[k + 1..],
                factors[k],
                &vectors[k * n + k + 1..(k + 1) * n],
            );
        }
    }
    (diagonal, beside, rows)
}

/// Turns the diagonal into the eigenvalues, and the rows with them; `None` where that does not end.
fn implicit_shifts(d: &mut [f64], e: &mut [f64], rows: &mut [f64]) -> Option<()> {
    let n = d.len();
    for l in 0..n {
        let mut rounds = 0;
        loop {
            let small = |m: &usize| e[*m].abs() <= f64::EPSILON * (d[*m].abs() + d[*m + 1].abs());
            let m = (l..n - 1).find(small).unwrap_or(n - 1);
            if m == l {
                break;
            }
            rounds += 1;
            if rounds > 100 {
                return None;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let root = g.hypot(1.0);
            g = d[m] - d[l] + e[l] / (g + root.copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut stopped = false;
            for i in (l..m).rev() {
                let (f, b) = (s * e[i], c * e[i]);
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    stopped = true;
                    break;
                }
                (s, c) = (f / r, g / r);
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
                let (low, high) = two_rows(rows, n, i, i + 1);
                rotate(low, high, c, s);
            }
            if !stopped {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    Some(())
}
