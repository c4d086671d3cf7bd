//! `segment_max`: the greatest of the slices that belong together, or by `segment_min` the least.
//!
//! - shape: x\[m, …\], segments\[m\] → y\[n, …\]
//! - value: y_j = max x_i, or min x_i, over the slices i of segment j, element by element; NaN if one is
//! - rule: x̄_i = ȳ_j / n where x_i = y_j, 0 elsewhere, with n the number of elements that are equal to it
//! - edges: smooth where one element is the extreme; elements that tie share equally; a segment without slices
//!   is −∞, the least of them +∞; the gradient of NaN is NaN, but 0 where the cotangent is
//! - source: the subgradient policy of this library; JAX's `segment_max`

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View, kernels};

use super::segment_sum::{by_segment, segmented};
use crate::check::Samples;
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<T: Float> Var<'_, T> {
    /// The greatest elements of the slices along axis 0 that belong together: `segments` has for each slice the
    /// number of its segment, in any order, and `count` is how many there are. A segment without slices is −∞.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 4.0]));
    /// let y = x.segment_max(&Tensor::from([0, 1, 0]), 2);
    /// assert_eq!(y.value(), Tensor::from([4.0, 2.0]));
    /// assert_eq!(y.sum().backward().wrt(x).unwrap(), Tensor::from([0.0, 1.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    #[track_caller]
    pub fn segment_max(self, segments: &Tensor<i64>, count: usize) -> Self {
        self.segment_extreme(segments, count, false)
    }

    /// The least elements of the slices along axis 0 that belong together, as in
    /// [`segment_max`](Var::segment_max). A segment without slices is +∞.
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    #[track_caller]
    pub fn segment_min(self, segments: &Tensor<i64>, count: usize) -> Self {
        self.segment_extreme(segments, count, true)
    }

    #[track_caller]
    fn segment_extreme(self, segments: &Tensor<i64>, count: usize, least: bool) -> Self {
        let segments = segments.clone();
        let op = SegmentExtreme {
            segments,
            count,
            least,
        };
        self.tape().apply(op, [self])
    }
}

struct SegmentExtreme {
    segments: Tensor<i64>,
    count: usize,
    least: bool,
}

impl SegmentExtreme {
    fn text(&self) -> &'static str {
        if self.least { "segment_min" } else { "segment_max" }
    }

    /// 1 / n for each of the n elements of a segment that are equal to its extreme, 0 for the others.
    #[track_caller]
    fn shares<'t, T: Float>(&self, x: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
        let (x, y) = (x.detach(), y.detach());
        let [zero, one] = [0.0, 1.0].map(|value| x.tape().scalar(value));
        let mask = Var::select_equal(x, y.selected(0, &self.segments), one, zero);
        let counts = mask.segment_sum(&self.segments, self.count);
        mask / counts.selected(0, &self.segments)
    }
}

impl<T: Float> Op<T> for SegmentExtreme {
    compiled_here!(op SegmentExtreme);

    fn name(&self) -> &'static str {
        self.text()
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        segmented(self.text(), &inputs[0], &self.segments, self.count)
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let segments = self.segments.view();
        kernels::segment_extreme(&inputs[0], &segments, self.count, self.least, outputs[0])
            .expect("the shape rule checked the numbers");
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent().selected(0, &self.segments);
        rule.give(0, Var::absorb(y_bar, self.shares(rule.x(0), rule.y(0))));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let shares = self.shares(rule.x(0), rule.y(0));
            rule.give(0, Var::absorb(x_dot, shares).segment_sum(&self.segments, self.count));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let greatest = |slices: &[f64]| slices.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = |slices: &[f64]| slices.iter().copied().fold(f64::INFINITY, f64::min);
    Samples::new("segment_max")
        .case("numbers", &[&[4]], |x| vec![x[0].segment_max(&Tensor::from([1, 0, 1, -1]), 2)])
        .gives(move |x| vec![by_segment(&x[0], &[1, 0, 1, 1], 2, greatest)])
        .case("rows, the least", &[&[3, 2, 2]], |x| {
            vec![x[0].segment_min(&Tensor::from([1, 1, 0]), 2)]
        })
        .gives(move |x| vec![by_segment(&x[0], &[1, 1, 0], 2, least)])
        .case("no columns", &[&[2, 0]], |x| vec![x[0].segment_max(&Tensor::from([1, 1]), 2)])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[2]], "segment_max: index 2 is out of range for axis 0 of [2]", |x| {
            vec![x[0].segment_max(&Tensor::from([0, 2]), 2)]
        })
        .bad(&[&[2]], "segment_min: segments of shape [1] do not fit the slices of [2]", |x| {
            vec![x[0].segment_min(&Tensor::from([0]), 2)]
        })
}
