//! `pinv`: pseudoinverses.
//!
//! - shape: a\[…, m, n\] → p\[…, n, m\]
//! - value: p with a p a = a, p a p = p, and a p and p a symmetric
//! - rule: ā = −pᵀ p̄ pᵀ + (1 − a p) p̄ᵀ p pᵀ + pᵀ p p̄ᵀ (1 − p a)
//! - edges: a singular value counts as 0 that is at most the longer side times the type's rounding error times
//!   the greatest. Where the rank changes p jumps, and the derivative is that along matrices of the same rank. NaN and
//!   infinities make p NaN. Computed in `f64` for `f32` too
//! - source: Golub and Pereyra 1973, The Differentiation of Pseudo-Inverses and Nonlinear Least Squares Problems
//!   Whose Variables Separate

use wengert_tensor::kernels::linalg::{self, Matrices, matrix};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The pseudoinverse of Moore and Penrose. Singular values count as 0 that are at most the longer side
    /// times the type's rounding error times the greatest.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[2.0, 0.0], [0.0, 0.0], [0.0, 4.0]]));
    /// assert_eq!(a.pinv().value(), Tensor::from([[0.5, 0.0, 0.0], [0.0, 0.0, 0.25]]));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[track_caller]
    pub fn pinv(self) -> Self {
        or_panic(matrix("pinv", &self.shape()));
        self.tape().apply(Pinv, [self])
    }
}

#[derive(Clone, Copy)]
struct Pinv;

impl<T: Float> Op<T> for Pinv {
    compiled_here!(op Pinv);

    fn name(&self) -> &'static str {
        "pinv"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let [m, n] = matrix("pinv", &inputs[0])?;
        let (mut shape, rank) = (inputs[0].clone(), inputs[0].rank());
        shape.dims_mut()[rank - 2..].copy_from_slice(&[n, m]);
        Ok(Shapes::from_elem(shape, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let shape = inputs[0].shape();
        let longer = shape[shape.rank() - 2..].iter().copied().max().unwrap_or(0);
        let cut = longer as f64 * T::EPSILON.to_f64();
        linalg::pinv(&Matrices::read(&inputs[0]), cut).write(outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (a, p, bar) = (rule.x(0), rule.y(0), rule.cotangent().t());
        let left = bar.matmul(p).matmul(p.t());
        let right = p.t().matmul(p).matmul(bar);
        rule.give(0, left - a.matmul(p.matmul(left)));
        rule.give(0, right - right.matmul(p).matmul(a));
        rule.give(0, -p.t().matmul(bar.t()).matmul(p.t()));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(a_dot) = rule.x_dot(0) {
            let (a, p) = (rule.x(0), rule.y(0));
            let left = p.matmul(p.t()).matmul(a_dot.t());
            let right = a_dot.t().matmul(p.t()).matmul(p);
            let outside = left - left.matmul(a).matmul(p) + right - p.matmul(a.matmul(right));
            rule.give(0, outside - p.matmul(a_dot).matmul(p));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let turned = |x: &Tensor<f64>| {
        let mut axes: Vec<usize> = (0..x.rank()).collect();
        axes.swap(x.rank() - 2, x.rank() - 1);
        plain::permuted(x, &axes)
    };
    // (aᵀ a)⁻¹ aᵀ, of independent columns.
    let of = move |a: &Tensor<f64>| {
        let t = turned(a);
        plain::product(&plain::inverse(&plain::product(&t, a)), &t)
    };
    Samples::new("pinv")
        .case("tall, of a batch", &[&[2, 4, 2]], |x| vec![x[0].pinv()])
        .gives(move |x| vec![of(&x[0])])
        .case("wide", &[&[2, 4]], |x| vec![x[0].pinv()])
        .gives(move |x| vec![turned(&of(&turned(&x[0])))])
        .case("of rank 1", &[&[3, 1], &[1, 2]], |x| vec![x[0].matmul(x[1]).pinv()])
        .gives(move |x| {
            let squares = |x: &Tensor<f64>| x.iter().map(|x| x * x).sum::<f64>();
            let scale = squares(&x[0]) * squares(&x[1]);
            vec![turned(&plain::product(&x[0], &x[1])).map(|x| x / scale)]
        })
        .case("one number", &[&[1, 1]], |x| vec![x[0].pinv()])
        .gives(|x| vec![x[0].map(f64::recip)])
        .case("nothing", &[&[0, 3]], |x| vec![x[0].pinv()])
        .gives(|_| vec![Tensor::zeros([3, 0])])
        .bad(&[&[3]], "pinv: [3] is no matrix", |x| vec![x[0].pinv()])
}
