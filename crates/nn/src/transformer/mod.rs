//! The layers of a transformer, for sequences of whole batches and for decoding step by step.
//!
//! - `feed_forward`: two linear layers with an activation between them, of each step by itself.
//! - `encoder`: self-attention and a feed-forward part.
//! - `decoder`: the same, with attention to a memory between the two, and a cache.
//! - `residual`: how each part is added to what it is given, with the norm before or after.

mod decoder;
mod encoder;
mod feed_forward;
mod residual;

pub use decoder::{DecoderCache, TransformerDecoderLayer};
pub use encoder::TransformerEncoderLayer;
pub use feed_forward::{FeedForward, FeedForwardActivation};
pub use residual::ResidualNorm;
