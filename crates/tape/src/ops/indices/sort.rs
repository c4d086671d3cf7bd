//! `sort`: elements in order along an axis, other values carried along; the greatest or least few.
//!
//! - shape: x₀\[s\], x₁\[s\], … → y₀\[s\], y₁\[s\], …, and the positions \[s\]; `topk` keeps k of the axis
//! - value: y₀ is x₀ in order, and y_k is x_k in the order of x₀
//! - rule: x̄_k is ȳ_k put back to where its elements came from
//! - edges: equal elements keep their order, and the gradient goes the way that the value took; NaN
//!   counts as the greatest
//! - source: the transpose of a permutation; PyTorch's `sort` and `topk`

use wengert_tensor::kernels::each;
use wengert_tensor::{Tensor, kernels};
use wengert_tensor::{Float, Shape, ShapeError, View};

use crate::ops::integers::compare::with_view;
use super::scatter_add::scatter;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::walk::direct::Direct;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The elements in order along `axis`, and the positions that they came from. Gradients flow
    /// through the values; there is none for positions.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([2.0, 3.0, 1.0]));
    /// let (values, indices) = x.sort(0, false);
    /// assert_eq!(values.value().to_vec(), [1.0, 2.0, 3.0]);
    /// assert_eq!(indices.to_vec(), [2, 0, 1]);
    /// let weighted = (values * &Tensor::from([1.0, 10.0, 100.0])).sum();
    /// assert_eq!(weighted.backward().wrt(x).unwrap().to_vec(), [10.0, 100.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn sort(self, axis: isize, descending: bool) -> (Self, Tensor<i64>) {
        let (values, [], positions) = self.sort_with(axis, descending, []);
        (values, positions)
    }

    /// The elements in order along `axis`, the values `others`, of the same shape, in the order of
    /// this one, and the positions that they came from.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let distance = tape.leaf(&Tensor::from([0.5, 0.1]));
    /// let weight = tape.leaf(&Tensor::from([7.0, 8.0]));
    /// let (near, [weights], _) = distance.sort_with(0, false, [weight]);
    /// assert_eq!(near.value().to_vec(), [0.1, 0.5]);
    /// assert_eq!(weights.value().to_vec(), [8.0, 7.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or the shapes differ.
    #[track_caller]
    pub fn sort_with<const N: usize>(
        self,
        axis: isize,
        descending: bool,
        others: [Self; N],
    ) -> (Self, [Self; N], Tensor<i64>) {
        let (axis, positions) = self.order("sort", axis, descending);
        let op = Sort {
            axis,
            positions: positions.clone(),
        };
        let mut inputs = vec![self];
        inputs.extend(others);
        let outputs = self.tape().apply_all(op, &inputs);
        (outputs[0], each(|k| outputs[k + 1]), positions)
    }

    /// The `k` greatest elements along `axis`, the greatest first, or the `k` least, the least
    /// first, and the positions that they came from.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 4.0, 3.0], [9.0, 8.0, 7.0]]));
    /// let (values, indices) = x.topk(2, -1, true);
    /// assert_eq!(values.value().to_rows(), [[4.0, 3.0], [9.0, 8.0]]);
    /// assert_eq!(indices.to_rows(), [[1, 2], [0, 1]]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has fewer than `k` elements.
    #[track_caller]
    pub fn topk(self, k: usize, axis: isize, largest: bool) -> (Self, Tensor<i64>) {
        let (axis, positions) = self.order("topk", axis, largest);
        let len = positions.shape()[axis];
        if k > len {
            let reason = format!("axis {axis} of {} has no {k} elements", positions.shape());
            or_panic::<(), _>(Err(ShapeError::new("topk", reason)));
        }
        let positions = positions.slice(axis as isize, ..k).contiguous();
        let op = Sort {
            axis,
            positions: positions.clone(),
        };
        (self.tape().apply(op, [self]), positions)
    }

    /// The positions along an axis in the order of the elements.
    #[track_caller]
    fn order(self, op: &'static str, axis: isize, descending: bool) -> (usize, Tensor<i64>) {
        let axis = or_panic(self.shape().axis(op, axis));
        let positions = with_view(self, |x| {
            let mut values = vec![T::ZERO; x.shape().size()];
            let mut positions = vec![0; values.len()];
            kernels::sort(&x, axis, descending, &mut values, &mut positions);
            Tensor::from_vec(positions, x.shape().clone())
        });
        (axis, positions.expect("a position for every element"))
    }
}

/// Every input in one order. The order is fixed when the op is recorded, so that its rules, of any
/// order, speak of the same permutation.
struct Sort {
    axis: usize,
    positions: Tensor<i64>,
}

impl Sort {
    fn again(&self) -> Sort {
        Sort {
            axis: self.axis,
            positions: self.positions.clone(),
        }
    }
}

impl<T: Float> Op<T> for Sort {
    compiled_here!(op Sort);

    fn name(&self) -> &'static str {
        "sort"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        if let Some(other) = inputs.iter().find(|x| **x != inputs[0]) {
            let reason = format!("the shapes differ: {} and {other}", inputs[0]);
            return Err(ShapeError::new("sort", reason));
        }
        Ok(Shapes::from_elem(self.positions.shape().clone(), inputs.len()))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        for (x, y) in inputs.iter().zip(outputs) {
            kernels::gather(x, self.axis, &self.positions.view(), y)
                .expect("a position is within its axis");
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        for k in 0..rule.arity() {
            if let Some(y_bar) = rule.y_bar(k)
                && rule.needs(k)
            {
                rule.give(k, scatter(y_bar, self.axis, &self.positions, rule.x_shape(k)));
            }
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        for k in 0..rule.arity() {
            if let Some(x_dot) = rule.x_dot(k) {
                rule.give(k, rule.tape().apply(self.again(), [x_dot]));
            }
        }
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        direct.list.inputs(direct.id).len() == 1
            && direct.add_to_input(|x_bar, shape, y_bar| {
                kernels::scatter_add(x_bar, shape, self.axis, &self.positions.view(), y_bar)
                    .expect("a position is within its axis");
            })
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    // `other` in the order that sorts `keys`.
    let ordered = |keys: &Tensor<f64>, axis: usize, descending: bool, other: &Tensor<f64>| {
        plain::pick(other, keys.shape(), |at| {
            let on_line = |k: usize| {
                let mut at = at.to_vec();
                at[axis] = k;
                at
            };
            let mut order: Vec<usize> = (0..keys.shape()[axis]).collect();
            order.sort_by(|&a, &b| {
                let [a, b] = [a, b].map(|k| plain::at(keys, &on_line(k)));
                if descending { b.total_cmp(&a) } else { a.total_cmp(&b) }
            });
            on_line(order[at[axis]])
        })
    };
    let sorted = move |x: &Tensor<f64>, axis, descending| ordered(x, axis, descending, x);
    Samples::new("sort")
        .case("a vector", &[&[7]], |x| vec![x[0].sort(0, false).0])
        .gives(move |x| vec![sorted(&x[0], 0, false)])
        .case("inner, descending", &[&[3, 4]], |x| vec![x[0].sort(-1, true).0])
        .gives(move |x| vec![sorted(&x[0], 1, true)])
        .case("outer", &[&[4, 2, 3]], |x| vec![x[0].sort(0, false).0])
        .gives(move |x| vec![sorted(&x[0], 0, false)])
        .case("of a view", &[&[3, 4]], |x| vec![x[0].t().slice(0, 1..).sort(1, false).0])
        .gives(move |x| {
            let part = plain::sliced(&plain::permuted(&x[0], &[1, 0]), 0, 1, 3, 1);
            vec![sorted(&part, 1, false)]
        })
        .case("with another", &[&[3, 4], &[3, 4]], |x| {
            let (keys, [others], _) = x[0].sort_with(1, false, [x[1]]);
            vec![keys, others]
        })
        .gives(move |x| vec![sorted(&x[0], 1, false), ordered(&x[0], 1, false, &x[1])])
        .case("only the other is used", &[&[5], &[5]], |x| {
            let (_, [others], _) = x[0].sort_with(0, true, [x[1]]);
            vec![others]
        })
        .gives(move |x| vec![ordered(&x[0], 0, true, &x[1])])
        .case("the greatest two", &[&[3, 5]], |x| vec![x[0].topk(2, 1, true).0])
        .gives(move |x| vec![plain::sliced(&sorted(&x[0], 1, true), 1, 0, 2, 1)])
        .case("the least of a column", &[&[4, 2]], |x| vec![x[0].topk(1, 0, false).0])
        .gives(move |x| vec![plain::sliced(&sorted(&x[0], 0, false), 0, 0, 1, 1)])
        .case("nothing", &[&[0, 3]], |x| vec![x[0].sort(0, false).0])
        .gives(|_| vec![Tensor::zeros([0, 3])])
        .bad(&[&[2, 3]], "sort: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].sort(2, false).0]
        })
        .bad(&[&[2], &[3]], "sort: the shapes differ: [2] and [3]", |x| {
            vec![x[0].sort_with(0, false, [x[1]]).0]
        })
        .bad(&[&[2, 3]], "topk: axis 1 of [2, 3] has no 4 elements", |x| {
            vec![x[0].topk(4, 1, true).0]
        })
}
