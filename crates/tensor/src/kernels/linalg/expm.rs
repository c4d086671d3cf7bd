//! Exponentials of matrices.

use super::{Factors, Matrices, finite};
use crate::kernels::product::{Matrix, MatrixMut, matmul};

/// The coefficients of the numerator of the approximant, from x⁰ on.
pub const PADE: [f64; 14] = [
    64_764_752_532_480_000.0,
    32_382_376_266_240_000.0,
    7_771_770_303_897_600.0,
    1_187_353_796_428_800.0,
    129_060_195_264_000.0,
    10_559_470_521_600.0,
    670_442_572_800.0,
    33_522_128_640.0,
    1_323_241_920.0,
    40_840_800.0,
    960_960.0,
    16_380.0,
    182.0,
    1.0,
];

/// The greatest norm for which the approximant and what follows from it hold to rounding.
const REACH: f64 = 4.0;

/// How often a matrix with this greatest sum of a column's sizes has to be halved.
pub fn halvings(norm: f64) -> u32 {
    match norm.is_finite() && norm > REACH {
        true => (norm / REACH).log2().ceil() as u32,
        false => 0,
    }
}

/// The exponentials of square matrices.
///
/// Source: Higham 2005, The Scaling and Squaring Method for the Matrix Exponential Revisited: the approximant of
/// degree 13.
pub fn expm(a: &Matrices) -> Matrices {
    let n = a.rows;
    let mut y = Matrices::zeros(&a.lead, n, n);
    for k in 0..a.count() {
        match finite(a.at(k)) {
            true => one(a.at(k), n, y.at_mut(k)),
            false => y.at_mut(k).fill(f64::NAN),
        }
    }
    y
}

fn one(a: &[f64], n: usize, y: &mut [f64]) {
    let column = |j: usize| (0..n).map(|i| a[i * n + j].abs()).sum::<f64>();
    let halvings = halvings((0..n).map(column).fold(0.0, f64::max));
    let half = libm::ldexp(1.0, -(halvings as i32));
    let a: Vec<f64> = a.iter().map(|x| x * half).collect();
    let a2 = product(&a, &a, n);
    let a4 = product(&a2, &a2, n);
    let a6 = product(&a4, &a2, n);
    let sum = |b: [f64; 3]| -> Vec<f64> {
        let at = |at: usize| b[0] * a2[at] + b[1] * a4[at] + b[2] * a6[at];
        (0..n * n).map(at).collect()
    };
    // The terms of every second power from x⁰ or x¹ on, the latter without one factor x.
    let terms = |first: usize| {
        let b = |k: usize| PADE[first + k];
        let mut terms = product(&a6, &sum([b(8), b(10), b(12)]), n);
        for (term, low) in terms.iter_mut().zip(sum([b(2), b(4), b(6)])) {
            *term += low;
        }
        (0..n).for_each(|i| terms[i * n + i] += b(0));
        terms
    };
    let (even, odd) = (terms(0), product(&a, &terms(1), n));
    let square = |data: Vec<f64>| Matrices {
        data,
        lead: crate::Shape::scalar(),
        rows: n,
        cols: n,
    };
    let below = even.iter().zip(&odd).map(|(e, o)| e - o).collect();
    let above = even.iter().zip(&odd).map(|(e, o)| e + o).collect();
    let factors = Factors::new(square(below));
    let mut power = factors
        .solve(&square(above), &crate::Shape::scalar(), false)
        .data;
    for _ in 0..halvings {
        power = product(&power, &power, n);
    }
    y.copy_from_slice(&power);
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    let place = MatrixMut::row_major(&mut c, n, n);
    matmul(
        place,
        Matrix::row_major(a, n, n),
        Matrix::row_major(b, n, n),
        false,
    );
    c
}
