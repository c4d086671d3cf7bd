//! A tape does not lie: what cannot be is a panic with a name, and a panic that is caught leaves the
//! tape as it was.

#![allow(clippy::unwrap_used)]
// A call that must panic gives nothing to drop.
#![allow(dropping_copy_types, clippy::drop_non_drop)]

mod atomic;
mod derivatives;
mod reference;
mod rules;
mod scopes;
mod sequences;
mod sizes;
#[path = "../tape/support.rs"]
#[allow(dead_code)]
mod support;
mod world;
