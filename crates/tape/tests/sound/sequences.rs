//! Random sequences of everything that can be done to two tapes, against a plain model of what must
//! hold: every value is what slow arithmetic says, gradients are those of a tape that has seen
//! nothing else, handles that are dead or of another tape are refused, and a panic that is caught
//! changes nothing.
//!
//! A thousand sequences run in a test. `WENGERT_FUZZ_SECONDS=600 cargo test -p wengert-tape
//! --all-features --test sound sequences` runs new ones for ten minutes, and prints how many.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::Tensor;

use crate::derivatives::train;
use crate::reference::{ARMED, Array, BOOM, Made, Node, broadcast, fragile, gradients};
use crate::support::noise;
use crate::world::{Handle, LARGEST, Walk, World};

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
        pub enum Kind { $($kind),* }

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
    Grad 3, Several 2, Backward 4, Ask 4, Of 3, Tangent 1,
    Stale 6, Foreign 3, Misfit 3, Full 3, Explode 2, ExplodeInScope 2, ExplodeBack 2, Draw 1
}

fn sequences() -> impl Strategy<Value = Vec<Step>> {
    let numbers = (any::<u8>(), any::<u8>(), any::<u8>());
    let step = (kind(), numbers).prop_map(|(kind, (a, b, c))| Step { kind, a, b, c });
    vec(step, 1..100)
}

impl<'t> World<'t> {
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
            Kind::Several => {
                let z = self.alive(c, Some(tape)).unwrap_or(x);
                self.grad_of_several(x, y, z);
            }
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
