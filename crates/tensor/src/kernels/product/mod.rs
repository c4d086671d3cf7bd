//! Matrix products of any rank, on views.
//!
//! `matmul` chooses who multiplies: a crate, or the `tiles` of our own, or `thin` loops for few rows.
//! `matrix` is what they are given, `packed` a right factor that comes again. `convolve` has the products that
//! windows make, and `taps` sums with a few fixed weights.

mod convolve;
mod matmul;
mod matrix;
mod packed;
mod taps;
mod thin;
mod tiles;

use crate::{Float, Layout, Shape, View};

pub use convolve::{ConvAxis, Convolution, convolve, convolve_transposed, convolve_weight};
pub use matmul::{Factor, dot, matmul, matmul_from};
pub use matrix::{Matrix, MatrixMut};
pub use packed::Packed;
pub use taps::{Taps, tap};

/// The batch axes of a product of matrices: all but the last two, broadcast.
///
/// # Panics
/// If an operand is no matrix, or they do not broadcast; see [`Shape::matmul`].
pub fn batch_shape(a: &Shape, b: &Shape) -> Shape {
    let lead = |shape: &Shape| {
        assert!(shape.rank() > 1, "matmul: {shape} is no matrix");
        Shape::new(&shape[..shape.rank() - 2])
    };
    match Shape::broadcast("matmul", &lead(a), &lead(b)) {
        Ok(batch) => batch,
        Err(error) => panic!("{error}"),
    }
}

/// The shape of a product of matrices.
///
/// # Panics
/// As [`batch_shape`].
pub fn shape(a: &Shape, b: &Shape) -> Shape {
    let mut shape = batch_shape(a, b);
    shape.push(a[a.rank() - 2]);
    shape.push(b[b.rank() - 1]);
    shape
}

/// A matrix layout repeated over batch axes that it lacks, so that products into it add up.
/// `None` where the layout has a batch axis of length 1 that the batch stretches.
pub fn batched(layout: &Layout, batch: &Shape) -> Option<Layout> {
    let shape = layout.shape();
    let lead = shape.rank().checked_sub(2)?;
    let kept = batch.rank().checked_sub(lead)?;
    if shape[..lead] != batch[kept..] {
        return None;
    }
    let mut full = batch.clone();
    full.push(shape[lead]);
    full.push(shape[lead + 1]);
    layout.expanded(&full).ok()
}

/// c = a·b, or c += a·b, for every batch index in order. `layout` has the product's shape.
///
/// # Panics
/// If a shape does not fit, or a layout reaches beyond its storage.
pub fn multiply<T: Float>(
    c: &mut [T],
    layout: &Layout,
    a: &View<'_, T>,
    b: &View<'_, T>,
    add: bool,
) {
    let batch = Shape::new(&layout.shape()[..layout.shape().rank() - 2]);
    if let (Some(rows), Some(merged)) = (merge_rows(a.layout()), merge_rows(layout))
        && b.shape().rank() == 2
    {
        let a = a.with_layout(rows);
        matmul(matrix_mut(c, &merged, 0), matrix(&a, 0), matrix(b, 0), add);
        return;
    }
    let a_starts = starts(a.layout(), &batch);
    let b_starts = starts(b.layout(), &batch);
    let c_starts = starts(layout, &batch);
    let offsets = a_starts
        .positions()
        .zip(b_starts.positions())
        .zip(c_starts.positions());
    for ((a_at, b_at), c_at) in offsets {
        matmul(
            matrix_mut(c, layout, c_at),
            matrix(a, a_at),
            matrix(b, b_at),
            add,
        );
    }
}

/// `[batch…, rows, cols]` as one matrix of `batch·rows` rows, where strides can say it.
fn merge_rows(layout: &Layout) -> Option<Layout> {
    let rank = layout.shape().rank();
    if rank == 2 {
        return Some(layout.clone());
    }
    if layout.repeats() {
        return None;
    }
    let cols = layout.shape()[rank - 1];
    let rows: usize = layout.shape()[..rank - 1].iter().product();
    let merged = layout.reshaped(&Shape::from([rows, cols]))?;
    Some(merged)
}

/// The layout of the first element of every matrix, stretched to the batch axes.
fn starts(layout: &Layout, batch: &Shape) -> Layout {
    let mut starts = layout.clone();
    for _ in 0..2 {
        // A matrix without rows or columns has no first element; any position will do.
        starts = match starts.selected(-1, 0) {
            Ok(starts) => starts,
            Err(_) => {
                return Layout::contiguous(Shape::scalar())
                    .expanded(batch)
                    .expect("a scalar");
            }
        };
    }
    starts
        .expanded(batch)
        .expect("the shape rule checked the batch axes")
}

fn matrix<'a, T: Float>(view: &View<'a, T>, extra: usize) -> Matrix<'a, T> {
    let layout = view.layout();
    let rank = layout.shape().rank();
    let (rows, cols) = (layout.shape()[rank - 2], layout.shape()[rank - 1]);
    let offset = if rank == 2 { layout.offset() } else { extra };
    let strides = layout.strides();
    Matrix::new(
        view.data(),
        offset,
        rows,
        cols,
        strides[rank - 2],
        strides[rank - 1],
    )
}

fn matrix_mut<'a, T: Float>(data: &'a mut [T], layout: &Layout, extra: usize) -> MatrixMut<'a, T> {
    let rank = layout.shape().rank();
    let (rows, cols) = (layout.shape()[rank - 2], layout.shape()[rank - 1]);
    let offset = if rank == 2 { layout.offset() } else { extra };
    let strides = layout.strides();
    MatrixMut::new(
        data,
        offset,
        rows,
        cols,
        strides[rank - 2],
        strides[rank - 1],
    )
}
