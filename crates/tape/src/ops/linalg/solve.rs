//! `solve`: systems of linear equations.
//!
//! - shape: a\[…, n, n\], b\[…, n, m\] → x\[…, n, m\], batch axes broadcast; a vector b is a column, and its axis
//!   disappears
//! - value: x with a x = b
//! - rule: b̄ = a⁻ᵀ x̄, ā = −b̄ xᵀ, by the factors that the value was computed with
//! - edges: a matrix with a pivot of exactly 0 is refused, and its place in the batch named; one that is nearly
//!   singular is not. NaN and infinities make x of that matrix NaN. Computed in `f64` for `f32` too
//! - source: Giles 2008, Collected matrix derivative results, 2.3.1

use std::sync::Arc;

use wengert_tensor::kernels::linalg::{Factors, Matrices, solution, square};
use wengert_tensor::{Float, MatrixError, Shape, ShapeError, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::ready::{factors, identity, lead};
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The solution x of a·x = b for this square a; batch axes broadcast, and a vector b is a column.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[2.0, 1.0], [0.0, 4.0]]));
    /// let x = a.solve(&Tensor::from([4.0, 8.0]));
    /// assert_eq!(x.value(), Tensor::from([1.0, 2.0]));
    /// let a_bar = x.sum().backward().wrt(a).unwrap();
    /// assert_eq!(a_bar, Tensor::from([[-0.5, -1.0], [-0.125, -0.25]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, the sizes differ, the batch axes do not broadcast, or a matrix is singular.
    #[track_caller]
    pub fn solve(self, other: impl Operand<'t, T>) -> Self {
        or_panic(self.try_solve(other))
    }

    /// [`solve`](Var::solve) with matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square, the sizes differ, or the batch axes do not broadcast.
    ///
    /// # Errors
    /// If a matrix is singular. No op is recorded then.
    #[track_caller]
    pub fn try_solve(self, other: impl Operand<'t, T>) -> Result<Self, MatrixError> {
        let other = other.on(self.tape());
        or_panic(solution("solve", &self.shape(), &other.shape()));
        let factors = factors(self);
        factors.check("solve")?;
        Ok(match other.rank() {
            1 => self.solve_by(other.unsqueeze(-1), factors, false).squeeze(-1),
            _ => self.solve_by(other, factors, false),
        })
    }

    /// The inverse. A system is solved more exactly, and faster, by [`solve`](Var::solve).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[2.0, 1.0], [0.0, 4.0]]));
    /// assert_eq!(a.inverse().value(), Tensor::from([[0.5, -0.125], [0.0, 0.25]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, or a matrix is singular.
    #[doc(alias = "inv")]
    #[track_caller]
    pub fn inverse(self) -> Self {
        or_panic(self.try_inverse())
    }

    /// [`inverse`](Var::inverse) of matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square.
    ///
    /// # Errors
    /// If a matrix is singular. No op is recorded then.
    #[doc(alias = "inv_ex")]
    #[track_caller]
    pub fn try_inverse(self) -> Result<Self, MatrixError> {
        or_panic(square("inverse", &self.shape()));
        let factors = factors(self);
        factors.check("inverse")?;
        Ok(self.solve_by(identity(self), factors, false))
    }

    /// The solution with the matrix or its transpose, whose factors are given; NaN for a singular one.
    #[track_caller]
    pub(in crate::ops) fn solve_by(self, b: Self, factors: Arc<Factors>, transposed: bool) -> Self {
        let op = Solve {
            factors,
            transposed,
        };
        self.tape().apply(op, [self, b])
    }
}

/// The factors are those of the value that the matrix has when the op is recorded, so that its rules, of any
/// order, need none of their own.
#[derive(Clone)]
struct Solve {
    factors: Arc<Factors>,
    transposed: bool,
}

impl Solve {
    #[track_caller]
    fn turned<'t, T: Float>(&self, a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
        a.solve_by(b, self.factors.clone(), !self.transposed)
    }
}

impl<T: Float> Op<T> for Solve {
    compiled_here!(op Solve);

    fn name(&self) -> &'static str {
        "solve"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(solution("solve", &inputs[0], &inputs[1])?, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let shape = solution("solve", inputs[0].shape(), inputs[1].shape());
        let batch = lead(&shape.expect("the shape rule checked"));
        let x = self.factors.solve(&Matrices::read(&inputs[1]), &batch, self.transposed);
        x.write(outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let x = rule.y(0);
        let b_bar = self.turned(rule.x(0), rule.cotangent());
        if rule.needs(0) {
            let (left, right) = if self.transposed { (x, b_bar) } else { (b_bar, x) };
            rule.give_product(0, -left, right.t());
        }
        if rule.needs(1) {
            rule.give(1, b_bar);
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let solved = |b| rule.x(0).solve_by(b, self.factors.clone(), self.transposed);
        if let Some(a_dot) = rule.x_dot(0) {
            let a_dot = if self.transposed { a_dot.t() } else { a_dot };
            rule.give(0, -solved(a_dot.matmul(rule.y(0))));
        }
        if let Some(b_dot) = rule.x_dot(1) {
            rule.give(0, solved(b_dot));
        }
    }
}

/// A matrix far from singular.
pub(in crate::ops) fn regular<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    x + 4.0 * identity(x)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let solved = |x: &[wengert_tensor::Tensor<f64>]| {
        vec![plain::product(&plain::inverse(&plain::shifted(&x[0], 4.0)), &x[1])]
    };
    Samples::new("solve")
        .case("matrices", &[&[3, 3], &[3, 2]], |x| vec![regular(x[0]).solve(x[1])])
        .gives(solved)
        .case("a batch, one for all", &[&[2, 3, 3], &[3, 3]], |x| vec![regular(x[0]).solve(x[1])])
        .gives(solved)
        .case("one matrix for a batch", &[&[2, 2], &[3, 2, 1]], |x| vec![regular(x[0]).solve(x[1])])
        .gives(solved)
        .case("a vector", &[&[3, 3], &[3]], |x| vec![regular(x[0]).solve(x[1])])
        .gives(move |x| {
            let column = plain::reshaped(&x[1], &[3, 1]);
            vec![plain::reshaped(&solved(&[x[0].clone(), column])[0], &[3])]
        })
        .case("with exchanged rows", &[&[3, 3], &[3, 2]], |x| {
            vec![regular(x[0]).flip(&[0]).solve(x[1].flip(&[0]))]
        })
        .gives(solved)
        .case("the transpose", &[&[3, 3], &[3, 2]], |x| vec![regular(x[0].t()).solve(x[1])])
        .gives(move |x| solved(&[plain::permuted(&x[0], &[1, 0]), x[1].clone()]))
        .case("inverse", &[&[2, 3, 3]], |x| vec![regular(x[0]).inverse()])
        .gives(|x| vec![plain::inverse(&plain::shifted(&x[0], 4.0))])
        .case("one number", &[&[1, 1], &[1, 1]], |x| vec![regular(x[0]).solve(x[1])])
        .gives(solved)
        .case("nothing", &[&[0, 0], &[0, 2]], |x| vec![x[0].solve(x[1])])
        .gives(|x| vec![x[1].clone()])
        .case("no column", &[&[3, 3], &[3, 0]], |x| vec![regular(x[0]).solve(x[1])])
        .gives(|x| vec![x[1].clone()])
        .bad(&[&[2, 3], &[2]], "solve: [2, 3] is no square matrix", |x| vec![x[0].solve(x[1])])
        .bad(&[&[2, 2], &[3]], "solve: sizes differ: [2, 2] and [3]", |x| vec![x[0].solve(x[1])])
        .bad(&[&[3, 2, 2], &[2]], "solve: the matrix [0] of the batch is singular: pivot 1 is 0", |x| {
            vec![x[0].solve(x[1])]
        })
        .bad(&[&[2, 2]], "inverse: the matrix is singular: pivot 1 is 0", |x| vec![x[0].inverse()])
}
