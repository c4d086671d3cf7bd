//! A network that reads one character after another and says the next, and the counts that it has to
//! beat.

use std::collections::BTreeMap;

use wengert::prelude::*;

/// Characters as vectors, an LSTM, and a score for each character that may come next.
#[derive(Tree, Clone)]
pub struct Writer<P = Tensor> {
    pub embedding: Embedding<P>,
    pub rnn: Lstm<P>,
    pub head: Linear<P>,
}

/// What a writer remembers between two pieces of text.
pub type Memory = Option<State<LstmState<Tensor>>>;

impl Writer {
    pub fn new(characters: usize, width: usize, hidden: usize, rng: &mut Rng) -> Self {
        Writer {
            embedding: Embedding::new(characters, width, rng),
            rnn: Lstm::new(width, hidden, rng).with_forget_bias(1.0),
            head: Linear::new(hidden, characters, rng),
        }
    }

    /// What comes next in each row, drawn by the scores divided by a temperature. `last` are the
    /// characters \[B\] before.
    pub fn write(
        &self,
        tape: &mut Tape,
        last: &[i64],
        memory: &mut Memory,
        temperature: f64,
        rng: &mut Rng,
    ) -> Vec<i64> {
        let read = Tensor::from(last).unsqueeze(1);
        let (chances, next) = tape.evaluate(self, |t, m| {
            let before = t.bind_where(&*memory, |_| false);
            let (scores, state) = m.scores(&read, before);
            let chances = (scores.squeeze(1) / temperature).softmax(-1);
            (chances.value().to_rows(), state.value())
        });
        *memory = Some(next);
        let draw = |row: Vec<f32>| {
            let chances: Vec<f64> = row.into_iter().map(f64::from).collect();
            rng.choose(&chances) as i64
        };
        chances.into_iter().map(draw).collect()
    }
}

impl<'t> Writer<Var<'t>> {
    /// Characters \[B, T\] → scores of the next ones \[B, T, V\], and the state after them.
    pub fn scores(
        &self,
        characters: &Tensor<i64>,
        before: Option<State<LstmState<Var<'t>>>>,
    ) -> (Var<'t>, State<LstmState<Var<'t>>>) {
        let (h, state) = self.rnn.run(self.embedding.forward(characters), before);
        (self.head.forward(h), state)
    }
}

/// How often each character came after each few characters.
pub struct Counts {
    /// How many characters are looked at, the one that comes next included.
    order: usize,
    characters: usize,
    table: BTreeMap<Vec<i64>, Vec<f64>>,
}

impl Counts {
    /// Counts in texts, before which character number 0 is thought.
    pub fn of(texts: &[Vec<i64>], order: usize, characters: usize) -> Self {
        let mut table = BTreeMap::new();
        for text in texts {
            for (before, next) in places(text, order) {
                let row = table.entry(before).or_insert_with(|| vec![0.0; characters]);
                row[next as usize] += 1.0;
            }
        }
        Counts {
            order,
            characters,
            table,
        }
    }

    /// The mean −ln p of the characters of texts, where `more` is added to each count.
    pub fn nats(&self, texts: &[Vec<i64>], more: f64) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        let none = vec![0.0; self.characters];
        for text in texts {
            for (before, next) in places(text, self.order) {
                let row = self.table.get(&before).unwrap_or(&none);
                let all = row.iter().sum::<f64>() + more * self.characters as f64;
                sum -= ((row[next as usize] + more) / all).ln();
                count += 1.0;
            }
        }
        sum / count
    }

    /// The mean −ln p of test texts, with the addition that is the best for validation texts.
    pub fn best(&self, validation: &[Vec<i64>], test: &[Vec<i64>]) -> f64 {
        let tried = [1.0, 0.3, 0.1, 0.03, 0.01].map(|more| (self.nats(validation, more), more));
        let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        self.nats(test, best.expect("some are tried").1)
    }
}

/// Each character of a text with those before it.
fn places(text: &[i64], order: usize) -> impl Iterator<Item = (Vec<i64>, i64)> {
    text.iter().enumerate().map(move |(at, &next)| {
        let missing = (order - 1).saturating_sub(at);
        let mut before = vec![0; missing];
        before.extend(&text[at + missing + 1 - order..at]);
        (before, next)
    })
}
