//! `max_axis`: extremes along an axis, and where they stand: `max_axis` and `min_axis`.
//!
//! - shape: x\[s\] → y\[s without the axis, or with length 1 there\], and the positions, of the same shape
//! - value: y = max x, or min x, along the axis; the position is the first of several
//! - rule: x̄ is ȳ at the position, 0 elsewhere
//! - edges: where elements tie the first counts, and the gradient goes to it alone (`amax` shares it); the
//!   first NaN is the extreme; an axis of size 0 is refused
//! - source: PyTorch's `max` and `min` along an axis

use wengert_tensor::{Float, Tensor};

use crate::check::{Samples, plain};
use crate::record::recording::or_panic;
use crate::record::var::Var;

impl<T: Float> Var<'_, T> {
    /// The greatest element along `axis`, and where it stands there: the first of several. The axis
    /// disappears, or is left with length 1 if `keep` is set. Gradients flow through the values; there is none
    /// for positions. Where ties are to share, see [`amax`](Var::amax).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 5.0], [4.0, 4.0]]));
    /// let (values, places) = x.max_axis(1, false);
    /// assert_eq!(values.value(), Tensor::from([5.0, 4.0]));
    /// assert_eq!(places, Tensor::from([1, 0]));
    /// let x_bar = values.sum().backward().wrt(x).unwrap();
    /// assert_eq!(x_bar, Tensor::from([[0.0, 1.0], [1.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has length 0.
    #[doc(alias = "max")]
    #[track_caller]
    pub fn max_axis(self, axis: isize, keep: bool) -> (Self, Tensor<i64>) {
        self.at_places("max_axis", axis, keep, Var::argmax)
    }

    /// The least element along `axis`, and where it stands there: the first of several. The axis disappears,
    /// or is left with length 1 if `keep` is set. Gradients flow through the values; there is none for
    /// positions. Where ties are to share, see [`amin`](Var::amin).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let (values, places) = tape.leaf(&Tensor::from([3.0, 1.0, 2.0])).min_axis(0, false);
    /// assert_eq!((values.item(), places.item()), (1.0, 1));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has length 0.
    #[doc(alias = "min")]
    #[track_caller]
    pub fn min_axis(self, axis: isize, keep: bool) -> (Self, Tensor<i64>) {
        self.at_places("min_axis", axis, keep, Var::argmin)
    }

    #[track_caller]
    fn at_places(
        self,
        op: &'static str,
        axis: isize,
        keep: bool,
        find: fn(Self, isize) -> Tensor<i64>,
    ) -> (Self, Tensor<i64>) {
        let shape = self.shape();
        let at = or_panic(shape.axis(op, axis));
        or_panic(wengert_tensor::kernels::check_nonempty(op, &shape, &[at]));
        let places = find(self, axis);
        let kept = places.unsqueeze(at as isize);
        let values = self.gathered(at, &kept);
        match keep {
            true => (values, kept),
            false => (values.squeeze(at as isize), places),
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis: usize, keep, pick: fn(f64, f64) -> f64| {
        let of = |line: &[f64]| line.iter().copied().reduce(pick).unwrap_or(f64::NAN);
        vec![plain::reduced(x, &[axis], keep, of)]
    };
    Samples::new("gather")
        .case("a line", &[&[7]], |x| vec![x[0].max_axis(0, false).0])
        .gives(move |x| value(&x[0], 0, false, f64::max))
        .case("inner, the least, kept", &[&[3, 4]], |x| vec![x[0].min_axis(-1, true).0])
        .gives(move |x| value(&x[0], 1, true, f64::min))
        .case("outer", &[&[4, 3]], |x| vec![x[0].max_axis(0, false).0])
        .gives(move |x| value(&x[0], 0, false, f64::max))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].max_axis(1, false).0])
        .gives(|_| vec![Tensor::zeros([0])])
        .bad(&[&[2]], "max_axis: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].max_axis(1, false).0]
        })
        .bad(&[&[2, 0]], "min_axis: cannot reduce an axis of size 0: axis 1 of [2, 0]", |x| {
            vec![x[0].min_axis(1, false).0]
        })
}
