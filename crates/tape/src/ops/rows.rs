//! Several axes as one: matrices whose rows run along them.

use wengert_tensor::{Axes, Float, Shape};

use crate::record::attributes::AxisSet;
use crate::record::var::Var;

/// The matrix whose columns run along `axes`, in row-major order of the others.
#[track_caller]
pub(in crate::ops) fn as_columns<T: Float>(x: Var<'_, T>, axes: AxisSet) -> Var<'_, T> {
    let axes = axes.axes();
    let (rows, [count, len]) = x.shape().rows_along(&axes);
    let kept = rows.len() - axes.len();
    let order: Axes = axes.iter().chain(&rows[..kept]).copied().collect();
    x.permute_to(&order).with_shape(&Shape::from([len, count]))
}

/// What `f` makes of the matrix whose rows run along `axes`, of the same size, in the order of `x`.
#[track_caller]
pub(in crate::ops) fn through_rows<'t, T: Float>(
    x: Var<'t, T>,
    axes: AxisSet,
    f: impl FnOnce(Var<'t, T>) -> Var<'t, T>,
) -> Var<'t, T> {
    let (order, sizes) = x.shape().rows_along(&axes.axes());
    let mut back: Axes = order.clone();
    order
        .iter()
        .enumerate()
        .for_each(|(at, &axis)| back[axis] = at);
    let moved = x.permute_to(&order);
    let y = f(moved.with_shape(&Shape::from(sizes)));
    y.with_shape(&moved.shape()).permute_to(&back)
}
