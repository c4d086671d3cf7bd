//! `cholesky`: positive definite matrices as products of a triangle with its transpose.
//!
//! - shape: a\[…, n, n\] → l\[…, n, n\], with zeros above the diagonal
//! - value: l with l lᵀ = ½ (a + aᵀ) and a diagonal above 0
//! - rule: ā = ½ (s + sᵀ) with s = l⁻ᵀ φ(lᵀ l̄) l⁻¹, where φ takes the lower triangle with half of its
//!   diagonal: the gradient is symmetric
//! - edges: a matrix that is not positive definite is refused, and its place in the batch and the pivot named;
//!   NaN and infinities make that l NaN. Computed in `f64` for `f32` too
//! - source: Murray 2016, Differentiation of the Cholesky decomposition

use wengert_tensor::kernels::linalg::{self, Matrices, Triangle, square};
use wengert_tensor::{Float, MatrixError, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::ready::{Ready, identity, matrices, symmetric};
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The lower triangle l, with a diagonal above 0, of which l·lᵀ is ½ (a + aᵀ) for this positive definite
    /// a. The gradient is symmetric.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let l = tape.leaf(&Tensor::from([[4.0, 2.0], [2.0, 5.0]])).cholesky();
    /// assert_eq!(l.value(), Tensor::from([[2.0, 0.0], [1.0, 2.0]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, or a matrix is not positive definite.
    #[track_caller]
    pub fn cholesky(self) -> Self {
        or_panic(self.try_cholesky())
    }

    /// [`cholesky`](Var::cholesky) of matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square.
    ///
    /// # Errors
    /// If a matrix is not positive definite. No op is recorded then.
    #[doc(alias = "cholesky_ex")]
    #[track_caller]
    pub fn try_cholesky(self) -> Result<Self, MatrixError> {
        or_panic(square("cholesky", &self.shape()));
        let l = linalg::cholesky("cholesky", matrices(self))?;
        Ok(self.tape().apply(Cholesky(Ready::new(l)), [self]))
    }

    /// The solution x of (l·lᵀ)·x = b for this lower triangle l, as [`cholesky`](Var::cholesky) makes it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let l = tape.leaf(&Tensor::from([[2.0, 0.0], [1.0, 2.0]]));
    /// assert_eq!(l.cholesky_solve(&Tensor::from([4.0, 18.0])).value(), Tensor::from([-1.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, the sizes differ, or a diagonal has a 0.
    #[doc(alias = "cho_solve")]
    #[track_caller]
    pub fn cholesky_solve(self, other: impl Operand<'t, T>) -> Self {
        let half = self.triangular_solve(other, false, false);
        self.t().triangular_solve(half, true, false)
    }
}

struct Cholesky(Ready);

/// The lower triangle, with half of its diagonal.
#[track_caller]
fn half<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    let n = x.dim(-1);
    let factor = |at: &[usize]| T::from_f64(if at[0] == at[1] { 0.5 } else { 1.0 });
    x.tril(0) * &Tensor::from_fn([n, n], factor)
}

/// l⁻ᵀ x l⁻¹.
#[track_caller]
fn between<'t, T: Float>(l: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    let upper = Triangle {
        upper: true,
        unit: false,
    };
    let left = l.t().triangle_solve(x, upper);
    l.t().triangle_solve(left.t(), upper).t()
}

impl<T: Float> Op<T> for Cholesky {
    compiled_here!(op Cholesky);

    fn name(&self) -> &'static str {
        "cholesky"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        square("cholesky", &inputs[0])?;
        Ok(Shapes::from_elem(inputs[0].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let again = || linalg::cholesky("cholesky", Matrices::read(&inputs[0])).ok();
        match self.0.take().or_else(again) {
            Some(l) => l.write(outputs[0]),
            None => outputs[0].fill(T::NAN),
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let l = rule.y(0);
        let s = between(l, half(l.t().matmul(rule.cotangent())));
        rule.give(0, symmetric(s));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(a_dot) = rule.x_dot(0) {
            let l = rule.y(0);
            let lower = Triangle {
                upper: false,
                unit: false,
            };
            let left = l.triangle_solve(symmetric(a_dot), lower);
            let inside = l.triangle_solve(left.t(), lower);
            rule.give(0, l.matmul(half(inside)));
        }
    }
}

/// x xᵀ + 2.
pub(in crate::ops) fn positive<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    x.matmul(x.t()) + 2.0 * identity(x.matmul(x.t()))
}

/// The same, of plain numbers.
pub(in crate::ops) fn positive_plain(x: &Tensor<f64>) -> Tensor<f64> {
    let mut axes: Vec<usize> = (0..x.rank()).collect();
    axes.swap(x.rank() - 2, x.rank() - 1);
    plain::shifted(&plain::product(x, &plain::permuted(x, &axes)), 2.0)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    // Row by row: what is left of a_ij by the elements before it.
    let triangle = |a: &Tensor<f64>| {
        plain::each_matrix(a, |a| {
            let n = a.dim(-1);
            let mut l = vec![vec![0.0_f64; n]; n];
            for i in 0..n {
                for j in 0..=i {
                    let before: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
                    let rest = a[[i, j]] - before;
                    l[i][j] = if i == j { rest.sqrt() } else { rest / l[j][j] };
                }
            }
            Tensor::from_fn([n, n], |at| l[at[0]][at[1]])
        })
    };
    Samples::new("cholesky")
        .case("a matrix", &[&[4, 4]], |x| vec![positive(x[0]).cholesky()])
        .gives(move |x| vec![triangle(&positive_plain(&x[0]))])
        .case("a batch", &[&[2, 3, 2]], |x| vec![positive(x[0]).cholesky()])
        .gives(move |x| vec![triangle(&positive_plain(&x[0]))])
        .case("of what is not symmetric", &[&[3, 3]], |x| vec![(x[0] + 9.0 * identity(x[0])).cholesky()])
        .gives(move |x| {
            let a = plain::shifted(&x[0], 9.0);
            let turned = plain::permuted(&a, &[1, 0]);
            vec![triangle(&a.zip_map(&turned, |a, b| 0.5 * a + 0.5 * b))]
        })
        .case("solved with", &[&[3, 3], &[3, 2]], |x| {
            vec![positive(x[0]).cholesky().cholesky_solve(x[1])]
        })
        .gives(|x| vec![plain::product(&plain::inverse(&positive_plain(&x[0])), &x[1])])
        .case("one number", &[&[1, 1]], |x| vec![positive(x[0]).cholesky()])
        .gives(|x| vec![x[0].map(|x| (x * x + 2.0).sqrt())])
        .case("nothing", &[&[2, 0, 0]], |x| vec![x[0].cholesky()])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[2, 3]], "cholesky: [2, 3] is no square matrix", |x| vec![x[0].cholesky()])
        .bad(&[&[3, 2, 2]], "cholesky: the matrix [0] of the batch is not positive definite: pivot 1 is 0", |x| {
            vec![x[0].cholesky()]
        })
        .bad(&[&[1, 1]], "cholesky: the matrix is not positive definite: pivot 0 is -1", |x| {
            vec![(-x[0]).cholesky()]
        })
}
