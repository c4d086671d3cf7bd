//! A run of a `Trainer`: its epochs and its steps.

use std::sync::Arc;
use std::time::Instant;

use wengert_tape::Gradients;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Float, Rng, Tensor};

use super::engine::Engine;
use super::metrics::Mean;
use super::{EarlyStopping, Event, Moment, Report, Stop, TrainError, Trainer, Verdict};
use crate::optim::{Accumulator, Optimizer, clip_by_global_norm};

impl<M, O, T> Trainer<'_, M, O, T>
where
    M: Tree<Tensor<T>> + Clone,
    O: Optimizer<T>,
    T: Float,
{
    fn tell(&mut self, event: &Event<'_>) {
        self.observers
            .iter_mut()
            .for_each(|observer| observer.see(event));
    }

    #[track_caller]
    pub(super) fn drive<I, B>(
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
        while self.epochs.is_none_or(|epochs| self.epoch < epochs) && !self.is_done() {
            // A run that goes on from its end.
            if self.stopping.as_ref().is_some_and(EarlyStopping::is_over) {
                report.stop = Stop::Early;
                break;
            }
            let epoch = self.epoch;
            let (loss, whole) = self.epoch_of(model, data(epoch), engine, start)?;
            if whole {
                self.epoch += 1;
                (self.batch, self.losses) = (0, Mean::new());
            }
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
                self.best = Some(model.clone());
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
            self.save(model, engine, loss, &report.metrics, is_best)?;
            if verdict == Some(Verdict::Stop) {
                report.stop = Stop::Early;
                break;
            }
        }
        if let Some(best) = self.best.take() {
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
        let mut of_step = Mean::new();
        for batch in batches.into_iter().skip(self.batch as usize) {
            if self.is_done() {
                return Ok((self.losses.value(), false));
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
                    batch: self.batch,
                    loss,
                    found,
                    leaf: not_finite(model, &grads),
                });
            }
            self.batch += 1;
            self.losses.add(loss, weight);
            of_step.add(loss, weight);
            if let Some(grads) = accumulator.add(grads, weight) {
                let loss = std::mem::take(&mut of_step);
                self.change(model, grads, known, loss, start);
                let every = self.checkpoint_every;
                if every.is_some_and(|every| self.step.is_multiple_of(every)) {
                    let loss = self.losses.value();
                    self.save(model, engine, loss, &[], false)?;
                }
            }
        }
        if let Some(grads) = accumulator.take() {
            self.change(model, grads, None, of_step, start);
        }
        match self.batch {
            0 => Err(TrainError::NoData { epoch: self.epoch }),
            _ => Ok((self.losses.value(), true)),
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

    fn save<B>(
        &mut self,
        model: &M,
        engine: &dyn Engine<M, T, B>,
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
            batch: self.batch,
            losses: self.losses,
            stopping: self.stopping.as_ref(),
            plateau: self.plateau.as_ref(),
            average: self.average.as_ref(),
            best_model: self.best.as_ref(),
            tape: &self.tape,
            workers: engine.workers(),
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
