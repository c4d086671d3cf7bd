//! Pairs of sequences, and an encoder and a decoder that learn to make the second of the first.

use std::path::Path;

use wengert::nn::attention::GeneralScore;
use wengert::nn::data::{Batches, pad};
use wengert::nn::files::{Checkpoint, FileError};
use wengert::nn::loss::{length_mask, masked_cross_entropy};
use wengert::nn::seq2seq::{
    Forcing, Reading, RnnDecoder, RnnDecoderOptions, RnnDecoderSizes, RnnEncoder, Tokens, Until,
    greedy, teacher_forcing,
};
use wengert::prelude::*;

use super::keep::Kept;

/// Sequences of tokens, each with the one that is to be made of it.
#[derive(Clone, Default)]
pub struct Pairs {
    pub sources: Vec<Vec<i64>>,
    pub targets: Vec<Vec<i64>>,
}

impl Pairs {
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// The last `count` pairs on their own.
    pub fn split_off(&mut self, count: usize) -> Pairs {
        let at = self.len() - count;
        Pairs {
            sources: self.sources.split_off(at),
            targets: self.targets.split_off(at),
        }
    }

    /// Some pairs as tensors. Each target is told behind the token `first`, up to its last but one.
    pub fn batch(&self, rows: &Tensor<i64>, first: i64) -> Batch {
        let padded = |sequences: &[Vec<i64>], before: Option<i64>| {
            let sequences: Vec<Tensor<i64>> = rows
                .iter()
                .map(|row| {
                    let sequence = &sequences[row as usize];
                    let told = sequence.len() - usize::from(before.is_some());
                    let tokens = before.iter().chain(&sequence[..told]);
                    Tensor::from(tokens.copied().collect::<Vec<_>>())
                })
                .collect();
            pad(&sequences, 0).expect("there is at least one sequence")
        };
        let (sources, source_lengths) = padded(&self.sources, None);
        let (told, _) = padded(&self.targets, Some(first));
        let (targets, target_lengths) = padded(&self.targets, None);
        Batch {
            sources,
            source_lengths,
            told,
            targets,
            target_lengths,
        }
    }
}

/// Some pairs as tensors \[B, S\] and \[B, T\].
pub struct Batch {
    pub sources: Tensor<i64>,
    pub source_lengths: Vec<usize>,
    /// What the decoder is told: the targets behind a first token.
    pub told: Tensor<i64>,
    pub targets: Tensor<i64>,
    pub target_lengths: Vec<usize>,
}

/// What a translator is like.
#[derive(Clone, Copy)]
pub struct Design {
    /// Tokens of sources and of targets.
    pub words: [usize; 2],
    /// How wide a token's vector is; without it a 1 among zeros.
    pub embedding: Option<usize>,
    pub hidden: usize,
    /// Whether sources are read from their end.
    pub reversed: bool,
    pub reading: Reading,
    /// Whether the decoder looks at the source (Luong, Pham and Manning 2015, `general`).
    pub attention: bool,
}

/// An encoder and a decoder with one LSTM each. The decoder's starts where the encoder's ended.
#[derive(Tree, Clone)]
pub struct Translator<P = Tensor> {
    pub encoder: RnnEncoder<Lstm<P>, P>,
    pub decoder: RnnDecoder<Lstm<P>, GeneralScore<P>, P>,
}

impl Translator {
    pub fn new(design: Design, rng: &mut Rng) -> Self {
        let hidden = design.hidden;
        let tokens = |words, rng: &mut Rng| match design.embedding {
            Some(width) => Tokens::embedded(words, width, rng),
            None => Tokens::one_hot(words),
        };
        let lstm = |inputs, rng: &mut Rng| Lstm::new(inputs, hidden, rng).with_forget_bias(1.0);
        let [source, target] = design.words.map(|words| tokens(words, rng));
        let rnn = lstm(source.width, rng);
        let mut encoder = RnnEncoder::new(source, rnn);
        encoder.reversed = design.reversed;
        let sizes = RnnDecoderSizes {
            hidden,
            source: hidden,
            summary: hidden,
        };
        let options = RnnDecoderOptions {
            reading: design.reading,
            ..RnnDecoderOptions::default()
        };
        let score = GeneralScore::new(hidden, hidden, rng);
        let mut decoder = RnnDecoder::attending(target, score, sizes, options, lstm, rng);
        if !design.attention {
            decoder.attention = None;
        }
        Translator { encoder, decoder }
    }

    /// The targets that the model makes of the sources, the most probable token at every step.
    pub fn translate(&self, pairs: &Pairs, first: i64, until: Until) -> Vec<Vec<i64>> {
        let (mut tape, mut found) = (Tape::new(), Vec::new());
        for rows in Batches::in_order(pairs.len(), 250) {
            let batch = pairs.batch(&rows, first);
            let made = tape.evaluate(self, |t, m| {
                let encoded = m
                    .encoder
                    .forward(t, &batch.sources, Some(&batch.source_lengths));
                let start = m.decoder.start(&encoded.source, Some(encoded.state));
                let first = Tensor::full([rows.size()], first);
                greedy(t, &m.decoder, &encoded.source, start, &first, until)
            });
            found.extend(made.into_iter().map(|made| made.tokens));
        }
        found
    }

    /// What the decoder looks at while it is told the targets: for each pair weights \[T, S\].
    pub fn alignments(&self, pairs: &Pairs, first: i64) -> Vec<Vec<Vec<f64>>> {
        let (mut tape, mut found) = (Tape::new(), Vec::new());
        for rows in Batches::in_order(pairs.len(), 250) {
            let batch = pairs.batch(&rows, first);
            let weights = tape.evaluate(self, |t, m| {
                let lengths = Some(&batch.source_lengths[..]);
                let encoded = m.encoder.forward(t, &batch.sources, lengths);
                let (source, start) = (&encoded.source, Some(encoded.state));
                let start = m.decoder.start(source, start);
                let (_, weights, _) = m.decoder.run_with_weights(&batch.told, source, start);
                weights.expect("the decoder looks").value()
            });
            let lengths = batch.target_lengths.iter().zip(&batch.source_lengths);
            for (row, (&target, &source)) in lengths.enumerate() {
                let weights = weights.select(0, row as isize).slice(0, ..target);
                let steps = weights.slice(1, ..source).to_rows().into_iter();
                let numbers = |step: Vec<f32>| step.into_iter().map(f64::from).collect();
                found.push(steps.map(numbers).collect());
            }
        }
        found
    }

    /// The mean cross entropy of the targets' tokens in nats, each told what came before it.
    pub fn cross_entropy(&self, pairs: &Pairs, first: i64) -> f64 {
        let (mut tape, mut sum, mut count) = (Tape::new(), 0.0, 0);
        for rows in Batches::in_order(pairs.len(), 250) {
            let batch = pairs.batch(&rows, first);
            let loss = tape.evaluate(self, |t, m| m.loss(t, &batch, Forcing::default()).item());
            let tokens: usize = batch.target_lengths.iter().sum();
            sum += f64::from(loss) * tokens as f64;
            count += tokens;
        }
        sum / count as f64
    }
}

impl<'t> Translator<Var<'t>> {
    /// The mean cross entropy of the targets' tokens.
    pub fn loss(&self, tape: &'t Tape, batch: &Batch, forcing: Forcing) -> Var<'t> {
        let lengths = Some(&batch.source_lengths[..]);
        let encoded = self.encoder.forward(tape, &batch.sources, lengths);
        let start = self.decoder.start(&encoded.source, Some(encoded.state));
        let (source, told) = (&encoded.source, &batch.told);
        let (scores, _) = teacher_forcing(&self.decoder, told, source, start, forcing);
        let mask = length_mask(&batch.target_lengths, batch.targets.dim(1));
        masked_cross_entropy(scores, &batch.targets, &mask, 0.0)
    }
}

/// How a translator is trained: by Adam, with a learning rate that falls to 0 along a line, and
/// gradients whose norm is bounded.
#[derive(Clone, Copy)]
pub struct Training {
    pub first: i64,
    pub batch: usize,
    pub epochs: usize,
    pub rate: f64,
    pub most_norm: f64,
    pub forcing: Forcing,
}

impl Training {
    /// Trains a model. `look` is called after each epoch with its number, from 1, and its mean loss.
    pub fn run(
        &self,
        model: &mut Translator,
        pairs: &Pairs,
        rng: &mut Rng,
        mut look: impl FnMut(usize, &Translator, f64),
    ) {
        let look = |epoch, model: &Translator, loss| {
            look(epoch, model, loss);
            0.0
        };
        let kept = self.run_kept(model, pairs, rng, (None, self.epochs), look);
        kept.expect("nothing is written");
    }

    /// [`run`](Self::run) up to the end of an epoch, from the newest checkpoint of a folder on. What `look`
    /// gives after each epoch is kept, and given back.
    pub fn run_kept(
        &self,
        model: &mut Translator,
        pairs: &Pairs,
        rng: &mut Rng,
        (folder, end): (Option<&Path>, usize),
        mut look: impl FnMut(usize, &Translator, f64) -> f64,
    ) -> Result<Vec<f64>, FileError> {
        let (mut tape, mut adam) = (Tape::new(), Adam::new(self.rate));
        tape.set_rng(rng.split(1));
        let lengths: Vec<usize> = pairs.sources.iter().map(Vec::len).collect();
        let steps = self.epochs * pairs.len().div_ceil(self.batch);
        let (mut done, mut course) = (0, Vec::new());
        let mut kept = Kept::in_folder(folder)?;
        if let Some(found) = kept.newest()? {
            let found = found.restore().model("model", &mut *model);
            let found = found.optimizer("adam", &mut adam).part("rng", &mut *rng);
            let found = found.part("tape", &mut tape).part("done", &mut done);
            found.part("course", &mut course).finish()?;
        }
        for epoch in course.len() + 1..=end {
            let (mut sum, mut count) = (0.0, 0);
            for rows in Batches::by_length(&lengths, self.batch, rng) {
                adam.learning_rate = self.rate * (1.0 - done as f64 / steps as f64);
                let batch = pairs.batch(&rows, self.first);
                let (loss, mut grads) =
                    tape.value_and_grad(&*model, |t, m| m.loss(t, &batch, self.forcing));
                clip_by_global_norm(&mut grads, self.most_norm);
                adam.step(model, &grads);
                sum += f64::from(loss);
                count += 1;
                done += 1;
            }
            course.push(look(epoch, model, sum / f64::from(count)));
            kept.save(done, || {
                let now = Checkpoint::new().model("model", &*model);
                let now = now.optimizer("adam", &adam).part("rng", &*rng);
                let now = now.part("tape", &tape).part("done", &done);
                now.part("course", &course)
            })?;
        }
        Ok(course)
    }
}

/// The share of tokens that are right, and that of whole sequences. A missing token is wrong.
pub fn accuracy(made: &[Vec<i64>], wanted: &[Vec<i64>]) -> (f64, f64) {
    let (mut right, mut tokens, mut whole) = (0, 0, 0);
    for (made, wanted) in made.iter().zip(wanted) {
        right += made.iter().zip(wanted).filter(|(a, b)| a == b).count();
        tokens += wanted.len();
        whole += usize::from(made == wanted);
    }
    let share = |part: usize, all: usize| part as f64 / all as f64;
    (share(right, tokens), share(whole, wanted.len()))
}
