//! Elementwise loops: any function of a few numbers, over broadcast and strided operands.
//!
//! A block of elements is loaded into local arrays, the function is applied lane by lane, and the
//! results are stored. Because the function is inlined into a loop of fixed length over local
//! arrays, the compiler turns the lanes into vector registers.
//!
//! Only the loop over whole blocks of contiguous operands is compiled for every function. What
//! does not fit a block, and what is strided or stretched, goes through buffers of a block's
//! length by code that all functions share: hundreds of functions in three instruction sets would
//! otherwise take minutes to compile.
//!
//! Operands come in three groups of constant length, `A`, `B` and `C`, because a function of a
//! node's inputs, its outputs and what flows back into them has three kinds of arguments, and
//! stable Rust cannot add constant lengths up. A plain function leaves `B` and `C` at 0.

use super::isa::{Isa, Kernel, Plain, dispatch};
use crate::{Float, Layout};

/// A function of `A + B + C` numbers with `O` results, generic in the element and the instruction
/// set.
///
/// `call` must be `#[inline(always)]`, or the loop around it does not become vector code.
pub trait MapFn<const A: usize, const B: usize, const C: usize, const O: usize>: Copy {
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

/// A [`MapFn`] with its loop, behind a pointer, so that what surrounds the loop is compiled once
/// for all functions.
pub trait Loop<T, const A: usize, const B: usize, const C: usize, const O: usize> {
    /// Applies the function to contiguous operands.
    ///
    /// # Safety
    /// Every pointer must have `len` elements, but for the outputs that are skipped.
    #[doc(hidden)]
    unsafe fn run(&self, operands: &Operands<T, A, B, C, O>);
}

/// Contiguous operands of one length.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Operands<T, const A: usize, const B: usize, const C: usize, const O: usize> {
    pub(super) a: [*const T; A],
    pub(super) b: [*const T; B],
    pub(super) c: [*const T; C],
    pub(super) y: [*mut T; O],
    pub(super) modes: [Mode; O],
    pub(super) len: usize,
}

/// Applies `f` to the first `len` elements of contiguous operands.
///
/// An output may be the buffer that an input reads: every element is read before it is written.
///
/// # Panics
/// If a slice or a buffer that is used has fewer than `len` elements.
#[inline]
pub fn map_flat<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &F,
    len: usize,
    a: [Source<'_, T>; A],
    b: [Source<'_, T>; B],
    c: [Source<'_, T>; C],
    outputs: [(usize, Mode); O],
    buffers: &mut [&mut [T]],
) where
    F: Loop<T, A, B, C, O> + ?Sized,
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
    let operands = Operands {
        a: flat(a, len, buffers),
        b: flat(b, len, buffers),
        c: flat(c, len, buffers),
        y,
        modes,
        len,
    };
    // SAFETY: every operand was just checked to have `len` elements.
    unsafe { f.run(&operands) }
}

#[inline(always)]
fn flat<T, const K: usize>(
    sources: [Source<'_, T>; K],
    len: usize,
    buffers: &mut [&mut [T]],
) -> [*const T; K] {
    let mut starts = [std::ptr::null(); K];
    for k in 0..K {
        starts[k] = match sources[k] {
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
    starts
}

/// The lanes of the longest block: two registers of `f32` in AVX2, one in AVX-512.
const BLOCK: usize = 16;

/// The lanes of a block of a function of so many operands. With many, as in the gates of a
/// recurrent cell, two registers for each are more than there are.
const fn lanes(operands: usize) -> usize {
    if operands > 4 { BLOCK / 2 } else { BLOCK }
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>
    Loop<T, A, B, C, O> for F
where
    F: MapFn<A, B, C, O>,
{
    #[inline]
    unsafe fn run(&self, operands: &Operands<T, A, B, C, O>) {
        let len = operands.len;
        if len == 1 {
            // SAFETY: by the contract.
            unsafe { one(self, operands) };
            return;
        }
        let block = const { lanes(A + B + C) };
        let rest = len % block;
        let repeat = rest > 0 && len > block && operands.may_repeat();
        if len >= block {
            dispatch(Blocks {
                f: *self,
                operands,
                repeat,
            });
        }
        if rest == 0 || repeat {
            return;
        }
        let mut tail = Tail::new();
        // SAFETY: by the contract the elements after the whole blocks are there.
        let padded = unsafe { tail.fill(operands, len - rest) };
        dispatch(Blocks {
            f: *self,
            operands: &padded,
            repeat: false,
        });
        // SAFETY: as above.
        unsafe { tail.store(operands, len - rest) };
    }
}

impl<T, const A: usize, const B: usize, const C: usize, const O: usize> Operands<T, A, B, C, O> {
    /// Whether an element may be computed twice: nothing is added, and nothing that is written is
    /// read as well.
    #[inline]
    fn may_repeat(&self) -> bool {
        (0..O).all(|m| match self.modes[m] {
            Mode::Skip => true,
            Mode::Add => false,
            Mode::Write => {
                let (low, high) = (self.y[m].addr(), self.y[m].wrapping_add(self.len).addr());
                let apart = |start: &*const T| {
                    start.addr() >= high || start.wrapping_add(self.len).addr() <= low
                };
                self.a.iter().all(apart) && self.b.iter().all(apart) && self.c.iter().all(apart)
            }
        })
    }
}

/// One element, for which a dispatch is not worth while.
///
/// # Safety
/// Every operand must have an element.
#[inline]
unsafe fn one<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &F,
    operands: &Operands<T, A, B, C, O>,
) where
    F: MapFn<A, B, C, O>,
{
    let (mut a, mut b, mut c) = ([T::ZERO; A], [T::ZERO; B], [T::ZERO; C]);
    let mut y = [T::ZERO; O];
    // SAFETY: by the contract; a skipped output's pointer is not touched.
    unsafe {
        for k in 0..A {
            a[k] = *operands.a[k];
        }
        for k in 0..B {
            b[k] = *operands.b[k];
        }
        for k in 0..C {
            c[k] = *operands.c[k];
        }
        f.call_into::<T, Plain>(a, b, c, &mut y);
        for m in 0..O {
            match operands.modes[m] {
                Mode::Write => *operands.y[m] = y[m],
                Mode::Add => *operands.y[m] += y[m],
                Mode::Skip => {}
            }
        }
    }
}

/// The loop over whole blocks: all that is compiled for every function and instruction set.
struct Blocks<'a, T, F, const A: usize, const B: usize, const C: usize, const O: usize> {
    f: F,
    /// At least a block.
    operands: &'a Operands<T, A, B, C, O>,
    /// Whether what does not fill a block is computed with the elements before it once more.
    repeat: bool,
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize> Kernel
    for Blocks<'_, T, F, A, B, C, O>
where
    F: MapFn<A, B, C, O>,
{
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        // SAFETY: whoever makes this value has checked that the operands have `len` elements, at
        // least a block.
        unsafe {
            if const { lanes(A + B + C) == BLOCK } {
                self.lanes::<I, BLOCK>();
            } else {
                self.lanes::<I, { BLOCK / 2 }>();
            }
        }
    }
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>
    Blocks<'_, T, F, A, B, C, O>
where
    F: MapFn<A, B, C, O>,
{
    /// # Safety
    /// Every operand must have `len` elements, at least a block.
    #[inline(always)]
    unsafe fn lanes<I: Isa, const L: usize>(self) {
        let operands = self.operands;
        let last = operands.len - L;
        let mut at = 0;
        loop {
            let (mut a, mut b, mut c) = ([[T::ZERO; L]; A], [[T::ZERO; L]; B], [[T::ZERO; L]; C]);
            let mut y = [[T::ZERO; L]; O];
            // SAFETY: by the contract `L` elements from `at`, at most `last`, are there.
            unsafe {
                for k in 0..A {
                    a[k] = *operands.a[k].add(at).cast::<[T; L]>();
                }
                for k in 0..B {
                    b[k] = *operands.b[k].add(at).cast::<[T; L]>();
                }
                for k in 0..C {
                    c[k] = *operands.c[k].add(at).cast::<[T; L]>();
                }
            }
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
            for m in 0..O {
                // SAFETY: as above; a skipped output's pointer is not touched.
                unsafe {
                    match operands.modes[m] {
                        Mode::Skip => {}
                        Mode::Write => *operands.y[m].add(at).cast::<[T; L]>() = y[m],
                        Mode::Add => {
                            let place = &mut *operands.y[m].add(at).cast::<[T; L]>();
                            for l in 0..L {
                                place[l] += y[m][l];
                            }
                        }
                    }
                }
            }
            at += L;
            if at > last {
                if !self.repeat || at >= operands.len {
                    return;
                }
                at = last;
            }
        }
    }
}

/// The elements after the last whole block, filled up to a block.
struct Tail<T, const A: usize, const B: usize, const C: usize, const O: usize> {
    a: [[T; BLOCK]; A],
    b: [[T; BLOCK]; B],
    c: [[T; BLOCK]; C],
    y: [[T; BLOCK]; O],
}

impl<T: Float, const A: usize, const B: usize, const C: usize, const O: usize> Tail<T, A, B, C, O> {
    fn new() -> Self {
        Tail {
            a: [[T::ZERO; BLOCK]; A],
            b: [[T::ZERO; BLOCK]; B],
            c: [[T::ZERO; BLOCK]; C],
            y: [[T::ZERO; BLOCK]; O],
        }
    }

    /// Copies the elements from `from` on and returns operands that are these copies.
    ///
    /// # Safety
    /// Every operand must have `len` elements, less than `from` and a block.
    unsafe fn fill(
        &mut self,
        operands: &Operands<T, A, B, C, O>,
        from: usize,
    ) -> Operands<T, A, B, C, O> {
        let used = operands.len - from;
        // SAFETY: by the contract.
        unsafe {
            copy_group(&mut self.a, &operands.a, from, used);
            copy_group(&mut self.b, &operands.b, from, used);
            copy_group(&mut self.c, &operands.c, from, used);
        }
        let skip = |mode| {
            if mode == Mode::Skip {
                Mode::Skip
            } else {
                Mode::Write
            }
        };
        Operands {
            a: pointers(&self.a),
            b: pointers(&self.b),
            c: pointers(&self.c),
            y: self.y.each_mut().map(|y| y.as_mut_ptr()),
            modes: operands.modes.map(skip),
            len: const { lanes(A + B + C) },
        }
    }

    /// Brings the results to their places, in the order of the outputs.
    ///
    /// # Safety
    /// Every output that is not skipped must have `len` elements.
    unsafe fn store(&self, operands: &Operands<T, A, B, C, O>, from: usize) {
        for m in 0..O {
            for l in 0..operands.len - from {
                let place = operands.y[m].wrapping_add(from + l);
                // SAFETY: by the contract; a skipped output's pointer is not touched.
                unsafe {
                    match operands.modes[m] {
                        Mode::Write => *place = self.y[m][l],
                        Mode::Add => *place += self.y[m][l],
                        Mode::Skip => break,
                    }
                }
            }
        }
    }
}

/// # Safety
/// The pointers must have `used` elements from `from` on, and `used` must be at most `BLOCK`.
unsafe fn copy_group<T: Float, const K: usize>(
    to: &mut [[T; BLOCK]; K],
    group: &[*const T; K],
    from: usize,
    used: usize,
) {
    for k in 0..K {
        // SAFETY: by the contract; a local array overlaps nothing.
        unsafe { std::ptr::copy_nonoverlapping(group[k].add(from), to[k].as_mut_ptr(), used) };
        // Zeros would make some functions slow or loud; an element that is there anyway does not.
        let last = to[k][used - 1];
        to[k][used..].fill(last);
    }
}

fn pointers<T, const L: usize, const K: usize>(group: &[[T; L]; K]) -> [*const T; K] {
    group.each_ref().map(|x| x.as_ptr())
}
