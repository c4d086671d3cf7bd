//! What an elementwise loop is told: the function, its operands, and where the results go.

use crate::Float;
use crate::Layout;
use crate::kernels::Isa;

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

/// A [`MapFn`] with its loop over whole blocks, behind a pointer, so that what surrounds the loop is
/// compiled once for all functions.
pub trait Loop<T, const A: usize, const B: usize, const C: usize, const O: usize> {
    /// Applies the function to numbers.
    fn number(&self, a: [T; A], b: [T; B], c: [T; C], y: &mut [T; O]);

    /// Applies the function to rows of at least a block, one after the other; `steps` lead from a row
    /// to the next. What does not fill a block is computed with the elements before it once more, or
    /// left out. Results replace what is there: who adds gives a place for them first.
    ///
    /// # Safety
    /// Every pointer must have `len` elements in each row, but for the outputs that are skipped. No
    /// output's mode may be `Add`.
    #[doc(hidden)]
    unsafe fn blocks(
        &self,
        operands: &mut Operands<T, A, B, C, O>,
        rows: usize,
        steps: &Steps<A, B, C, O>,
        repeat: bool,
    );
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

impl<T, const A: usize, const B: usize, const C: usize, const O: usize> Operands<T, A, B, C, O> {
    /// Goes on by `count` steps. The pointers may leave their storage after the last row.
    #[inline(always)]
    pub(super) fn advance(&mut self, steps: &Steps<A, B, C, O>, count: isize) {
        for k in 0..A {
            self.a[k] = self.a[k].wrapping_offset(count * steps.a[k]);
        }
        for k in 0..B {
            self.b[k] = self.b[k].wrapping_offset(count * steps.b[k]);
        }
        for k in 0..C {
            self.c[k] = self.c[k].wrapping_offset(count * steps.c[k]);
        }
        for m in 0..O {
            self.y[m] = self.y[m].wrapping_offset(count * steps.y[m]);
        }
    }
}

/// What lies between an element of every operand and the next along an axis, in elements.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Steps<const A: usize, const B: usize, const C: usize, const O: usize> {
    pub(super) a: [isize; A],
    pub(super) b: [isize; B],
    pub(super) c: [isize; C],
    pub(super) y: [isize; O],
}

impl<const A: usize, const B: usize, const C: usize, const O: usize> Steps<A, B, C, O> {
    pub(super) const NONE: Self = Steps {
        a: [0; A],
        b: [0; B],
        c: [0; C],
        y: [0; O],
    };
}

impl<T, const A: usize, const B: usize, const C: usize, const O: usize> Operands<T, A, B, C, O> {
    /// Whether an element may be computed twice: nothing is added, and nothing that is written is
    /// read as well.
    pub(super) fn may_repeat(&self, rows: usize, steps: &Steps<A, B, C, O>) -> bool {
        let reach = |start: usize, step: isize| {
            let last =
                start.wrapping_add_signed((rows as isize - 1) * step * size_of::<T>() as isize);
            (start.min(last), start.max(last) + self.len * size_of::<T>())
        };
        (0..O).all(|m| match self.modes[m] {
            Mode::Skip => true,
            Mode::Add => false,
            Mode::Write => {
                let (low, high) = reach(self.y[m].addr(), steps.y[m]);
                let apart = |(start, step): (&*const T, &isize)| {
                    let (first, end) = reach(start.addr(), *step);
                    first >= high || end <= low
                };
                self.a.iter().zip(&steps.a).all(apart)
                    && self.b.iter().zip(&steps.b).all(apart)
                    && self.c.iter().zip(&steps.c).all(apart)
            }
        })
    }

    /// Leaves the first elements of the rows out.
    pub(super) fn skip(&mut self, elements: usize) {
        let by = elements as isize;
        let steps = Steps {
            a: [by; A],
            b: [by; B],
            c: [by; C],
            y: [by; O],
        };
        self.advance(&steps, 1);
        self.len -= elements;
    }
}
