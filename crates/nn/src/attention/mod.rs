//! Attention: a weighted mean of values, with weights that come from comparing queries with keys.
//!
//! - `mask`: who may look at whom.
//! - `score`: how a query is compared with a key: additive, dot, general, concat, scaled dot. From scores to
//!   weights to a weighted mean go [`attend`] and its like, which are functions of the tape.
//! - `multi_head`: several attentions side by side, with a cache for decoding.
//! - `positions`: sinusoidal, learned, rotary and relative positions.
//! - `pooling`: one vector for a whole sequence.
//! - `distance`: how far back attention looks.
//!
//! Queries are `[B, Q, features]`, keys and values `[B, K, features]`; Q and K are lengths, and B may
//! be any number of axes, or none.

mod distance;
mod mask;
mod multi_head;
mod pooling;
mod positions;
mod score;

pub use distance::attention_distances;
pub use mask::key_mask;
pub use multi_head::{KeyValueCache, MultiHeadAttention};
pub use pooling::AttentionPooling;
pub use positions::{LearnedPositions, RelativePositions, rotary, sinusoidal_positions};
pub use score::{AdditiveScore, ConcatScore, DotScore, GeneralScore, ScaledDotScore, Score};
pub use wengert_tape::compose::{
    Attended, Attention, attend, causal_mask, scaled_dot_product_attention,
    scaled_dot_product_attention_with,
};
