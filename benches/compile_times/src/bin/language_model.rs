//! A small language model: embedding, LSTM, dropout, layer norm, cross-entropy, clipping, sampling.

use wengert::nn::LayerNorm;
use wengert::prelude::*;

const VOCABULARY: usize = 27;

#[derive(Tree, Clone)]
struct Model<P = Tensor> {
    embedding: Embedding<P>,
    rnn: Lstm<P>,
    norm: LayerNorm<P>,
    dropout: Dropout,
    head: Linear<P>,
}

impl<'t> Model<Var<'t>> {
    /// Logits [B, T, V] of the next symbol, from symbols [B, T].
    fn logits(&self, symbols: &Tensor<i64>) -> Var<'t> {
        let x = self.embedding.forward(symbols);
        let (h, _) = self.rnn.run(x, None);
        self.head
            .forward(self.dropout.forward(self.norm.forward(h)))
    }

    fn loss(&self, symbols: &Tensor<i64>, next: &Tensor<i64>) -> Var<'t> {
        let logits = self.logits(symbols).reshape(&[-1, VOCABULARY as isize]);
        cross_entropy(logits, &next.reshape(&[-1]))
    }
}

fn main() {
    let mut rng = Rng::seed_from_u64(1);
    let mut model: Model = Model {
        embedding: Embedding::new(VOCABULARY, 32, &mut rng),
        rnn: Lstm::new(32, 64, &mut rng),
        norm: LayerNorm::new(64),
        dropout: Dropout::new(0.1),
        head: Linear::new(64, VOCABULARY, &mut rng),
    };
    let mut adam = Adam::new(1e-3);
    let mut tape = Tape::new();
    let text: Vec<i64> = (0..16 * 33).map(|at| (at * at % 27) as i64).collect();
    let text = Tensor::from_vec(text, [16, 33]).expect("16 rows of 33");
    let (symbols, next) = (text.slice(1, 0..32), text.slice(1, 1..33));
    let start = std::time::Instant::now();
    let mut last = 0.0;
    for _ in 0..50 {
        let (loss, mut grads) = tape.value_and_grad(&model, |_, m| m.loss(&symbols, &next));
        clip_by_global_norm(&mut grads, 1.0);
        adam.step(&mut model, &grads);
        last = loss;
    }
    let probabilities = tape.evaluate(&model, |_, m| m.logits(&symbols).softmax(-1).value());
    println!(
        "loss {last:.4}, p {:.4}, {:.3} ms a step",
        probabilities[[0, 0, 0]],
        start.elapsed().as_secs_f64() * 1e3 / 50.0
    );
}
