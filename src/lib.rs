//! Define-by-run automatic differentiation for tensors, and neural networks made of it.
//!
//! Start with [`prelude`]: it has what nearly every program wants. The rest stands in the modules:
//! [`tensor`] (arrays), [`tape`] (recording and differentiating), [`nn`] (layers, losses,
//! optimizers, data), [`tree`] (models as trees of their parameters), [`ops`] (the primitives),
//! [`compose`] (functions made of them) and [`check`] (is that gradient right?).
//!
//! ```
//! use wengert::prelude::*;
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.leaf(&Tensor::from([1.0, 2.0]));
//! let y = (x * x.tanh()).sum();
//! let slope = y.backward().wrt(x);
//! assert!(slope.is_some());
//! ```

#![forbid(unsafe_code)]

pub use wengert_nn as nn;
pub use wengert_tape as tape;
pub use wengert_tape::{check, compose, ops, tree};
pub use wengert_tensor as tensor;

/// What nearly every program wants: `use wengert::prelude::*;`.
pub mod prelude {
    pub use wengert_nn::{
        Adam, BatchNorm, Dropout, Embedding, Gru, GruCell, Linear, Lstm, LstmCell, LstmState, Sgd,
        SimpleRnn, SimpleRnnCell, State, clip_by_global_norm,
        rnn::{Activation, Stacking},
    };
    pub use wengert_tape::compose::{
        CrossEntropy, Reduction, bce_with_logits, cross_entropy, cross_entropy_with, mse,
    };
    pub use wengert_tape::tree::{Tree, TreeExt};
    pub use wengert_tape::{
        Bind, Formula, GradOptions, Gradients, Model, Op, Operand, Real, Tape, Unused, Values, Var,
        formula,
    };
    pub use wengert_tensor::{Element, Float, Rng, Shape, Tensor};
}

/// The programs of the README are run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
