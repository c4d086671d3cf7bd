//! Layers of a few lines each.

mod activation;
mod bilinear;
mod conv;
mod dropout;
mod embedding;
mod forward;
mod linear;
mod norm;
mod pool;
mod prelu;
mod rms_norm;
mod weight_norm;

pub use activation::{
    Elu, GeluTanh, LeakyRelu, LogSigmoid, LogSoftmax, Relu, Sigmoid, Silu, Softmax, Softplus, Tanh,
};
pub use bilinear::Bilinear;
pub use conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use forward::{Forward, Residual};
pub use linear::Linear;
pub use norm::{BatchNorm, LayerNorm};
pub use pool::{AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d};
pub use prelu::PRelu;
pub use rms_norm::RmsNorm;
pub use weight_norm::{SpectralNorm, WeightNorm};
