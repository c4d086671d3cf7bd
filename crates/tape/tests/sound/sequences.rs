//! Random sequences of everything that can be done to two tapes, against a plain model of what must
//! hold: every value is what slow arithmetic says, gradients are those of a tape that has seen
//! nothing else, handles that are dead or of another tape are refused, and a panic that is caught
//! changes nothing.
//!
//! A thousand sequences run in a test. `WENGERT_FUZZ_SECONDS=600 cargo test -p wengert-tape
//! --all-features --test sound sequences` runs new ones for ten minutes, and prints how many.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use wengert_tape::{Backward, Bind, Tape, Var};
use wengert_tensor::Tensor;

use crate::reference::{ARMED, Array, BOOM, Made, Node, broadcast, fragile, gradients, replay};
use crate::support::{Caught, attempt, noise};

/// The most elements of a value, and the greatest that is not tamed by a tanh.
const LARGEST: usize = 64;
const GREATEST: f64 = 10.0;
/// The most scopes and their like that are open at once.
const DEEPEST: usize = 4;

/// One step. Numbers choose among what there is.
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: Kind,
    a: u8,
    b: u8,
    c: u8,
}

macro_rules! kinds {
    ($($kind:ident $weight:literal),*) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        enum Kind { $($kind),* }

        /// Every kind as often as its weight says.
        fn kind() -> impl Strategy<Value = Kind> {
            let kinds: Vec<Kind> = [$(vec![Kind::$kind; $weight]),*].concat();
            (0..kinds.len()).prop_map(move |at| kinds[at])
        }
    };
}

kinds! {
    Leaf 5, Square 2, Constant 2, Bind 2, Unary 4, Binary 6, Sum 2, Softmax 1, Reshape 2, Permute 2,
    Slice 3, Select 2, Expand 2, Matmul 3, Stack 2, Detach 1, Fragile 2, Through 2, Two 2, Retain 1,
    Scope 7, NoGrad 2, Named 1, Close 9, Reset 1,
    Grad 3, Backward 4, Ask 4, Of 3, Tangent 1,
    Stale 6, Foreign 3, Misfit 3, Full 3, Explode 2, ExplodeInScope 2, ExplodeBack 2, Draw 1
}

fn sequences() -> impl Strategy<Value = Vec<Step>> {
    let numbers = (any::<u8>(), any::<u8>(), any::<u8>());
    let step = (kind(), numbers).prop_map(|(kind, (a, b, c))| Step { kind, a, b, c });
    vec(step, 1..100)
}

/// A variable, the value that it should have, and the scopes that it was made in.
struct Handle<'t> {
    tape: usize,
    node: usize,
    var: Var<'t, f64>,
    scopes: Vec<u32>,
}

/// What a walk back left, and what it should answer.
struct Walk<'t> {
    tape: usize,
    back: Backward<'t, f64>,
    expected: HashMap<usize, Option<Array>>,
}

struct World<'t> {
    tapes: [&'t Tape<f64>; 2],
    nodes: Vec<Node>,
    handles: Vec<Handle<'t>>,
    /// Numbers of handles that are the leaves of a model.
    models: Vec<Vec<usize>>,
    walks: Vec<Walk<'t>>,
    /// The scopes that are open on each tape.
    open: [Vec<u32>; 2],
    scopes: u32,
    recording: [bool; 2],
}

#[track_caller]
fn assert_close(found: &Tensor<f64>, expected: &Array, what: &str) {
    assert_eq!(found.shape().dims(), expected.shape, "{what}");
    for (a, b) in found.to_vec().into_iter().zip(&expected.data) {
        assert!(
            (a - b).abs() <= 1e-8 * (1.0 + b.abs()),
            "{what}: {found:?} is not {expected:?}"
        );
    }
}

impl<'t> World<'t> {
    fn new(tapes: [&'t Tape<f64>; 2]) -> Self {
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

    fn is_alive(&self, handle: &Handle<'_>) -> bool {
        self.open[handle.tape].starts_with(&handle.scopes)
    }

    fn value(&self, handle: usize) -> &Array {
        &self.nodes[self.handles[handle].node].value
    }

    /// A handle that is alive, chosen by a number; of a tape, if one is given.
    fn alive(&self, number: u8, tape: Option<usize>) -> Option<usize> {
        let fits = |handle: &&usize| {
            let handle = &self.handles[**handle];
            tape.is_none_or(|tape| tape == handle.tape) && self.is_alive(handle)
        };
        let all: Vec<usize> = (0..self.handles.len()).collect();
        let fitting: Vec<&usize> = all.iter().filter(fits).collect();
        let at = usize::from(number) % fitting.len().max(1);
        fitting.get(at).map(|at| **at)
    }

    fn keep(&mut self, tape: usize, var: Var<'t, f64>, node: Node) -> usize {
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

    fn start(&mut self, tape: usize, made: Made, value: &Tensor<f64>) -> usize {
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
    fn record(&mut self, made: Made, inputs: &[usize]) -> usize {
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
    fn number(&mut self, handle: usize) -> usize {
        if self.value(handle).shape.is_empty() {
            handle
        } else {
            self.record(Made::Total, &[handle])
        }
    }

    fn check(&self) {
        for (at, handle) in self.handles.iter().enumerate() {
            if self.is_alive(handle) {
                let what = format!("handle {at}, {:?}", self.nodes[handle.node].made);
                assert_close(&handle.var.value(), self.value(at), &what);
            }
        }
    }

    /// Runs what must panic with such a message, and asserts that nothing has changed.
    #[track_caller]
    fn refused(&self, message: &str, f: impl FnOnce()) {
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

    /// Takes steps until the scope that they stand in ends. Returns whether a reset ends it all.
    fn run(&mut self, steps: &mut std::slice::Iter<'_, Step>, depth: usize) -> bool {
        while let Some(&Step { kind, a, b, c }) = steps.next() {
            let tape = usize::from(a) % 2;
            match kind {
                Kind::Close if depth > 0 => return false,
                Kind::Reset if depth == 0 => return true,
                Kind::Scope if depth < DEEPEST => {
                    self.scopes += 1;
                    self.open[tape].push(self.scopes);
                    let nodes = self.tapes[tape].stats().nodes;
                    self.tapes[tape].scope(|_| self.run(steps, depth + 1));
                    assert_eq!(self.tapes[tape].stats().nodes, nodes);
                    self.open[tape].pop();
                    self.check();
                }
                Kind::NoGrad if depth < DEEPEST => {
                    let was = std::mem::replace(&mut self.recording[tape], false);
                    self.tapes[tape].no_grad(|| self.run(steps, depth + 1));
                    self.recording[tape] = was;
                }
                Kind::Named if depth < DEEPEST => {
                    self.tapes[tape].named("part", || self.run(steps, depth + 1));
                }
                _ => self.step(kind, a, b, c),
            }
        }
        false
    }

    fn step(&mut self, kind: Kind, a: u8, b: u8, c: u8) {
        let tape = usize::from(a) % 2;
        let seed = u64::from(b) * 256 + u64::from(c);
        match kind {
            Kind::Leaf | Kind::Constant => {
                let dims = [b % 4, c % 4, a / 2 % 4].map(usize::from);
                let shape = &dims[..usize::from(b / 4) % 4];
                let made = if kind == Kind::Leaf {
                    Made::Leaf
                } else {
                    Made::Constant
                };
                self.start(tape, made, &noise(shape, seed));
            }
            Kind::Square => {
                self.start(tape, Made::Leaf, &noise(&[6, 6], seed));
            }
            Kind::Bind => {
                let model = vec![noise(&[usize::from(b) % 3], seed), noise(&[2, 2], seed + 1)];
                let bound = model.bind(self.tapes[tape]);
                let leaves = bound.iter().zip(&model).map(|(var, value)| {
                    let node = Node {
                        made: Made::Leaf,
                        inputs: Vec::new(),
                        value: Array::of(value),
                        needs: true,
                    };
                    self.keep(tape, *var, node)
                });
                let leaves = leaves.collect();
                self.models.push(leaves);
            }
            Kind::Ask | Kind::Of => self.ask(kind, a, b, c),
            Kind::Draw => {
                let drawn = self.tapes[tape].draw(|rng| rng.state());
                self.refused(BOOM, || {
                    let mut left = c % 4;
                    self.tapes[tape].sample([4], |rng| {
                        assert!(left > 0, "{BOOM}");
                        left -= 1;
                        rng.unit()
                    });
                });
                assert_eq!(self.tapes[tape].draw(|rng| rng.state()), drawn);
            }
            Kind::Stale => {
                let dead: Vec<&Handle<'_>> = self
                    .handles
                    .iter()
                    .filter(|handle| !self.is_alive(handle))
                    .collect();
                if let Some(handle) = dead.get(usize::from(b) % dead.len().max(1)) {
                    let x = handle.var;
                    self.refused("after the scope that it was made in has ended", || {
                        match c % 6 {
                            0 => drop(x.tanh()),
                            1 => drop(x.value()),
                            2 => drop(x.backward()),
                            3 => drop(Var::stack(&[x; 5], 0)),
                            4 => drop(x.expand([2, 2, 2, 2])),
                            _ => drop(x * 2.0),
                        }
                    });
                }
            }
            _ => {
                if let Some(x) = self.alive(a, None) {
                    self.step_from(kind, x, b, c);
                }
            }
        }
    }

    /// A step that begins with a value.
    fn step_from(&mut self, kind: Kind, x: usize, b: u8, c: u8) {
        let Handle { tape, var, .. } = self.handles[x];
        let shape = self.value(x).shape.clone();
        let size: usize = shape.iter().product();
        let rank = shape.len();
        let axis = usize::from(b) % rank.max(1);
        let y = self.alive(b, Some(tape)).unwrap_or(x);
        let (first, second) = (usize::from(c), usize::from(c / 16));
        match kind {
            Kind::Unary => drop(self.record(Made::Unary(b), &[x])),
            Kind::Binary | Kind::Two => {
                let fits = broadcast(&shape, &self.value(y).shape);
                if fits.is_some_and(|shape| shape.iter().product::<usize>() <= LARGEST) {
                    let made = if kind == Kind::Two {
                        Made::Two(first % 2)
                    } else {
                        Made::Binary(c)
                    };
                    self.record(made, &[x, y]);
                }
            }
            Kind::Sum if rank > 0 => drop(self.record(Made::Sum(axis, c.is_multiple_of(2)), &[x])),
            Kind::Softmax if rank > 0 && size > 0 => drop(self.record(Made::Softmax(axis), &[x])),
            Kind::Reshape => {
                let shape = match c % 3 {
                    0 => vec![size],
                    1 => [&shape[..], &[1]].concat(),
                    _ if size.is_multiple_of(2) => vec![2, size / 2],
                    _ => vec![1, size],
                };
                if shape.len() <= 8 {
                    self.record(Made::Reshape(shape), &[x]);
                }
            }
            Kind::Permute => {
                let mut axes: Vec<usize> = (0..rank).collect();
                axes.rotate_left(first % rank.max(1));
                if b.is_multiple_of(2) {
                    axes.reverse();
                }
                self.record(Made::Permute(axes), &[x]);
            }
            Kind::Slice if rank > 0 => {
                let start = first % (shape[axis] + 1);
                let stop = start + second % (shape[axis] - start + 1);
                self.record(Made::Slice(axis, start, stop), &[x]);
            }
            Kind::Select if rank > 0 && shape[axis] > 0 => {
                self.record(Made::Select(axis, first % shape[axis]), &[x]);
            }
            Kind::Expand if rank < 8 => {
                let shape = [&[1 + first % 3], &shape[..]].concat();
                if shape.iter().product::<usize>() <= LARGEST {
                    self.record(Made::Expand(shape), &[x]);
                }
            }
            Kind::Matmul if rank == 2 => {
                let other = self.value(y).shape.clone();
                let y = match other[..] {
                    [rows, cols] if rows == shape[1] && shape[0] * cols <= LARGEST => y,
                    _ => self.record(Made::Permute(vec![1, 0]), &[x]),
                };
                if shape[0] * self.value(y).shape[1] <= LARGEST {
                    self.record(Made::Matmul, &[x, y]);
                }
            }
            Kind::Stack if rank < 8 && size * 6 <= LARGEST => {
                self.record(Made::Stack(axis), &vec![x; 1 + first % 6]);
            }
            Kind::Detach => drop(self.record(Made::Detach, &[x])),
            Kind::Fragile => drop(self.record(Made::Fragile, &[x])),
            Kind::Through if rank == 2 => {
                // What three rules compute in turn has the same numbers.
                let identity = self.start(tape, Made::Constant, &Tensor::eye(shape[1]));
                let mut y = x;
                for _ in 0..3 {
                    y = self.record(Made::Through, &[y, identity]);
                    y = self.record(Made::Unary(0), &[y]);
                }
            }
            Kind::Retain => drop(var.retain_grad()),
            Kind::Grad => self.grad(x, y),
            Kind::Backward => {
                let loss = self.number(x);
                let node = self.handles[loss].node;
                let loss = self.handles[loss].var;
                if self.nodes[node].needs {
                    let expected = gradients(&self.nodes, node);
                    let back = loss.backward();
                    self.walks.push(Walk {
                        tape,
                        back,
                        expected,
                    });
                    self.ask_all(self.walks.len() - 1);
                } else {
                    self.refused("no leaf leads to this value", || drop(loss.backward()));
                }
            }
            Kind::Tangent => self.tangent(x, y),
            Kind::Foreign => {
                if let Some(other) = self.alive(b, Some(1 - tape)) {
                    let other = self.handles[other].var;
                    let message = "variables of different tapes meet in one operation";
                    self.refused(message, || match c % 4 {
                        0 => drop(var * other),
                        1 => drop(Var::stack(&[var, other], 0)),
                        2 => drop(self.tapes[tape].custom(&fragile(), &[other])),
                        _ => drop(self.tapes[tape].tangent(other, &[])),
                    });
                }
            }
            Kind::Misfit => {
                let misfits: [(&str, fn(Var<'_, f64>)); 6] = [
                    ("reshape: ", |x| drop(x.reshape(&[x.size() as isize + 1]))),
                    ("sum: axis 9", |x| drop(x.sum_axes(&[9], false))),
                    ("select: ", |x| drop(x.select(0, 99))),
                    ("expand: ", |x| drop(x.expand([1 << 40, 1 << 40, 7]))),
                    ("permute: ", |x| drop(x.permute(&[0, 0]))),
                    ("stack: ", |x| drop(Var::stack(&[x; 7], 9))),
                ];
                let (message, misfit) = misfits[usize::from(b) % 6];
                self.refused(message, || misfit(var));
            }
            Kind::Full if rank < 8 => {
                let limit = self.tapes[tape].stats().nodes;
                let elements = if b.is_multiple_of(2) && c % 5 != 2 {
                    0
                } else {
                    usize::MAX
                };
                let nodes = if elements == 0 { usize::MAX } else { limit };
                self.tapes[tape].set_limits(nodes, elements, u32::MAX);
                // A value without elements finds room on a tape that takes no more.
                let fits = elements == 0 && size == 0;
                if !fits {
                    self.refused("the tape is full", || match c % 5 {
                        0 => drop(var.tanh()),
                        1 => drop(var * 2.0),
                        2 => drop(var.unsqueeze(0)),
                        3 => drop(self.tapes[tape].custom(&fragile(), &[var])),
                        _ => drop(Var::stack(&[var; 6], 0)),
                    });
                }
                self.tapes[tape].set_limits(usize::MAX, usize::MAX, u32::MAX);
            }
            Kind::Explode => {
                ARMED.set(true);
                self.refused(BOOM, || drop(self.tapes[tape].custom(&fragile(), &[var])));
                ARMED.set(false);
            }
            Kind::ExplodeInScope if rank < 8 => {
                ARMED.set(true);
                self.refused(BOOM, || {
                    self.tapes[tape].scope(|tape| {
                        tape.no_grad(|| {
                            let y = Var::stack(&[var.tanh() * 2.0; 5], 0);
                            drop(tape.custom(&fragile(), &[y]));
                        })
                    })
                });
                ARMED.set(false);
                assert_eq!(
                    (var * 1.0).needs_grad(),
                    self.nodes[self.handles[x].node].needs && self.recording[tape]
                );
            }
            Kind::ExplodeBack => {
                let y = self.record(Made::Fragile, &[x]);
                let loss = self.number(y);
                let node = self.handles[loss].node;
                if self.nodes[node].needs && size > 0 {
                    let loss = self.handles[loss].var;
                    ARMED.set(true);
                    self.refused(BOOM, || drop(loss.backward()));
                    ARMED.set(false);
                    let expected = gradients(&self.nodes, node);
                    let back = loss.backward();
                    self.walks.push(Walk {
                        tape,
                        back,
                        expected,
                    });
                    self.ask_all(self.walks.len() - 1);
                }
            }
            _ => {}
        }
    }

    /// The derivative of the sum of one value with respect to another, as a value of its own.
    fn grad(&mut self, x: usize, y: usize) {
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

    /// Forward mode along ones, against the sum of the derivative.
    fn tangent(&mut self, x: usize, y: usize) {
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
    fn ask_all(&self, walk: usize) {
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

    fn ask(&mut self, kind: Kind, a: u8, b: u8, c: u8) {
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
    fn loss(&mut self) -> Option<usize> {
        let last = (0..self.handles.len()).rev().find(|&at| {
            let handle = &self.handles[at];
            self.nodes[handle.node].needs && self.is_alive(handle)
        })?;
        let loss = self.number(last);
        let node = self.handles[loss].node;
        self.nodes[node].needs.then_some(node)
    }
}

fn run(steps: &[Step]) {
    let mut tapes = [Tape::new(), Tape::new()];
    let mut steps = steps.iter();
    let mut again = true;
    while again {
        let (nodes, loss);
        (again, nodes, loss) = {
            let mut world = World::new([&tapes[0], &tapes[1]]);
            let again = world.run(&mut steps, 0);
            world.check();
            for walk in 0..world.walks.len() {
                world.ask_all(walk);
            }
            let loss = world.loss();
            (again, world.nodes, loss)
        };
        if let Some(loss) = loss {
            train(&mut tapes[0], &nodes, loss);
        }
        for tape in &mut tapes {
            tape.reset();
            assert_eq!((tape.stats().nodes, tape.stats().bytes), (0, 0));
        }
    }
}

/// A step of training, with the leaves that a number is made of as the model.
fn train(tape: &mut Tape<f64>, nodes: &[Node], loss: usize) {
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

#[test]
fn sequences_of_everything_find_no_lie() {
    let seconds = std::env::var("WENGERT_FUZZ_SECONDS").ok();
    let seconds: Option<u64> = seconds.map(|text| text.parse().expect("a number of seconds"));
    let (begin, mut round) = (Instant::now(), 0u64);
    loop {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&round.to_le_bytes());
        let config = ProptestConfig {
            cases: 250,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let result = runner.run(&sequences(), |steps| {
            run(&steps);
            Ok(())
        });
        ARMED.set(false);
        if let Err(failure) = result {
            panic!("{failure}");
        }
        round += 1;
        let done = match seconds {
            Some(seconds) => begin.elapsed() >= Duration::from_secs(seconds),
            None => round == 4,
        };
        if done {
            break;
        }
    }
    if seconds.is_some() {
        println!("{} sequences", 250 * round);
    }
}
