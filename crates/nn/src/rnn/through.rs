//! Layers: each runs over the outputs of the one below it, in one direction or both.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tensor::Float;

use super::packed::PackedSequence;
use super::state::{each, stretched};
use super::unroll::{Direction, Rows, Sequence, Steps, unroll};
use super::{Carried, Cell, Layer, State};

/// What happens to the outputs of a layer before they are those of the layer: nothing, but that two
/// directions stand side by side.
pub(super) trait Wiring<'t, T: Float> {
    /// The outputs of both directions as one.
    #[track_caller]
    fn merge(&self, forward: Var<'t, T>, backward: Var<'t, T>) -> Var<'t, T> {
        Var::cat(&[forward, backward], -1)
    }

    /// Changes the outputs of layer `at`, whose inputs were `below`.
    #[track_caller]
    fn connect(&self, _at: usize, _below: Sequence<'_, 't, T>, _outputs: &mut Steps<'t, T>) {}
}

/// Layers on one another and nothing between them.
pub(super) struct Plain;

impl<'t, T: Float> Wiring<'t, T> for Plain {}

/// The outputs of the last layer, if they are wanted, and the last states. `PACKED` says whether the
/// input is.
#[track_caller]
pub(super) fn through<'t, T: Float, C: Cell<'t, T>, const PACKED: bool>(
    layers: &[Layer<C>],
    input: Sequence<'_, 't, T>,
    state: Option<State<C::State>>,
    wanted: bool,
    wiring: &impl Wiring<'t, T>,
) -> (Steps<'t, T>, State<C::State>) {
    if let Some(state) = &state {
        check(layers, state);
    }
    let directions = directions(layers);
    let _whole = input.tape().map(|tape| tape.part("recurrent layers"));
    let (rows, like) = first(input);
    let mut cells = SmallVec::new();
    let mut below = Steps::new();
    for (at, layer) in layers.iter().enumerate() {
        let _part = like.tape().part("recurrent layer");
        let given = |direction| {
            let state = state.as_ref()?;
            Some(state.cells[at * directions + direction])
        };
        let sequence = match at {
            0 => input,
            _ => Sequence::Steps(&below),
        };
        let keep = wanted || at + 1 < layers.len();
        let mut outputs = Steps::new();
        if keep {
            outputs.reserve(sequence.len());
        }
        let begin = start::<_, _, PACKED>(&layer.forward, given(0), input, rows, like);
        let push = |h| {
            if keep {
                outputs.push(h);
            }
        };
        let cell = &layer.forward;
        let end = unroll::<_, _, PACKED>(cell, sequence, Direction::Forward, rows, begin, push);
        cells.push(ended::<_, _, PACKED>(end, input));
        if let Some(cell) = &layer.backward {
            let begin = start::<_, _, PACKED>(cell, given(1), input, rows, like);
            let mut at = outputs.len();
            let join = |h| {
                if keep {
                    at -= 1;
                    outputs[at] = wiring.merge(outputs[at], h);
                }
            };
            let end =
                unroll::<_, _, PACKED>(cell, sequence, Direction::Backward, rows, begin, join);
            cells.push(ended::<_, _, PACKED>(end, input));
        }
        if keep {
            wiring.connect(at, sequence, &mut outputs);
        }
        below = outputs;
    }
    (below, State { cells, directions })
}

/// The rows of a sequence, and something like one step of it, for the initial states.
#[track_caller]
fn first<'s, 't, T: Float>(input: Sequence<'s, 't, T>) -> (Rows<'s>, Var<'t, T>) {
    match input {
        Sequence::Packed(x) => {
            let rows = Rows {
                count: x.lengths().len(),
                of_step: Some(x.batch_sizes()),
            };
            let like = x.data().tape().zeros([rows.count, x.data().dim(-1)]);
            (rows, like)
        }
        Sequence::Whole(x) => {
            let shape = x.shape();
            assert!(
                shape.rank() == 3,
                "a sequence has the axes [batch, time, features], this one the shape {shape}"
            );
            let rows = Rows {
                count: shape[0],
                of_step: None,
            };
            let like = match shape[1] {
                0 => x.tape().zeros([shape[0], shape[2]]),
                _ => x.select(1, 0),
            };
            (rows, like)
        }
        Sequence::Steps(_) => unreachable!("the input of the first layer is one value"),
    }
}

/// The state that a cell starts from, in the order of the rows of the run.
#[track_caller]
fn start<'t, T: Float, C: Cell<'t, T>, const PACKED: bool>(
    cell: &C,
    given: Option<C::State>,
    input: Sequence<'_, 't, T>,
    rows: Rows<'_>,
    like: Var<'t, T>,
) -> C::State {
    let Some(state) = given else {
        return cell.initial(like);
    };
    let state = stretched(state, rows.count);
    match input {
        Sequence::Packed(x) if PACKED => sorted(state, x),
        _ => state,
    }
}

/// A state in the order of the lengths.
#[track_caller]
fn sorted<'t, T: Float, S: Carried<'t, T>>(state: S, x: &PackedSequence<'t, T>) -> S {
    let rows = x.lengths().len();
    let mut wrong = None;
    let sorted = each(state, |part| match part.shape().first() {
        Some(&count) if count == rows => x.sort(part),
        _ => {
            wrong = Some(part.shape());
            part
        }
    });
    if let Some(shape) = wrong {
        panic!("a state of the shape {shape} is not one of {rows} sequences");
    }
    sorted
}

/// A state after the run, in the order of the batch.
fn ended<'t, T: Float, S: Carried<'t, T>, const PACKED: bool>(
    state: S,
    input: Sequence<'_, 't, T>,
) -> S {
    match input {
        Sequence::Packed(x) if PACKED => each(state, |part| x.unsort(part)),
        _ => state,
    }
}

/// The number of directions.
pub(super) fn directions<C>(layers: &[Layer<C>]) -> usize {
    1 + usize::from(layers.first().is_some_and(|layer| layer.backward.is_some()))
}

/// Refuses a state of layers of another structure.
#[track_caller]
pub(super) fn check<C, S>(layers: &[Layer<C>], state: &State<S>) {
    let (directions, layers) = (directions(layers), layers.len());
    assert!(
        state.directions == directions && state.cells.len() == layers * directions,
        "the state has {} cells in {} directions, the layer {layers} layers in {directions}",
        state.cells.len(),
        state.directions,
    );
}

/// The outputs of every step as one value \[B, T, F\].
#[track_caller]
pub(super) fn side_by_side<'t, T: Float, S: Carried<'t, T>>(
    x: Var<'t, T>,
    outputs: &[Var<'t, T>],
    state: &State<S>,
) -> Var<'t, T> {
    if outputs.is_empty() {
        let h = state.h();
        x.tape().zeros([h.dim(0), 0, h.dim(-1)])
    } else {
        Var::stack(outputs, 1)
    }
}

/// The outputs of every step as the values \[N, F\] of packed sequences.
#[track_caller]
pub(super) fn one_after_another<'t, T: Float, S: Carried<'t, T>>(
    x: Var<'t, T>,
    outputs: &[Var<'t, T>],
    state: &State<S>,
) -> Var<'t, T> {
    if outputs.is_empty() {
        x.tape().zeros([0, state.h().dim(-1)])
    } else {
        Var::cat(outputs, 0)
    }
}
