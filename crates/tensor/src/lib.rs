//! Dense strided tensors on the CPU.

mod compile_here;
pub mod einsum;
mod element;
mod error;
pub mod kernels;
mod layout;
pub mod random;
mod shape;
mod tensor;
mod view;

/// Rules of shapes and numbers for functions of matrices that are made of others.
#[doc(hidden)]
pub mod matrices {
    pub use crate::kernels::linalg::{PADE, halvings, matrix, square};
}

#[doc(hidden)]
pub use compile_here::of_this_float;
pub use element::{Element, Float};
pub use error::{DataError, IndexError, MatrixError, MatrixFault, ShapeError};
pub use layout::{Layout, Positions, Strides};
pub use random::{Rng, RngState};
pub use shape::{Axes, Shape};
#[doc(hidden)]
pub use tensor::places;
pub use tensor::{
    AxisRange, Conv, Interpolate, Operand, OrderPlaces, Pad, Pool, PoolWindows, ScatterReduce,
    Sizes, Tensor,
};
pub use view::View;
