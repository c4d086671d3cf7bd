//! The walk forward through the list: tangents along with values.

use smallvec::SmallVec;
use std::cell::RefCell;
use wengert_tensor::{Float, Shape};

use crate::record::node::{Id, LEAF, NONE};
use crate::record::tape::Tape;
use crate::record::var::Var;
use crate::walk::reverse::{end, output_count};
use crate::walk::rule::{Rule, Running};

/// What a forward-mode rule sees: the inputs, the outputs, the inputs' tangents, and where to give.
///
/// What a rule asks for and what it gives is checked; a panic names the op.
pub struct Tangent<'t, 'r, T: Float> {
    rule: Rule<'t, T>,
    x_dots: &'r [Option<Var<'t, T>>],
    y_dots: &'r RefCell<SmallVec<[Option<Var<'t, T>>; 2]>>,
}

impl<'t, T: Float> Tangent<'t, '_, T> {
    /// The tape, for constants.
    pub fn tape(&self) -> &'t Tape<T> {
        self.rule.tape
    }

    /// The number of inputs.
    pub fn arity(&self) -> usize {
        self.x_dots.len()
    }

    /// Input number `k`.
    ///
    /// # Panics
    /// If the op has no such input.
    #[track_caller]
    pub fn x(&self, k: usize) -> Var<'t, T> {
        self.rule.x(k)
    }

    /// Output number `m`.
    ///
    /// # Panics
    /// If the op has no such output.
    #[track_caller]
    pub fn y(&self, m: usize) -> Var<'t, T> {
        self.rule.y(m)
    }

    /// The shape of output number `m`.
    ///
    /// # Panics
    /// If the op has no such output.
    #[track_caller]
    pub fn y_shape(&self, m: usize) -> Shape {
        let id = self.rule.output(m);
        self.rule.tape.inner.borrow().list.shape(id)
    }

    /// The tangent of input number `k`; `None` for one that does not move. An op with one input
    /// always has one.
    ///
    /// # Panics
    /// If the op has no such input.
    #[track_caller]
    pub fn x_dot(&self, k: usize) -> Option<Var<'t, T>> {
        self.rule.input(k);
        self.x_dots[k]
    }

    /// Adds `y_dot` to the tangent of output number `m`. A smaller shape is broadcast.
    ///
    /// # Panics
    /// If the op has no such output, `y_dot` belongs to another tape or to a scope that has ended,
    /// or does not stretch to the output's shape.
    #[track_caller]
    pub fn give(&self, m: usize, y_dot: Var<'t, T>) {
        let id = self.rule.output(m);
        self.rule.check("output", m, id, y_dot, |shape, found| {
            found.broadcasts_to(shape)
        });
        let shape = self.y_shape(m);
        let y_dot = if y_dot.shape() == shape {
            y_dot
        } else {
            y_dot.expand(shape)
        };
        let slot = &mut self.y_dots.borrow_mut()[m];
        *slot = Some(match *slot {
            Some(sum) => sum + y_dot,
            None => y_dot,
        });
    }
}

/// Walks forward over the first `len` nodes. `dots` holds the tangents of the inputs at the start
/// and of every node that moves at the end.
pub(crate) fn walk<T: Float>(tape: &Tape<T>, len: usize, dots: &mut Vec<Id>) {
    // A rule gives to all outputs of its op, also to those behind the last that is asked for.
    let room = end(&tape.inner.borrow().list, (len as Id).saturating_sub(1));
    dots.resize(room.max(len), NONE);
    let mut id: Id = 0;
    while (id as usize) < len {
        let (outputs, x_dots) =
            {
                let list = &tape.inner.borrow().list;
                let node = &list.nodes[id as usize];
                let outputs = output_count(list, id);
                let mut x_dots: SmallVec<[Option<Var<'_, T>>; 4]> = SmallVec::new();
                if node.flags & LEAF == 0 && dots[id as usize] == NONE {
                    x_dots.extend(list.inputs(id).iter().map(|&input| {
                        match dots[input as usize] {
                            NONE => None,
                            dot => Some(tape.var(dot)),
                        }
                    }));
                }
                (outputs, x_dots)
            };
        if x_dots.iter().any(Option::is_some) {
            let y_dots = RefCell::new(SmallVec::from_elem(None, outputs));
            let running = Running::recorded(tape, id);
            running.op().tangent(&Tangent {
                rule: running.rule(outputs),
                x_dots: &x_dots,
                y_dots: &y_dots,
            });
            drop(running);
            for (m, y_dot) in y_dots.into_inner().into_iter().enumerate() {
                if let Some(y_dot) = y_dot {
                    dots[id as usize + m] = y_dot.id();
                }
            }
        }
        id += outputs as Id;
    }
}
