//! Data from outside, and its way into batches.

mod batches;
pub mod idx;
mod padding;

pub use batches::Batches;
pub use padding::pad;
