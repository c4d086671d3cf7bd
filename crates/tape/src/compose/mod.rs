//! Functions made of ops: no op, no kernel and no reverse rule stands here. A formula has none to
//! write.

mod activation;
mod arrange;
mod contract;
mod linalg;
mod loss;
mod normalize;
mod reduce;

pub use activation::*;
pub use loss::*;
