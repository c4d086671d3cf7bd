//! The loop around the step: [`Trainer`], what watches it, and what it measures.
//!
//! A plain loop needs none of this, and stays as short as it is:
//!
//! ```
//! use wengert_nn::{Adam, Linear};
//! use wengert_tape::Tape;
//! use wengert_tensor::{Rng, Tensor};
//!
//! let mut model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
//! let (mut tape, mut adam) = (Tape::new(), Adam::new(0.1));
//! let (x, y) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([[3.0], [7.0]]));
//! let mut last = f32::INFINITY;
//! for _ in 0..2000 {
//!     let (loss, grads) = tape.value_and_grad(&model, |t, m| {
//!         (m.forward(t.constant(&x)) - &y).square().mean()
//!     });
//!     adam.step(&mut model, &grads);
//!     last = loss;
//! }
//! assert!(last < 1e-2);
//! ```
//!
//! The trainer is for what such loops grow: epochs and their means, accumulation, clipping, a schedule,
//! validation with early stopping, checkpoints, and a stop that says where the first NaN came from. It
//! prints nothing, and tells its [observers](Observer).

mod engine;
mod error;
#[cfg(feature = "files")]
mod keep;
mod lines;
pub mod metrics;
mod observer;
#[cfg(feature = "progress")]
mod progress;
mod report;
mod run;
mod stopping;
mod trainer;

pub use error::TrainError;
pub use lines::{Csv, JsonLines};
pub use observer::{Event, Observer};
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use report::{Moment, Report, Stop};
pub use stopping::{EarlyStopping, Verdict};
pub use trainer::Trainer;
