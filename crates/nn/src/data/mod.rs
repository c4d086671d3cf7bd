//! Data from outside, and its way into batches.
//!
//! **Files.** [`text`] reads lines, translations and pairs, [`babi`] stories with questions, [`idx`] the
//! images of MNIST. With the feature `files`, `gzip` decompresses around any of them, `mnist` takes a folder, `table` reads CSV,
//! `npy`, `npz` and `safetensors` read and write arrays. What is wrong with a file is told as a [`ReadError`]: the file, the line or byte,
//! and the reason.
//!
//! **Numbers of texts.** A [`Vocabulary`] of words or characters, or [`BytePairs`], with [`Specials`].
//!
//! **Parts.** [`Split`] says which rows are for training, validation and test, and what it gives for training is
//! marked ([`Train`]); [`StandardScaler`] and [`MinMaxScaler`] are fitted on that alone. [`Windows`] cuts a series.
//! Classes become vectors by [`Tensor::one_hot`](wengert_tensor::Tensor::one_hot).
//!
//! **Batches.** [`Batches`] for one pass over the data, [`Epochs`] for many, with a place that can be kept; [`Ahead`]
//! prepares the next on a thread of its own. [`pad`] and [`pad_front`] make one tensor of sequences.

mod ahead;
pub mod babi;
mod batches;
mod byte_pairs;
mod epochs;
mod error;
#[cfg(feature = "files")]
pub mod gzip;
pub mod idx;
#[cfg(feature = "files")]
pub mod mnist;
#[cfg(feature = "files")]
pub mod npy;
#[cfg(feature = "files")]
mod npy_header;
#[cfg(feature = "files")]
pub mod npz;
mod padding;
mod pieces;
#[cfg(feature = "files")]
mod quotes;
#[cfg(feature = "files")]
pub mod safetensors;
mod scale;
mod series;
mod source;
mod specials;
mod split;
#[cfg(feature = "files")]
pub mod table;
pub mod text;
mod vocabulary;
#[cfg(feature = "files")]
mod vocabulary_json;

pub use ahead::Ahead;
pub use batches::Batches;
pub use byte_pairs::{Alphabet, BytePairs};
pub use epochs::Epochs;
pub use error::{Place, ReadError, Reason};
pub use padding::{pad, pad_front};
pub use scale::{MinMaxScaler, StandardScaler};
pub use series::Windows;
pub use source::MOST_BYTES;
pub use specials::{Specials, UnknownToken};
pub use split::{Split, Train};
pub use vocabulary::{Unit, Vocabulary};
