//! Losses. Targets are constants or variables; class indices are tensors of integers.
//!
//! - `regression`: of numbers beside numbers, and of the parameters of a distribution beside what was drawn.
//! - `binary`: of yes and no.
//! - `classes`: of one class among several.
//! - `margin`: of scores that should be apart.
//! - `ctc`: of labels that are not aligned with the steps.
//!
//! A target has the shape of the prediction. Targets of another shape are refused even where they
//! would broadcast: `[4, 1]` beside `[4]` would train on `[4, 4]` pairs that nobody meant. A number,
//! as in `mse(y, 0.0)`, is the target of every element.
//!
//! Where there is nothing to count, as in an empty batch or where every target is ignored, the mean is 0
//! and so is the gradient: an empty shard of a batch adds nothing to the others.
//!
//! Errors are bounds that `tests/edges/rows.rs` holds, for the loss of one element, in units in the last
//! place (ulp) of the true result, from the least number of the type to the greatest.

use wengert_tensor::{Float, ShapeError};

use crate::record::var::{Operand, Var};

mod binary;
mod classes;
mod ctc;
mod margin;
mod regression;

pub use binary::*;
pub use classes::*;
pub use ctc::*;
pub use margin::*;
pub use regression::*;

/// What becomes of the losses of the single elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reduction {
    /// Their mean, over what is not ignored; 0 where that is nothing.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// They stay as they are.
    None,
}

impl Reduction {
    /// The reduction of `losses`.
    ///
    /// ```
    /// use wengert_tape::{Tape, compose::Reduction};
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Reduction::Mean.of(tape.full([2, 3], 5.0)).item(), 5.0);
    /// assert_eq!(Reduction::Mean.of(tape.zeros([0, 3])).item(), 0.0);
    /// ```
    #[track_caller]
    pub fn of<T: Float>(self, losses: Var<'_, T>) -> Var<'_, T> {
        match self {
            Reduction::Mean if losses.size() > 0 => losses.mean(),
            Reduction::Mean | Reduction::Sum => losses.sum(),
            Reduction::None => losses,
        }
    }
}

/// The target of a loss as a variable, if it has the shape of the prediction `y`, or is a number.
#[track_caller]
fn paired<'t, T: Float>(
    loss: &'static str,
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
) -> Var<'t, T> {
    let number = target.literal().is_some();
    let target = target.on(y.tape());
    if !number {
        same_shape(loss, y, target);
    }
    target
}

#[track_caller]
fn same_shape<T: Float>(loss: &'static str, y: Var<'_, T>, target: Var<'_, T>) {
    same_shapes(loss, y, "target", target);
}

/// Checks that `other`, which is a `what`, has the shape of the prediction `y`.
#[track_caller]
fn same_shapes<T: Float>(loss: &'static str, y: Var<'_, T>, what: &str, other: Var<'_, T>) {
    let (shape, found) = (y.shape(), other.shape());
    if shape != found {
        let reason = format!("the {what} has the shape {found}, the prediction {shape}");
        panic!("{}", ShapeError::new(loss, reason));
    }
}

/// Checks an attribute of a loss.
#[track_caller]
fn check_number(loss: &'static str, what: &str, number: f64, sound: bool) {
    assert!(sound, "{loss}: {number} is no {what}");
}

/// The length of the last axis, along which the classes of `rows` lie.
#[track_caller]
fn classes_of<T: Float>(loss: &'static str, rows: Var<'_, T>) -> usize {
    match rows.shape().last() {
        Some(&classes) => classes,
        None => panic!(
            "{}",
            ShapeError::new(loss, "a scalar has no axis for classes")
        ),
    }
}

/// Checks that `other`, which is a `what`, broadcasts to the shape of the prediction `y`.
#[track_caller]
fn fits_into<T: Float>(loss: &'static str, what: &str, other: Var<'_, T>, y: Var<'_, T>) {
    let (shape, found) = (y.shape(), other.shape());
    if !found.broadcasts_to(&shape) {
        let reason = format!("the {what} has the shape {found}, the prediction {shape}");
        panic!("{}", ShapeError::new(loss, reason));
    }
}
