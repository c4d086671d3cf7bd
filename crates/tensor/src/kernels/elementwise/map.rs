//! Elementwise loops: any function of a few numbers, over broadcast and strided operands.
//!
//! A block of elements is loaded into local arrays, the function is applied lane by lane, and the
//! results are stored. Because the function is inlined into a loop of fixed length over local
//! arrays, the compiler turns the lanes into vector registers.
//!
//! Only the loop over rows of contiguous elements is compiled for every function. Rows that are
//! shorter than a block, and what is strided or stretched along the row, go through buffers of a
//! block's length by code that all functions share: hundreds of functions in three instruction
//! sets would otherwise take minutes to compile.
//!
//! Operands come in three groups of constant length, `A`, `B` and `C`, because a function of a
//! node's inputs, its outputs and what flows back into them has three kinds of arguments, and
//! stable Rust cannot add constant lengths up. A plain function leaves `B` and `C` at 0.

use std::mem::MaybeUninit;

use super::ends::{CHUNK, Gathered, adding_rows, put};
use super::operands::{Loop, MapFn, Mode, Operands, Source, Steps};
use crate::Float;
use crate::kernels::isa::{Isa, Kernel, Plain, dispatch, prefetch};

/// Applies `f` to the first `len` elements of contiguous operands.
///
/// An output may be the buffer that an input reads: every element is read before it is written.
///
/// # Panics
/// If a slice or a buffer that is used has fewer than `len` elements.
#[inline(always)]
pub fn map_flat<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &dyn Loop<T, A, B, C, O>,
    len: usize,
    a: [Source<'_, T>; A],
    b: [Source<'_, T>; B],
    c: [Source<'_, T>; C],
    outputs: [(usize, Mode); O],
    buffers: &mut [&mut [T]],
) {
    // Inlined always: a call would write all operands to memory and read them back.
    let mut y = [std::ptr::null_mut(); O];
    let mut modes = [Mode::Skip; O];
    for m in 0..O {
        let (at, mode) = outputs[m];
        modes[m] = mode;
        if mode != Mode::Skip {
            let buffer = raw(buffers, at);
            assert!(buffer.len() >= len, "map: a buffer is too short");
            y[m] = buffer.cast();
        }
    }
    let mut operands = Operands {
        a: flat(a, len, buffers),
        b: flat(b, len, buffers),
        c: flat(c, len, buffers),
        y,
        modes,
        len,
    };
    // SAFETY: every operand was just checked to have `len` elements.
    unsafe { run(f, &mut operands) }
}

/// Buffer number `at`. Not by a reference: one would end the pointers that others have to it.
#[inline(always)]
pub(super) fn raw<T>(buffers: &mut [&mut [T]], at: usize) -> *mut [T] {
    &raw mut *buffers[at]
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
                let buffer = raw(buffers, at);
                assert!(buffer.len() >= len, "map: a buffer is too short");
                buffer.cast::<T>().cast_const()
            }
        };
    }
    starts
}

/// The lanes of the longest block: two registers of `f32` in AVX2, one in AVX-512.
pub(super) const BLOCK: usize = 16;

/// The lanes of a block of a function of so many operands. With many, as in the gates of a
/// recurrent cell, two registers for each are more than there are.
pub(super) const fn lanes(operands: usize) -> usize {
    if operands > 4 { BLOCK / 2 } else { BLOCK }
}

/// Applies a function to contiguous operands, which are used up.
///
/// # Safety
/// Every pointer must have `len` elements, but for the outputs that are skipped.
#[inline]
pub(super) unsafe fn run<
    T: Float,
    const A: usize,
    const B: usize,
    const C: usize,
    const O: usize,
>(
    f: &dyn Loop<T, A, B, C, O>,
    operands: &mut Operands<T, A, B, C, O>,
) {
    if operands.len == 1 {
        // SAFETY: by the contract.
        unsafe { one(f, operands) };
        return;
    }
    // SAFETY: by the contract.
    unsafe { run_rows(f, operands, 1, &const { Steps::NONE }) };
}

/// Applies a function to one element.
///
/// # Safety
/// Every pointer must have an element, but for the outputs that are skipped.
#[inline]
unsafe fn one<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &dyn Loop<T, A, B, C, O>,
    operands: &Operands<T, A, B, C, O>,
) {
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
        f.number(a, b, c, &mut y);
        for m in 0..O {
            match operands.modes[m] {
                Mode::Write => *operands.y[m] = y[m],
                Mode::Add => *operands.y[m] += y[m],
                Mode::Skip => {}
            }
        }
    }
}

/// Applies a function to so many rows of contiguous elements. `steps` lead from a row to the next.
///
/// # Safety
/// As for `run`, of every row.
#[inline]
pub(super) unsafe fn run_rows<
    T: Float,
    const A: usize,
    const B: usize,
    const C: usize,
    const O: usize,
>(
    f: &dyn Loop<T, A, B, C, O>,
    operands: &mut Operands<T, A, B, C, O>,
    rows: usize,
    steps: &Steps<A, B, C, O>,
) {
    let len = operands.len;
    let block = const { lanes(A + B + C) };
    let rest = len % block;
    let repeat = rest > 0 && len > block && operands.may_repeat(rows, steps);
    if len < block {
        // SAFETY: by the contract.
        unsafe { short_rows(f, operands, rows, steps) };
        return;
    }
    // SAFETY: by the contract.
    unsafe {
        if rest > 0 && !repeat {
            ends_of_rows(f, operands, rest, rows, steps);
        }
        if operands.modes.contains(&Mode::Add) {
            adding_rows(f, operands, rows, steps);
        } else {
            f.blocks(operands, rows, steps, repeat);
        }
    }
}

/// The lanes that are computed at a time, a divisor of a block: a cache line, or half of it where
/// registers are short. More would be the same code several times over, for the compiler to chew.
const fn lanes_of<T, I: Isa>(operands: usize) -> usize {
    let most = if I::FMA { 64 } else { 32 } / size_of::<T>();
    let block = lanes(operands);
    if most < block { most } else { block }
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize>
    Loop<T, A, B, C, O> for F
where
    F: MapFn<A, B, C, O>,
{
    fn number(&self, a: [T; A], b: [T; B], c: [T; C], y: &mut [T; O]) {
        self.call_into::<T, Plain>(a, b, c, y);
    }

    unsafe fn blocks(
        &self,
        operands: &mut Operands<T, A, B, C, O>,
        rows: usize,
        steps: &Steps<A, B, C, O>,
        repeat: bool,
    ) {
        dispatch(Blocks {
            f: *self,
            operands,
            rows,
            steps,
            repeat,
        });
    }
}

/// Applies the function to rows that are shorter than a block.
///
/// # Safety
/// Every operand must have `len` elements in each row.
#[inline(never)]
unsafe fn short_rows<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &dyn Loop<T, A, B, C, O>,
    operands: &mut Operands<T, A, B, C, O>,
    rows: usize,
    steps: &Steps<A, B, C, O>,
) {
    if operands.len == 0 {
        return;
    }
    let mut gathered = Gathered::new();
    let most = CHUNK / operands.len;
    for done in (0..rows).step_by(most) {
        let count = most.min(rows - done);
        // SAFETY: by the contract.
        unsafe {
            let mut together = gathered.read(operands, count, steps);
            f.blocks(&mut together, 1, steps, false);
            gathered.write(operands, count, steps);
        }
        operands.advance(steps, count as isize);
    }
}

/// Applies the function to the last `rest` elements of rows that are at least a block, and leaves all
/// others as they are.
///
/// # Safety
/// Every operand must have `len` elements in each row.
#[inline(never)]
unsafe fn ends_of_rows<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &dyn Loop<T, A, B, C, O>,
    operands: &Operands<T, A, B, C, O>,
    rest: usize,
    rows: usize,
    steps: &Steps<A, B, C, O>,
) {
    let block = const { lanes(A + B + C) };
    let mut ends = *operands;
    ends.skip(operands.len - block);
    let mut results = [[MaybeUninit::<T>::uninit(); CHUNK]; O];
    let by_block = Steps {
        y: [block as isize; O],
        ..*steps
    };
    for done in (0..rows).step_by(CHUNK / block) {
        let count = (CHUNK / block).min(rows - done);
        let mut apart = ends;
        for m in 0..O {
            apart.y[m] = results[m].as_mut_ptr().cast();
            if ends.modes[m] == Mode::Add {
                apart.modes[m] = Mode::Write;
            }
        }
        // SAFETY: by the contract; there is room for as many blocks of results.
        unsafe { f.blocks(&mut apart, count, &by_block, false) };
        for m in (0..O).filter(|&m| ends.modes[m] != Mode::Skip) {
            let (results, add) = (results[m].as_ptr().cast(), ends.modes[m] == Mode::Add);
            // SAFETY: `count` blocks of results were just written, and as many rows are there.
            unsafe {
                if block == BLOCK {
                    put::<T, BLOCK>(results, ends.y[m], steps.y[m], count, rest, add);
                } else {
                    put::<T, { BLOCK / 2 }>(results, ends.y[m], steps.y[m], count, rest, add);
                }
            }
        }
        ends.advance(steps, count as isize);
    }
}

/// Which results a loop stores: one of them, all, or those that are not skipped.
const ALL: usize = usize::MAX;
const SOME: usize = usize::MAX - 1;

/// The loop over whole blocks: all that is compiled for every function and instruction set.
struct Blocks<'a, T, F, const A: usize, const B: usize, const C: usize, const O: usize> {
    f: F,
    /// The first row, which is at least a block. A copy of it would be a load that waits for the
    /// stores just before it.
    operands: &'a mut Operands<T, A, B, C, O>,
    rows: usize,
    steps: &'a Steps<A, B, C, O>,
    /// Whether what does not fill a block is computed with the elements before it once more.
    repeat: bool,
}

impl<T: Float, F, const A: usize, const B: usize, const C: usize, const O: usize> Kernel
    for Blocks<'_, T, F, A, B, C, O>
where
    F: MapFn<A, B, C, O>,
{
    const UP_TO_AVX2: bool = size_of::<T>() == 8;
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        // SAFETY: whoever makes this value has checked that the operands of every row have `len`
        // elements, at least a block.
        unsafe {
            // A branch on a constant is left out, with all that it calls.
            if const { I::RARE } {
                self.operands.len = self.len();
                one_by_one(&self.f, self.operands, self.rows, self.steps);
            } else if const { lanes_of::<T, I>(A + B + C) == 16 } {
                self.lanes::<I, 16>();
            } else if const { lanes_of::<T, I>(A + B + C) == 8 } {
                self.lanes::<I, 8>();
            } else {
                self.lanes::<I, 4>();
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
    /// Every operand of every row must have `len` elements, at least a block.
    #[inline(always)]
    unsafe fn lanes<I: Isa, const L: usize>(self) {
        // SAFETY: by the contract.
        unsafe {
            // Loops of their own for what is most common: where a result is dropped, so is what is read
            // for it alone, and a look at the modes in each block takes as long as a sum.
            if const { O == 1 } {
                self.rows::<I, L, 0>();
            } else if const { O == 2 } {
                match self.operands.modes[..] {
                    [_, Mode::Skip] => self.rows::<I, L, 0>(),
                    [Mode::Skip, _] => self.rows::<I, L, 1>(),
                    _ => self.rows::<I, L, ALL>(),
                }
            } else {
                self.rows::<I, L, SOME>();
            }
        }
    }

    /// The elements of a row that are computed here. What does not fill a block is somebody else's,
    /// unless it may be computed with the elements before it once more.
    #[inline(always)]
    fn len(&self) -> usize {
        let len = self.operands.len;
        if self.repeat {
            len
        } else {
            len - len % const { lanes(A + B + C) }
        }
    }

    /// Computes the results that `STORED` names.
    ///
    /// # Safety
    /// As for `lanes`.
    #[inline(always)]
    unsafe fn rows<I: Isa, const L: usize, const STORED: usize>(self) {
        let len = self.len();
        let last = len - L;
        let mut row = 1;
        loop {
            // By value, so that the pointers are registers: what is stored does not change them.
            let operands = *self.operands;
            let mut at = 0;
            loop {
                if const { B + C == 0 && O == 1 } {
                    operands.fetch_ahead::<I, L>(at);
                }
                // SAFETY: `L` elements from `at` on, at most `last`, are in the row.
                unsafe { block::<T, F, I, A, B, C, O, L, STORED>(self.f, &operands, at) };
                at += L;
                if at > last {
                    if !self.repeat || at >= len {
                        break;
                    }
                    at = last;
                }
            }
            if row >= self.rows {
                return;
            }
            row += 1;
            self.operands.advance(self.steps, 1);
        }
    }
}

impl<T, const A: usize, const B: usize, const C: usize, const O: usize> Operands<T, A, B, C, O> {
    /// Asks for memory that will be written to, while the block at `at` is computed.
    #[inline(always)]
    fn fetch_ahead<I: Isa, const L: usize>(&self, at: usize) {
        let y = self.y[0];
        // Stores of whole lines that miss the second cache come too fast for a processor to fetch their
        // lines by itself: 1,024 sums took three times as long on one.
        if I::WHOLE_LINES {
            prefetch::<T, L>(y.wrapping_add(at + 16 * L));
        }
        // Whoever computes one value after the other mostly puts them side by side. A function of one
        // number, as a rule an elementary function, leaves the time to fetch the places of the next two,
        // whose sums and products would wait for the second cache. Of larger values the first cache
        // does not hold that many.
        if const { A == 1 } {
            const MOST: usize = 8 << 10;
            let next = if self.len * size_of::<T>() <= MOST {
                self.len
            } else {
                0
            };
            prefetch::<T, L>(y.wrapping_add(next + at));
            prefetch::<T, L>(y.wrapping_add(2 * next + at));
        }
    }
}

/// Computes one block of the results that `STORED` names.
///
/// # Safety
/// Every operand must have `L` elements from `at` on.
#[inline(always)]
unsafe fn block<
    T: Float,
    F: MapFn<A, B, C, O>,
    I: Isa,
    const A: usize,
    const B: usize,
    const C: usize,
    const O: usize,
    const L: usize,
    const STORED: usize,
>(
    f: F,
    operands: &Operands<T, A, B, C, O>,
    at: usize,
) {
    let (mut a, mut b, mut c) = ([[T::ZERO; L]; A], [[T::ZERO; L]; B], [[T::ZERO; L]; C]);
    let mut y = [[T::ZERO; L]; O];
    // SAFETY: by the contract.
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
        f.call_into::<T, I>(p, q, r, &mut result);
        for m in 0..O {
            y[m][l] = result[m];
        }
    }
    for m in 0..O {
        let stored = match STORED {
            ALL => true,
            SOME => operands.modes[m] != Mode::Skip,
            only => only == m,
        };
        if stored {
            // SAFETY: as above; a skipped output's pointer is not touched.
            unsafe { *operands.y[m].add(at).cast::<[T; L]>() = y[m] };
        }
    }
}

/// The loop of a rare instruction set: the function of one element after the other, which overwrites
/// no element that is still read, since all operands of an element are read before it is written.
///
/// # Safety
/// Every operand of every row must have `len` elements.
#[inline(never)]
unsafe fn one_by_one<T: Float, const A: usize, const B: usize, const C: usize, const O: usize>(
    f: &dyn Loop<T, A, B, C, O>,
    operands: &mut Operands<T, A, B, C, O>,
    rows: usize,
    steps: &Steps<A, B, C, O>,
) {
    for _ in 0..rows {
        let mut element = *operands;
        for _ in 0..operands.len {
            // SAFETY: by the contract.
            unsafe { one(f, &element) };
            element.skip(1);
        }
        operands.advance(steps, 1);
    }
}
