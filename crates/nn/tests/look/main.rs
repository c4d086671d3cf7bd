//! Tests of what looks at a model: summaries, graphs, profiles and pictures.

mod graph;
#[cfg(feature = "pictures")]
mod pictures;
mod profile;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod summary;
