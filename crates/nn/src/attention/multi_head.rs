//! `MultiHeadAttention`: several attentions side by side.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::Attended;
use super::positions::{RelativePositions, rotary};
use super::score::{ScaledDotScore, Score};
use crate::{Dropout, Linear, init};

/// Several scaled dot-product attentions, each over its own part of the features.
///
/// Queries are \[B, Q, E\], keys and values \[B, K, E\]; H heads of D = E / H features.
///
/// ```text
/// head_h  = softmax(q W_q k W_k ᵀ / √D) v W_v   with the columns of head h
/// context = [head_1; …; head_H] W_o + b_o
/// ```
///
/// Weights start as PyTorch's do: W_q, W_k and W_v uniform in (−√(6/4E), √(6/4E)), W_o in
/// (−1/√E, 1/√E), biases at 0. In training mode dropout leaves weights out; its rate starts at 0.
/// [`rotary`](MultiHeadAttention::with_rotary) and
/// [`relative`](MultiHeadAttention::with_relative) positions can be switched on.
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, section 3.2.2.
///
/// ```
/// use wengert_nn::attention::{MultiHeadAttention, causal_mask};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let layer = MultiHeadAttention::new(8, 2, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let x = tape.ones([3, 5, 8]);
/// let attended = layer.bind(&tape).forward(x, x, x, Some(&causal_mask(5, 5)));
/// assert_eq!(attended.context.shape(), [3, 5, 8]);
/// assert_eq!(attended.weights.shape(), [3, 2, 5, 5]);
/// assert_eq!(attended.weights.value().get(&[0, 0, 0, 1]), Some(0.0));
/// ```
#[doc(alias = "MultiheadAttention")]
#[derive(Tree, Clone, Debug)]
pub struct MultiHeadAttention<P = Tensor> {
    /// W_q and its bias.
    pub query: Linear<P>,
    /// W_k and its bias.
    pub key: Linear<P>,
    /// W_v and its bias.
    pub value: Linear<P>,
    /// W_o and its bias.
    pub output: Linear<P>,
    /// Learned numbers for distances, if there are any.
    pub relative: Option<RelativePositions<P>>,
    /// H.
    pub heads: usize,
    /// The base of the angles of rotary positions, if queries and keys are turned.
    pub rotary: Option<f64>,
    /// What is left out of the weights in training mode.
    pub dropout: Dropout,
}

impl MultiHeadAttention {
    /// A layer for `width` features in so many heads, in `f32`.
    ///
    /// # Panics
    /// If `heads` is 0 or does not divide `width`.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut Rng) -> Self {
        assert!(
            heads > 0 && width.is_multiple_of(heads),
            "multi-head attention: {width} features are not {heads} heads of equal width"
        );
        let k = (6.0 / (4.0 * width.max(1) as f64)).sqrt();
        let mut into = || Linear {
            weight: init::uniform([width, width], k, rng),
            bias: Some(init::zeros([width])),
        };
        let (query, key, value) = (into(), into(), into());
        let out = 1.0 / (width.max(1) as f64).sqrt();
        MultiHeadAttention {
            query,
            key,
            value,
            output: Linear {
                weight: init::uniform([width, width], out, rng),
                bias: Some(init::zeros([width])),
            },
            relative: None,
            heads,
            rotary: None,
            dropout: Dropout::new(0.0),
        }
    }

    /// The layer with learned numbers for distances up to `most`.
    pub fn with_relative(mut self, most: usize) -> Self {
        self.relative = Some(RelativePositions::new(self.heads, most));
        self
    }
}

impl<P> MultiHeadAttention<P> {
    /// The layer with queries and keys that are turned by their positions; `base` is mostly 10,000.
    pub fn with_rotary(mut self, base: f64) -> Self {
        self.rotary = Some(base);
        self
    }

    /// The layer with a rate of weights that are left out in training mode.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_dropout(mut self, p: f64) -> Self {
        self.dropout = Dropout::new(p);
        self
    }
}

/// Keys and values of the steps so far, \[B, H, T, D\], so that decoding computes each once.
#[derive(Clone, Copy, Debug)]
pub struct KeyValueCache<'t, T: Float> {
    /// The keys.
    pub keys: Var<'t, T>,
    /// The values.
    pub values: Var<'t, T>,
}

impl<'t, T: Float> KeyValueCache<'t, T> {
    /// How many steps there are.
    pub fn steps(&self) -> usize {
        self.keys.dim(2)
    }

    /// The steps so far and new ones after them.
    #[track_caller]
    fn and(self, next: Self) -> Self {
        KeyValueCache {
            keys: Var::cat(&[self.keys, next.keys], 2),
            values: Var::cat(&[self.values, next.values], 2),
        }
    }
}

impl<'t, T: Float> MultiHeadAttention<Var<'t, T>> {
    /// The context \[B, Q, E\], and the weights \[B, H, Q, K\].
    ///
    /// The mask, true where a query may look at a key, is \[Q, K\], or has the batch before it.
    ///
    /// # Panics
    /// If a shape is not as above, or the mask does not broadcast to \[B, Q, K\].
    #[track_caller]
    pub fn forward(
        &self,
        queries: Var<'t, T>,
        keys: Var<'t, T>,
        values: Var<'t, T>,
        mask: Option<&Tensor<bool>>,
    ) -> Attended<'t, T> {
        let _part = queries.tape().part("attention");
        let memory = self.memory_of(keys, values, 0);
        self.over(queries, memory, mask, 0)
    }

    /// Keys and values for [`over`](MultiHeadAttention::over), computed once: those of an encoder's
    /// outputs serve every step of a decoder. The first stands at position `start`.
    ///
    /// # Panics
    /// If keys and values are not \[B, K, E\].
    #[track_caller]
    pub fn memory_of(
        &self,
        keys: Var<'t, T>,
        values: Var<'t, T>,
        start: usize,
    ) -> KeyValueCache<'t, T> {
        KeyValueCache {
            keys: self.turned(self.split(self.key.forward(keys)), start),
            values: self.split(self.value.forward(values)),
        }
    }

    /// The same as [`forward`](MultiHeadAttention::forward) over keys and values that are there
    /// already. The first query stands at position `start`.
    ///
    /// # Panics
    /// As [`forward`](MultiHeadAttention::forward).
    #[track_caller]
    pub fn over(
        &self,
        queries: Var<'t, T>,
        memory: KeyValueCache<'t, T>,
        mask: Option<&Tensor<bool>>,
        start: usize,
    ) -> Attended<'t, T> {
        let _part = queries.tape().part("attention");
        let queries = self.turned(self.split(self.query.forward(queries)), start);
        let mut scores = ScaledDotScore.compare(queries, memory.keys);
        if let Some(relative) = &self.relative {
            let shape = scores.shape();
            scores += relative.bias(shape[2], shape[3]);
        }
        // A mask with a batch lacks the axis of the heads.
        let mask = mask.map(|mask| match mask.shape().rank() {
            3 => mask.unsqueeze(1),
            _ => mask.clone(),
        });
        let weights = match &mask {
            Some(mask) => scores.masked_softmax(mask, -1),
            None => scores.softmax(-1),
        };
        let context = self.dropout.forward(weights).matmul(memory.values);
        Attended {
            context: self.output.forward(self.join(context)),
            weights,
        }
    }

    /// The steps `x` \[B, Q, E\] after those in the cache, each looking back at all before it and at
    /// itself; the cache has them too afterwards. Step by step this gives what
    /// [`forward`](MultiHeadAttention::forward) with a causal mask gives at once.
    ///
    /// # Panics
    /// If `x` is not \[B, Q, E\], or the cache is of another batch.
    #[track_caller]
    pub fn next(&self, x: Var<'t, T>, cache: &mut Option<KeyValueCache<'t, T>>) -> Attended<'t, T> {
        let start = cache.map_or(0, |cache| cache.steps());
        let new = self.memory_of(x, x, start);
        let all = cache.map_or(new, |cache| cache.and(new));
        *cache = Some(all);
        let mask = super::causal_mask(all.steps() - start, all.steps());
        self.over(x, all, Some(&mask), start)
    }

    /// \[B, T, E\] → \[B, H, T, D\].
    #[track_caller]
    fn split(&self, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        assert!(
            shape.rank() == 3,
            "multi-head attention: queries, keys and values are [B, T, E], not {shape}"
        );
        let dims = [shape[0], shape[1], self.heads, shape[2] / self.heads];
        x.reshape(&dims.map(|dim| dim as isize))
            .permute(&[0, 2, 1, 3])
    }

    /// \[B, H, T, D\] → \[B, T, E\].
    #[track_caller]
    fn join(&self, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        let dims = [shape[0], shape[2], shape[1] * shape[3]];
        x.permute(&[0, 2, 1, 3])
            .reshape(&dims.map(|dim| dim as isize))
    }

    #[track_caller]
    fn turned(&self, x: Var<'t, T>, start: usize) -> Var<'t, T> {
        match self.rotary {
            Some(base) => rotary(x, start, base),
            None => x,
        }
    }
}
