//! The derivatives of what a random sequence has made, in every way that there is.

use std::collections::HashMap;

use wengert_tape::{GradOptions, Tape, Unused};
use wengert_tensor::Tensor;

use crate::reference::{Array, Made, Node, gradients, replay};
use crate::sequences::Kind;
use crate::world::{GREATEST, Handle, Walk, World, assert_close};

impl World<'_> {
    /// The derivative of the sum of one value with respect to another, as a value of its own.
    pub fn grad(&mut self, x: usize, y: usize) {
        let tape = self.handles[x].tape;
        let loss = self.number(x);
        let (at, by) = (self.handles[loss].node, self.handles[y].node);
        let inputs = [self.handles[loss].var, self.handles[y].var];
        if !self.nodes[by].needs {
            let message = "grad: input 0 is a constant";
            self.refused(message, || {
                drop(Made::Slope.record(self.tapes[tape], &inputs))
            });
            return;
        }
        let (value, needs) = {
            let fresh = Tape::new();
            fresh.plain();
            let mut known = HashMap::new();
            let y = replay(&fresh, &self.nodes, by, &mut known);
            let loss = replay(&fresh, &self.nodes, at, &mut known);
            let slope = Made::Slope.record(&fresh, &[loss, y]);
            (Array::of(&slope.value()), slope.needs_grad())
        };
        let var = Made::Slope.record(self.tapes[tape], &inputs);
        let node = Node {
            made: Made::Slope,
            inputs: vec![at, by],
            value,
            needs,
        };
        let large = node.value.greatest() > GREATEST;
        let handle = self.keep(tape, var, node);
        if large {
            self.record(Made::Unary(0), &[handle]);
        }
    }

    /// The derivatives with respect to several values at once, each of which may be a view or a part
    /// of another, are those with respect to each alone.
    pub fn grad_of_several(&mut self, x: usize, y: usize, z: usize) {
        let tape = self.handles[x].tape;
        let loss = self.number(x);
        let at = self.handles[loss].node;
        let by = [x, y, z].map(|handle| self.handles[handle].node);
        if self.handles[y].tape != tape || !by.iter().all(|&by| self.nodes[by].needs) {
            return;
        }
        let options = GradOptions {
            create_graph: true,
            unused: Unused::Zeros,
        };
        let wanted = [x, y, z].map(|handle| self.handles[handle].var);
        let loss = self.handles[loss].var;
        let found = self.tapes[tape].grad_with(&[loss], &wanted, &[], options);
        for (by, found) in by.into_iter().zip(found) {
            let fresh = Tape::new();
            fresh.plain();
            let mut known = HashMap::new();
            let by = replay(&fresh, &self.nodes, by, &mut known);
            let loss = replay(&fresh, &self.nodes, at, &mut known);
            let slope = Made::Slope.record(&fresh, &[loss, by]);
            assert_close(&found.value(), &Array::of(&slope.value()), "one of several");
        }
    }

    /// Forward mode along ones, against the sum of the derivative.
    pub fn tangent(&mut self, x: usize, y: usize) {
        let tape = self.handles[x].tape;
        let loss = self.number(x);
        let needs = |at: usize| self.nodes[self.handles[at].node].needs;
        // Ops of these tests that have no forward-mode rule, or no true one.
        let plain = self.nodes.iter().all(|node| {
            !matches!(
                node.made,
                Made::Fragile | Made::Through | Made::Two(_) | Made::Detach
            )
        });
        if !plain || !needs(loss) || !needs(y) || !self.recording[tape] {
            return;
        }
        let (loss, y) = (self.handles[loss].var, self.handles[y].var);
        let dot = self.tapes[tape].tangent(loss, &[(y, self.tapes[tape].ones(y.shape()))]);
        let slope = Made::Slope.record(self.tapes[tape], &[loss, y]).sum();
        let (a, b) = (dot.item(), slope.item());
        let known_constant = self
            .nodes
            .iter()
            .any(|node| !node.needs && !node.inputs.is_empty());
        assert!(
            known_constant || (a - b).abs() <= 1e-8 * (1.0 + b.abs()),
            "{a} is not {b}"
        );
    }

    /// Asks a walk for the gradient of every leaf that is alive.
    pub fn ask_all(&self, walk: usize) {
        let Walk {
            tape,
            back,
            expected,
        } = &self.walks[walk];
        for handle in &self.handles {
            let leaf = matches!(self.nodes[handle.node].made, Made::Leaf);
            if leaf && handle.tape == *tape && self.is_alive(handle) {
                let found = back.wrt(handle.var);
                match expected.get(&handle.node).and_then(Option::as_ref) {
                    Some(expected) => assert_close(&found.unwrap(), expected, "a gradient"),
                    None => assert!(
                        found.is_none(),
                        "a gradient of what was not reached: {found:?}"
                    ),
                }
            }
        }
    }

    pub fn ask(&mut self, kind: Kind, a: u8, b: u8, c: u8) {
        if self.walks.is_empty() {
            return;
        }
        let walk = usize::from(a) % self.walks.len();
        let Walk {
            tape,
            back,
            expected,
        } = &self.walks[walk];
        if kind == Kind::Ask {
            self.ask_all(walk);
            if c.is_multiple_of(4) {
                self.walks.remove(walk);
            }
            return;
        }
        let Some(model) = self.models.get(usize::from(b) % self.models.len().max(1)) else {
            return;
        };
        let leaves: Vec<&Handle<'_>> = model.iter().map(|&at| &self.handles[at]).collect();
        let vars: Vec<_> = leaves.iter().map(|handle| handle.var).collect();
        let gradient = |handle: &&Handle<'_>| expected.get(&handle.node).cloned().flatten();
        let expected: Vec<_> = leaves.iter().map(gradient).collect();
        let refusal = if leaves[0].tape != *tape {
            Some("of: the leaf `0` is a variable of another tape")
        } else if !self.is_alive(leaves[0]) {
            Some("of: the leaf `0` was bound in a scope that has ended")
        } else if expected.iter().all(Option::is_none) {
            Some("of: the loss does not depend on any trained leaf")
        } else {
            None
        };
        match refusal {
            Some(message) => self.refused(message, || drop(back.of(&vars))),
            None => {
                let grads = back.of(&vars);
                for (at, expected) in expected.iter().enumerate() {
                    match expected {
                        Some(expected) => assert_close(grads.get(at).unwrap(), expected, "of"),
                        None => assert!(grads.get(at).is_none()),
                    }
                }
            }
        }
    }

    /// A number that leaves lead to, for a step of training.
    pub fn loss(&mut self) -> Option<usize> {
        let last = (0..self.handles.len()).rev().find(|&at| {
            let handle = &self.handles[at];
            self.nodes[handle.node].needs && self.is_alive(handle)
        })?;
        let loss = self.number(last);
        let node = self.handles[loss].node;
        self.nodes[node].needs.then_some(node)
    }
}

/// A step of training, with the leaves that a number is made of as the model.
pub fn train(tape: &mut Tape<f64>, nodes: &[Node], loss: usize) {
    let expected = gradients(nodes, loss);
    let mut leaves: Vec<usize> = expected.keys().copied().collect();
    leaves.sort_unstable();
    if expected.values().all(Option::is_none) {
        return;
    }
    let model: Vec<Tensor<f64>> = leaves.iter().map(|&at| nodes[at].value.tensor()).collect();
    let (value, grads) = tape.value_and_grad(&model, |tape, model| {
        let mut known: HashMap<_, _> = leaves.iter().copied().zip(model).collect();
        replay(tape, nodes, loss, &mut known)
    });
    assert_close(&Tensor::scalar(value), &nodes[loss].value, "a loss");
    for (at, leaf) in leaves.iter().enumerate() {
        match &expected[leaf] {
            Some(expected) => assert_close(grads.get(at).unwrap(), expected, "a step"),
            None => assert!(grads.get(at).is_none()),
        }
    }
}
