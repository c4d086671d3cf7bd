//! What a run tells at its end, and a hook for checkpoints on the way.

use wengert_tape::Tape;
use wengert_tensor::Float;

use super::EarlyStopping;
use super::metrics::Mean;
use crate::optim::{Average, Plateau};
use crate::parallel::Workers;

/// What a checkpoint hook sees: all that the training goes on from.
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
    /// How many batches of the epoch that runs were taken; 0 at the end of one.
    pub batch: u64,
    /// The mean loss of these batches.
    pub losses: Mean,
    /// Early stopping, whose state goes on.
    pub stopping: Option<&'a EarlyStopping>,
    /// The plateau, whose state goes on.
    pub plateau: Option<&'a Plateau>,
    /// The mean of the weights, which goes on.
    pub average: Option<&'a Average<T>>,
    /// The best weights, if there is early stopping.
    pub best_model: Option<&'a M>,
    /// The tape, whose generator goes on.
    pub tape: &'a Tape<T>,
    /// What computes the shards, if there are any: their generators go on.
    pub workers: Option<&'a Workers<T>>,
    /// The mean loss of the epoch, or of what there was of it.
    pub loss: f64,
    /// What the validation returned; nothing within an epoch.
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
