//! Tests of what reads data and what makes batches of them.

#[cfg(feature = "files")]
mod arrays;
mod babi;
mod epochs;
#[cfg(feature = "files")]
mod fuzz;
#[cfg(feature = "files")]
mod gzip;
mod hostile;
#[cfg(feature = "files")]
mod npy;
#[cfg(feature = "files")]
mod npz;
mod parts;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
#[cfg(feature = "files")]
mod shared;
#[cfg(feature = "files")]
mod table;
mod text;
mod vocabulary;
