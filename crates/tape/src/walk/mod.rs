//! The walks over the list: back for gradients, forward for tangents. They know no op.
//!
//! `reverse` walks back. What flows is kept in `cotangents` (buffers) or, when the walk itself is
//! recorded, in `recorded_cotangents` (variables). `direct` lets an op go straight from buffers into
//! buffers. `part` is a place in a value that a part of its cotangent belongs to. `rows` are the cotangents of
//! rows that were looked up in a leaf. `buffer_pool` and `packed_factors` keep memory that is used again. `tangent` walks
//! forward. `rule` is what a rule of either kind sees of its op, and what it must not do. `planted_fault` has the mistakes that tests plant, to prove that the laws see them.

pub(crate) mod buffer_pool;
pub(crate) mod cotangents;
pub(crate) mod direct;
pub(crate) mod packed_factors;
pub(crate) mod part;
pub(crate) mod planted_fault;
pub(crate) mod recorded_cotangents;
pub(crate) mod reverse;
pub(crate) mod rows;
pub(crate) mod rule;
pub(crate) mod tangent;
