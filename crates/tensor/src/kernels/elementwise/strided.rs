//! Elementwise loops over broadcast and strided operands: the general case of
//! [`map_flat`](super::map_flat), by code that all functions share.

use smallvec::SmallVec;

use super::each::each;
use super::map::raw;
use super::map::{run, run_rows};
use super::operands::{Input, Loop, Mode, Operands, Output, Source, Steps};
use crate::{Float, Layout, Shape};

/// Applies `f` to operands of any layout, broadcast to `shape`.
///
/// Outputs may overlap each other: they are written in order, block by block. An output may be
/// the region that an input reads, with the same layout.
///
/// # Panics
/// If a layout reaches beyond its storage, an input does not broadcast to `shape`, or an output
/// that is not skipped has another shape.
pub fn map<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &dyn Loop<T, A, B, C, O>,
    shape: &Shape,
    a: [Input<'_, T>; A],
    b: [Input<'_, T>; B],
    c: [Input<'_, T>; C],
    outputs: [Output<'_>; O],
    buffers: &mut [&mut [T]],
) {
    if shape.size() == 0 {
        return;
    }
    let mut dims: SmallVec<[Dim<A, B, C, O>; 4]> = SmallVec::new();
    for (axis, &len) in shape.iter().enumerate() {
        if len == 1 {
            continue;
        }
        let back = shape.rank() - axis;
        let steps = Steps {
            a: each(|k| broadcast_stride(a[k].layout, back)),
            b: each(|k| broadcast_stride(b[k].layout, back)),
            c: each(|k| broadcast_stride(c[k].layout, back)),
            y: each(|m| match outputs[m].mode {
                Mode::Skip => 0,
                _ => outputs[m].layout.strides()[axis],
            }),
        };
        let dim = Dim { len, steps };
        match dims.last_mut() {
            Some(last) if last.continues(&dim) => {
                last.len *= len;
                last.steps = steps;
            }
            _ => dims.push(dim),
        }
    }
    let inner = dims.pop().unwrap_or(Dim {
        len: 1,
        steps: Steps {
            a: [1; A],
            b: [1; B],
            c: [1; C],
            y: [1; O],
        },
    });
    let mut row = Operands {
        a: starts(a, shape, buffers),
        b: starts(b, shape, buffers),
        c: starts(c, shape, buffers),
        y: each(|m| {
            let output: Output<'_> = outputs[m];
            if output.mode == Mode::Skip {
                return std::ptr::null_mut();
            }
            let buffer = raw(buffers, output.buffer);
            assert!(
                output.layout.shape() == shape,
                "map: an output has another shape"
            );
            assert!(
                output.layout.end() <= buffer.len(),
                "map: a buffer is too short"
            );
            buffer.cast::<T>().wrapping_add(output.layout.offset())
        }),
        modes: each(|m| outputs[m].mode),
        len: inner.len,
    };
    // Rows of contiguous elements are walked by the loop itself.
    let straight = inner.is_straight(&row.modes);
    let rows = if straight { dims.pop() } else { None };
    let count: usize = dims.iter().map(|dim| dim.len).product();
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, dims.len());
    for _ in 0..count {
        // SAFETY: every layout was checked against its storage, and the walk below visits only
        // indices of their shape.
        unsafe {
            match &rows {
                Some(rows) => run_rows(f, &mut row.clone(), rows.len, &rows.steps),
                None if straight => run(f, &mut row.clone()),
                None => gathered(f, &row, &inner.steps),
            }
        }
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            let dim = &dims[axis];
            let wrapped = index[axis] == dim.len;
            row.advance(&dim.steps, if wrapped { 1 - dim.len as isize } else { 1 });
            if !wrapped {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// The stride of the axis that is `back` from the inner end, 0 where the operand is stretched.
fn broadcast_stride(layout: &Layout, back: usize) -> isize {
    match layout.shape().rank().checked_sub(back) {
        Some(axis) if layout.shape()[axis] != 1 => layout.strides()[axis],
        _ => 0,
    }
}

/// The first elements of a group of inputs, which are checked.
fn starts<T, const K: usize>(
    inputs: [Input<'_, T>; K],
    shape: &Shape,
    buffers: &mut [&mut [T]],
) -> [*const T; K] {
    each(|k| {
        let input: &Input<'_, T> = &inputs[k];
        let (start, len) = match input.source {
            Source::Slice(slice) => (slice.as_ptr(), slice.len()),
            Source::Buffer(at) => {
                let buffer = raw(buffers, at);
                (buffer.cast::<T>().cast_const(), buffer.len())
            }
        };
        assert!(
            input.layout.shape().broadcasts_to(shape),
            "map: an input does not broadcast"
        );
        assert!(input.layout.end() <= len, "map: an input is too short");
        start.wrapping_add(input.layout.offset())
    })
}

/// One axis of the loop.
#[derive(Clone, Copy)]
struct Dim<const A: usize, const B: usize, const C: usize, const O: usize> {
    len: usize,
    steps: Steps<A, B, C, O>,
}

impl<const A: usize, const B: usize, const C: usize, const O: usize> Dim<A, B, C, O> {
    /// Whether `inner` and this axis around it are one longer axis for every operand.
    fn continues(&self, inner: &Self) -> bool {
        let joins = |outer: &[isize], steps: &[isize]| {
            outer
                .iter()
                .zip(steps)
                .all(|(outer, step)| *outer == step * inner.len as isize)
        };
        let (outer, inner) = (&self.steps, &inner.steps);
        joins(&outer.a, &inner.a)
            && joins(&outer.b, &inner.b)
            && joins(&outer.c, &inner.c)
            && joins(&outer.y, &inner.y)
    }

    /// Whether the elements of every operand follow each other along this axis.
    fn is_straight(&self, modes: &[Mode; O]) -> bool {
        let straight = |steps: &[isize]| steps.iter().all(|step| *step == 1);
        let Steps { a, b, c, y } = &self.steps;
        let written = |m: usize| modes[m] == Mode::Skip || y[m] == 1;
        self.len == 1 || (straight(a) && straight(b) && straight(c) && (0..O).all(written))
    }
}

/// The elements of a strided row that are brought together at a time.
const CHUNK: usize = 128;

/// Runs over chunks of a row, whose strided operands are brought together in local buffers.
///
/// # Safety
/// The row's elements of every operand must be inside their storage.
#[inline(never)]
unsafe fn gathered<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &dyn Loop<T, A, B, C, O>,
    row: &Operands<T, A, B, C, O>,
    steps: &Steps<A, B, C, O>,
) {
    let (mut a_chunk, mut b_chunk, mut c_chunk) = (
        [[T::ZERO; CHUNK]; A],
        [[T::ZERO; CHUNK]; B],
        [[T::ZERO; CHUNK]; C],
    );
    let mut y_chunk = [[T::ZERO; CHUNK]; O];
    for at in (0..row.len).step_by(CHUNK) {
        let used = CHUNK.min(row.len - at);
        let direct = |m: usize| row.modes[m] == Mode::Skip || steps.y[m] == 1;
        let mut y = [std::ptr::null_mut(); O];
        let mut modes = row.modes;
        for m in 0..O {
            if direct(m) {
                y[m] = row.y[m].wrapping_add(at);
            } else {
                y[m] = y_chunk[m].as_mut_ptr();
                modes[m] = Mode::Write;
            }
        }
        // SAFETY: elements `at..at + used` are in the row, and a chunk holds them.
        unsafe {
            let mut chunk = Operands {
                a: gather(&mut a_chunk, &row.a, &steps.a, at, used),
                b: gather(&mut b_chunk, &row.b, &steps.b, at, used),
                c: gather(&mut c_chunk, &row.c, &steps.c, at, used),
                y,
                modes,
                len: used,
            };
            run(f, &mut chunk);
            for m in (0..O).filter(|&m| !direct(m)) {
                for l in 0..used {
                    let place = row.y[m].offset((at + l) as isize * steps.y[m]);
                    let value = y_chunk[m][l];
                    *place = if row.modes[m] == Mode::Add {
                        *place + value
                    } else {
                        value
                    };
                }
            }
        }
    }
}

/// Elements `at..at + used` of a group of operands: where they lie, or copied together.
///
/// # Safety
/// These elements must be inside their storage, and `used` at most `CHUNK`.
unsafe fn gather<T: Float, const K: usize>(
    chunks: &mut [[T; CHUNK]; K],
    starts: &[*const T; K],
    strides: &[isize; K],
    at: usize,
    used: usize,
) -> [*const T; K] {
    let mut gathered = [std::ptr::null(); K];
    for k in 0..K {
        let start = starts[k].wrapping_offset(at as isize * strides[k]);
        if strides[k] == 1 {
            gathered[k] = start;
            continue;
        }
        for l in 0..used {
            // SAFETY: by the contract.
            chunks[k][l] = unsafe { *start.offset(l as isize * strides[k]) };
        }
        gathered[k] = chunks[k].as_ptr();
    }
    gathered
}
