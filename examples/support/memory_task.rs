//! An end-to-end memory network on a task of bAbI: its batches, its training and its test.

use std::path::Path;

use super::Outcome;
use super::babi::{self, Question};
use super::seeds::Ticker;
use wengert::compose::{CrossEntropy, cross_entropy_with};
use wengert::nn::data::{Batches, Vocabulary};
use wengert::nn::memory::EndToEndMemory;
use wengert::prelude::*;

/// The sentences that fit into the memory; of a longer story the last ones.
pub const MEMORY: usize = 50;

/// How a network is trained: by plain gradient descent on the summed loss of a batch.
#[derive(Clone, Copy)]
pub struct Training {
    /// The epochs without the softmax over the memory ("linear start"), and their learning rate.
    pub linear: usize,
    pub linear_rate: f64,
    /// The epochs with it, and the learning rate at their start.
    pub epochs: usize,
    pub rate: f64,
    /// The learning rate is halved after each so many epochs.
    pub half_life: usize,
    pub batch: usize,
    /// The bound of the gradients' norm.
    pub max_norm: f64,
}

/// A task, in numbers of words.
pub struct Task {
    pub vocabulary: Vocabulary,
    pub train: Vec<Question>,
    pub validation: Vec<Question>,
    pub test: Vec<Question>,
    /// The most words of a sentence.
    words: usize,
}

/// What a network makes of some questions.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The share of wrong answers.
    pub error: f64,
    /// The mean cross entropy, in nats.
    pub loss: f64,
    /// For each hop, the mean weight of the sentences that tell the answer.
    pub on_facts: Vec<f64>,
    /// For each hop, the share of questions for which the greatest weight is on such a sentence.
    pub peaks: Vec<f64>,
}

impl Task {
    /// The task from its files in a folder. A tenth of the training questions, by chance, is kept
    /// for validation.
    pub fn load(folder: &Path, number: usize, rng: &mut Rng) -> Outcome<Self> {
        let parts = babi::load(folder, number)?;
        Ok(Task::new(babi::numbered(parts, false)?, rng))
    }

    pub fn new(
        (vocabulary, [mut train, test]): (Vocabulary, [Vec<Question>; 2]),
        rng: &mut Rng,
    ) -> Self {
        let all = train.iter().chain(&test);
        let sentences = all.flat_map(|question| question.sentences.iter().chain([&question.asked]));
        let words = sentences.map(Vec::len).max().unwrap_or(0);
        rng.shuffle(&mut train);
        Task {
            validation: train.split_off(train.len() - train.len() / 10),
            vocabulary,
            train,
            test,
            words,
        }
    }

    /// Stories \[B, M, W\] with the latest sentence last, and questions \[B, W\]. Where there is a
    /// generator it puts a few empty sentences between those of a story, so that the network does
    /// not rely on their exact ages ("random noise").
    pub fn batch(
        &self,
        questions: &[&Question],
        mut noise: Option<&mut Rng>,
    ) -> (Tensor<i64>, Tensor<i64>) {
        let mut story = |question: &&Question| -> Vec<Vec<i64>> {
            let told = &question.sentences;
            let mut story = told[told.len().saturating_sub(MEMORY)..].to_vec();
            if let Some(rng) = &mut noise {
                for _ in 0..rng.below(story.len().div_ceil(10) + 1) {
                    story.insert(rng.below(story.len() + 1), Vec::new());
                }
                story.drain(..story.len().saturating_sub(MEMORY));
            }
            story
        };
        let stories: Vec<_> = questions.iter().map(&mut story).collect();
        let memory = stories.iter().map(Vec::len).max().unwrap_or(0);
        let mut words = Vec::with_capacity(questions.len() * memory * self.words);
        for story in &stories {
            words.resize(words.len() + (memory - story.len()) * self.words, 0);
            for sentence in story {
                words.extend(self.padded(sentence));
            }
        }
        let asked = questions
            .iter()
            .flat_map(|question| self.padded(&question.asked));
        let rows = questions.len() as isize;
        (
            Tensor::from(words).reshape(&[rows, memory as isize, -1]),
            Tensor::from(asked.collect::<Vec<_>>()).reshape(&[rows, -1]),
        )
    }

    fn padded(&self, sentence: &[i64]) -> impl Iterator<Item = i64> {
        let padding = std::iter::repeat_n(0, self.words - sentence.len());
        sentence.iter().copied().chain(padding)
    }

    /// Trains a network.
    pub fn train(
        &self,
        network: &mut EndToEndMemory,
        training: Training,
        rng: &mut Rng,
        ticker: &Ticker,
    ) {
        // Stories of about one length together: little of a batch is padding.
        let lengths: Vec<usize> = self
            .train
            .iter()
            .map(|q| q.sentences.len().min(MEMORY))
            .collect();
        let sum = CrossEntropy {
            reduction: Reduction::Sum,
            ..CrossEntropy::default()
        };
        let (mut tape, mut sgd) = (Tape::new(), Sgd::new(training.rate));
        for epoch in 0..training.linear + training.epochs {
            network.linear = epoch < training.linear;
            sgd.learning_rate = match epoch.checked_sub(training.linear) {
                None => training.linear_rate,
                Some(epoch) => training.rate * 0.5f64.powi((epoch / training.half_life) as i32),
            };
            let mut mean = 0.0;
            for rows in Batches::by_length(&lengths, training.batch, rng) {
                let questions = rows.iter().map(|row| &self.train[row as usize]);
                let questions: Vec<&Question> = questions.collect();
                let (stories, asked) = self.batch(&questions, Some(rng));
                let (loss, mut grads) = tape.value_and_grad(&*network, |_, network| {
                    let logits = network.forward(&stories, &asked).logits;
                    cross_entropy_with(logits, &answers(&questions), sum)
                });
                clip_by_global_norm(&mut grads, training.max_norm);
                sgd.step(network, &grads);
                mean += f64::from(loss) / self.train.len() as f64;
            }
            ticker.tick(|| format!("loss {mean:.4}"));
        }
    }

    /// What a network makes of these questions.
    pub fn judge(&self, network: &EndToEndMemory, questions: &[Question]) -> Judged {
        let hops = network.hops;
        let (mut wrong, mut loss) = (0, 0.0);
        let (mut on_facts, mut peaks) = (vec![0.0; hops], vec![0.0; hops]);
        for part in questions.chunks(100) {
            let part: Vec<&Question> = part.iter().collect();
            let (stories, asked) = self.batch(&part, None);
            Tape::new().evaluate(network, |_, network| {
                let answer = network.forward(&stories, &asked);
                let answers = answers(&part);
                wrong += answer.logits.argmax(-1).ne(&answers).count();
                let mean = cross_entropy(answer.logits, &answers).item();
                loss += f64::from(mean) * part.len() as f64;
                for (hop, weights) in answer.weights.iter().enumerate() {
                    let (highest, weights) = (weights.argmax(-1), weights.value());
                    let memory = weights.shape()[1];
                    for (row, question) in part.iter().enumerate() {
                        // The last sentence is the last memory.
                        let place =
                            |fact: &usize| (memory + fact).checked_sub(question.sentences.len());
                        for place in question.facts.iter().filter_map(place) {
                            on_facts[hop] += f64::from(weights[[row, place]]);
                            peaks[hop] += f64::from(highest[[row]] == place as i64);
                        }
                    }
                }
            });
        }
        let count = questions.len() as f64;
        let share = |sums: Vec<f64>| sums.into_iter().map(|sum| sum / count).collect();
        Judged {
            error: wrong as f64 / count,
            loss: loss / count,
            on_facts: share(on_facts),
            peaks: share(peaks),
        }
    }

    /// What each hop looks at, sentence by sentence, and the answer.
    pub fn look(&self, network: &EndToEndMemory, question: &Question) -> (Vec<Vec<f64>>, i64) {
        let (story, asked) = self.batch(&[question], None);
        Tape::new().evaluate(network, |_, network| {
            let answer = network.forward(&story, &asked);
            let weights = |hop: &Var<'_>| hop.value().iter().map(f64::from).collect();
            let weights = answer.weights.iter().map(weights).collect();
            (weights, answer.logits.argmax(-1).item())
        })
    }
}

/// The answers \[B\].
pub fn answers(questions: &[&Question]) -> Tensor<i64> {
    Tensor::from_fn([questions.len()], |at| questions[at[0]].answer)
}
