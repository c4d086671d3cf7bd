//! Extremes with their places, and quantiles.

use super::{Tensor, or_panic};
use crate::kernels::{self, check_nonempty};
use crate::{Axes, Float, Shape, ShapeError};

impl Shape {
    /// The order of the axes in which `axes` (ascending) are the last, and the sizes of a matrix whose rows
    /// run along these.
    pub fn rows_along(&self, axes: &[usize]) -> (Axes, [usize; 2]) {
        let kept = (0..self.rank()).filter(|axis| !axes.contains(axis));
        let order: Axes = kept.chain(axes.iter().copied()).collect();
        let (outer, inner) = order.split_at(order.len() - axes.len());
        let size = |axes: &[usize]| axes.iter().map(|&axis| self[axis]).product();
        (order.clone(), [size(outer), size(inner)])
    }
}

/// The order statistics that quantiles are made of: the places along the axes of the two elements around each,
/// and the weight of the upper one; all are \[q, …\].
#[derive(Clone, Debug)]
pub struct OrderPlaces {
    /// The places of the lower ones.
    pub low: Tensor<i64>,
    /// The places of the upper ones.
    pub high: Tensor<i64>,
    /// The weights of the upper ones.
    pub weights: Tensor<f64>,
}

impl OrderPlaces {
    /// Those of `x` along `axes` (ascending), with what stays as one axis.
    ///
    /// # Errors
    /// If there is nothing along an axis, or one of `q` is not from 0 to 1.
    pub fn of<T: Float>(
        op: &'static str,
        x: &crate::View<'_, T>,
        axes: &[usize],
        q: &[f64],
    ) -> Result<Self, ShapeError> {
        check_nonempty(op, x.shape(), axes)?;
        if let Some(q) = q.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return Err(ShapeError::new(op, format!("{q} is not from 0 to 1")));
        }
        let shape = Shape::from([q.len(), x.shape().rows_along(axes).1[0]]);
        let size = shape.size();
        let [mut low, mut high] = [vec![0; size], vec![0; size]];
        let mut weights = vec![0.0; size];
        kernels::order_places(x, axes, q, &mut low, &mut high, &mut weights);
        Ok(OrderPlaces {
            low: Tensor::row_major(low, shape.clone()),
            high: Tensor::row_major(high, shape.clone()),
            weights: Tensor::row_major(weights, shape),
        })
    }
}

impl<T: Float> Tensor<T> {
    /// The greatest element along `axis`, and where it stands there: the first of several. NaN counts as the
    /// greatest. The axis disappears, or is left with size 1 if `keep` is set.
    ///
    /// # Panics
    /// If the axis is out of range or has size 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (values, places) = Tensor::from([[1.0, 5.0], [4.0, 4.0]]).max_axis(1, false);
    /// assert_eq!(values, Tensor::from([5.0, 4.0]));
    /// assert_eq!(places, Tensor::from([1, 0]));
    /// ```
    #[doc(alias = "max")]
    #[track_caller]
    pub fn max_axis(&self, axis: isize, keep: bool) -> (Self, Tensor<i64>) {
        let places = self.position("max_axis", axis, kernels::argmax);
        self.at_places(axis, keep, places)
    }

    /// The least element along `axis`, and where it stands there: the first of several. NaN counts as the
    /// least. The axis disappears, or is left with size 1 if `keep` is set.
    ///
    /// # Panics
    /// If the axis is out of range or has size 0.
    #[doc(alias = "min")]
    #[track_caller]
    pub fn min_axis(&self, axis: isize, keep: bool) -> (Self, Tensor<i64>) {
        let places = self.position("min_axis", axis, kernels::argmin);
        self.at_places(axis, keep, places)
    }

    #[track_caller]
    fn at_places(&self, axis: isize, keep: bool, places: Tensor<i64>) -> (Self, Tensor<i64>) {
        let axis = or_panic(self.shape().axis("max_axis", axis)) as isize;
        let kept = places.unsqueeze(axis);
        let values = self.gather(axis, &kept);
        match keep {
            true => (values, kept),
            false => (values.squeeze(axis), places),
        }
    }

    /// The least and the greatest elements over `axes`, all if there are none in the list; `keep` leaves them
    /// with size 1. NaN where one is NaN.
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (least, greatest) = Tensor::from([1.0, 5.0, 3.0]).aminmax(&[], false);
    /// assert_eq!((least.item(), greatest.item()), (1.0, 5.0));
    /// ```
    #[track_caller]
    pub fn aminmax(&self, axes: &[isize], keep: bool) -> (Self, Self) {
        (self.amin(axes, keep), self.amax(axes, keep))
    }

    /// The elements `q` of the way from the least to the greatest over `axes`, all if there are none in the
    /// list, with what lies between two elements interpolated linearly. There is one for each of `q`, along a
    /// new first axis; `keep` leaves the others with size 1. NaN where an element is NaN.
    ///
    /// # Panics
    /// If one of `q` is not from 0 to 1, or an axis is out of range, named twice or of size 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 2.0, 4.0]);
    /// assert_eq!(x.quantile(&[0.0, 0.5], &[], false), Tensor::from([1.0, 2.5]));
    /// ```
    #[doc(alias = "percentile")]
    #[track_caller]
    pub fn quantile(&self, q: &[f64], axes: &[isize], keep: bool) -> Self {
        self.quantiles("quantile", q, axes, keep)
    }

    /// The element in the middle of the order over `axes`, all if there are none in the list, or the mean of
    /// the two there; `keep` leaves the axes with size 1. NaN where an element is NaN.
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([3.0, 1.0, 2.0, 9.0]).median(&[], false).item(), 2.5);
    /// ```
    #[track_caller]
    pub fn median(&self, axes: &[isize], keep: bool) -> Self {
        self.quantiles("median", &[0.5], axes, keep).select(0, 0)
    }

    #[track_caller]
    fn quantiles(&self, op: &'static str, q: &[f64], axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(self.shape().axes(op, axes));
        let places = or_panic(OrderPlaces::of(op, &self.view(), &axes, q));
        let mut shape = self.shape().reduced(&axes, keep);
        shape.insert(0, q.len());
        let (order, [count, len]) = self.shape().rows_along(&axes);
        let order: Vec<isize> = order.iter().map(|&axis| axis as isize).collect();
        let rows = self
            .permute(&order)
            .reshape(&[count as isize, len as isize])
            .t();
        let [low, high] = [&places.low, &places.high].map(|places| rows.gather(0, places));
        let weights = places.weights.cast::<T>();
        let between = &low * &(1.0 - &weights) + &high * &weights;
        let y = between.where_(&weights.ne(0.0), low);
        Self::row_major(y.into_vec(), shape)
    }
}
