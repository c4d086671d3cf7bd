//! Data from outside, and its way into batches.

mod batches;
pub mod idx;

pub use batches::Batches;
