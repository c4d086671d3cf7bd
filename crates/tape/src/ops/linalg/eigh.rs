//! `eigh`: eigenvalues and eigenvectors of symmetric matrices.
//!
//! - shape: a\[…, n, n\] → λ\[…, n\], v\[…, n, n\]
//! - value: ½ (a + aᵀ) v = v diag(λ), λ in ascending order, vᵀ v = 1, each column of v with a sign of its own
//! - rule: ā = v (diag(λ̄) + f ∘ (vᵀ v̄)) vᵀ, made symmetric, with f_ij = 1 / (λ_j − λ_i)
//! - edges: where eigenvalues are equal to rounding, what flows into them is shared equally, which is right for
//!   every function in which they count alike. Their vectors have no derivative there: the gradient is NaN where
//!   something flows into these, and at second order also where it flows into the values. NaN and infinities
//!   make both NaN. Computed in `f64` for `f32` too
//! - source: Giles 2008, Collected matrix derivative results, 3.1

use wengert_tensor::kernels::linalg::{self, Matrices, square};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use super::cholesky::positive_plain;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::ready::{Ties, symmetric};
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The eigenvalues of ½ (a + aᵀ) in ascending order, and the eigenvectors, as columns.
    ///
    /// A vector is as good as its negative: the first of its elements that is at least half as great as the
    /// greatest is not negative. Where eigenvalues are equal, any turn of their vectors is as good, and
    /// vectors have no derivative; see `docs/edges.md`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[3.0, 0.0], [0.0, 2.0]]));
    /// let (values, vectors) = a.eigh();
    /// assert_eq!(values.value(), Tensor::from([2.0, 3.0]));
    /// assert_eq!(vectors.value(), Tensor::from([[0.0, 1.0], [1.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[doc(alias = "symeig")]
    #[track_caller]
    pub fn eigh(self) -> (Self, Self) {
        or_panic(square("eigh", &self.shape()));
        let both = self.tape().apply_all(Eigh, &[self]);
        (both[0], both[1])
    }

    /// The eigenvalues of ½ (a + aᵀ) in ascending order.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::eye(2));
    /// let greatest = a.eigvalsh().select(0, -1);
    /// // Both are the greatest.
    /// assert_eq!(greatest.backward().wrt(a).unwrap(), Tensor::eye(2) * 0.5);
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[track_caller]
    pub fn eigvalsh(self) -> Self {
        or_panic(square("eigvalsh", &self.shape()));
        self.eigh().0
    }
}

#[derive(Clone, Copy)]
struct Eigh;

/// λ_j − λ_i.
#[track_caller]
fn gaps<'t, T: Float>(values: Var<'t, T>) -> Var<'t, T> {
    values.unsqueeze(-2) - values.unsqueeze(-1)
}

impl<T: Float> Op<T> for Eigh {
    compiled_here!(op Eigh);

    fn name(&self) -> &'static str {
        "eigh"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        square("eigh", &inputs[0])?;
        let mut values = inputs[0].clone();
        values.remove(inputs[0].rank() - 1);
        Ok(Shapes::from_vec(vec![values, inputs[0].clone()]))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let (values, vectors) = linalg::eigh(&Matrices::read(&inputs[0]));
        values.write(outputs[0]);
        vectors.write(outputs[1]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (values, v) = (rule.y(0), rule.y(1));
        let ties = Ties::new(&values.value(), values.dim(-1));
        let mut inside = rule.y_bar(0).map(|bar| ties.share(bar).diag_embed(0));
        if let Some(v_bar) = rule.y_bar(1) {
            let turned = ties.divide(v.t().matmul(v_bar), gaps(values));
            inside = Some(inside.map_or(turned, |inside| inside + turned));
        }
        if let Some(inside) = inside {
            rule.give(0, symmetric(v.matmul(inside).matmul(v.t())));
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(a_dot) = rule.x_dot(0) {
            let (values, v) = (rule.y(0), rule.y(1));
            let ties = Ties::new(&values.value(), values.dim(-1));
            let inside = v.t().matmul(symmetric(a_dot)).matmul(v);
            rule.give(0, ties.share(inside.diagonal(0, -2, -1)));
            rule.give(1, v.matmul(ties.divide(inside, gaps(values))));
        }
    }
}

/// A symmetric matrix whose eigenvalues are apart.
#[track_caller]
fn spread<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    let n = x.dim(-1);
    let steps = Tensor::from_fn([n, n], |at| {
        T::from_f64(if at[0] == at[1] { 6.0 * at[0] as f64 } else { 0.0 })
    });
    symmetric(x) + &steps
}

fn spread_plain(x: &Tensor<f64>) -> Tensor<f64> {
    plain::each_matrix(x, |x| {
        Tensor::from_fn(x.shape(), |at| {
            let step = if at[0] == at[1] { 6.0 * at[0] as f64 } else { 0.0 };
            0.5 * (x[[at[0], at[1]]] + x[[at[1], at[0]]]) + step
        })
    })
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("eigh")
        .case("two values and vectors", &[&[2, 2]], |x| {
            let (values, vectors) = spread(x[0]).eigh();
            vec![values, vectors * vectors]
        })
        .gives(|x| {
            // The roots of the characteristic equation, and the squares of the half angle's cosine.
            let a = spread_plain(&x[0]);
            let (mean, half, off) = (
                0.5 * (a[[0, 0]] + a[[1, 1]]),
                0.5 * (a[[1, 1]] - a[[0, 0]]),
                a[[0, 1]],
            );
            let root = half.hypot(off);
            let (near, far) = (0.5 + 0.5 * half / root, 0.5 - 0.5 * half / root);
            vec![
                Tensor::from([mean - root, mean + root]),
                Tensor::from([[near, far], [far, near]]),
            ]
        })
        .case("what they make", &[&[3, 3]], |x| {
            let (values, v) = spread(x[0]).eigh();
            let cubes = values * values * values;
            vec![
                (v * values.unsqueeze(-2)).matmul(v.t()),
                (v * cubes.unsqueeze(-2)).matmul(v.t()),
                v.t().matmul(v),
            ]
        })
        .gives(|x| {
            let a = spread_plain(&x[0]);
            let cube = plain::product(&plain::product(&a, &a), &a);
            vec![a, cube, plain::shifted(&Tensor::zeros([3, 3]), 1.0)]
        })
        .case("a batch", &[&[2, 3, 3]], |x| {
            let (values, v) = spread(x[0]).eigh();
            vec![(v * values.unsqueeze(-2)).matmul(v.t())]
        })
        .gives(|x| vec![spread_plain(&x[0])])
        .case("the values alone", &[&[3, 2]], |x| {
            let values = (spread(x[0].matmul(x[0].t())) + 0.0).eigvalsh();
            vec![values.sum(), (values * values).sum()]
        })
        .gives(|x| {
            let shift = positive_plain(&x[0]);
            let a = spread_plain(&plain::shifted(&shift, -2.0));
            let square = plain::product(&a, &a);
            let trace = |a: &Tensor<f64>| Tensor::scalar((0..3).map(|k| a[[k, k]]).sum());
            vec![trace(&a), trace(&square)]
        })
        .case("one number", &[&[1, 1]], |x| {
            let (values, vectors) = x[0].eigh();
            vec![values, vectors]
        })
        .gives(|x| vec![plain::reshaped(&x[0], &[1]), Tensor::ones([1, 1])])
        .case("nothing", &[&[0, 0]], |x| vec![x[0].eigh().1])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[2, 3]], "eigh: [2, 3] is no square matrix", |x| vec![x[0].eigh().0])
        .bad(&[&[2]], "eigvalsh: [2] is no square matrix", |x| vec![x[0].eigvalsh()])
}
