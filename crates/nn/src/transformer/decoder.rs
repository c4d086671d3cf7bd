//! `TransformerDecoderLayer`: self-attention, attention to a memory, and a feed-forward part.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::{FeedForward, ResidualNorm};
use crate::attention::{Attended, KeyValueCache, MultiHeadAttention};

/// Self-attention that looks back only, then attention to a memory, then a feed-forward part, each
/// with a norm and a way around it.
///
/// x and y are \[B, T, E\], the memory, as a rule an encoder's outputs, is \[B, S, E\]. Initial values
/// are those of the parts.
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, section 3.1.
///
/// ```
/// use wengert_nn::transformer::TransformerDecoderLayer;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let layer = TransformerDecoderLayer::new(8, 2, 16, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let layer = layer.bind(&tape);
/// let (x, memory) = (tape.ones([3, 2, 8]), tape.ones([3, 5, 8]));
/// let y = layer.forward(x, memory, None);
///
/// // Step by step the same comes out, and no step is computed twice.
/// let mut cache = layer.start(memory);
/// let steps = [0, 1].map(|t| layer.next(x.slice(1, t..t + 1), &mut cache, None).0);
/// assert!((steps[1].value().sum().item() - y.value().slice(1, 1..).sum().item()).abs() < 1e-4);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct TransformerDecoderLayer<P = Tensor> {
    /// Each step looks at those before it and at itself.
    pub attention: MultiHeadAttention<P>,
    /// Each step looks at the memory.
    pub memory_attention: MultiHeadAttention<P>,
    /// Of each step by itself.
    pub feed_forward: FeedForward<P>,
    /// The way around the self-attention.
    pub around_attention: ResidualNorm<P>,
    /// The way around the attention to the memory.
    pub around_memory_attention: ResidualNorm<P>,
    /// The way around the feed-forward part.
    pub around_feed_forward: ResidualNorm<P>,
}

/// What decoding keeps from step to step.
#[derive(Clone, Copy, Debug)]
pub struct DecoderCache<'t, T: Float> {
    /// Keys and values of the steps so far.
    pub steps: Option<KeyValueCache<'t, T>>,
    /// Keys and values of the memory.
    pub memory: KeyValueCache<'t, T>,
}

impl TransformerDecoderLayer {
    /// A layer for `width` features in so many heads, with `hidden` units in the feed-forward part,
    /// in `f32`. Norms come after the parts; there is no dropout.
    ///
    /// # Panics
    /// If `heads` is 0 or does not divide `width`.
    #[track_caller]
    pub fn new(width: usize, heads: usize, hidden: usize, rng: &mut Rng) -> Self {
        TransformerDecoderLayer {
            attention: MultiHeadAttention::new(width, heads, rng),
            memory_attention: MultiHeadAttention::new(width, heads, rng),
            feed_forward: FeedForward::new(width, hidden, rng),
            around_attention: ResidualNorm::new(width),
            around_memory_attention: ResidualNorm::new(width),
            around_feed_forward: ResidualNorm::new(width),
        }
    }
}

impl<P> TransformerDecoderLayer<P> {
    /// The layer with norms before the parts.
    pub fn with_norm_first(mut self) -> Self {
        self.around_attention.norm_first = true;
        self.around_memory_attention.norm_first = true;
        self.around_feed_forward.norm_first = true;
        self
    }

    /// The layer with dropout of rate `p` in training mode: of attention's weights, between the linear
    /// layers, and of each part's result.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_dropout(mut self, p: f64) -> Self {
        self.attention = self.attention.with_dropout(p);
        self.memory_attention = self.memory_attention.with_dropout(p);
        self.feed_forward.dropout = crate::Dropout::new(p);
        self.around_attention = self.around_attention.with_dropout(p);
        self.around_memory_attention = self.around_memory_attention.with_dropout(p);
        self.around_feed_forward = self.around_feed_forward.with_dropout(p);
        self
    }
}

impl<'t, T: Float> TransformerDecoderLayer<Var<'t, T>> {
    /// The result \[B, T, E\] of all steps at once. `memory_mask`, true where a step may look at a
    /// place of the memory, is \[T, S\], or has the batch before it.
    ///
    /// # Panics
    /// If `x` or the memory has not its shape, or the mask does not broadcast to \[B, T, S\].
    #[track_caller]
    pub fn forward(
        &self,
        x: Var<'t, T>,
        memory: Var<'t, T>,
        memory_mask: Option<&Tensor<bool>>,
    ) -> Var<'t, T> {
        let mut cache = self.start(memory);
        self.next(x, &mut cache, memory_mask).0
    }

    /// What decoding over a memory \[B, S, E\] starts from.
    ///
    /// # Panics
    /// If the memory has not its shape.
    #[track_caller]
    pub fn start(&self, memory: Var<'t, T>) -> DecoderCache<'t, T> {
        DecoderCache {
            steps: None,
            memory: self.memory_attention.memory_of(memory, memory, 0),
        }
    }

    /// The results of the steps `x` \[B, Q, E\] after those in the cache, and what they look at in the
    /// memory, with weights \[B, H, Q, S\]. The cache has the steps too afterwards.
    ///
    /// # Panics
    /// As [`forward`](TransformerDecoderLayer::forward).
    #[track_caller]
    pub fn next(
        &self,
        x: Var<'t, T>,
        cache: &mut DecoderCache<'t, T>,
        memory_mask: Option<&Tensor<bool>>,
    ) -> (Var<'t, T>, Attended<'t, T>) {
        let _part = x.tape().part("transformer decoder layer");
        let start = cache.steps.map_or(0, |cache| cache.steps());
        let seen = self.around_attention.before(x);
        let attended = self.attention.next(seen, &mut cache.steps);
        let x = self.around_attention.after(x, attended.context);
        let seen = self.around_memory_attention.before(x);
        let looked = self
            .memory_attention
            .over(seen, cache.memory, memory_mask, start);
        let x = self.around_memory_attention.after(x, looked.context);
        let seen = self.around_feed_forward.before(x);
        let y = self
            .around_feed_forward
            .after(x, self.feed_forward.forward(seen));
        (y, looked)
    }
}
