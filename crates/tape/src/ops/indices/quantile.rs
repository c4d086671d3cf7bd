//! `quantile`: elements a part of the way from the least to the greatest, and the one in the middle: `median`.
//!
//! - shape: x\[s\] → y\[q, s without the axes, or with length 1 there\]; `median` has no axis for q
//! - value: with n elements along the axes in order, y = x_(i) + (t − i) (x_(i+1) − x_(i)), where t = q (n − 1)
//!   and i = ⌊t⌋
//! - rule: x̄ is (1 − t + i) ȳ at the lower of the two elements and (t − i) ȳ at the upper, 0 elsewhere
//! - edges: where elements tie the first counts, and the gradient goes to it alone; NaN where an element is,
//!   and the first has the gradient; an axis of size 0 is refused
//! - source: Hyndman and Fan 1996, Sample Quantiles in Statistical Packages, definition 7; NumPy's `quantile`

use wengert_tensor::{Float, OrderPlaces, Tensor};

use crate::record::attributes::AxisSet;
use crate::check::{Samples, plain};
use crate::ops::integers::compare::with_view;
use crate::ops::rows::as_columns;
use crate::record::recording::or_panic;
use crate::record::var::Var;

impl<T: Float> Var<'_, T> {
    /// The elements `q` of the way from the least to the greatest over `axes`, all if there are none in the
    /// list, with what lies between two elements interpolated linearly. There is one for each of `q`, along a
    /// new first axis; `keep` leaves the others with length 1. Gradients flow to the elements on either side.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([3.0, 1.0, 2.0, 4.0]));
    /// let y = x.quantile(&[0.0, 0.75], &[], false);
    /// assert_eq!(y.value(), Tensor::from([1.0, 3.25]));
    /// let x_bar = y.select(0, 1).backward().wrt(x).unwrap();
    /// assert_eq!(x_bar, Tensor::from([0.75, 0.0, 0.0, 0.25]));
    /// ```
    ///
    /// # Panics
    /// If one of `q` is not from 0 to 1, or an axis is out of range, named twice or of size 0.
    #[doc(alias = "percentile")]
    #[track_caller]
    pub fn quantile(self, q: &[f64], axes: &[isize], keep: bool) -> Self {
        self.quantiles("quantile", q, axes, keep)
    }

    /// The element in the middle of the order over `axes`, all if there are none in the list, or the mean of
    /// the two there, as in NumPy; `keep` leaves the axes with length 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([3.0, 1.0, 2.0, 9.0]));
    /// let y = x.median(&[], false);
    /// assert_eq!(y.item(), 2.5);
    /// assert_eq!(y.backward().wrt(x).unwrap(), Tensor::from([0.5, 0.0, 0.5, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    #[track_caller]
    pub fn median(self, axes: &[isize], keep: bool) -> Self {
        self.quantiles("median", &[0.5], axes, keep).select(0, 0)
    }

    #[track_caller]
    fn quantiles(self, op: &'static str, q: &[f64], axes: &[isize], keep: bool) -> Self {
        let shape = self.shape();
        let axes = or_panic(AxisSet::new(op, &shape, axes));
        let list = axes.axes();
        let found = with_view(self, |x| OrderPlaces::of(op, &x, &list, q));
        let OrderPlaces { low, high, weights } = or_panic(found);
        let elements = as_columns(self, axes);
        let (low, high) = (elements.gathered(0, &low), elements.gathered(0, &high));
        let weights = weights.cast::<T>();
        let lower = self.tape().constant(&(1.0 - &weights));
        let upper = self.tape().constant(&weights);
        // A share of 0 leaves out what is infinite.
        let y = Var::absorb(lower, low) + Var::absorb(upper, high);
        let mut kept = shape.reduced(&list, keep);
        kept.insert(0, q.len());
        y.with_shape(&kept)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let at = |line: &[f64], q: f64| {
        let mut line = line.to_vec();
        line.sort_by(f64::total_cmp);
        let place = q * (line.len() - 1) as f64;
        let (low, high) = (line[place.floor() as usize], line[place.ceil() as usize]);
        low + (place - place.floor()) * (high - low)
    };
    let value = move |x: &Tensor<f64>, q: f64, axes: &[usize], keep| {
        plain::reduced(x, axes, keep, |line| at(line, q))
    };
    Samples::new("gather")
        .case("a line", &[&[6]], |x| vec![x[0].quantile(&[0.3], &[], false)])
        .gives(move |x| vec![plain::reshaped(&value(&x[0], 0.3, &[0], false), &[1])])
        .case("inner, several", &[&[3, 4]], |x| {
            let y = x[0].quantile(&[0.9, 0.0, 0.5, 1.0], &[1], true);
            (0..4).map(|k| y.select(0, k)).collect()
        })
        .gives(move |x| [0.9, 0.0, 0.5, 1.0].map(|q| value(&x[0], q, &[1], true)).to_vec())
        .case("two of three", &[&[2, 3, 2]], |x| {
            vec![x[0].quantile(&[0.6], &[2, 0], false).select(0, 0)]
        })
        .gives(move |x| vec![value(&x[0], 0.6, &[0, 2], false)])
        .case("the middle of columns", &[&[4, 3]], |x| vec![x[0].median(&[0], false)])
        .gives(move |x| vec![value(&x[0], 0.5, &[0], false)])
        .case("no rows", &[&[0, 3]], |x| vec![x[0].median(&[1], false)])
        .gives(|_| vec![Tensor::zeros([0])])
        .bad(&[&[2, 0]], "median: cannot reduce an axis of size 0: axis 1 of [2, 0]", |x| {
            vec![x[0].median(&[1], false)]
        })
        .bad(&[&[2]], "quantile: 1.5 is not from 0 to 1", |x| {
            vec![x[0].quantile(&[0.5, 1.5], &[], false)]
        })
        .bad(&[&[2]], "quantile: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].quantile(&[0.5], &[1], false)]
        })
}
