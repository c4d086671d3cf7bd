//! Layers of a few lines each.

mod activation;
mod dropout;
mod embedding;
mod linear;
mod norm;

pub use activation::{Relu, Sigmoid, Tanh};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use linear::Linear;
pub use norm::{BatchNorm, LayerNorm};
