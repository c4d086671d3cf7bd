//! Sequences to sequences: encoders, decoders, and the search for what a decoder likes best.
//!
//! A [`Decoder`] knows one step: from a token a row to scores for the next one. Everything else is one
//! path for all of them:
//!
//! ```text
//! RnnEncoder ──► Source ──► RnnDecoder, PointerDecoder      any cell; attention, peeky, repeat, copies
//! TransformerEncoderLayer ──► TransformerDecoder            layers with caches
//!   teacher_forcing                                         training: targets, or its own tokens by a rate
//!   greedy, sample, beam_search                             decoding, in batches
//! ```
//!
//! - `tokens`: tokens as vectors, by a table or as ones among zeros.
//! - `encoder`, `rnn_decoder`: recurrent layers of any cell.
//! - `pointer`: a decoder that can also copy a word of its source.
//! - `transformer`: layers of a transformer as a decoder.
//! - `forcing`: training on targets and on what the model itself says.
//! - `decoder`: the trait, and its steps in scopes that give their memory back.
//! - `choose`: one token a row: the best, or one that is drawn.
//! - `beam`: several hypotheses a row.
//!
//! Tokens are `i64`, in tensors \[B\] or \[B, T\]; S is the length of a source.

mod beam;
mod choose;
mod decoder;
mod encoder;
mod forcing;
mod pointer;
mod rnn_decoder;
mod tokens;
mod transformer;

pub use beam::{BeamOptions, beam_search, length_penalty};
pub use choose::{SampleOptions, greedy, sample};
pub use decoder::{Decoder, Hypothesis, Until};
pub use encoder::{Encoded, RnnEncoder, Source};
pub use forcing::{Forcing, Own, Schedule, teacher_forcing};
pub use pointer::{CopySource, PointerDecoder, PointerMemory, copy_distribution};
pub use rnn_decoder::{
    Attending, Looking, Reading, RnnDecoder, RnnDecoderOptions, RnnDecoderSizes, RnnDecoderState,
};
pub use tokens::Tokens;
pub use transformer::{Positions, TransformerDecoder, TransformerMemory, TransformerSteps};
