//! `TransformerEncoderLayer`: self-attention and a feed-forward part.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::{FeedForward, ResidualNorm};
use crate::attention::MultiHeadAttention;

/// Self-attention, then a feed-forward part, each with a norm and a way around it.
///
/// x and y are \[B, T, E\]. Initial values are those of the parts. With `norm_first` the output of the
/// last layer of a stack still wants a norm of its own.
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, section 3.1.
///
/// ```
/// use wengert_nn::transformer::TransformerEncoderLayer;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let layer = TransformerEncoderLayer::new(8, 2, 16, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// assert_eq!(layer.bind(&tape).forward(tape.ones([3, 5, 8]), None).shape(), [3, 5, 8]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct TransformerEncoderLayer<P = Tensor> {
    /// Each step looks at all others.
    pub attention: MultiHeadAttention<P>,
    /// Of each step by itself.
    pub feed_forward: FeedForward<P>,
    /// The way around the attention.
    pub around_attention: ResidualNorm<P>,
    /// The way around the feed-forward part.
    pub around_feed_forward: ResidualNorm<P>,
}

impl TransformerEncoderLayer {
    /// A layer for `width` features in so many heads, with `hidden` units in the feed-forward part,
    /// in `f32`. Norms come after the parts; there is no dropout.
    ///
    /// # Panics
    /// If `heads` is 0 or does not divide `width`.
    #[track_caller]
    pub fn new(width: usize, heads: usize, hidden: usize, rng: &mut Rng) -> Self {
        TransformerEncoderLayer {
            attention: MultiHeadAttention::new(width, heads, rng),
            feed_forward: FeedForward::new(width, hidden, rng),
            around_attention: ResidualNorm::new(width),
            around_feed_forward: ResidualNorm::new(width),
        }
    }
}

impl<P> TransformerEncoderLayer<P> {
    /// The layer with norms before the parts.
    pub fn with_norm_first(mut self) -> Self {
        self.around_attention.norm_first = true;
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
        self.feed_forward.dropout = crate::Dropout::new(p);
        self.around_attention = self.around_attention.with_dropout(p);
        self.around_feed_forward = self.around_feed_forward.with_dropout(p);
        self
    }
}

impl<'t, T: Float> TransformerEncoderLayer<Var<'t, T>> {
    /// The result \[B, T, E\]. The mask, true where a step may look at another, is \[T, T\], or has the
    /// batch before it.
    ///
    /// # Panics
    /// If `x` is not \[B, T, E\], or the mask does not broadcast to \[B, T, T\].
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, mask: Option<&Tensor<bool>>) -> Var<'t, T> {
        let _part = x.tape().part("transformer encoder layer");
        let seen = self.around_attention.before(x);
        let attended = self.attention.forward(seen, seen, seen, mask);
        let x = self.around_attention.after(x, attended.context);
        let seen = self.around_feed_forward.before(x);
        self.around_feed_forward
            .after(x, self.feed_forward.forward(seen))
    }
}
