//! The walk over a model beside its gradients and an optimizer's slots.

use wengert_tape::Gradients;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Float, Tensor};

/// Calls `update` on the slot, the values and the gradient of every leaf that has a gradient, and
/// writes new state. `path` is a buffer to be used again. `held` is the number of elements of a
/// leaf whose moments the slot holds, if it holds some.
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
    held: impl Fn(&S) -> Option<usize>,
    mut update: impl FnMut(&mut S, &mut [T], &[T]),
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
        if let Some(bar) = grads.get(at) {
            with_slice(bar, |bar| update(&mut slots[at], leaf.as_mut_slice(), bar));
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
            let new = grads.state(at).map(|value| ("new value", value));
            let bar = grads.get(at).map(|bar| ("gradient", bar));
            found = new.or(bar).and_then(|(what, beside)| {
                let (shape, other) = (leaf.shape(), beside.shape());
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
pub(super) fn moment<'a, T: Float>(moment: &'a mut Option<Tensor<T>>, like: &[T]) -> &'a mut [T] {
    let moment = moment.get_or_insert_with(|| Tensor::zeros([like.len()]));
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

/// Panics if a setting of an optimizer is not in its range.
#[track_caller]
pub(super) fn assert_setting(optimizer: &str, setting: &str, value: f64, range: Range) {
    let (fits, wanted) = match range {
        Range::NotNegative => (
            value >= 0.0 && value < f64::INFINITY,
            "at least 0 and finite",
        ),
        Range::Fraction => ((0.0..1.0).contains(&value), "at least 0 and less than 1"),
    };
    assert!(
        fits,
        "{optimizer}: the {setting} is {value}, and has to be {wanted}"
    );
}

/// What a setting may be.
#[derive(Clone, Copy)]
pub(super) enum Range {
    NotNegative,
    Fraction,
}

/// The elements in order; a tensor with strides is copied.
fn with_slice<T: Float, R>(tensor: &Tensor<T>, f: impl FnOnce(&[T]) -> R) -> R {
    match tensor.as_slice() {
        Some(slice) => f(slice),
        None => f(&tensor.to_vec()),
    }
}
