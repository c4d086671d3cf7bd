//! Where ops with attributes are kept: boxes that are used again by the next op of the same type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::record::op::{Op, Shapes};
use crate::walk::direct::Direct;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

/// A hasher for keys that are hashes already.
#[derive(Default)]
pub(crate) struct TakeAsIs(u64);

impl Hasher for TakeAsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_ne_bytes(word);
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 ^= word;
    }
}

type Free<T> = HashMap<TypeId, Vec<Box<dyn Op<T>>>, BuildHasherDefault<TakeAsIs>>;

/// The ops of a list, and the boxes of released ones.
pub(crate) struct OpStore<T> {
    ops: Vec<Slot<T>>,
    free: Free<T>,
}

struct Slot<T> {
    /// `None` while the op's rule runs.
    op: Option<Box<dyn Op<T>>>,
    /// The type that the box can hold.
    holds: TypeId,
    /// Lets go of what the op holds.
    empty: fn(&mut dyn Op<T>),
}

impl<T> Default for OpStore<T> {
    fn default() -> Self {
        OpStore {
            ops: Vec::new(),
            free: HashMap::default(),
        }
    }
}

impl<T: Float> OpStore<T> {
    /// Keeps an op and returns its number.
    pub fn put<O: Op<T>>(&mut self, op: O) -> u32 {
        if std::mem::needs_drop::<O>() {
            self.keep(Held(Some(op)), |op| {
                let any: &mut dyn Any = op;
                if let Some(held) = any.downcast_mut::<Held<O>>() {
                    held.0 = None;
                }
            })
        } else {
            self.keep(op, |_| {})
        }
    }

    fn keep<O: Op<T>>(&mut self, op: O, empty: fn(&mut dyn Op<T>)) -> u32 {
        let holds = TypeId::of::<O>();
        let op = match self.waiting(holds) {
            Some(mut waiting) => {
                let any: &mut dyn Any = &mut *waiting;
                if let Some(old) = any.downcast_mut::<O>() {
                    *old = op;
                }
                waiting
            }
            None => Box::new(op) as Box<dyn Op<T>>,
        };
        let op = Some(op);
        self.push(Slot { op, holds, empty })
    }

    /// A box of a released op of a type. Apart from `keep`, which is compiled for every op.
    fn waiting(&mut self, holds: TypeId) -> Option<Box<dyn Op<T>>> {
        self.free.get_mut(&holds).and_then(Vec::pop)
    }

    fn push(&mut self, slot: Slot<T>) -> u32 {
        self.ops.push(slot);
        self.ops.len() as u32 - 1
    }

    /// An op. One whose rule runs is represented.
    pub fn get(&self, at: u32) -> &dyn Op<T> {
        self.ops[at as usize].op.as_deref().unwrap_or(&Busy)
    }

    /// Takes an op out, so that its rule can record; [`restore`](OpStore::restore) puts it back.
    pub fn lift(&mut self, at: u32) -> Box<dyn Op<T>> {
        self.ops[at as usize]
            .op
            .take()
            .expect("a rule does not run within itself")
    }

    pub fn restore(&mut self, at: u32, op: Box<dyn Op<T>>) {
        self.ops[at as usize].op = Some(op);
    }

    pub fn len(&self) -> usize {
        self.ops.len()
    }

    pub fn truncate(&mut self, len: usize) {
        for slot in self.ops.drain(len..) {
            if let Some(mut op) = slot.op {
                (slot.empty)(&mut *op);
                self.free.entry(slot.holds).or_default().push(op);
            }
        }
    }
}

/// Stands for an op whose rule runs. It is no view, so that the regions of views of the op's value
/// begin anew at it, which every op allows.
struct Busy;

impl<T: Float> Op<T> for Busy {
    fn name(&self) -> &'static str {
        "an op whose rule runs"
    }
    fn shapes(&self, _: &[Shape]) -> Result<Shapes, ShapeError> {
        Err(ShapeError::new(
            "busy",
            "an op whose rule runs is not recorded again",
        ))
    }
    fn forward(&self, _: &[View<'_, T>], _: &mut [&mut [T]]) {}
    fn reverse(&self, _: &Reverse<'_, '_, T>) {}
    fn tangent(&self, _: &Tangent<'_, '_, T>) {}
}

/// An op that holds something, as indices, which is let go of when the op is released while its box
/// waits for the next.
struct Held<O>(Option<O>);

impl<O> Held<O> {
    fn op(&self) -> &O {
        self.0.as_ref().expect("a released op is not looked at")
    }
}

impl<T: Float, O: Op<T>> Op<T> for Held<O> {
    fn name(&self) -> &'static str {
        self.op().name()
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        self.op().shapes(inputs)
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        self.op().forward(inputs, outputs);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        self.op().reverse(rule);
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        self.op().tangent(rule);
    }
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        self.op().view(input)
    }
    fn share(&self, input: &Layout) -> Option<Layout> {
        self.op().share(input)
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        self.op().direct(direct)
    }
}
