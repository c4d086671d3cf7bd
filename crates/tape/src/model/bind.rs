//! Models on a tape: their leaves become variables, and keep their names.

use std::panic::Location;

use wengert_tensor::{Float, Tensor};

use crate::model::tree::{Path, Tree};
use crate::record::node::{Id, NEEDS};
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
}

/// The leaves that were bound since the reset, in order.
pub(crate) struct Binding<T> {
    pub leaves: Vec<Bound>,
    /// Their paths; kept over a reset, so that a loop does not write them anew.
    paths: Vec<String>,
    /// New values of state leaves: the leaf and the node.
    pub updates: Vec<(usize, Id)>,
    path: Path,
    element: std::marker::PhantomData<T>,
}

impl<T> Default for Binding<T> {
    fn default() -> Self {
        Binding {
            leaves: Vec::new(),
            paths: Vec::new(),
            updates: Vec::new(),
            path: Path::new(),
            element: std::marker::PhantomData,
        }
    }
}

impl<T: Float> Binding<T> {
    pub fn clear(&mut self) {
        self.leaves.clear();
        self.updates.clear();
    }

    pub fn path(&self, leaf: usize) -> &str {
        &self.paths[leaf]
    }

    fn push(&mut self, bound: Bound, path: &str) {
        let at = self.leaves.len();
        self.leaves.push(bound);
        match self.paths.get_mut(at) {
            Some(old) if old == path => {}
            Some(old) => path.clone_into(old),
            None => self.paths.push(path.to_owned()),
        }
    }

    /// The path and shape of a node that is a bound leaf, for errors.
    pub fn describe(&self, inner: &Inner<T>, id: Id) -> Option<String> {
        let leaf = self.leaves.iter().position(|leaf| leaf.id == id)?;
        let path = self.path(leaf);
        (!path.is_empty()).then(|| format!("`{path}` {}", inner.list.shape(id)))
    }
}

impl<T: Float> Tape<T> {
    /// The model with its leaves as variables. State leaves become constants.
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
        let _ = Location::caller();
        let mut path = std::mem::take(&mut self.inner.borrow_mut().binding.path);
        let bound = model.map_leaves(&mut path, &mut |path: &Path, tensor: &Tensor<T>| {
            let kind = match (path.is_state(), trained(path.as_str())) {
                (true, _) => Kind::State,
                (false, true) => Kind::Trained,
                (false, false) => Kind::Frozen,
            };
            let flags = if kind == Kind::Trained { NEEDS } else { 0 };
            let var = self.push_tensor(tensor, flags);
            let bound = Bound { id: var.id(), kind };
            self.inner.borrow_mut().binding.push(bound, path.as_str());
            var
        });
        self.inner.borrow_mut().binding.path = path;
        bound
    }

    /// Gives a state leaf of a bound model a new value, which the step hands back.
    ///
    /// # Panics
    /// If `leaf` is no state leaf, or the shapes differ.
    #[track_caller]
    pub fn set_state(&self, leaf: Var<'_, T>, value: Var<'_, T>) {
        let inner = &mut *self.inner.borrow_mut();
        let (leaf, value) = (leaf.check(self, inner), value.check(self, inner));
        let found = inner
            .binding
            .leaves
            .iter()
            .position(|bound| bound.id == leaf);
        let at = match found {
            Some(at) if inner.binding.leaves[at].kind == Kind::State => at,
            _ => panic!("set_state: the variable is no state leaf of a bound model"),
        };
        let (old, new) = (inner.list.shape(leaf), inner.list.shape(value));
        assert!(
            old == new,
            "set_state: `{}` is {old}, its new value {new}",
            inner.binding.path(at)
        );
        inner.binding.updates.push((at, value));
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
        self.map_leaves(&mut Path::new(), &mut |_, var| var.value())
    }
}

impl<'t, T: Float, M: Tree<Var<'t, T>>> Values<'t, T> for M {}
