//! `gather`: one element for each index along an axis.
//!
//! - shape: x\[s\], index\[u\] of the rank of s, nowhere larger beside the axis → y\[u\]
//! - value: y_ijk = x_(i, index_ijk, k) for axis 1, and so for the others
//! - rule: x̄ is the sum of the ȳ at the places that they came from, 0 elsewhere
//! - edges: everywhere smooth in x; an index named twice adds up; negative ones count from the end
//! - source: the transpose of a choice of elements; PyTorch's `gather`

use wengert_tensor::kernels::{self, check_gather, check_indices};
use wengert_tensor::{Float, IndexError, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::walk::direct::Direct;
use crate::walk::part::Part;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The elements at `index` along `axis`: `y[i, j] = x[i, index[i, j]]` for axis 1 of a matrix.
    /// The index has this value's rank and gives the result its shape. No gradient flows into
    /// indices.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// let y = x.gather(1, &Tensor::from([[1], [0]]));
    /// assert_eq!(y.value().to_rows(), [[2.0], [3.0]]);
    /// let bar = y.sum().backward().wrt(x).unwrap();
    /// assert_eq!(bar.to_rows(), [[0.0, 1.0], [1.0, 0.0]]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    #[doc(alias = "take_along_axis")]
    #[track_caller]
    pub fn gather(self, axis: isize, index: &Tensor<i64>) -> Self {
        let axis = or_panic(self.shape().axis("gather", axis));
        self.gathered(axis, index)
    }

    #[track_caller]
    pub(in crate::ops) fn gathered(self, axis: usize, index: &Tensor<i64>) -> Self {
        let index = index.clone();
        self.tape().apply(Gather { axis, index }, [self])
    }
}

/// An index out of range, as a shape rule says it: the message is the same.
pub(in crate::ops) fn out_of_range(error: IndexError) -> ShapeError {
    let IndexError {
        op,
        index,
        axis,
        shape,
    } = error;
    ShapeError::new(op, format!("index {index} is out of range for axis {axis} of {shape}"))
}

struct Gather {
    axis: usize,
    index: Tensor<i64>,
}

impl<T: Float> Op<T> for Gather {
    compiled_here!(op Gather);

    fn name(&self) -> &'static str {
        "gather"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        check_gather("gather", &inputs[0], self.axis, self.index.shape())?;
        check_indices("gather", &inputs[0], self.axis, &self.index.view()).map_err(out_of_range)?;
        Ok(Shapes::from_elem(self.index.shape().clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::gather(&inputs[0], self.axis, &self.index.view(), outputs[0])
            .expect("the shape rule checked the indices");
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (axis, index) = (self.axis, self.index.clone());
        rule.give_part(0, Part::Elements { axis, index }, rule.cotangent());
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.gathered(self.axis, &self.index));
        }
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        direct.add_to_input(|x_bar, shape, y_bar| {
            kernels::scatter_add(x_bar, shape, self.axis, &self.index.view(), y_bar)
                .expect("the shape rule checked the indices");
        })
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis: usize, index: &Tensor<i64>| {
        vec![Tensor::from_fn(index.shape(), |at| {
            let mut from = at.to_vec();
            from[axis] = plain::wrapped(plain::index_at(index, at), x.shape()[axis]);
            plain::at(x, &from)
        })]
    };
    let one = || Tensor::from([[1], [3], [-1]]);
    let twice = || Tensor::from([2, 0, 2, -4, 2]);
    let outer = || Tensor::from([[2, 0], [1, 0], [2, 2], [0, 1], [-1, 2]]);
    let middle = || Tensor::from([0, 2, 1, 1]).reshape(&[2, 1, 2]);
    let view = || Tensor::from([[3, 3], [0, 1]]);
    let nothing = || Tensor::<i64>::zeros([3, 0]);
    Samples::new("gather")
        .case("one a row", &[&[3, 4]], move |x| vec![x[0].gather(1, &one())])
        .gives(move |x| value(&x[0], 1, &one()))
        .case("twice the same", &[&[4]], move |x| vec![x[0].gather(0, &twice())])
        .gives(move |x| value(&x[0], 0, &twice()))
        .case("outer, fewer rows", &[&[3, 4]], move |x| vec![x[0].gather(0, &outer())])
        .gives(move |x| value(&x[0], 0, &outer()))
        .case("middle", &[&[2, 3, 2]], move |x| vec![x[0].gather(1, &middle())])
        .gives(move |x| value(&x[0], 1, &middle()))
        .case("of a view", &[&[4, 3]], move |x| vec![x[0].t().slice(0, 1..).gather(1, &view())])
        .gives(move |x| {
            let part = plain::sliced(&plain::permuted(&x[0], &[1, 0]), 0, 1, 2, 1);
            value(&part, 1, &view())
        })
        .case("nothing", &[&[3, 4]], move |x| vec![x[0].gather(1, &nothing())])
        .gives(move |x| value(&x[0], 1, &nothing()))
        .bad(&[&[2, 3]], "gather: index 3 is out of range for axis 1 of [2, 3]", |x| {
            vec![x[0].gather(1, &Tensor::from([[0], [3]]))]
        })
        .bad(&[&[2, 3]], "gather: an index of shape [2] does not fit [2, 3] beside axis 1", |x| {
            vec![x[0].gather(1, &Tensor::from([0, 1]))]
        })
        .bad(&[&[2, 3]], "gather: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].gather(2, &Tensor::from([[0], [1]]))]
        })
}
