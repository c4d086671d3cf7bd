//! The walk over a model beside its gradients and an optimizer's slots.

use wengert_tape::Gradients;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Float, Tensor};

/// Calls `update` on the slot, the values and the gradient of every leaf that has a gradient, and
/// writes new state. `path` is a buffer to be used again.
///
/// # Panics
/// If the gradients or the slots are not those of a model of this structure.
#[track_caller]
pub(super) fn update<M: Tree<Tensor<T>>, T: Float, S: Default>(
    model: &mut M,
    grads: &Gradients<M, T>,
    slots: &mut Vec<S>,
    path: &mut Path,
    mut update: impl FnMut(&mut S, &mut [T], &[T]) -> Result<(), String>,
) {
    if slots.is_empty() {
        slots.resize_with(grads.len(), S::default);
    }
    assert!(
        slots.len() == grads.len(),
        "the optimizer has slots for {} leaves, and there are gradients of {}: it is the optimizer \
         of another model",
        slots.len(),
        grads.len()
    );
    let mut at = 0;
    // A closure would lose the caller's line.
    let mut wrong = None;
    model.visit_leaves_mut(path, &mut |path, leaf: &mut Tensor<T>| {
        if wrong.is_some() {
            return;
        }
        if at == grads.len() {
            wrong = Some(format!(
                "there are gradients of {at} leaves, and none of `{path}`"
            ));
            return;
        }
        if let Some(value) = grads.state(at) {
            wrong = check(path, "new value", leaf, value);
            if wrong.is_none() {
                with_slice(value, |value| leaf.as_mut_slice().copy_from_slice(value));
            }
        }
        if let Some(bar) = grads.get(at) {
            wrong = check(path, "gradient", leaf, bar);
            if wrong.is_none() {
                let slot = &mut slots[at];
                let done = with_slice(bar, |bar| update(slot, leaf.as_mut_slice(), bar));
                wrong = done.err().map(|reason| format!("`{path}`: {reason}"));
            }
        }
        at += 1;
    });
    if let Some(wrong) = wrong {
        panic!("{wrong}");
    }
    assert!(
        at == grads.len(),
        "there are gradients of {} leaves, the model has {at}",
        grads.len()
    );
}

/// The slot's moment, made of zeros at the first gradient.
///
/// # Errors
/// If it is that of a leaf of another size.
pub(super) fn moment<'a, T: Float>(
    moment: &'a mut Option<Tensor<T>>,
    like: &[T],
) -> Result<&'a mut [T], String> {
    let moment = moment.get_or_insert_with(|| Tensor::zeros([like.len()]));
    if moment.size() != like.len() {
        return Err(format!(
            "the optimizer holds moments of a leaf of {} elements, this one has {}: it is the \
             optimizer of another model",
            moment.size(),
            like.len()
        ));
    }
    Ok(moment.as_mut_slice())
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

/// What is wrong with what stands beside a leaf.
fn check<T: Float>(
    path: &Path,
    what: &str,
    leaf: &Tensor<T>,
    beside: &Tensor<T>,
) -> Option<String> {
    let (shape, found) = (leaf.shape(), beside.shape());
    (shape != found).then(|| format!("`{path}` is {shape}, its {what} {found}"))
}

/// The elements in order; a tensor with strides is copied.
fn with_slice<T: Float, R>(tensor: &Tensor<T>, f: impl FnOnce(&[T]) -> R) -> R {
    match tensor.as_slice() {
        Some(slice) => f(slice),
        None => f(&tensor.to_vec()),
    }
}
