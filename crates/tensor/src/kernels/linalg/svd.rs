//! Singular values and vectors.

use super::qr::Reflected;
use super::{Matrices, finite, rotate, scale, sign_of, two_rows};
use crate::kernels::dot;

/// The matrices u, the singular values s, as rows of one and in descending order, and the matrices vᵀ with
/// u·diag(s)·vᵀ = a: for a of m × n elements u is m × k and vᵀ k × n, with k the smaller of both. The first
/// element of a column of u that is at least half as great as its greatest is not negative.
///
/// Source: Drmač and Veselić 2008, New Fast and Accurate Jacobi SVD Algorithm: rotations of the rows of a
/// pivoted triangle, which keep the digits of small singular values too.
pub fn svd(a: &Matrices) -> (Matrices, Matrices, Matrices) {
    let (m, n) = (a.rows, a.cols);
    let k = m.min(n);
    let mut u = Matrices::zeros(&a.lead, m, k);
    let mut s = Matrices::zeros(&a.lead, 1, k);
    let mut vt = Matrices::zeros(&a.lead, k, n);
    for at in 0..a.count() {
        let (u, s, vt) = (u.at_mut(at), s.at_mut(at), vt.at_mut(at));
        let matrix = a.at(at);
        let found = finite(matrix).then(|| match m < n {
            false => tall(matrix, m, n),
            true => {
                let turned: Vec<f64> = (0..m * n).map(|at| matrix[at % m * n + at / m]).collect();
                tall(&turned, n, m).map(|(left, s, right)| (right, s, left))
            }
        });
        let Some((left, found, right)) = found.flatten() else {
            [u, s, vt].into_iter().for_each(|x| x.fill(f64::NAN));
            continue;
        };
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&i, &j| found[j].total_cmp(&found[i]));
        for (to, &from) in order.iter().enumerate() {
            s[to] = found[from];
            let (column, row) = (
                &left[from * m..(from + 1) * m],
                &right[from * n..(from + 1) * n],
            );
            let sign = sign_of(column);
            for (i, x) in column.iter().enumerate() {
                u[i * k + to] = sign * x;
            }
            for (j, x) in row.iter().enumerate() {
                vt[to * n + j] = sign * x;
            }
        }
    }
    (u, s, vt)
}

/// The pseudoinverses, where singular values of at most `cut` of the greatest count as 0.
pub fn pinv(a: &Matrices, cut: f64) -> Matrices {
    let (m, n) = (a.rows, a.cols);
    let (u, s, vt) = svd(a);
    let k = m.min(n);
    let mut x = Matrices::zeros(&a.lead, n, m);
    for at in 0..a.count() {
        let (u, s, vt) = (u.at(at), s.at(at), vt.at(at));
        let x = x.at_mut(at);
        for r in (0..k).filter(|&r| s[r].is_nan() || s[r] > cut * s[0]) {
            for i in 0..n {
                let factor = vt[r * n + i] / s[r];
                for j in 0..m {
                    x[i * m + j] += factor * u[j * k + r];
                }
            }
        }
    }
    x
}

/// The vectors u as rows, the singular values, and the vectors v as rows, for m ≥ n and in any order.
fn tall(a: &[f64], m: usize, n: usize) -> Option<(Vec<f64>, Vec<f64>, Vec<f64>)> {
    let unit = scale(a);
    let mut reflected = Reflected::new(a, m, n, unit, true);
    // The rows of the triangle, which rotations make orthogonal, and the product of the rotations.
    let (mut w, mut turns) = (vec![0.0; n * n], vec![0.0; n * n]);
    for i in 0..n {
        turns[i * n + i] = 1.0;
        for j in i..n {
            w[i * n + j] = reflected.columns[j * m + i];
        }
    }
    let enough = f64::EPSILON * (n as f64).sqrt();
    let mut rounds = 0;
    loop {
        let mut still = true;
        for p in 0..n {
            for q in p + 1..n {
                let (x, y) = two_rows(&mut w, n, p, q);
                let (a, b, c) = (dot(x, x), dot(y, y), dot(x, y));
                if c == 0.0 || c.abs() <= enough * a.sqrt() * b.sqrt() {
                    continue;
                }
                still = false;
                let zeta = (b - a) / (2.0 * c);
                let tangent = 1.0_f64.copysign(zeta) / (zeta.abs() + zeta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                rotate(x, y, cosine, cosine * tangent);
                let (x, y) = two_rows(&mut turns, n, p, q);
                rotate(x, y, cosine, cosine * tangent);
            }
        }
        if still {
            break;
        }
        rounds += 1;
        if rounds > 60 {
            return None;
        }
    }
    let norms: Vec<f64> = w
        .chunks_exact(n.max(1))
        .map(|row| {
            let size = scale(row);
            let square: f64 = row.iter().map(|x| (x / size) * (x / size)).sum();
            size * square.sqrt()
        })
        .collect();
    for (row, norm) in w.chunks_exact_mut(n.max(1)).zip(&norms) {
        row.iter_mut().for_each(|x| *x /= norm);
    }
    complete(&mut w, n, &norms);
    let mut v = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            v[i * n + reflected.order[j]] = w[i * n + j];
        }
    }
    let mut u = vec![0.0; n * m];
    for j in 0..n {
        let column = reflected.column_of_q(j);
        for i in 0..n {
            super::add_scaled(&mut u[i * m..(i + 1) * m], turns[i * n + j], &column);
        }
    }
    let values = norms.iter().map(|norm| norm * unit).collect();
    Some((u, values, v))
}

/// Puts unit vectors that are orthogonal to all others in the place of rows whose norm is 0.
fn complete(rows: &mut [f64], n: usize, norms: &[f64]) {
    let mut done: Vec<usize> = (0..n).filter(|&i| norms[i] != 0.0).collect();
    for i in (0..n).filter(|&i| norms[i] == 0.0) {
        // Of all axes the one that is farthest from what the others span.
        let left = |axis: usize| {
            let covered: f64 = done
                .iter()
                .map(|&k| rows[k * n + axis] * rows[k * n + axis])
                .sum();
            1.0 - covered
        };
        let best = (0..n).fold(
            0,
            |best, axis| if left(axis) > left(best) { axis } else { best },
        );
        let mut vector = vec![0.0; n];
        vector[best] = 1.0;
        for _ in 0..2 {
            for &k in &done {
                let row = &rows[k * n..(k + 1) * n];
                let along = dot(row, &vector);
                super::add_scaled(&mut vector, -along, row);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        for (to, x) in rows[i * n..(i + 1) * n].iter_mut().zip(&vector) {
            *to = x / norm;
        }
        done.push(i);
    }
}
