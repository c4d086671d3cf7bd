//! Making tensors from numbers, shapes and data.

use super::convert::{Wide, narrow};
use super::{Tensor, or_panic};
use crate::{DataError, Element, Float, Shape, ShapeError};

/// From so many elements on the system is asked whether it has memory for them, before `vec!` is,
/// which would end the program.
const LARGE: usize = 1 << 26;

/// The shape, if memory has room for its elements.
pub(super) fn admit<T>(op: &'static str, shape: impl Into<Shape>) -> Result<Shape, ShapeError> {
    let shape = shape.into().fits(op)?;
    let size = shape.size();
    if size >= LARGE && Vec::<T>::new().try_reserve_exact(size).is_err() {
        let reason = format!("there is no memory for a tensor of the shape {shape}");
        return Err(ShapeError::new(op, reason));
    }
    Ok(shape)
}

/// Room for the elements of a tensor of this shape.
#[track_caller]
pub(super) fn blank<T: Element>(op: &'static str, shape: &Shape) -> Vec<T> {
    let size = or_panic(admit::<T>(op, shape)).size();
    vec![T::default(); size]
}

impl<T: Element> Tensor<T> {
    /// The tensor of `shape` with these elements in row-major order.
    ///
    /// # Errors
    /// If the number of elements is not the size of the shape, or no memory can have that size.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from_vec(vec![1, 2, 3, 4, 5, 6], [2, 3]).unwrap();
    /// assert_eq!(x, Tensor::from([[1, 2, 3], [4, 5, 6]]));
    /// let error = Tensor::from_vec(vec![1, 2], [3]).unwrap_err();
    /// assert_eq!(error.to_string(), "2 elements do not fill the shape [3], which has 3");
    /// ```
    pub fn from_vec(data: Vec<T>, shape: impl Into<Shape>) -> Result<Self, DataError> {
        let shape = shape.into();
        if shape.checked_size().is_none() {
            let dims = shape.to_vec();
            return Err(DataError::TooLarge { dims });
        }
        if data.len() != shape.size() {
            let found = data.len();
            return Err(DataError::Length { shape, found });
        }
        Ok(Self::row_major(data, shape))
    }

    /// The matrix of these rows, `[rows, columns]`; no rows make a `[0, 0]` matrix.
    ///
    /// # Errors
    /// If the rows have different lengths.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from_rows(vec![vec![1, 2], vec![3, 4]]).unwrap();
    /// assert_eq!(x, Tensor::from([[1, 2], [3, 4]]));
    /// let error = Tensor::from_rows(vec![vec![1, 2], vec![3]]).unwrap_err();
    /// assert_eq!(error.to_string(), "row 1 has 1 elements, the rows before it 2");
    /// ```
    pub fn from_rows(rows: Vec<Vec<T>>) -> Result<Self, DataError> {
        let expected = rows.first().map_or(0, Vec::len);
        for (row, found) in rows.iter().map(Vec::len).enumerate() {
            if found != expected {
                return Err(DataError::Ragged {
                    row,
                    found,
                    expected,
                });
            }
        }
        Ok(Self::row_major(
            rows.concat(),
            Shape::from([rows.len(), expected]),
        ))
    }

    /// The tensor of `shape` whose elements are all `value`.
    ///
    /// # Panics
    /// If memory has no room for the elements.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, value: T) -> Self {
        Self::filled("full", shape, value)
    }

    #[track_caller]
    fn filled(op: &'static str, shape: impl Into<Shape>, value: T) -> Self {
        let shape = or_panic(admit::<T>(op, shape));
        Self::row_major(vec![value; shape.size()], shape)
    }

    /// The tensor of `shape` whose elements are all 0, or `false`.
    ///
    /// # Panics
    /// If memory has no room for the elements.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::zeros([2]), Tensor::from([0.0, 0.0]));
    /// ```
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::filled("zeros", shape, T::default())
    }

    /// The tensor of `shape` whose elements are all 1, or `true`.
    ///
    /// # Panics
    /// If memory has no room for the elements.
    #[track_caller]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Self::filled("ones", shape, narrow(Wide::Whole(1)))
    }

    /// The tensor of rank 0 that holds `value`.
    pub fn scalar(value: T) -> Self {
        Self::row_major(vec![value], Shape::scalar())
    }

    /// The whole numbers 0, 1, … below `stop`, `[stop]`.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::<i64>::arange(3), Tensor::from([0, 1, 2]));
    /// ```
    ///
    /// # Panics
    /// If memory has no room for them.
    #[track_caller]
    pub fn arange(stop: usize) -> Self {
        or_panic(admit::<T>("arange", [stop]));
        let data: Vec<T> = (0..stop).map(|i| narrow(Wide::Whole(i as i64))).collect();
        Self::row_major(data, Shape::from([stop]))
    }

    /// The identity matrix, `[n, n]`.
    ///
    /// # Panics
    /// If memory has no room for the elements.
    #[track_caller]
    pub fn eye(n: usize) -> Self {
        let mut x = Self::filled("eye", [n, n], T::default());
        let one = narrow(Wide::Whole(1));
        x.as_mut_slice()
            .iter_mut()
            .step_by(n.saturating_add(1))
            .for_each(|x| *x = one);
        x
    }

    /// The tensor of `shape` whose element at `index` is `f(index)`; called in row-major order.
    ///
    /// # Panics
    /// If memory has no room for the elements.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from_fn([2, 3], |i| (10 * i[0] + i[1]) as i64);
    /// assert_eq!(x, Tensor::from([[0, 1, 2], [10, 11, 12]]));
    /// ```
    #[track_caller]
    pub fn from_fn(shape: impl Into<Shape>, mut f: impl FnMut(&[usize]) -> T) -> Self {
        let shape = or_panic(admit::<T>("from_fn", shape));
        let size = shape.size();
        let mut index = vec![0; shape.rank()];
        let mut data = Vec::with_capacity(size);
        for _ in 0..size {
            data.push(f(&index));
            for (at, &dim) in index.iter_mut().zip(shape.iter()).rev() {
                *at += 1;
                if *at < dim {
                    break;
                }
                *at = 0;
            }
        }
        Self::row_major(data, shape)
    }
}

impl<T: Element> Tensor<T> {
    /// The tensor of `shape` whose row-major elements `write` writes, for an operation of this name.
    #[track_caller]
    pub(crate) fn written(op: &'static str, shape: &Shape, write: impl FnOnce(&mut [T])) -> Self {
        let mut data = blank(op, shape);
        write(&mut data);
        Self::row_major(data, shape.clone())
    }
}

impl<T: Float> Tensor<T> {
    /// The numbers `start`, `start + step`, … before `stop`, 1-d; computed in `f64`.
    ///
    /// # Panics
    /// If the step is 0, a bound or the step is not finite, or memory has no room for the numbers.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::<f64>::range(1.0, 0.0, -0.25), Tensor::from([1.0, 0.75, 0.5, 0.25]));
    /// ```
    #[track_caller]
    pub fn range(start: f64, stop: f64, step: f64) -> Self {
        let sound = start.is_finite() && stop.is_finite() && step.is_finite() && step != 0.0;
        assert!(
            sound,
            "range: no steps of {step} lead from {start} to {stop}"
        );
        let count = ((stop - start) / step).ceil().max(0.0) as usize;
        or_panic(admit::<T>("range", [count]));
        let data: Vec<T> = (0..count)
            .map(|i| T::from_f64(start + i as f64 * step))
            .collect();
        Self::row_major(data, Shape::from([count]))
    }

    /// `count` numbers evenly spaced from `start` to `stop`, both included, `[count]`; computed in
    /// `f64`. A count of 1 gives `start`.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::<f32>::linspace(0.0, 1.0, 3), Tensor::from([0.0, 0.5, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If memory has no room for them.
    #[track_caller]
    pub fn linspace(start: f64, stop: f64, count: usize) -> Self {
        or_panic(admit::<T>("linspace", [count]));
        let last = count.saturating_sub(1).max(1) as f64;
        let number = |i: usize| {
            let part = i as f64 / last;
            T::from_f64(start * (1.0 - part) + stop * part)
        };
        let data: Vec<T> = (0..count).map(number).collect();
        Self::row_major(data, Shape::from([count]))
    }
}

impl<T: Element> From<Vec<T>> for Tensor<T> {
    fn from(data: Vec<T>) -> Self {
        let shape = Shape::from([data.len()]);
        Self::row_major(data, shape)
    }
}

impl<T: Element> From<&[T]> for Tensor<T> {
    fn from(data: &[T]) -> Self {
        Self::from(data.to_vec())
    }
}

impl<T: Element, const A: usize> From<[T; A]> for Tensor<T> {
    fn from(data: [T; A]) -> Self {
        Self::row_major(data.to_vec(), Shape::from([A]))
    }
}

impl<T: Element, const A: usize, const B: usize> From<[[T; B]; A]> for Tensor<T> {
    fn from(data: [[T; B]; A]) -> Self {
        Self::row_major(data.concat(), Shape::from([A, B]))
    }
}

impl<T: Element, const A: usize, const B: usize, const C: usize> From<[[[T; C]; B]; A]>
    for Tensor<T>
{
    fn from(data: [[[T; C]; B]; A]) -> Self {
        Self::row_major(data.concat().concat(), Shape::from([A, B, C]))
    }
}

impl<T: Element, const A: usize, const B: usize, const C: usize, const D: usize>
    From<[[[[T; D]; C]; B]; A]> for Tensor<T>
{
    fn from(data: [[[[T; D]; C]; B]; A]) -> Self {
        Self::row_major(data.concat().concat().concat(), Shape::from([A, B, C, D]))
    }
}
