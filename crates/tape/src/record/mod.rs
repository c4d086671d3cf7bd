//! Recording: the tape, its variables, and the list of nodes that they are numbers in.
//!
//! `tape` and `var` are what users hold. `op` says what an op must say, `recording` checks an op,
//! computes its value and adds its node. `node` is the list and the arena of values, `op_store` keeps
//! ops with attributes, `attributes` are axes and dimensions without a heap. `names` are those of parts
//! of the program, and `parts` say what a call of a layer has recorded. `custom` makes ops of closures, and `inspect` looks at what was recorded. `generator`
//! draws random numbers, and `guarded` keeps the state from being used while an op is computed.

pub(crate) mod attributes;
pub(crate) mod custom;
mod generator;
pub(crate) mod guarded;
pub(crate) mod inspect;
pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod op;
pub(crate) mod op_store;
pub(crate) mod parts;
pub(crate) mod recording;
pub(crate) mod tape;
pub(crate) mod var;
