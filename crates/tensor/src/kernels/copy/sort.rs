//! Order along an axis.

use std::cmp::Ordering;

use crate::{Element, Layout, View};

/// The order of two elements in which NaN is equal to itself and greater than everything else.
#[inline]
pub fn nan_greatest<T: Element>(a: &T, b: &T) -> Ordering {
    // Only NaN is not equal to itself.
    #[allow(clippy::eq_op)]
    let (a_nan, b_nan) = (a != a, b != b);
    a.partial_cmp(b).unwrap_or_else(|| a_nan.cmp(&b_nan))
}

/// Sorts along `axis`: `values` takes the elements in order and `indices` where each came from, both
/// row-major with the shape of `x`. Equal elements keep their order. NaN counts as the greatest, as
/// in PyTorch: last in ascending order, first in descending order.
///
/// # Panics
/// If the axis is out of range or an output does not have the size of `x`.
pub fn sort<T: Element>(
    x: &View<T>,
    axis: usize,
    descending: bool,
    values: &mut [T],
    indices: &mut [i64],
) {
    let size = x.layout().size();
    assert!(
        axis < x.shape().rank(),
        "sort: axis {axis} is out of range for the shape {}",
        x.shape()
    );
    assert!(
        values.len() == size && indices.len() == size,
        "sort: an output does not fit"
    );
    if size == 0 {
        return;
    }
    let (dim, stride) = (x.shape()[axis], x.layout().strides()[axis]);
    let whole = Layout::contiguous(x.shape().clone());
    let to = whole.strides()[axis] as usize;
    let rows = x.layout().without(axis);
    let places = whole.without(axis);
    let mut order: Vec<(T, i64)> = Vec::with_capacity(dim);
    for (start, place) in rows.positions().zip(places.positions()) {
        let element = |i: usize| x.data()[start.wrapping_add_signed(i as isize * stride)];
        order.clear();
        order.extend((0..dim).map(|i| (element(i), i as i64)));
        order.sort_by(|a, b| match descending {
            true => nan_greatest(&b.0, &a.0),
            false => nan_greatest(&a.0, &b.0),
        });
        for (i, &(value, index)) in order.iter().enumerate() {
            values[place + i * to] = value;
            indices[place + i * to] = index;
        }
    }
}
