//! The fast reading of a rule: straight from buffers into buffers.

use crate::flow::Flow;
use crate::node::{Id, List};

/// What an op sees when nothing is recorded: the list, and the cotangents as buffers.
pub struct Direct<'a, T: wengert_tensor::Float> {
    pub(crate) list: &'a List<T>,
    pub(crate) flow: &'a mut Flow<T>,
    pub(crate) id: Id,
}

impl<'a, T: wengert_tensor::Float> Direct<'a, T> {
    pub(crate) fn new(list: &'a List<T>, flow: &'a mut Flow<T>, id: Id) -> Self {
        Direct { list, flow, id }
    }
}
