//! `matmul`: the product of matrices.
//!
//! - shape: a\[…, n, k\], b\[…, k, m\] → c\[…, n, m\], batch axes broadcast; a vector is a row on the
//!   left and a column on the right, and its axis disappears
//! - value: c_ij = Σ_k a_ik b_kj
//! - rule: ā = c̄ bᵀ, b̄ = aᵀ c̄
//! - edges: everywhere smooth; a sum over nothing is 0
//! - source: Giles 2008, Collected matrix derivative results, 2.2.2

use wengert_tensor::kernels::product;
use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::walk::direct::Direct;
use crate::record::node::NEEDS;
use crate::record::op::{Op, Shapes};
use crate::walk::reverse::Reverse;
use super::affine;
use crate::formula::affine_rows::{self, Beside};
use crate::walk::tangent::Tangent;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The matrix product with `other`, of any rank.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let c = tape.ones([7, 3, 4]).matmul(tape.ones([4, 2]));
    /// assert_eq!(c.shape(), [7, 3, 2]);
    /// assert_eq!(c.value().get(&[0, 0, 0]), Some(4.0));
    /// ```
    ///
    /// # Panics
    /// If the inner sizes differ, the batch axes do not broadcast, or an operand is a scalar.
    #[track_caller]
    pub fn matmul(self, other: impl Operand<'t, T>) -> Self {
        let tape = self.tape();
        let other = other.on(tape);
        let (row, column) = (self.rank() == 1, other.rank() == 1);
        if !row && !column {
            return affine::record(Matmul, &[(self, other)], None, &[], Beside::NOTHING, &mut |_, _, _, _| {});
        }
        // The message of a wrong shape names the operands as the user has them.
        if let Err(error) = matmul_shape(&self.shape(), &other.shape()) {
            panic!("{error}");
        }
        let a = if row { self.unsqueeze(0) } else { self };
        let b = if column { other.unsqueeze(-1) } else { other };
        let mut c = tape.apply(Matmul, [a, b]);
        if column {
            c = c.squeeze(-1);
        }
        if row {
            c = c.squeeze(if column { -1 } else { -2 });
        }
        c
    }
}

/// The shape of a matrix product.
///
/// # Errors
/// If the inner sizes differ, the batch axes do not broadcast, or an operand is a scalar.
///
/// ```
/// use wengert_tape::ops::matmul_shape;
/// use wengert_tensor::Shape;
/// let error = matmul_shape(&Shape::from([3, 4]), &Shape::from([5, 6])).unwrap_err();
/// assert_eq!(error.to_string(), "matmul: inner sizes differ: [3, 4] x [5, 6]");
/// ```
pub fn matmul_shape(a: &Shape, b: &Shape) -> Result<Shape, ShapeError> {
    a.matmul(b)
}

#[derive(Clone, Copy)]
struct Matmul;

impl<T: Float> Op<T> for Matmul {
    compiled_here!(op Matmul);

    fn name(&self) -> &'static str {
        "matmul"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(matmul_shape(&inputs[0], &inputs[1])?, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let layout = Layout::contiguous(product::shape(inputs[0].shape(), inputs[1].shape()));
        product::multiply(outputs[0], &layout, &inputs[0], &inputs[1], false);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (a, b, c_bar) = (rule.x(0), rule.x(1), rule.cotangent());
        if rule.needs(0) {
            rule.give_product(0, c_bar, b.t());
        }
        if rule.needs(1) {
            if b.rank() == 2 && a.rank() > 2 {
                // One matrix for many rows: one product over all of them, not one a batch index.
                rule.give_product(1, affine_rows::flat(a).t(), affine_rows::flat(c_bar));
            } else {
                rule.give_product(1, a.t(), c_bar);
            }
        }
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        let (list, flow, id) = (direct.list, &mut *direct.flow, direct.id);
        let Some(c_bar) = flow.bars[id as usize].take() else {
            return true;
        };
        let [a, b, _] = list.nodes[id as usize].inputs;
        if list.nodes[b as usize].rank == 2 {
            affine_rows::pull_product(list, flow, id, &c_bar, a, b);
        } else {
            let needs = |input: u32| list.nodes[input as usize].flags & NEEDS != 0;
            let view = View::contiguous(&c_bar, list.shape(id));
            if needs(a) {
                flow.accumulate_product(list, a, &view, &affine_rows::transposed(&list.view(b)));
            }
            if needs(b) {
                flow.accumulate_product(list, b, &affine_rows::transposed(&list.view(a)), &view);
            }
        }
        flow.pool.give(c_bar);
        true
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(a_dot) = rule.x_dot(0) {
            rule.give(0, a_dot.matmul(rule.x(1)));
        }
        if let Some(b_dot) = rule.x_dot(1) {
            rule.give(0, rule.x(0).matmul(b_dot));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("matmul")
        .case("matrices", &[&[3, 4], &[4, 5]], |x| vec![x[0].matmul(x[1])])
        .case("batches", &[&[2, 3, 4], &[2, 4, 5]], |x| vec![x[0].matmul(x[1])])
        .case("one for all", &[&[2, 3, 4], &[4, 5]], |x| vec![x[0].matmul(x[1])])
        .case("broadcast", &[&[3, 1, 3, 4], &[2, 4, 2]], |x| vec![x[0].matmul(x[1])])
        .case("vectors", &[&[4], &[4]], |x| vec![x[0].matmul(x[1])])
        .gives(|x| {
            let (row, column) = (plain::reshaped(&x[0], &[1, 4]), plain::reshaped(&x[1], &[4, 1]));
            vec![plain::reshaped(&plain::product(&row, &column), &[])]
        })
        .case("matrix and vector", &[&[3, 4], &[4]], |x| vec![x[0].matmul(x[1])])
        .gives(|x| {
            let column = plain::reshaped(&x[1], &[4, 1]);
            vec![plain::reshaped(&plain::product(&x[0], &column), &[3])]
        })
        .case("vector and matrix", &[&[4], &[4, 2]], |x| vec![x[0].matmul(x[1])])
        .gives(|x| {
            let row = plain::reshaped(&x[0], &[1, 4]);
            vec![plain::reshaped(&plain::product(&row, &x[1]), &[2])]
        })
        .case("transposed", &[&[4, 3], &[5, 4]], |x| vec![x[0].t().matmul(x[1].t())])
        .gives(|x| {
            let [a, b] = [&x[0], &x[1]].map(|x| plain::permuted(x, &[1, 0]));
            vec![plain::product(&a, &b)]
        })
        .case("no inner, batches", &[&[2, 3, 0], &[0, 2]], |x| vec![x[0].matmul(x[1])])
        .case("no rows", &[&[0, 4], &[4, 3]], |x| vec![x[0].matmul(x[1])])
        .case("no inner", &[&[3, 0], &[0, 2]], |x| vec![x[0].matmul(x[1])])
        .reference(|x| vec![plain::product(&x[0], &x[1])])
        .bad(&[&[3, 4], &[5, 6]], "matmul: inner sizes differ: [3, 4] x [5, 6]", |x| {
            vec![x[0].matmul(x[1])]
        })
}
