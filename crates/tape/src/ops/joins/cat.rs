//! `cat`: values joined along an axis.
//!
//! - shape: x₀\[…, n₀, …\], x₁\[…, n₁, …\], … → y\[…, n₀ + n₁ + …, …\]
//! - value: y holds the x_k one after the other
//! - rule: x̄_k is the part of ȳ that x_k went to
//! - edges: everywhere smooth; a part may have length 0
//! - source: NumPy's `concatenate`

use smallvec::SmallVec;
use wengert_tensor::kernels::write_into;
use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::direct::Direct;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The values joined along `axis`, in which alone their shapes may differ.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let y = Var::cat(&[tape.zeros([2, 3]), tape.ones([2, 1])], -1);
    /// assert_eq!(y.value().to_rows(), [[0.0, 0.0, 0.0, 1.0]; 2]);
    /// ```
    ///
    /// # Panics
    /// If there is nothing to join, the axis is out of range, or the shapes differ beside it.
    #[doc(alias = "concat")]
    #[doc(alias = "concatenate")]
    #[track_caller]
    pub fn cat(parts: &[Self], axis: isize) -> Self {
        let Some(first) = parts.first() else {
            or_panic(Shape::cat(&[], axis));
            unreachable!("the shape rule refuses to join nothing");
        };
        let axis = or_panic(first.shape().axis("cat", axis));
        first.tape().apply_all(Cat { axis }, parts)[0]
    }
}

#[derive(Clone, Copy)]
struct Cat {
    axis: usize,
}

impl Cat {
    /// The layout of a part of a whole, which starts where the part before it ends.
    fn part(&self, whole: &Layout, start: &mut usize, part: &Shape) -> Layout {
        let from = *start as isize;
        *start += part[self.axis];
        let part = whole.sliced(self.axis as isize, from, *start as isize, 1);
        part.expect("the parts make up the whole")
    }
}

impl<T: Float> Op<T> for Cat {
    compiled_here!(op Cat);

    fn name(&self) -> &'static str {
        "cat"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let inputs: SmallVec<[&Shape; 8]> = inputs.iter().collect();
        Ok(Shapes::from_elem(Shape::cat(&inputs, self.axis as isize)?, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let mut shape = inputs[0].shape().clone();
        shape.dims_mut()[self.axis] = inputs.iter().map(|x| x.shape()[self.axis]).sum();
        let whole = Layout::contiguous(shape);
        let mut start = 0;
        for x in inputs {
            write_into(outputs[0], &self.part(&whole, &mut start, x.shape()), x);
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent();
        let mut start = 0;
        for k in 0..rule.arity() {
            let stop = start + rule.x_shape(k)[self.axis] as isize;
            if rule.needs(k) {
                rule.give(k, y_bar.slice(self.axis as isize, start..stop));
            }
            start = stop;
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        rule.give(0, rule.tape().apply_all(*self, &moving_or_zeros(rule))[0]);
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        let mut start = 0;
        direct.give_regions(|whole, _, part| self.part(whole, &mut start, part))
    }
}

/// The tangent of every input, zeros for one that does not move.
pub(in crate::ops) fn moving_or_zeros<'t, T: Float>(rule: &Tangent<'t, '_, T>) -> Vec<Var<'t, T>> {
    let dot = |k| match rule.x_dot(k) {
        Some(x_dot) => x_dot,
        None => rule.tape().zeros(rule.x(k).shape()),
    };
    (0..rule.arity()).map(dot).collect()
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("cat")
        .case("inner", &[&[2, 3], &[2, 1]], |x| vec![Var::cat(x, -1)])
        .gives(|x| vec![plain::joined(&[&x[0], &x[1]], 1)])
        .case("outer", &[&[1, 3], &[2, 3]], |x| vec![Var::cat(x, 0)])
        .gives(|x| vec![plain::joined(&[&x[0], &x[1]], 0)])
        .case("middle, four of them", &[&[2, 1, 2], &[2, 3, 2], &[2, 0, 2], &[2, 2, 2]], |x| {
            vec![Var::cat(x, 1)]
        })
        .gives(|x| vec![plain::joined(&[&x[0], &x[1], &x[2], &x[3]], 1)])
        .case("one", &[&[3]], |x| vec![Var::cat(x, 0)])
        .gives(|x| vec![x[0].clone()])
        .case("twice the same", &[&[3], &[2]], |x| vec![Var::cat(&[x[0], x[1], x[0]], 0)])
        .gives(|x| vec![plain::joined(&[&x[0], &x[1], &x[0]], 0)])
        .case("of views", &[&[2, 3], &[3, 4]], |x| {
            vec![Var::cat(&[x[0].t(), x[1].slice(1, 1..3)], 1)]
        })
        .gives(|x| {
            let (left, right) = (plain::permuted(&x[0], &[1, 0]), plain::sliced(&x[1], 1, 1, 2, 1));
            vec![plain::joined(&[&left, &right], 1)]
        })
        .bad(&[&[2, 3], &[2, 4]], "cat: [2, 3] and [2, 4] differ beside axis 0", |x| {
            vec![Var::cat(x, 0)]
        })
        .bad(&[&[2, 3]], "cat: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![Var::cat(x, 2)]
        })
        .bad(&[&[2]], "cat: there is nothing to join", |_| vec![Var::cat(&[], 0)])
}
