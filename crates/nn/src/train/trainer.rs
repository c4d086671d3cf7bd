//! `Trainer`: the loop around the step.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use wengert_tape::tree::{Path, Tree};
use wengert_tape::{Gradients, Tape, Var};
use wengert_tensor::{Float, Rng, Tensor};

use super::engine::{Alone, Engine, Given, Sharded};
use super::metrics::Mean;
use super::{EarlyStopping, Event, Moment, Observer, Report, Stop, TrainError, Verdict};
use crate::optim::{Accumulator, Average, Optimizer, Plateau, Schedule, clip_by_global_norm};
use crate::parallel::{Shard, Workers};

/// The loop around the step: epochs of batches, with what is usual around it.
///
/// What it takes is what a plain loop has: a model, an optimizer, batches, and a function that computes
/// the loss of a batch. Everything else is off until it is asked for. It owns the optimizer and the tape
/// and borrows the model for a run; counts and optimizer are open between runs, and a run goes on where
/// the counts are.
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
    /// How many epochs were made.
    pub epoch: u64,
    /// How many steps were made.
    pub step: u64,
    /// The tape, whose generator random layers draw from.
    pub tape: Tape<T>,
    trained: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    observers: Vec<Box<dyn Observer + 'a>>,
    validation: Option<Validation<'a, M, T>>,
    checkpoint: Option<Hook<'a, M, O, T>>,
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
            epoch: 0,
            step: 0,
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

    /// With what saves a checkpoint, at the end of every epoch. Where it fails the run ends with its
    /// error.
    pub fn with_checkpoint(
        mut self,
        save: impl FnMut(&Moment<'_, M, O, T>) -> Result<(), Failure> + 'a,
    ) -> Self {
        self.checkpoint = Some(Box::new(save));
        self
    }

    fn tell(&mut self, event: &Event<'_>) {
        self.observers
            .iter_mut()
            .for_each(|observer| observer.see(event));
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

    #[track_caller]
    fn drive<I, B>(
        &mut self,
        model: &mut M,
        data: impl FnMut(u64) -> I,
        engine: &mut dyn Engine<M, T, B>,
    ) -> Result<Report, TrainError>
    where
        I: IntoIterator<Item = B>,
    {
        assert!(
            self.epochs.is_some() || self.steps.is_some(),
            "trainer: neither epochs nor steps are set, so that it would not end"
        );
        let start = Instant::now();
        let (epochs, steps) = (self.epochs, self.steps);
        self.tell(&Event::Start { epochs, steps });
        let result = self.epochs_of(model, data, engine, start);
        self.tell(&Event::End {
            epochs: self.epoch,
            steps: self.step,
            seconds: start.elapsed().as_secs_f64(),
        });
        result
    }

    /// Whether the last step has been made.
    fn is_done(&self) -> bool {
        self.steps.is_some_and(|steps| self.step >= steps)
    }

    #[track_caller]
    fn epochs_of<I, B>(
        &mut self,
        model: &mut M,
        mut data: impl FnMut(u64) -> I,
        engine: &mut dyn Engine<M, T, B>,
        start: Instant,
    ) -> Result<Report, TrainError>
    where
        I: IntoIterator<Item = B>,
    {
        let mut report = Report {
            epochs: self.epoch,
            steps: self.step,
            loss: f64::NAN,
            metrics: Vec::new(),
            best: None,
            stop: Stop::Done,
        };
        let mut best = None;
        while self.epochs.is_none_or(|epochs| self.epoch < epochs) && !self.is_done() {
            let epoch = self.epoch;
            let (loss, whole) = self.epoch_of(model, data(epoch), engine, start)?;
            self.epoch += u64::from(whole);
            (report.loss, report.metrics) = (loss, Vec::new());
            self.swap(model);
            if let Some(measure) = &mut self.validation {
                report.metrics = measure(&mut self.tape, model);
            }
            let watched = self.watched(loss, &report.metrics);
            if let Some(plateau) = &mut self.plateau {
                plateau.show(watched);
            }
            let verdict = self.stopping.as_mut().map(|stop| stop.show(watched));
            let is_best = verdict == Some(Verdict::Best);
            if is_best {
                best = Some(model.clone());
            }
            self.swap(model);
            self.tell(&Event::Epoch {
                epoch,
                step: self.step,
                loss,
                rate: self.optimizer.learning_rate(),
                metrics: &report.metrics,
                best: is_best,
                seconds: start.elapsed().as_secs_f64(),
            });
            self.save(model, loss, &report.metrics, is_best)?;
            if verdict == Some(Verdict::Stop) {
                report.stop = Stop::Early;
                break;
            }
        }
        if let Some(best) = best {
            *model = best;
        }
        report.best = self.stopping.as_ref().map(|stopping| stopping.best);
        (report.epochs, report.steps) = (self.epoch, self.step);
        Ok(report)
    }

    /// Exchanges the weights and their mean, if there is one.
    fn swap(&mut self, model: &mut M) {
        if let Some(average) = &mut self.average {
            average.swap(model);
        }
    }

    /// The value that early stopping and the plateau look at.
    #[track_caller]
    fn watched(&self, loss: f64, metrics: &[(&'static str, f64)]) -> f64 {
        match self.stopping.as_ref().and_then(|stopping| stopping.metric) {
            None => metrics.first().map_or(loss, |(_, value)| *value),
            Some("loss") if metrics.is_empty() => loss,
            Some(wanted) => match metrics.iter().find(|(name, _)| *name == wanted) {
                Some((_, value)) => *value,
                None => panic!("trainer: the validation returns no `{wanted}` to watch"),
            },
        }
    }

    /// One epoch: its mean loss, and whether it came to its end.
    #[track_caller]
    fn epoch_of<B>(
        &mut self,
        model: &mut M,
        batches: impl IntoIterator<Item = B>,
        engine: &mut dyn Engine<M, T, B>,
        start: Instant,
    ) -> Result<(f64, bool), TrainError> {
        let mut accumulator = Accumulator::new(self.accumulate);
        let (mut losses, mut of_step) = (Mean::new(), Mean::new());
        let mut count = 0;
        for batch in batches {
            if self.is_done() {
                return Ok((losses.value(), false));
            }
            let batch = Arc::new(batch);
            let weight = engine.weight(&batch);
            let rng = self.tape.draw(|rng| rng.clone());
            let (loss, grads) = engine.step(&mut self.tape, model, &batch);
            let (loss, norm) = (loss.to_f64(), grads.norm());
            let known = (self.accumulate == 1).then_some(norm);
            if self.stops_at_nan && !(loss.is_finite() && norm.is_finite()) {
                let found = self.trace(model, engine, &batch, rng).map(Box::new);
                return Err(TrainError::NotFinite {
                    epoch: self.epoch,
                    step: self.step,
                    batch: count,
                    loss,
                    found,
                    leaf: not_finite(model, &grads),
                });
            }
            count += 1;
            losses.add(loss, weight);
            of_step.add(loss, weight);
            if let Some(grads) = accumulator.add(grads, weight) {
                let loss = std::mem::take(&mut of_step);
                self.change(model, grads, known, loss, start);
            }
        }
        if let Some(grads) = accumulator.take() {
            self.change(model, grads, None, of_step, start);
        }
        match count {
            0 => Err(TrainError::NoData { epoch: self.epoch }),
            _ => Ok((losses.value(), true)),
        }
    }

    /// The op where numbers end: the step is computed again from the same generator.
    fn trace<B>(
        &mut self,
        model: &M,
        engine: &dyn Engine<M, T, B>,
        batch: &Arc<B>,
        rng: Rng,
    ) -> Option<wengert_tape::NonFinite> {
        self.tape.set_rng(rng);
        engine.trace(&mut self.tape, model, batch)
    }

    /// A step of the optimizer. The norm of the gradients may be known.
    #[track_caller]
    fn change(
        &mut self,
        model: &mut M,
        mut grads: Gradients<M, T>,
        norm: Option<f64>,
        loss: Mean,
        start: Instant,
    ) {
        let norm = norm.unwrap_or_else(|| grads.norm());
        if let Some(max) = self.max_norm
            && (norm + 1e-6 > max || norm.is_nan())
        {
            clip_by_global_norm(&mut grads, max);
        }
        let rate = match (&self.schedule, &self.plateau) {
            (Some(schedule), _) => schedule.at(self.step),
            (None, Some(plateau)) => plateau.rate,
            (None, None) => self.optimizer.learning_rate(),
        };
        self.optimizer.set_learning_rate(rate);
        self.optimizer.step(model, &grads);
        self.step += 1;
        if let Some(average) = &mut self.average {
            average.update(model);
        }
        self.tell(&Event::Step {
            epoch: self.epoch,
            step: self.step,
            loss: loss.value(),
            rate,
            norm,
            seconds: start.elapsed().as_secs_f64(),
        });
    }

    fn save(
        &mut self,
        model: &M,
        loss: f64,
        metrics: &[(&'static str, f64)],
        best: bool,
    ) -> Result<(), TrainError> {
        let Some(save) = &mut self.checkpoint else {
            return Ok(());
        };
        let step = self.step;
        let saved = save(&Moment {
            model,
            optimizer: &self.optimizer,
            epoch: self.epoch,
            step,
            stopping: self.stopping.as_ref(),
            plateau: self.plateau.as_ref(),
            tape: &self.tape,
            loss,
            metrics,
            best,
        });
        saved.map_err(|source| TrainError::Checkpoint { step, source })
    }
}

/// The path of the first leaf whose gradient is not finite.
fn not_finite<M: Tree<Tensor<T>>, T: Float>(model: &M, grads: &Gradients<M, T>) -> Option<String> {
    let (mut at, mut found) = (0, None);
    model.visit_leaves(&mut Path::new(), &mut |path, _: &Tensor<T>| {
        let broken = grads
            .get(at)
            .is_some_and(|bar| bar.iter().any(|x| !x.is_finite()));
        if broken && found.is_none() {
            found = Some(path.to_string());
        }
        at += 1;
    });
    found
}
