//! `affine`: products with matrices and a bias, into one value.
//!
//! - shape: x_k\[…, I_k\], w_k\[I_k, O\], b\[O\] → y\[…, O\]; the outer axes of all x_k are the same
//! - value: y = Σ_k x_k w_k + b
//! - rule: x̄_k = ȳ w_kᵀ, w̄_k = x_kᵀ ȳ over all rows, b̄ = ȳ summed over all rows
//! - edges: everywhere smooth; nothing is stored but y
//! - source: Giles 2008, Collected matrix derivative results, 2.2.2

use std::panic::Location;

use smallvec::SmallVec;
use wengert_tensor::kernels::copy;
use wengert_tensor::kernels::product;
use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::walk::direct::Direct;
use crate::record::op::{Op, Shapes};
use crate::walk::buffer_pool::Buffer;
use crate::walk::reverse::Reverse;
use crate::formula::affine_rows::{self, Beside, Finish};
use crate::record::node::{Id, NONE};
use crate::record::recording::{Recorder, refused};
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The sum of the products x·w and the bias: a linear layer, or all that flows into the gates
    /// of a recurrent cell, in one value.
    ///
    /// Each `x` is \[…, I\] with its own I and the same outer axes, each `w` \[I, O\], the bias
    /// \[O\]; the result is \[…, O\].
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let (x, h) = (tape.ones([7, 3]), tape.ones([7, 2]));
    /// let (w, u, b) = (tape.ones([3, 4]), tape.ones([2, 4]), tape.ones([4]));
    /// let y = Var::affine(&[(x, w), (h, u)], Some(b));
    /// assert_eq!(y.shape(), [7, 4]);
    /// assert_eq!(y.value().get(&[0, 0]), Some(6.0));
    /// ```
    ///
    /// # Panics
    /// If there is no product, a `w` is no matrix, inner or outer sizes differ, the outer axes
    /// differ, or the bias has not the outer size.
    #[track_caller]
    pub fn affine(products: &[(Self, Self)], bias: Option<Self>) -> Self {
        record(Affine, products, bias, &[], Beside::NOTHING, &mut |_, _, _, _| {})
    }
}

const NAME: &str = "affine";

/// Records an op that begins as `affine` does, with other inputs, and returns its first output.
#[track_caller]
pub(in crate::ops) fn record<'t, T: Float, O: Op<T>>(
    op: O,
    products: &[(Var<'t, T>, Var<'t, T>)],
    bias: Option<Var<'t, T>>,
    others: &[Var<'t, T>],
    beside: Beside,
    finish: &mut Finish<'_, T>,
) -> Var<'t, T> {
    let location = Location::caller();
    let Some((first, _)) = products.first() else {
        panic!("{}", ShapeError::new(op.name(), "there is no product"));
    };
    let tape = first.tape();
    let inner = &mut *tape.inner.borrow_mut_for(op.name());
    let mut ids: SmallVec<[Id; 12]> = SmallVec::new();
    // Closures would lose the caller's line.
    for &(x, w) in products {
        ids.push(x.check(tape, inner));
        ids.push(w.check(tape, inner));
    }
    if let Some(bias) = bias {
        ids.push(bias.check(tape, inner));
    }
    for x in others {
        ids.push(x.check(tape, inner));
    }
    let mut first = NONE;
    op.hand_over(&mut |mut waiting| {
        let recorder = &mut Recorder { inner, location };
        first = affine_rows::record(recorder, &mut waiting, &ids, beside, finish);
    });
    if first == NONE {
        refused(inner);
    }
    Var::new(tape, first, inner.epoch)
}

/// Pairs of inputs x and w, and the bias if their number is odd.
#[derive(Clone, Copy)]
struct Affine;

impl<T: Float> Op<T> for Affine {
    compiled_here!(op Affine);

    fn name(&self) -> &'static str {
        NAME
    }

    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        shapes(NAME, inputs)
    }

    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        forward(inputs, outputs[0]);
    }

    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        reverse(rule, rule.arity(), rule.cotangent());
    }

    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        if let Some(y_bar) = direct.flow.bars[direct.id as usize].take() {
            pull(direct, direct.list.inputs(direct.id).len(), y_bar);
        }
        true
    }

    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(y_dot) = tangent(rule, rule.arity()) {
            rule.give(0, y_dot);
        }
    }
}

/// The shape rule, for an op of this name.
pub(in crate::ops) fn shapes(name: &'static str, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
    let refuse = |reason: String| Err(ShapeError::new(name, reason));
    let (pairs, bias) = inputs.as_chunks::<2>();
    let Some([first, first_w]) = pairs.first() else {
        return refuse("there is no product".to_owned());
    };
    for [x, w] in pairs {
        if x.is_empty() || w.rank() != 2 {
            return refuse(format!("a row times a matrix is expected: {x} x {w}"));
        }
        if x[x.rank() - 1] != w[0] {
            return refuse(format!("inner sizes differ: {x} x {w}"));
        }
        if x[..x.rank() - 1] != first[..first.rank() - 1] {
            return refuse(format!("outer axes differ: {first} and {x}"));
        }
        if w[1] != first_w[1] {
            return refuse(format!("outer sizes differ: {first_w} and {w}"));
        }
    }
    if let [bias] = bias
        && bias[..] != first_w[1..]
    {
        return refuse(format!("the bias {bias} does not fit {first_w}"));
    }
    let mut shape = first.clone();
    let last = shape.rank() - 1;
    shape.dims_mut()[last] = first_w[1];
    Ok(Shapes::from_elem(shape, 1))
}

/// The sum of the products and the bias.
pub(in crate::ops) fn forward<T: Float>(inputs: &[View<'_, T>], y: &mut [T]) {
    let (pairs, bias) = inputs.as_chunks::<2>();
    let cols = pairs[0][1].shape()[1];
    if y.is_empty() {
        return;
    }
    let mut add = false;
    if let [bias] = bias {
        copy(bias, &mut y[..cols]);
        let (first, rest) = y.split_at_mut(cols);
        for row in rest.chunks_exact_mut(cols) {
            row.copy_from_slice(first);
        }
        add = true;
    }
    for [x, w] in pairs {
        if !affine_rows::multiply(y, x, w, add) {
            let mut shape = x.shape().clone();
            let last = shape.rank() - 1;
            shape.dims_mut()[last] = cols;
            product::multiply(y, &Layout::contiguous(shape), x, w, add);
        }
        add = true;
    }
}

/// The reverse rule, where `y_bar` flows back into the sum of the first `arity` inputs.
pub(in crate::ops) fn reverse<'t, T: Float>(rule: &Reverse<'t, '_, T>, arity: usize, y_bar: Var<'t, T>) {
    let y_rows = affine_rows::flat(y_bar);
    for k in (0..arity - 1).step_by(2) {
        if rule.needs(k) {
            let rank = y_bar.rank();
            let y_bar = if rank == 1 { y_rows } else { y_bar };
            rule.give_product(k, y_bar, rule.x(k + 1).t());
        }
        if rule.needs(k + 1) {
            rule.give_product(k + 1, affine_rows::flat(rule.x(k)).t(), y_rows);
        }
    }
    if arity % 2 == 1 {
        rule.give(arity - 1, y_bar);
    }
}

/// The same from a buffer into buffers.
pub(in crate::ops) fn pull<T: Float>(direct: &mut Direct<'_, T>, arity: usize, y_bar: Buffer<T>) {
    let (list, flow, id) = (direct.list, &mut *direct.flow, direct.id);
    let (pairs, bias) = list.inputs(id)[..arity].as_chunks::<2>();
    for &[x, w] in pairs {
        affine_rows::pull_product(list, flow, id, &y_bar, x, w);
    }
    if let &[bias] = bias {
        affine_rows::pull_bias(list, flow, id, &y_bar, bias);
    }
    flow.pool.give(y_bar);
}

/// The tangent of the sum of the first `arity` inputs.
pub(in crate::ops) fn tangent<'t, T: Float>(rule: &Tangent<'t, '_, T>, arity: usize) -> Option<Var<'t, T>> {
    let mut sum: Option<Var<'t, T>> = None;
    let mut add = |term: Var<'t, T>| sum = Some(sum.map_or(term, |sum| sum + term));
    for k in (0..arity - 1).step_by(2) {
        if let Some(x_dot) = rule.x_dot(k) {
            add(x_dot.matmul(rule.x(k + 1)));
        }
        if let Some(w_dot) = rule.x_dot(k + 1) {
            add(rule.x(k).matmul(w_dot));
        }
    }
    if arity % 2 == 1
        && let Some(bias_dot) = rule.x_dot(arity - 1)
    {
        add(bias_dot.expand(rule.y_shape(0)));
    }
    sum
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new(NAME)
        .case("one product", &[&[3, 4], &[4, 2], &[2]], |x| {
            vec![Var::affine(&[(x[0], x[1])], Some(x[2]))]
        })
        .case(
            "two products",
            &[&[3, 4], &[4, 2], &[3, 5], &[5, 2], &[2]],
            |x| vec![Var::affine(&[(x[0], x[1]), (x[2], x[3])], Some(x[4]))],
        )
        .gives(|x| vec![plain::affine(&[(&x[0], &x[1]), (&x[2], &x[3])], Some(&x[4]))])
        .case("no bias", &[&[3, 4], &[4, 2], &[3, 1], &[1, 2]], |x| {
            vec![Var::affine(&[(x[0], x[1]), (x[2], x[3])], None)]
        })
        .gives(|x| vec![plain::affine(&[(&x[0], &x[1]), (&x[2], &x[3])], None)])
        .case("outer axes", &[&[2, 3, 4], &[4, 5], &[5]], |x| {
            vec![Var::affine(&[(x[0], x[1])], Some(x[2]))]
        })
        .case("a row", &[&[4], &[4, 2], &[2]], |x| {
            vec![Var::affine(&[(x[0], x[1])], Some(x[2]))]
        })
        .case("slices", &[&[3, 5, 4], &[8, 2], &[3, 2, 4], &[2]], |x| {
            let (step, both) = (x[0].select(1, 2), x[2].transpose(0, 1));
            let one = Var::affine(&[(step, x[1].slice(0, ..4))], Some(x[3]));
            vec![one, Var::affine(&[(both, x[1].slice(0, 4..))], Some(x[3]))]
        })
        .gives(|x| {
            let step = plain::pick(&x[0], &[3, 4], |at| vec![at[0], 2, at[1]]);
            let both = plain::permuted(&x[2], &[1, 0, 2]);
            let [low, high] = [0, 4].map(|row| plain::sliced(&x[1], 0, row, 4, 1));
            let bias = Some(&x[3]);
            vec![plain::affine(&[(&step, &low)], bias), plain::affine(&[(&both, &high)], bias)]
        })
        .case("used twice", &[&[3, 3], &[3]], |x| {
            vec![Var::affine(&[(x[0], x[0]), (x[0].t(), x[0])], Some(x[1]))]
        })
        .gives(|x| {
            let turned = plain::permuted(&x[0], &[1, 0]);
            vec![plain::affine(&[(&x[0], &x[0]), (&turned, &x[0])], Some(&x[1]))]
        })
        .case("the same factor three times", &[&[5, 6], &[6, 6], &[6]], |x| {
            let next = |y| Var::affine(&[(y, x[1])], Some(x[2]));
            vec![next(next(next(x[0])))]
        })
        .gives(|x| {
            let next = |y: &_| plain::affine(&[(y, &x[1])], Some(&x[2]));
            vec![next(&next(&next(&x[0])))]
        })
        .case("no rows", &[&[0, 4], &[4, 2], &[2]], |x| {
            vec![Var::affine(&[(x[0], x[1])], Some(x[2]))]
        })
        .case("no inner", &[&[2, 3, 0], &[0, 2], &[2]], |x| {
            vec![Var::affine(&[(x[0], x[1])], Some(x[2]))]
        })
        .reference(|x| vec![plain::affine(&[(&x[0], &x[1])], Some(&x[2]))])
        .bad(
            &[&[3, 4], &[5, 6]],
            "affine: inner sizes differ: [3, 4] x [5, 6]",
            |x| vec![Var::affine(&[(x[0], x[1])], None)],
        )
        .bad(
            &[&[3, 4], &[4, 6], &[5]],
            "affine: the bias [5] does not fit [4, 6]",
            |x| vec![Var::affine(&[(x[0], x[1])], Some(x[2]))],
        )
        .bad(
            &[&[3, 4], &[4, 6], &[2, 4]],
            "affine: outer axes differ: [3, 4] and [2, 4]",
            |x| vec![Var::affine(&[(x[0], x[1]), (x[2], x[1])], None)],
        )
}
