//! The fast reading of a rule: straight from buffers into buffers.

use wengert_tensor::{Float, Layout, Shape, Tensor, View};

use crate::record::node::{Id, LEAF, List, NEEDS};
use crate::walk::cotangents::Flow;

/// What an op sees when nothing is recorded: the list, and the cotangents as buffers.
pub struct Direct<'a, T: Float> {
    pub(crate) list: &'a List<T>,
    pub(crate) flow: &'a mut Flow<T>,
    pub(crate) id: Id,
}

impl<'a, T: Float> Direct<'a, T> {
    pub(crate) fn new(list: &'a List<T>, flow: &'a mut Flow<T>, id: Id) -> Self {
        Direct { list, flow, id }
    }

    /// For an op with one output whose rule gives each input a region of the output's cotangent:
    /// `region` says which, of the layout of the whole, by the input's number and shape.
    pub(crate) fn give_regions(
        &mut self,
        mut region: impl FnMut(&Layout, usize, &Shape) -> Layout,
    ) -> bool {
        if let Some(y_bar) = self.flow.bars[self.id as usize].take() {
            let whole = Layout::contiguous(self.list.shape(self.id));
            for (k, &input) in self.list.inputs(self.id).iter().enumerate() {
                let part = region(&whole, k, &self.list.shape(input));
                self.flow
                    .accumulate(self.list, input, &View::new(&y_bar, part));
            }
            self.flow.pool.give(y_bar);
        }
        true
    }

    /// For an op whose output is the rows of its only input at `indices`: leaves the cotangents of
    /// the rows as they are until the end of the walk, if it may, the input is a leaf that nothing
    /// else has flowed into, and the rows are few. Returns `false`, and has done nothing, otherwise.
    pub(crate) fn leave_rows(&mut self, indices: &Tensor<i64>) -> bool {
        let (list, flow) = (self.list, &mut *self.flow);
        let leaf = list.inputs(self.id)[0];
        let flags = list.nodes[leaf as usize].flags;
        if flags & (NEEDS | LEAF) != NEEDS | LEAF
            || flow.bars[leaf as usize].is_some()
            || !flow.rows.stay_few(leaf, indices.size(), &list.shape(leaf))
        {
            return false;
        }
        if let Some(y_bar) = flow.bars[self.id as usize].take() {
            flow.rows.push(leaf, indices.clone(), y_bar);
        }
        true
    }

    /// For an op with one output whose rule adds the output's cotangent here and there into the
    /// cotangent of its only input: `add` does so, given the input's cotangent in row-major order,
    /// its shape, and the output's cotangent. Nothing else of the input's is touched. Returns
    /// `false`, and has done nothing, if the input's cotangent lies strewn in that of another.
    pub(crate) fn add_to_input(
        &mut self,
        add: impl FnOnce(&mut [T], &Shape, &View<'_, T>),
    ) -> bool {
        let input = self.list.inputs(self.id)[0];
        let (base, region) = self.list.region(input);
        if !region.is_contiguous() {
            return false;
        }
        if let Some(y_bar) = self.flow.bars[self.id as usize].take() {
            let shape = self.list.shape(self.id);
            let size = region.shape().size();
            // Where there is nothing, it may be said to begin behind the end.
            let start = if size == 0 { 0 } else { region.offset() };
            let x_bar = &mut self.flow.whole(self.list, base)[start..start + size];
            add(x_bar, region.shape(), &View::contiguous(&y_bar, shape));
            self.flow.pool.give(y_bar);
        }
        true
    }
}
