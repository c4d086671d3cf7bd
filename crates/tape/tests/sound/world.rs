//! What a random sequence of steps has made, beside what each of it must be.

use std::collections::HashMap;

use wengert_tape::{Backward, Tape, Var};
use wengert_tensor::Tensor;

use crate::reference::{Array, Made, Node};
use crate::support::{Caught, attempt};

/// The most elements of a value, and the greatest that is not tamed by a tanh.
pub const LARGEST: usize = 64;
pub const GREATEST: f64 = 10.0;
/// A variable, the value that it should have, and the scopes that it was made in.
pub struct Handle<'t> {
    pub tape: usize,
    pub node: usize,
    pub var: Var<'t, f64>,
    pub scopes: Vec<u32>,
}

/// What a walk back left, and what it should answer.
pub struct Walk<'t> {
    pub tape: usize,
    pub back: Backward<'t, f64>,
    pub expected: HashMap<usize, Option<Array>>,
}

pub struct World<'t> {
    pub tapes: [&'t Tape<f64>; 2],
    pub nodes: Vec<Node>,
    pub handles: Vec<Handle<'t>>,
    /// Numbers of handles that are the leaves of a model.
    pub models: Vec<Vec<usize>>,
    pub walks: Vec<Walk<'t>>,
    /// The scopes that are open on each tape.
    pub open: [Vec<u32>; 2],
    pub scopes: u32,
    pub recording: [bool; 2],
}

#[track_caller]
pub fn assert_close(found: &Tensor<f64>, expected: &Array, what: &str) {
    assert_eq!(found.shape().dims(), expected.shape, "{what}");
    for (a, b) in found.to_vec().into_iter().zip(&expected.data) {
        assert!(
            (a - b).abs() <= 1e-8 * (1.0 + b.abs()),
            "{what}: {found:?} is not {expected:?}"
        );
    }
}

impl<'t> World<'t> {
    pub fn new(tapes: [&'t Tape<f64>; 2]) -> Self {
        World {
            tapes,
            nodes: Vec::new(),
            handles: Vec::new(),
            models: Vec::new(),
            walks: Vec::new(),
            open: [Vec::new(), Vec::new()],
            scopes: 0,
            recording: [true; 2],
        }
    }

    pub fn is_alive(&self, handle: &Handle<'_>) -> bool {
        self.open[handle.tape].starts_with(&handle.scopes)
    }

    pub fn value(&self, handle: usize) -> &Array {
        &self.nodes[self.handles[handle].node].value
    }

    /// A handle that is alive, chosen by a number; of a tape, if one is given.
    pub fn alive(&self, number: u8, tape: Option<usize>) -> Option<usize> {
        let fits = |handle: &&usize| {
            let handle = &self.handles[**handle];
            tape.is_none_or(|tape| tape == handle.tape) && self.is_alive(handle)
        };
        let all: Vec<usize> = (0..self.handles.len()).collect();
        let fitting: Vec<&usize> = all.iter().filter(fits).collect();
        let at = usize::from(number) % fitting.len().max(1);
        fitting.get(at).map(|at| **at)
    }

    pub fn keep(&mut self, tape: usize, var: Var<'t, f64>, node: Node) -> usize {
        assert_close(&var.value(), &node.value, &format!("{:?}", node.made));
        assert_eq!(var.needs_grad(), node.needs, "{:?}", node.made);
        self.nodes.push(node);
        self.handles.push(Handle {
            tape,
            node: self.nodes.len() - 1,
            var,
            scopes: self.open[tape].clone(),
        });
        self.handles.len() - 1
    }

    pub fn start(&mut self, tape: usize, made: Made, value: &Tensor<f64>) -> usize {
        let needs = matches!(made, Made::Leaf);
        let var = if needs {
            self.tapes[tape].leaf(value)
        } else {
            self.tapes[tape].constant(value)
        };
        let node = Node {
            made,
            inputs: Vec::new(),
            value: Array::of(value),
            needs,
        };
        self.keep(tape, var, node)
    }

    /// Records a step over handles of one tape.
    pub fn record(&mut self, made: Made, inputs: &[usize]) -> usize {
        let tape = self.handles[inputs[0]].tape;
        let vars: Vec<_> = inputs.iter().map(|&at| self.handles[at].var).collect();
        let var = made.record(self.tapes[tape], &vars);
        let values: Vec<&Array> = inputs.iter().map(|&at| self.value(at)).collect();
        let value = made.value(&values);
        let inputs: Vec<usize> = inputs.iter().map(|&at| self.handles[at].node).collect();
        let needs = self.recording[tape]
            && !matches!(made, Made::Detach)
            && inputs.iter().any(|&at| self.nodes[at].needs);
        let large = value.greatest() > GREATEST;
        let handle = self.keep(
            tape,
            var,
            Node {
                made,
                inputs,
                value,
                needs,
            },
        );
        if large {
            return self.record(Made::Unary(0), &[handle]);
        }
        handle
    }

    /// A number made of a value.
    pub fn number(&mut self, handle: usize) -> usize {
        if self.value(handle).shape.is_empty() {
            handle
        } else {
            self.record(Made::Total, &[handle])
        }
    }

    pub fn check(&self) {
        for (at, handle) in self.handles.iter().enumerate() {
            if self.is_alive(handle) {
                let what = format!("handle {at}, {:?}", self.nodes[handle.node].made);
                assert_close(&handle.var.value(), self.value(at), &what);
            }
        }
    }

    /// Runs what must panic with such a message, and asserts that nothing has changed.
    #[track_caller]
    pub fn refused(&self, message: &str, f: impl FnOnce()) {
        let before = self.tapes.map(Tape::stats);
        let caught: Option<Caught> = attempt(f);
        let caught = caught.unwrap_or_else(|| panic!("nothing refused: {message}"));
        assert!(
            caught.message.contains(message),
            "{caught:?} is not: {message}"
        );
        for (tape, before) in self.tapes.iter().zip(before) {
            let after = tape.stats();
            assert_eq!(
                (after.nodes, after.bytes),
                (before.nodes, before.bytes),
                "{message}"
            );
        }
        self.check();
    }
}
