//! Time: one cell along a sequence, in one direction.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tensor::Float;

use super::{Carried, Cell};

/// The values of a sequence, one a step. Longer sequences take the heap.
pub(super) type Steps<'t, T> = SmallVec<[Var<'t, T>; 64]>;

/// What a layer runs over.
#[derive(Clone, Copy)]
pub(super) enum Sequence<'s, 't, T: Float> {
    /// A value \[B, T, I\].
    Whole(Var<'t, T>),
    /// A value \[B, I\] for every step.
    Steps(&'s [Var<'t, T>]),
}

impl<'t, T: Float> Sequence<'_, 't, T> {
    #[track_caller]
    pub fn len(self) -> usize {
        match self {
            Sequence::Whole(x) => x.dim(1),
            Sequence::Steps(steps) => steps.len(),
        }
    }

    #[track_caller]
    pub fn at(self, t: usize) -> Var<'t, T> {
        match self {
            Sequence::Whole(x) => x.select(1, t as isize),
            Sequence::Steps(steps) => steps[t],
        }
    }
}

/// The direction of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// Runs a cell over a sequence and returns its last state. `each` is called at every step, in the
/// order of the run, with the hidden value.
#[track_caller]
pub(super) fn unroll<'t, T: Float, C: Cell<'t, T>>(
    cell: &C,
    sequence: Sequence<'_, 't, T>,
    direction: Direction,
    mut state: C::State,
    mut each: impl FnMut(Var<'t, T>),
) -> C::State {
    let len = sequence.len();
    for step in 0..len {
        let t = match direction {
            Direction::Forward => step,
            Direction::Backward => len - 1 - step,
        };
        state = cell.step(sequence.at(t), state);
        each(state.h());
    }
    state
}
