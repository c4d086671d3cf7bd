//! Functions whose results are integers or truth values. They have no gradient, and are no ops.

pub(in crate::ops) mod compare;
mod one_hot;
