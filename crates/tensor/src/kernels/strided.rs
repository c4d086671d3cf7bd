//! Elementwise loops over broadcast and strided operands: the general case of
//! [`map_flat`](super::map_flat), by code that all functions share.

use smallvec::SmallVec;

use super::map::{Input, Loop, Mode, Operands, Output, Source};
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
    let modes = outputs.map(|output| output.mode);
    let mut dims: SmallVec<[Dim<A, B, C, O>; 4]> = SmallVec::new();
    for (axis, &len) in shape.iter().enumerate() {
        if len == 1 {
            continue;
        }
        let back = shape.rank() - axis;
        let dim = Dim {
            len,
            a: a.map(|input| broadcast_stride(input.layout, back)),
            b: b.map(|input| broadcast_stride(input.layout, back)),
            c: c.map(|input| broadcast_stride(input.layout, back)),
            y: outputs.map(|output| match output.mode {
                Mode::Skip => 0,
                _ => output.layout.strides()[axis],
            }),
        };
        match dims.last_mut() {
            Some(last) if last.continues(&dim) => {
                *last = Dim {
                    len: last.len * len,
                    ..dim
                }
            }
            _ => dims.push(dim),
        }
    }
    let inner = dims.pop().unwrap_or(Dim {
        len: 1,
        a: [1; A],
        b: [1; B],
        c: [1; C],
        y: [1; O],
    });
    let mut row = Row {
        a: starts(a, shape, buffers),
        b: starts(b, shape, buffers),
        c: starts(c, shape, buffers),
        y: outputs.map(|output| {
            if output.mode == Mode::Skip {
                return std::ptr::null_mut();
            }
            let buffer = &mut *buffers[output.buffer];
            assert!(
                output.layout.shape() == shape,
                "map: an output has another shape"
            );
            assert!(
                output.layout.end() <= buffer.len(),
                "map: a buffer is too short"
            );
            buffer.as_mut_ptr().wrapping_add(output.layout.offset())
        }),
        modes,
        inner,
    };
    let count: usize = dims.iter().map(|dim| dim.len).product();
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, dims.len());
    for _ in 0..count {
        // SAFETY: every layout was checked against its storage, and the walk below visits only
        // indices of their shape.
        unsafe { row.run(f) };
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            let wrapped = index[axis] == dims[axis].len;
            row.advance(
                &dims[axis],
                if wrapped {
                    1 - dims[axis].len as isize
                } else {
                    1
                },
            );
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
    inputs.map(|input| {
        let (start, len) = match input.source {
            Source::Slice(slice) => (slice.as_ptr(), slice.len()),
            Source::Buffer(at) => (buffers[at].as_mut_ptr().cast_const(), buffers[at].len()),
        };
        assert!(
            input.layout.shape().broadcasts_to(shape),
            "map: an input does not broadcast"
        );
        assert!(input.layout.end() <= len, "map: an input is too short");
        start.wrapping_add(input.layout.offset())
    })
}

/// One axis of the loop: its length and every operand's stride.
#[derive(Clone, Copy)]
struct Dim<const A: usize, const B: usize, const C: usize, const O: usize> {
    len: usize,
    a: [isize; A],
    b: [isize; B],
    c: [isize; C],
    y: [isize; O],
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
        joins(&self.a, &inner.a)
            && joins(&self.b, &inner.b)
            && joins(&self.c, &inner.c)
            && joins(&self.y, &inner.y)
    }
}

/// The innermost axis of a strided loop.
struct Row<T, const A: usize, const B: usize, const C: usize, const O: usize> {
    a: [*const T; A],
    b: [*const T; B],
    c: [*const T; C],
    y: [*mut T; O],
    modes: [Mode; O],
    inner: Dim<A, B, C, O>,
}

/// The elements of a strided row that are brought together at a time.
const CHUNK: usize = 128;

impl<T: Float, const A: usize, const B: usize, const C: usize, const O: usize> Row<T, A, B, C, O> {
    fn advance(&mut self, dim: &Dim<A, B, C, O>, steps: isize) {
        let step = |start: &mut *const T, stride: &isize| {
            *start = start.wrapping_offset(steps * stride);
        };
        self.a
            .iter_mut()
            .zip(&dim.a)
            .for_each(|(start, stride)| step(start, stride));
        self.b
            .iter_mut()
            .zip(&dim.b)
            .for_each(|(start, stride)| step(start, stride));
        self.c
            .iter_mut()
            .zip(&dim.c)
            .for_each(|(start, stride)| step(start, stride));
        for (start, stride) in self.y.iter_mut().zip(&dim.y) {
            *start = start.wrapping_offset(steps * stride);
        }
    }

    /// # Safety
    /// The row's elements of every operand must be inside their storage.
    unsafe fn run(&self, f: &dyn Loop<T, A, B, C, O>) {
        let Dim { len, a, b, c, y } = self.inner;
        let straight = |strides: &[isize]| strides.iter().all(|stride| *stride == 1);
        let written = |m: usize| self.modes[m] == Mode::Skip || y[m] == 1;
        if len == 1 || (straight(&a) && straight(&b) && straight(&c) && (0..O).all(written)) {
            // SAFETY: by the contract.
            unsafe {
                f.run(&Operands {
                    a: self.a,
                    b: self.b,
                    c: self.c,
                    y: self.y,
                    modes: self.modes,
                    len,
                });
            }
        } else {
            // SAFETY: by the contract.
            unsafe { self.gathered(f) };
        }
    }

    /// Runs over chunks whose strided operands are brought together in local buffers.
    ///
    /// # Safety
    /// As for `run`.
    #[inline(never)]
    unsafe fn gathered(&self, f: &dyn Loop<T, A, B, C, O>) {
        let Dim { len, a, b, c, y } = self.inner;
        let (mut a_chunk, mut b_chunk, mut c_chunk) = (
            [[T::ZERO; CHUNK]; A],
            [[T::ZERO; CHUNK]; B],
            [[T::ZERO; CHUNK]; C],
        );
        let mut y_chunk = [[T::ZERO; CHUNK]; O];
        for at in (0..len).step_by(CHUNK) {
            let used = CHUNK.min(len - at);
            let direct = |m: usize| self.modes[m] == Mode::Skip || y[m] == 1;
            let mut y_starts = [std::ptr::null_mut(); O];
            let mut modes = self.modes;
            for m in 0..O {
                if direct(m) {
                    y_starts[m] = self.y[m].wrapping_add(at);
                } else {
                    y_starts[m] = y_chunk[m].as_mut_ptr();
                    modes[m] = Mode::Write;
                }
            }
            // SAFETY: elements `at..at + used` are in the row, and a chunk holds them.
            unsafe {
                let operands = Operands {
                    a: gather(&mut a_chunk, &self.a, &a, at, used),
                    b: gather(&mut b_chunk, &self.b, &b, at, used),
                    c: gather(&mut c_chunk, &self.c, &c, at, used),
                    y: y_starts,
                    modes,
                    len: used,
                };
                f.run(&operands);
                for m in (0..O).filter(|&m| !direct(m)) {
                    for l in 0..used {
                        let place = self.y[m].offset((at + l) as isize * y[m]);
                        let value = y_chunk[m][l];
                        *place = if self.modes[m] == Mode::Add {
                            *place + value
                        } else {
                            value
                        };
                    }
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
