//! W9: a memory network of three hops over 50 sentences of 10 words, on a batch of 32 questions.

use wengert::prelude::*;

use crate::train::{Step, part, with_adam, words};

const BATCH: usize = 32;
const VOCABULARY: usize = 200;
const WIDTH: usize = 50;
const HOPS: usize = 3;

#[derive(Tree, Clone)]
struct Network<P = Tensor> {
    keys: Embedding<P>,
    values: Embedding<P>,
    questions: Embedding<P>,
    between: Linear<P>,
    head: Linear<P>,
}

impl<'t> Network<Var<'t>> {
    /// stories \[B, M, W\], questions \[B, W\] → \[B, V\]
    fn logits(&self, stories: &Tensor<i64>, questions: &Tensor<i64>) -> Var<'t> {
        let keys = self.keys.forward(stories).sum_axes(&[2], false);
        let values = self.values.forward(stories).sum_axes(&[2], false);
        let mut u = self.questions.forward(questions).sum_axes(&[1], false);
        for _ in 0..HOPS {
            let weights = keys.matmul(u.unsqueeze(-1)).squeeze(-1).softmax(-1);
            let seen = weights.unsqueeze(1).matmul(values).squeeze(1);
            u = self.between.forward(u) + seen;
        }
        self.head.forward(u)
    }
}

pub fn network(threads: usize) -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let rng = &mut rng;
    let mut table = || Embedding::new(VOCABULARY, WIDTH, rng);
    let (keys, values, questions) = (table(), table(), table());
    let model = Network {
        keys,
        values,
        questions,
        between: Linear::new(WIDTH, WIDTH, rng).without_bias(),
        head: Linear::new(WIDTH, VOCABULARY, rng).without_bias(),
    };
    let stories = words([BATCH, 50, 10], VOCABULARY, rng);
    let asked = words([BATCH, 10], VOCABULARY, rng);
    let answers = words([BATCH], VOCABULARY, rng);
    with_adam(threads, BATCH, model, move |_, model, shard| {
        let logits = model.logits(&part(&stories, shard), &part(&asked, shard));
        cross_entropy(logits, &part(&answers, shard))
    })
}
