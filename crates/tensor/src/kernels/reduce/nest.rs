//! A reduction as two nests of loops: over the axes that stay, and over those that are reduced.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::fold::Fold;
use crate::kernels::copy::advance;
use crate::kernels::isa::{Isa, Kernel, dispatch};
use crate::{Float, Layout, View};

/// Lanes of a row's block, and columns of a column block.
const LANES: usize = 32;
/// Elements of a row that are added without pairing, 32 a lane.
const ROW_BLOCK: usize = 32 * LANES;
/// From this length on a row is worth all lanes.
const LONG_ROW: usize = 4 * LANES;
/// Rows of a column block that are added without pairing.
const COLUMN_BLOCK: usize = 128;
/// Pairing levels without a heap allocation: 2²⁴ blocks.
const LEVELS: usize = 24;
/// An axis that stays: its length, its stride in the input and in the output.
#[derive(Clone, Copy)]
struct Kept {
    len: usize,
    from: isize,
    to: isize,
}

/// An axis that is reduced.
#[derive(Clone, Copy)]
struct Reduced {
    len: usize,
    from: isize,
}

/// Two nests of loops, each from the longest stride to the shortest.
struct Plan {
    kept: SmallVec<[Kept; 4]>,
    reduced: SmallVec<[Reduced; 4]>,
    /// How often each element counts, because an axis with a stride of 0 repeats it.
    times: usize,
    /// The elements of the output.
    left: usize,
}

impl Plan {
    fn new(layout: &Layout, axes: &[usize]) -> Self {
        debug_assert!(axes.is_sorted(), "the axes of a reduction ascend");
        let (shape, strides) = (layout.shape(), layout.strides());
        let mut kept: SmallVec<[Kept; 4]> = SmallVec::new();
        let mut reduced: SmallVec<[Reduced; 4]> = SmallVec::new();
        let mut times = 1;
        let mut to = 1;
        let mut left = 1;
        for axis in (0..shape.rank()).rev() {
            let (len, from) = (shape[axis], strides[axis]);
            if axes.contains(&axis) {
                match from {
                    0 => times *= len,
                    _ if len != 1 => reduced.push(Reduced { len, from }),
                    _ => {}
                }
            } else {
                left *= len;
                if len != 1 {
                    kept.push(Kept { len, from, to });
                }
                to *= len as isize;
            }
        }
        // Both nests may run in any order that the layout alone decides; the longest strides go
        // outside. Axes that follow each other without a gap become one.
        kept.sort_by_key(|axis| Reverse((axis.from.abs(), axis.to)));
        kept.dedup_by(|inner, outer| {
            let len = inner.len as isize;
            let joins = outer.from == inner.from * len && outer.to == inner.to * len;
            if joins {
                *outer = Kept {
                    len: outer.len * inner.len,
                    ..*inner
                };
            }
            joins
        });
        reduced.sort_by_key(|axis| Reverse(axis.from.abs()));
        reduced.dedup_by(|inner, outer| {
            let joins = outer.from == inner.from * inner.len as isize;
            if joins {
                *outer = Reduced {
                    len: outer.len * inner.len,
                    ..*inner
                };
            }
            joins
        });
        Plan {
            kept,
            reduced,
            times,
            left,
        }
    }

    /// Whether there is nothing to reduce.
    fn is_of_nothing(&self) -> bool {
        self.times == 0 || self.reduced.iter().any(|axis| axis.len == 0)
    }
}

/// The loops of a plan over elements.
struct Nest<'a, T, F> {
    data: &'a [T],
    offset: usize,
    out: &'a mut [T],
    fold: F,
    kept: &'a [Kept],
    reduced: &'a [Reduced],
    times: usize,
}

pub(super) fn reduce<T: Float, F: Fold<T>>(x: &View<T>, axes: &[usize], out: &mut [T], fold: F) {
    let (data, offset) = (x.data(), x.layout().offset());
    if axes.len() == x.shape().rank()
        && let Some(slice) = x.as_slice()
    {
        assert_eq!(out.len(), 1, "a reduction's output does not fit");
        let len = slice.len();
        if len == 0 {
            return fold.finish(F::start(), &mut out[0]);
        }
        let reduced = &[Reduced { len, from: 1 }];
        return dispatch(Nest {
            data,
            offset,
            out,
            fold,
            kept: &[],
            reduced,
            times: 1,
        });
    }
    // The rows of a matrix without gaps need no plan.
    if let Some((rows, cols)) = rows_and_columns(x, axes) {
        assert_eq!(out.len(), cols, "a reduction's output does not fit");
        let (kept, reduced) = (
            [Kept {
                len: cols,
                from: 1,
                to: 1,
            }],
            [Reduced {
                len: rows,
                from: cols as isize,
            }],
        );
        return dispatch(Nest {
            data,
            offset,
            out,
            fold,
            kept: &kept,
            reduced: &reduced,
            times: 1,
        });
    }
    let plan = Plan::new(x.layout(), axes);
    assert_eq!(out.len(), plan.left, "a reduction's output does not fit");
    if plan.left == 0 {
        return;
    }
    if plan.is_of_nothing() {
        for out in out {
            fold.finish(F::start(), out);
        }
        return;
    }
    dispatch(Nest {
        data,
        offset,
        out,
        fold,
        kept: &plan.kept,
        reduced: &plan.reduced,
        times: plan.times,
    });
}

/// The rows and columns of elements in row-major order of which the outermost axes are reduced, if
/// there are several of both.
fn rows_and_columns<T: Float>(x: &View<T>, axes: &[usize]) -> Option<(usize, usize)> {
    let shape = x.shape();
    let leading = axes.len() < shape.rank() && axes.last() == Some(&(axes.len() - 1));
    if !leading || !x.layout().is_contiguous() {
        return None;
    }
    let (rows, columns) = shape.split_at(axes.len());
    let (rows, columns) = (rows.iter().product(), columns.iter().product());
    (rows > 1 && columns > 1).then_some((rows, columns))
}

impl<T: Float, F: Fold<T>> Kernel for Nest<'_, T, F> {
    const UP_TO_AVX2: bool = size_of::<T>() == 8;
    type Output = ();

    // Nothing that takes elements in may stand in a closure, which cannot be told to be inlined
    // and would miss the instruction set.
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        let inner = match self.reduced.split_last() {
            Some((&inner, outer)) => {
                self.reduced = outer;
                inner
            }
            None => Reduced { len: 1, from: 1 },
        };
        let columns = match self.kept.split_last() {
            Some((&last, outer)) if last.from == 1 && (inner.from != 1 || inner.len == 1) => {
                self.kept = outer;
                Some(last)
            }
            _ => None,
        };
        let kept = self.kept;
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, kept.len());
        let (mut from, mut to) = (self.offset as isize, 0);
        for _ in 0..kept.iter().map(|axis| axis.len).product() {
            match columns {
                Some(columns) => {
                    let mut done = 0;
                    while done < columns.len {
                        let start = from + done as isize;
                        let place = to + done as isize * columns.to;
                        done += match columns.len - done {
                            _ if const { I::RARE } => {
                                self.columns::<I, 1>(start, place, columns.to, inner)
                            }
                            LANES.. => self.columns::<I, LANES>(start, place, columns.to, inner),
                            8.. => self.columns::<I, 8>(start, place, columns.to, inner),
                            4.. => self.columns::<I, 4>(start, place, columns.to, inner),
                            _ => self.columns::<I, 1>(start, place, columns.to, inner),
                        };
                    }
                }
                None => self.row::<I>(from, to, inner),
            }
            let change = |axis: usize, by: isize| {
                from += by * kept[axis].from;
                to += by * kept[axis].to;
            };
            advance(&mut index, |axis| kept[axis].len, change);
        }
    }
}

impl<T: Float, F: Fold<T>> Nest<'_, T, F> {
    /// Reduces one row to the output's element `to`.
    #[inline(always)]
    fn row<I: Isa>(&mut self, from: isize, to: isize, inner: Reduced) {
        let out = &mut self.out[to as usize];
        let context = if F::CONTEXT {
            F::context(*out)
        } else {
            T::ZERO
        };
        let acc = if self.reduced.is_empty() && inner.len <= ROW_BLOCK {
            row_block::<T, F, I>(self.data, from, inner, context)
        } else {
            let mut pairs = Pairs::<T, F, 1>::new();
            let mut runs = Runs::new(self.reduced, from);
            while let Some(from) = runs.next() {
                let mut done = 0;
                while done < inner.len {
                    let len = (inner.len - done).min(ROW_BLOCK);
                    let start = from + done as isize * inner.from;
                    let part = Reduced { len, ..inner };
                    pairs.push(&[row_block::<T, F, I>(self.data, start, part, context)]);
                    done += len;
                }
            }
            pairs.finish()[0]
        };
        self.fold.finish(repeated::<T, F>(acc, self.times), out);
    }

    /// Reduces `W` columns that lie side by side to elements of the output, `stride` apart; returns
    /// `W`.
    #[inline(always)]
    fn columns<I: Isa, const W: usize>(
        &mut self,
        from: isize,
        to: isize,
        stride: isize,
        inner: Reduced,
    ) -> usize {
        let mut context = [T::ZERO; W];
        if F::CONTEXT {
            for column in 0..W {
                context[column] = F::context(self.out[(to + column as isize * stride) as usize]);
            }
        }
        let acc = if self.reduced.is_empty() && inner.len <= COLUMN_BLOCK {
            column_block::<T, F, I, W>(self.data, from, inner, &context)
        } else {
            let mut pairs = Pairs::<T, F, W>::new();
            let mut runs = Runs::new(self.reduced, from);
            while let Some(from) = runs.next() {
                let mut done = 0;
                while done < inner.len {
                    let len = (inner.len - done).min(COLUMN_BLOCK);
                    let start = from + done as isize * inner.from;
                    let part = Reduced { len, ..inner };
                    pairs.push(&column_block::<T, F, I, W>(
                        self.data, start, part, &context,
                    ));
                    done += len;
                }
            }
            pairs.finish()
        };
        for column in 0..W {
            let acc = repeated::<T, F>(acc[column], self.times);
            self.fold
                .finish(acc, &mut self.out[(to + column as isize * stride) as usize]);
        }
        W
    }
}

#[inline(always)]
fn repeated<T: Float, F: Fold<T>>(acc: F::Acc, times: usize) -> F::Acc {
    if times == 1 {
        acc
    } else {
        F::repeat(acc, times as f64)
    }
}

/// The starts of the inner runs of the reduced axes, in order.
struct Runs<'a> {
    outer: &'a [Reduced],
    index: SmallVec<[usize; 4]>,
    from: isize,
    left: usize,
}

impl<'a> Runs<'a> {
    #[inline(always)]
    fn new(outer: &'a [Reduced], from: isize) -> Self {
        Runs {
            outer,
            index: SmallVec::from_elem(0, outer.len()),
            from,
            left: outer.iter().map(|axis| axis.len).product(),
        }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<isize> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let start = self.from;
        let (outer, from) = (self.outer, &mut self.from);
        let change = |axis: usize, by: isize| *from += by * outer[axis].from;
        advance(&mut self.index, |axis| outer[axis].len, change);
        Some(start)
    }
}

/// The fold of a part of a row.
#[inline(always)]
fn row_block<T: Float, F: Fold<T>, I: Isa>(
    data: &[T],
    start: isize,
    part: Reduced,
    context: T,
) -> F::Acc {
    if part.from != 1 {
        return strided::<T, F, I>(data, start, part, context);
    }
    let row = &data[start as usize..start as usize + part.len];
    let mut acc = F::start();
    let mut rest = row;
    // Lanes are the columns of the row cut in pieces.
    if const { !I::RARE } && row.len() >= LONG_ROW {
        let (wide, tail) = row.as_chunks::<LANES>();
        let pieces = Reduced {
            len: wide.len(),
            from: LANES as isize,
        };
        let lanes =
            column_block::<T, F, I, LANES>(wide.as_flattened(), 0, pieces, &[context; LANES]);
        acc = together::<T, F>(&lanes);
        rest = tail;
    }
    let (narrow, tail) = rest.as_chunks::<8>();
    if !narrow.is_empty() {
        let pieces = Reduced {
            len: narrow.len(),
            from: 8,
        };
        let lanes = column_block::<T, F, I, 8>(narrow.as_flattened(), 0, pieces, &[context; 8]);
        let even = F::merge(F::merge(lanes[0], lanes[4]), F::merge(lanes[2], lanes[6]));
        let odd = F::merge(F::merge(lanes[1], lanes[5]), F::merge(lanes[3], lanes[7]));
        acc = F::merge(acc, F::merge(even, odd));
    }
    for &x in tail {
        acc = F::step::<I>(acc, F::lift::<I>(x, context), context);
    }
    acc
}

/// The fold of all lanes. Not inlined, because the compiler would shape the loop that fills the
/// lanes after this tree, in narrow registers.
#[inline(never)]
fn together<T: Float, F: Fold<T>>(lanes: &[F::Acc; LANES]) -> F::Acc {
    let mut lanes = *lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = F::merge(lanes[lane], lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// The folds of `W` columns that lie side by side, over some rows.
#[inline(always)]
fn column_block<T: Float, F: Fold<T>, I: Isa, const W: usize>(
    data: &[T],
    start: isize,
    rows: Reduced,
    context: &[T; W],
) -> [F::Acc; W] {
    let mut acc = [F::start(); W];
    let mut at = start;
    for _ in 0..rows.len {
        let row = &data[at as usize..at as usize + W];
        let mut lifted = [T::ZERO; W];
        for column in 0..W {
            lifted[column] = F::lift::<I>(row[column], context[column]);
        }
        for column in 0..W {
            acc[column] = F::step::<I>(acc[column], lifted[column], context[column]);
        }
        at += rows.from;
    }
    acc
}

/// The fold of elements that do not lie side by side.
#[inline(always)]
fn strided<T: Float, F: Fold<T>, I: Isa>(
    data: &[T],
    start: isize,
    part: Reduced,
    context: T,
) -> F::Acc {
    let mut four = [F::start(); 4];
    let mut at = start;
    for i in 0..part.len {
        let x = F::lift::<I>(data[at as usize], context);
        four[i % 4] = F::step::<I>(four[i % 4], x, context);
        at += part.from;
    }
    F::merge(F::merge(four[0], four[1]), F::merge(four[2], four[3]))
}

/// Blocks added pairwise: equally many blocks stand on both sides of every addition.
struct Pairs<T: Float, F: Fold<T>, const W: usize> {
    /// Sums of 2ᵏ blocks with falling k, as the bits of `count`.
    sums: SmallVec<[[F::Acc; W]; LEVELS]>,
    count: usize,
}

impl<T: Float, F: Fold<T>, const W: usize> Pairs<T, F, W> {
    #[inline(always)]
    fn new() -> Self {
        Pairs {
            sums: SmallVec::new(),
            count: 0,
        }
    }

    /// Not inlined, so that the loop that fills the next block keeps the registers.
    #[inline(never)]
    fn push(&mut self, block: &[F::Acc; W]) {
        let mut block = *block;
        for _ in 0..self.count.trailing_ones() {
            block = self.pop(block);
        }
        self.sums.push(block);
        self.count += 1;
    }

    /// The last sum with `block` added.
    fn pop(&mut self, block: [F::Acc; W]) -> [F::Acc; W] {
        match self.sums.pop() {
            Some(mut sum) => {
                for lane in 0..W {
                    sum[lane] = F::merge(sum[lane], block[lane]);
                }
                sum
            }
            None => block,
        }
    }

    #[inline(never)]
    fn finish(mut self) -> [F::Acc; W] {
        let mut total = self.sums.pop().unwrap_or([F::start(); W]);
        while !self.sums.is_empty() {
            total = self.pop(total);
        }
        total
    }
}
