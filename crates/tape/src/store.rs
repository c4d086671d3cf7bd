//! Where ops with attributes are kept: boxes that are used again by the next op of the same type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use wengert_tensor::Float;

use crate::op::Op;

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
    /// The type's identity, if its box may wait with an old value in it.
    recycle: Option<TypeId>,
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
        let slot = if std::mem::needs_drop::<O>() {
            // What it holds must be let go when it is released, so its box goes too.
            Slot {
                op: Some(Box::new(op)),
                recycle: None,
            }
        } else {
            let id = TypeId::of::<O>();
            let waiting = self.free.get_mut(&id).and_then(Vec::pop);
            let op = match waiting {
                Some(mut boxed) => {
                    let any: &mut dyn Any = &mut *boxed;
                    if let Some(old) = any.downcast_mut::<O>() {
                        *old = op;
                    }
                    boxed
                }
                None => Box::new(op) as Box<dyn Op<T>>,
            };
            Slot {
                op: Some(op),
                recycle: Some(id),
            }
        };
        self.ops.push(slot);
        self.ops.len() as u32 - 1
    }

    pub fn get(&self, at: u32) -> &dyn Op<T> {
        self.ops[at as usize]
            .op
            .as_deref()
            .expect("an op whose rule runs is not looked at")
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
            if let (Some(id), Some(op)) = (slot.recycle, slot.op) {
                self.free.entry(id).or_default().push(op);
            }
        }
    }
}
