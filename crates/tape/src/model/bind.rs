//! Models on a tape: their leaves become variables, and keep their names.

use wengert_tensor::{Float, Tensor};

use crate::model::tree::{Path, Tree};
use crate::record::node::{Id, NEEDS, NONE};
use crate::record::tape::{Inner, Tape};
use crate::record::var::Var;

crate::model::tree::leaf!(impl[T: Float] Tensor<T>);
crate::model::tree::leaf!(impl['t, T: Float] Var<'t, T>);

/// What a leaf of a bound model is to the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A gradient flows into it.
    Trained,
    /// It is left as it is.
    Frozen,
    /// It is set, and not differentiated.
    State,
}

#[derive(Clone, Copy)]
pub(crate) struct Bound {
    pub id: Id,
    pub kind: Kind,
    /// The row of the newest update, for a state leaf that was set.
    update: u32,
}

/// A new value of a state leaf.
struct Update {
    leaf: u32,
    value: Id,
    /// The row of the update before it.
    before: u32,
}

/// The leaves that were bound since the reset, in order, and with it in the order of their nodes.
pub(crate) struct Binding<T> {
    leaves: Vec<Bound>,
    /// Their paths; kept over a reset, so that a loop does not write them anew.
    paths: Vec<String>,
    updates: Vec<Update>,
    path: Path,
    /// How many leaves were looked at to find one.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
    element: std::marker::PhantomData<T>,
}

/// How much was bound and set, to come back to it.
#[derive(Clone, Copy)]
pub(crate) struct BindingMark {
    leaves: usize,
    updates: usize,
}

impl<T> Default for Binding<T> {
    fn default() -> Self {
        Binding {
            leaves: Vec::new(),
            paths: Vec::new(),
            updates: Vec::new(),
            path: Path::new(),
            #[cfg(test)]
            looks: std::cell::Cell::default(),
            element: std::marker::PhantomData,
        }
    }
}

impl<T: Float> Binding<T> {
    pub fn clear(&mut self) {
        self.leaves.clear();
        self.updates.clear();
    }

    pub fn mark(&self) -> BindingMark {
        BindingMark {
            leaves: self.leaves.len(),
            updates: self.updates.len(),
        }
    }

    /// Forgets what was bound and set after the mark.
    pub fn release(&mut self, mark: BindingMark) {
        for update in self.updates.drain(mark.updates..).rev() {
            self.leaves[update.leaf as usize].update = update.before;
        }
        self.leaves.truncate(mark.leaves);
    }

    /// An empty path with memory, for one walk.
    pub fn lend_path(&mut self) -> Path {
        std::mem::take(&mut self.path)
    }

    /// Takes the memory of a path back.
    pub fn keep_path(&mut self, path: Path) {
        self.path = path;
    }

    /// The number of leaves.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    pub fn leaf(&self, at: usize) -> Bound {
        self.leaves[at]
    }

    pub fn path(&self, leaf: usize) -> &str {
        &self.paths[leaf]
    }

    /// The number of the leaf that is this node.
    pub fn find(&self, id: Id) -> Option<usize> {
        let find = |leaf: &Bound| {
            #[cfg(test)]
            self.looks.set(self.looks.get() + 1);
            leaf.id.cmp(&id)
        };
        self.leaves.binary_search_by(find).ok()
    }

    /// The newest value that a state leaf was given.
    pub fn newest(&self, leaf: usize) -> Option<Id> {
        let row = self.leaves[leaf].update;
        (row != NONE).then(|| self.updates[row as usize].value)
    }

    fn push(&mut self, id: Id, kind: Kind, path: &str) {
        let at = self.leaves.len();
        let update = NONE;
        self.leaves.push(Bound { id, kind, update });
        match self.paths.get_mut(at) {
            Some(old) if old == path => {}
            Some(old) => path.clone_into(old),
            None => self.paths.push(path.to_owned()),
        }
    }

    fn set(&mut self, leaf: usize, value: Id) {
        let row = self.updates.len() as u32;
        let before = std::mem::replace(&mut self.leaves[leaf].update, row);
        self.updates.push(Update {
            leaf: leaf as u32,
            value,
            before,
        });
    }

    /// The path and shape of a node that is a bound leaf, for errors.
    pub fn describe(&self, inner: &Inner<T>, id: Id) -> Option<String> {
        let path = self.path(self.find(id)?);
        (!path.is_empty()).then(|| format!("`{path}` {}", inner.list.shape(id)))
    }
}

impl<T: Float> Tape<T> {
    /// The model with its leaves as variables. State leaves become constants.
    ///
    /// This is the beginning of a step in the open style. The tape cannot know that it is one of
    /// training, so that dropout and batch norm evaluate until [`set_training`](Tape::set_training)
    /// says otherwise:
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// tape.set_training(true);
    /// let mut model = Tensor::scalar(4.0);
    /// for _ in 0..20 {
    ///     let m = tape.bind(&model);
    ///     let grads = (m * m).backward().of(&m);
    ///     tape.reset();
    ///     model.as_mut_slice()[0] -= 0.25 * grads.get(0).unwrap().item();
    /// }
    /// assert!(model.item() < 1e-5);
    /// ```
    #[track_caller]
    pub fn bind<'t, M: Tree<Tensor<T>>>(&'t self, model: &M) -> M::With<Var<'t, T>> {
        self.bind_where(model, |_| true)
    }

    /// The model with those leaves trained whose path `trained` accepts; the others are frozen:
    /// they are constants, and optimizers skip them.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let model = (Tensor::scalar(1.0), Tensor::scalar(2.0));
    /// let (a, b) = tape.bind_where(&model, |path| path != "1");
    /// assert!(a.needs_grad() && !b.needs_grad());
    /// ```
    #[track_caller]
    pub fn bind_where<'t, M: Tree<Tensor<T>>>(
        &'t self,
        model: &M,
        trained: impl Fn(&str) -> bool,
    ) -> M::With<Var<'t, T>> {
        let mut path = self.inner.borrow_mut().binding.lend_path();
        let bound = model.map_leaves(&mut path, &mut |path: &Path, tensor: &Tensor<T>| {
            let kind = match (path.is_state(), trained(path.as_str())) {
                (true, _) => Kind::State,
                (false, true) => Kind::Trained,
                (false, false) => Kind::Frozen,
            };
            let flags = if kind == Kind::Trained { NEEDS } else { 0 };
            let var = self.push_tensor("bind", tensor, flags);
            let inner = &mut *self.inner.borrow_mut();
            inner.binding.push(var.id(), kind, path.as_str());
            var
        });
        self.inner.borrow_mut().binding.keep_path(path);
        bound
    }

    /// Gives a state leaf of a bound model a new value, which the step hands back. What is set
    /// inside of a [`scope`](Tape::scope) is forgotten with it.
    ///
    /// A layer that runs twice in one step sets its state twice: it reads with
    /// [`state`](Tape::state) what the first time left.
    ///
    /// # Panics
    /// If `leaf` is no state leaf, or the shapes differ.
    #[track_caller]
    pub fn set_state(&self, leaf: Var<'_, T>, value: Var<'_, T>) {
        let inner = &mut *self.inner.borrow_mut();
        let (leaf, value) = (leaf.check(self, inner), value.check(self, inner));
        let at = match inner.binding.find(leaf) {
            Some(at) if inner.binding.leaf(at).kind == Kind::State => at,
            _ => panic!("set_state: the variable is no state leaf of a bound model"),
        };
        let (old, new) = (inner.list.shape(leaf), inner.list.shape(value));
        assert!(
            old == new,
            "set_state: `{}` is {old}, its new value {new}",
            inner.binding.path(at)
        );
        inner.binding.set(at, value);
    }

    /// The newest value of a state leaf: what [`set_state`](Tape::set_state) gave it last in this
    /// step. A variable that was not set is its own value.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var, tree};
    /// use wengert_tensor::Tensor;
    /// #[derive(tree::Tree)]
    /// struct Counter<P = Tensor<f64>> { #[tree(state)] count: P, scale: P }
    ///
    /// let mut model = Counter { count: Tensor::scalar(5.0), scale: Tensor::scalar(1.0) };
    /// let (_, grads) = Tape::new().value_and_grad(&model, |t, m: Counter<Var<'_, f64>>| {
    ///     for _ in 0..2 {
    ///         t.set_state(m.count, t.state(m.count) + 1.0);
    ///     }
    ///     m.scale * 2.0
    /// });
    /// grads.update_state(&mut model);
    /// assert_eq!(model.count.item(), 7.0);
    /// ```
    #[track_caller]
    pub fn state<'t>(&'t self, leaf: Var<'t, T>) -> Var<'t, T> {
        let newest = {
            let inner = self.inner.borrow();
            let id = leaf.check(self, &inner);
            let binding = &inner.binding;
            binding.find(id).and_then(|at| binding.newest(at))
        };
        newest.map_or(leaf, |id| self.var(id))
    }
}

/// What a model of tensors turns into: the model on a tape, the model in another precision.
pub trait Bind<T: Float>: Tree<Tensor<T>> {
    /// The model with its leaves as variables of `tape`.
    #[track_caller]
    fn bind<'t>(&self, tape: &'t Tape<T>) -> Self::With<Var<'t, T>> {
        tape.bind(self)
    }

    /// The model with its leaves in another precision; see [`Tensor::cast`].
    ///
    /// ```
    /// use wengert_tape::Bind;
    /// use wengert_tensor::Tensor;
    /// let model = (Tensor::from([0.5_f32]), vec![Tensor::from([1.5_f32])]);
    /// let (a, b) = model.cast::<f64>();
    /// assert_eq!((a, b[0].item()), (Tensor::from([0.5]), 1.5_f64));
    /// ```
    fn cast<U: Float>(&self) -> Self::With<Tensor<U>> {
        self.map_leaves(&mut Path::new(), &mut |_, leaf| leaf.cast())
    }
}

impl<T: Float, M: Tree<Tensor<T>>> Bind<T> for M {}

/// The values of a tree of variables, such as the state of a recurrent layer or a pair.
pub trait Values<'t, T: Float>: Tree<Var<'t, T>> {
    /// The same tree of tensors: a copy of every value.
    ///
    /// ```
    /// use wengert_tape::{Tape, Values};
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let x = Tensor::from([3.0, 4.0]);
    /// let (norm, parts) = tape.evaluate(&x, |_, x| (x.norm(&[], false), x.unbind(0)).value());
    /// assert_eq!((norm.item(), parts[1].item()), (5.0, 4.0));
    /// ```
    #[track_caller]
    fn value(&self) -> Self::With<Tensor<T>> {
        // By the variable itself: of a reference to one, this method is meant.
        self.map_leaves(&mut Path::new(), &mut |_, var| Var::value(*var))
    }
}

impl<'t, T: Float, M: Tree<Var<'t, T>>> Values<'t, T> for M {}

#[cfg(test)]
mod tests {
    use crate::{Bind, Tape};
    use wengert_tensor::Tensor;

    /// How many leaves are looked at for the gradients of a model of `n` leaves.
    fn looks(n: usize) -> usize {
        let tape = Tape::<f64>::new();
        let model = vec![Tensor::scalar(1.0); n].bind(&tape);
        let sum = model.iter().fold(tape.scalar(0.0), |sum, leaf| sum + *leaf);
        let grads = sum.backward().of(&model);
        assert_eq!(grads.iter().count(), n);
        tape.inner.borrow().binding.looks.get()
    }

    #[test]
    fn leaves_are_found_without_looking_at_all_of_them() {
        for n in [1_000_usize, 64_000] {
            let (looks, most) = (looks(n), n * (n.ilog2() as usize + 2));
            assert!((n..=most).contains(&looks), "{looks} for {n}");
        }
    }
}
