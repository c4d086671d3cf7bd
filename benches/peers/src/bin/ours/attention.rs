//! W8: a transformer block on a batch of 16 sequences of 64 steps.

use wengert::nn::attention::causal_mask;
use wengert::nn::transformer::TransformerEncoderLayer;
use wengert::prelude::*;

use crate::train::{Step, part, with_adam};

const SHAPE: [usize; 3] = [16, 64, 128];

pub fn block(threads: usize) -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let [batch, time, width] = SHAPE;
    let model = TransformerEncoderLayer::new(width, 4, 4 * width, &mut rng).with_norm_first();
    let [x, y]: [Tensor; 2] = [(); 2].map(|()| rng.normal(SHAPE, 0.0, 1.0));
    let mask = causal_mask(time, time);
    with_adam(threads, batch, model, move |t, model, shard| {
        let x = t.constant(&part(&x, shard));
        mse(model.forward(x, Some(&mask)), &part(&y, shard))
    })
}
