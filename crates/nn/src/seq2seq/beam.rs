//! `beam_search`: several hypotheses for each row.

use wengert_tape::Tape;
use wengert_tensor::{Float, Tensor};

use super::decoder::{Decoder, Hypothesis, Onward, Until, decode};

/// How a beam is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeamOptions {
    /// How many hypotheses go on at each step, for each row.
    pub width: usize,
    /// How many are returned for each row, at most.
    pub n_best: usize,
    /// α of the [`length_penalty`]; with 0, hypotheses are compared by their probability.
    pub length_penalty: f64,
    /// Whether a row ends as soon as `width` of its hypotheses are finished. Without it, it ends when
    /// none that goes on can become one of the `n_best`, so that going on would change nothing.
    pub early: bool,
}

impl BeamOptions {
    /// A beam of this width, of which the best hypothesis is returned, without a length penalty.
    pub fn new(width: usize) -> Self {
        BeamOptions {
            width,
            n_best: 1,
            length_penalty: 0.0,
            early: false,
        }
    }
}

/// ((5 + length) / 6)^α: what the logarithm of a hypothesis' probability is divided by, so that long
/// ones, which are less probable by their length alone, have a chance.
///
/// Source: Wu et al. 2016, *Google's neural machine translation system*, equation 14.
///
/// ```
/// use wengert_nn::seq2seq::length_penalty;
/// assert_eq!((length_penalty(1, 0.6), length_penalty(7, 1.0)), (1.0, 2.0));
/// ```
pub fn length_penalty(length: usize, alpha: f64) -> f64 {
    ((5.0 + length as f64) / 6.0).powf(alpha)
}

/// The best hypotheses of each row, the best first, by a search that goes on with the `width` most
/// probable ones at every step.
///
/// At each step all continuations of a row's hypotheses are compared. Those that end are finished if
/// they are among the `width` most probable of all; the `width` most probable of the others go on.
/// Of equal ones those of the earlier hypothesis, then those of the smaller token, come first. What has
/// reached the greatest length is a result too, and says that it is not finished. The length that
/// counts for the penalty is that of the tokens with the end. Tokens with probability 0 are never
/// taken, so a row may have fewer results than `n_best`.
///
/// `first` \[B\] are the tokens of the first step, and the state is that of B rows, or of one row that
/// stands for all. Rows that are done are not computed any more, and each step gives its memory on the
/// tape back.
///
/// Source: Lowerre 1976, *The Harpy speech recognition system* (beam search); Sutskever, Vinyals and Le
/// 2014, *Sequence to sequence learning with neural networks*, section 3.2.
///
/// ```
/// use wengert_nn::seq2seq::{BeamOptions, Positions, TransformerDecoder, Until, beam_search};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let decoder = TransformerDecoder::new(7, 8, 2, 16, 2, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let decoder = decoder.bind(&tape);
/// let memory = decoder.memory_of(tape.ones([2, 5, 8]), None);
/// let options = BeamOptions { n_best: 2, length_penalty: 0.6, ..BeamOptions::new(4) };
/// let start = decoder.start(&memory);
/// let found = beam_search(&tape, &decoder, &memory, start, &Tensor::from([6, 6]), Until::end(0, 9), options);
/// assert_eq!((found.len(), found[0].len()), (2, 2));
/// assert!(found[0][0].score >= found[0][1].score);
/// ```
///
/// # Panics
/// If `width` or `n_best` is 0, `n_best` is greater than `width`, the length penalty is not finite,
/// `first` is not \[B\], the state is not of B rows, a score is NaN, or all scores
/// of a row are −∞.
#[track_caller]
pub fn beam_search<'t, T: Float, D: Decoder<'t, T>>(
    tape: &'t Tape<T>,
    decoder: &D,
    memory: &D::Memory,
    state: D::State,
    first: &Tensor<i64>,
    until: Until,
    options: BeamOptions,
) -> Vec<Vec<Hypothesis>> {
    let BeamOptions { width, n_best, .. } = options;
    assert!(
        0 < n_best && n_best <= width,
        "beam search: {n_best} best of a beam of width {width}"
    );
    assert!(
        options.length_penalty.is_finite(),
        "beam search: the length penalty is {}",
        options.length_penalty
    );
    let mut search = Search {
        beams: vec![Beam::default(); first.size()],
        until,
        options,
    };
    if until.max_len > 0 {
        decode(
            tape,
            decoder,
            memory,
            state,
            first,
            &mut |scores, vocabulary| search.step(scores, vocabulary),
        );
    }
    search.beams.into_iter().map(|beam| beam.found).collect()
}

struct Search {
    beams: Vec<Beam>,
    until: Until,
    options: BeamOptions,
}

/// The hypotheses of a row of the batch.
#[derive(Clone)]
struct Beam {
    /// Those that go on, in the order of the rows of the next step.
    live: Vec<Live>,
    /// Finished ones, the best first.
    found: Vec<Hypothesis>,
    /// How many were finished.
    finished: usize,
}

#[derive(Clone, Default)]
struct Live {
    tokens: Vec<i64>,
    log_probability: f64,
}

/// A hypothesis and a token more.
#[derive(Clone, Copy)]
struct Continuation {
    log_probability: f64,
    hypothesis: usize,
    token: usize,
}

impl Default for Beam {
    fn default() -> Self {
        Beam {
            live: vec![Live::default()],
            found: Vec::new(),
            finished: 0,
        }
    }
}

impl Search {
    /// A step of all rows: the scores have a row for each live hypothesis of each beam.
    fn step(&mut self, scores: &[f64], vocabulary: usize) -> Onward {
        let mut onward = Onward {
            rows: Vec::new(),
            tokens: Vec::new(),
        };
        let mut row = 0;
        for beam in &mut self.beams {
            let rows = beam.live.len();
            let scores = &scores[row * vocabulary..(row + rows) * vocabulary];
            let from = beam.step(scores, vocabulary, self.until, self.options);
            onward.rows.extend(from.iter().map(|from| row + from));
            let tokens = beam.live.iter().filter_map(|live| live.tokens.last());
            onward.tokens.extend(tokens);
            row += rows;
        }
        onward
    }
}

impl Beam {
    /// A step of one row; of which hypothesis each one that goes on is a continuation.
    fn step(
        &mut self,
        scores: &[f64],
        vocabulary: usize,
        until: Until,
        options: BeamOptions,
    ) -> Vec<usize> {
        let (mut live, mut from) = (Vec::new(), Vec::new());
        for (rank, next) in self
            .best(scores, vocabulary, options.width.saturating_mul(2))
            .enumerate()
        {
            let tokens = &self.live[next.hypothesis].tokens;
            let length = tokens.len() + 1;
            if until.end == Some(next.token as i64) {
                if rank < options.width {
                    let tokens = tokens.clone();
                    self.finished += 1;
                    self.keep(tokens, next.log_probability, length, true, options);
                }
            } else if live.len() < options.width {
                let mut tokens = tokens.clone();
                tokens.push(next.token as i64);
                live.push(Live {
                    tokens,
                    log_probability: next.log_probability,
                });
                from.push(next.hypothesis);
            }
        }
        let length = live.first().map_or(0, |live| live.tokens.len());
        if length >= until.max_len && !live.is_empty() {
            for live in std::mem::take(&mut live) {
                self.keep(live.tokens, live.log_probability, length, false, options);
            }
        } else if self.is_done(live.first(), until, options) {
            live.clear();
        }
        from.truncate(live.len());
        self.live = live;
        from
    }

    /// The `count` most probable continuations, the best first.
    fn best(
        &self,
        scores: &[f64],
        vocabulary: usize,
        count: usize,
    ) -> impl Iterator<Item = Continuation> + use<> {
        let mut all = Vec::with_capacity(scores.len());
        for (hypothesis, live) in self.live.iter().enumerate() {
            let scores = &scores[hypothesis * vocabulary..(hypothesis + 1) * vocabulary];
            for (token, score) in scores.iter().enumerate() {
                if *score > f64::NEG_INFINITY {
                    all.push(Continuation {
                        log_probability: live.log_probability + score,
                        hypothesis,
                        token,
                    });
                }
            }
        }
        let order = |a: &Continuation, b: &Continuation| {
            let places = (a.hypothesis, a.token).cmp(&(b.hypothesis, b.token));
            b.log_probability.total_cmp(&a.log_probability).then(places)
        };
        if count < all.len() {
            all.select_nth_unstable_by(count, order);
            all.truncate(count);
        }
        all.sort_unstable_by(order);
        all.into_iter()
    }

    /// Takes in a result, if it is one of the best.
    fn keep(
        &mut self,
        tokens: Vec<i64>,
        log_probability: f64,
        length: usize,
        finished: bool,
        options: BeamOptions,
    ) {
        let score = log_probability / length_penalty(length, options.length_penalty);
        let place = self.found.partition_point(|found| found.score >= score);
        if place < options.n_best {
            self.found.truncate(options.n_best - 1);
            let found = Hypothesis {
                tokens,
                log_probability,
                score,
                finished,
            };
            self.found.insert(place, found);
        }
    }

    /// Whether no hypothesis that goes on, of which `best` is the most probable, is wanted.
    fn is_done(&self, best: Option<&Live>, until: Until, options: BeamOptions) -> bool {
        let Some(best) = best else {
            return true;
        };
        if options.early && self.finished >= options.width {
            return true;
        }
        let Some(worst) = self.found.get(options.n_best - 1) else {
            return false;
        };
        // A probability only falls; of the lengths to come, that with the greatest penalty is best.
        let alpha = options.length_penalty;
        let lengths = [best.tokens.len() + 1, until.max_len];
        let penalty = lengths.map(|length| length_penalty(length, alpha));
        worst.score >= best.log_probability / penalty[0].max(penalty[1])
    }
}
