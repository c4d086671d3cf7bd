//! The floor of W1-1 and W2: a tape of numbers that stores nothing but local slopes, knows no
//! shape, keeps no value, and checks nothing.

use std::cell::RefCell;
use std::ops::{Add, Mul, Sub};

use wengert_peers::measure::Bench;

/// Two parents and the slopes along them.
#[derive(Clone, Copy)]
struct Node {
    parents: [u32; 2],
    slopes: [f64; 2],
}

#[derive(Default)]
struct Numbers {
    nodes: RefCell<Vec<Node>>,
    cotangents: RefCell<Vec<f64>>,
}

impl Numbers {
    fn push(&self, parents: [u32; 2], slopes: [f64; 2]) -> u32 {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { parents, slopes });
        nodes.len() as u32 - 1
    }

    fn leaf(&self, value: f64) -> Number<'_> {
        Number {
            tape: self,
            id: self.push([0, 0], [0.0, 0.0]),
            value,
        }
    }

    fn backward(&self, from: u32) -> f64 {
        let nodes = self.nodes.borrow();
        let mut cotangents = self.cotangents.borrow_mut();
        cotangents.clear();
        cotangents.resize(nodes.len(), 0.0);
        cotangents[from as usize] = 1.0;
        for id in (0..=from as usize).rev() {
            let (bar, node) = (cotangents[id], nodes[id]);
            cotangents[node.parents[0] as usize] += bar * node.slopes[0];
            cotangents[node.parents[1] as usize] += bar * node.slopes[1];
        }
        cotangents[1]
    }
}

#[derive(Clone, Copy)]
struct Number<'t> {
    tape: &'t Numbers,
    id: u32,
    value: f64,
}

impl<'t> Number<'t> {
    #[inline(always)]
    fn op(self, other: u32, slopes: [f64; 2], value: f64) -> Self {
        Number {
            tape: self.tape,
            id: self.tape.push([self.id, other], slopes),
            value,
        }
    }
    fn tanh(self) -> Self {
        let y = self.value.tanh();
        self.op(self.id, [1.0 - y * y, 0.0], y)
    }
}

impl<'t> Add for Number<'t> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.op(other.id, [1.0, 1.0], self.value + other.value)
    }
}
impl<'t> Sub for Number<'t> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.op(other.id, [1.0, -1.0], self.value - other.value)
    }
}
impl<'t> Mul for Number<'t> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.op(
            other.id,
            [other.value, self.value],
            self.value * other.value,
        )
    }
}

fn main() {
    let bench = Bench::from_args();
    bench.run("W1-1", || {
        let tape = Numbers::default();
        move || {
            tape.nodes.borrow_mut().clear();
            tape.leaf(0.0);
            let [mut x, a, b] = [0.5, 1.01, 0.01].map(|value| tape.leaf(value));
            for op in 0..1000 {
                x = match op % 3 {
                    0 => x * a,
                    1 => x + b,
                    _ => x.tanh(),
                };
            }
            x.value + 0.0 * tape.backward(x.id)
        }
    });
    bench.run("W2", || {
        let weights: Vec<f64> = (0..337)
            .map(|k| f64::from(k * 37 % 100) / 100.0 - 0.5)
            .collect();
        let tape = Numbers::default();
        move || {
            tape.nodes.borrow_mut().clear();
            tape.leaf(0.0);
            // As a model is bound: before the first op.
            let weights: Vec<_> = weights.iter().map(|&weight| tape.leaf(weight)).collect();
            let mut weights = weights.into_iter();
            let mut next = || weights.next().expect("337 weights");
            let mut values = vec![tape.leaf(0.3), tape.leaf(-0.7)];
            for (outputs, last) in [(16, false), (16, false), (1, true)] {
                let layer = (0..outputs).map(|_| {
                    let sum = values
                        .iter()
                        .fold(next(), |sum, &value| sum + next() * value);
                    if last { sum } else { sum.tanh() }
                });
                values = layer.collect();
            }
            let error = values[0] - tape.leaf(1.0);
            let loss = error * error;
            loss.value + 0.0 * tape.backward(loss.id)
        }
    });
}
