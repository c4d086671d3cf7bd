//! The walk back through the list, read in two ways: straight into buffers, or recorded.
//!
//! The walk knows no op and no derivative. It visits the nodes from the last to the first, hands
//! each op what flows back into its outputs, and lets the op's rule give to its inputs.

use std::cell::RefCell;

use smallvec::SmallVec;
use wengert_tensor::kernels::copy_into;
use wengert_tensor::{Float, Shape, View};

use crate::record::inspect::Moment;
use crate::record::node::{ALIAS, Id, LEAF, List, MORE, NEEDS, Place, WANTED};
use crate::record::tape::{Inner, Tape};
use crate::record::var::Var;
use crate::walk::buffer_pool::Buffer;
use crate::walk::cotangents::Flow;
use crate::walk::direct::Direct;
use crate::walk::part::Part;
use crate::walk::planted_fault::Planted;
use crate::walk::recorded_cotangents::Contributions;
use crate::walk::rule::{Rule, Running};

/// What a reverse rule sees: the inputs, the outputs, their cotangents, and where to give.
///
/// A rule gives each input `k` that [`needs`](Reverse::needs) it a cotangent of the input's shape,
/// or of the shape that the input was broadcast to: the sum over broadcast axes is taken for it.
/// What it asks for and what it gives is checked; a panic names the op.
pub struct Reverse<'t, 'r, T: Float> {
    rule: Rule<'t, T>,
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
        self.rule.tape
    }

    /// The number of inputs.
    pub fn arity(&self) -> usize {
        self.rule.arity()
    }

    /// Input number `k`.
    ///
    /// # Panics
    /// If the op has no such input.
    #[track_caller]
    pub fn x(&self, k: usize) -> Var<'t, T> {
        self.rule.x(k)
    }

    /// The shape of input number `k`.
    ///
    /// # Panics
    /// If the op has no such input.
    #[track_caller]
    pub fn x_shape(&self, k: usize) -> Shape {
        let id = self.rule.input(k);
        self.rule.tape.inner.borrow().list.shape(id)
    }

    /// Output number `m`.
    ///
    /// # Panics
    /// If the op has no such output.
    #[track_caller]
    pub fn y(&self, m: usize) -> Var<'t, T> {
        self.rule.y(m)
    }

    /// The cotangent of output number `m`; `None` where nothing flows back into it. An op with
    /// one output always has one.
    ///
    /// # Panics
    /// If the op has no such output.
    #[track_caller]
    pub fn y_bar(&self, m: usize) -> Option<Var<'t, T>> {
        self.rule.output(m);
        self.y_bars[m]
    }

    /// The cotangent of the only output.
    ///
    /// # Panics
    /// If the op has several outputs and nothing flows back into the first.
    #[track_caller]
    pub fn cotangent(&self) -> Var<'t, T> {
        match self.y_bars[0] {
            Some(y_bar) => y_bar,
            None => self.rule.fail(
                "asks for the cotangent of its only output, but it has several, \
                and nothing flows back into the first: see `y_bar`",
            ),
        }
    }

    /// Whether a gradient flows on into input number `k`. In a walk that was asked for the gradients
    /// of some values alone, none flows into what does not depend on them.
    ///
    /// # Panics
    /// If the op has no such input.
    #[track_caller]
    pub fn needs(&self, k: usize) -> bool {
        let id = self.rule.input(k);
        match self.sink {
            Sink::Buffers => {
                self.rule.tape.inner.borrow().list.nodes[id as usize].flags & NEEDS != 0
            }
            Sink::Recorded(to) => to.borrow().leads_on(id),
        }
    }

    /// Gives `x_bar` to input number `k`.
    ///
    /// # Panics
    /// If the op has no such input, `x_bar` belongs to another tape or to a scope that has ended, or
    /// the input does not stretch to its shape.
    #[track_caller]
    pub fn give(&self, k: usize, x_bar: Var<'t, T>) {
        let id = self.rule.input(k);
        self.rule.check("input", k, id, x_bar, Shape::broadcasts_to);
        match self.sink {
            Sink::Buffers => {
                let inner = &mut *self.rule.tape.inner.borrow_mut();
                inner
                    .flow
                    .accumulate(&inner.list, id, &inner.list.view(x_bar.id()));
            }
            Sink::Recorded(to) => Contributions::give(to, self.rule.tape, id, x_bar),
        }
    }

    /// Gives `x_bar` to a part of input number `k`. Where the walk is recorded, it stays as small as
    /// it is until all that flows into the input is there.
    #[track_caller]
    pub(crate) fn give_part(&self, k: usize, part: Part, x_bar: Var<'t, T>) {
        if !self.needs(k) {
            return;
        }
        match self.sink {
            Sink::Buffers => {
                let parts = vec![(x_bar, part)];
                self.give(k, Var::assemble(self.rule.tape, self.x_shape(k), parts));
            }
            Sink::Recorded(to) => {
                let id = self.rule.input(k);
                to.borrow_mut().give_part(id, x_bar.id(), part);
            }
        }
    }

    /// Gives the matrix product `a · b` to input number `k`, straight into its cotangent where
    /// nothing is recorded.
    ///
    /// # Panics
    /// As [`give`](Reverse::give), and if the matrices do not fit each other.
    #[track_caller]
    pub fn give_product(&self, k: usize, a: Var<'t, T>, b: Var<'t, T>) {
        let id = self.rule.input(k);
        if !self.needs(k) {
            return;
        }
        match self.sink {
            Sink::Buffers => {
                self.rule.check_product(k, id, a, b);
                let inner = &mut *self.rule.tape.inner.borrow_mut();
                let (list, flow) = (&inner.list, &mut inner.flow);
                flow.accumulate_product(list, id, &list.view(a.id()), &list.view(b.id()));
            }
            Sink::Recorded(_) => self.give(k, a.matmul(b)),
        }
    }
}

/// Walks back from node `last` and leaves every cotangent of a leaf or a wanted node in the
/// buffers of the tape's flow, where the seeds lie at the start.
pub(crate) fn walk<T: Float>(tape: &Tape<T>, last: Id) {
    let mut inner = tape.inner.borrow_mut();
    let len = end(&inner.list, last);
    inner.flow.bars.resize_with(len, || None);
    let (planted, plain, anomaly) = (inner.planted, inner.plain, inner.anomaly);
    let observed = inner.list.observer.is_some();
    let ordinary = planted.is_none() && !plain && !anomaly && !observed;
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
        if observed && let Some(observer) = &mut list.observer {
            observer(Moment::Rule(id as usize));
        }
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

/// Runs a rule with ordinary ops that are forgotten afterwards.
fn run_unrecorded<T: Float>(tape: &Tape<T>, id: Id, outputs: usize) {
    let running = Running::unrecorded(tape, id);
    let mut y_bars: SmallVec<[Option<Var<'_, T>>; 2]> = SmallVec::new();
    for at in id..id + outputs as Id {
        let inner = &mut *tape.inner.borrow_mut();
        if inner.flow.bars[at as usize].is_some() {
            inner.assert_room("backward");
        }
        let bar = inner.flow.bars[at as usize].take();
        y_bars.push(bar.map(|bar| {
            let shape = inner.list.shape(at);
            inner.list.loans.push(bar);
            let place = Place::Loan(inner.list.loans.len() as u32 - 1);
            let origin = inner.list.origins[at as usize];
            tape.var_in(inner, |list| list.push_value(&shape, place, 0, origin))
        }));
    }
    reverse(&running, &y_bars, Sink::Buffers);
}

fn reverse<'t, T: Float>(running: &Running<'t, T>, y_bars: &[Option<Var<'t, T>>], sink: Sink<'_>) {
    let rule = running.rule(y_bars.len());
    running.op().reverse(&Reverse { rule, y_bars, sink });
}

/// Walks back from node `last` with every rule recorded. The cotangents are variables. Only what lies
/// between `last` and what is wanted is looked at.
pub(crate) fn walk_recorded<T: Float>(tape: &Tape<T>, last: Id, bars: &RefCell<Contributions>) {
    let first = bars.borrow().first();
    for id in (first..=last).rev() {
        let outputs = {
            let inner = tape.inner.borrow();
            let bars = bars.borrow();
            if !bars.has_inputs(id) {
                continue;
            }
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
        reverse(&Running::recorded(tape, id), &y_bars, Sink::Recorded(bars));
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
