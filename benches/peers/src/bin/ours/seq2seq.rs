//! W7: an encoder and a decoder on a batch of 200 sums by characters, with attention in W7a.

use wengert::nn::attention::{DotScore, Score, attend};
use wengert::prelude::*;
use wengert_peers::measure::Bench;

use crate::train::{Step, part, with_adam, words};

const BATCH: usize = 200;
const VOCABULARY: usize = 12;
const WIDTH: usize = 16;
const HIDDEN: usize = 128;
const QUESTION: usize = 7;
const ANSWER: usize = 4;

pub fn run(bench: &Bench, threads: usize) {
    bench.run("W7", || training(threads, false));
    bench.run("W7a", || training(threads, true));
}

#[derive(Tree, Clone)]
struct Adder<P = Tensor> {
    questions: Embedding<P>,
    answers: Embedding<P>,
    encoder: Lstm<P>,
    decoder: Lstm<P>,
    /// From the decoder's output, and from the context before it where there is attention.
    head: Linear<P>,
    attention: bool,
}

impl<'t> Adder<Var<'t>> {
    /// The mean cross-entropy of the answers \[B, 4\], each character of which is told the ones
    /// before it.
    fn loss(&self, question: &Tensor<i64>, before: &Tensor<i64>, answer: &Tensor<i64>) -> Var<'t> {
        let (seen, state) = self.encoder.run(self.questions.forward(question), None);
        let (mut h, _) = self.decoder.run(self.answers.forward(before), Some(state));
        if self.attention {
            let context = attend(DotScore.scores(h, seen), seen, None).context;
            h = Var::cat(&[context, h], -1);
        }
        cross_entropy(self.head.forward(h), answer)
    }
}

fn training(threads: usize, attention: bool) -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let rng = &mut rng;
    let model = Adder {
        questions: Embedding::new(VOCABULARY, WIDTH, rng),
        answers: Embedding::new(VOCABULARY, WIDTH, rng),
        encoder: Lstm::new(WIDTH, HIDDEN, rng),
        decoder: Lstm::new(WIDTH, HIDDEN, rng),
        head: Linear::new(if attention { 2 * HIDDEN } else { HIDDEN }, VOCABULARY, rng),
        attention,
    };
    let question = words([BATCH, QUESTION], VOCABULARY, rng);
    let [before, answer] = [(); 2].map(|()| words([BATCH, ANSWER], VOCABULARY, rng));
    with_adam(threads, BATCH, model, move |_, model, shard| {
        let [question, before, answer] = [&question, &before, &answer].map(|x| part(x, shard));
        model.loss(&question, &before, &answer)
    })
}
