//! What a backward pass leaves: gradients beside a model, and gradients of single variables.

use std::marker::PhantomData;

use wengert_tensor::{Float, Shape, Tensor, View, compile_here};

use crate::grad::ledger::{Bin, Content, Entry, Ledger};
use crate::grad::row_gradients::RowGradient;
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

    /// The gradient of leaf number `at`, if it has one. Where it is held as [`rows`](Self::rows), the
    /// whole is made at the first call.
    ///
    /// # Panics
    /// If there is no such leaf.
    #[track_caller]
    pub fn get(&self, at: usize) -> Option<&Tensor<T>> {
        self.entry(at).gradient()
    }

    /// The rows of the gradient of leaf number `at`, if it is held as rows: after `value_and_grad`,
    /// where the loss depends on the leaf by look-ups alone ([`Var::rows`], or
    /// [`Var::index_select`] along the first axis), of no more than a quarter as many rows as there
    /// are. Such a step costs what the rows cost, however long the table is.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let table = Tensor::<f64>::ones([100, 2]);
    /// let words = Tensor::from([7, 3, 7]);
    /// let (_, grads) = Tape::new().value_and_grad(&table, |_, table| table.rows(&words).sum());
    /// let rows = grads.rows(0).unwrap();
    /// assert_eq!((rows.indices, rows.values), (&[3, 7][..], &[1.0, 1.0, 2.0, 2.0][..]));
    /// assert_eq!(grads.get(0).unwrap().sum().item(), 6.0);
    /// ```
    ///
    /// # Panics
    /// If there is no such leaf.
    #[track_caller]
    pub fn rows(&self, at: usize) -> Option<RowGradient<'_, T>> {
        self.entry(at).rows().map(|rows| rows.view())
    }

    /// The shape of the gradient of leaf number `at`, if it has one.
    #[doc(hidden)]
    #[track_caller]
    pub fn shape(&self, at: usize) -> Option<&Shape> {
        let entry = self.entry(at);
        match entry.rows() {
            Some(rows) => Some(&rows.shape),
            None => entry.gradient().map(Tensor::shape),
        }
    }

    /// Shows every element of every gradient that is not 0, and others.
    #[doc(hidden)]
    pub fn visit_held(&self, f: &mut dyn FnMut(&[T])) {
        for entry in &self.ledger.entries {
            match (entry.rows(), entry.holds(Content::Gradient)) {
                (Some(rows), _) => f(&rows.values),
                (None, Some(bar)) => match bar.as_slice() {
                    Some(slice) => f(slice),
                    None => f(&bar.to_vec()),
                },
                (None, None) => {}
            }
        }
    }

    /// The same to be changed, by a function that leaves 0 as it is.
    #[doc(hidden)]
    pub fn visit_held_mut(&mut self, f: &mut dyn FnMut(&mut [T])) {
        for entry in &mut self.ledger.entries {
            if let Some(rows) = entry.rows_mut() {
                rows.change();
                f(&mut rows.values);
            } else if entry.content == Content::Gradient
                && let Some(bar) = &mut entry.tensor
            {
                f(bar.as_mut_slice());
            }
        }
    }

    /// The new value of leaf number `at`, if it is state that the step set.
    ///
    /// # Panics
    /// If there is no such leaf.
    #[track_caller]
    pub fn state(&self, at: usize) -> Option<&Tensor<T>> {
        self.entry(at).holds(Content::State)
    }

    #[track_caller]
    fn entry(&self, at: usize) -> &Entry<T> {
        match self.ledger.entries.get(at) {
            Some(entry) => entry,
            None => panic!(
                "gradients: there are {} leaves, counted from 0, and none is number {at}",
                self.len()
            ),
        }
    }

    /// The gradients that there are.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor<T>> {
        let entries = self.ledger.entries.iter();
        entries.filter_map(Entry::gradient)
    }

    /// The gradients that there are, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor<T>> {
        self.ledger.entries.iter_mut().filter_map(|entry| {
            entry.make_dense();
            let whole = entry.content == Content::Gradient;
            entry.tensor.as_mut().filter(|_| whole)
        })
    }

    /// The paths of the trained leaves that the loss does not depend on.
    pub fn unreached(&self) -> &[String] {
        &self.ledger.unreached
    }

    /// Panics if the loss reaches no leaf although there are trained ones. `face` is what the user
    /// has called.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn assert_reached(&self, face: &str) {
        let reached = self.ledger.entries.iter().any(Entry::has_gradient);
        if !self.ledger.unreached.is_empty() && !reached {
            refuse_cut(face, &self.ledger.unreached);
        }
    }

    /// Takes the value of every state leaf that `model` has and the step did not set, where
    /// `others` have set it.
    #[doc(hidden)]
    pub fn keep_state_beside<'a>(
        &mut self,
        model: &M,
        others: impl Iterator<Item = &'a Self> + Clone,
    ) where
        Self: 'a,
    {
        let is_state = |entry: &Entry<T>| entry.content == Content::State;
        if !others
            .clone()
            .any(|other| other.ledger.entries.iter().any(is_state))
        {
            return;
        }
        let mut at = 0;
        model.visit_leaves(&mut Path::new(), &mut |path, leaf: &Tensor<T>| {
            let entry = &mut self.ledger.entries[at];
            let set = |other: &Self| is_state(&other.ledger.entries[at]);
            if path.is_state() && entry.content == Content::Nothing && others.clone().any(set) {
                entry.content = Content::State;
                entry.tensor = Some(leaf.clone());
            }
            at += 1;
        });
    }

    /// The gradients as a model, zeros where a leaf of `model` has none.
    ///
    /// # Panics
    /// If `model` has not as many leaves.
    #[track_caller]
    pub fn tree(&self, model: &M) -> M
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        let mut at = 0;
        let tree = model.map_leaves(&mut Path::new(), &mut |_, leaf: &Tensor<T>| {
            at += 1;
            let entry = self.ledger.entries.get(at - 1);
            match entry.and_then(Entry::gradient) {
                Some(bar) => bar.clone(),
                None => Tensor::zeros(leaf.shape()),
            }
        });
        self.assert_leaves("tree", at);
        tree
    }

    /// Checks that a model has as many leaves as there are entries.
    #[track_caller]
    pub(super) fn assert_leaves(&self, what: &str, found: usize) {
        assert!(
            found == self.len(),
            "{what}: there are gradients of {} leaves, the model has {found}",
            self.len()
        );
    }

    /// Multiplies every gradient by a number.
    pub fn scale(&mut self, factor: f64) {
        let factor = T::from_f64(factor);
        if !factor.is_finite() {
            // It leaves its mark on every 0.
            self.iter_mut()
                .for_each(|bar| scale_here(bar.as_mut_slice(), factor));
            return;
        }
        self.visit_held_mut(&mut |bars| scale_here(bars, factor));
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
        let squares = |scale: f64| {
            let mut sum = 0.0;
            self.visit_held(&mut |bars| sum += sum_of_squares(bars, scale));
            sum
        };
        let sum = squares(1.0);
        if sum.is_finite() && sum > 1e-280 {
            return sum.sqrt();
        }
        // Squares that overflow, or lose digits, are taken of scaled elements.
        let scale = f64::powi(2.0, if sum.is_finite() { 600 } else { -600 });
        squares(scale).sqrt() / scale
    }

    /// Writes the new values of state leaves into the model.
    ///
    /// # Panics
    /// If `model` has not as many leaves, or a state leaf has another shape.
    #[track_caller]
    pub fn update_state(&self, model: &mut M) {
        let mut at = 0;
        let mut wrong = None;
        model.visit_leaves_mut(&mut Path::new(), &mut |path, leaf: &mut Tensor<T>| {
            let entry = self.ledger.entries.get(at);
            at += 1;
            let Some(value) = entry.and_then(|entry| entry.holds(Content::State)) else {
                return;
            };
            let (shape, found) = (leaf.shape(), value.shape());
            if shape != found {
                wrong.get_or_insert_with(|| format!("`{path}` is {shape}, its new value {found}"));
            } else if let Some(value) = value.as_slice() {
                leaf.as_mut_slice().copy_from_slice(value);
            } else {
                *leaf = value.clone();
            }
        });
        self.assert_leaves("update_state", at);
        if let Some(wrong) = wrong {
            panic!("update_state: {wrong}");
        }
    }
}

/// Panics about a loss that no trained leaf leads to.
#[cold]
#[inline(never)]
#[track_caller]
fn refuse_cut(face: &str, unreached: &[String]) -> ! {
    let named = unreached.iter().filter(|path| !path.is_empty()).take(3);
    let mut leaves = named
        .map(|path| format!("`{path}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if unreached.len() > 3 {
        leaves += &format!(" and {} more", unreached.len() - 3);
    }
    let leaves = if leaves.is_empty() {
        leaves
    } else {
        format!(" ({leaves})")
    };
    panic!(
        "{face}: the loss does not depend on any trained leaf of the model{leaves}, so there is \
         nothing to learn from it. Likely causes: `detach` or `no_grad`; a number or tensor that \
         left the tape (`item`, `value`) and came back as a constant; a loss made of constants"
    )
}

impl<T: Float> Tape<T> {
    /// A ledger, one that was used before if there is one.
    fn ledger(&self) -> (Ledger<T>, Bin<T>) {
        let bin = self.inner.borrow().bin.clone();
        let waiting = bin.lock().ok().and_then(|mut bin| bin.pop());
        let mut ledger = waiting.unwrap_or_default();
        ledger.unreached.clear();
        (ledger, bin)
    }

    /// Takes the cotangents of the first `leaves` leaves out of the tape: those of the model that a
    /// face has bound, whatever its function has bound after it.
    pub(crate) fn collect<M>(&self, leaves: usize) -> Gradients<M, T> {
        let (ledger, bin) = collect_here(self, leaves);
        Gradients {
            ledger,
            bin,
            model: PhantomData,
        }
    }
}

compile_here! {
    fn collect_here<T>(tape: &Tape<T>, leaves: usize) -> (Ledger<T>, Bin<T>) {
        let (mut ledger, bin) = tape.ledger();
        let inner = &mut *tape.inner.borrow_mut();
        inner.flow.rows.sort();
        for leaf in 0..leaves {
            let id = inner.binding.leaf(leaf).id;
            let bar = inner.flow.bars.get_mut(id as usize).and_then(Option::take);
            ledger.enter(leaf, inner, leaf, bar);
        }
        ledger.entries.truncate(leaves);
        inner.flow.rows.clear(&mut inner.flow.pool);
        (ledger, bin)
    }

    fn ledger_here<T>(tape: &Tape<T>) -> (Ledger<T>, Bin<T>) {
        tape.ledger()
    }

    fn take_here<'t, T>(tape: &'t Tape<T>) -> Backward<'t, T> {
        let inner = &mut *tape.inner.borrow_mut();
        Backward {
            tape,
            bars: std::mem::take(&mut inner.flow.bars),
            scopes: inner.scopes().collect(),
        }
    }

    fn value_of<T>(bar: &Buffer<T>, shape: Shape) -> Tensor<T> {
        View::contiguous(bar, shape).to_tensor()
    }

    fn scale_here<T>(x: &mut [T], factor: T) {
        x.iter_mut().for_each(|x| *x *= factor);
    }
}

/// The gradients of single variables after a backward pass.
pub struct Backward<'t, T: Float = f32> {
    tape: &'t Tape<T>,
    /// Those of leaves and of variables that were asked to keep theirs, by node.
    bars: Vec<Option<Buffer<T>>>,
    /// The scopes that were open when the walk ran.
    scopes: Vec<(u32, Id)>,
}

impl<'t, T: Float> Backward<'t, T> {
    /// Takes every cotangent that is left in the flow.
    pub(crate) fn take(tape: &'t Tape<T>) -> Self {
        take_here(tape)
    }

    /// The gradient of node `id`. A node made where a scope has ended since has the number of one
    /// that was there in the walk, and no gradient.
    fn bar(&self, inner: &Inner<T>, id: Id) -> Option<&Buffer<T>> {
        let ended = self.scopes.iter().find(|(epoch, _)| !inner.is_open(*epoch));
        if ended.is_some_and(|&(_, start)| id >= start) {
            return None;
        }
        self.bars.get(id as usize)?.as_ref()
    }

    /// The gradient of a leaf or of a variable that was asked to retain it; `None` if the loss
    /// does not reach it, as it reaches none that was made after the walk.
    ///
    /// # Panics
    /// If the variable is a constant, or an intermediate value that was not asked to retain its
    /// gradient (see [`Var::retain_grad`]).
    #[track_caller]
    pub fn wrt(&self, x: Var<'t, T>) -> Option<Tensor<T>> {
        let inner = self.tape.inner.borrow();
        let id = x.check(self.tape, &inner);
        assert_kept(&inner, id);
        let bar = self.bar(&inner, id)?;
        let shape = inner.list.shape(id);
        Some(value_of(bar, shape))
    }

    /// The gradients of a bound model, or of any tree of leaves of bound models: a part of a model,
    /// a list of leaves in any order.
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
    /// If a leaf of `model` belongs to another tape, was not bound by [`Tape::bind`], or was bound
    /// in a scope that has ended; or if the loss reaches no leaf of `model` although there are
    /// trained ones.
    #[track_caller]
    pub fn of<W>(&self, model: &W) -> Gradients<W::With<Tensor<T>>, T>
    where
        W: Tree<Var<'t, T>>,
        W::With<Tensor<T>>: Tree<Tensor<T>>,
    {
        let (ledger, bin) = ledger_here(self.tape);
        let mut grads = Gradients {
            ledger,
            bin,
            model: PhantomData,
        };
        let mut count = 0;
        let mut wrong = None;
        let mut path = self.tape.inner.borrow_mut().binding.lend_path();
        model.visit_leaves(&mut path, &mut |path, leaf: &Var<'t, T>| {
            if wrong.is_none() {
                let entered = self.enter(&mut grads.ledger, count, *leaf);
                wrong = entered.err().map(|reason| format!("`{path}` {reason}"));
                count += 1;
            }
        });
        self.tape.inner.borrow_mut().binding.keep_path(path);
        if let Some(wrong) = wrong {
            panic!("of: the leaf {wrong}");
        }
        grads.ledger.entries.truncate(count);
        grads.assert_reached("of");
        grads
    }

    /// Makes entry number `at` that of `leaf`; the error says what is wrong with it.
    fn enter(&self, to: &mut Ledger<T>, at: usize, leaf: Var<'t, T>) -> Result<(), &'static str> {
        if !std::ptr::eq(leaf.tape(), self.tape) {
            return Err("is a variable of another tape");
        }
        enter_here(self, to, at, leaf)
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
        if let Some(mut inner) = self.tape.inner.free() {
            give_back(&mut inner, std::mem::take(&mut self.bars));
        }
    }
}

compile_here! {
    fn give_back<T>(inner: &mut Inner<T>, bars: Vec<Option<Buffer<T>>>) {
        inner.flow.give_all(bars);
    }

    fn enter_here<'t, T>(
        from: &Backward<'t, T>,
        to: &mut Ledger<T>,
        at: usize,
        leaf: Var<'t, T>,
    ) -> Result<(), &'static str> {
        let inner = &mut *from.tape.inner.borrow_mut();
        if !leaf.is_alive(inner) {
            return Err("was bound in a scope that has ended");
        }
        let Some(bound) = inner.binding.find(leaf.id()) else {
            return Err("is no leaf of a bound model");
        };
        let bar = from.bar(inner, leaf.id()).map(|bar| {
            let mut copy = inner.flow.pool.take(bar.len());
            copy.copy_from_slice(bar);
            copy
        });
        to.enter(at, inner, bound, bar);
        Ok(())
    }
}

compile_here! {
    /// Of the elements times a scale; in `f64`, in lanes that do not wait for each other.
    fn sum_of_squares<T>(values: &[T], scale: f64) -> f64 {
        let mut lanes = [0.0; 16];
        let (blocks, rest) = values.as_chunks::<16>();
        for block in blocks {
            for (lane, x) in lanes.iter_mut().zip(block) {
                let x = x.to_f64() * scale;
                *lane += x * x;
            }
        }
        let rest: f64 = rest.iter().map(|x| x.to_f64() * scale).map(|x| x * x).sum();
        lanes.iter().sum::<f64>() + rest
    }
}
