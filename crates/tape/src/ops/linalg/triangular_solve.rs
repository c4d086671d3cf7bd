//! `triangular_solve`: systems with a triangle.
//!
//! - shape: a\[…, n, n\], b\[…, n, m\] → x\[…, n, m\], batch axes broadcast; a vector b is a column, and its axis
//!   disappears
//! - value: x with t x = b, where t is the upper or the lower triangle of a, with 1 on the diagonal if `unit`
//! - rule: b̄ = t⁻ᵀ x̄, ā = −b̄ xᵀ in the triangle and 0 elsewhere
//! - edges: a triangle with a 0 on its diagonal is refused, and its place in the batch named; what is not in the
//!   triangle is not looked at, be it NaN. Computed in `f64` for `f32` too
//! - source: Giles 2008, Collected matrix derivative results, 2.3.1

use wengert_tensor::kernels::linalg::{self, Matrices, Triangle, solution};
use wengert_tensor::{Float, MatrixError, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::ready::{lead, matrices};
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

const NAME: &str = "triangular_solve";

impl<'t, T: Float> Var<'t, T> {
    /// The solution x of a·x = b, where the upper or the lower triangle of this a is read, and its diagonal
    /// is taken to be 1 if `unit`; batch axes broadcast, and a vector b is a column.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[2.0, 9.0], [1.0, 4.0]]));
    /// let x = a.triangular_solve(&Tensor::from([4.0, 10.0]), false, false);
    /// assert_eq!(x.value(), Tensor::from([2.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, the sizes differ, the batch axes do not broadcast, or a diagonal has a 0.
    #[doc(alias = "solve_triangular")]
    #[track_caller]
    pub fn triangular_solve(self, other: impl Operand<'t, T>, upper: bool, unit: bool) -> Self {
        or_panic(self.try_triangular_solve(other, upper, unit))
    }

    /// [`triangular_solve`](Var::triangular_solve) with matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square, the sizes differ, or the batch axes do not broadcast.
    ///
    /// # Errors
    /// If a diagonal has a 0. No op is recorded then.
    #[track_caller]
    pub fn try_triangular_solve(
        self,
        other: impl Operand<'t, T>,
        upper: bool,
        unit: bool,
    ) -> Result<Self, MatrixError> {
        let other = other.on(self.tape());
        or_panic(solution(NAME, &self.shape(), &other.shape()));
        let triangle = Triangle { upper, unit };
        matrices(self).check_triangles(NAME, triangle)?;
        Ok(match other.rank() {
            1 => self.triangle_solve(other.unsqueeze(-1), triangle).squeeze(-1),
            _ => self.triangle_solve(other, triangle),
        })
    }

    /// The solution; NaN where the diagonal has a 0.
    #[track_caller]
    pub(in crate::ops) fn triangle_solve(self, b: Self, triangle: Triangle) -> Self {
        self.tape().apply(TriangularSolve(triangle), [self, b])
    }
}

#[derive(Clone, Copy)]
struct TriangularSolve(Triangle);

impl TriangularSolve {
    /// The elements of the triangle.
    #[track_caller]
    fn within<'t, T: Float>(self, x: Var<'t, T>) -> Var<'t, T> {
        let off = isize::from(self.0.unit);
        if self.0.upper { x.triu(off) } else { x.tril(-off) }
    }
}

impl<T: Float> Op<T> for TriangularSolve {
    compiled_here!(op TriangularSolve);

    fn name(&self) -> &'static str {
        NAME
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(solution(NAME, &inputs[0], &inputs[1])?, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let shape = solution(NAME, inputs[0].shape(), inputs[1].shape());
        let batch = lead(&shape.expect("the shape rule checked"));
        let [a, b] = [0, 1].map(|k| Matrices::read(&inputs[k]));
        linalg::triangular_solve(&a, &b, &batch, self.0).write(outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let turned = Triangle {
            upper: !self.0.upper,
            ..self.0
        };
        let b_bar = rule.x(0).t().triangle_solve(rule.cotangent(), turned);
        if rule.needs(0) {
            rule.give(0, self.within(-b_bar.matmul(rule.y(0).t())));
        }
        if rule.needs(1) {
            rule.give(1, b_bar);
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let solved = |b| rule.x(0).triangle_solve(b, self.0);
        if let Some(a_dot) = rule.x_dot(0) {
            rule.give(0, -solved(self.within(a_dot).matmul(rule.y(0))));
        }
        if let Some(b_dot) = rule.x_dot(1) {
            rule.give(0, solved(b_dot));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    use super::solve::regular;
    let solved = |x: &[Tensor<f64>], upper: bool, unit: bool| {
        let a = plain::shifted(&x[0], 4.0);
        let t = Tensor::from_fn(a.shape(), |at| {
            let (i, j) = (at[at.len() - 2], at[at.len() - 1]);
            let inside = if upper { i <= j } else { i >= j };
            if unit && i == j {
                1.0
            } else if inside {
                plain::at(&a, at)
            } else {
                0.0
            }
        });
        vec![plain::product(&plain::inverse(&t), &x[1])]
    };
    Samples::new(NAME)
        .case("lower", &[&[3, 3], &[3, 2]], |x| {
            vec![regular(x[0]).triangular_solve(x[1], false, false)]
        })
        .gives(move |x| solved(x, false, false))
        .case("upper, of a batch", &[&[2, 3, 3], &[3, 3]], |x| {
            vec![regular(x[0]).triangular_solve(x[1], true, false)]
        })
        .gives(move |x| solved(x, true, false))
        .case("upper, with ones", &[&[3, 3], &[2, 3, 2]], |x| {
            vec![regular(x[0]).triangular_solve(x[1], true, true)]
        })
        .gives(move |x| solved(x, true, true))
        .case("lower, with ones", &[&[3, 3], &[3, 1]], |x| {
            vec![regular(x[0]).triangular_solve(x[1], false, true)]
        })
        .gives(move |x| solved(x, false, true))
        .case("a vector", &[&[3, 3], &[3]], |x| {
            vec![regular(x[0]).triangular_solve(x[1], false, false)]
        })
        .gives(move |x| {
            let column = plain::reshaped(&x[1], &[3, 1]);
            vec![plain::reshaped(&solved(&[x[0].clone(), column], false, false)[0], &[3])]
        })
        .case("nothing", &[&[0, 0], &[0, 2]], |x| vec![x[0].triangular_solve(x[1], true, false)])
        .gives(|x| vec![x[1].clone()])
        .bad(&[&[2, 3], &[2]], "triangular_solve: [2, 3] is no square matrix", |x| {
            vec![x[0].triangular_solve(x[1], true, false)]
        })
        .bad(&[&[2, 2], &[2]], "triangular_solve: the matrix is singular: pivot 0 is 0", |x| {
            vec![(x[0] - 1.0).triangular_solve(x[1], true, false)]
        })
}
