//! What the programs of this folder have in common.

pub mod bare;
pub mod measure;
pub mod table;
