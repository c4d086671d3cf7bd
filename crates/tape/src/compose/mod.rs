//! Functions made of ops: no op, no kernel and no reverse rule stands here. A formula has none to
//! write.

mod activation;
mod arrange;
mod loss;
mod normalize;
mod reduce;
mod scan;

pub use activation::*;
pub use loss::*;
pub use scan::scan;
