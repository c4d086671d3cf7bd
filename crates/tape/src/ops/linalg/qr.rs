//! `qr`: orthogonal columns.
//!
//! - shape: a\[…, m, n\] → q\[…, m, k\], r\[…, k, n\] with k the smaller of m and n
//! - value: q r = a, qᵀ q = 1, r zero below its diagonal and not negative on it
//! - rule: ā = (q̄ + q c) r⁻ᵀ with the symmetric c whose lower triangle is that of r r̄ᵀ − q̄ᵀ q, for m ≥ n; a
//!   wider matrix is two factors, the first of its first m columns
//! - edges: smooth where the columns (the first m) are independent; where they are not, the value is one of many,
//!   and the gradient is NaN. NaN and infinities make both NaN. Computed in `f64` for `f32` too
//! - source: Walter and Lehmann 2010, Algorithmic Differentiation of Linear Algebra Functions

use wengert_tensor::kernels::linalg::{self, Matrices, Triangle, matrix};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The matrix q with orthonormal columns and the upper triangle r with q·r = a: for a of m × n elements,
    /// m × k and k × n, with k the smaller of both. The diagonal of r is not negative, so that there is one
    /// such pair where the first k columns are independent.
    ///
    /// A q with all m columns for m > n, as some libraries have it, is not unique, and has no derivative.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let (q, r) = tape.leaf(&Tensor::from([[3.0, 1.0], [4.0, 3.0]])).qr();
    /// assert!(q.value().allclose(&Tensor::from([[0.6, -0.8], [0.8, 0.6]]), 1e-15, 1e-15));
    /// assert!(r.value().allclose(&Tensor::from([[5.0, 3.0], [0.0, 1.0]]), 1e-15, 1e-15));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[track_caller]
    pub fn qr(self) -> (Self, Self) {
        let [m, n] = or_panic(matrix("qr", &self.shape()));
        if m < n {
            let (q, r) = self.slice(-1, ..m).qr();
            let beside = q.t().matmul(self.slice(-1, m..));
            return (q, Var::cat(&[r, beside], -1));
        }
        let both = self.tape().apply_all(Qr, &[self]);
        (both[0], both[1])
    }
}

#[derive(Clone, Copy)]
struct Qr;

/// x r⁻ᵀ, or x r⁻¹ for the transposed triangle.
#[track_caller]
fn by_triangle<'t, T: Float>(x: Var<'t, T>, r: Var<'t, T>, transposed: bool) -> Var<'t, T> {
    let triangle = Triangle {
        upper: !transposed,
        unit: false,
    };
    let r = if transposed { r.t() } else { r };
    r.triangle_solve(x.t(), triangle).t()
}

impl<T: Float> Op<T> for Qr {
    compiled_here!(op Qr);

    fn name(&self) -> &'static str {
        "qr"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let [m, n] = matrix("qr", &inputs[0])?;
        if m < n {
            let reason = format!("{} has more columns than rows", inputs[0]);
            return Err(ShapeError::new("qr", reason));
        }
        let mut r = inputs[0].clone();
        r.dims_mut()[inputs[0].rank() - 2] = n;
        Ok(Shapes::from_vec(vec![inputs[0].clone(), r]))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let (q, r) = linalg::qr(&Matrices::read(&inputs[0]));
        q.write(outputs[0]);
        r.write(outputs[1]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (q, r) = (rule.y(0), rule.y(1));
        let mut lower = rule.y_bar(0).map(|q_bar| -q_bar.t().matmul(q));
        if let Some(r_bar) = rule.y_bar(1) {
            let product = r.matmul(r_bar.t());
            lower = Some(lower.map_or(product, |lower| lower + product));
        }
        let Some(lower) = lower else { return };
        let turned = q.matmul(lower.tril(0) + lower.tril(-1).t());
        let inside = rule.y_bar(0).map_or(turned, |q_bar| q_bar + turned);
        rule.give(0, by_triangle(inside, r, false));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(a_dot) = rule.x_dot(0) {
            let (q, r) = (rule.y(0), rule.y(1));
            let c = by_triangle(a_dot, r, true);
            let inside = q.t().matmul(c);
            let turn = inside.tril(-1) - inside.tril(-1).t();
            rule.give(0, c - q.matmul(inside - turn));
            rule.give(1, (inside - turn).matmul(r));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    use super::solve::regular;
    // Gram's and Schmidt's columns, one after the other.
    let columns = |a: &Tensor<f64>| {
        plain::each_matrix(a, |a| {
            let (m, n) = (a.dim(0), a.dim(1));
            let k = m.min(n);
            let mut q: Vec<Vec<f64>> = Vec::new();
            for j in 0..k {
                let mut column: Vec<f64> = (0..m).map(|i| a[[i, j]]).collect();
                for _ in 0..2 {
                    for before in &q {
                        let along: f64 = before.iter().zip(&column).map(|(x, y)| x * y).sum();
                        column.iter_mut().zip(before).for_each(|(x, y)| *x -= along * y);
                    }
                }
                let norm = column.iter().map(|x| x * x).sum::<f64>().sqrt();
                q.push(column.into_iter().map(|x| x / norm).collect());
            }
            Tensor::from_fn([m, k], |at| q[at[1]][at[0]])
        })
    };
    let both = move |a: &Tensor<f64>| {
        let q = columns(a);
        let mut axes: Vec<usize> = (0..q.rank()).collect();
        axes.swap(q.rank() - 2, q.rank() - 1);
        let r = plain::product(&plain::permuted(&q, &axes), a);
        vec![q, r]
    };
    Samples::new("qr")
        .case("square", &[&[3, 3]], |x| {
            let (q, r) = regular(x[0]).qr();
            vec![q, r]
        })
        .gives(move |x| both(&plain::shifted(&x[0], 4.0)))
        .case("tall, of a batch", &[&[2, 4, 2]], |x| {
            let (q, r) = x[0].qr();
            vec![q, r]
        })
        .gives(move |x| both(&x[0]))
        .case("wide", &[&[2, 4]], |x| {
            let (q, r) = x[0].qr();
            vec![q, r]
        })
        .gives(move |x| both(&x[0]))
        .case("only q", &[&[3, 2]], |x| vec![x[0].qr().0])
        .gives(move |x| both(&x[0])[..1].to_vec())
        .case("only r", &[&[3, 2]], |x| vec![x[0].qr().1])
        .gives(move |x| both(&x[0])[1..].to_vec())
        .case("one number", &[&[1, 1]], |x| vec![x[0].qr().1])
        .gives(|x| vec![x[0].map(f64::abs)])
        .case("no column", &[&[3, 0]], |x| vec![x[0].qr().1])
        .gives(|_| vec![Tensor::zeros([0, 0])])
        .bad(&[&[3]], "qr: [3] is no matrix", |x| vec![x[0].qr().0])
}
