//! The walk back through the list, read in two ways: straight into buffers, or recorded.
//!
//! The walk knows no op and no derivative. It visits the nodes from the last to the first, hands
//! each op what flows back into its outputs, and lets the op's rule give to its inputs.

use std::cell::RefCell;

use smallvec::SmallVec;
use wengert_tensor::kernels::copy_into;
use wengert_tensor::{Float, Shape, View};

use crate::record::node::{ALIAS, Id, LEAF, List, MORE, Mark, NEEDS, OpRef, Place, WANTED};
use crate::record::op::Op;
use crate::record::tape::{Inner, Tape};
use crate::record::var::Var;
use crate::walk::buffer_pool::Buffer;
use crate::walk::cotangents::Flow;
use crate::walk::direct::Direct;
use crate::walk::planted_fault::Planted;
use crate::walk::recorded_cotangents::Contributions;

/// What a reverse rule sees: the inputs, the outputs, their cotangents, and where to give.
///
/// A rule gives each input `k` that [`needs`](Reverse::needs) it a cotangent of the input's shape,
/// or of the shape that the input was broadcast to: the sum over broadcast axes is taken for it.
pub struct Reverse<'t, 'r, T: Float> {
    tape: &'t Tape<T>,
    id: Id,
    y_bars: &'r [Option<Var<'t, T>>],
    sink: Sink<'r>,
}

#[derive(Clone, Copy)]
enum Sink<'r> {
    Buffers,
    Recorded(&'r RefCell<Contributions>),
}

impl<'t, T: Float> Reverse<'t, '_, T> {
    /// The tape, for constants.
    pub fn tape(&self) -> &'t Tape<T> {
        self.tape
    }

    /// The number of inputs.
    pub fn arity(&self) -> usize {
        self.tape.inner.borrow().list.inputs(self.id).len()
    }

    /// Input number `k`.
    pub fn x(&self, k: usize) -> Var<'t, T> {
        self.tape.var(self.input(k))
    }

    /// The shape of input number `k`.
    pub fn x_shape(&self, k: usize) -> Shape {
        let inner = self.tape.inner.borrow();
        inner.list.shape(inner.list.inputs(self.id)[k])
    }

    /// Output number `m`.
    pub fn y(&self, m: usize) -> Var<'t, T> {
        self.tape.var(self.id + m as Id)
    }

    /// The cotangent of output number `m`; `None` where nothing flows back into it. An op with
    /// one output always has one.
    pub fn y_bar(&self, m: usize) -> Option<Var<'t, T>> {
        self.y_bars[m]
    }

    /// The cotangent of the only output.
    ///
    /// # Panics
    /// If the op has several outputs and nothing flows back into the first.
    pub fn cotangent(&self) -> Var<'t, T> {
        self.y_bars[0].expect("the rule of an op with one output has its cotangent")
    }

    /// Whether a gradient flows on into input number `k`.
    pub fn needs(&self, k: usize) -> bool {
        let inner = self.tape.inner.borrow();
        let id = inner.list.inputs(self.id)[k];
        inner.list.nodes[id as usize].flags & NEEDS != 0
    }

    /// Gives `x_bar` to input number `k`.
    pub fn give(&self, k: usize, x_bar: Var<'t, T>) {
        let id = self.input(k);
        match self.sink {
            Sink::Buffers => {
                let inner = &mut *self.tape.inner.borrow_mut();
                inner
                    .flow
                    .accumulate(&inner.list, id, &inner.list.view(x_bar.id()));
            }
            Sink::Recorded(to) => Contributions::give(to, self.tape, id, x_bar),
        }
    }

    /// Gives the matrix product `a · b` to input number `k`, straight into its cotangent where
    /// nothing is recorded.
    pub fn give_product(&self, k: usize, a: Var<'t, T>, b: Var<'t, T>) {
        let id = self.input(k);
        match self.sink {
            Sink::Buffers => {
                let inner = &mut *self.tape.inner.borrow_mut();
                let (list, flow) = (&inner.list, &mut inner.flow);
                if list.nodes[id as usize].flags & NEEDS != 0 {
                    flow.accumulate_product(list, id, &list.view(a.id()), &list.view(b.id()));
                }
            }
            Sink::Recorded(to) => {
                if self.needs(k) {
                    Contributions::give(to, self.tape, id, a.matmul(b));
                }
            }
        }
    }

    fn input(&self, k: usize) -> Id {
        self.tape.inner.borrow().list.inputs(self.id)[k]
    }
}

/// Walks back from node `last` and leaves every cotangent of a leaf or a wanted node in the
/// buffers of the tape's flow, where the seeds lie at the start.
pub(crate) fn walk<T: Float>(tape: &Tape<T>, last: Id) {
    let mut inner = tape.inner.borrow_mut();
    let len = end(&inner.list, last);
    inner.flow.bars.resize_with(len, || None);
    let (planted, plain, anomaly) = (inner.planted, inner.plain, inner.anomaly);
    let ordinary = planted.is_none() && !plain && !anomaly;
    for id in (0..=last).rev() {
        let Inner { list, flow, .. } = &mut *inner;
        // Nearly every node: one output, no view, and a rule that goes straight into buffers.
        let node = &list.nodes[id as usize];
        if node.flags & (NEEDS | LEAF) != NEEDS {
            continue;
        }
        let simple = node.flags & (NEEDS | LEAF | ALIAS | WANTED | MORE) == NEEDS;
        if ordinary
            && simple
            && node.output == 0
            && (flow.bars[id as usize].is_none()
                || list.op(id).direct(&mut Direct::new(list, flow, id)))
        {
            continue;
        }
        let Some(outputs) = visits(list, id, |at| flow.bars[at as usize].is_some()) else {
            continue;
        };
        let kept = keep_wanted(list, flow, id, outputs);
        let before = plant(list, flow, id, planted);
        let alias = list.nodes[id as usize].flags & ALIAS != 0;
        if alias && pass_to_base(list, flow, id) {
            // The view is done.
        } else if plain || !list.op(id).direct(&mut Direct::new(list, flow, id)) {
            drop(inner);
            run_unrecorded(tape, id, outputs);
            inner = tape.inner.borrow_mut();
        }
        let Inner { list, flow, .. } = &mut *inner;
        if let (Some(before), Some(planted)) = (before, planted) {
            spoil(list, flow, id, planted, before);
        }
        for (at, bar) in kept {
            flow.bars[at as usize] = Some(bar);
        }
        if anomaly {
            inner.check_cotangents(id);
        }
    }
}

/// The number of the op's outputs if the walk stops at this node.
fn visits<T: Float>(list: &List<T>, id: Id, has_bar: impl Fn(Id) -> bool) -> Option<usize> {
    let node = &list.nodes[id as usize];
    if node.flags & (NEEDS | LEAF) != NEEDS || node.output != 0 {
        return None;
    }
    let outputs = if node.flags & MORE == 0 {
        1
    } else {
        output_count(list, id)
    };
    (id..id + outputs as Id).any(has_bar).then_some(outputs)
}

/// The number of the node after the last output of the op that made `id`: a rule asks for the
/// cotangents of outputs that the program may not have used.
pub(crate) fn end<T: Float>(list: &List<T>, id: Id) -> usize {
    match list.nodes.get(id as usize) {
        Some(node) => {
            let first = id - Id::from(node.output);
            first as usize + output_count(list, first)
        }
        None => 0,
    }
}

/// The number of outputs of the op whose first output is `id`.
pub(crate) fn output_count<T: Float>(list: &List<T>, id: Id) -> usize {
    let rest = &list.nodes[id as usize + 1..];
    1 + rest
        .iter()
        .zip(1..)
        .take_while(|(node, m)| node.output as usize == *m)
        .count()
}

type Kept<T> = SmallVec<[(Id, Buffer<T>); 1]>;

/// Copies of the cotangents that somebody wants to see after they are used.
fn keep_wanted<T: Float>(list: &List<T>, flow: &mut Flow<T>, id: Id, outputs: usize) -> Kept<T> {
    let mut kept = Kept::new();
    for at in id..id + outputs as Id {
        if list.nodes[at as usize].flags & WANTED != 0
            && let Some(bar) = &flow.bars[at as usize]
        {
            let mut copy = flow.pool.take(bar.len());
            copy.copy_from_slice(bar);
            kept.push((at, copy));
        }
    }
    kept
}

/// A view that is a base of its own has its cotangent apart; the base of its input gets it here,
/// unless the op does not apply to that base's layout: then its rule has to run.
fn pass_to_base<T: Float>(list: &List<T>, flow: &mut Flow<T>, id: Id) -> bool {
    let (base, layout) = list.region(list.inputs(id)[0]);
    let Some(Ok(region)) = list.op(id).view(&layout) else {
        return false;
    };
    let Some(bar) = flow.bars[id as usize].take() else {
        return true;
    };
    let whole = flow.whole(list, base);
    let view = View::contiguous(&bar, list.shape(id));
    copy_into(whole, &region, &view, true);
    flow.pool.give(bar);
    true
}

/// A rule while it runs. Its op goes back where it was when the rule has ended, also by a panic.
struct Running<'t, T: Float> {
    tape: &'t Tape<T>,
    id: Id,
    op: Option<Lifted<T>>,
    /// For a rule whose ops are not recorded: where they begin, and whether the tape recorded.
    unrecorded: Option<(Mark, bool)>,
}

impl<T: Float> Running<'_, T> {
    fn run(&self, y_bars: &[Option<Var<'_, T>>], sink: Sink<'_>) {
        let Some(op) = &self.op else { return };
        op.as_dyn().reverse(&Reverse {
            tape: self.tape,
            id: self.id,
            y_bars,
            sink,
        });
    }
}

impl<T: Float> Drop for Running<'_, T> {
    fn drop(&mut self) {
        // While a panic unwinds, the borrow may still be held by who panicked.
        let Ok(mut inner) = self.tape.inner.try_borrow_mut() else {
            return;
        };
        let inner = &mut *inner;
        if let Some(op) = self.op.take() {
            inner.list.restore(self.id, op);
        }
        if let Some((mark, recording)) = self.unrecorded {
            inner.recording = recording;
            inner.list.release(mark);
            for bar in inner.list.loans.drain(..) {
                inner.flow.pool.give(bar);
            }
        }
    }
}

/// Runs a rule with ordinary ops that are forgotten afterwards.
fn run_unrecorded<T: Float>(tape: &Tape<T>, id: Id, outputs: usize) {
    let mut y_bars: SmallVec<[Option<Var<'_, T>>; 2]> = SmallVec::new();
    let running = {
        let inner = &mut *tape.inner.borrow_mut();
        let mark = inner.list.mark();
        let recording = std::mem::replace(&mut inner.recording, false);
        for at in id..id + outputs as Id {
            let bar = inner.flow.bars[at as usize].take();
            y_bars.push(bar.map(|bar| {
                let shape = inner.list.shape(at);
                inner.list.loans.push(bar);
                let place = Place::Loan(inner.list.loans.len() as u32 - 1);
                let origin = inner.list.origins[at as usize];
                tape.var_in(inner, |list| list.push_value(&shape, place, 0, origin))
            }));
        }
        Running {
            tape,
            id,
            op: Some(inner.list.lift(id)),
            unrecorded: Some((mark, recording)),
        }
    };
    running.run(&y_bars, Sink::Buffers);
}

/// Walks back from node `last` with every rule recorded. The cotangents are variables.
pub(crate) fn walk_recorded<T: Float>(tape: &Tape<T>, last: Id, bars: &RefCell<Contributions>) {
    bars.borrow_mut()
        .make_room(end(&tape.inner.borrow().list, last));
    for id in (0..=last).rev() {
        let outputs = {
            let inner = tape.inner.borrow();
            let bars = bars.borrow();
            visits(&inner.list, id, |at| bars.has(at))
        };
        let Some(outputs) = outputs else { continue };
        let y_bars: SmallVec<[Option<Var<'_, T>>; 2]> = (id..id + outputs as Id)
            .map(|at| Contributions::total(bars, tape, at))
            .collect();
        let alias = tape.inner.borrow().list.nodes[id as usize].flags & ALIAS != 0;
        if alias
            && let Some(bar) = y_bars[0]
            && Contributions::pass_to_base(bars, tape, id, bar)
        {
            continue;
        }
        let op = Some(tape.inner.borrow_mut().list.lift(id));
        let unrecorded = None;
        Running {
            tape,
            id,
            op,
            unrecorded,
        }
        .run(&y_bars, Sink::Recorded(bars));
    }
}

/// An op taken out of the list while its rule runs.
pub(crate) enum Lifted<T: 'static> {
    Static(&'static dyn Op<T>),
    Stored(Box<dyn Op<T>>),
}

impl<T: Float> Lifted<T> {
    pub fn as_dyn(&self) -> &dyn Op<T> {
        match self {
            Lifted::Static(op) => *op,
            Lifted::Stored(op) => &**op,
        }
    }
}

impl<T: Float> List<T> {
    pub fn lift(&mut self, id: Id) -> Lifted<T> {
        match self.nodes[id as usize].op {
            OpRef::Static(op) => Lifted::Static(op),
            OpRef::Stored(at) => Lifted::Stored(self.ops.lift(at)),
        }
    }

    pub fn restore(&mut self, id: Id, op: Lifted<T>) {
        if let (OpRef::Stored(at), Lifted::Stored(op)) = (self.nodes[id as usize].op, op) {
            self.ops.restore(at, op);
        }
    }
}

type Snapshot<T> = Vec<(Id, Option<Buffer<T>>)>;

/// The inputs' cotangents before the rule of node `id` runs, if a mistake is planted in it.
fn plant<T: Float>(
    list: &List<T>,
    flow: &mut Flow<T>,
    id: Id,
    planted: Option<Planted>,
) -> Option<Snapshot<T>> {
    let planted = planted?;
    if list.op(id).name() != planted.op {
        return None;
    }
    flow.fault = list
        .inputs(id)
        .get(planted.input)
        .map(|&input| (planted.fault, input));
    let bases = list.inputs(id).iter().map(|&input| list.region(input).0);
    Some(
        bases
            .map(|base| (base, flow.bars[base as usize].clone()))
            .collect(),
    )
}

/// Turns what the rule of node `id` gave to one input into what a faulty rule would have given.
fn spoil<T: Float>(
    list: &List<T>,
    flow: &mut Flow<T>,
    id: Id,
    planted: Planted,
    before: Snapshot<T>,
) {
    flow.fault = None;
    let Some((base, before)) = before.get(planted.input) else {
        return;
    };
    debug_assert!(list.inputs(id).len() > planted.input);
    let Some(after) = flow.bars[*base as usize].as_mut() else {
        return;
    };
    let zeros = vec![T::ZERO; after.len()];
    let before = before.as_deref().unwrap_or(&zeros);
    flow.spoiled += u64::from(planted.fault.spoil(&list.shape(*base), before, after));
}
