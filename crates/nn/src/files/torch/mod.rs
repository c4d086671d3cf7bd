//! PyTorch's files: state dicts as safetensors, with PyTorch's names and layouts.
//!
//! What differs between a layer here and the one there are names, transposed weights, and two biases
//! where there is one here. A layer says which ([`TorchNames`]), a [`TorchMap`] collects it for a model,
//! and [`load`] and [`save`] go both ways.
//!
//! ```
//! use wengert_nn::files::torch::{self, TorchMap, TorchNames};
//! use wengert_nn::{Embedding, Linear, Lstm};
//! use wengert_tape::tree::Tree;
//! use wengert_tensor::{Float, Rng, Tensor};
//!
//! #[derive(Tree, Clone)]
//! struct Tagger<P = Tensor> {
//!     words: Embedding<P>,
//!     rnn: Lstm<P>,
//!     head: Linear<P>,
//! }
//!
//! // The module in Python has `self.embedding`, `self.lstm` and `self.fc`.
//! impl<T: Float> TorchNames for Tagger<Tensor<T>> {
//!     fn torch_names(&self, names: &mut TorchMap) {
//!         names.part("words", "embedding", &self.words);
//!         names.part("rnn", "lstm", &self.rnn);
//!         names.part("head", "fc", &self.head);
//!     }
//! }
//!
//! let rng = &mut Rng::seed_from_u64(1);
//! let model = Tagger {
//!     words: Embedding::new(9, 4, rng),
//!     rnn: Lstm::new(4, 5, rng),
//!     head: Linear::new(5, 3, rng),
//! };
//! let path = std::env::temp_dir().join("wengert-tagger.safetensors");
//! // In Python: model.load_state_dict(safetensors.torch.load_file(path))
//! torch::save(&model, &path)?;
//!
//! // In Python: safetensors.torch.save_file(model.state_dict(), path)
//! let mut other = model.clone();
//! torch::load(&mut other, &path)?;
//! assert_eq!(other.rnn.layers[0].forward.wx, model.rnn.layers[0].forward.wx);
//!
//! let map = TorchMap::of(&model);
//! let names = map.names();
//! assert!(names.contains(&"lstm.weight_ih_l0".to_owned()) && names.contains(&"fc.bias".to_owned()));
//! # std::fs::remove_file(path).unwrap();
//! # Ok::<(), wengert_nn::files::FileError>(())
//! ```
//!
//! | layer here | module there | what differs |
//! |---|---|---|
//! | [`Linear`](crate::Linear) | `Linear` | the weight is transposed |
//! | [`Bilinear`](crate::Bilinear) | `Bilinear` | the axis of the outputs is the last here, the first there |
//! | [`Embedding`](crate::Embedding), [`PRelu`](crate::PRelu), [`LayerNorm`](crate::LayerNorm), [`GroupNorm`](crate::GroupNorm), [`RmsNorm`](crate::RmsNorm) | of the same names | nothing |
//! | [`Conv1d`](crate::Conv1d) … [`ConvTranspose3d`](crate::ConvTranspose3d) | of the same names | nothing |
//! | [`BatchNorm`](crate::BatchNorm) | `BatchNorm1d` … | `mean` is `running_mean`, `variance` `running_var`; `num_batches_tracked` is written as 0 |
//! | [`SimpleRnn`](crate::SimpleRnn), [`Lstm`](crate::Lstm), [`LstmVariant`](crate::rnn::LstmVariant) | `RNN`, `LSTM` (`proj_size` too) | weights are transposed; the bias is the sum of the two there, and the second is written as 0 |
//! | [`Gru`](crate::Gru), [`GruVariant`](crate::rnn::GruVariant) | `GRU` | weights are transposed |
//! | [`MultiHeadAttention`](crate::attention::MultiHeadAttention) | `MultiheadAttention` | queries, keys and values are in one matrix there |
//! | [`TransformerEncoderLayer`](crate::transformer::TransformerEncoderLayer), [`TransformerDecoderLayer`](crate::transformer::TransformerDecoderLayer) | of the same names | as their parts |
//!
//! The gates have the same orders: i f g o for an LSTM, r z n for a GRU. A cell stands for `LSTMCell`
//! and its kin. Tuples and `Vec`s number their parts, as `Sequential` and `ModuleList` do. Settings such as
//! the number of heads, ε or the place of the norms are no weights: the program has to make them equal.

mod layers;
mod map;
mod rule;

use std::path::Path as FilePath;

use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

use super::{FileError, LoadReport};

pub use layers::{TorchCell, TorchNames};
pub use map::TorchMap;
pub use rule::Rule;

/// Saves a model by PyTorch's names and layouts; see the [module](self).
///
/// # Errors
/// As [`TorchMap::save`].
#[doc(alias("save_file", "state_dict"))]
pub fn save<M: Tree<Tensor<T>> + TorchNames, T: Float>(
    model: &M,
    path: impl AsRef<FilePath>,
) -> Result<(), FileError> {
    TorchMap::of(model).save(model, path)
}

/// Loads a model from a state dict of PyTorch's, strictly; see the [module](self).
///
/// # Errors
/// As [`TorchMap::load`].
#[doc(alias("load_file", "load_state_dict"))]
pub fn load<M: Tree<Tensor<T>> + TorchNames, T: Float>(
    model: &mut M,
    path: impl AsRef<FilePath>,
) -> Result<LoadReport, FileError> {
    TorchMap::of(model).load(model, path)
}
