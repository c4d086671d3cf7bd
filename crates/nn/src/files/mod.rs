//! Weights, checkpoints and PyTorch's files on disk (the feature `files`).
//!
//! - [`save`] and [`load`]: the weights of a model, by the paths of its tree, as safetensors.
//! - [`Checkpoint`]: all of a training in one file, from which it goes on bit for bit; [`Checkpoints`]:
//!   a folder with the last of them and the best.
//! - [`torch`]: the weights of a model by PyTorch's names and layouts, both ways.
//!
//! Loading is all or nothing, and a file is put into its place whole or not at all. Every reader gives
//! an error that names the file and what is wrong with it; none takes memory because a header says
//! so.

mod aside;
mod checkpoint;
mod checkpoints;
mod error;
mod format;
mod header;
mod persist;
mod record;
pub mod torch;
mod value;
mod weights;

pub use checkpoint::{Checkpoint, Restore};
pub use checkpoints::{Checkpoints, Goal, Resumed};
pub use error::{FileError, Problem};
pub use record::{Persist, Record, RecordError};
pub use value::Value;
pub use weights::{
    LoadOptions, LoadReport, Misfit, load, load_from, metadata, save, save_to, save_with_metadata,
};
