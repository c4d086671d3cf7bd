//! Laws of the tape itself.

#![allow(clippy::unwrap_used)]
// A call that must panic gives nothing to drop.
#![allow(dropping_copy_types, clippy::drop_non_drop)]

mod arrange;
mod contract;
mod counts;
mod custom;
mod deep;
mod distributions;
mod faces;
mod factors;
mod formulas;
mod handles;
mod indices;
mod names;
mod orders;
mod programs;
mod reach;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod scale;
mod smoke;
mod steps;
mod support;
mod training;
mod windows;
