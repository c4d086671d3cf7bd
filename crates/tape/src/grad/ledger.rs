//! The ledger of a step: what every leaf of a model got. Its memory is used again.

use std::sync::{Arc, Mutex};

use wengert_tensor::{Float, Shape, Tensor};

use crate::grad::row_gradients::TableRows;
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
    /// The rows of a gradient, or old ones.
    pub rows: Option<Box<TableRows<T>>>,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Gradient,
    /// A gradient of rows alone.
    Rows,
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
                rows: None,
            });
        }
        let entry = &mut self.entries[at];
        entry.content = Content::Nothing;
        let bound = inner.binding.leaf(leaf);
        match (bound.kind, bar) {
            (Kind::Frozen, _) => {}
            (Kind::Trained, None) if inner.flow.rows.has(bound.id) => {
                entry.content = Content::Rows;
                let rows = entry.rows.get_or_insert_default();
                rows.change();
                rows.shape = inner.list.shape(bound.id);
                let (indices, values) = (&mut rows.indices, &mut rows.values);
                let all = &mut inner.flow.rows;
                all.gather(bound.id, &rows.shape, indices, values);
            }
            (Kind::Trained, Some(mut bar)) => {
                let shape = inner.list.shape(bound.id);
                inner.flow.rows.add_to(bound.id, &shape, &mut bar);
                entry.content = Content::Gradient;
                let spare = entry.fill(bar, &shape);
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

    /// The whole gradient, if there is one.
    #[inline]
    pub fn gradient(&self) -> Option<&Tensor<T>> {
        match self.content {
            Content::Gradient => self.tensor.as_ref(),
            Content::Rows => self.rows.as_ref().map(|rows| rows.dense()),
            Content::State | Content::Nothing => None,
        }
    }

    /// Whether there is a gradient.
    pub fn has_gradient(&self) -> bool {
        matches!(self.content, Content::Gradient | Content::Rows)
    }

    /// The rows, if the gradient is held as rows.
    pub fn rows(&self) -> Option<&TableRows<T>> {
        self.rows
            .as_deref()
            .filter(|_| self.content == Content::Rows)
    }

    /// The same to be changed.
    pub fn rows_mut(&mut self) -> Option<&mut TableRows<T>> {
        self.rows
            .as_deref_mut()
            .filter(|_| self.content == Content::Rows)
    }

    /// Makes of rows the whole gradient.
    pub fn make_dense(&mut self) {
        if let Some(rows) = self.rows_mut() {
            self.tensor = Some(rows.take_dense());
            self.content = Content::Gradient;
        }
    }

    /// [`combine`](Entry::combine) where one side is rows and the whole is not needed. Returns
    /// whether it is done.
    #[track_caller]
    fn combine_rows(&mut self, own: T, other: &Self, factor: T) -> bool {
        // What is no number or infinite leaves its mark on the zeros between the rows.
        if !(own.is_finite() && factor.is_finite()) {
            self.make_dense();
            return false;
        }
        match (self.content, other.rows()) {
            (Content::Rows, None) if other.content == Content::Nothing => {
                self.rows_mut().into_iter().for_each(|rows| rows.scale(own));
                true
            }
            (Content::Rows | Content::Nothing, Some(beside)) => {
                let fresh = self.content == Content::Nothing;
                self.content = Content::Rows;
                let rows = self.rows.get_or_insert_default();
                if fresh {
                    rows.indices.clear();
                    rows.values.clear();
                    rows.shape = beside.shape.clone();
                }
                assert_same(&rows.shape, &beside.shape);
                rows.combine(own, beside, factor);
                true
            }
            (Content::Gradient, Some(beside)) => {
                if let Some(tensor) = &mut self.tensor {
                    assert_same(tensor.shape(), &beside.shape);
                    let sum = tensor.as_mut_slice();
                    sum.iter_mut().for_each(|x| *x *= own);
                    beside.add_to(sum, factor);
                }
                true
            }
            _ => {
                self.make_dense();
                false
            }
        }
    }

    /// `own` · self + `factor` · other.
    #[track_caller]
    pub fn combine(&mut self, own: T, other: &Self, factor: T) {
        let rows = self.content == Content::Rows || other.content == Content::Rows;
        if rows && self.combine_rows(own, other, factor) {
            return;
        }
        let value = match other.content {
            Content::Gradient | Content::Rows => other.gradient(),
            Content::State => other.tensor.as_ref(),
            Content::Nothing => None,
        };
        if let Some(value) = value {
            let fresh = self.content == Content::Nothing;
            self.content = match other.content {
                Content::Rows => Content::Gradient,
                content => content,
            };
            let tensor = self
                .tensor
                .get_or_insert_with(|| Tensor::zeros(value.shape()));
            if tensor.shape() != value.shape() {
                if !fresh {
                    assert_same(tensor.shape(), value.shape());
                }
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

#[track_caller]
fn assert_same(shape: &Shape, beside: &Shape) {
    assert!(shape == beside, "combine: {shape} beside {beside}");
}
