//! Layers of a few lines each.

mod activation;
mod bilinear;
mod dropout;
mod embedding;
mod forward;
mod linear;
mod norm;
mod prelu;
mod rms_norm;
mod weight_norm;

pub use activation::{
    Elu, GeluTanh, LeakyRelu, LogSigmoid, LogSoftmax, Relu, Sigmoid, Silu, Softmax, Softplus, Tanh,
};
pub use bilinear::Bilinear;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use forward::{Forward, Residual};
pub use linear::Linear;
pub use norm::{BatchNorm, LayerNorm};
pub use prelu::PRelu;
pub use rms_norm::RmsNorm;
pub use weight_norm::{SpectralNorm, WeightNorm};
