//! `cummax`: running extremes along an axis, and where they stand: `cummax` and `cummin`.
//!
//! - shape: x\[s\] → y\[s\], and the positions \[s\]
//! - value: y_k = max x_j, or min x_j, over j ≤ k along the axis; the position is the first of several
//! - rule: x̄_j is the sum of the ȳ_k whose extreme it is
//! - edges: where elements tie the first counts, and the gradient goes to it; NaN is an extreme from where it
//!   stands, and gets the gradient of all behind it
//! - source: the subgradient policy of this library; PyTorch's `cummax`, where the last of several counts

use wengert_tensor::{Float, Tensor, kernels};

use crate::check::{Samples, plain};
use crate::ops::integers::compare::with_view;
use crate::record::recording::or_panic;
use crate::record::var::Var;

impl<T: Float> Var<'_, T> {
    /// The greatest of the elements so far along `axis`, and where it stands there: the first of several.
    /// Gradients flow through the values; there is none for positions.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 3.0, 2.0, 3.0]));
    /// let (values, places) = x.cummax(0);
    /// assert_eq!(values.value(), Tensor::from([1.0, 3.0, 3.0, 3.0]));
    /// assert_eq!(places, Tensor::from([0, 1, 1, 1]));
    /// assert_eq!(values.sum().backward().wrt(x).unwrap(), Tensor::from([1.0, 3.0, 0.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "maximum.accumulate")]
    #[track_caller]
    pub fn cummax(self, axis: isize) -> (Self, Tensor<i64>) {
        self.running_extremes("cummax", axis, false)
    }

    /// The least of the elements so far along `axis`, and where it stands there: the first of several.
    /// Gradients flow through the values; there is none for positions.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let (values, _) = tape.leaf(&Tensor::from([2.0, 3.0, 1.0])).cummin(0);
    /// assert_eq!(values.value(), Tensor::from([2.0, 2.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "minimum.accumulate")]
    #[track_caller]
    pub fn cummin(self, axis: isize) -> (Self, Tensor<i64>) {
        self.running_extremes("cummin", axis, true)
    }

    #[track_caller]
    fn running_extremes(
        self,
        op: &'static str,
        axis: isize,
        least: bool,
    ) -> (Self, Tensor<i64>) {
        let shape = self.shape();
        let axis = or_panic(shape.axis(op, axis));
        let mut places = vec![0; shape.size()];
        with_view(self, |x| kernels::cumulative_extremes(&x, axis, least, &mut places));
        let places = Tensor::from_vec(places, shape).expect("a place for every element");
        (self.gathered(axis, &places), places)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis: usize, pick: fn(f64, f64) -> f64| {
        let so_far = |line: &[f64], k: usize| line[..=k].iter().copied().reduce(pick);
        vec![plain::along(x, axis, |line| (0..line.len()).filter_map(|k| so_far(line, k)).collect())]
    };
    Samples::new("gather")
        .case("a line", &[&[7]], |x| vec![x[0].cummax(0).0])
        .gives(move |x| value(&x[0], 0, f64::max))
        .case("inner, the least", &[&[3, 4]], |x| vec![x[0].cummin(-1).0])
        .gives(move |x| value(&x[0], 1, f64::min))
        .case("outer", &[&[4, 3]], |x| vec![x[0].cummax(0).0])
        .gives(move |x| value(&x[0], 0, f64::max))
        .case("nothing", &[&[0, 3]], |x| vec![x[0].cummin(0).0])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[2]], "cummax: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].cummax(1).0]
        })
        .bad(&[&[2]], "cummin: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].cummin(1).0]
        })
}
