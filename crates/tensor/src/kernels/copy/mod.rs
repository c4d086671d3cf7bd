//! Moving elements between layouts.
//!
//! `index` moves what indices choose, `sort` puts elements in order, and `pages` is what the system is
//! asked about the pages of memory.

mod index;
mod pages;
mod sort;

use smallvec::SmallVec;

use crate::{Float, Layout, View, compile_here};

pub use index::{
    check_classes, check_gather, check_indices, gather, index_add, index_select, one_hot,
    scatter_add, segment_extreme,
};
pub use pages::{move_long, prefer_huge_pages};
pub use sort::{nan_greatest, sort};

/// Writes the elements of `x` to `out` in row-major order.
///
/// # Panics
/// If `out` is not as long as `x` has elements.
pub fn copy<T: Copy>(x: &View<T>, out: &mut [T]) {
    assert_eq!(
        out.len(),
        x.layout().size(),
        "copy: the output does not fit the input"
    );
    if let Some(slice) = x.as_slice() {
        out.copy_from_slice(slice);
        return;
    }
    write_into(out, &Layout::contiguous(x.shape().clone()), x);
}

/// Writes the elements of `x` into the region of `out` that `layout` names, or adds them to it.
/// Where the layout leads two indices to one element (a stride of 0), both are added.
///
/// # Panics
/// If the shapes differ or the layout reaches beyond `out`.
pub fn copy_into<T: Float>(out: &mut [T], layout: &Layout, x: &View<T>, add: bool) {
    if add {
        add_into(out, layout, x);
    } else {
        write_into(out, layout, x);
    }
}

compile_here! {
    fn add_into<T>(out: &mut [T], layout: &Layout, x: &View<T>) {
        walk(out, layout, x, |out, x| *out += x);
    }
}

/// Writes the elements of `x` into the region of `out` that `layout` names. Where the layout leads
/// two indices to one element, the last in row-major order stays.
///
/// # Panics
/// If the shapes differ or the layout reaches beyond `out`.
pub fn write_into<T: Copy>(out: &mut [T], layout: &Layout, x: &View<T>) {
    let axes = joint_axes(out, layout, x);
    // A transposition: each side has its own axis of neighbors.
    if let Some((inner, outer)) = axes.split_last()
        && inner.to == 1
        && inner.from != 1
        && inner.len >= TILE
        && let Some(across) = outer
            .iter()
            .position(|axis| axis.from == 1 && axis.len >= TILE)
    {
        return transpose(out, layout.offset(), x, &axes, across);
    }
    walk(out, layout, x, |out, x| *out = x);
}

/// Sets every element of the region of `out` that `layout` names.
///
/// # Panics
/// If the layout reaches beyond `out`.
pub fn fill_region<T: Copy>(out: &mut [T], layout: &Layout, value: T) {
    let shape = layout.shape().clone();
    let value = [value];
    let one = View::contiguous(&value, crate::Shape::scalar());
    let stretched = one
        .layout()
        .expanded(&shape)
        .expect("a scalar stretches to every shape");
    write_into(out, layout, &one.with_layout(stretched));
}

/// An axis of two layouts at once: its length and its stride in the input and in the output.
#[derive(Clone, Copy)]
struct Axis {
    len: usize,
    from: isize,
    to: isize,
}

/// The axes of `layout` and of `x`, which have one shape; those that follow each other without a gap
/// in both are one.
fn joint_axes<T: Copy>(out: &[T], layout: &Layout, x: &View<T>) -> SmallVec<[Axis; 4]> {
    assert_eq!(layout.shape(), x.shape(), "copy: the shapes differ");
    assert!(
        layout.end() <= out.len(),
        "copy: a layout reaches beyond its storage"
    );
    let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
    let strides = x.layout().strides().iter().zip(layout.strides());
    for (&len, (&from, &to)) in layout.shape().iter().zip(strides) {
        match axes.last_mut() {
            _ if len == 1 => {}
            Some(outer) if outer.from == from * len as isize && outer.to == to * len as isize => {
                *outer = Axis {
                    len: outer.len * len,
                    from,
                    to,
                };
            }
            _ => axes.push(Axis { len, from, to }),
        }
    }
    axes
}

/// Applies `f` to each element of the region with the element of `x` at the same index, in
/// row-major order.
#[inline(always)]
fn walk<T: Copy>(out: &mut [T], layout: &Layout, x: &View<T>, f: impl Fn(&mut T, T)) {
    let mut axes = joint_axes(out, layout, x);
    let data = x.data();
    let inner = axes.pop().unwrap_or(Axis {
        len: 1,
        from: 1,
        to: 1,
    });
    starts(&axes, layout.offset(), x.layout().offset(), |to, from| {
        if inner.len == 0 {
            return;
        }
        match (inner.to, inner.from) {
            (1, 1) => {
                let row = &data[from..from + inner.len];
                for (out, &x) in out[to..to + inner.len].iter_mut().zip(row) {
                    f(out, x);
                }
            }
            (1, 0) => {
                let x = data[from];
                out[to..to + inner.len].iter_mut().for_each(|out| f(out, x));
            }
            _ => {
                let (mut to, mut from) = (to, from);
                for _ in 0..inner.len {
                    f(&mut out[to], data[from]);
                    to = to.wrapping_add_signed(inner.to);
                    from = from.wrapping_add_signed(inner.from);
                }
            }
        }
    });
}

/// Rows and columns of a tile that is turned in registers: a cache line of `f32`.
const TILE: usize = 16;

/// Copies where the last axis is the output's axis of neighbors and axis `across` the input's.
fn transpose<T: Copy>(out: &mut [T], offset: usize, x: &View<T>, axes: &[Axis], across: usize) {
    let data = x.data();
    let (Some(&inner), across_axis) = (axes.last(), axes[across]) else {
        return;
    };
    let mut outer: SmallVec<[Axis; 4]> = SmallVec::from_slice(&axes[..axes.len() - 1]);
    outer.remove(across);
    starts(&outer, offset, x.layout().offset(), |to, from| {
        let at = |start: usize, count: usize, stride: isize| {
            start.wrapping_add_signed(count as isize * stride)
        };
        for i in (0..across_axis.len).step_by(TILE) {
            for j in (0..inner.len).step_by(TILE) {
                let rows = TILE.min(across_axis.len - i);
                let columns = TILE.min(inner.len - j);
                let from = at(from + i, j, inner.from);
                let to = at(to + j, i, across_axis.to);
                if rows == TILE && columns == TILE {
                    let mut tile = [[data[from]; TILE]; TILE];
                    for (column, line) in tile.iter_mut().enumerate() {
                        let from = at(from, column, inner.from);
                        line.copy_from_slice(&data[from..from + TILE]);
                    }
                    for row in 0..TILE {
                        let to = at(to, row, across_axis.to);
                        let line = &mut out[to..to + TILE];
                        for column in 0..TILE {
                            line[column] = tile[column][row];
                        }
                    }
                    continue;
                }
                for row in 0..rows {
                    for column in 0..columns {
                        out[at(to + column, row, across_axis.to)] =
                            data[at(from + row, column, inner.from)];
                    }
                }
            }
        }
    });
}

/// Calls `f` with the positions in output and input of every index of `axes`, in row-major order.
#[inline(always)]
fn starts(axes: &[Axis], to: usize, from: usize, mut f: impl FnMut(usize, usize)) {
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
    let (mut to, mut from) = (to, from);
    for _ in 0..axes.iter().map(|axis| axis.len).product() {
        f(to, from);
        let change = |axis: usize, by: isize| {
            to = to.wrapping_add_signed(by * axes[axis].to);
            from = from.wrapping_add_signed(by * axes[axis].from);
        };
        advance(&mut index, |axis| axes[axis].len, change);
    }
}

/// Advances `index` by one in row-major order and reports by how much each axis changes.
#[inline(always)]
pub(super) fn advance(
    index: &mut [usize],
    len: impl Fn(usize) -> usize,
    mut change: impl FnMut(usize, isize),
) {
    for axis in (0..index.len()).rev() {
        index[axis] += 1;
        if index[axis] < len(axis) {
            change(axis, 1);
            return;
        }
        change(axis, 1 - len(axis) as isize);
        index[axis] = 0;
    }
}
