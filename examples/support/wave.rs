//! The noisy sine wave of Sugomori, *Deep learning with TensorFlow and Keras*, section 5.1, and how a
//! network learns to say its next point.

use std::f64::consts::TAU;
use std::ops::Range;

use wengert::nn::data::Batches;
use wengert::nn::init::{glorot_normal, orthogonal};
use wengert::prelude::*;

use super::recurrent::Reader;

/// Points a period.
pub const PERIOD: usize = 100;
/// The noise is even in ± this.
const NOISE: f64 = 0.05;
const BATCH: usize = 50;
/// The learning rate at the beginning, which falls to 0 along a line.
const RATE: f64 = 5e-3;

/// The wave without noise.
pub fn sine(at: usize) -> f64 {
    (TAU * at as f64 / PERIOD as f64).sin()
}

/// The noisy points.
pub fn points(count: usize, rng: &mut Rng) -> Vec<f64> {
    let noisy = |at| sine(at) + NOISE * (2.0 * rng.unit() - 1.0);
    (0..count).map(noisy).collect()
}

/// Windows x \[N, W, 1\], and the point y \[N, 1\] after each.
pub type Windows = (Tensor, Tensor);

/// All windows of this width.
pub fn windows(points: &[f64], width: usize) -> Windows {
    let count = points.len() - width;
    let x = Tensor::from_fn([count, width, 1], |at| points[at[0] + at[1]] as f32);
    let y = Tensor::from_fn([count, 1], |at| points[at[0] + width] as f32);
    (x, y)
}

/// Some of the windows.
pub fn part((x, y): &Windows, rows: Range<usize>) -> Windows {
    (x.slice(0, rows.clone()), y.slice(0, rows))
}

fn error(model: &Reader, tape: &mut Tape, (x, y): &Windows) -> f64 {
    f64::from(tape.evaluate(model, |t, m| mse(m.last(t.constant(x)), y).item()))
}

/// Weights as in the second edition: recurrent ones orthogonal, a gate at a time, the others
/// Glorot-normal, and biases 0.
pub fn initialize(model: &mut Reader, rng: &mut Rng) {
    model.visit_tree_mut(|path, leaf| {
        let shape = leaf.shape().clone();
        *leaf = match shape[..] {
            [hidden, columns] if path.as_str().ends_with("wh") => {
                let gate = |_| orthogonal([hidden, hidden], 1.0, rng);
                let gates: Vec<Tensor> = (0..columns / hidden).map(gate).collect();
                Tensor::cat(&gates, 1)
            }
            [_, _] => glorot_normal(shape, rng),
            _ => Tensor::zeros(shape),
        };
    });
}

/// Trains, keeps the network with the best validation error, and tells that error.
pub fn train(
    model: &mut Reader,
    training: &Windows,
    validation: &Windows,
    epochs: usize,
    rng: &mut Rng,
) -> f64 {
    let (mut tape, mut adam) = (Tape::new(), Adam::new(RATE));
    let (mut best, mut kept) = (f64::INFINITY, model.clone());
    for epoch in 0..epochs {
        adam.learning_rate = RATE * (1.0 - epoch as f64 / epochs as f64);
        for rows in Batches::shuffled(training.1.size(), BATCH, rng) {
            let x = training.0.index_select(0, &rows);
            let y = training.1.index_select(0, &rows);
            let (_, grads) = tape.value_and_grad(&*model, |t, m| mse(m.last(t.constant(&x)), &y));
            adam.step(model, &grads);
        }
        let error = error(model, &mut tape, validation);
        if error < best {
            (best, kept) = (error, model.clone());
        }
    }
    *model = kept;
    best
}
