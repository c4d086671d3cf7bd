//! Elements chosen by indices, and their way back.
//!
//! An index may be negative: it then counts from the end of its axis. A class of [`one_hot`] may not.
//! An index that the axis does not have is an [`IndexError`]; every index is checked before anything
//! is written.

use std::borrow::Cow;

use super::write_into;
use crate::compile_here;
use crate::kernels::scan::contiguous;
use crate::{Element, Float, IndexError, Layout, Shape, ShapeError, View};

/// The place that `index` names on an axis of size `dim`.
#[inline(always)]
fn resolve(index: i64, dim: usize) -> Option<usize> {
    let at = if index < 0 {
        index.checked_add_unsigned(dim as u64)?
    } else {
        index
    };
    usize::try_from(at).ok().filter(|&at| at < dim)
}

/// Indices in row-major order.
fn listed<'a>(indices: &'a View<i64>) -> Cow<'a, [i64]> {
    match indices.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => indices.iter().collect(),
    }
}

/// Checks indices that point into `axis` of `shape`.
///
/// # Errors
/// With the first index that is out of range.
pub fn check_indices(
    op: &'static str,
    shape: &Shape,
    axis: usize,
    indices: &View<i64>,
) -> Result<(), IndexError> {
    let dim = shape[axis];
    let listed = listed(indices);
    match listed.iter().find(|&&index| resolve(index, dim).is_none()) {
        None => Ok(()),
        Some(&index) => {
            let shape = shape.clone();
            Err(IndexError {
                op,
                index,
                axis,
                shape,
            })
        }
    }
}

/// Checks classes, which are 0 or more and below `classes`.
///
/// # Errors
/// With the first that is not.
pub fn check_classes(
    op: &'static str,
    classes: usize,
    indices: &View<i64>,
) -> Result<(), IndexError> {
    let known = |index: i64| usize::try_from(index).is_ok_and(|at| at < classes);
    match indices.iter().find(|&index| !known(index)) {
        None => Ok(()),
        Some(index) => {
            let mut shape = indices.shape().clone();
            let axis = shape.rank();
            shape.push(classes);
            Err(IndexError {
                op,
                index,
                axis,
                shape,
            })
        }
    }
}

/// Checks that an index tensor has the rank of the tensor that it points into, and is nowhere
/// larger beside `axis`: the shape rule of [`gather`] and [`scatter_add`].
///
/// # Errors
/// If it is not so.
pub fn check_gather(
    op: &'static str,
    shape: &Shape,
    axis: usize,
    index: &Shape,
) -> Result<(), ShapeError> {
    let fits = index.rank() == shape.rank()
        && (0..shape.rank()).all(|at| at == axis || index[at] <= shape[at]);
    if fits {
        return Ok(());
    }
    let reason = format!("an index of shape {index} does not fit {shape} beside axis {axis}");
    Err(ShapeError::new(op, reason))
}

/// The layout of the part of `whole` that an index tensor of shape `index` reaches with 0 along
/// `axis`: the starts to which its indices are added.
fn starts(whole: &Layout, axis: usize, index: &Shape) -> Layout {
    let mut starts = whole.clone();
    for at in 0..index.rank() {
        let dim = if at == axis {
            index[at].min(whole.shape()[at])
        } else {
            index[at]
        };
        let part = starts.sliced(at as isize, 0, dim as isize, 1);
        starts = part.expect("an axis in range and a step of 1");
    }
    starts
}

/// Calls `f(out, place)` for every element of `index` in row-major order, with its number and the
/// position in `whole` that it points to.
#[inline(always)]
fn each(whole: &Layout, axis: usize, index: &View<i64>, mut f: impl FnMut(usize, usize)) {
    if index.layout().size() == 0 {
        return;
    }
    let stride = whole.strides()[axis];
    let dim = whole.shape()[axis];
    let beside = |at: usize| at == axis || index.shape()[at] == whole.shape()[at];
    if let Some(listed) = index.as_slice()
        && whole.is_contiguous()
        && (0..index.shape().rank()).all(beside)
    {
        let inner = whole.shape()[axis + 1..].iter().product::<usize>();
        let mut number = 0;
        for (part, listed) in listed.chunks_exact(index.shape()[axis] * inner).enumerate() {
            let start = whole.offset() + part * dim * inner;
            for row in listed.chunks_exact(inner) {
                for (column, &at) in row.iter().enumerate() {
                    let at = resolve(at, dim).expect("the indices were checked");
                    f(number, start + at * inner + column);
                    number += 1;
                }
            }
        }
        return;
    }
    let first = starts(whole, axis, index.shape())
        .sliced(axis as isize, 0, 1, 1)
        .and_then(|first| first.expanded(index.shape()))
        .expect("one position along the axis stretches");
    for (number, (start, at)) in first.positions().zip(index.iter()).enumerate() {
        let at = resolve(at, dim).expect("the indices were checked");
        f(number, start.wrapping_add_signed(at as isize * stride));
    }
}

/// `out[i, j, k] = x[i, index[i, j, k], k]` for axis 1, and so for the others: `out` has the shape of
/// `index`, which has the rank of `x` and is nowhere larger beside the axis.
///
/// # Errors
/// If an index is out of range.
///
/// # Panics
/// If the shapes do not fit; see [`check_gather`].
pub fn gather<T: Element>(
    x: &View<T>,
    axis: usize,
    index: &View<i64>,
    out: &mut [T],
) -> Result<(), IndexError> {
    admit(check_gather("gather", x.shape(), axis, index.shape()));
    assert_eq!(
        out.len(),
        index.layout().size(),
        "gather: the output does not fit the index"
    );
    check_indices("gather", x.shape(), axis, index)?;
    each(x.layout(), axis, index, |number, place| {
        out[number] = x.data()[place]
    });
    Ok(())
}

compile_here! {
    /// `out[i, index[i, j, k], k] += src[i, j, k]` for axis 1, and so for the others, on the contiguous
    /// `out` of shape `shape`: the transpose of [`gather`]. Additions to one element happen in row-major
    /// order of `src`; where there may be many, they are summed in `f64` first.
    ///
    /// # Errors
    /// If an index is out of range; nothing has been added then.
    ///
    /// # Panics
    /// If the shapes do not fit; see [`check_gather`].
    pub fn scatter_add<T>(out: &mut [T], shape: &Shape, axis: usize, index: &View<i64>, src: &View<T>) -> Result<(), IndexError> {
        admit(check_gather("scatter_add", shape, axis, index.shape()));
        assert_eq!(
            index.shape(),
            src.shape(),
            "scatter_add: index and source differ in shape"
        );
        assert_eq!(
            out.len(),
            shape.size(),
            "scatter_add: the output does not fit its shape"
        );
        check_indices("scatter_add", shape, axis, index)?;
        let whole = Layout::contiguous(shape.clone());
        let mut src = src.iter();
        if !is_long::<T>(index.shape()[axis]) {
            each(&whole, axis, index, |_, place| {
                if let Some(src) = src.next() {
                    out[place] += src;
                }
            });
            return Ok(());
        }
        let mut sums = vec![0.0; out.len()];
        each(&whole, axis, index, |_, place| {
            if let Some(src) = src.next() {
                sums[place] += src.to_f64();
            }
        });
        each(&whole, axis, index, |_, place| round(&mut out[place], &mut sums[place]));
        Ok(())
    }
}

/// The slices of `x` at the positions `indices` (1-d) along `axis`, in row-major order: the result
/// has the shape of `x` with the number of indices along the axis.
///
/// # Errors
/// If an index is out of range.
///
/// # Panics
/// If `indices` is not 1-d or `out` does not fit.
pub fn index_select<T: Element>(
    x: &View<T>,
    axis: usize,
    indices: &View<i64>,
    out: &mut [T],
) -> Result<(), IndexError> {
    let (shape, dim) = (selected_shape(x.shape(), axis, indices), x.shape()[axis]);
    assert_eq!(
        out.len(),
        shape.size(),
        "index_select: the output does not fit"
    );
    check_indices("index_select", x.shape(), axis, indices)?;
    let whole = Layout::contiguous(shape);
    // Rows of a table lie together: one copy each.
    if axis == 0
        && let Some(rows) = x.as_slice()
    {
        let width = whole.size().checked_div(whole.shape()[0]).unwrap_or(0);
        for (row, &index) in listed(indices).iter().enumerate() {
            let at = resolve(index, dim).expect("the indices were checked");
            out[row * width..][..width].copy_from_slice(&rows[at * width..][..width]);
        }
        return Ok(());
    }
    for (number, index) in indices.iter().enumerate() {
        let at = resolve(index, dim).expect("the indices were checked");
        let from = part(x.layout(), axis, at);
        write_into(out, &part(&whole, axis, number), &x.with_layout(from));
    }
    Ok(())
}

compile_here! {
    /// Adds the slices of `src` along `axis` to the slices of the contiguous `out`, of shape `shape`, at
    /// the positions `indices` (1-d), in their order: the transpose of [`index_select`]. Where there are
    /// many, they are summed in `f64` first.
    ///
    /// # Errors
    /// If an index is out of range; nothing has been added then.
    ///
    /// # Panics
    /// If `indices` is not 1-d or `src` does not have the shape that [`index_select`] gives.
    pub fn index_add<T>(out: &mut [T], shape: &Shape, axis: usize, indices: &View<i64>, src: &View<T>) -> Result<(), IndexError> {
        let expected = selected_shape(shape, axis, indices);
        assert_eq!(
            src.shape(),
            &expected,
            "index_add: the source does not fit the indices"
        );
        assert_eq!(
            out.len(),
            shape.size(),
            "index_add: the output does not fit its shape"
        );
        check_indices("index_add", shape, axis, indices)?;
        let whole = Layout::contiguous(shape.clone());
        let indices = listed(indices);
        let place = |&index| resolve(index, shape[axis]).expect("the indices were checked");
        // Rows of a table lie together, as in `index_select`.
        let rows = if axis == 0 { src.as_slice() } else { None };
        let width = shape[axis + 1..].iter().product::<usize>();
        if !is_long::<T>(indices.len()) {
            for (number, index) in indices.iter().enumerate() {
                if let Some(rows) = rows {
                    let sum = &mut out[place(index) * width..][..width];
                    for (sum, &x) in sum.iter_mut().zip(&rows[number * width..][..width]) {
                        *sum += x;
                    }
                    continue;
                }
                let from = part(src.layout(), axis, number);
                let to = part(&whole, axis, place(index));
                super::copy_into(out, &to, &src.with_layout(from), true);
            }
            return Ok(());
        }
        let mut sums = vec![0.0; out.len()];
        for (number, index) in indices.iter().enumerate() {
            let at = place(index);
            if let Some(rows) = rows {
                let row = &rows[number * width..][..width];
                for (sum, &x) in sums[at * width..][..width].iter_mut().zip(row) {
                    *sum += x.to_f64();
                }
                continue;
            }
            let (from, to) = (part(src.layout(), axis, number), part(&whole, axis, at));
            for (from, to) in from.positions().zip(to.positions()) {
                sums[to] += src.data()[from].to_f64();
            }
        }
        // A pass over all of a small table is less than one over everything that was added.
        if src.layout().size() >= out.len() {
            for (out, sum) in out.iter_mut().zip(&mut sums) {
                round(out, sum);
            }
            return Ok(());
        }
        for index in indices.iter() {
            for at in part(&whole, axis, place(index)).positions() {
                round(&mut out[at], &mut sums[at]);
            }
        }
        Ok(())
    }
}

compile_here! {
    /// The greatest, or with `least` the least, of the slices of `x` along axis 0 that `segments` (1-d) gives
    /// to each slice of `out`; NaN where one is, and −∞, or +∞, where there is none.
    ///
    /// # Errors
    /// If a segment is out of range; nothing has been written then.
    ///
    /// # Panics
    /// If `segments` has not a number for each slice, or `out` no whole slices.
    pub fn segment_extreme<T>(x: &View<T>, segments: &View<i64>, count: usize, least: bool, out: &mut [T]) -> Result<(), IndexError> {
        let mut shape = x.shape().clone();
        assert_eq!(
            segments.shape(),
            &Shape::from([shape[0]]),
            "segment_extreme: the segments do not fit the slices"
        );
        shape.dims_mut()[0] = count;
        assert_eq!(
            out.len(),
            shape.size(),
            "segment_extreme: the output does not fit its shape"
        );
        check_indices("segment_extreme", &shape, 0, segments)?;
        out.fill(if least { T::INFINITY } else { -T::INFINITY });
        let width = shape[1..].iter().product::<usize>();
        let x = contiguous(x);
        for (row, segment) in segments.iter().enumerate() {
            let at = resolve(segment, count).expect("the segments were checked");
            let row = &x[row * width..][..width];
            for (best, &new) in out[at * width..][..width].iter_mut().zip(row) {
                let better = if least { new < *best } else { new > *best };
                if better || new.is_nan() {
                    *best = new;
                }
            }
        }
        Ok(())
    }
}

/// Whether so many additions to one element lose digits that are seen.
#[inline(always)]
fn is_long<T: Float>(additions: usize) -> bool {
    additions > 16 && T::EPSILON.to_f64() > f64::EPSILON
}

/// Adds a sum to an element, once. An element to which nothing was added stays as it is.
#[inline(always)]
fn round<T: Float>(out: &mut T, sum: &mut f64) {
    if *sum != 0.0 {
        *out = T::from_f64(out.to_f64() + std::mem::take(sum));
    }
}

compile_here! {
    /// Sets `out` (row-major, the shape of `indices` with `classes` as a new innermost axis) to 1 at
    /// each index and to 0 elsewhere.
    ///
    /// # Errors
    /// If an index is negative or not below `classes`.
    ///
    /// # Panics
    /// If `out` does not fit.
    pub fn one_hot<T>(indices: &View<i64>, classes: usize, out: &mut [T]) -> Result<(), IndexError> {
        let mut shape = indices.shape().clone();
        shape.push(classes);
        assert_eq!(out.len(), shape.size(), "one_hot: the output does not fit");
        check_classes("one_hot", classes, indices)?;
        out.fill(T::ZERO);
        for (row, index) in indices.iter().enumerate() {
            out[row * classes + index as usize] = T::ONE;
        }
        Ok(())
    }
}

/// The shape that selecting `indices` along `axis` gives.
fn selected_shape(shape: &Shape, axis: usize, indices: &View<i64>) -> Shape {
    assert_eq!(
        indices.shape().rank(),
        1,
        "index_select: the indices are not 1-d"
    );
    let mut shape = shape.clone();
    shape.dims_mut()[axis] = indices.shape()[0];
    shape
}

/// The slice of `layout` at position `at` of `axis`.
fn part(layout: &Layout, axis: usize, at: usize) -> Layout {
    layout
        .selected(axis as isize, at as isize)
        .expect("the position was checked")
}

fn admit(rule: Result<(), ShapeError>) {
    if let Err(error) = rule {
        panic!("{error}");
    }
}
