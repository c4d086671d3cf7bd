//! Cotangents on their way back: owned buffers that are moved, added to in place, and freed.

use wengert_tensor::kernels::{copy, copy_into, product, sum_to};
use wengert_tensor::{Float, Layout, View};

use crate::record::node::{ALIAS, Id, List, NEEDS, WANTED};
use crate::walk::buffer_pool::{Buffer, Pool};
use crate::walk::packed_factors::Packs;
use crate::walk::planted_fault::{Fault, first_instead_of_sum};
use crate::walk::rows::Rows;

/// The cotangent of every node that has one, the buffers to make more, and the factors of products
/// that come again.
pub(crate) struct Flow<T> {
    pub bars: Vec<Option<Buffer<T>>>,
    pub pool: Pool<T>,
    pub packs: Packs<T>,
    /// Rows of leaves that are not in `bars`.
    pub rows: Rows<T>,
    /// A mistake that a test planted in what the rule that runs now gives to one node.
    pub fault: Option<(Fault, Id)>,
    /// How often a planted mistake changed something.
    pub spoiled: u64,
}

impl<T> Default for Flow<T>
where
    T: Float,
{
    fn default() -> Self {
        Flow {
            bars: Vec::new(),
            pool: Pool::default(),
            packs: Packs::default(),
            rows: Rows::default(),
            fault: None,
            spoiled: 0,
        }
    }
}

impl<T: Float> Flow<T> {
    /// Makes room for the cotangents of the first `len` nodes, all missing.
    pub fn start(&mut self, len: usize) {
        self.clear();
        self.bars.resize_with(len, || None);
    }

    /// Gives every buffer back.
    pub fn clear(&mut self) {
        let bars = std::mem::take(&mut self.bars);
        self.give_all(bars);
        self.rows.clear(&mut self.pool);
    }

    /// Gives the buffers of a list back, and keeps the longer of this list and the flow's own,
    /// where the own is empty, for the next walk.
    pub fn give_all(&mut self, mut bars: Vec<Option<Buffer<T>>>) {
        for bar in bars.drain(..).flatten() {
            self.pool.give(bar);
        }
        if self.bars.is_empty() && self.bars.capacity() < bars.capacity() {
            self.bars = bars;
        }
    }

    /// Adds `bar`, of the node's shape or broadcast from it, to the cotangent of node `id`.
    pub fn accumulate(&mut self, list: &List<T>, id: Id, bar: &View<'_, T>) {
        let node = &list.nodes[id as usize];
        if node.flags & NEEDS == 0 {
            return;
        }
        let shape = list.shape(id);
        if bar.shape() != &shape {
            let mut sum = self.pool.take(shape.size());
            sum_to(bar, &shape, &mut sum, false);
            if self.fault == Some((Fault::NoBroadcastSum, id)) {
                self.spoiled += u64::from(first_instead_of_sum(bar, &shape, &mut sum));
            }
            self.accumulate(list, id, &View::contiguous(&sum, shape));
            self.pool.give(sum);
            return;
        }
        if node.flags & (ALIAS | WANTED) == ALIAS {
            let (base, region) = list.region(id);
            if self.bars[base as usize].is_none() && list.is_all(base, &region) {
                let mut first = self.pool.take(region.size());
                copy(bar, &mut first);
                self.bars[base as usize] = Some(first);
                return;
            }
            let whole = self.whole(list, base);
            copy_into(whole, &region, bar, true);
            return;
        }
        match &mut self.bars[id as usize] {
            Some(sum) => {
                copy_into(sum, &Layout::contiguous(shape), bar, true);
            }
            empty => {
                let mut first = self.pool.take(shape.size());
                copy(bar, &mut first);
                *empty = Some(first);
            }
        }
    }

    /// Adds a buffer of the node's shape to the cotangent of node `id`, or makes it the cotangent.
    pub fn deposit(&mut self, list: &List<T>, id: Id, bar: Buffer<T>) {
        let node = &list.nodes[id as usize];
        let own = node.flags & (NEEDS | ALIAS) == NEEDS;
        if own && self.bars[id as usize].is_none() {
            self.bars[id as usize] = Some(bar);
            return;
        }
        self.accumulate(list, id, &View::contiguous(&bar, list.shape(id)));
        self.pool.give(bar);
    }

    /// Adds the matrix product `a · b` to the cotangent of node `id`. Batch axes that the node
    /// does not have are summed.
    pub fn accumulate_product(&mut self, list: &List<T>, id: Id, a: &View<'_, T>, b: &View<'_, T>) {
        let (base, region) = list.region(id);
        let batch = product::batch_shape(a.shape(), b.shape());
        let faulty = self.fault == Some((Fault::NoBroadcastSum, id));
        let target = match product::batched(&region, &batch) {
            Some(target) if !faulty => target,
            _ => {
                // A batch axis of length 1 in the middle: sum it down from a buffer of its own.
                let shape = product::shape(a.shape(), b.shape());
                let mut full = self.pool.take(shape.size());
                let layout = Layout::contiguous(shape.clone());
                product::multiply(&mut full, &layout, a, b, false);
                self.accumulate(list, id, &View::contiguous(&full, shape));
                self.pool.give(full);
                return;
            }
        };
        let fresh = self.bars[base as usize].is_none();
        let covers = base == id && !target.repeats();
        if fresh && covers {
            let size = list.nodes[base as usize].size as usize;
            let mut first = self.pool.take(size);
            product::multiply(&mut first, &target, a, b, false);
            self.bars[base as usize] = Some(first);
        } else {
            let whole = self.whole(list, base);
            product::multiply(whole, &target, a, b, true);
        }
    }

    /// The cotangent of a base, zeros if it had none.
    pub fn whole(&mut self, list: &List<T>, base: Id) -> &mut Buffer<T> {
        let size = list.nodes[base as usize].size as usize;
        let pool = &mut self.pool;
        self.bars[base as usize].get_or_insert_with(|| pool.zeros(size))
    }
}
