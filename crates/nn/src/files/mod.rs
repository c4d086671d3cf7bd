//! Weights, checkpoints and PyTorch's files on disk (the feature `files`).
//!
//! - [`save`] and [`load`]: the weights of a model, by the paths of its tree, as safetensors.
//!
//! Loading is all or nothing, and a file is put into its place whole or not at all. Every reader gives
//! an error that names the file and what is wrong with it; none takes memory because a header says
//! so.

mod aside;
mod error;
mod format;
mod header;
mod value;
mod weights;

pub use error::{FileError, Problem};
pub use value::Value;
pub use weights::{
    LoadOptions, LoadReport, Misfit, load, load_from, metadata, save, save_to, save_with_metadata,
};
