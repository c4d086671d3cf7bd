//! Linear equations of a symmetric positive definite matrix.

use wengert::prelude::*;

/// L with L Lᵀ = A, whose upper half is 0; nothing if A is not positive definite.
pub fn cholesky(a: &Tensor<f64>) -> Option<Vec<Vec<f64>>> {
    let a = a.to_rows();
    let mut l = vec![vec![0.0; a.len()]; a.len()];
    for row in 0..a.len() {
        for column in 0..=row {
            let done: f64 = (0..column).map(|k| l[row][k] * l[column][k]).sum();
            let rest = a[row][column] - done;
            l[row][column] = match row == column {
                true if rest > 0.0 => rest.sqrt(),
                true => return None,
                false => rest / l[column][column],
            };
        }
    }
    Some(l)
}

/// x \[N, 1\] with A x = b; nothing if A is not positive definite.
pub fn solve(a: &Tensor<f64>, b: &Tensor<f64>) -> Option<Tensor<f64>> {
    let (l, mut x) = (cholesky(a)?, b.to_vec());
    let size = x.len();
    for row in 0..size {
        let done: f64 = (0..row).map(|k| l[row][k] * x[k]).sum();
        x[row] = (x[row] - done) / l[row][row];
    }
    for row in (0..size).rev() {
        let done: f64 = (row + 1..size).map(|k| l[k][row] * x[k]).sum();
        x[row] = (x[row] - done) / l[row][row];
    }
    Some(Tensor::from_fn([size, 1], |at| x[at[0]]))
}
