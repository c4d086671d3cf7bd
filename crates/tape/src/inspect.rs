//! Looking at a tape: what it holds, and where a number stopped being one.

use std::panic::Location;

use wengert_tensor::{Float, Shape};

use crate::node::Id;
use crate::tape::Tape;

/// What a tape holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Nodes recorded since the reset.
    pub nodes: usize,
    /// Bytes of nodes and values recorded since the reset; what waits to be used again, and
    /// tensors outside that the tape shares, are not counted.
    pub bytes: usize,
    /// Bytes of cotangent buffers that wait to be used again.
    pub pool_bytes: usize,
    /// Requests for a buffer that a waiting one served.
    pub pool_hits: u64,
    /// Requests for a buffer that had to be allocated.
    pub pool_misses: u64,
}

/// A node that holds an infinity or a NaN.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NonFinite {
    /// The op.
    pub op: &'static str,
    /// Where the program recorded it.
    pub location: &'static Location<'static>,
    /// Its shape.
    pub shape: Shape,
    /// The first value that is not finite.
    pub value: f64,
    /// The ops and shapes of its inputs.
    pub inputs: Vec<(&'static str, Shape)>,
}

impl std::fmt::Display for NonFinite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} at {} made {}", self.op, self.shape, self.location, self.value)?;
        for (k, (op, shape)) in self.inputs.iter().enumerate() {
            write!(f, "{} {op} {shape}", if k == 0 { " from" } else { "," })?;
        }
        Ok(())
    }
}

impl<T: Float> Tape<T> {
    /// What the tape holds now.
    pub fn stats(&self) -> Stats {
        let inner = self.inner.borrow();
        Stats {
            nodes: inner.list.nodes.len(),
            bytes: inner.list.bytes(),
            pool_bytes: inner.flow.pool.bytes(),
            pool_hits: inner.flow.pool.hits,
            pool_misses: inner.flow.pool.misses,
        }
    }

    /// The first recorded node whose value is infinite or NaN.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let _ = tape.scalar(-1.0).ln() + 1.0;
    /// assert_eq!(tape.first_non_finite().unwrap().op, "ln");
    /// ```
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        let inner = self.inner.borrow();
        let list = &inner.list;
        let op = |id: Id| list.with_op(id, |op| op.name());
        (0..list.nodes.len() as Id).find_map(|id| {
            let value = list.view(id).iter().find(|x| !x.is_finite())?;
            Some(NonFinite {
                op: op(id),
                location: list.origins[id as usize].location,
                shape: list.shape(id),
                value: value.to_f64(),
                inputs: list.inputs(id).iter().map(|&id| (op(id), list.shape(id))).collect(),
            })
        })
    }
}
