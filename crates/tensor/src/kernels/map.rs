//! Elementwise loops: any function of a few numbers, over broadcast and strided operands.
//!
//! A block of elements is loaded into local arrays, the function is applied lane by lane, and the
//! results are stored. Because the function is inlined into a loop of fixed length over local
//! arrays, the compiler turns the lanes into vector registers.
//!
//! Operands come in three groups of constant length, `A`, `B` and `C`, because a function of a
//! node's inputs, its outputs and what flows back into them has three kinds of arguments, and
//! stable Rust cannot add constant lengths up. A plain function leaves `B` and `C` at 0.

use smallvec::SmallVec;

use super::isa::{Isa, Kernel, Plain, dispatch};
use crate::{Float, Layout, Shape};

/// A function of `A + B + C` numbers with `O` results, generic in the element and the instruction
/// set.
///
/// `call` must be `#[inline(always)]`, or the loop around it does not become vector code.
pub trait MapFn<const A: usize, const B: usize, const C: usize, const O: usize>: Copy {
    /// Whether one evaluation is a few instructions, so that a single element is not worth a
    /// dispatch. The result must then be the same with and without a fused multiply-add.
    const CHEAP: bool = false;

    /// Evaluates the function.
    fn call<T: Float, I: Isa>(&self, a: [T; A], b: [T; B], c: [T; C]) -> [T; O];

    /// Evaluates the function into `y`. A function with several results should implement this and
    /// build [`call`](MapFn::call) on it: two small results that are returned by value travel as
    /// one integer, and taking them apart again costs more than the function.
    #[inline(always)]
    fn call_into<T: Float, I: Isa>(&self, a: [T; A], b: [T; B], c: [T; C], y: &mut [T; O]) {
        *y = self.call::<T, I>(a, b, c);
    }
}

/// Where an operand's elements come from: a slice, or one of the buffers that are written.
#[derive(Clone, Copy)]
pub enum Source<'a, T> {
    /// A slice that is only read.
    Slice(&'a [T]),
    /// The buffer with this number; every element is read before it is written.
    Buffer(usize),
}

/// An operand to read, with its layout, which is broadcast to the common shape.
#[derive(Clone, Copy)]
pub struct Input<'a, T> {
    /// Its elements.
    pub source: Source<'a, T>,
    /// Where they lie.
    pub layout: &'a Layout,
}

/// What happens to a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It replaces the element.
    Write,
    /// It is added to the element.
    Add,
    /// It is dropped.
    Skip,
}

/// A place for results: a region of a buffer that has exactly the common shape.
#[derive(Clone, Copy)]
pub struct Output<'a> {
    /// The number of the buffer.
    pub buffer: usize,
    /// The region.
    pub layout: &'a Layout,
    /// What happens to the results.
    pub mode: Mode,
}

/// The greatest number of axes that a loop can have after those that follow each other are joined.
const MOST_AXES: usize = 16;

/// Applies `f` to the first `len` elements of contiguous operands.
///
/// An output may be the buffer that an input reads: every element is read before it is written.
///
/// # Panics
/// If a slice or a buffer that is used has fewer than `len` elements.
#[inline]
pub fn map_flat<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: F,
    len: usize,
    a: [Source<'_, T>; A],
    b: [Source<'_, T>; B],
    c: [Source<'_, T>; C],
    outputs: [(usize, Mode); O],
    buffers: &mut [&mut [T]],
) where
    F: MapFn<A, B, C, O>,
{
    let mut y = [std::ptr::null_mut(); O];
    let mut modes = [Mode::Skip; O];
    for m in 0..O {
        let (at, mode) = outputs[m];
        modes[m] = mode;
        if mode != Mode::Skip {
            assert!(buffers[at].len() >= len, "map: a buffer is too short");
            y[m] = buffers[at].as_mut_ptr();
        }
    }
    let row = Row {
        f,
        a: Operands::flat(a, len, buffers),
        b: Operands::flat(b, len, buffers),
        c: Operands::flat(c, len, buffers),
        y,
        ys: [1; O],
        modes,
        cols: len,
    };
    if F::CHEAP && len == 1 {
        // SAFETY: every operand was checked to have at least `len` = 1 element.
        unsafe { row.one::<Plain>(0) };
    } else {
        dispatch(row);
    }
}

/// Applies `f` to operands of any layout, broadcast to `shape`.
///
/// Outputs may overlap each other: they are written in order, block by block. An output may be
/// the region that an input reads, with the same layout.
///
/// # Panics
/// If a layout reaches beyond its storage, an input does not broadcast to `shape`, or an output
/// that is not skipped has another shape.
pub fn map<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: F,
    shape: &Shape,
    a: [Input<'_, T>; A],
    b: [Input<'_, T>; B],
    c: [Input<'_, T>; C],
    outputs: [Output<'_>; O],
    buffers: &mut [&mut [T]],
) where
    F: MapFn<A, B, C, O>,
{
    if shape.size() == 0 {
        return;
    }
    let y = outputs.map(|output| {
        if output.mode == Mode::Skip {
            return std::ptr::null_mut();
        }
        assert!(output.layout.shape() == shape, "map: an output has another shape");
        assert!(output.layout.end() <= buffers[output.buffer].len(), "map: a buffer is too short");
        buffers[output.buffer].as_mut_ptr().wrapping_add(output.layout.offset())
    });
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
            Some(last) if last.continues(&dim) => *last = Dim { len: last.len * len, ..dim },
            _ => dims.push(dim),
        }
    }
    assert!(dims.len() <= MOST_AXES, "map: a tensor has too many axes");
    let inner = dims.pop().unwrap_or(Dim {
        len: 1,
        a: [0; A],
        b: [0; B],
        c: [0; C],
        y: [0; O],
    });
    let count = dims.iter().map(|dim| dim.len).product();
    dispatch(Rows {
        count,
        row: Row {
            f,
            a: Operands::strided(a, shape, inner.a, buffers),
            b: Operands::strided(b, shape, inner.b, buffers),
            c: Operands::strided(c, shape, inner.c, buffers),
            y,
            ys: inner.y,
            modes,
            cols: inner.len,
        },
        outer: &dims,
    });
}

/// The stride of the axis that is `back` from the inner end, 0 where the operand is stretched.
fn broadcast_stride(layout: &Layout, back: usize) -> isize {
    match layout.shape().rank().checked_sub(back) {
        Some(axis) if layout.shape()[axis] != 1 => layout.strides()[axis],
        _ => 0,
    }
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
            outer.iter().zip(steps).all(|(outer, step)| *outer == step * inner.len as isize)
        };
        joins(&self.a, &inner.a)
            && joins(&self.b, &inner.b)
            && joins(&self.c, &inner.c)
            && joins(&self.y, &inner.y)
    }
}

/// A group of operands along the innermost axis.
#[derive(Clone, Copy)]
struct Operands<T, const K: usize> {
    start: [*const T; K],
    stride: [isize; K],
}

impl<T: Float, const K: usize> Operands<T, K> {
    #[inline(always)]
    fn flat(sources: [Source<'_, T>; K], len: usize, buffers: &mut [&mut [T]]) -> Self {
        let mut start = [std::ptr::null(); K];
        for k in 0..K {
            start[k] = match sources[k] {
                Source::Slice(slice) => {
                    assert!(slice.len() >= len, "map: an input is too short");
                    slice.as_ptr()
                }
                Source::Buffer(at) => {
                    assert!(buffers[at].len() >= len, "map: a buffer is too short");
                    buffers[at].as_mut_ptr().cast_const()
                }
            };
        }
        Operands { start, stride: [1; K] }
    }

    fn strided(
        inputs: [Input<'_, T>; K],
        shape: &Shape,
        stride: [isize; K],
        buffers: &mut [&mut [T]],
    ) -> Self {
        let start = inputs.map(|input| {
            let (start, len) = match input.source {
                Source::Slice(slice) => (slice.as_ptr(), slice.len()),
                Source::Buffer(at) => (buffers[at].as_mut_ptr().cast_const(), buffers[at].len()),
            };
            assert!(input.layout.shape().broadcasts_to(shape), "map: an input does not broadcast");
            assert!(input.layout.end() <= len, "map: an input is too short");
            start.wrapping_add(input.layout.offset())
        });
        Operands { start, stride }
    }

    /// # Safety
    /// Element `at` of every operand must be inside its storage.
    #[inline(always)]
    unsafe fn one(&self, at: usize) -> [T; K] {
        let mut x = [T::ZERO; K];
        for k in 0..K {
            // SAFETY: by the contract.
            x[k] = unsafe { *self.start[k].wrapping_offset(at as isize * self.stride[k]) };
        }
        x
    }

    /// Loads elements `at..at + L`.
    ///
    /// # Safety
    /// These elements of every operand must be inside their storage.
    #[inline(always)]
    unsafe fn load<const L: usize, const FLAT: bool>(&self, x: &mut [[T; L]; K], at: usize) {
        for k in 0..K {
            let stride = if FLAT { 1 } else { self.stride[k] };
            let start = self.start[k].wrapping_offset(at as isize * stride);
            // SAFETY: by the contract `L` elements from `start` are readable.
            unsafe {
                if stride == 1 {
                    x[k] = *start.cast::<[T; L]>();
                } else if stride == 0 {
                    x[k] = [*start; L];
                } else {
                    for l in 0..L {
                        x[k][l] = *start.offset(l as isize * stride);
                    }
                }
            }
        }
    }

    /// Loads elements `at..at + used` into the first lanes.
    ///
    /// # Safety
    /// These elements of every operand must be inside their storage, and `used <= L`.
    #[inline(always)]
    unsafe fn load_some<const L: usize, const FLAT: bool>(
        &self,
        x: &mut [[T; L]; K],
        at: usize,
        used: usize,
    ) {
        for k in 0..K {
            let stride = if FLAT { 1 } else { self.stride[k] };
            let start = self.start[k].wrapping_offset(at as isize * stride);
            for l in 0..used {
                // SAFETY: by the contract.
                x[k][l] = unsafe { *start.offset(l as isize * stride) };
            }
        }
    }

    #[inline(always)]
    fn advance(&mut self, steps: isize, strides: &[isize; K]) {
        for k in 0..K {
            self.start[k] = self.start[k].wrapping_offset(steps * strides[k]);
        }
    }
}

/// The innermost axis of a loop.
#[derive(Clone, Copy)]
struct Row<T, F, const A: usize, const B: usize, const C: usize, const O: usize> {
    f: F,
    a: Operands<T, A>,
    b: Operands<T, B>,
    c: Operands<T, C>,
    y: [*mut T; O],
    ys: [isize; O],
    modes: [Mode; O],
    cols: usize,
}

/// The axes around it.
struct Rows<'a, T, F, const A: usize, const B: usize, const C: usize, const O: usize> {
    row: Row<T, F, A, B, C, O>,
    outer: &'a [Dim<A, B, C, O>],
    /// The product of their lengths.
    count: usize,
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>
    Row<T, F, A, B, C, O>
where
    F: MapFn<A, B, C, O>,
{
    /// # Safety
    /// Element `at` of every operand must be inside its storage.
    #[inline(always)]
    unsafe fn one<I: Isa>(&self, at: usize) {
        // SAFETY: by the contract; a skipped output's pointer is not touched.
        unsafe {
            let mut y = [T::ZERO; O];
            self.f.call_into::<T, I>(self.a.one(at), self.b.one(at), self.c.one(at), &mut y);
            for m in 0..O {
                let place = self.y[m].wrapping_offset(at as isize * self.ys[m]);
                match self.modes[m] {
                    Mode::Write => *place = y[m],
                    Mode::Add => *place += y[m],
                    Mode::Skip => {}
                }
            }
        }
    }

    /// Applies the function to every lane.
    #[inline(always)]
    fn compute<I: Isa, const L: usize>(
        &self,
        a: &[[T; L]; A],
        b: &[[T; L]; B],
        c: &[[T; L]; C],
        y: &mut [[T; L]; O],
    ) {
        for l in 0..L {
            let (mut p, mut q, mut r) = ([T::ZERO; A], [T::ZERO; B], [T::ZERO; C]);
            for k in 0..A {
                p[k] = a[k][l];
            }
            for k in 0..B {
                q[k] = b[k][l];
            }
            for k in 0..C {
                r[k] = c[k][l];
            }
            let mut result = [T::ZERO; O];
            self.f.call_into::<T, I>(p, q, r, &mut result);
            for m in 0..O {
                y[m][l] = result[m];
            }
        }
    }

    /// Elements `at..at + L`.
    ///
    /// # Safety
    /// These elements of every operand must be inside their storage.
    #[inline(always)]
    unsafe fn block<I: Isa, const L: usize, const FLAT: bool>(&self, at: usize) {
        let (mut a, mut b, mut c) = ([[T::ZERO; L]; A], [[T::ZERO; L]; B], [[T::ZERO; L]; C]);
        let mut y = [[T::ZERO; L]; O];
        // SAFETY: by the contract.
        unsafe {
            self.a.load::<L, FLAT>(&mut a, at);
            self.b.load::<L, FLAT>(&mut b, at);
            self.c.load::<L, FLAT>(&mut c, at);
        }
        self.compute::<I, L>(&a, &b, &c, &mut y);
        for m in 0..O {
            let stride = if FLAT { 1 } else { self.ys[m] };
            let start = self.y[m].wrapping_offset(at as isize * stride);
            // SAFETY: as for reading; a skipped output's pointer is not touched.
            unsafe {
                match self.modes[m] {
                    Mode::Skip => {}
                    Mode::Write if stride == 1 => *start.cast::<[T; L]>() = y[m],
                    Mode::Add if stride == 1 => {
                        let place = &mut *start.cast::<[T; L]>();
                        for l in 0..L {
                            place[l] += y[m][l];
                        }
                    }
                    mode => store_some(start, stride, &y[m], L, mode),
                }
            }
        }
    }

    /// Elements `at..at + used`, less than `L`.
    ///
    /// # Safety
    /// These elements of every operand must be inside their storage, and `used <= L`.
    #[inline(always)]
    unsafe fn tail<I: Isa, const L: usize, const FLAT: bool>(&self, at: usize, used: usize) {
        let (mut a, mut b, mut c) = ([[T::ZERO; L]; A], [[T::ZERO; L]; B], [[T::ZERO; L]; C]);
        let mut y = [[T::ZERO; L]; O];
        // SAFETY: by the contract.
        unsafe {
            self.a.load_some::<L, FLAT>(&mut a, at, used);
            self.b.load_some::<L, FLAT>(&mut b, at, used);
            self.c.load_some::<L, FLAT>(&mut c, at, used);
        }
        self.compute::<I, L>(&a, &b, &c, &mut y);
        for m in 0..O {
            let stride = if FLAT { 1 } else { self.ys[m] };
            let start = self.y[m].wrapping_offset(at as isize * stride);
            // SAFETY: as for reading; a skipped output's pointer is not touched.
            unsafe {
                match self.modes[m] {
                    Mode::Skip => {}
                    mode => store_some(start, stride, &y[m], used, mode),
                }
            }
        }
    }

    /// # Safety
    /// The first `cols` elements of every operand must be inside their storage.
    #[inline(always)]
    unsafe fn lanes<I: Isa, const FLAT: bool>(&self) {
        // SAFETY: by the contract.
        unsafe {
            // Many operands fill the registers with fewer lanes each.
            if A + B + C >= 7 || T::LANES < 16 {
                self.run::<I, 16, FLAT>();
            } else {
                self.run::<I, 32, FLAT>();
            }
        }
    }

    /// # Safety
    /// The first `cols` elements of every operand must be inside their storage.
    #[inline(always)]
    unsafe fn run<I: Isa, const L: usize, const FLAT: bool>(&self) {
        let mut at = 0;
        // SAFETY: `at + L <= cols` in the loop and `at + used == cols` after it.
        unsafe {
            while at + L <= self.cols {
                self.block::<I, L, FLAT>(at);
                at += L;
            }
            while at + 8 <= self.cols {
                self.block::<I, 8, FLAT>(at);
                at += 8;
            }
            match self.cols - at {
                0 => {}
                used if F::CHEAP || used == 1 => {
                    for at in at..at + used {
                        self.one::<I>(at);
                    }
                }
                used => self.tail::<I, 8, FLAT>(at, used),
            }
        }
    }
}

/// # Safety
/// The first `used` elements from `start`, `stride` apart, must be inside their storage.
#[inline(always)]
unsafe fn store_some<T: Float, const L: usize>(
    start: *mut T,
    stride: isize,
    y: &[T; L],
    used: usize,
    mode: Mode,
) {
    for l in 0..used {
        // SAFETY: by the contract.
        unsafe {
            let place = start.offset(l as isize * stride);
            *place = if mode == Mode::Add { *place + y[l] } else { y[l] };
        }
    }
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize> Kernel
    for Row<T, F, A, B, C, O>
where
    F: MapFn<A, B, C, O>,
{
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        // SAFETY: `map_flat` checked the length of every operand.
        unsafe { self.lanes::<I, true>() }
    }
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize> Kernel
    for Rows<'_, T, F, A, B, C, O>
where
    F: MapFn<A, B, C, O>,
{
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut row = self.row;
        let mut index = [0; MOST_AXES];
        for _ in 0..self.count {
            // SAFETY: the callers checked every layout against its storage, and the walk below
            // visits only indices of the layouts' shape.
            unsafe { row.lanes::<I, false>() };
            for axis in (0..self.outer.len()).rev() {
                let dim = &self.outer[axis];
                index[axis] += 1;
                let wrapped = index[axis] == dim.len;
                let steps = if wrapped { 1 - dim.len as isize } else { 1 };
                row.a.advance(steps, &dim.a);
                row.b.advance(steps, &dim.b);
                row.c.advance(steps, &dim.c);
                for m in 0..O {
                    row.y[m] = row.y[m].wrapping_offset(steps * dim.y[m]);
                }
                if !wrapped {
                    break;
                }
                index[axis] = 0;
            }
        }
    }
}
