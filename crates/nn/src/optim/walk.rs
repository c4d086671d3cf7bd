//! The walk over a model beside its gradients and an optimizer's slots.

use wengert_tape::tree::{Path, Tree};
use wengert_tape::{Gradients, RowGradient};
use wengert_tensor::{Float, Tensor};

/// What an update sees of a leaf: its values and their gradients, which are all of it or, for a
/// gradient of rows, some rows.
pub(super) struct Part<'a, T> {
    weights: &'a mut [T],
    rows: Option<RowGradient<'a, T>>,
    bars: &'a [T],
}

impl<T: Float> Part<'_, T> {
    /// Calls `f` on the values and the gradients of every stretch of the leaf that has some, and on
    /// the moments there.
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

/// Calls `update` on the slot and the part of every leaf that has a gradient, and writes new state.
/// With `lazy`, a gradient of rows is one part of these rows. `path` is a buffer to be used again.
/// `held` is the number of elements of a leaf whose moments the slot holds, if it holds some.
///
/// # Panics
/// If the gradients or the slots are not those of a model of this structure. Nothing has been
/// changed then.
#[track_caller]
pub(super) fn update<M: Tree<Tensor<T>>, T: Float, S: Default>(
    model: &mut M,
    grads: &Gradients<M, T>,
    slots: &mut Vec<S>,
    path: &mut Path,
    lazy: bool,
    held: impl Fn(&S) -> Option<usize>,
    mut update: impl FnMut(&mut S, Part<'_, T>),
) {
    if let Some(reason) = misfit(model, grads, slots, path, held) {
        panic!("{reason}");
    }
    let mut at = 0;
    model.visit_leaves_mut(path, &mut |_, leaf: &mut Tensor<T>| {
        if slots.len() <= at {
            slots.push(S::default());
        }
        if let Some(value) = grads.state(at) {
            with_slice(value, |value| leaf.as_mut_slice().copy_from_slice(value));
        }
        if let Some(rows) = grads.rows(at).filter(|_| lazy) {
            let part = Part {
                weights: leaf.as_mut_slice(),
                rows: Some(rows),
                bars: &[],
            };
            update(&mut slots[at], part);
        } else if let Some(bar) = grads.get(at) {
            with_slice(bar, |bars| {
                let part = Part {
                    weights: leaf.as_mut_slice(),
                    rows: None,
                    bars,
                };
                update(&mut slots[at], part);
            });
        }
        at += 1;
    });
}

/// Why gradients or slots are not those of the model.
fn misfit<M: Tree<Tensor<T>>, T: Float, S>(
    model: &M,
    grads: &Gradients<M, T>,
    slots: &[S],
    path: &mut Path,
    held: impl Fn(&S) -> Option<usize>,
) -> Option<String> {
    let (mut at, mut found, mut beyond) = (0, None, None);
    model.visit_leaves(path, &mut |path, leaf: &Tensor<T>| {
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
            let size = slots.get(at).and_then(&held);
            if let Some(size) = size.filter(|&size| size != leaf.size()) {
                found.get_or_insert_with(|| {
                    format!(
                        "`{path}` has {} elements, the optimizer holds moments of {size}: it is \
                         the optimizer of another model",
                        leaf.size()
                    )
                });
            }
        }
        at += 1;
    });
    if beyond.is_some() {
        return beyond;
    }
    if at != grads.len() {
        let len = grads.len();
        return Some(format!(
            "there are gradients of {len} leaves, the model has {at}"
        ));
    }
    if !slots.is_empty() && slots.len() != at {
        let len = slots.len();
        return Some(format!(
            "the optimizer holds slots of {len} leaves, the model has {at}: it is the optimizer of \
             another model"
        ));
    }
    found
}

/// The slot's moment, made of zeros at the first gradient.
fn moment_of<T: Float>(moment: &mut Option<Tensor<T>>, size: usize) -> &mut [T] {
    let moment = moment.get_or_insert_with(|| Tensor::zeros([size]));
    moment.as_mut_slice()
}

/// The number of elements of a leaf whose moments these are; of moments that differ, one that is no
/// leaf's.
pub(super) fn size_of<T: Float>(moments: &[&Option<Tensor<T>>]) -> Option<usize> {
    let mut sizes = moments
        .iter()
        .filter_map(|moment| Some(moment.as_ref()?.size()));
    let first = sizes.next()?;
    Some(if sizes.all(|size| size == first) {
        first
    } else {
        usize::MAX
    })
}

/// The elements in order; a tensor with strides is copied.
fn with_slice<T: Float>(tensor: &Tensor<T>, f: impl FnOnce(&[T])) {
    match tensor.as_slice() {
        Some(slice) => f(slice),
        None => f(&tensor.to_vec()),
    }
}
