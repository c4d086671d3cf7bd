//! What a backward pass leaves: gradients beside a model, and gradients of single variables.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use wengert_tensor::{Float, Tensor, View};

use crate::model::bind::{Bound, Kind};
use crate::model::tree::{Path, Tree};
use crate::record::node::Id;
use crate::record::tape::{Inner, Tape};
use crate::record::var::Var;
use crate::walk::buffer_pool::Buffer;

/// The gradients of a model's leaves, in the order of the leaves.
///
/// A leaf that the loss does not reach, or that is frozen, has none; a state leaf has its new
/// value instead, if the step set one. When it is dropped, its buffers go back to the tape that
/// made it.
pub struct Gradients<M, T: Float = f32> {
    ledger: Ledger<T>,
    bin: Bin<T>,
    model: PhantomData<fn() -> M>,
}

/// One entry a leaf.
pub(crate) struct Ledger<T> {
    entries: Vec<Entry<T>>,
    unreached: Vec<String>,
}

struct Entry<T> {
    content: Content,
    /// The gradient or the new state; otherwise an old buffer to be used again.
    tensor: Option<Tensor<T>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
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

impl<M, T: Float> Drop for Gradients<M, T> {
    fn drop(&mut self) {
        if let Ok(mut bin) = self.bin.lock() {
            bin.push(std::mem::take(&mut self.ledger));
        }
    }
}

impl<M: Tree<Tensor<T>>, T: Float> Gradients<M, T> {
    /// The number of leaves.
    pub fn len(&self) -> usize {
        self.ledger.entries.len()
    }

    /// Whether the model has no leaf.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The gradient of leaf number `at`, if it has one.
    ///
    /// # Panics
    /// If there is no such leaf.
    pub fn get(&self, at: usize) -> Option<&Tensor<T>> {
        let entry = &self.ledger.entries[at];
        entry
            .tensor
            .as_ref()
            .filter(|_| entry.content == Content::Gradient)
    }

    /// The new value of leaf number `at`, if it is state that the step set.
    ///
    /// # Panics
    /// If there is no such leaf.
    pub fn state(&self, at: usize) -> Option<&Tensor<T>> {
        let entry = &self.ledger.entries[at];
        entry
            .tensor
            .as_ref()
            .filter(|_| entry.content == Content::State)
    }

    /// The gradients that there are.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor<T>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// The gradients that there are, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor<T>> {
        let gradients = |entry: &&mut Entry<T>| entry.content == Content::Gradient;
        self.ledger
            .entries
            .iter_mut()
            .filter(gradients)
            .filter_map(|entry| entry.tensor.as_mut())
    }

    /// The paths of the trained leaves that the loss does not depend on.
    pub fn unreached(&self) -> &[String] {
        &self.ledger.unreached
    }

    /// The gradients as a model, zeros where a leaf of `model` has none.
    ///
    /// # Panics
    /// If `model` has not as many leaves.
    pub fn tree(&self, model: &M) -> M
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        let mut at = 0;
        model.map_leaves(&mut Path::new(), &mut |_, leaf: &Tensor<T>| {
            at += 1;
            match self.get(at - 1) {
                Some(bar) => bar.clone(),
                None => Tensor::zeros(leaf.shape()),
            }
        })
    }

    /// Multiplies every gradient by a number.
    pub fn scale(&mut self, factor: f64) {
        let factor = T::from_f64(factor);
        for bar in self.iter_mut() {
            bar.as_mut_slice().iter_mut().for_each(|x| *x *= factor);
        }
    }

    /// `own` · self + `factor` · other, for gradients and new state alike: the weighted mean of what
    /// the shards of a batch gave, one shard after the other. A gradient that only one of the two
    /// has counts as 0 in the other; a leaf is unreached if both do not reach it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let x = Tensor::from([1.0, 2.0]);
    /// let (_, mut grads) = tape.value_and_grad(&x, |_, x| x.sum());
    /// let (_, other) = tape.value_and_grad(&x, |_, x| (x * x).sum());
    /// grads.combine(0.25, &other, 0.75);
    /// assert_eq!(grads.get(0).unwrap().to_vec(), [1.75, 3.25]);
    /// ```
    ///
    /// # Panics
    /// If the two are not of the same model.
    #[track_caller]
    pub fn combine(&mut self, own: f64, other: &Self, factor: f64) {
        let (len, beside) = (self.len(), other.len());
        assert!(
            len == beside,
            "combine: gradients of {len} leaves beside those of {beside}"
        );
        let (own, factor) = (T::from_f64(own), T::from_f64(factor));
        for (entry, beside) in self.ledger.entries.iter_mut().zip(&other.ledger.entries) {
            entry.combine(own, beside, factor);
        }
        self.ledger
            .unreached
            .retain(|path| other.ledger.unreached.contains(path));
    }

    /// The Euclidean norm of all gradients as one vector.
    pub fn norm(&self) -> f64 {
        let square = |x: T| x.to_f64() * x.to_f64();
        let sum = |bar: &Tensor<T>| match bar.as_slice() {
            Some(slice) => slice.iter().map(|&x| square(x)).sum::<f64>(),
            None => bar.iter().map(square).sum(),
        };
        self.iter().map(sum).sum::<f64>().sqrt()
    }

    /// Writes the new values of state leaves into the model.
    ///
    /// # Panics
    /// If `model` has not as many leaves.
    pub fn update_state(&self, model: &mut M) {
        let mut at = 0;
        model.visit_leaves_mut(&mut Path::new(), &mut |_, leaf: &mut Tensor<T>| {
            if let Some(value) = self.state(at)
                && let Some(value) = value.as_slice()
            {
                leaf.as_mut_slice().copy_from_slice(value);
            }
            at += 1;
        });
    }
}

impl<T: Float> Tape<T> {
    /// Takes the cotangents of `leaves` out of the tape.
    pub(crate) fn collect<M>(&self, leaves: std::ops::Range<usize>) -> Gradients<M, T> {
        let inner = &mut *self.inner.borrow_mut();
        let bin = inner.bin.clone();
        let waiting = bin.lock().ok().and_then(|mut bin| bin.pop());
        let mut ledger = waiting.unwrap_or_default();
        ledger.entries.truncate(leaves.len());
        ledger.unreached.clear();
        for (at, leaf) in leaves.enumerate() {
            if ledger.entries.len() <= at {
                ledger.entries.push(Entry {
                    content: Content::Nothing,
                    tensor: None,
                });
            }
            let Bound { id, kind } = inner.binding.leaves[leaf];
            let entry = &mut ledger.entries[at];
            entry.content = Content::Nothing;
            match kind {
                Kind::Frozen => {}
                Kind::Trained => {
                    match inner.flow.bars.get_mut(id as usize).and_then(Option::take) {
                        Some(bar) => {
                            entry.content = Content::Gradient;
                            let shape = inner.list.shape(id);
                            let spare = entry.fill(bar, &shape);
                            inner.flow.pool.give(spare);
                        }
                        None => ledger.unreached.push(inner.binding.path(leaf).to_owned()),
                    }
                }
                Kind::State => {
                    let update = inner.binding.updates.iter().rfind(|(of, _)| *of == leaf);
                    if let Some(&(_, value)) = update {
                        let view = inner.list.view(value);
                        let mut copy = inner.flow.pool.take(view.shape().size());
                        wengert_tensor::kernels::copy(&view, &mut copy);
                        entry.content = Content::State;
                        let shape = view.shape().clone();
                        let spare = entry.fill(copy, &shape);
                        inner.flow.pool.give(spare);
                    }
                }
            }
        }
        Gradients {
            ledger,
            bin,
            model: PhantomData,
        }
    }
}

impl<T: Float> Entry<T> {
    /// `own` · self + `factor` · other.
    #[track_caller]
    fn combine(&mut self, own: T, other: &Self, factor: T) {
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
    fn fill(&mut self, data: Buffer<T>, shape: &wengert_tensor::Shape) -> Buffer<T> {
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

/// The gradients of single variables after a backward pass.
pub struct Backward<'t, T: Float = f32> {
    tape: &'t Tape<T>,
    /// Those of leaves and of variables that were asked to keep theirs, by node.
    bars: Vec<Option<Buffer<T>>>,
}

impl<'t, T: Float> Backward<'t, T> {
    /// Takes every cotangent that is left in the flow.
    pub(crate) fn take(tape: &'t Tape<T>) -> Self {
        let bars = std::mem::take(&mut tape.inner.borrow_mut().flow.bars);
        Backward { tape, bars }
    }

    /// The gradient of a leaf or of a variable that was asked to retain it; `None` if the loss
    /// does not reach it.
    ///
    /// # Panics
    /// If the variable is a constant, or an intermediate value that was not asked to retain its
    /// gradient (see [`Var::retain_grad`]).
    #[track_caller]
    pub fn wrt(&self, x: Var<'t, T>) -> Option<Tensor<T>> {
        let inner = self.tape.inner.borrow();
        let id = x.check(self.tape, &inner);
        assert_kept(&inner, id);
        let bar = self.bars.get(id as usize)?.as_ref()?;
        let shape = inner.list.shape(id);
        Some(View::contiguous(bar, shape).to_tensor())
    }

    /// The gradients of a bound model.
    ///
    /// ```
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let model = vec![Tensor::scalar(2.0), Tensor::scalar(3.0)];
    /// let m = model.bind(&tape);
    /// let grads = (m[0] * m[0]).backward().of(&m);
    /// assert_eq!(grads.get(0).unwrap().item(), 4.0);
    /// assert_eq!(grads.unreached(), ["1"]);
    /// ```
    ///
    /// # Panics
    /// If a leaf of `model` was not bound by [`Tape::bind`].
    #[track_caller]
    pub fn of<W>(&self, model: &W) -> Gradients<W::With<Tensor<T>>, T>
    where
        W: Tree<Var<'t, T>>,
    {
        let mut first = None;
        let mut count = 0;
        model.visit_leaves(&mut Path::new(), &mut |path, leaf: &Var<'t, T>| {
            let inner = self.tape.inner.borrow();
            let bound = inner
                .binding
                .leaves
                .iter()
                .position(|bound| bound.id == leaf.id());
            let at = bound.unwrap_or_else(|| panic!("`{path}` is no leaf of a bound model"));
            first.get_or_insert(at);
            count += 1;
        });
        let start = first.unwrap_or(0);
        {
            let inner = &mut *self.tape.inner.borrow_mut();
            let last = inner.binding.leaves[start..start + count]
                .iter()
                .map(|leaf| leaf.id)
                .max();
            inner.flow.start(last.map_or(0, |last| last as usize + 1));
            for (to, bar) in inner.flow.bars.iter_mut().zip(&self.bars) {
                to.clone_from(bar);
            }
        }
        self.tape.collect(start..start + count)
    }
}

/// Checks that the cotangent of a node is kept by a backward pass.
#[track_caller]
fn assert_kept<T: Float>(inner: &Inner<T>, id: Id) {
    use crate::record::node::{LEAF, NEEDS, WANTED};
    let flags = inner.list.nodes[id as usize].flags;
    assert!(
        flags & NEEDS != 0,
        "no gradient flows into this variable: it is a constant"
    );
    assert!(
        flags & (LEAF | WANTED) != 0,
        "the gradient of an intermediate value is not kept: ask for it with `retain_grad`"
    );
}

impl<T: Float> Drop for Backward<'_, T> {
    fn drop(&mut self) {
        if let Ok(mut inner) = self.tape.inner.try_borrow_mut() {
            inner.flow.give_all(std::mem::take(&mut self.bars));
        }
    }
}
