//! How a query is compared with a key.

use wengert_tape::Var;
use wengert_tape::compose::scaled_dot_scores;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::{Attended, attend};
use crate::init;

/// A comparison of queries \[…, Q, D\] with keys \[…, K, E\].
///
/// What depends on the keys alone is a step of its own, so that a decoder, whose queries come one after
/// the other, takes it once.
pub trait Score<'t, T: Float> {
    /// What the comparison needs of the keys, \[…, K, …\]: as a rule the keys.
    #[track_caller]
    fn read_keys(&self, keys: Var<'t, T>) -> Var<'t, T> {
        keys
    }

    /// The scores \[…, Q, K\] of queries with keys that were read.
    #[track_caller]
    fn compare(&self, queries: Var<'t, T>, read: Var<'t, T>) -> Var<'t, T>;

    /// The scores \[…, Q, K\].
    #[track_caller]
    fn scores(&self, queries: Var<'t, T>, keys: Var<'t, T>) -> Var<'t, T> {
        self.compare(queries, self.read_keys(keys))
    }

    /// The weighted means of `values` \[…, K, V\] by these scores; see [`attend`].
    #[track_caller]
    fn attend(
        &self,
        queries: Var<'t, T>,
        keys: Var<'t, T>,
        values: Var<'t, T>,
        mask: Option<&Tensor<bool>>,
    ) -> Attended<'t, T> {
        attend(self.scores(queries, keys), values, mask)
    }
}

/// q · k, of equal widths.
///
/// Source: Luong, Pham and Manning 2015, *Effective approaches to attention-based neural machine
/// translation*, section 3.1, `dot`.
///
/// ```
/// use wengert_nn::attention::{DotScore, Score};
/// use wengert_tape::Tape;
/// let tape = Tape::<f64>::new();
/// let scores = DotScore.scores(tape.ones([5, 2, 4]), tape.ones([5, 3, 4]));
/// assert_eq!(scores.shape(), [5, 2, 3]);
/// assert_eq!(scores.value().get(&[0, 0, 0]), Some(4.0));
/// ```
#[derive(Tree, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DotScore;

impl<'t, T: Float> Score<'t, T> for DotScore {
    /// # Panics
    /// If queries and keys have different widths.
    #[track_caller]
    fn compare(&self, queries: Var<'t, T>, keys: Var<'t, T>) -> Var<'t, T> {
        queries.matmul(keys.transpose(-1, -2))
    }
}

/// q · k / √D, where D is the width.
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, equation 1.
///
/// ```
/// use wengert_nn::attention::{ScaledDotScore, Score};
/// use wengert_tape::Tape;
/// let tape = Tape::<f64>::new();
/// let scores = ScaledDotScore.scores(tape.ones([1, 4]), tape.ones([1, 4]));
/// assert_eq!(scores.item(), 2.0);
/// ```
#[derive(Tree, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScaledDotScore;

impl<'t, T: Float> Score<'t, T> for ScaledDotScore {
    /// # Panics
    /// If queries and keys have different widths.
    #[track_caller]
    fn compare(&self, queries: Var<'t, T>, keys: Var<'t, T>) -> Var<'t, T> {
        scaled_dot_scores(queries, keys, None)
    }
}

/// q W k, with W \[D, E\].
///
/// W starts by Glorot's uniform rule.
///
/// Source: Luong, Pham and Manning 2015, section 3.1, `general`.
///
/// ```
/// use wengert_nn::attention::{GeneralScore, Score};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let score = GeneralScore::new(4, 6, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let scores = score.bind(&tape).scores(tape.ones([2, 4]), tape.ones([3, 6]));
/// assert_eq!(scores.shape(), [2, 3]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct GeneralScore<P = Tensor> {
    /// W \[D, E\].
    pub weight: P,
}

impl GeneralScore {
    /// A comparison of queries of one width with keys of another.
    pub fn new(queries: usize, keys: usize, rng: &mut Rng) -> Self {
        GeneralScore {
            weight: init::glorot_uniform([queries, keys], rng),
        }
    }
}

impl<'t, T: Float> Score<'t, T> for GeneralScore<Var<'t, T>> {
    /// # Panics
    /// If the widths are not D and E.
    #[track_caller]
    fn compare(&self, queries: Var<'t, T>, keys: Var<'t, T>) -> Var<'t, T> {
        DotScore.compare(queries.matmul(self.weight), keys)
    }
}

/// v · tanh(q W + k U + b), with W \[D, A\], U \[E, A\], b and v \[A\].
///
/// W, U and v start by Glorot's uniform rule, b at 0.
///
/// Source: Bahdanau, Cho and Bengio 2015, *Neural machine translation by jointly learning to align
/// and translate*, appendix A.1.2.
///
/// ```
/// use wengert_nn::attention::{AdditiveScore, Score};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let score = AdditiveScore::new(4, 6, 8, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let scores = score.bind(&tape).scores(tape.ones([5, 2, 4]), tape.ones([5, 3, 6]));
/// assert_eq!(scores.shape(), [5, 2, 3]);
/// ```
#[doc(alias = "BahdanauAttention")]
#[derive(Tree, Clone, Debug)]
pub struct AdditiveScore<P = Tensor> {
    /// W \[D, A\].
    pub query: P,
    /// U \[E, A\].
    pub key: P,
    /// b \[A\].
    pub bias: P,
    /// v \[A\].
    pub score: P,
}

impl AdditiveScore {
    /// A comparison of queries of one width with keys of another, through `hidden` units.
    pub fn new(queries: usize, keys: usize, hidden: usize, rng: &mut Rng) -> Self {
        AdditiveScore {
            query: init::glorot_uniform([queries, hidden], rng),
            key: init::glorot_uniform([keys, hidden], rng),
            bias: init::zeros([hidden]),
            score: score_vector(hidden, rng),
        }
    }
}

/// v, by Glorot's rule for a matrix of one column.
pub(super) fn score_vector(hidden: usize, rng: &mut Rng) -> Tensor {
    init::uniform([hidden], (6.0 / (hidden as f64 + 1.0)).sqrt(), rng)
}

impl<'t, T: Float> Score<'t, T> for AdditiveScore<Var<'t, T>> {
    /// # Panics
    /// If the width is not E.
    #[track_caller]
    fn read_keys(&self, keys: Var<'t, T>) -> Var<'t, T> {
        keys.matmul(self.key)
    }

    /// # Panics
    /// If the width is not D.
    #[track_caller]
    fn compare(&self, queries: Var<'t, T>, read: Var<'t, T>) -> Var<'t, T> {
        let queries = Var::affine(&[(queries, self.query)], Some(self.bias));
        compared(queries, read, self.score)
    }
}

/// v · tanh(q + k) of every query with every key.
#[track_caller]
fn compared<'t, T: Float>(q: Var<'t, T>, k: Var<'t, T>, score: Var<'t, T>) -> Var<'t, T> {
    (q.unsqueeze(-2) + k.unsqueeze(-3)).tanh().matmul(score)
}

/// v · tanh(\[q; k\] W), with W \[D + E, A\] and v \[A\]: the additive score with one matrix.
///
/// W and v start by Glorot's uniform rule.
///
/// Source: Luong, Pham and Manning 2015, section 3.1, `concat`.
///
/// ```
/// use wengert_nn::attention::{ConcatScore, Score};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let score = ConcatScore::new(4, 6, 8, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let scores = score.bind(&tape).scores(tape.ones([2, 4]), tape.ones([3, 6]));
/// assert_eq!(scores.shape(), [2, 3]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct ConcatScore<P = Tensor> {
    /// W \[D + E, A\]: the queries' rows first.
    pub weight: P,
    /// v \[A\].
    pub score: P,
}

impl ConcatScore {
    /// A comparison of queries of one width with keys of another, through `hidden` units.
    pub fn new(queries: usize, keys: usize, hidden: usize, rng: &mut Rng) -> Self {
        ConcatScore {
            weight: init::glorot_uniform([queries + keys, hidden], rng),
            score: score_vector(hidden, rng),
        }
    }
}

impl<'t, T: Float> Score<'t, T> for ConcatScore<Var<'t, T>> {
    // [q; k] W = q W₁ + k W₂, so that no pair is ever put together.
    /// # Panics
    /// If the keys are wider than W is high.
    #[track_caller]
    fn read_keys(&self, keys: Var<'t, T>) -> Var<'t, T> {
        let queries = self.weight.dim(0).checked_sub(keys.dim(-1));
        let Some(queries) = queries else {
            panic!(
                "concat score: keys are {} wide, the weight has {} rows",
                keys.dim(-1),
                self.weight.dim(0)
            );
        };
        keys.matmul(self.weight.slice(0, queries..))
    }

    /// # Panics
    /// If the widths do not add up to D + E.
    #[track_caller]
    fn compare(&self, queries: Var<'t, T>, read: Var<'t, T>) -> Var<'t, T> {
        let width = queries.dim(-1);
        let rows = self.weight.dim(0);
        assert!(
            width <= rows,
            "concat score: queries are {width} wide, the weight has {rows} rows"
        );
        compared(
            queries.matmul(self.weight.slice(0, ..width)),
            read,
            self.score,
        )
    }
}
