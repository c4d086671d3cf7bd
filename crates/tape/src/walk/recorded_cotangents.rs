//! Cotangents on their way back when they are recorded: variables, added up when they are used.
//!
//! What views and choices of elements give is kept apart until the base is visited, and then written
//! into one value with one op. A loop over the slices of a sequence, or over look-ups in a table,
//! therefore stays linear in its length.
//!
//! A walk goes only where it was asked to: before it, the nodes are marked that depend on what is
//! wanted, from the first of these on. Nothing else is visited, or given anything.

use std::cell::RefCell;

use wengert_tensor::Float;

use crate::record::node::{ALIAS, Id, List, NEEDS, NONE, WANTED};
use crate::record::tape::Tape;
use crate::record::var::Var;
use crate::walk::part::Part;
use crate::walk::reverse::end;

/// What has been given so far to every node that depends on what is wanted.
pub(crate) struct Contributions {
    /// The first wanted node.
    first: Id,
    /// One for each node from the first on.
    slots: Vec<Slot>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// The last contribution.
    head: u32,
    /// The sum of all contributions, when it was made.
    total: Id,
    reach: Reach,
}

/// How a node depends on what is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Not,
    /// It is wanted itself.
    Wanted,
    /// Through its inputs, so that its rule has to run.
    Inputs,
}

struct Entry {
    bar: Id,
    /// The part of the node that it belongs to; `None` for all of it.
    part: Option<Part>,
    next: u32,
}

impl Contributions {
    /// For a walk from node `last` back to the wanted ones.
    pub fn between<T: Float>(
        list: &List<T>,
        wanted: impl Iterator<Item = Id> + Clone,
        last: Id,
    ) -> Self {
        let first = wanted.clone().min().unwrap_or(NONE);
        // Rules ask for the cotangents of outputs behind the last.
        let len = end(list, last).saturating_sub(first as usize);
        let empty = Slot {
            head: NONE,
            total: NONE,
            reach: Reach::Not,
        };
        let mut slots = vec![empty; len];
        for id in wanted {
            if let Some(slot) = slots.get_mut((id - first) as usize) {
                slot.reach = Reach::Wanted;
            }
        }
        for at in 0..len {
            let id = first + at as Id;
            let reached =
                |&input: &Id| input >= first && slots[(input - first) as usize].reach != Reach::Not;
            if list.nodes[id as usize].flags & NEEDS != 0 && list.inputs(id).iter().any(reached) {
                slots[at].reach = Reach::Inputs;
            }
        }
        Contributions {
            first,
            slots,
            entries: Vec::new(),
        }
    }

    /// The first node that anything is given to.
    pub fn first(&self) -> Id {
        self.first
    }

    fn slot(&self, id: Id) -> Option<&Slot> {
        self.slots.get(id.checked_sub(self.first)? as usize)
    }

    fn slot_mut(&mut self, id: Id) -> &mut Slot {
        &mut self.slots[(id - self.first) as usize]
    }

    /// Whether node `id` is wanted or leads to what is.
    pub fn leads_on(&self, id: Id) -> bool {
        self.slot(id).is_some_and(|slot| slot.reach != Reach::Not)
    }

    /// Whether the inputs of node `id` lead to what is wanted.
    pub fn has_inputs(&self, id: Id) -> bool {
        self.slot(id)
            .is_some_and(|slot| slot.reach == Reach::Inputs)
    }

    pub fn has(&self, id: Id) -> bool {
        self.slot(id).is_some_and(|slot| slot.head != NONE)
    }

    fn push(&mut self, id: Id, bar: Id, part: Option<Part>) {
        let at = self.entries.len() as u32;
        let next = std::mem::replace(&mut self.slot_mut(id).head, at);
        self.entries.push(Entry { bar, part, next });
    }

    /// Gives `bar` to a part of node `id`, which leads on.
    pub fn give_part(&mut self, id: Id, bar: Id, part: Part) {
        self.push(id, bar, Some(part));
    }

    /// Gives `bar` to node `id`, if that leads on.
    pub fn give<'t, T: Float>(to: &RefCell<Self>, tape: &'t Tape<T>, id: Id, bar: Var<'t, T>) {
        if !to.borrow().leads_on(id) {
            return;
        }
        let (flags, shape) = {
            let list = &tape.inner.borrow().list;
            (list.nodes[id as usize].flags, list.shape(id))
        };
        let bar = if bar.shape() == shape {
            bar
        } else {
            bar.sum_to(&shape)
        };
        if flags & (ALIAS | WANTED) == ALIAS {
            let (base, region) = tape.inner.borrow().list.region(id);
            to.borrow_mut()
                .push(base, bar.id(), Some(Part::Region(region)));
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
        let slot = *from.borrow().slot(id)?;
        if slot.total != NONE {
            return Some(tape.var(slot.total));
        }
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        {
            let this = &mut *from.borrow_mut();
            let mut at = slot.head;
            while at != NONE {
                let entry = &mut this.entries[at as usize];
                match entry.part.take() {
                    None => whole.push(tape.var(entry.bar)),
                    Some(part) => parts.push((tape.var(entry.bar), part)),
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
        from.borrow_mut().slot_mut(id).total = total.id();
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
        to.borrow_mut()
            .push(base, bar.id(), Some(Part::Region(region)));
        true
    }
}
