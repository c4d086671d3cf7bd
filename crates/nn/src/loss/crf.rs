//! `LinearChainCrf`: tags that depend on their neighbours.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::masked::length_mask;
use crate::argmax::argmax;
use crate::init;

/// A linear-chain conditional random field: a distribution over sequences of tags, each of which
/// depends on what was seen and on the tag before it.
///
/// Emissions x are \[B, T, K\], the score of each of K tags at each step; tags y are \[B, T\].
///
/// ```text
/// s(x, y)  = start[y_1] + Σ_t x[t, y_t] + Σ_t transitions[y_t, y_t+1] + end[y_T]
/// ln p(y|x) = s(x, y) − ln Σ_y' exp s(x, y')
/// ```
///
/// All three start uniform in (−0.1, 0.1).
///
/// Source: Lafferty, McCallum and Pereira 2001, *Conditional random fields*; the form of Lample et al.
/// 2016, *Neural architectures for named entity recognition*, section 2.2.
///
/// ```
/// use wengert_nn::loss::LinearChainCrf;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let crf = LinearChainCrf::new(3, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let emissions = tape.zeros([2, 4, 3]);
/// let tags = Tensor::from([[0, 1, 2, 0], [1, 1, 0, 0]]);
/// let loss = crf.bind(&tape).negative_log_likelihood(emissions, &tags, &[4, 2]);
/// assert_eq!(loss.shape(), [2]);
/// assert!(loss.value().iter().all(|loss| loss > 0.0));
/// ```
#[doc(alias = "CRF")]
#[derive(Tree, Clone, Debug)]
pub struct LinearChainCrf<P = Tensor> {
    /// The score of each pair of neighbours \[K, K\]: from the row's tag to the column's.
    pub transitions: P,
    /// The score of each first tag \[K\].
    pub start: P,
    /// The score of each last tag \[K\].
    pub end: P,
}

impl LinearChainCrf {
    /// A field over so many tags, in `f32`.
    pub fn new(tags: usize, rng: &mut Rng) -> Self {
        LinearChainCrf {
            transitions: init::uniform([tags, tags], 0.1, rng),
            start: init::uniform([tags], 0.1, rng),
            end: init::uniform([tags], 0.1, rng),
        }
    }
}

impl<'t, T: Float> LinearChainCrf<Var<'t, T>> {
    /// ln Σ exp s(x, y) over all sequences of tags y, \[B\]. Of row b the first `lengths[b]` steps count.
    ///
    /// # Panics
    /// If the emissions are not \[B, T, K\], there are not B lengths, or one is 0 or greater than T.
    #[track_caller]
    pub fn log_partition(&self, emissions: Var<'t, T>, lengths: &[usize]) -> Var<'t, T> {
        let [batch, time, _] = self.check(emissions, lengths);
        let mut alpha = self.start + emissions.select(1, 0);
        for t in 1..time {
            // [B, from, to]
            let scores = alpha.unsqueeze(2) + self.transitions;
            let next = scores.logsumexp(&[1], false) + emissions.select(1, t as isize);
            let goes_on = Tensor::from_fn([batch, 1], |at| t < lengths[at[0]]);
            alpha = next.where_(&goes_on, alpha);
        }
        (alpha + self.end).logsumexp(&[1], false)
    }

    /// s(x, y), \[B\]. Tags \[B, T\] after the end of a row may be anything.
    ///
    /// # Panics
    /// As [`log_partition`](LinearChainCrf::log_partition), and if the tags are not \[B, T\], or one that
    /// counts is none of K.
    #[track_caller]
    pub fn score(
        &self,
        emissions: Var<'t, T>,
        tags: &Tensor<i64>,
        lengths: &[usize],
    ) -> Var<'t, T> {
        let [batch, time, count] = self.check(emissions, lengths);
        assert!(
            tags.shape().dims() == [batch, time],
            "crf: tags are [{batch}, {time}], not {}",
            tags.shape()
        );
        // What does not count need not be a tag.
        let tag = |row: usize, t: usize| match t < lengths[row] {
            true => tags.get(&[row as isize, t as isize]).unwrap_or(-1),
            false => 0,
        };
        for row in 0..batch {
            for t in 0..time {
                let tag = tag(row, t);
                assert!(
                    usize::try_from(tag).is_ok_and(|tag| tag < count),
                    "crf: the tag {tag} of row {row} at step {t} is none of {count}"
                );
            }
        }
        let mask = length_mask(lengths, time);
        let seen = Tensor::from_fn([batch, time, 1], |at| tag(at[0], at[1]));
        let emitted = emissions.gather(2, &seen).squeeze(2).where_(&mask, 0.0);
        let first = Tensor::from_fn([batch], |at| tag(at[0], 0));
        let last = Tensor::from_fn([batch], |at| tag(at[0], lengths[at[0]] - 1));
        let pairs = Tensor::from_fn([batch, time - 1], |at| {
            tag(at[0], at[1]) * count as i64 + tag(at[0], at[1] + 1)
        });
        let moved = self.transitions.reshape(&[-1]).rows(&pairs);
        let moved = moved.where_(&mask.slice(1, 1..), 0.0);
        emitted.sum_axes(&[1], false)
            + moved.sum_axes(&[1], false)
            + self.start.rows(&first)
            + self.end.rows(&last)
    }

    /// −ln p(y|x) of each row, in nats, \[B\].
    ///
    /// # Panics
    /// As [`score`](LinearChainCrf::score).
    #[track_caller]
    pub fn negative_log_likelihood(
        &self,
        emissions: Var<'t, T>,
        tags: &Tensor<i64>,
        lengths: &[usize],
    ) -> Var<'t, T> {
        self.log_partition(emissions, lengths) - self.score(emissions, tags, lengths)
    }

    #[track_caller]
    fn check(&self, emissions: Var<'t, T>, lengths: &[usize]) -> [usize; 3] {
        check(emissions.shape().dims(), self.start.shape().dims(), lengths)
    }
}

impl<T: Float> LinearChainCrf<Tensor<T>> {
    /// The likeliest tags of each row, and their scores s(x, y). Of row b the first `lengths[b]` steps
    /// count.
    ///
    /// Source: Viterbi 1967, *Error bounds for convolutional codes*.
    ///
    /// ```
    /// use wengert_nn::loss::LinearChainCrf;
    /// use wengert_tensor::Tensor;
    /// let crf = LinearChainCrf {
    ///     transitions: Tensor::<f64>::from([[0.0, -9.0], [-9.0, 0.0]]),
    ///     start: Tensor::zeros([2]),
    ///     end: Tensor::zeros([2]),
    /// };
    /// let emissions = Tensor::from([[[1.0, 0.0], [0.0, 2.0], [5.0, 0.0]]]);
    /// assert_eq!(crf.viterbi(&emissions, &[3]), [(vec![0, 0, 0], 6.0)]);
    /// ```
    ///
    /// # Panics
    /// If the emissions are not \[B, T, K\], there are not B lengths, or one is 0 or greater than T.
    #[track_caller]
    pub fn viterbi(&self, emissions: &Tensor<T>, lengths: &[usize]) -> Vec<(Vec<usize>, f64)> {
        let dims = emissions.shape().dims();
        let [_, time, count] = check(dims, self.start.shape().dims(), lengths);
        let numbers = |x: &Tensor<T>| -> Vec<f64> { x.iter().map(|x| x.to_f64()).collect() };
        let (x, moves) = (numbers(emissions), numbers(&self.transitions));
        let (start, end) = (numbers(&self.start), numbers(&self.end));
        let rows = lengths.iter().enumerate();
        rows.map(|(row, &len)| {
            let seen = |t: usize, tag: usize| x[(row * time + t) * count + tag];
            let mut best: Vec<f64> = (0..count).map(|tag| start[tag] + seen(0, tag)).collect();
            let mut from = Vec::with_capacity(len);
            for t in 1..len {
                let step = |tag: usize| {
                    let scores: Vec<f64> = (0..count)
                        .map(|before| best[before] + moves[before * count + tag])
                        .collect();
                    let before = argmax(&scores);
                    (before, scores[before] + seen(t, tag))
                };
                let (before, next): (Vec<usize>, Vec<f64>) = (0..count).map(step).unzip();
                from.push(before);
                best = next;
            }
            for tag in 0..count {
                best[tag] += end[tag];
            }
            let mut tag = argmax(&best);
            let score = best[tag];
            let mut tags = vec![tag];
            for before in from.iter().rev() {
                tag = before[tag];
                tags.push(tag);
            }
            tags.reverse();
            (tags, score)
        })
        .collect()
    }
}

#[track_caller]
fn check(emissions: &[usize], tags: &[usize], lengths: &[usize]) -> [usize; 3] {
    let (&[batch, time, count], &[known]) = (emissions, tags) else {
        panic!("crf: emissions are [B, T, K], not {emissions:?}");
    };
    assert!(
        count == known && count > 0,
        "crf: emissions have {count} tags, the field has {known}"
    );
    assert!(
        lengths.len() == batch,
        "crf: {} lengths beside {batch} rows",
        lengths.len()
    );
    for (row, &len) in lengths.iter().enumerate() {
        assert!(
            (1..=time).contains(&len),
            "crf: row {row} is {len} long, of {time} steps"
        );
    }
    [batch, time, count]
}
