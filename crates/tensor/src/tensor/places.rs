//! Where the elements lie that indices name: shared by all that reads and writes there.

use super::{Tensor, or_panic};
use crate::kernels::{check_gather, check_indices};
use crate::{Shape, ShapeError};

/// The row-major place of each element that `index` names along an axis.
#[track_caller]
pub fn placed(op: &'static str, shape: &Shape, axis: isize, index: &Tensor<i64>) -> Tensor<i64> {
    let at = or_panic(shape.axis(op, axis));
    or_panic(check_gather(op, shape, at, index.shape()));
    or_panic(check_indices(op, shape, at, &index.view()));
    numbers(shape).gather(axis, index)
}

/// The row-major place of each element of the slices that the innermost axis of `indices` names, an index for
/// each of the outer axes.
#[track_caller]
pub fn placed_nd(op: &'static str, shape: &Shape, indices: &Tensor<i64>) -> Tensor<i64> {
    let depth = match indices.rank() {
        0 => usize::MAX,
        _ => indices.dim(-1),
    };
    if depth > shape.rank() {
        let reason = format!(
            "indices of shape {} are too many for {shape}",
            indices.shape()
        );
        or_panic::<(), _>(Err(ShapeError::new(op, reason)));
    }
    let inner: usize = shape[depth..].iter().product();
    let mut places = Tensor::<i64>::zeros(&indices.shape()[..indices.rank() - 1]);
    for axis in 0..depth {
        let index = indices.select(-1, axis as isize);
        or_panic(check_indices(op, shape, axis, &index.view()));
        let (dim, step) = (
            shape[axis] as i64,
            shape[axis + 1..].iter().product::<usize>() as i64,
        );
        let add = index.map(|at| at.rem_euclid(dim.max(1)) * step);
        places = places.zip_map(&add, |place, more| place + more);
    }
    let mut slices = places.shape().clone();
    slices.push(inner);
    let each = Tensor::<i64>::arange(inner);
    let places = places.unsqueeze(-1).expand(slices.clone());
    let places = places.zip_map(&each.expand(slices.clone()), |place, at| place + at);
    slices.remove(slices.rank() - 1);
    for &dim in &shape[depth..] {
        slices.push(dim);
    }
    places.reshape(&dims(&slices))
}

/// The place of each element, in row-major order.
pub fn numbers(shape: &Shape) -> Tensor<i64> {
    Tensor::<i64>::arange(shape.size()).reshape(&dims(shape))
}

/// A shape as `reshape` takes it.
pub fn dims(shape: &Shape) -> Vec<isize> {
    shape.iter().map(|&dim| dim as isize).collect()
}

/// An index along an axis, and the shape beside it, stretched to each other as `take_along_dim` does.
pub fn stretched(shape: &Shape, axis: isize, index: &Shape) -> Result<(Shape, Shape), ShapeError> {
    const OP: &str = "take_along_dim";
    let at = shape.axis(OP, axis)?;
    if index.rank() != shape.rank() {
        let reason = format!("an index of shape {index} for {shape}, of another rank");
        return Err(ShapeError::new(OP, reason));
    }
    let (mut of_index, mut of_value) = (index.clone(), shape.clone());
    (of_index.dims_mut()[at], of_value.dims_mut()[at]) = (1, 1);
    let both = Shape::broadcast(OP, &of_index, &of_value)?;
    (of_index, of_value) = (both.clone(), both);
    (of_index.dims_mut()[at], of_value.dims_mut()[at]) = (index[at], shape[at]);
    Ok((of_value, of_index))
}

/// Indices of slices along an axis as indices of every element of them.
#[track_caller]
pub fn along(op: &'static str, shape: &Shape, axis: isize, indices: &Tensor<i64>) -> Tensor<i64> {
    let axis = or_panic(shape.axis(op, axis));
    assert!(
        indices.rank() == 1,
        "{op}: the indices of shape {} are no list",
        indices.shape()
    );
    let mut slices = shape.clone();
    slices.dims_mut()[axis] = indices.size();
    let mut column = vec![1; shape.rank()];
    column[axis] = -1;
    indices.reshape(&column).expand(&slices)
}

/// The elements that come to each place: of the places, their own elements first where these count, which are
/// numbered first, then those of a source. A place that nothing is brought to keeps its own.
pub fn gathered_at(size: usize, places: &Tensor<i64>, include_self: bool) -> Vec<Vec<usize>> {
    let mut brought = vec![Vec::new(); size];
    for (number, place) in (size..).zip(places.iter()) {
        brought[place as usize].push(number);
    }
    for (place, list) in brought.iter_mut().enumerate() {
        if include_self || list.is_empty() {
            list.insert(0, place);
        }
    }
    brought
}
