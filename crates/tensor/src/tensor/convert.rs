//! Other element types, and the way back to vectors.

use std::any::Any;

use super::{Tensor, or_panic};
use crate::{Element, ShapeError};

/// A number that holds every element without loss.
#[derive(Clone, Copy)]
pub(crate) enum Wide {
    /// A number of a floating-point type.
    Real(f64),
    /// A number of a whole type, or 0 and 1 for `false` and `true`.
    Whole(i64),
}

/// The element without its type.
#[inline]
pub(crate) fn widen<T: Element>(x: T) -> Wide {
    // The element types are a closed set; the comparisons of types fold away.
    let any: &dyn Any = &x;
    if let Some(&x) = any.downcast_ref::<f32>() {
        Wide::Real(f64::from(x))
    } else if let Some(&x) = any.downcast_ref::<f64>() {
        Wide::Real(x)
    } else if let Some(&x) = any.downcast_ref::<i64>() {
        Wide::Whole(x)
    } else if let Some(&x) = any.downcast_ref::<bool>() {
        Wide::Whole(i64::from(x))
    } else {
        unreachable!("{} is no element type", T::NAME)
    }
}

/// The nearest element of a type; see [`Tensor::cast`].
#[inline]
pub(crate) fn narrow<T: Element>(x: Wide) -> T {
    let mut out = T::default();
    let any: &mut dyn Any = &mut out;
    if let Some(out) = any.downcast_mut::<f32>() {
        *out = match x {
            Wide::Real(x) => x as f32,
            Wide::Whole(x) => x as f32,
        };
    } else if let Some(out) = any.downcast_mut::<f64>() {
        *out = match x {
            Wide::Real(x) => x,
            Wide::Whole(x) => x as f64,
        };
    } else if let Some(out) = any.downcast_mut::<i64>() {
        *out = match x {
            Wide::Real(x) => x as i64,
            Wide::Whole(x) => x,
        };
    } else if let Some(out) = any.downcast_mut::<bool>() {
        *out = match x {
            Wide::Real(x) => x != 0.0,
            Wide::Whole(x) => x != 0,
        };
    } else {
        unreachable!("{} is no element type", T::NAME)
    }
    out
}

impl<T: Element> Tensor<T> {
    /// The same numbers in another element type, row-major: rounded to the nearest for a
    /// floating-point type, cut towards 0 for `i64` (beyond its range to the bound, NaN to 0), and
    /// for `bool` whether they differ from 0 (NaN does). A tensor of the same type is shared.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let mask = Tensor::from([true, false]);
    /// assert_eq!(mask.cast::<f32>(), Tensor::from([1.0, 0.0]));
    /// assert_eq!(Tensor::from([-1.5_f64, 2.5]).cast::<i64>(), Tensor::from([-1, 2]));
    /// ```
    pub fn cast<U: Element>(&self) -> Tensor<U> {
        let any: &dyn Any = self;
        if let Some(same) = any.downcast_ref::<Tensor<U>>() {
            return same.clone();
        }
        let data = match self.as_slice() {
            Some(slice) => slice.iter().map(|&x| narrow(widen(x))).collect(),
            None => {
                or_panic(super::construct::admit::<U>("cast", self.shape()));
                self.iter().map(|x| narrow(widen(x))).collect()
            }
        };
        Tensor::row_major(data, self.shape().clone())
    }

    /// The rows of a matrix `[rows, columns]`, copied out.
    ///
    /// # Panics
    /// If the rank is not 2.
    #[track_caller]
    pub fn to_rows(&self) -> Vec<Vec<T>> {
        if self.rank() != 2 {
            let reason = format!("{} is no matrix", self.shape());
            or_panic::<(), _>(Err(ShapeError::new("to_rows", reason)));
        }
        (0..self.shape()[0])
            .map(|row| self.select(0, row as isize).to_vec())
            .collect()
    }
}

/// The elements in row-major order of a tensor of any rank; see [`Tensor::into_vec`].
impl<T: Element> From<Tensor<T>> for Vec<T> {
    fn from(x: Tensor<T>) -> Vec<T> {
        x.into_vec()
    }
}
