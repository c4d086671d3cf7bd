//! `det`: determinants.
//!
//! - shape: a\[…, n, n\] → d\[…\]
//! - value: d = det a
//! - rule: ā = d̄ adj(a)ᵀ with the adjugate adj(a), which is d a⁻¹ where a has an inverse
//! - edges: smooth everywhere, and so are its derivatives here, of any order: where a matrix is singular, or half of
//!   its digits are lost, the adjugate is computed from singular vectors, without dividing by d. That of no
//!   rows is 1. No product on the way leaves the range. Computed in `f64` for `f32` too
//! - source: Giles 2008, Collected matrix derivative results, 2.2.4; Stewart 1998, On the Adjugate Matrix

use std::sync::Arc;

use wengert_tensor::kernels::linalg::{Factors, Matrices, square};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::ready::{factors, identity, lead, over_matrix};
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The determinant. Derivatives of any order are right at singular matrices too.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[1.0, 2.0], [2.0, 4.0]]));
    /// let d = a.det();
    /// assert_eq!(d.item(), 0.0);
    /// let a_bar = d.backward().wrt(a).unwrap();
    /// assert!(a_bar.allclose(&Tensor::from([[4.0, -2.0], [-2.0, 1.0]]), 1e-14, 1e-14));
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[doc(alias = "determinant")]
    #[track_caller]
    pub fn det(self) -> Self {
        or_panic(square("det", &self.shape()));
        let factors = factors(self);
        self.tape().apply(Det { factors }, [self])
    }
}

/// The factors are those of the value that the matrix has when the op is recorded.
#[derive(Clone)]
struct Det {
    factors: Arc<Factors>,
}

impl Det {
    /// adj(a)ᵀ, whose elements are the cofactors of a.
    #[track_caller]
    fn cofactors<'t, T: Float>(&self, a: Var<'t, T>, d: Var<'t, T>) -> Var<'t, T> {
        match self.factors.nearly_singular() {
            true => adjugate(a).t(),
            false => over_matrix(d) * a.solve_by(identity(a), self.factors.clone(), true),
        }
    }
}

/// The adjugates of matrices of which some are singular or nearly so: those of one rank together.
#[track_caller]
fn adjugate<'t, T: Float>(a: Var<'t, T>) -> Var<'t, T> {
    let (shape, n) = (a.shape(), a.dim(-1) as isize);
    let flat = a.reshape(&[-1, n, n]);
    let (u, s, vt) = flat.value().svd();
    let values: Vec<f64> = s.iter().map(Float::to_f64).collect();
    let mut ranks = Vec::new();
    for row in values.chunks(n as usize) {
        let least = row[0] * T::EPSILON.to_f64().sqrt();
        ranks.push(row.iter().filter(|x| **x > least || x.is_nan()).count());
    }
    let (mut parts, mut order) = (Vec::new(), Vec::<i64>::new());
    for rank in 0..=n as usize {
        let of_it = (0..ranks.len()).filter(|&k| ranks[k] == rank);
        let numbers: Vec<i64> = of_it.map(|k| k as i64).collect();
        if !numbers.is_empty() {
            order.extend(&numbers);
            let numbers = Tensor::from(numbers);
            let [u, vt] = [&u, &vt].map(|x| x.index_select(0, &numbers));
            parts.push(of_rank(flat.index_select(0, &numbers), &u, &vt, rank));
        }
    }
    let mut places = vec![0; order.len()];
    for (at, &number) in order.iter().enumerate() {
        places[number as usize] = at as i64;
    }
    let all = Var::cat(&parts, 0).index_select(0, &Tensor::from(places));
    let dims: Vec<isize> = shape.iter().map(|&dim| dim as isize).collect();
    all.reshape(&dims)
}

/// The adjugate of matrices with so many singular values that are not small, by their singular vectors.
///
/// With these as constants, m = uᵀ a v is diagonal, and det a is ± det m. Its first rows and columns are
/// inverted; what is left, which is small, is only multiplied.
#[track_caller]
fn of_rank<'t, T: Float>(
    a: Var<'t, T>,
    u: &Tensor<T>,
    vt: &Tensor<T>,
    rank: usize,
) -> Var<'t, T> {
    let tape = a.tape();
    let sign = (u.det() * vt.det()).map(|x| if x < T::ZERO { -T::ONE } else { T::ONE });
    let (u, vt) = (tape.constant(u), tape.constant(vt));
    let m = u.t().matmul(a).matmul(vt.t());
    let (top, bottom) = (m.slice(-2, ..rank), m.slice(-2, rank..));
    let (m11, m12) = (top.slice(-1, ..rank), top.slice(-1, rank..));
    let (m21, m22) = (bottom.slice(-1, ..rank), bottom.slice(-1, rank..));
    let p = m11.solve_by(identity(m11), factors(m11), false);
    let (right, left) = (p.matmul(m12), m21.matmul(p));
    let (d, adj) = small_adjugate(m22 - m21.matmul(right));
    let corner = over_matrix(d) * p + right.matmul(adj).matmul(left);
    let above = Var::cat(&[corner, -right.matmul(adj)], -1);
    let below = Var::cat(&[-adj.matmul(left), adj], -1);
    let whole = Var::cat(&[above, below], -2) * over_matrix(m11.det());
    let turned = vt.t().matmul(whole).matmul(u.t());
    turned * over_matrix(tape.constant(&sign))
}

/// The determinant and the adjugate of a matrix, by sums and products alone.
///
/// Source: Faddeev and Faddeeva 1963, Computational Methods of Linear Algebra.
#[track_caller]
fn small_adjugate<'t, T: Float>(s: Var<'t, T>) -> (Var<'t, T>, Var<'t, T>) {
    let n = s.dim(-1);
    let one = identity(s);
    let mut power = s.tape().zeros(s.shape());
    let mut coefficient = s.tape().ones(lead(&s.shape()));
    for k in 1..=n {
        power = s.matmul(power) + over_matrix(coefficient) * one;
        coefficient = -s.matmul(power).trace() / k as f64;
    }
    match n % 2 {
        0 => (coefficient, -power),
        _ => (-coefficient, power),
    }
}

impl<T: Float> Op<T> for Det {
    compiled_here!(op Det);

    fn name(&self) -> &'static str {
        "det"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        square("det", &inputs[0])?;
        Ok(Shapes::from_elem(lead(&inputs[0]), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let d = Factors::new(Matrices::read(&inputs[0])).det();
        for (y, d) in outputs[0].iter_mut().zip(d) {
            *y = T::from_f64(d);
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let d_bar = over_matrix(rule.cotangent());
        rule.give(0, Var::absorb(d_bar, self.cofactors(rule.x(0), rule.y(0))));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(a_dot) = rule.x_dot(0) {
            let cofactors = self.cofactors(rule.x(0), rule.y(0));
            rule.give(0, Var::absorb(a_dot, cofactors).sum_axes(&[-2, -1], false));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("det")
        .case("a matrix", &[&[3, 3]], |x| vec![x[0].det()])
        .case("two rows", &[&[2, 2]], |x| vec![x[0].det()])
        .case("a batch", &[&[2, 3, 3]], |x| vec![x[0].det()])
        .case("one number", &[&[1, 1]], |x| vec![x[0].det()])
        .case("nothing", &[&[2, 0, 0]], |x| vec![x[0].det()])
        .reference(|x| vec![plain::det(&x[0])])
        .case("of rank 2", &[&[3, 2], &[2, 3]], |x| vec![x[0].matmul(x[1]).det()])
        .gives(|x| vec![plain::det(&plain::product(&x[0], &x[1]))])
        .bad(&[&[2, 3]], "det: [2, 3] is no square matrix", |x| vec![x[0].det()])
}
