//! Looking at a model: what it is made of, what a step records, and where its time goes.
//!
//! [`summary`] is a table of a model's leaves. A [`Graph`] is what a step recorded, as text, for Graphviz or as SVG, op by op
//! or layer by layer. A [`Profile`] has the time, calls and bytes of a step by op and by line of the source.

mod collapse;
mod graph;
mod graph_svg;
#[cfg(feature = "pictures")]
pub mod pictures;
mod profile;
mod summary;
mod xml;

pub use graph::{Graph, GraphNode};
pub use profile::{Profile, ProfileRow};
pub use summary::{Leaf, LeafKind, Summary, summary, summary_where};
