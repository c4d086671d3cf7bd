//! Models: trees of parameters, how they come onto a tape, and arithmetic on them as vectors.

pub(crate) mod arithmetic;
pub(crate) mod bind;
pub mod tree;
