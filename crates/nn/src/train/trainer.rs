//! `Trainer`: the loop around the step.

use std::error::Error;
use std::sync::Arc;

use wengert_tape::tree::Tree;
use wengert_tape::{Gradients, Tape, Var};
use wengert_tensor::{Float, Tensor};

use super::engine::{Alone, Given, Sharded};
use super::metrics::Mean;
use super::{EarlyStopping, Moment, Observer, Report, TrainError};
use crate::optim::{Average, Optimizer, Plateau, Schedule};
use crate::parallel::{Shard, Workers};

/// The loop around the step: epochs of batches, with what is usual around it.
///
/// What it takes is what a plain loop has: a model, an optimizer, batches, and a function that computes
/// the loss of a batch. Everything else is off until it is asked for. It owns the optimizer and the tape
/// and borrows the model for a run; counts and optimizer are open between runs, and a run goes on where
/// the counts are, within an epoch too.
///
/// ```
/// use wengert_nn::data::Batches;
/// use wengert_nn::train::{EarlyStopping, Trainer};
/// use wengert_nn::{Adam, Linear};
/// use wengert_tensor::{Rng, Tensor};
///
/// let mut rng = Rng::seed_from_u64(1);
/// let x: Tensor = rng.normal([60, 2], 0.0, 1.0);
/// let y = x.matmul(&Tensor::from([[2.0], [-1.0]]));
/// let mut model = Linear::new(2, 1, &mut rng);
///
/// let mut trainer = Trainer::new(Adam::new(0.05)).with_epochs(100).with_max_norm(1.0);
/// let report = trainer.run(
///     &mut model,
///     |_| Batches::shuffled(60, 10, &mut rng),
///     |t, m, rows| {
///         let (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
///         (m.forward(t.constant(&x)) - &y).square().mean()
///     },
/// )?;
/// assert_eq!((report.epochs, report.steps), (100, 600));
/// assert!(report.loss < 1e-4);
/// # Ok::<(), wengert_nn::train::TrainError>(())
/// ```
pub struct Trainer<'a, M, O, T: Float = f32> {
    /// The optimizer.
    pub optimizer: O,
    /// The learning rate at every step; none for that of the optimizer.
    pub schedule: Option<Schedule>,
    /// What lowers the learning rate when the watched value does not get better. Without a schedule.
    pub plateau: Option<Plateau>,
    /// What ends the training when the watched value does not get better. The model then ends with
    /// the best weights.
    pub stopping: Option<EarlyStopping>,
    /// The number of the epoch after the last one.
    pub epochs: Option<u64>,
    /// The number of the step after the last one.
    pub steps: Option<u64>,
    /// How many batches make a step: 1.
    pub accumulate: usize,
    /// The greatest norm of all gradients, beyond which they are scaled down.
    pub max_norm: Option<f64>,
    /// Whether a loss or a gradient that is infinite or NaN ends the training with an error.
    pub stops_at_nan: bool,
    /// The mean of the weights over the steps, which every step goes into. What is validated, and the
    /// best weights, are those of the mean; the model that a checkpoint sees is not, and neither is
    /// that of a run without early stopping: `average.swap(&mut model)` exchanges them.
    pub average: Option<Average<T>>,
    /// After how many steps a checkpoint is saved within an epoch; none for its end alone.
    pub checkpoint_every: Option<u64>,
    /// How many epochs were made.
    pub epoch: u64,
    /// How many steps were made.
    pub step: u64,
    /// How many batches of the epoch were taken: a run that begins with more than 0 passes over as many.
    pub batch: u64,
    /// The mean loss of these batches.
    pub losses: Mean,
    /// The best weights, if there is early stopping and they are not those of now.
    pub best: Option<M>,
    /// The tape, whose generator random layers draw from.
    pub tape: Tape<T>,
    pub(super) trained: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    pub(super) observers: Vec<Box<dyn Observer + 'a>>,
    pub(super) validation: Option<Validation<'a, M, T>>,
    pub(super) checkpoint: Option<Hook<'a, M, O, T>>,
}

type Validation<'a, M, T> = Box<dyn FnMut(&mut Tape<T>, &M) -> Vec<(&'static str, f64)> + 'a>;
type Failure = Box<dyn Error + Send + Sync>;
type Hook<'a, M, O, T> = Box<dyn FnMut(&Moment<'_, M, O, T>) -> Result<(), Failure> + 'a>;

impl<'a, M, O, T: Float> Trainer<'a, M, O, T> {
    /// A trainer that does nothing but steps.
    pub fn new(optimizer: O) -> Self {
        Trainer {
            optimizer,
            schedule: None,
            plateau: None,
            stopping: None,
            epochs: None,
            steps: None,
            accumulate: 1,
            max_norm: None,
            stops_at_nan: true,
            average: None,
            checkpoint_every: None,
            epoch: 0,
            step: 0,
            batch: 0,
            losses: Mean::new(),
            best: None,
            tape: Tape::new(),
            trained: Arc::new(|_| true),
            observers: Vec::new(),
            validation: None,
            checkpoint: None,
        }
    }

    /// To the end of so many epochs, counted from the first of all runs.
    pub fn with_epochs(mut self, epochs: u64) -> Self {
        self.epochs = Some(epochs);
        self
    }

    /// To the end of so many steps, counted from the first of all runs.
    pub fn with_steps(mut self, steps: u64) -> Self {
        self.steps = Some(steps);
        self
    }

    /// With the learning rate of a schedule, by the number of the step.
    pub fn with_schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// With a learning rate that falls when the watched value does not get better: the metric that
    /// early stopping names, or the first of the validation, or without one the loss.
    pub fn with_plateau(mut self, plateau: Plateau) -> Self {
        self.plateau = Some(plateau);
        self
    }

    /// With a step for so many batches; the last one of an epoch may have fewer.
    pub fn with_accumulation(mut self, batches: usize) -> Self {
        self.accumulate = batches;
        self
    }

    /// With gradients that are scaled down to a norm, all together.
    pub fn with_max_norm(mut self, norm: f64) -> Self {
        self.max_norm = Some(norm);
        self
    }

    /// With an end when the watched value does not get better, and the best weights at the end.
    pub fn with_early_stopping(mut self, stopping: EarlyStopping) -> Self {
        self.stopping = Some(stopping);
        self
    }

    /// With a mean of the weights over the steps.
    pub fn with_average(mut self, average: Average<T>) -> Self {
        self.average = Some(average);
        self
    }

    /// With leaves that are frozen: those whose path `frozen` accepts.
    pub fn with_frozen(mut self, frozen: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.trained = Arc::new(move |path| !frozen(path));
        self
    }

    /// With numbers that are measured at the end of every epoch.
    pub fn with_validation(
        mut self,
        measure: impl FnMut(&mut Tape<T>, &M) -> Vec<(&'static str, f64)> + 'a,
    ) -> Self {
        self.validation = Some(Box::new(measure));
        self
    }

    /// With someone who is told what happens, beside those who are told already.
    pub fn with_observer(mut self, observer: impl Observer + 'a) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// With what saves a checkpoint, at the end of every epoch, and within it if
    /// [`with_checkpoint_every`](Self::with_checkpoint_every) says so. Where it fails the run ends with its error.
    ///
    /// What it is handed has all that the training goes on from; with the feature `files`, `Moment::checkpoint` makes a
    /// checkpoint of it, and `Trainer::restore` goes on from that.
    pub fn with_checkpoint(
        mut self,
        save: impl FnMut(&Moment<'_, M, O, T>) -> Result<(), Failure> + 'a,
    ) -> Self {
        self.checkpoint = Some(Box::new(save));
        self
    }

    /// With a checkpoint after every so many steps, counted from the first of all, and not only at the end of an epoch.
    ///
    /// A run that goes on within an epoch passes over the batches that were taken: `data` has to give the same ones for the number
    /// of an epoch, as [`Epochs::of_epoch`](crate::data::Epochs::of_epoch) does.
    ///
    /// # Panics
    /// If it is 0.
    #[doc(alias = "save_steps")]
    #[track_caller]
    pub fn with_checkpoint_every(mut self, steps: u64) -> Self {
        assert!(steps > 0, "trainer: a checkpoint after every 0 steps");
        self.checkpoint_every = Some(steps);
        self
    }
}

impl<M, O, T> Trainer<'_, M, O, T>
where
    M: Tree<Tensor<T>> + Clone,
    O: Optimizer<T>,
    T: Float,
{
    /// Trains: `data` gives the batches of an epoch by its number, and `step` computes the mean loss
    /// of a batch. Every batch counts alike.
    ///
    /// # Errors
    /// If a loss or a gradient is infinite or NaN, an epoch has no batch, or a checkpoint fails.
    ///
    /// # Panics
    /// If neither epochs nor steps are set, the optimizer refuses the model, or `step` panics.
    #[track_caller]
    pub fn run<I, B>(
        &mut self,
        model: &mut M,
        data: impl FnMut(u64) -> I,
        step: impl for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &B) -> Var<'t, T>,
    ) -> Result<Report, TrainError>
    where
        I: IntoIterator<Item = B>,
    {
        self.run_weighted(model, data, |_| 1.0, step)
    }

    /// [`run`](Self::run) where a batch counts what `weight` says, as its rows or its tokens, in the
    /// mean loss of an epoch and among the batches of a step.
    ///
    /// # Errors
    /// As `run`.
    ///
    /// # Panics
    /// As `run`.
    #[track_caller]
    pub fn run_weighted<I, B>(
        &mut self,
        model: &mut M,
        data: impl FnMut(u64) -> I,
        weight: impl Fn(&B) -> f64,
        step: impl for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &B) -> Var<'t, T>,
    ) -> Result<Report, TrainError>
    where
        I: IntoIterator<Item = B>,
    {
        let trained = Arc::clone(&self.trained);
        let mut engine = Alone {
            weight,
            step,
            trained,
        };
        self.drive(model, data, &mut engine)
    }

    /// [`run`](Self::run) on several threads: a batch is computed in the shards of `workers`. `rows`
    /// gives the weight of each row of a batch, which is 1 or its number of tokens, and `step` the mean
    /// loss over the rows of a shard.
    ///
    /// # Errors
    /// As `run`.
    ///
    /// # Panics
    /// As `run`, or if a batch has no row.
    #[track_caller]
    pub fn run_on<I, B>(
        &mut self,
        workers: &mut Workers<T>,
        model: &mut M,
        data: impl FnMut(u64) -> I,
        rows: impl Fn(&B) -> Vec<f64>,
        step: impl for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &B, &Shard) -> Var<'t, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<Report, TrainError>
    where
        I: IntoIterator<Item = B>,
        B: Send + Sync + 'static,
        M: Send + Sync + 'static,
    {
        let trained = Arc::clone(&self.trained);
        let mut engine = Sharded {
            workers,
            rows,
            step: Arc::new(step),
            trained,
        };
        self.drive(model, data, &mut engine)
    }

    /// [`run_weighted`](Self::run_weighted) where `step` computes loss and gradients itself: for a step
    /// that carries state, differentiates twice, or is made of several.
    ///
    /// # Errors
    /// As `run`; no op is named.
    ///
    /// # Panics
    /// As `run`.
    #[track_caller]
    pub fn run_with<I, B>(
        &mut self,
        model: &mut M,
        data: impl FnMut(u64) -> I,
        weight: impl Fn(&B) -> f64,
        step: impl FnMut(&mut Tape<T>, &M, &B) -> (T, Gradients<M, T>),
    ) -> Result<Report, TrainError>
    where
        I: IntoIterator<Item = B>,
    {
        let mut engine = Given { weight, step };
        self.drive(model, data, &mut engine)
    }
}
