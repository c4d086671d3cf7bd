//! Time: one cell along a sequence, in one direction.
//!
//! Where sequences of different lengths run together, they are in the order of their lengths, the
//! longest first, so that the rows that take a step are always the first ones: forward the others
//! have ended and leave the state, backward they have not begun and wait outside of it.

use smallvec::SmallVec;
use wengert_tape::{Tape, Var};
use wengert_tensor::Float;

use super::packed::PackedSequence;
use super::state::{each, zip};
use super::{Carried, Cell, Masks};

/// The values of a sequence, one a step. Longer sequences take the heap.
pub(super) type Steps<'t, T> = SmallVec<[Var<'t, T>; 64]>;

/// What a layer runs over.
#[derive(Clone, Copy)]
pub(super) enum Sequence<'s, 't, T: Float> {
    /// A value \[B, T, I\].
    Whole(Var<'t, T>),
    /// Sequences of their own lengths.
    Packed(&'s PackedSequence<'t, T>),
    /// A value \[n, I\] for every step, where n rows take it.
    Steps(&'s [Var<'t, T>]),
}

impl<'t, T: Float> Sequence<'_, 't, T> {
    /// The tape that it is on; none of no step.
    pub fn tape(self) -> Option<&'t Tape<T>> {
        Some(match self {
            Sequence::Whole(x) => x.tape(),
            Sequence::Packed(x) => x.data().tape(),
            Sequence::Steps(steps) => steps.first()?.tape(),
        })
    }

    #[track_caller]
    pub fn len(self) -> usize {
        match self {
            Sequence::Whole(x) => x.dim(1),
            Sequence::Packed(x) => x.batch_sizes().len(),
            Sequence::Steps(steps) => steps.len(),
        }
    }

    #[track_caller]
    pub fn at(self, t: usize) -> Var<'t, T> {
        match self {
            Sequence::Whole(x) => x.select(1, t as isize),
            Sequence::Packed(x) => x.step(t),
            Sequence::Steps(steps) => steps[t],
        }
    }

    /// The width of a step, I; of no steps, 0.
    #[track_caller]
    pub fn width(self) -> usize {
        match self {
            Sequence::Whole(x) => x.dim(2),
            Sequence::Packed(x) => x.data().dim(-1),
            Sequence::Steps(steps) => steps.first().map_or(0, |step| step.dim(-1)),
        }
    }
}

/// The direction of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// The rows of a batch: how many there are, and how many take each step, if not all take all.
#[derive(Clone, Copy)]
pub(super) struct Rows<'s> {
    pub count: usize,
    pub of_step: Option<&'s [usize]>,
}

/// Runs a cell over a sequence, `PACKED` if rows may end before others, and returns the state after the last step of each row. `each` is
/// called at every step, in the order of the run, with the hidden value.
///
/// Where no row ends, a program does not compile what lets them.
#[track_caller]
pub(super) fn unroll<'t, T: Float, C: Cell<'t, T>, const PACKED: bool>(
    cell: &C,
    sequence: Sequence<'_, 't, T>,
    direction: Direction,
    rows: Rows<'_>,
    start: C::State,
    mut each: impl FnMut(Var<'t, T>),
) -> C::State {
    let len = sequence.len();
    let masks = cell.draw(rows.count, sequence.width(), &start);
    let mut batch = Batch::new(rows, direction, start);
    for step in 0..len {
        let t = match direction {
            Direction::Forward => step,
            Direction::Backward => len - 1 - step,
        };
        if PACKED && let Some(sizes) = rows.of_step {
            batch.resize(sizes[t], start);
        }
        let (x, state) = (sequence.at(t), batch.state);
        batch.state = match &masks {
            None => cell.step(x, state),
            Some(masks) => cell.step_drawn(x, state, &at_most(masks, rows, t)),
        };
        each(batch.state.h());
    }
    match PACKED {
        true => batch.end(rows, start),
        false => batch.state,
    }
}

/// The masks of the rows that take step t.
fn at_most<'t, T: Float>(masks: &Masks<'t, T>, rows: Rows<'_>, t: usize) -> Masks<'t, T> {
    match rows.of_step {
        Some(sizes) if sizes[t] < rows.count => masks.first_rows(sizes[t]),
        _ => *masks,
    }
}

/// The rows that are running, and the last states of those that have ended.
struct Batch<S> {
    state: S,
    running: usize,
    /// In the order in which they ended: the shortest first.
    ended: SmallVec<[S; 4]>,
}

impl<S: Copy> Batch<S> {
    fn new(rows: Rows<'_>, direction: Direction, start: S) -> Self {
        let waiting = rows.of_step.is_some() && direction == Direction::Backward;
        Batch {
            state: start,
            running: if waiting { 0 } else { rows.count },
            ended: SmallVec::new(),
        }
    }

    /// Lets rows end, or begin from their start, until so many are running.
    fn resize<'t, T: Float>(&mut self, rows: usize, start: S)
    where
        S: Carried<'t, T>,
    {
        let running = std::mem::replace(&mut self.running, rows);
        if rows < running {
            self.ended.push(cut(self.state, rows, running));
            self.state = cut(self.state, 0, rows);
        } else if rows > running {
            self.state = match running {
                0 => cut(start, 0, rows),
                _ => joined(&[self.state, cut(start, running, rows)]),
            };
        }
    }

    /// The last state of all rows.
    fn end<'t, T: Float>(mut self, rows: Rows<'_>, start: S) -> S
    where
        S: Carried<'t, T>,
    {
        if self.ended.is_empty() {
            // Backward, sequences without steps never began.
            self.resize(rows.count, start);
            return self.state;
        }
        let mut parts: SmallVec<[S; 64]> = SmallVec::new();
        parts.push(self.state);
        parts.extend(self.ended.into_iter().rev());
        joined(&parts)
    }
}

/// Some rows of a state, in memory of their own: fused cells are slower on views.
fn cut<'t, T: Float, S: Carried<'t, T>>(state: S, from: usize, to: usize) -> S {
    each(state, |part| match part.dim(0) == to - from {
        true => part,
        false => part.slice(0, from..to).contiguous(),
    })
}

/// The rows of states, one after the other.
fn joined<'t, T: Float, S: Carried<'t, T>>(states: &[S]) -> S {
    let (first, rest) = states.split_first().expect("there is a state");
    if rest.is_empty() {
        return *first;
    }
    // Each part of all states at once, and not one state after the other, which would copy the
    // first ones again and again.
    let mut columns: SmallVec<[SmallVec<[Var<'t, T>; 64]>; 2]> = SmallVec::new();
    for state in states {
        let mut at = 0;
        each(*state, |part| {
            if columns.len() == at {
                columns.push(SmallVec::new());
            }
            columns[at].push(part);
            at += 1;
            part
        });
    }
    let mut columns = columns.iter();
    zip(*first, *first, |_, part, _| {
        columns.next().map_or(part, |parts| Var::cat(parts, 0))
    })
}
