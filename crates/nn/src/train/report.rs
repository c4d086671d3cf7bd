//! What a run tells at its end, and a checkpoint at the end of an epoch.

use wengert_tape::Tape;
use wengert_tensor::Float;

use super::EarlyStopping;
use crate::optim::Plateau;

/// What a checkpoint hook sees at the end of an epoch: all that the training goes on from.
#[non_exhaustive]
pub struct Moment<'a, M, O, T: Float = f32> {
    /// The model.
    pub model: &'a M,
    /// The optimizer.
    pub optimizer: &'a O,
    /// How many epochs were made.
    pub epoch: u64,
    /// How many steps were made.
    pub step: u64,
    /// Early stopping, whose state goes on.
    pub stopping: Option<&'a EarlyStopping>,
    /// The plateau, whose state goes on.
    pub plateau: Option<&'a Plateau>,
    /// The tape, whose generator goes on.
    pub tape: &'a Tape<T>,
    /// The mean loss of the epoch.
    pub loss: f64,
    /// What the validation returned.
    pub metrics: &'a [(&'static str, f64)],
    /// Whether early stopping found it the best so far.
    pub best: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// How many epochs were made, with those of runs before.
    pub epochs: u64,
    /// How many steps.
    pub steps: u64,
    /// The mean loss of the last epoch; NaN if there was none.
    pub loss: f64,
    /// What the validation returned last.
    pub metrics: Vec<(&'static str, f64)>,
    /// The best watched value, if there is early stopping.
    pub best: Option<f64>,
    /// Why it ended.
    pub stop: Stop,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All epochs or steps were made.
    Done,
    /// Early stopping.
    Early,
}
