//! The ledger of a step: what every leaf of a model got. Its memory is used again.

use std::sync::{Arc, Mutex};

use wengert_tensor::{Float, Shape, Tensor};

use crate::model::bind::Kind;
use crate::record::tape::Inner;
use crate::walk::buffer_pool::Buffer;

/// One entry a leaf.
pub(crate) struct Ledger<T> {
    pub(super) entries: Vec<Entry<T>>,
    /// The paths of the trained leaves without a gradient.
    pub(super) unreached: Vec<String>,
}

/// What a leaf got.
pub(super) struct Entry<T> {
    pub content: Content,
    /// The gradient or the new state; otherwise an old buffer to be used again.
    pub tensor: Option<Tensor<T>>,
}

/// What the tensor of an entry is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Gradient,
    State,
    Nothing,
}

/// Where ledgers wait to be used again; a tape and its gradients share it.
pub(crate) type Bin<T> = Arc<Mutex<Vec<Ledger<T>>>>;

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Ledger {
            entries: Vec::new(),
            unreached: Vec::new(),
        }
    }
}

impl<T: Float> Ledger<T> {
    /// Makes entry number `at` that of a bound leaf with cotangent `bar`.
    pub fn enter(&mut self, at: usize, inner: &mut Inner<T>, leaf: usize, bar: Option<Buffer<T>>) {
        if self.entries.len() <= at {
            self.entries.push(Entry {
                content: Content::Nothing,
                tensor: None,
            });
        }
        let entry = &mut self.entries[at];
        entry.content = Content::Nothing;
        let bound = inner.binding.leaf(leaf);
        match (bound.kind, bar) {
            (Kind::Frozen, _) => {}
            (Kind::Trained, Some(bar)) => {
                entry.content = Content::Gradient;
                let spare = entry.fill(bar, &inner.list.shape(bound.id));
                inner.flow.pool.give(spare);
            }
            (Kind::Trained, None) => self.unreached.push(inner.binding.path(leaf).to_owned()),
            (Kind::State, _) => {
                if let Some(value) = inner.binding.newest(leaf) {
                    let view = inner.list.view(value);
                    let mut copy = inner.flow.pool.take(view.shape().size());
                    wengert_tensor::kernels::copy(&view, &mut copy);
                    entry.content = Content::State;
                    let spare = entry.fill(copy, view.shape());
                    inner.flow.pool.give(spare);
                }
            }
        }
    }
}

impl<T: Float> Entry<T> {
    /// The tensor, if it is what is asked for.
    #[inline]
    pub fn holds(&self, content: Content) -> Option<&Tensor<T>> {
        self.tensor.as_ref().filter(|_| self.content == content)
    }

    /// `own` · self + `factor` · other.
    #[track_caller]
    pub fn combine(&mut self, own: T, other: &Self, factor: T) {
        let value = other
            .tensor
            .as_ref()
            .filter(|_| other.content != Content::Nothing);
        if let Some(value) = value {
            let fresh = self.content == Content::Nothing;
            self.content = other.content;
            let tensor = self
                .tensor
                .get_or_insert_with(|| Tensor::zeros(value.shape()));
            if tensor.shape() != value.shape() {
                assert!(
                    fresh,
                    "combine: {} beside {}",
                    tensor.shape(),
                    value.shape()
                );
                *tensor = Tensor::zeros(value.shape());
            }
            let add = |(x, y): (&mut T, T)| {
                // What an old buffer holds does not count.
                let scaled = if fresh { T::ZERO } else { own * *x };
                *x = scaled + factor * y;
            };
            match value.as_slice() {
                Some(value) => {
                    tensor
                        .as_mut_slice()
                        .iter_mut()
                        .zip(value.iter().copied())
                        .for_each(add);
                }
                None => tensor
                    .as_mut_slice()
                    .iter_mut()
                    .zip(value.iter())
                    .for_each(add),
            }
        } else if let Some(tensor) = &mut self.tensor
            && self.content != Content::Nothing
        {
            tensor.as_mut_slice().iter_mut().for_each(|x| *x *= own);
        }
    }

    /// Puts `data` into the entry's tensor; returns the buffer that was there.
    fn fill(&mut self, data: Buffer<T>, shape: &Shape) -> Buffer<T> {
        let old = self.tensor.as_mut().filter(|old| old.shape() == shape);
        let data = match (data, old) {
            (Buffer::One(one), Some(old)) => {
                old.as_mut_slice().copy_from_slice(&one);
                return Buffer::One(one);
            }
            (Buffer::Many(mut data), Some(old)) => {
                if old.swap_storage(&mut data) {
                    return Buffer::Many(data);
                }
                data
            }
            (Buffer::One(one), None) => one.to_vec(),
            (Buffer::Many(data), None) => data,
        };
        let tensor = Tensor::from_vec(data, shape.clone());
        self.tensor = Some(tensor.expect("a cotangent has the size of its node"));
        Buffer::default()
    }
}
