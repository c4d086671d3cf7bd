//! Layers of a few lines each.

mod activation;
mod bilinear;
mod conv;
mod dropout;
mod embedding;
mod flatten;
mod forward;
mod group_norm;
mod linear;
mod norm;
mod pool;
mod prelu;
mod rms_norm;
mod weight_norm;

pub use activation::{
    Celu, Elu, Gelu, GeluTanh, Glu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu,
    LogSigmoid, LogSoftmax, Mish, Relu, Relu6, Selu, Sigmoid, Silu, Softmax, Softplus, Softshrink,
    Softsign, Tanh, Tanhshrink,
};
pub use bilinear::Bilinear;
pub use conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use forward::{Forward, Residual};
pub use group_norm::GroupNorm;
pub use linear::Linear;
pub use norm::{BatchNorm, LayerNorm};
pub use pool::{AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d};
pub use prelu::PRelu;
pub use rms_norm::RmsNorm;
pub use weight_norm::{SpectralNorm, WeightNorm};
