//! A step of training on one tape, or on a tape a thread.

use wengert::nn::parallel::{Shard, Workers, split};
use wengert::prelude::*;

/// A step of training, which returns the loss.
pub type Step = Box<dyn FnMut() -> f64>;

/// The rows of a shard.
pub fn part<E: Element>(x: &Tensor<E>, shard: &Shard) -> Tensor<E> {
    x.slice(0, &shard.rows)
}

/// One tape, or a tape a thread.
pub enum Differentiator {
    One(Box<Tape>, Shard),
    Many(Box<Workers>, usize),
}

impl Differentiator {
    pub fn new(threads: usize, rows: usize) -> Self {
        match threads {
            1 => {
                let whole = split(rows, 1).remove(0);
                Differentiator::One(Box::default(), whole)
            }
            _ => Differentiator::Many(Box::new(Workers::new(threads, threads)), rows),
        }
    }

    pub fn of<M>(
        &mut self,
        model: &M,
        loss: impl for<'t> Fn(&'t Tape, &M::With<Var<'t>>, &Shard) -> Var<'t> + Send + Sync + 'static,
    ) -> (f32, Gradients<M>)
    where
        M: Tree<Tensor> + Clone + Send + Sync + 'static,
    {
        match self {
            Differentiator::One(tape, whole) => {
                tape.value_and_grad(model, |t, model| loss(t, &model, whole))
            }
            Differentiator::Many(workers, rows) => {
                workers.value_and_grad(model, *rows, move |t, model, shard| loss(t, &model, shard))
            }
        }
    }
}

/// A step of a model with Adam, on a batch of so many rows.
pub fn with_adam<M>(
    threads: usize,
    rows: usize,
    mut model: M,
    loss: impl for<'t> Fn(&'t Tape, &M::With<Var<'t>>, &Shard) -> Var<'t>
    + Send
    + Sync
    + Clone
    + 'static,
) -> Step
where
    M: Tree<Tensor, With<Tensor> = M> + Clone + Send + Sync + 'static,
{
    let mut adam = Adam::new(1e-3);
    let mut gradients = Differentiator::new(threads, rows);
    Box::new(move || {
        let (loss, grads) = gradients.of(&model, loss.clone());
        adam.step(&mut model, &grads);
        f64::from(loss)
    })
}

/// Random numbers from 0 to `below`, as words or targets.
pub fn words(shape: impl Into<Shape>, below: usize, rng: &mut Rng) -> Tensor<i64> {
    Tensor::from_fn(shape, |_| rng.below(below) as i64)
}
