//! Cotangents on their way back when they are recorded: variables, added up when they are used.
//!
//! What views give is kept apart until the base is visited, and then written into one value with
//! one op. A loop over the slices of a sequence therefore stays linear in its length.

use std::cell::RefCell;

use wengert_tensor::{Float, Layout};

use crate::record::node::{ALIAS, Id, NEEDS, NONE, WANTED};
use crate::record::tape::Tape;
use crate::record::var::Var;

/// What has been given to every node so far.
pub(crate) struct Contributions {
    /// The last contribution to each node.
    heads: Vec<u32>,
    entries: Vec<Entry>,
    /// The total of nodes that were visited.
    totals: Vec<Id>,
}

struct Entry {
    bar: Id,
    /// The region of the node that it belongs to; `None` for all of it.
    region: Option<Layout>,
    next: u32,
}

impl Contributions {
    /// Room for the first `len` nodes.
    pub fn new(len: usize) -> RefCell<Self> {
        RefCell::new(Contributions {
            heads: vec![NONE; len],
            entries: Vec::new(),
            totals: vec![NONE; len],
        })
    }

    /// Makes room for contributions to the first `len` nodes.
    pub fn make_room(&mut self, len: usize) {
        self.heads.resize(len, NONE);
    }

    pub fn has(&self, id: Id) -> bool {
        self.heads[id as usize] != NONE
    }

    fn push(&mut self, id: Id, bar: Id, region: Option<Layout>) {
        let next = self.heads[id as usize];
        self.heads[id as usize] = self.entries.len() as u32;
        self.entries.push(Entry { bar, region, next });
    }

    /// Gives `bar` to node `id`, if a gradient flows there.
    pub fn give<'t, T: Float>(to: &RefCell<Self>, tape: &'t Tape<T>, id: Id, bar: Var<'t, T>) {
        let (flags, shape) = {
            let list = &tape.inner.borrow().list;
            (list.nodes[id as usize].flags, list.shape(id))
        };
        if flags & NEEDS == 0 {
            return;
        }
        let bar = if bar.shape() == shape {
            bar
        } else {
            bar.sum_to(&shape)
        };
        if flags & (ALIAS | WANTED) == ALIAS {
            let (base, region) = tape.inner.borrow().list.region(id);
            to.borrow_mut().push(base, bar.id(), Some(region));
        } else {
            to.borrow_mut().push(id, bar.id(), None);
        }
    }

    /// The sum of what was given to node `id`, in the order in which it was given.
    pub fn total<'t, T: Float>(
        from: &RefCell<Self>,
        tape: &'t Tape<T>,
        id: Id,
    ) -> Option<Var<'t, T>> {
        if let Some(&total) = from.borrow().totals.get(id as usize)
            && total != NONE
        {
            return Some(tape.var(total));
        }
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        {
            let this = &mut *from.borrow_mut();
            let mut at = this.heads[id as usize];
            while at != NONE {
                let entry = &mut this.entries[at as usize];
                match entry.region.take() {
                    None => whole.push(tape.var(entry.bar)),
                    Some(region) => parts.push((tape.var(entry.bar), region)),
                }
                at = entry.next;
            }
        }
        if !parts.is_empty() {
            parts.reverse();
            let shape = tape.inner.borrow().list.shape(id);
            whole.push(Var::assemble(tape, shape, parts));
        }
        let total = whole.into_iter().rev().reduce(|sum, bar| sum + bar)?;
        from.borrow_mut().totals[id as usize] = total.id();
        Some(total)
    }

    /// Gives the cotangent of a view that is a base of its own to the base of its input, if the op
    /// applies to that base's layout.
    pub fn pass_to_base<'t, T: Float>(
        to: &RefCell<Self>,
        tape: &'t Tape<T>,
        id: Id,
        bar: Var<'t, T>,
    ) -> bool {
        let (base, region) = {
            let list = &tape.inner.borrow().list;
            let (base, layout) = list.region(list.inputs(id)[0]);
            match list.op(id).view(&layout) {
                Some(Ok(region)) => (base, region),
                _ => return false,
            }
        };
        to.borrow_mut().push(base, bar.id(), Some(region));
        true
    }
}
