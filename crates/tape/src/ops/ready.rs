//! What factorizations of matrices on a tape have in common.

use std::sync::{Arc, Mutex, PoisonError};

use wengert_tensor::kernels::linalg::{Factors, Matrices};
use wengert_tensor::{Float, Shape, Tensor};

use crate::ops::integers::compare::with_view;
use crate::record::var::Var;

/// A value that was computed before its op was recorded, since computing it may be refused.
pub(in crate::ops) struct Ready(Mutex<Option<Matrices>>);

impl Ready {
    pub fn new(value: Matrices) -> Self {
        Ready(Mutex::new(Some(value)))
    }

    /// The value, the first time that it is asked for.
    pub fn take(&self) -> Option<Matrices> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The matrices of a variable.
#[track_caller]
pub(in crate::ops) fn matrices<T: Float>(a: Var<'_, T>) -> Matrices {
    with_view(a, |view| Matrices::read(&view))
}

/// The factors of the square matrices of a variable.
#[track_caller]
pub(in crate::ops) fn factors<T: Float>(a: Var<'_, T>) -> Arc<Factors> {
    Arc::new(Factors::new(matrices(a)))
}

/// The batch axes of a shape of matrices.
pub(in crate::ops) fn lead(shape: &Shape) -> Shape {
    Shape::new(&shape[..shape.rank() - 2])
}

/// A number for each matrix as a matrix of one element.
#[track_caller]
pub(in crate::ops) fn over_matrix<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    x.unsqueeze(-1).unsqueeze(-1)
}

/// The identity.
#[track_caller]
pub(in crate::ops) fn identity<'t, T: Float>(like: Var<'t, T>) -> Var<'t, T> {
    like.tape().constant(&Tensor::eye(like.dim(-1)))
}

/// ½ (x + xᵀ).
#[track_caller]
pub(in crate::ops) fn symmetric<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    0.5 * (x + x.t())
}

/// Which of the values \[…, n\] of a spectrum, in order, are equal to rounding.
pub(in crate::ops) struct Ties<T> {
    /// Where the values of row and column are different, and on the diagonal.
    apart: Tensor<bool>,
    /// Where the values are above 0, beyond rounding.
    positive: Tensor<bool>,
    /// The mean over each group of equal values, as a matrix; `None` where all are different.
    mean: Option<Tensor<T>>,
}

impl<T: Float> Ties<T> {
    /// Values count as equal, and as 0, whose distance is at most four times `size` roundings of the
    /// greatest: what is left of equal ones when a matrix and its spectrum have been computed.
    pub fn new(values: &Tensor<T>, size: usize) -> Self {
        let n = values.dim(-1);
        let mut square = values.shape().clone();
        square.push(n);
        let all: Vec<f64> = values.iter().map(Float::to_f64).collect();
        let (mut groups, mut positive) = (Vec::with_capacity(all.len()), Vec::new());
        for row in all.chunks(n.max(1)) {
            let most = row.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let near = 4.0 * size as f64 * T::EPSILON.to_f64() * most;
            for (k, x) in row.iter().enumerate() {
                let group = match k {
                    0 => 0,
                    _ if (x - row[k - 1]).abs() <= near => groups[groups.len() - 1],
                    _ => k,
                };
                groups.push(group);
                positive.push(*x > near);
            }
        }
        let group = |at: &[usize]| {
            let (matrix, place) = at.split_at(at.len() - 2);
            let first = matrix
                .iter()
                .zip(square.iter())
                .fold(0, |sum, (at, dim)| sum * dim + at)
                * n;
            (first, groups[first + place[0]], groups[first + place[1]])
        };
        let apart = Tensor::from_fn(&square, |at| {
            let (_, row, column) = group(at);
            row != column || at[at.len() - 2] == at[at.len() - 1]
        });
        let mean = |at: &[usize]| {
            let (first, row, column) = group(at);
            let count = groups[first..first + n]
                .iter()
                .filter(|g| **g == row)
                .count();
            T::from_f64(if row == column {
                1.0 / count as f64
            } else {
                0.0
            })
        };
        let mean = (!apart.all()).then(|| Tensor::from_fn(&square, mean));
        let positive = Tensor::from_fn(values.shape(), |at| {
            let place = at
                .iter()
                .zip(values.shape().iter())
                .fold(0, |sum, (at, dim)| sum * dim + at);
            positive[place]
        });
        Ties {
            apart,
            positive,
            mean,
        }
    }

    /// g_ij / d_ij, where g_ij is not exactly 0: NaN where the values i and j are equal, and 0 on the
    /// diagonal.
    #[track_caller]
    pub fn divide<'t>(&self, g: Var<'t, T>, d: Var<'t, T>) -> Var<'t, T> {
        let n = g.dim(-1);
        let beside = Tensor::from_fn([n, n], |at| at[0] != at[1]);
        let gaps = d
            .where_(&self.apart, f64::NAN)
            .where_(&beside, f64::INFINITY);
        Var::absorb(g, gaps.recip())
    }

    /// The mean of what flows into values that are equal, for each of them.
    #[track_caller]
    pub fn share<'t>(&self, bar: Var<'t, T>) -> Var<'t, T> {
        match &self.mean {
            Some(mean) => bar
                .tape()
                .constant(mean)
                .matmul(bar.unsqueeze(-1))
                .squeeze(-1),
            None => bar,
        }
    }

    /// The values, and NaN for those that are 0.
    #[track_caller]
    pub fn or_nan<'t>(&self, values: Var<'t, T>) -> Var<'t, T> {
        if self.positive.all() {
            values
        } else {
            values.where_(&self.positive, f64::NAN)
        }
    }

    /// What flows into values above 0, and 0 for the others.
    #[track_caller]
    pub fn positive<'t>(&self, bar: Var<'t, T>) -> Var<'t, T> {
        if self.positive.all() {
            bar
        } else {
            bar.where_(&self.positive, 0.0)
        }
    }
}
