//! Why a training ended before its end.

use std::error::Error;

use wengert_tape::NonFinite;

/// Why a [`Trainer`](super::Trainer) stopped before its end. The model is as after the last whole step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A loss or a gradient is infinite or NaN.
    #[error("{}", not_finite(*epoch, *step, *batch, *loss, found.as_deref(), leaf.as_deref()))]
    NotFinite {
        /// The epoch, from 0.
        epoch: u64,
        /// How many steps were made before.
        step: u64,
        /// The number of the batch in its epoch, from 0.
        batch: u64,
        /// The loss.
        loss: f64,
        /// The first op whose value is not finite, or else whose reverse rule makes something that is
        /// not, found by computing the step again; none where the step cannot be made again.
        found: Option<Box<NonFinite>>,
        /// The path of the first leaf whose gradient is not finite.
        leaf: Option<String>,
    },
    /// An epoch without a batch.
    #[error("epoch {epoch} has no batch")]
    NoData {
        /// The epoch, from 0.
        epoch: u64,
    },
    /// The checkpoint hook failed.
    #[error("the checkpoint of step {step} failed: {source}")]
    Checkpoint {
        /// How many steps had been made.
        step: u64,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn not_finite(
    epoch: u64,
    step: u64,
    batch: u64,
    loss: f64,
    found: Option<&NonFinite>,
    leaf: Option<&str>,
) -> String {
    let mut text = format!("epoch {epoch}, batch {batch}, after {step} steps: the loss is {loss}");
    if let Some(found) = found {
        text += &format!("; first, {found}");
    }
    if let Some(leaf) = leaf {
        text += &format!("; the gradient of `{leaf}` is infinite or NaN somewhere");
    }
    text
}
