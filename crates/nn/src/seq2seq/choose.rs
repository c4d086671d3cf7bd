//! One token a row: the best one, or one that is drawn.

use wengert_tape::Tape;
use wengert_tensor::{Float, Rng, Tensor};

use super::decoder::{Decoder, Hypothesis, Onward, Until, decode};
use crate::argmax::argmax;

/// The most probable token at every step, for each row by itself; of equal ones the first.
///
/// `first` \[B\] are the tokens of the first step. Rows that have ended are not computed any more, and
/// each step gives its memory on the tape back. The result has a hypothesis for each row. In training
/// mode dropout drops.
///
/// See [`Decoder`] for an example.
///
/// # Panics
/// If `first` is not \[B\], the state is not of B rows, a score is NaN, or all scores
/// of a row are −∞.
#[track_caller]
pub fn greedy<'t, T: Float, D: Decoder<'t, T>>(
    tape: &'t Tape<T>,
    decoder: &D,
    memory: &D::Memory,
    state: D::State,
    first: &Tensor<i64>,
    until: Until,
) -> Vec<Hypothesis> {
    let mut rows = Rows::new(first.size(), until);
    if until.max_len > 0 {
        decode(
            tape,
            decoder,
            memory,
            state,
            first,
            &mut |scores, vocabulary| rows.take(scores, vocabulary, &mut argmax),
        );
    }
    rows.found
}

/// A token drawn from the decoder's probabilities at every step, as [`SampleOptions`] change them, by the
/// tape's generator. Everything else is as in [`greedy`].
///
/// The logarithms of probabilities in the result are the decoder's own, unchanged by the options.
///
/// ```
/// use wengert_nn::seq2seq::{RnnDecoder, RnnDecoderOptions, RnnDecoderSizes, RnnEncoder, SampleOptions};
/// use wengert_nn::seq2seq::{Tokens, Until, sample};
/// use wengert_nn::Gru;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let mut rng = Rng::seed_from_u64(1);
/// let encoder = RnnEncoder::new(Tokens::one_hot(7), Gru::new(7, 4, &mut rng));
/// let sizes = RnnDecoderSizes { hidden: 4, source: 4, summary: 4 };
/// let options = RnnDecoderOptions::default();
/// let decoder = RnnDecoder::new(Tokens::one_hot(7), sizes, options, |i, rng| Gru::new(i, 4, rng), &mut rng);
/// let tape = Tape::new();
/// let (encoder, decoder) = (encoder, decoder).bind(&tape);
/// let encoded = encoder.forward(&tape, &Tensor::from([[3, 1, 4], [1, 5, 2]]), None);
/// let start = decoder.start(&encoded.source, Some(encoded.state));
/// let nucleus = SampleOptions { top_p: Some(0.9), ..SampleOptions::default() };
/// let first = Tensor::from([6, 6]);
/// let found = sample(&tape, &decoder, &encoded.source, start, &first, Until::end(0, 9), nucleus);
/// assert!(found.iter().all(|row| row.tokens.len() <= 9 && row.log_probability < 0.0));
/// ```
///
/// # Panics
/// As [`greedy`], and if an option is out of range.
#[track_caller]
pub fn sample<'t, T: Float, D: Decoder<'t, T>>(
    tape: &'t Tape<T>,
    decoder: &D,
    memory: &D::Memory,
    state: D::State,
    first: &Tensor<i64>,
    until: Until,
    options: SampleOptions,
) -> Vec<Hypothesis> {
    options.check();
    let mut rows = Rows::new(first.size(), until);
    if until.max_len > 0 {
        decode(
            tape,
            decoder,
            memory,
            state,
            first,
            &mut |scores, vocabulary| {
                tape.draw(|rng| rows.take(scores, vocabulary, &mut |row| options.draw(row, rng)))
            },
        );
    }
    rows.found
}

/// How probabilities are changed before a token is drawn: first by the temperature, then by `top_k`,
/// then by `top_p`.
///
/// Source: Ackley, Hinton and Sejnowski 1985, *A learning algorithm for Boltzmann machines*
/// (temperature); Fan, Lewis and Dauphin 2018, *Hierarchical neural story generation* (top k);
/// Holtzman et al. 2020, *The curious case of neural text degeneration* (top p).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleOptions {
    /// τ > 0: probabilities become proportional to p^(1/τ). Below 1 the probable ones win, above 1 the
    /// others do.
    pub temperature: f64,
    /// Only the k most probable tokens, of equal ones the first.
    pub top_k: Option<usize>,
    /// Only the nucleus: the fewest tokens, from the most probable one on, that have the probability
    /// p together.
    pub top_p: Option<f64>,
}

impl Default for SampleOptions {
    /// The probabilities as they are.
    fn default() -> Self {
        SampleOptions {
            temperature: 1.0,
            top_k: None,
            top_p: None,
        }
    }
}

impl SampleOptions {
    /// The probabilities that tokens are drawn with, from the logarithms of their probabilities, up to a
    /// constant.
    ///
    /// ```
    /// use wengert_nn::seq2seq::SampleOptions;
    /// let logs = [0.5_f64, 0.3, 0.2].map(f64::ln);
    /// let nucleus = SampleOptions { top_p: Some(0.7), ..SampleOptions::default() };
    /// let p = nucleus.distribution(&logs);
    /// assert!((p[0] - 0.625).abs() < 1e-12 && (p[1] - 0.375).abs() < 1e-12);
    /// assert_eq!(p[2], 0.0);
    /// ```
    ///
    /// # Panics
    /// Unless the temperature is finite and greater than 0, `top_k` greater than 0, and 0 < `top_p` ≤ 1;
    /// and if a logarithm is NaN or +∞, or all are −∞.
    #[track_caller]
    pub fn distribution(&self, log_probabilities: &[f64]) -> Vec<f64> {
        self.check();
        let most = log_probabilities
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        assert!(
            most.is_finite() && !log_probabilities.iter().any(|log| log.is_nan()),
            "sampling: the logarithms are those of no probabilities"
        );
        let power = |log: &f64| ((log - most) / self.temperature).exp();
        let mut p: Vec<f64> = log_probabilities.iter().map(power).collect();
        if self.top_k.is_some() || self.top_p.is_some() {
            let mut order: Vec<usize> = (0..p.len()).collect();
            // By the logarithms, which differ where powers no longer do.
            let log = |at: usize| log_probabilities[at];
            order.sort_by(|&a, &b| log(b).total_cmp(&log(a)).then(a.cmp(&b)));
            let mut kept = self.top_k.unwrap_or(p.len()).min(p.len());
            if let Some(share) = self.top_p {
                let total: f64 = order[..kept].iter().map(|&at| p[at]).sum();
                let mut sum = 0.0;
                let reached = order[..kept].iter().position(|&at| {
                    sum += p[at];
                    sum >= share * total
                });
                kept = reached.map_or(kept, |last| last + 1);
            }
            order[kept..].iter().for_each(|&at| p[at] = 0.0);
        }
        let total: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= total);
        p
    }

    #[track_caller]
    fn check(&self) {
        let SampleOptions {
            temperature,
            top_k,
            top_p,
        } = *self;
        assert!(
            temperature > 0.0 && temperature.is_finite(),
            "sampling: the temperature {temperature} is not greater than 0"
        );
        assert!(top_k != Some(0), "sampling: no token is left of the top 0");
        assert!(
            top_p.is_none_or(|p| p > 0.0 && p <= 1.0),
            "sampling: the nucleus {top_p:?} is not in (0, 1]"
        );
    }

    /// A token by its place.
    pub(super) fn draw(&self, log_probabilities: &[f64], rng: &mut Rng) -> usize {
        rng.choose(&self.distribution(log_probabilities))
    }
}

/// What was found for each row so far.
struct Rows {
    found: Vec<Hypothesis>,
    /// Which row of the batch each row of a step is.
    running: Vec<usize>,
    until: Until,
}

impl Rows {
    fn new(batch: usize, until: Until) -> Self {
        let empty = Hypothesis {
            tokens: Vec::new(),
            log_probability: 0.0,
            score: 0.0,
            finished: false,
        };
        Rows {
            found: vec![empty; batch],
            running: (0..batch).collect(),
            until,
        }
    }

    /// A step: the token that `pick` takes of each row's scores.
    fn take(
        &mut self,
        scores: &[f64],
        vocabulary: usize,
        pick: &mut dyn FnMut(&[f64]) -> usize,
    ) -> Onward {
        let mut onward = Onward {
            rows: Vec::new(),
            tokens: Vec::new(),
        };
        for (at, scores) in scores.chunks(vocabulary).enumerate() {
            let found = &mut self.found[self.running[at]];
            let token = pick(scores);
            found.log_probability += scores[token];
            found.score = found.log_probability;
            let token = token as i64;
            if self.until.end == Some(token) {
                found.finished = true;
                continue;
            }
            found.tokens.push(token);
            if found.tokens.len() < self.until.max_len {
                onward.rows.push(at);
                onward.tokens.push(token);
            }
        }
        self.running = onward.rows.iter().map(|&at| self.running[at]).collect();
        onward
    }
}
