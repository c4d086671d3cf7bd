//! The walk over a model beside its gradients and an optimizer's slots.

use wengert_tape::Gradients;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Float, Tensor};

/// Calls `update` on the slot, the values and the gradient of every leaf that has a gradient, and
/// writes new state. `path` is a buffer to be used again.
///
/// # Panics
/// If the gradients are not those of a model of this structure.
#[track_caller]
pub(super) fn update<M: Tree<Tensor<T>>, T: Float, S: Default>(
    model: &mut M,
    grads: &Gradients<M, T>,
    slots: &mut Vec<S>,
    path: &mut Path,
    mut update: impl FnMut(&mut S, &mut [T], &[T]),
) {
    let mut at = 0;
    model.visit_leaves_mut(path, &mut |path, leaf: &mut Tensor<T>| {
        assert!(
            at < grads.len(),
            "there are gradients of {at} leaves, and none of `{path}`"
        );
        if slots.len() <= at {
            slots.push(S::default());
        }
        if let Some(value) = grads.state(at) {
            check(path, "new value", leaf, value);
            with_slice(value, |value| leaf.as_mut_slice().copy_from_slice(value));
        }
        if let Some(bar) = grads.get(at) {
            check(path, "gradient", leaf, bar);
            with_slice(bar, |bar| update(&mut slots[at], leaf.as_mut_slice(), bar));
        }
        at += 1;
    });
    assert!(
        at == grads.len(),
        "there are gradients of {} leaves, the model has {at}",
        grads.len()
    );
}

/// The slot's moment, made of zeros at the first gradient.
///
/// # Panics
/// If it is that of a leaf of another size.
pub(super) fn moment<'a, T: Float>(moment: &'a mut Option<Tensor<T>>, like: &[T]) -> &'a mut [T] {
    let moment = moment.get_or_insert_with(|| Tensor::zeros([like.len()]));
    assert!(
        moment.size() == like.len(),
        "the optimizer holds moments of a leaf of {} elements, this one has {}: it is the \
         optimizer of another model",
        moment.size(),
        like.len()
    );
    moment.as_mut_slice()
}

fn check<T: Float>(path: &Path, what: &str, leaf: &Tensor<T>, beside: &Tensor<T>) {
    let (shape, found) = (leaf.shape(), beside.shape());
    assert!(shape == found, "`{path}` is {shape}, its {what} {found}");
}

/// The elements in order; a tensor with strides is copied.
fn with_slice<T: Float>(tensor: &Tensor<T>, f: impl FnOnce(&[T])) {
    match tensor.as_slice() {
        Some(slice) => f(slice),
        None => f(&tensor.to_vec()),
    }
}
