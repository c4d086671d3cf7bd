//! `index_select`: the slices at given positions of an axis; rows of a table.
//!
//! - shape: x\[…, n, …\], index\[m\] → y\[…, m, …\]
//! - value: y at position j of the axis is x at position index_j
//! - rule: x̄ is the sum of the slices of ȳ at the positions that they came from, 0 elsewhere
//! - edges: everywhere smooth in x; a position named twice adds up; negative ones count from the
//!   end; the rule touches only the named slices of a gradient that is there
//! - source: the transpose of a choice of slices; PyTorch's `index_select` and `embedding`

use wengert_tensor::kernels::{self, check_indices};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use super::gather::out_of_range;
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
    /// The slices at the positions `indices` (one axis) along `axis`, joined along it. No gradient
    /// flows into indices.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0, 3.0]]));
    /// let y = x.index_select(1, &Tensor::from([2, 0, 2]));
    /// assert_eq!(y.value().to_rows(), [[3.0, 1.0, 3.0]]);
    /// assert_eq!(y.sum().backward().wrt(x).unwrap().to_rows(), [[1.0, 0.0, 2.0]]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the indices have not one axis.
    #[doc(alias = "take")]
    #[track_caller]
    pub fn index_select(self, axis: isize, indices: &Tensor<i64>) -> Self {
        let axis = or_panic(self.shape().axis("index_select", axis));
        self.selected(axis, indices)
    }

    #[track_caller]
    pub(in crate::ops) fn selected(self, axis: usize, indices: &Tensor<i64>) -> Self {
        let indices = indices.clone();
        self.tape().apply(IndexSelect { axis, indices }, [self])
    }

    /// The rows of a table \[V, …\] by indices of any shape \[s\]: \[s, …\]. This is what an
    /// embedding does. Its gradient is added to the named rows only.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let table = tape.leaf(&Tensor::from([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]]));
    /// let y = table.rows(&Tensor::from([[2, 0], [1, 2]]));
    /// assert_eq!(y.shape(), [2, 2, 2]);
    /// assert_eq!(y.select(0, 1).value().to_rows(), [[1.0, 1.1], [2.0, 2.1]]);
    /// ```
    ///
    /// # Panics
    /// If an index is out of range, or this value is a scalar.
    #[doc(alias = "embedding")]
    #[track_caller]
    pub fn rows(self, indices: &Tensor<i64>) -> Self {
        let y = self.index_select(0, &indices.flatten(0));
        if indices.rank() == 1 {
            return y;
        }
        let width = y.shape();
        let shape: Shape = indices.shape().iter().chain(&width[1..]).copied().collect();
        y.with_shape(&shape)
    }
}

struct IndexSelect {
    axis: usize,
    indices: Tensor<i64>,
}

impl<T: Float> Op<T> for IndexSelect {
    compiled_here!(op IndexSelect);

    fn name(&self) -> &'static str {
        "index_select"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let mut shape = inputs[0].clone();
        if self.indices.rank() != 1 {
            let reason =
                format!("the indices have the shape {}, not one axis", self.indices.shape());
            return Err(ShapeError::new("index_select", reason));
        }
        check_indices("index_select", &shape, self.axis, &self.indices.view())
            .map_err(out_of_range)?;
        shape.dims_mut()[self.axis] = self.indices.size();
        Ok(Shapes::from_elem(shape, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::index_select(&inputs[0], self.axis, &self.indices.view(), outputs[0])
            .expect("the shape rule checked the indices");
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (axis, indices) = (self.axis, self.indices.clone());
        rule.give_part(0, Part::Slices { axis, indices }, rule.cotangent());
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.selected(self.axis, &self.indices));
        }
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        if self.axis == 0 && direct.leave_rows(&self.indices) {
            return true;
        }
        direct.add_to_input(|x_bar, shape, y_bar| {
            kernels::index_add(x_bar, shape, self.axis, &self.indices.view(), y_bar)
                .expect("the shape rule checked the indices");
        })
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    // Row `list[k]` of the axis for each k.
    let value = |x: &Tensor<f64>, axis: usize, list: &[i64]| {
        let mut shape = x.shape().to_vec();
        shape[axis] = list.len();
        vec![plain::pick(x, &shape, |at| {
            let mut from = at.to_vec();
            from[axis] = plain::wrapped(list[at[axis]], x.shape()[axis]);
            from
        })]
    };
    Samples::new("index_select")
        .case("rows", &[&[4, 3]], |x| vec![x[0].index_select(0, &Tensor::from([2, 0, 2, -1]))])
        .gives(move |x| value(&x[0], 0, &[2, 0, 2, -1]))
        .case("columns", &[&[2, 3]], |x| vec![x[0].index_select(-1, &Tensor::from([2, 0, 2]))])
        .gives(move |x| value(&x[0], 1, &[2, 0, 2]))
        .case("middle", &[&[2, 3, 2]], |x| vec![x[0].index_select(1, &Tensor::from([1, 1]))])
        .gives(move |x| value(&x[0], 1, &[1, 1]))
        .case("elements", &[&[5]], |x| vec![x[0].rows(&Tensor::from([4, 0, 4]))])
        .gives(move |x| value(&x[0], 0, &[4, 0, 4]))
        .case("rows by a matrix", &[&[4, 3]], |x| {
            vec![x[0].rows(&Tensor::from([[3, 0], [1, 3], [3, 3]]))]
        })
        .gives(|x| {
            let index = [[3, 0], [1, 3], [3, 3]];
            vec![plain::pick(&x[0], &[3, 2, 3], |at| vec![index[at[0]][at[1]], at[2]])]
        })
        .case("one row", &[&[4, 3]], |x| vec![x[0].rows(&Tensor::scalar(2))])
        .gives(|x| vec![plain::pick(&x[0], &[3], |at| vec![2, at[0]])])
        .case("of a view", &[&[3, 4]], |x| {
            vec![x[0].t().slice(0, 1..).index_select(0, &Tensor::from([2, 2, 0]))]
        })
        .gives(|x| vec![plain::pick(&x[0], &[3, 3], |at| vec![at[1], 1 + [2, 2, 0][at[0]]])])
        .case("nothing", &[&[4, 3]], |x| vec![x[0].rows(&Tensor::<i64>::zeros([2, 0]))])
        .gives(|_| vec![Tensor::zeros([2, 0, 3])])
        .case("rows added up", &[&[4, 3], &[4, 3]], |x| {
            let rows = x[0].rows(&Tensor::from([3, 3, 1]));
            vec![rows * x[1].slice(0, 1..) + x[0].slice(0, ..3)]
        })
        .gives(|x| {
            let (x, y) = (&x[0], &x[1]);
            vec![Tensor::from_fn([3, 3], |at| {
                let (i, j) = (at[0], at[1]);
                x[[[3, 3, 1][i], j]] * y[[i + 1, j]] + x[[i, j]]
            })]
        })
        .case("look-ups of one table", &[&[4, 3]], |x| {
            let [a, b] = [[1, 3], [3, -1]].map(|list| x[0].rows(&Tensor::from(list)));
            let columns = x[0].index_select(1, &Tensor::from([0, 0]));
            vec![a * b + columns.slice(0, ..2).sum_axes(&[1], true)]
        })
        .gives(|x| {
            let x = &x[0];
            vec![Tensor::from_fn([2, 3], |at| {
                let (i, j) = (at[0], at[1]);
                x[[[1, 3][i], j]] * x[[3, j]] + 2.0 * x[[i, 0]]
            })]
        })
        .bad(&[&[2, 3]], "index_select: index -4 is out of range for axis 1 of [2, 3]", |x| {
            vec![x[0].index_select(1, &Tensor::from([0, -4]))]
        })
        .bad(&[&[2, 3]], "index_select: the indices have the shape [1, 2], not one axis", |x| {
            vec![x[0].index_select(1, &Tensor::from([[0, 1]]))]
        })
        .bad(&[&[]], "index_select: axis 0 is out of range", |x| {
            vec![x[0].rows(&Tensor::from([0]))]
        })
}
