//! Losses over sequences. Losses of single values are in [`wengert_tape::compose`].
//!
//! - `masked`: means over the steps that count, and perplexity.
//! - `ctc`: targets that are not aligned with the steps.
//! - `crf`: tags that depend on their neighbours.
//!
//! A mask is true where a step counts.

mod crf;
mod ctc;
mod masked;

pub use crf::LinearChainCrf;
pub use ctc::Ctc;
pub use masked::{
    length_mask, masked_cross_entropy, masked_mse, perplexity, sequence_log_likelihood,
};
