//! Tensors put together and taken apart.

use std::borrow::Borrow;

use super::construct::blank;
use super::{Tensor, or_panic};
use crate::kernels::write_into;
use crate::{Element, Layout, Shape, ShapeError};

impl Shape {
    /// The shape of tensors joined along an existing axis: all other dimensions must agree.
    ///
    /// # Errors
    /// If there is no shape, the axis is out of range, another dimension differs, or memory cannot
    /// hold the elements.
    ///
    /// ```
    /// use wengert_tensor::Shape;
    /// let (a, b) = (Shape::from([2, 3]), Shape::from([2, 4]));
    /// assert_eq!(Shape::cat(&[&a, &b], -1), Ok(Shape::from([2, 7])));
    /// let error = Shape::cat(&[&a, &b], 0).unwrap_err();
    /// assert_eq!(error.to_string(), "cat: [2, 3] and [2, 4] differ beside axis 0");
    /// ```
    pub fn cat(shapes: &[&Shape], axis: isize) -> Result<Shape, ShapeError> {
        let Some((&first, rest)) = shapes.split_first() else {
            return Err(ShapeError::new("cat", "there is nothing to join"));
        };
        let axis = first.axis("cat", axis)?;
        let mut joined = first.clone();
        for &shape in rest {
            let alike = shape.rank() == first.rank()
                && (0..first.rank()).all(|at| at == axis || shape[at] == first[at]);
            if !alike {
                let reason = format!("{first} and {shape} differ beside axis {axis}");
                return Err(ShapeError::new("cat", reason));
            }
            // What does not fit a number does not fit memory either.
            let dim = &mut joined.dims_mut()[axis];
            *dim = dim.saturating_add(shape[axis]);
        }
        joined.fits("cat")
    }

    /// The shape of tensors joined along a new axis, at position `axis` of the result: all shapes
    /// must agree.
    ///
    /// # Errors
    /// If there is no shape, the axis is out of range, the shapes differ, or memory cannot hold the
    /// elements.
    pub fn stack(shapes: &[&Shape], axis: isize) -> Result<Shape, ShapeError> {
        let Some((&first, rest)) = shapes.split_first() else {
            return Err(ShapeError::new("stack", "there is nothing to join"));
        };
        if let Some(other) = rest.iter().find(|shape| **shape != first) {
            return Err(ShapeError::new(
                "stack",
                format!("the shapes differ: {first} and {other}"),
            ));
        }
        let rank = first.rank() as isize + 1;
        let at = if axis < 0 { axis + rank } else { axis };
        if !(0..rank).contains(&at) {
            let reason = format!("axis {axis} is out of range for a new axis in {first}");
            return Err(ShapeError::new("stack", reason));
        }
        let mut joined = first.clone();
        joined.insert(at as usize, shapes.len());
        joined.fits("stack")
    }
}

impl<T: Element> Tensor<T> {
    /// The tensors, or references to them, joined along an existing axis.
    ///
    /// # Panics
    /// If there is none, the axis is out of range, or the shapes differ beside the axis.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (a, b) = (Tensor::from([[1, 2]]), Tensor::from([[3, 4]]));
    /// assert_eq!(Tensor::cat(&[&a, &b], 0), Tensor::from([[1, 2], [3, 4]]));
    /// assert_eq!(Tensor::cat(&[a, b], -1), Tensor::from([[1, 2, 3, 4]]));
    /// ```
    #[doc(alias = "concat")]
    #[doc(alias = "concatenate")]
    #[track_caller]
    pub fn cat(parts: &[impl Borrow<Tensor<T>>], axis: isize) -> Self {
        let parts: Vec<&Tensor<T>> = parts.iter().map(Borrow::borrow).collect();
        let shapes: Vec<&Shape> = parts.iter().map(|part| part.shape()).collect();
        let shape = or_panic(Shape::cat(&shapes, axis));
        let mut data = blank("cat", &shape);
        let whole = Layout::contiguous(shape);
        let axis = or_panic(whole.shape().axis("cat", axis));
        let mut start = 0;
        for part in parts {
            let stop = start + part.shape()[axis] as isize;
            let region = or_panic(whole.sliced(axis as isize, start, stop, 1));
            write_into(&mut data, &region, &part.view());
            start = stop;
        }
        Self::row_major(data, whole.shape().clone())
    }

    /// Tensors of one shape, or references to them, joined along a new axis, at position `axis` of the result.
    ///
    /// # Panics
    /// If there is none, the axis is out of range, or the shapes differ.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 1), Tensor::from([[1, 3], [2, 4]]));
    /// ```
    #[track_caller]
    pub fn stack(parts: &[impl Borrow<Tensor<T>>], axis: isize) -> Self {
        let parts: Vec<&Tensor<T>> = parts.iter().map(Borrow::borrow).collect();
        let shapes: Vec<&Shape> = parts.iter().map(|part| part.shape()).collect();
        or_panic(Shape::stack(&shapes, axis));
        let parts: Vec<Tensor<T>> = parts.iter().map(|part| part.unsqueeze(axis)).collect();
        Self::cat(&parts, axis)
    }

    /// Views of successive parts along `axis` with the given sizes.
    ///
    /// # Panics
    /// If the axis is out of range or the sizes do not add up to its size.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let parts = Tensor::<i64>::arange(5).split(0, &[2, 3]);
    /// assert_eq!(parts, [Tensor::from([0, 1]), Tensor::from([2, 3, 4])]);
    /// ```
    #[track_caller]
    pub fn split(&self, axis: isize, sizes: &[usize]) -> Vec<Self> {
        let axis = or_panic(self.shape().axis("split", axis));
        let total = sizes
            .iter()
            .try_fold(0usize, |sum, &size| sum.checked_add(size));
        if total != Some(self.shape()[axis]) {
            let reason = format!("{sizes:?} do not add up to axis {axis} of {}", self.shape());
            or_panic::<(), _>(Err(ShapeError::new("split", reason)));
        }
        let mut start = 0;
        let part = |&size: &usize| {
            let stop = start + size as isize;
            let part = self.slice(axis as isize, start..stop);
            start = stop;
            part
        };
        sizes.iter().map(part).collect()
    }
}
