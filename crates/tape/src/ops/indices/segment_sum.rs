//! `segment_sum`: sums of the slices that belong together; ragged data.
//!
//! - shape: x\[m, …\], segments\[m\] → y\[n, …\]
//! - value: y_j = Σ x_i over the slices i of segment j
//! - rule: x̄_i = ȳ at the segment of i
//! - edges: everywhere smooth; a segment without slices is 0; negative numbers of segments count from the end
//! - source: the transpose of a choice of rows; JAX's `segment_sum`

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View, kernels};

use super::gather::out_of_range;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<T: Float> Var<'_, T> {
    /// The sums of the slices along axis 0 that belong together: `segments` has for each slice the number of
    /// its segment, in any order, and `count` is how many there are. A segment without slices is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 4.0]));
    /// let y = x.segment_sum(&Tensor::from([0, 2, 0]), 3);
    /// assert_eq!(y.value(), Tensor::from([5.0, 0.0, 2.0]));
    /// let loss = (y * y).sum();
    /// assert_eq!(loss.backward().wrt(x).unwrap(), Tensor::from([10.0, 4.0, 10.0]));
    /// ```
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    #[doc(alias = "scatter_reduce")]
    #[doc(alias = "bincount")]
    #[track_caller]
    pub fn segment_sum(self, segments: &Tensor<i64>, count: usize) -> Self {
        let segments = segments.clone();
        self.tape().apply(SegmentSum { segments, count }, [self])
    }
}

struct SegmentSum {
    segments: Tensor<i64>,
    count: usize,
}

/// The shape of as many segments, if their numbers fit.
pub(in crate::ops) fn segmented(
    op: &'static str,
    x: &Shape,
    segments: &Tensor<i64>,
    count: usize,
) -> Result<Shapes, ShapeError> {
    let shape = x.segments(op, segments.shape(), count)?;
    kernels::check_indices(op, &shape, 0, &segments.view()).map_err(out_of_range)?;
    Ok(Shapes::from_elem(shape, 1))
}

impl<T: Float> Op<T> for SegmentSum {
    compiled_here!(op SegmentSum);

    fn name(&self) -> &'static str {
        "segment_sum"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        segmented("segment_sum", &inputs[0], &self.segments, self.count)
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let mut shape = inputs[0].shape().clone();
        shape.dims_mut()[0] = self.count;
        outputs[0].fill(T::ZERO);
        kernels::index_add(outputs[0], &shape, 0, &self.segments.view(), &inputs[0])
            .expect("the shape rule checked the numbers");
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        rule.give(0, rule.cotangent().selected(0, &self.segments));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.segment_sum(&self.segments, self.count));
        }
    }
}

/// The elements of each segment, made one number by `f`.
pub(in crate::ops) fn by_segment(
    x: &Tensor<f64>,
    segments: &[usize],
    count: usize,
    f: impl Fn(&[f64]) -> f64,
) -> Tensor<f64> {
    let mut shape = x.shape().to_vec();
    shape[0] = count;
    Tensor::from_fn(shape, |at| {
        let own = (0..segments.len()).filter(|&i| segments[i] == at[0]);
        let element = |i: usize| plain::at(x, &[&[i][..], &at[1..]].concat());
        f(&own.map(element).collect::<Vec<_>>())
    })
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let sums = |x: &Tensor<f64>, segments: &[usize], count| {
        vec![by_segment(x, segments, count, |slices| slices.iter().sum())]
    };
    Samples::new("segment_sum")
        .case("numbers", &[&[4]], |x| vec![x[0].segment_sum(&Tensor::from([2, 0, 2, -1]), 4)])
        .gives(move |x| sums(&x[0], &[2, 0, 2, 3], 4))
        .case("rows", &[&[3, 2, 2]], |x| vec![x[0].segment_sum(&Tensor::from([1, 1, 0]), 2)])
        .gives(move |x| sums(&x[0], &[1, 1, 0], 2))
        .case("means", &[&[4, 2]], |x| vec![x[0].segment_mean(&Tensor::from([1, 1, 0, 1]), 2)])
        .gives(|x| {
            let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len().max(1) as f64;
            vec![by_segment(&x[0], &[1, 1, 0, 1], 2, mean)]
        })
        .case("nothing", &[&[0, 2]], |x| vec![x[0].segment_sum(&Tensor::zeros([0]), 2)])
        .gives(|_| vec![Tensor::zeros([2, 2])])
        .bad(&[&[2]], "segment_sum: index 2 is out of range for axis 0 of [2]", |x| {
            vec![x[0].segment_sum(&Tensor::from([0, 2]), 2)]
        })
        .bad(&[&[2]], "segment_sum: segments of shape [1] do not fit the slices of [2]", |x| {
            vec![x[0].segment_sum(&Tensor::from([0]), 2)]
        })
        .bad(&[&[]], "segment_sum: axis 0 is out of range", |x| {
            vec![x[0].segment_sum(&Tensor::from([0]), 2)]
        })
}
