//! Functions made of ops: no op, no kernel and no reverse rule stands here. A formula has none to
//! write.
//!
//! - `activation`: functions of single elements.
//! - `arrange`: elements in other places.
//! - `attention`: weighted means, masked softmax, dropout.
//! - `distance`: cosines, norms brought to 1, distances of rows.
//! - `embedding`: rows of a table.
//! - `loss`: losses.
//! - `normalize`: values brought to a common scale.
//! - `reduce`: reductions that follow from others.

mod activation;
mod arrange;
mod attention;
mod contract;
mod distance;
mod embedding;
mod linalg;
mod loss;
mod normalize;
mod pool;
mod reduce;
mod scan;
mod scatter;

pub use activation::*;
pub use attention::*;
pub use loss::*;
pub use scan::scan;
