//! Checkpoints of a `Trainer`.

use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

use super::{Moment, Trainer};
use crate::files::{Checkpoint, Restore};
use crate::optim::Optimizer;

impl<M, O, T> Moment<'_, M, O, T>
where
    M: Tree<Tensor<T>>,
    O: Optimizer<T>,
    T: Float,
{
    /// A checkpoint with all of it: the parts `model`, `optimizer`, `tape` (its generator), `epoch`, `step`, `batch` and `losses`, and
    /// `stopping`, `best` (the best weights), `plateau`, `average` and `workers` (their generators) where there are such.
    /// What the program has beside that, as the order of its data, it adds.
    ///
    /// Two runs, of which the second goes on in the middle of an epoch, to the bits of one:
    ///
    /// ```
    /// use wengert_nn::data::Epochs;
    /// use wengert_nn::files::Checkpoints;
    /// use wengert_nn::train::Trainer;
    /// use wengert_nn::{Adam, Dropout, Linear};
    /// use wengert_tensor::{Rng, Tensor};
    ///
    /// # let folder = std::env::temp_dir().join(format!("wengert-trainer-{}", std::process::id()));
    /// # let mut ends: Vec<Tensor> = Vec::new();
    /// # for (kept, last) in [(false, 14), (true, 8), (true, 14)] {
    /// let mut rng = Rng::seed_from_u64(1);
    /// let x: Tensor = rng.normal([20, 3], 0.0, 1.0);
    /// let mut model = Linear::new(3, 1, &mut rng);
    /// let epochs = Epochs::new(20, 4, 1);
    /// let mut checkpoints = Checkpoints::new(&folder)?;
    /// let found = checkpoints.resume()?.checkpoint;
    /// let mut trainer = Trainer::new(Adam::new(0.1)).with_steps(last).with_checkpoint_every(2);
    /// trainer = trainer.with_checkpoint(|now| {
    /// # if kept {
    ///     checkpoints.save(now.step, None, &now.checkpoint())?;
    /// # }
    ///     Ok(())
    /// });
    /// if let Some(found) = found {
    ///     trainer.restore(found, &mut model).finish()?;
    /// }
    /// trainer.run(
    ///     &mut model,
    ///     |epoch| epochs.of_epoch(epoch),
    ///     |t, m, rows| {
    ///         let x = Dropout::new(0.5).forward(t.constant(&x.index_select(0, rows)));
    ///         m.forward(x).square().mean()
    ///     },
    /// )?;
    /// # drop(trainer);
    /// # ends.push(model.weight);
    /// # }
    /// # assert!(ends[2] == ends[0] && ends[1] != ends[0]);
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint(&self) -> Checkpoint {
        let mut now = Checkpoint::new()
            .model("model", self.model)
            .optimizer("optimizer", self.optimizer)
            .part("tape", self.tape)
            .part("epoch", &self.epoch)
            .part("step", &self.step)
            .part("batch", &self.batch)
            .part("losses", &self.losses);
        if let Some(stopping) = self.stopping {
            now = now.state::<T>("stopping", stopping);
        }
        if let Some(best) = self.best_model {
            now = now.model("best", best);
        }
        if let Some(plateau) = self.plateau {
            now = now.state::<T>("plateau", plateau);
        }
        if let Some(average) = self.average {
            now = now.state("average", average);
        }
        match self.workers {
            Some(workers) => now.part("workers", workers),
            None => now,
        }
    }
}

impl<M, O, T> Trainer<'_, M, O, T>
where
    M: Tree<Tensor<T>> + Clone,
    O: Optimizer<T>,
    T: Float,
{
    /// Begins to restore what [`Moment::checkpoint`] has kept, into a trainer with the same settings; [`finish`](Restore::finish) does
    /// it. A run on [`Workers`](crate::parallel::Workers) adds `.part("workers", &mut workers)`, and whatever else the program
    /// has put into the checkpoint.
    #[doc(alias = "resume_from_checkpoint")]
    pub fn restore<'s>(&'s mut self, checkpoint: Checkpoint, model: &'s mut M) -> Restore<'s> {
        let like = model.clone();
        let mut parts = checkpoint
            .restore()
            .model("model", model)
            .optimizer("optimizer", &mut self.optimizer)
            .part("tape", &mut self.tape)
            .part("epoch", &mut self.epoch)
            .part("step", &mut self.step)
            .part("batch", &mut self.batch)
            .part("losses", &mut self.losses)
            .model_if_any("best", &mut self.best, like);
        if let Some(stopping) = &mut self.stopping {
            parts = parts.state::<_, T>("stopping", stopping);
        }
        if let Some(plateau) = &mut self.plateau {
            parts = parts.state::<_, T>("plateau", plateau);
        }
        match &mut self.average {
            Some(average) => parts.state("average", average),
            None => parts,
        }
    }
}
