//! What both rules of an op have in common: the op that is taken out of the list while its rule
//! runs, its inputs and outputs, and the checks of what a rule asks for and gives.

use wengert_tensor::{Float, Shape};

use crate::record::node::{Id, List, Mark, OpRef};
use crate::record::op::Op;
use crate::record::tape::Tape;
use crate::record::var::Var;

/// The op whose rule runs, for the rule's eyes.
pub(crate) struct Rule<'t, T: Float> {
    pub tape: &'t Tape<T>,
    id: Id,
    name: &'static str,
    outputs: usize,
}

impl<'t, T: Float> Rule<'t, T> {
    pub fn arity(&self) -> usize {
        self.tape.inner.borrow().list.inputs(self.id).len()
    }

    #[track_caller]
    pub fn x(&self, k: usize) -> Var<'t, T> {
        self.tape.var(self.input(k))
    }

    #[track_caller]
    pub fn y(&self, m: usize) -> Var<'t, T> {
        self.tape.var(self.output(m))
    }

    /// The node of input number `k`.
    #[track_caller]
    pub fn input(&self, k: usize) -> Id {
        let input = {
            let list = &self.tape.inner.borrow().list;
            let inputs = list.inputs(self.id);
            inputs.get(k).copied().ok_or(inputs.len())
        };
        match input {
            Ok(id) => id,
            Err(count) => self.fail(&missing("input", k, count)),
        }
    }

    /// The node of output number `m`.
    #[track_caller]
    pub fn output(&self, m: usize) -> Id {
        if m >= self.outputs {
            self.fail(&missing("output", m, self.outputs));
        }
        self.id + m as Id
    }

    /// Checks what the rule gives to an input or an output, node `id`: that the variable is alive and
    /// of this tape, and that its shape `fits` the node's: node first.
    #[track_caller]
    pub fn check(
        &self,
        what: &str,
        number: usize,
        id: Id,
        given: Var<'t, T>,
        fits: fn(&Shape, &Shape) -> bool,
    ) {
        let inner = self.tape.inner.borrow();
        let wrong = match given.fault(self.tape, &inner) {
            Some(fault) => Some(fault.to_owned()),
            None => {
                let (shape, found) = (inner.list.shape(id), inner.list.shape(given.id()));
                let wrong = !fits(&shape, &found);
                wrong.then(|| format!("has the shape {found}, which does not fit {shape}"))
            }
        };
        drop(inner);
        if let Some(wrong) = wrong {
            self.fail(&format!("gives {what} {number} a variable that {wrong}"));
        }
    }

    /// The same of two matrices, whose product input number `k` gets.
    #[track_caller]
    pub fn check_product(&self, k: usize, id: Id, a: Var<'t, T>, b: Var<'t, T>) {
        let inner = self.tape.inner.borrow();
        let list = &inner.list;
        let fault = a.fault(self.tape, &inner).or(b.fault(self.tape, &inner));
        let wrong = match fault {
            Some(fault) => Some(format!("a product of a variable that {fault}")),
            None => {
                let shape = list.shape(id);
                let (a, b) = (list.shape(a.id()), list.shape(b.id()));
                match a.matmul(&b) {
                    _ if a.rank() < 2 || b.rank() < 2 => Some(format!(
                        "a product of {a} and {b}, which are not both matrices"
                    )),
                    Err(error) => Some(format!("a product that cannot be: {error}")),
                    Ok(found) if !shape.broadcasts_to(&found) => Some(format!(
                        "a product of the shape {found}, which does not fit {shape}"
                    )),
                    Ok(_) => None,
                }
            }
        };
        drop(inner);
        if let Some(wrong) = wrong {
            self.fail(&format!("gives input {k} {wrong}"));
        }
    }

    /// Panics about what the rule does.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn fail(&self, what: &str) -> ! {
        panic!("{}: its rule {what}", self.name)
    }
}

fn missing(what: &str, number: usize, count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("asks for {what} {number}, but the op has {count} {what}{plural}, counted from 0")
}

/// A rule while it runs. Its op goes back where it was when the rule has ended, also by a panic.
pub(crate) struct Running<'t, T: Float> {
    tape: &'t Tape<T>,
    id: Id,
    name: &'static str,
    op: Option<Lifted<T>>,
    /// For a rule whose ops are not recorded: where they begin, and whether the tape recorded.
    unrecorded: Option<(Mark, bool)>,
}

impl<'t, T: Float> Running<'t, T> {
    /// A rule whose ops are recorded.
    #[track_caller]
    pub fn recorded(tape: &'t Tape<T>, id: Id) -> Self {
        let inner = &mut *tape.inner.borrow_mut();
        if let Some((_, name)) = inner.running.iter().find(|(running, _)| *running == id) {
            panic!(
                "{name}: its rule differentiates what it is the rule of; a derivative inside a rule \
                 is taken of other values"
            );
        }
        let name = inner.list.op(id).name();
        let op = Some(inner.list.lift(id));
        inner.running.push((id, name));
        Running {
            tape,
            id,
            name,
            op,
            unrecorded: None,
        }
    }

    /// A rule whose ops are forgotten afterwards.
    #[track_caller]
    pub fn unrecorded(tape: &'t Tape<T>, id: Id) -> Self {
        let mut running = Self::recorded(tape, id);
        let inner = &mut *tape.inner.borrow_mut();
        let recording = std::mem::replace(&mut inner.recording, false);
        running.unrecorded = Some((inner.list.mark(), recording));
        running
    }

    pub fn op(&self) -> &dyn Op<T> {
        match self.op.as_ref() {
            Some(Lifted::Static(op)) => *op,
            Some(Lifted::Stored(op)) => &**op,
            None => unreachable!("an op is put back when its rule has ended"),
        }
    }

    /// What the rule of an op with so many outputs sees.
    pub fn rule(&self, outputs: usize) -> Rule<'t, T> {
        Rule {
            tape: self.tape,
            id: self.id,
            name: self.name,
            outputs,
        }
    }
}

impl<T: Float> Drop for Running<'_, T> {
    fn drop(&mut self) {
        // While a panic unwinds, the code that panicked may still hold the borrow.
        let Some(mut inner) = self.tape.inner.free() else {
            return;
        };
        let inner = &mut *inner;
        inner.running.pop();
        if let Some(op) = self.op.take() {
            inner.list.restore(self.id, op);
        }
        if let Some((mark, recording)) = self.unrecorded {
            inner.recording = recording;
            inner.list.release(mark);
            // The next rule's values get the same numbers.
            inner.flow.packs.forget(mark.nodes);
            for bar in inner.list.loans.drain(..) {
                inner.flow.pool.give(bar);
            }
        }
    }
}

/// An op taken out of the list while its rule runs.
enum Lifted<T: 'static> {
    Static(&'static dyn Op<T>),
    Stored(Box<dyn Op<T>>),
}

impl<T: Float> List<T> {
    fn lift(&mut self, id: Id) -> Lifted<T> {
        match self.nodes[id as usize].op {
            OpRef::Static(op) => Lifted::Static(op),
            OpRef::Stored(at) => Lifted::Stored(self.ops.lift(at)),
        }
    }

    fn restore(&mut self, id: Id, op: Lifted<T>) {
        if let (OpRef::Stored(at), Lifted::Stored(op)) = (self.nodes[id as usize].op, op) {
            self.ops.restore(at, op);
        }
    }
}
