//! Right factors that come again and again, made ready once.

use wengert_tensor::Float;
use wengert_tensor::kernels::{Matrix, Packed};

use crate::record::node::{Id, NONE, Node, Place};

/// The right factors of the last products.
///
/// A recurrent network multiplies by the same weights in every step, on the way there and, transposed,
/// on the way back. What comes a second time is packed and kept. A value on a tape never changes, so
/// that a copy holds until its node is forgotten.
pub(crate) struct Packs<T> {
    rows: Vec<Pack<T>>,
    /// The row that the next new factor takes.
    next: usize,
}

struct Pack<T> {
    /// The node, and whether its value is transposed.
    factor: (Id, bool),
    ready: bool,
    packed: Packed<T>,
}

/// The factors that are kept: those of a cell's two products, there and back, in two directions.
const COUNT: usize = 8;

impl<T> Default for Packs<T> {
    fn default() -> Self {
        Packs {
            rows: Vec::new(),
            next: 0,
        }
    }
}

impl<T: Float> Packs<T> {
    /// Packed `b`, the value of a node of this list, transposed or not, if it is the right factor of
    /// more than this product `a · b`.
    #[inline]
    pub fn find(
        &mut self,
        nodes: &[Node<T>],
        factor: (Id, bool),
        a: &Matrix<'_, T>,
        b: &Matrix<'_, T>,
    ) -> Option<&Packed<T>> {
        // A value that is lent has its number for the time of one rule.
        let lent = matches!(nodes[factor.0 as usize].place, Place::Loan(_));
        if lent || !Packed::pays(a, b) {
            return None;
        }
        let Some(at) = self.rows.iter().position(|pack| pack.factor == factor) else {
            self.remember(factor);
            return None;
        };
        let pack = &mut self.rows[at];
        if !pack.ready {
            pack.packed.pack(*b);
            pack.ready = true;
        }
        Some(&pack.packed)
    }

    /// In the place of the oldest, whose memory is used again.
    fn remember(&mut self, factor: (Id, bool)) {
        if self.next == self.rows.len() {
            self.rows.push(Pack {
                factor,
                ready: false,
                packed: Packed::default(),
            });
        }
        let pack = &mut self.rows[self.next];
        (pack.factor, pack.ready) = (factor, false);
        self.next = (self.next + 1) % COUNT;
    }

    /// The bytes of all that is packed, or was and waits to be used again.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(|pack| pack.packed.bytes()).sum()
    }

    /// Forgets the nodes from this one on.
    pub fn forget(&mut self, from: usize) {
        for pack in &mut self.rows {
            if pack.factor.0 as usize >= from {
                pack.factor.0 = NONE;
            }
        }
        if from == 0 {
            // So that every step finds its matrices where memory for them is.
            self.next = 0;
        }
    }
}
