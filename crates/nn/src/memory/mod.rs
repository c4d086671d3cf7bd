//! Networks with a memory beside their weights.
//!
//! - `end_to_end`: MemN2N, which looks into a memory of sentences in several hops.
//! - `sentence`: a bag of words as a vector, with the order of its words or without.
//! - `reader`: the memory network of the book, one look into a story and a recurrent layer behind it.
//! - `stack`: a stack whose pushes and pops have derivatives.

mod end_to_end;
mod reader;
mod sentence;
mod stack;

pub use end_to_end::{Answer, EndToEndMemory, MemoryOptions, Tying};
pub use reader::StoryReader;
pub use sentence::position_encoding;
pub use stack::DifferentiableStack;
