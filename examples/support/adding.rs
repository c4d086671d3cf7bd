//! The Adding Problem of Hochreiter and Schmidhuber 1997, in the form of the book: two of many
//! numbers in [0, 1) are marked, and after the last number their sum is wanted.

use wengert::nn::data::Batches;
use wengert::prelude::*;

use super::recurrent::Reader;
use super::seeds::Ticker;

/// Sequences x \[N, T, 2\] of a number and a mark, and the sums y \[N, 1\] of the two marked numbers,
/// which stand anywhere.
pub fn sequences(count: usize, time: usize, rng: &mut Rng) -> (Tensor, Tensor) {
    let mut x = Tensor::zeros([count, time, 2]);
    let mut y = Tensor::zeros([count, 1]);
    let rows = x.as_mut_slice().chunks_exact_mut(2 * time);
    for (row, sum) in rows.zip(y.as_mut_slice()) {
        for number in row.iter_mut().step_by(2) {
            *number = rng.unit() as f32;
        }
        let first = rng.below(time);
        let second = (first + 1 + rng.below(time - 1)) % time;
        for marked in [first, second] {
            row[2 * marked + 1] = 1.0;
            *sum += row[2 * marked];
        }
    }
    (x, y)
}

/// The mean squared error of always answering `answer`.
pub fn constant_error(answer: f64, y: &Tensor) -> f64 {
    let square = |y: f32| (f64::from(y) - answer).powi(2);
    y.iter().map(square).sum::<f64>() / y.size() as f64
}

/// The mean squared error of a model. Some hundred sequences at a time, so that the tape stays small.
pub fn error(model: &Reader, tape: &mut Tape, (x, y): &(Tensor, Tensor)) -> f64 {
    let mut sum = 0.0;
    for rows in Batches::in_order(y.size(), 250) {
        let (x, y) = (x.index_select(0, &rows), y.index_select(0, &rows));
        let part = tape.evaluate(model, |t, m| mse(m.last(t.constant(&x)), &y).item());
        sum += f64::from(part) * rows.size() as f64;
    }
    sum / y.size() as f64
}

/// How a model is trained: Adam on fresh sequences, with a learning rate that is halved again and
/// again, and gradients whose norm is bounded by 1.
#[derive(Clone, Copy)]
pub struct Training {
    pub time: usize,
    pub batch: usize,
    pub steps: usize,
    pub rate: f64,
    /// The learning rate is halved after each so many steps.
    pub half_life: usize,
}

impl Training {
    /// Trains a model. `look` is called after each step with its number, from 1.
    pub fn run(
        &self,
        model: &mut Reader,
        rng: &mut Rng,
        mut look: impl FnMut(usize, &Reader, f32),
    ) {
        let (mut tape, mut adam) = (Tape::new(), Adam::new(self.rate));
        for step in 0..self.steps {
            adam.learning_rate = self.rate * 0.5f64.powi((step / self.half_life) as i32);
            let (x, y) = sequences(self.batch, self.time, rng);
            let (loss, mut grads) =
                tape.value_and_grad(&*model, |t, m| mse(m.last(t.constant(&x)), &y));
            clip_by_global_norm(&mut grads, 1.0);
            adam.step(model, &grads);
            look(step + 1, model, loss);
        }
    }

    /// Trains a model, and returns the mean of the loss over each `span` steps.
    pub fn course(
        &self,
        model: &mut Reader,
        rng: &mut Rng,
        span: usize,
        (name, ticker): (&str, &Ticker),
    ) -> Vec<(f64, f64)> {
        let (mut course, mut mean) = (Vec::new(), 0.0);
        self.run(model, rng, |step, _, loss| {
            mean += f64::from(loss) / span as f64;
            if step % span == 0 {
                course.push((step as f64, std::mem::take(&mut mean)));
            }
            ticker.tick(|| format!("{name}, loss {loss:.4}"));
        });
        course
    }
}
