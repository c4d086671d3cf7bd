//! Dense strided tensors on the CPU.

mod compile_here;
mod element;
mod error;
pub mod kernels;
mod layout;
pub mod random;
mod shape;
mod tensor;
mod view;

#[doc(hidden)]
pub use compile_here::of_this_float;
pub use element::{Element, Float};
pub use error::{DataError, IndexError, ShapeError};
pub use layout::{Layout, Positions, Strides};
pub use random::{Rng, RngState};
pub use shape::{Axes, Shape};
pub use tensor::{AxisRange, Operand, OrderPlaces, Pad, Tensor};
pub use view::View;
