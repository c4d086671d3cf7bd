//! Checking gradients: against differences, against forward mode, and against the laws.
//!
//! [`gradcheck`] and [`gradgradcheck`] compare a function's derivatives with differences,
//! [`check_model`] a whole model's; [`Checker`] has the settings. [`laws`] tries on the [`Samples`]
//! of an op everything that its rules must keep, and serves an op of your own as well:
//!
//! ```
//! use wengert_tape::check::{Broken, Samples, kept, laws};
//! fn mul_keeps_the_laws() -> Result<(), Broken> {
//!     kept(laws(&Samples::binary("mul", |x, y| x * y).reference2(|x, y| x * y)))
//! }
//! # mul_keeps_the_laws().unwrap();
//! ```
//!
//! [`refusal`] catches a panic that a test expects, and prints nothing.

mod differences;
mod failure;
mod gradient;
mod laws;
pub(crate) mod plain;
#[cfg(feature = "proptest")]
pub mod random;
mod refusal;
mod samples;
mod sight;
mod sized;
mod subject;
mod violation;

pub use failure::{Failure, Mismatch, Report, Site};
pub use gradient::{Checker, check_model, gradcheck, gradgradcheck};
#[doc(hidden)]
pub use laws::{apart, readings};
pub use laws::{laws, laws_f32, laws_of};
pub use refusal::{Refusal, refusal};
pub use samples::{Bad, Case, Program, Reference, Samples};
#[doc(hidden)]
pub use sight::{Sighting, sight};
pub use violation::{Broken, Violation, kept};
