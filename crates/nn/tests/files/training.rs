//! A training with everything that has to last: state leaves, dropout, moments, a rate that falls, an
//! order of the data.

use wengert_nn::data::Batches;
use wengert_nn::files::{Checkpoint, FileError};
use wengert_nn::{Adam, BatchNorm, Dropout, Gru, Linear};
use wengert_tape::tree::Tree;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Rng, Tensor};

#[derive(Tree, Clone, Debug)]
pub struct Model<P = Tensor> {
    rnn: Gru<P>,
    norm: BatchNorm<P>,
    dropout: Dropout,
    head: Linear<P>,
}

impl<'t, T: Float> Model<Var<'t, T>> {
    fn predict(&self, x: Var<'t, T>) -> Var<'t, T> {
        let h = self.norm.forward(self.rnn.last(x, None).h());
        self.head.forward(self.dropout.forward(h))
    }
}

pub struct Training {
    pub model: Model,
    pub adam: Adam,
    pub rng: Rng,
    pub tape: Tape<f32>,
    pub batches: Batches,
    pub step: u64,
    pub losses: Vec<f64>,
    pub best: Option<f64>,
    x: Tensor,
    y: Tensor,
}

impl Training {
    /// The seed is that of the weights; the data are always the same.
    pub fn new(seed: u64) -> Self {
        let data = &mut Rng::seed_from_u64(100);
        let (x, y) = (
            data.normal([23, 4, 3], 0.0, 1.0),
            data.normal([23, 1], 0.0, 1.0),
        );
        let mut rng = Rng::seed_from_u64(seed);
        let model = Model {
            rnn: Gru::new(3, 6, &mut rng),
            norm: BatchNorm::new(6),
            dropout: Dropout::new(0.3),
            head: Linear::new(6, 1, &mut rng),
        };
        let tape = Tape::new();
        tape.set_rng(rng.split(1));
        Training {
            model,
            adam: Adam::new(0.01).with_amsgrad(),
            batches: Batches::shuffled(23, 5, &mut rng),
            rng,
            tape,
            step: 0,
            losses: Vec::new(),
            best: None,
            x,
            y,
        }
    }

    pub fn step(&mut self) -> f64 {
        let rows = self.batches.next().unwrap_or_else(|| {
            self.batches = Batches::shuffled(23, 5, &mut self.rng);
            self.batches.next().expect("a batch")
        });
        let (x, y) = (self.x.index_select(0, &rows), self.y.index_select(0, &rows));
        let (loss, grads) = self.tape.value_and_grad(&self.model, |t, m| {
            let error = m.predict(t.constant(&x)) - &y;
            (error * error).mean()
        });
        self.adam.step(&mut self.model, &grads);
        self.adam.learning_rate *= 0.999;
        self.step += 1;
        let loss = loss.to_f64();
        self.losses.push(loss);
        if self.best.is_none_or(|best| loss < best) {
            self.best = Some(loss);
        }
        loss
    }

    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new()
            .model("model", &self.model)
            .optimizer("adam", &self.adam)
            .part("rng", &self.rng)
            .part("tape", &self.tape)
            .part("batches", &self.batches)
            .part("step", &self.step)
            .part("losses", &self.losses)
            .part("best", &self.best)
    }

    pub fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), FileError> {
        checkpoint
            .restore()
            .model("model", &mut self.model)
            .optimizer("adam", &mut self.adam)
            .part("rng", &mut self.rng)
            .part("tape", &mut self.tape)
            .part("batches", &mut self.batches)
            .part("step", &mut self.step)
            .part("losses", &mut self.losses)
            .part("best", &mut self.best)
            .finish()
    }

    /// All that lasts, as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.checkpoint().write_to(&mut bytes).expect("bytes");
        bytes
    }
}
