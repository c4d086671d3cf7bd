//! Functions made of ops: no op, no kernel and no reverse rule stands here. A formula has none to
//! write.

mod activation;
mod arrange;
mod loss;
mod normalize;
mod pool;
mod reduce;
mod scatter;

pub use activation::*;
pub use loss::*;
