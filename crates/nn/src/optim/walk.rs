//! The walk over a model beside its gradients, without the type of the model: what an optimizer sees.

use std::cell::Cell;

use wengert_tape::tree::{Path, Tree};
use wengert_tape::{Gradients, RowGradient};
use wengert_tensor::{Float, Tensor};

use super::{Optimizer, Slot};

/// The leaves of a model beside their gradients, as an [`Optimizer`] goes through them in a step.
///
/// A leaf has its number in the order of the model. Leaves without a gradient are counted, and not
/// shown.
pub trait Leaves<T: Float> {
    /// The number of leaves.
    fn count(&self) -> usize;

    /// Shows every leaf: its number, its path, and how many elements it has.
    fn sizes(&self, f: &mut dyn FnMut(usize, &Path, usize));

    /// The path of the first leaf whose gradient has an element that is infinite or NaN.
    fn not_finite(&self) -> Option<String>;

    /// Gives the state leaves (running statistics) the values that the step has set.
    fn set_state(&mut self);

    /// Shows every leaf that has a gradient and whose number `wants` accepts: its number, and what is
    /// to be changed. With `lazy`, a gradient that is held as rows is shown as rows, else as a whole.
    fn visit(
        &mut self,
        wants: &dyn Fn(usize) -> bool,
        lazy: bool,
        f: &mut dyn FnMut(usize, Leaf<'_, T>),
    );
}

/// What a step sees of one leaf: its values and their gradients, which are all of it or, for a
/// gradient of rows, some rows.
#[derive(Debug)]
pub struct Leaf<'a, T> {
    /// The values, in the order of their memory.
    pub weights: &'a mut [T],
    /// The gradients of rows, if these are all.
    pub rows: Option<RowGradient<'a, T>>,
    /// The gradients of all values, if there are not only rows.
    pub bars: &'a [T],
}

impl<T: Float> Leaf<'_, T> {
    /// Calls `f` on the values and the gradients of every stretch of the leaf that has some, and on
    /// the moments there. A moment that is not there is made, of zeros.
    pub fn with<const N: usize>(
        self,
        moments: [&mut Option<Tensor<T>>; N],
        mut f: impl FnMut(&mut [T], &[T], [&mut [T]; N]),
    ) {
        let size = self.weights.len();
        let mut moments = moments.map(|moment| moment_of(moment, size));
        let Some(RowGradient {
            indices,
            values,
            width,
        }) = self.rows
        else {
            return f(self.weights, self.bars, moments);
        };
        for (k, row) in indices.iter().enumerate() {
            let place = row * width..(row + 1) * width;
            let here = moments.each_mut().map(|moment| &mut moment[place.clone()]);
            let bars = &values[k * width..(k + 1) * width];
            f(&mut self.weights[place.clone()], bars, here);
        }
    }
}

/// The moment, made of zeros at the first gradient.
fn moment_of<T: Float>(moment: &mut Option<Tensor<T>>, size: usize) -> &mut [T] {
    let moment = moment.get_or_insert_with(|| Tensor::zeros([size]));
    moment.as_mut_slice()
}

/// Changes the model by one step of the optimizer.
///
/// # Panics
/// If the gradients are not those of the model, or the optimizer refuses. Nothing has been changed
/// then.
#[track_caller]
pub(super) fn step<M: Tree<Tensor<T>>, T: Float>(
    optimizer: &mut dyn Optimizer<T>,
    model: &mut M,
    grads: &Gradients<M, T>,
) {
    let mut pair = Pair { model, grads };
    if let Some(reason) = pair.misfit().or_else(|| optimizer.refusal(&pair)) {
        panic!("{reason}");
    }
    optimizer.update(&mut pair);
}

/// Why gradients are not those of the model.
pub(super) fn misfit_of<M: Tree<Tensor<T>>, T: Float>(
    model: &mut M,
    grads: &Gradients<M, T>,
) -> Option<String> {
    Pair { model, grads }.misfit()
}

/// Calls `update` on the slot and the part of every leaf that has a gradient, and writes new state.
pub(super) fn update<T: Float>(
    leaves: &mut dyn Leaves<T>,
    slots: &mut Vec<Slot<T>>,
    lazy: bool,
    mut update: impl FnMut(&mut Slot<T>, Leaf<'_, T>),
) {
    leaves.set_state();
    Slot::prepare(slots, leaves.count());
    leaves.visit(&|_| true, lazy, &mut |at, leaf| {
        let slot = &mut slots[at];
        slot.steps += 1;
        update(slot, leaf);
    });
}

/// Why slots are not those of the model.
pub(super) fn misfit<T: Float>(slots: &[Slot<T>], leaves: &dyn Leaves<T>) -> Option<String> {
    let (held, count) = (slots.len(), leaves.count());
    if held != 0 && held != count {
        return Some(format!(
            "the optimizer holds slots of {held} leaves, the model has {count}: it is the optimizer \
             of another model"
        ));
    }
    let mut found = None;
    leaves.sizes(&mut |at, path, size| {
        let held = slots.get(at).and_then(Slot::size);
        if let Some(held) = held.filter(|&held| held != size) {
            found.get_or_insert_with(|| {
                format!(
                    "`{path}` has {size} elements, the optimizer holds moments of {held}: it is the \
                     optimizer of another model"
                )
            });
        }
    });
    found
}

/// A model and its gradients.
struct Pair<'a, M, T: Float> {
    model: &'a mut M,
    grads: &'a Gradients<M, T>,
}

impl<M: Tree<Tensor<T>>, T: Float> Pair<'_, M, T> {
    /// Why the gradients are not those of the model.
    fn misfit(&self) -> Option<String> {
        let grads = self.grads;
        let (mut at, mut found, mut beyond) = (0, None, None);
        let mut look = |path: &Path, leaf: &Tensor<T>| {
            if at == grads.len() {
                beyond = Some(format!(
                    "there are gradients of {at} leaves, and none of `{path}`"
                ));
            }
            if found.is_none() && at < grads.len() {
                let new = grads.state(at).map(|value| ("new value", value.shape()));
                let bar = grads.shape(at).map(|shape| ("gradient", shape));
                found = new.or(bar).and_then(|(what, other)| {
                    let shape = leaf.shape();
                    (shape != other).then(|| format!("`{path}` is {shape}, its {what} {other}"))
                });
            }
            at += 1;
        };
        with_path(|path| self.model.visit_leaves(path, &mut look));
        if beyond.is_some() {
            return beyond;
        }
        if at != grads.len() {
            let len = grads.len();
            return Some(format!(
                "there are gradients of {len} leaves, the model has {at}"
            ));
        }
        found
    }
}

impl<M: Tree<Tensor<T>>, T: Float> Leaves<T> for Pair<'_, M, T> {
    fn count(&self) -> usize {
        self.grads.len()
    }

    fn sizes(&self, f: &mut dyn FnMut(usize, &Path, usize)) {
        let mut at = 0;
        let mut look = |path: &Path, leaf: &Tensor<T>| {
            f(at, path, leaf.size());
            at += 1;
        };
        with_path(|path| self.model.visit_leaves(path, &mut look));
    }

    fn not_finite(&self) -> Option<String> {
        let (mut at, mut found) = (0, None);
        let mut look = |path: &Path, _: &Tensor<T>| {
            let finite = match self.grads.rows(at) {
                Some(rows) => all_finite(rows.values),
                None => (self.grads.get(at)).is_none_or(|bar| with_slice(bar, all_finite)),
            };
            if !finite && found.is_none() {
                found = Some(path.to_string());
            }
            at += 1;
        };
        with_path(|path| self.model.visit_leaves(path, &mut look));
        found
    }

    fn set_state(&mut self) {
        let mut at = 0;
        let mut write = |_: &Path, leaf: &mut Tensor<T>| {
            if let Some(value) = self.grads.state(at) {
                with_slice(value, |value| leaf.as_mut_slice().copy_from_slice(value));
            }
            at += 1;
        };
        with_path(|path| self.model.visit_leaves_mut(path, &mut write));
    }

    fn visit(
        &mut self,
        wants: &dyn Fn(usize) -> bool,
        lazy: bool,
        f: &mut dyn FnMut(usize, Leaf<'_, T>),
    ) {
        let mut at = 0;
        let mut show = |_: &Path, leaf: &mut Tensor<T>| {
            if !wants(at) {
                // It is counted.
            } else if let Some(rows) = self.grads.rows(at).filter(|_| lazy) {
                let weights = leaf.as_mut_slice();
                let (rows, bars) = (Some(rows), &[][..]);
                f(
                    at,
                    Leaf {
                        weights,
                        rows,
                        bars,
                    },
                );
            } else if let Some(bar) = self.grads.get(at) {
                with_slice(bar, |bars| {
                    let (weights, rows) = (leaf.as_mut_slice(), None);
                    f(
                        at,
                        Leaf {
                            weights,
                            rows,
                            bars,
                        },
                    );
                });
            }
            at += 1;
        };
        with_path(|path| self.model.visit_leaves_mut(path, &mut show));
    }
}

/// Whether all are numbers.
fn all_finite<T: Float>(values: &[T]) -> bool {
    // A sum of zeros is 0, and 0 · ∞ and 0 · NaN are NaN: a loop without branches.
    values.iter().map(|&x| x * T::ZERO).sum::<T>() == T::ZERO
}

/// The elements in order; a tensor with strides is copied.
pub(super) fn with_slice<T: Float, R>(tensor: &Tensor<T>, f: impl FnOnce(&[T]) -> R) -> R {
    match tensor.as_slice() {
        Some(slice) => f(slice),
        None => f(&tensor.to_vec()),
    }
}

/// Lends a buffer for paths, the same every time, so that a step allocates nothing.
pub(super) fn with_path<R>(f: impl FnOnce(&mut Path) -> R) -> R {
    thread_local! {
        static PATH: Cell<Path> = const { Cell::new(Path::new()) };
    }
    let mut path = PATH.take();
    let result = f(&mut path);
    PATH.set(path);
    result
}
