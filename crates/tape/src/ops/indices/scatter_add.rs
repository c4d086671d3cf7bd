//! `scatter_add`: elements added at the places that indices name along an axis.
//!
//! - shape: x\[s\], index\[u\] and src\[u\], of the rank of s and nowhere larger beside the axis → y\[s\]
//! - value: y = x, then y_(i, index_ijk, k) += src_ijk for axis 1, and so for the others
//! - rule: x̄ = ȳ, and the cotangent of src is ȳ gathered at the indices
//! - edges: everywhere smooth; places that coincide add up, in the order of src
//! - source: the transpose of `gather`; PyTorch's `scatter_add`

use wengert_tensor::kernels::{self, check_gather, check_indices};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use super::gather::out_of_range;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// This value with each element of `src` added at the place that `index` names along `axis`:
    /// `y[i, index[i, j]] += src[i, j]` for axis 1 of a matrix. Index and source have one shape.
    /// No gradient flows into indices.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let src = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// let y = tape.zeros([3]).scatter_add(0, &Tensor::from([0, 2, 0]), src);
    /// assert_eq!(y.value().to_vec(), [4.0, 0.0, 2.0]);
    /// assert_eq!((y * y).sum().backward().wrt(src).unwrap().to_vec(), [8.0, 4.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    #[track_caller]
    pub fn scatter_add(self, axis: isize, index: &Tensor<i64>, src: impl Operand<'t, T>) -> Self {
        let shape = self.shape();
        let axis = or_panic(shape.axis("scatter_add", axis));
        let op = ScatterAdd {
            axis,
            index: index.clone(),
            shape,
        };
        let tape = self.tape();
        tape.apply(op, [src.on(tape), self])
    }
}

/// `src` scattered into zeros of the given shape: the transpose of a gather.
#[track_caller]
pub(in crate::ops) fn scatter<'t, T: Float>(
    src: Var<'t, T>,
    axis: usize,
    index: &Tensor<i64>,
    shape: Shape,
) -> Var<'t, T> {
    let op = ScatterAdd {
        axis,
        index: index.clone(),
        shape,
    };
    src.tape().apply(op, [src])
}

/// Of the source and what it is added to, which is zeros if it is not there.
struct ScatterAdd {
    axis: usize,
    index: Tensor<i64>,
    shape: Shape,
}

impl<T: Float> Op<T> for ScatterAdd {
    compiled_here!(op ScatterAdd);

    fn name(&self) -> &'static str {
        "scatter_add"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let (index, src) = (self.index.shape(), &inputs[0]);
        check_gather("scatter_add", &self.shape, self.axis, index)?;
        if index != src {
            let reason = format!("the source has the shape {src}, its index {index}");
            return Err(ShapeError::new("scatter_add", reason));
        }
        check_indices("scatter_add", &self.shape, self.axis, &self.index.view())
            .map_err(out_of_range)?;
        Ok(Shapes::from_elem(self.shape.clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        match inputs.get(1) {
            Some(x) => kernels::copy(x, outputs[0]),
            None => outputs[0].fill(T::ZERO),
        }
        kernels::scatter_add(outputs[0], &self.shape, self.axis, &self.index.view(), &inputs[0])
            .expect("the shape rule checked the indices");
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent();
        if rule.needs(0) {
            rule.give(0, y_bar.gathered(self.axis, &self.index));
        }
        if rule.arity() == 2 {
            rule.give(1, y_bar);
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(src_dot) = rule.x_dot(0) {
            rule.give(0, scatter(src_dot, self.axis, &self.index, self.shape.clone()));
        }
        if rule.arity() == 2
            && let Some(x_dot) = rule.x_dot(1)
        {
            rule.give(0, x_dot);
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    // Each element of y with all of the source that an index sends to it.
    let value = |x: &Tensor<f64>, axis: usize, index: &Tensor<i64>, src: &Tensor<f64>| {
        vec![Tensor::from_fn(x.shape(), |to| {
            let mut sum = plain::at(x, to);
            for from in plain::indices(index.shape()) {
                let mut target = from.clone();
                target[axis] = plain::wrapped(plain::index_at(index, &from), x.shape()[axis]);
                if target == to {
                    sum += plain::at(src, &from);
                }
            }
            sum
        })]
    };
    let list = || Tensor::from([1, 3, 1, -1, 0]);
    let rows = || Tensor::from([[1, 1, 3], [0, 2, 0]]);
    let zeros = || Tensor::from([[4, 4], [4, 0]]);
    let view = || Tensor::from([[1, 1], [0, 2], [1, 1]]);
    let nothing = || Tensor::<i64>::zeros([0]);
    Samples::new("scatter_add")
        .case("a vector", &[&[4], &[5]], move |x| vec![x[0].scatter_add(0, &list(), x[1])])
        .gives(move |x| value(&x[0], 0, &list(), &x[1]))
        .case("rows", &[&[3, 4], &[2, 3]], move |x| vec![x[0].scatter_add(1, &rows(), x[1])])
        .gives(move |x| value(&x[0], 1, &rows(), &x[1]))
        .case("into zeros", &[&[2, 2]], move |x| {
            vec![x[0].tape().zeros([5, 3]).scatter_add(0, &zeros(), x[0])]
        })
        .gives(move |x| value(&Tensor::zeros([5, 3]), 0, &zeros(), &x[0]))
        .case("of a view", &[&[3, 2], &[2, 3]], move |x| {
            vec![x[0].scatter_add(0, &view(), x[1].t())]
        })
        .gives(move |x| value(&x[0], 0, &view(), &plain::permuted(&x[1], &[1, 0])))
        .case("nothing", &[&[3], &[0]], move |x| vec![x[0].scatter_add(0, &nothing(), x[1])])
        .gives(move |x| value(&x[0], 0, &nothing(), &x[1]))
        .bad(&[&[2], &[1]], "scatter_add: index 2 is out of range for axis 0 of [2]", |x| {
            vec![x[0].scatter_add(0, &Tensor::from([2]), x[1])]
        })
        .bad(&[&[2], &[3]], "scatter_add: the source has the shape [3], its index [2]", |x| {
            vec![x[0].scatter_add(0, &Tensor::from([0, 1]), x[1])]
        })
}
