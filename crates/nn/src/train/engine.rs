//! How a trainer computes the loss and the gradients of a batch: alone, in shards, or as it is given.

use std::sync::Arc;

use wengert_tape::tree::Tree;
use wengert_tape::{Gradients, NonFinite, Tape, Var};
use wengert_tensor::{Float, Tensor};

use crate::parallel::{Shard, Workers};

/// What computes a step.
pub(super) trait Engine<M, T: Float, B> {
    /// What a batch counts.
    fn weight(&self, batch: &B) -> f64;

    /// The mean loss of a batch and its gradients.
    fn step(&mut self, tape: &mut Tape<T>, model: &M, batch: &Arc<B>) -> (T, Gradients<M, T>);

    /// The threads that compute shards, if there are any.
    fn workers(&self) -> Option<&Workers<T>> {
        None
    }

    /// The first op of a step whose value is not finite, or else whose reverse rule makes a cotangent
    /// that is not.
    fn trace(&self, tape: &mut Tape<T>, model: &M, batch: &Arc<B>) -> Option<NonFinite>;
}

type Trained = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// On the trainer's tape.
pub(super) struct Alone<W, F> {
    pub weight: W,
    pub step: F,
    pub trained: Trained,
}

impl<M, T, B, W, F> Engine<M, T, B> for Alone<W, F>
where
    M: Tree<Tensor<T>>,
    T: Float,
    W: Fn(&B) -> f64,
    F: for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &B) -> Var<'t, T>,
{
    fn weight(&self, batch: &B) -> f64 {
        (self.weight)(batch)
    }

    fn step(&mut self, tape: &mut Tape<T>, model: &M, batch: &Arc<B>) -> (T, Gradients<M, T>) {
        let trained = |path: &str| (self.trained)(path);
        tape.value_and_grad_where(model, trained, |tape, model| {
            (self.step)(tape, model, batch)
        })
    }

    fn trace(&self, tape: &mut Tape<T>, model: &M, batch: &Arc<B>) -> Option<NonFinite> {
        let trained = |path: &str| (self.trained)(path);
        tape.first_anomaly(model, trained, |tape, model| {
            (self.step)(tape, model, batch)
        })
    }
}

/// In the shards of a batch, on several threads.
pub(super) struct Sharded<'w, T: Float, R, F> {
    pub workers: &'w mut Workers<T>,
    pub rows: R,
    pub step: Arc<F>,
    pub trained: Trained,
}

impl<M, T, B, R, F> Engine<M, T, B> for Sharded<'_, T, R, F>
where
    M: Tree<Tensor<T>> + Clone + Send + Sync + 'static,
    T: Float,
    B: Send + Sync + 'static,
    R: Fn(&B) -> Vec<f64>,
    F: for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &B, &Shard) -> Var<'t, T>
        + Send
        + Sync
        + 'static,
{
    fn weight(&self, batch: &B) -> f64 {
        (self.rows)(batch).iter().sum()
    }

    fn step(&mut self, _: &mut Tape<T>, model: &M, batch: &Arc<B>) -> (T, Gradients<M, T>) {
        let weights = (self.rows)(batch);
        let (count, total) = (weights.len(), weights.iter().sum::<f64>());
        let (step, batch) = (Arc::clone(&self.step), Arc::clone(batch));
        let trained = Arc::clone(&self.trained);
        let trained = move |path: &str| trained(path);
        self.workers
            .value_and_grad_where(model, count, trained, move |tape, model, shard| {
                let loss = step(tape, model, &batch, shard);
                // The workers weigh by rows.
                let own: f64 = weights[shard.rows.clone()].iter().sum();
                let share = own * count as f64 / (total * shard.rows.len() as f64);
                match share == 1.0 || total == 0.0 {
                    true => loss,
                    false => loss * share,
                }
            })
    }

    fn workers(&self) -> Option<&Workers<T>> {
        Some(self.workers)
    }

    fn trace(&self, tape: &mut Tape<T>, model: &M, batch: &Arc<B>) -> Option<NonFinite> {
        let rows = 0..(self.rows)(batch).len();
        let shard = Shard { index: 0, rows };
        let trained = |path: &str| (self.trained)(path);
        tape.first_anomaly(model, trained, |tape, model| {
            (self.step)(tape, model, batch, &shard)
        })
    }
}

/// By a function that computes the gradients itself.
pub(super) struct Given<W, F> {
    pub weight: W,
    pub step: F,
}

impl<M, T, B, W, F> Engine<M, T, B> for Given<W, F>
where
    T: Float,
    W: Fn(&B) -> f64,
    F: FnMut(&mut Tape<T>, &M, &B) -> (T, Gradients<M, T>),
{
    fn weight(&self, batch: &B) -> f64 {
        (self.weight)(batch)
    }

    fn step(&mut self, tape: &mut Tape<T>, model: &M, batch: &Arc<B>) -> (T, Gradients<M, T>) {
        (self.step)(tape, model, batch)
    }

    fn trace(&self, _: &mut Tape<T>, _: &M, _: &Arc<B>) -> Option<NonFinite> {
        None
    }
}
