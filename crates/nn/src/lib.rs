//! Layers, optimizers and training for [`wengert_tape`].
//!
//! A layer is a [`Tree`](trait@wengert_tape::tree::Tree) generic in its leaf: `Linear<Tensor>` holds
//! the stored weights, `Linear<Var>` is the same layer bound to a tape, and has the method that
//! computes it. Every layer is a composition of differentiable ops: no derivative is written here.
//!
//! ```
//! use wengert_nn::{Adam, Linear, Lstm};
//! use wengert_tape::tree::Tree;
//! use wengert_tape::{Tape, Var};
//! use wengert_tensor::{Float, Rng, Tensor};
//!
//! #[derive(Tree, Clone)]
//! struct Adder<P = Tensor> {
//!     rnn: Lstm<P>,
//!     head: Linear<P>,
//! }
//!
//! impl<'t, T: Float> Adder<Var<'t, T>> {
//!     fn predict(&self, x: Var<'t, T>) -> Var<'t, T> {
//!         self.head.forward(self.rnn.last(x, None).h())
//!     }
//! }
//!
//! let mut rng = Rng::seed_from_u64(1);
//! let mut model = Adder {
//!     rnn: Lstm::new(2, 8, &mut rng),
//!     head: Linear::new(8, 1, &mut rng),
//! };
//! let (x, y) = (rng.uniform([4, 5, 2], 0.0, 1.0), rng.uniform([4, 1], 0.0, 2.0));
//! let mut adam = Adam::new(1e-2);
//! let mut tape = Tape::new();
//! let mut losses = Vec::new();
//! for _ in 0..10 {
//!     let (loss, grads) = tape.value_and_grad(&model, |t, m| {
//!         let error = m.predict(t.constant(&x)) - &y;
//!         (error * error).sum() / 4.0
//!     });
//!     adam.step(&mut model, &grads);
//!     losses.push(loss);
//! }
//! assert!(losses[9] < losses[0]);
//! ```
//!
//! Constructors make layers in `f32`. A whole model in `f64` is
//! [`model.cast::<f64>()`](wengert_tape::Bind::cast).
//!
//! B is the batch, T time, I and O inputs and outputs, H hidden, D the number of directions,
//! V the vocabulary, E the width of an embedding. Sequences are `[B, T, features]`; weights are
//! `[inputs, outputs]`.

#![forbid(unsafe_code)]

mod argmax;
pub mod attention;
pub mod data;
#[cfg(feature = "files")]
pub mod files;
pub mod init;
mod layers;
pub mod look;
pub mod loss;
pub mod memory;
pub mod optim;
pub mod parallel;
pub mod rnn;
pub mod seq2seq;
pub mod train;
pub mod transformer;

pub use layers::{
    AvgPool1d, AvgPool2d, AvgPool3d, BatchNorm, Bilinear, Celu, Conv1d, Conv2d, Conv3d,
    ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, Dropout, Elu, Embedding, Flatten, Forward,
    Gelu, GeluTanh, Glu, GroupNorm, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LayerNorm,
    LeakyRelu, Linear, LogSigmoid, LogSoftmax, MaxPool1d, MaxPool2d, MaxPool3d, Mish, PRelu, Relu,
    Relu6, Residual, RmsNorm, Selu, Sigmoid, Silu, Softmax, Softplus, Softshrink, Softsign,
    SpectralNorm, Tanh, Tanhshrink, WeightNorm,
};
pub use optim::{Adam, Sgd, clip_by_global_norm, clip_by_value};
pub use rnn::{
    Gru, GruCell, Lstm, LstmCell, LstmState, PackedSequence, Recurrent, SimpleRnn, SimpleRnnCell,
    State,
};
