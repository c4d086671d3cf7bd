//! `stack`: values of one shape joined along a new axis.
//!
//! - shape: x₀\[s\], x₁\[s\], … → y\[s with their number as a new axis\]
//! - value: y at position k of the axis is x_k
//! - rule: x̄_k is ȳ at position k
//! - edges: everywhere smooth
//! - source: NumPy's `stack`

use smallvec::SmallVec;
use wengert_tensor::kernels::write_into;
use wengert_tensor::{Float, Layout, Shape, ShapeError, Tensor, View};

use super::cat::moving_or_zeros;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::direct::Direct;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The values, all of one shape, joined along a new axis at position `axis` of the result.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let steps = [tape.zeros([2, 3]), tape.ones([2, 3])];
    /// assert_eq!(Var::stack(&steps, 1).shape(), [2, 2, 3]);
    /// assert_eq!(Var::stack(&steps, -1).shape(), [2, 3, 2]);
    /// ```
    ///
    /// # Panics
    /// If there is nothing to join, the axis is out of range, or the shapes differ.
    #[track_caller]
    pub fn stack(parts: &[Self], axis: isize) -> Self {
        let Some(first) = parts.first() else {
            or_panic(Shape::stack(&[], axis));
            unreachable!("the shape rule refuses to join nothing");
        };
        first.tape().apply_all(Stack { axis }, parts)[0]
    }
}

#[derive(Clone, Copy)]
struct Stack {
    axis: isize,
}

impl<T: Float> Op<T> for Stack {
    compiled_here!(op Stack);

    fn name(&self) -> &'static str {
        "stack"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        // Of many equal shapes one says it all, without a list.
        if let [first, rest @ ..] = inputs
            && rest.iter().all(|shape| shape == first)
        {
            let one = Shape::stack(&[first], self.axis)?;
            let axis = self.axis.rem_euclid(one.rank() as isize) as usize;
            let dims = one.iter().enumerate();
            let shape = dims.map(|(k, &dim)| if k == axis { inputs.len() } else { dim }).collect();
            return Ok(Shapes::from_elem(shape, 1));
        }
        let inputs: SmallVec<[&Shape; 8]> = inputs.iter().collect();
        Ok(Shapes::from_elem(Shape::stack(&inputs, self.axis)?, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let mut shape = inputs[0].shape().clone();
        let rank = shape.rank() as isize + 1;
        shape.insert(self.axis.rem_euclid(rank) as usize, inputs.len());
        let whole = Layout::contiguous(shape);
        for (k, x) in inputs.iter().enumerate() {
            let part = whole.selected(self.axis, k as isize);
            write_into(outputs[0], &part.expect("a position for every part"), x);
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        for k in 0..rule.arity() {
            if rule.needs(k) {
                rule.give(k, rule.cotangent().select(self.axis, k as isize));
            }
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        rule.give(0, rule.tape().apply_all(*self, &moving_or_zeros(rule))[0]);
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        direct.give_regions(|whole, k, _| {
            let part = whole.selected(self.axis, k as isize);
            part.expect("a position for every part")
        })
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |parts: &[&Tensor<f64>], axis: usize| {
        let mut shape = parts[0].shape().to_vec();
        shape.insert(axis, parts.len());
        vec![Tensor::from_fn(shape, |at| {
            let mut inner = at.to_vec();
            let part = inner.remove(axis);
            plain::at(parts[part], &inner)
        })]
    };
    Samples::new("stack")
        .case("outer", &[&[2, 3], &[2, 3]], |x| vec![Var::stack(x, 0)])
        .gives(move |x| value(&[&x[0], &x[1]], 0))
        .case("inner, four of them", &[&[2], &[2], &[2], &[2]], |x| vec![Var::stack(x, -1)])
        .gives(move |x| value(&[&x[0], &x[1], &x[2], &x[3]], 1))
        .case("scalars", &[&[], &[], &[]], |x| vec![Var::stack(x, 0)])
        .gives(move |x| value(&[&x[0], &x[1], &x[2]], 0))
        .case("middle, twice the same", &[&[2, 3], &[2, 3]], |x| {
            vec![Var::stack(&[x[0], x[1], x[0]], 1)]
        })
        .gives(move |x| value(&[&x[0], &x[1], &x[0]], 1))
        .case("of views", &[&[2, 3], &[3, 3]], |x| {
            vec![Var::stack(&[x[0].t(), x[1].slice(1, 1..)], 1)]
        })
        .gives(move |x| {
            let (one, two) = (plain::permuted(&x[0], &[1, 0]), plain::sliced(&x[1], 1, 1, 2, 1));
            value(&[&one, &two], 1)
        })
        .case("of nothing", &[&[0, 2], &[0, 2]], |x| vec![Var::stack(x, 1)])
        .gives(|_| vec![Tensor::zeros([0, 2, 2])])
        .bad(&[&[2, 3], &[2, 4]], "stack: the shapes differ: [2, 3] and [2, 4]", |x| {
            vec![Var::stack(x, 0)]
        })
        .bad(&[&[2]], "stack: axis 2 is out of range for a new axis in [2]", |x| {
            vec![Var::stack(x, 2)]
        })
        .bad(&[&[2]], "stack: there is nothing to join", |_| vec![Var::stack(&[], 0)])
}
