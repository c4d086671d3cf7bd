//! Parts: what one call of a layer has recorded.

use std::ops::Range;

use wengert_tensor::{Float, compile_here};

use crate::record::node::Id;
use crate::record::tape::{Inner, Tape};

/// A part of the program, which ends where this value does: see [`Tape::part`].
#[must_use = "a part ends where this value does"]
pub struct Part<'t, T: Float = f32> {
    tape: &'t Tape<T>,
    name: &'static str,
    start: Id,
}

/// What one part of the program has recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartRecord {
    /// What the part is called.
    pub name: &'static str,
    /// Its nodes, by their places in [`records`](Tape::records).
    pub nodes: Range<usize>,
}

compile_here! {
    fn end_part<T>(inner: &mut Inner<T>, name: &'static str, start: Id) {
        let nodes = start as usize..inner.list.nodes.len();
        if !nodes.is_empty() {
            inner.parts.push(PartRecord { name, nodes });
        }
    }
}

impl<T: Float> Drop for Part<'_, T> {
    fn drop(&mut self) {
        // While a panic unwinds, the code that panicked may still hold the borrow.
        if let Some(mut inner) = self.tape.inner.free() {
            end_part(&mut inner, self.name, self.start);
        }
    }
}

impl<T: Float> Tape<T> {
    /// Begins a part of the program: what is recorded until the value that comes back is dropped belongs together, as the ops of one
    /// call of a layer do. Parts lie in parts. They change nothing, cost a few numbers a call, and are there for whoever looks at
    /// the tape.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::scalar(2.0));
    /// let y = {
    ///     let _part = tape.part("cube");
    ///     x * x * x
    /// };
    /// let _ = y.sum();
    /// let part = &tape.parts()[0];
    /// assert_eq!((part.name, part.nodes.clone()), ("cube", 1..3));
    /// ```
    ///
    /// For a name that errors mention there is [`named`](Tape::named).
    #[doc(alias("name_scope", "module"))]
    pub fn part(&self, name: &'static str) -> Part<'_, T> {
        let start = self.inner.borrow().list.nodes.len() as Id;
        Part {
            tape: self,
            name,
            start,
        }
    }

    /// The parts that have ended since the reset, an inner one before that around it. One without a node is left out.
    pub fn parts(&self) -> Vec<PartRecord> {
        self.inner.borrow().parts.clone()
    }
}
