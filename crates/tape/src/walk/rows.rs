//! What look-ups leave of the cotangent of a table: the rows that were looked up, until the walk has
//! ended.

use std::ops::Range;

use wengert_tensor::{Float, Shape, Tensor};

use crate::record::node::Id;
use crate::walk::buffer_pool::{Buffer, Pool};

/// The cotangents of looked-up rows that are not written into the cotangent of their leaf.
pub(crate) struct Rows<T> {
    /// Whether this walk may leave rows.
    pub allowed: bool,
    /// How many rows there are of each leaf that has some.
    counts: Vec<(Id, usize)>,
    looked: Vec<Looked<T>>,
    /// Row, look-up and place in it, of one leaf; its memory is used again.
    order: Vec<(usize, usize, usize)>,
}

/// What one look-up left.
struct Looked<T> {
    leaf: Id,
    /// The how manieth of the walk.
    turn: usize,
    indices: Tensor<i64>,
    bars: Buffer<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows {
            allowed: false,
            counts: Vec::new(),
            looked: Vec::new(),
            order: Vec::new(),
        }
    }
}

impl<T: Float> Rows<T> {
    /// Whether `more` rows of a leaf of this shape, with those that are here, are so few that they
    /// stay apart.
    pub fn stay_few(&self, leaf: Id, more: usize, shape: &Shape) -> bool {
        let Some(&rows) = shape.first().filter(|_| self.allowed) else {
            return false;
        };
        let count = self.counts.iter().find(|(of, _)| *of == leaf);
        (count.map_or(0, |&(_, count)| count) + more).saturating_mul(4) <= rows
    }

    /// Keeps the cotangents of the rows of a leaf at `indices`.
    pub fn push(&mut self, leaf: Id, indices: Tensor<i64>, bars: Buffer<T>) {
        match self.counts.iter_mut().find(|(of, _)| *of == leaf) {
            Some((_, count)) => *count += indices.size(),
            None => self.counts.push((leaf, indices.size())),
        }
        self.looked.push(Looked {
            leaf,
            turn: self.looked.len(),
            indices,
            bars,
        });
    }

    /// Forgets all rows, and that there may be some.
    pub fn clear(&mut self, pool: &mut Pool<T>) {
        self.allowed = false;
        self.counts.clear();
        for looked in self.looked.drain(..) {
            pool.give(looked.bars);
        }
    }

    /// Brings the look-ups of a leaf together, after the last of the walk.
    pub fn sort(&mut self) {
        self.looked
            .sort_unstable_by_key(|looked| (looked.leaf, looked.turn));
    }

    fn of(&self, leaf: Id) -> Range<usize> {
        let start = self.looked.partition_point(|looked| looked.leaf < leaf);
        let rest = &self.looked[start..];
        start..start + rest.partition_point(|looked| looked.leaf == leaf)
    }

    /// Whether there are rows of this leaf; they were sorted.
    pub fn has(&self, leaf: Id) -> bool {
        !self.of(leaf).is_empty()
    }

    /// Adds the rows of a leaf of this shape to its cotangent, in the order of the walk.
    pub fn add_to(&self, leaf: Id, shape: &Shape, sum: &mut [T]) {
        let width = width(shape);
        for looked in &self.looked[self.of(leaf)] {
            for (k, index) in looked.indices.iter().enumerate() {
                let at = row(index, shape[0]) * width;
                let bars = &looked.bars[k * width..(k + 1) * width];
                add(&mut sum[at..at + width], bars);
            }
        }
    }

    /// Writes the rows of a leaf of this shape in their order, each once: their numbers, and the sums
    /// of their cotangents in the order of the walk.
    pub fn gather(
        &mut self,
        leaf: Id,
        shape: &Shape,
        indices: &mut Vec<usize>,
        values: &mut Vec<T>,
    ) {
        let width = width(shape);
        indices.clear();
        values.clear();
        self.order.clear();
        for at in self.of(leaf) {
            let list = self.looked[at].indices.iter().enumerate();
            self.order
                .extend(list.map(|(k, index)| (row(index, shape[0]), at, k)));
        }
        self.order.sort_unstable();
        for &(row, at, k) in &self.order {
            let bars = &self.looked[at].bars[k * width..(k + 1) * width];
            if indices.last() == Some(&row) {
                let start = values.len() - width;
                add(&mut values[start..], bars);
            } else {
                indices.push(row);
                values.extend_from_slice(bars);
            }
        }
    }
}

/// The number of elements of a row of a table.
fn width(shape: &Shape) -> usize {
    shape.iter().skip(1).product()
}

/// The row that an index means, which counts from the end where it is negative.
fn row(index: i64, rows: usize) -> usize {
    if index < 0 {
        rows - index.unsigned_abs() as usize
    } else {
        index as usize
    }
}

fn add<T: Float>(sum: &mut [T], bars: &[T]) {
    for (sum, &bar) in sum.iter_mut().zip(bars) {
        *sum += bar;
    }
}
