//! Weights, checkpoints and PyTorch's files on disk (the feature `files`).
//!
//! - [`save`] and [`load`]: the weights of a model, by the paths of its tree, as safetensors.
//! - [`Checkpoint`]: all of a training in one file, from which it goes on bit for bit; [`Checkpoints`]:
//!   a folder with the last of them and the best.
//! - [`torch`]: the weights of a model by PyTorch's names and layouts, both ways.
//!
//! # Train, save, load, go on
//!
//! A run that may end at any moment, and goes on where its folder is, to the same bits:
//!
//! ```
//! use wengert_nn::files::{self, Checkpoint, Checkpoints};
//! use wengert_nn::{Adam, Linear};
//! use wengert_tape::Tape;
//! use wengert_tensor::{Rng, Tensor};
//!
//! # let folder = std::env::temp_dir().join(format!("wengert-front-{}", std::process::id()));
//! # let weights = folder.join("model.safetensors");
//! # for last in [7u64, 20] {
//! let rng = &mut Rng::seed_from_u64(1);
//! let (mut model, mut adam, mut step) = (Linear::new(2, 1, rng), Adam::new(0.1), 0u64);
//! let mut kept = Checkpoints::new(&folder)?;
//! if let Some(found) = kept.resume()?.checkpoint {
//!     let parts = found.restore().model("model", &mut model).optimizer("adam", &mut adam);
//!     parts.part("step", &mut step).finish()?;
//! }
//! let (mut tape, x) = (Tape::new(), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
//! # assert!(step == 0 && last == 7 || step == 7 && last == 20);
//! while step < last {
//!     let (_, grads) = tape.value_and_grad(&model, |t, m| m.forward(t.constant(&x)).square().mean());
//!     adam.step(&mut model, &grads);
//!     step += 1;
//!     let now = Checkpoint::new().model("model", &model).optimizer("adam", &adam);
//!     kept.save(step, None, &now.part("step", &step))?;
//! }
//! files::save(&model, &weights)?;
//! # }
//!
//! // Elsewhere, the weights alone.
//! let mut model = Linear::new(2, 1, &mut Rng::seed_from_u64(2));
//! files::load(&mut model, &weights)?;
//! assert_eq!(Checkpoints::new(&folder)?.steps(), [18, 19, 20]);
//! # std::fs::remove_dir_all(folder).unwrap();
//! # Ok::<(), files::FileError>(())
//! ```
//!
//! # What bad input gets
//!
//! Loading is all or nothing, and a file is put into its place whole or not at all. Every reader gives
//! an error that names the file and what is wrong with it; none takes memory because a header says
//! so.

pub(crate) mod aside;
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
pub(crate) use weights::{NamedValues, contents, contents_from, save_values, write_values};
