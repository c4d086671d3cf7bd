//! Random programs: `proptest` strategies that build well-typed graphs of ops.
//!
//! ```
//! use proptest::prelude::*;
//! use wengert_tape::check::random::smooth_graphs;
//!
//! proptest!(ProptestConfig::with_cases(4), |(graph in smooth_graphs(6))| {
//!     let violations = graph.violations();
//!     prop_assert!(violations.is_empty(), "{}", violations[0]);
//! });
//! ```

use proptest::collection::vec;
use proptest::prelude::*;
use wengert_tensor::{Shape, Tensor};

use super::laws::laws_of;
use super::violation::Violation;
use crate::record::var::Var;

/// The most elements of a value.
const LARGEST: usize = 48;

/// Values up to here are used as they are; greater ones pass through `tanh` first.
const GREATEST: f64 = 20.0;

/// A program over a few leaves.
///
/// Steps name their operands by numbers, taken modulo the values that there are, and adapt what
/// does not fit; so every list of steps is a program, and a failure shrinks to few steps.
#[derive(Clone, Debug)]
pub struct Graph {
    leaves: Vec<Tensor<f64>>,
    steps: Vec<Step>,
}

/// One step of a program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// A function of one value.
    Map(Map, usize),
    /// A function of two values, broadcast.
    Zip(Zip, usize, usize),
    /// A product of matrices.
    Matmul(usize, usize),
    /// The value, an axis, the first element and the length of the part.
    Slice(usize, usize, usize, usize),
    /// The axes in reverse.
    Reverse(usize),
    /// All axes in one.
    Flatten(usize),
    /// A new axis, stretched.
    Stretch(usize, usize),
    /// A sum over an axis, which is kept or not.
    Sum(usize, usize, bool),
    /// Two values behind each other, as lists.
    Join(usize, usize),
    /// A recurrence over the outermost axis: h ← tanh(w h + xₜ), and all of its states.
    Recur(usize, usize),
}

/// A function of one value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Map {
    /// tanh x
    Tanh,
    /// 1 / (1 + e^−x)
    Sigmoid,
    /// e^tanh x
    Exp,
    /// ln (x² + 1)
    Ln,
    /// √(x² + ½)
    Sqrt,
    /// (x² + 1)^¾
    Pow,
    /// 1 − 2 x
    Line,
    /// max(x, 0)
    Relu,
    /// |x|
    Abs,
}

/// A function of two values.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Zip {
    /// x + y
    Add,
    /// x − y
    Sub,
    /// x y
    Mul,
    /// x / (y² + 1)
    Div,
    /// x and y by turns
    Where,
    /// max(x, y)
    Maximum,
}

/// A value, and how large it can be.
#[derive(Clone, Copy)]
struct Bounded<'t> {
    var: Var<'t, f64>,
    bound: f64,
}

impl Graph {
    /// The leaves.
    pub fn leaves(&self) -> &[Tensor<f64>] {
        &self.leaves
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Runs the program over the leaves `x`, and returns the last values.
    pub fn run<'t>(&self, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        let leaf = |var: &Var<'t, f64>| Bounded {
            var: *var,
            bound: 2.0,
        };
        let mut values: Vec<Bounded<'t>> = x.iter().map(leaf).collect();
        for step in &self.steps {
            let next = step.run(&values);
            values.push(next);
        }
        values.iter().rev().take(2).map(|value| value.var).collect()
    }

    /// The laws of [`laws`](super::laws) that the program breaks. One with a kink is not compared
    /// with differences.
    pub fn violations(&self) -> Vec<Violation> {
        let kinked = |step: &Step| {
            matches!(
                step,
                Step::Map(Map::Relu | Map::Abs, _) | Step::Zip(Zip::Maximum, ..)
            )
        };
        let smooth = !self.steps.iter().any(kinked);
        let graph = self.clone();
        laws_of("a random program", &self.leaves, smooth, move |x| {
            graph.run(x)
        })
    }
}

impl<'t> Bounded<'t> {
    /// The value, or its `tanh` if it can be large.
    fn tame(self) -> Self {
        if self.bound <= GREATEST {
            self
        } else {
            Bounded {
                var: self.var.tanh(),
                bound: 1.0,
            }
        }
    }

    fn scalar(self) -> Self {
        Bounded {
            bound: self.bound * self.var.size() as f64,
            var: self.var.sum(),
        }
        .tame()
    }

    fn with(self, var: Var<'t, f64>, bound: f64) -> Self {
        Bounded { var, bound }
    }
}

impl Step {
    fn run<'t>(&self, values: &[Bounded<'t>]) -> Bounded<'t> {
        let value = |at: usize| values[at % values.len()].tame();
        match *self {
            Step::Map(map, x) => map.run(value(x)),
            Step::Zip(zip, x, y) => zip.run(value(x), value(y)),
            Step::Matmul(x, y) => matmul(value(x), value(y)),
            Step::Slice(x, axis, start, len) => {
                let x = value(x);
                if x.var.size() == 0 || x.var.rank() == 0 {
                    return x;
                }
                let axis = axis % x.var.rank();
                let dim = x.var.shape()[axis];
                let start = start % dim;
                let stop = (start + 1 + len % 3).min(dim);
                let step = if len % 2 == 0 { 1 } else { -1 };
                x.with(x.var.slice_step(axis as isize, start..stop, step), x.bound)
            }
            Step::Reverse(x) => {
                let x = value(x);
                let axes: Vec<isize> = (0..x.var.rank() as isize).rev().collect();
                x.with(x.var.permute(&axes), x.bound)
            }
            Step::Flatten(x) => {
                let x = value(x);
                x.with(x.var.reshape(&[x.var.size() as isize]), x.bound)
            }
            Step::Stretch(x, times) => {
                let x = value(x);
                let mut shape = x.var.shape();
                shape.insert(0, 1 + times % 3);
                if shape.size() > LARGEST || shape.rank() > 4 {
                    return x;
                }
                x.with(x.var.expand(shape), x.bound)
            }
            Step::Sum(x, axis, keep) => {
                let x = value(x);
                if x.var.rank() == 0 {
                    return x;
                }
                let axis = axis % x.var.rank();
                let len = x.var.shape()[axis] as f64;
                x.with(x.var.sum_axes(&[axis as isize], keep), x.bound * len)
            }
            Step::Join(x, y) => {
                let (x, y) = (value(x), value(y));
                if x.var.size() + y.var.size() > LARGEST {
                    return x;
                }
                let list = |x: Bounded<'t>| x.var.reshape(&[x.var.size() as isize]);
                x.with(Var::cat(&[list(x), list(y)], 0), x.bound.max(y.bound))
            }
            Step::Recur(x, w) => {
                let (x, w) = (value(x), value(w).scalar());
                if x.var.rank() == 0 || x.var.shape()[0] == 0 {
                    return x;
                }
                let mut states: Vec<Var<'t, f64>> = Vec::new();
                for part in x.var.unbind(0) {
                    let h = states.last().map_or(part, |&h| h * w.var + part);
                    states.push(h.tanh());
                }
                x.with(Var::stack(&states, 0), 1.0)
            }
        }
    }
}

impl Map {
    fn run(self, x: Bounded<'_>) -> Bounded<'_> {
        let (v, b) = (x.var, x.bound);
        match self {
            Map::Tanh => x.with(v.tanh(), 1.0),
            Map::Sigmoid => x.with(v.sigmoid(), 1.0),
            Map::Exp => x.with(v.tanh().exp(), 3.0),
            Map::Ln => x.with((v * v + 1.0).ln(), 1.0 + b),
            Map::Sqrt => x.with((v * v + 0.5).sqrt(), 1.0 + b),
            Map::Pow => x.with((v * v + 1.0).powf(0.75), 2.0 + b * (1.0 + b)),
            Map::Line => x.with(1.0 - 2.0 * v, 1.0 + 2.0 * b),
            Map::Relu => x.with(v.relu(), b),
            Map::Abs => x.with(v.abs(), b),
        }
    }
}

impl Zip {
    fn run<'t>(self, x: Bounded<'t>, y: Bounded<'t>) -> Bounded<'t> {
        let y = match Shape::broadcast("zip", &x.var.shape(), &y.var.shape()) {
            Ok(shape) if shape.size() <= LARGEST => y,
            _ => y.scalar(),
        };
        let (a, b) = (x.var, y.var);
        match self {
            Zip::Add => x.with(a + b, x.bound + y.bound),
            Zip::Sub => x.with(a - b, x.bound + y.bound),
            Zip::Mul => x.with(a * b, x.bound * y.bound),
            Zip::Div => x.with(a / (b * b + 1.0), x.bound),
            Zip::Where => {
                let shape = Shape::broadcast("where", &a.shape(), &b.shape());
                let shape = shape.expect("checked above");
                let mask = Tensor::from_fn(&shape, |at| at.iter().sum::<usize>() % 2 == 0);
                x.with(a.where_(&mask, b), x.bound.max(y.bound))
            }
            Zip::Maximum => x.with(a.max(b), x.bound.max(y.bound)),
        }
    }
}

fn matmul<'t>(x: Bounded<'t>, y: Bounded<'t>) -> Bounded<'t> {
    if x.var.rank() == 0 || y.var.rank() == 0 {
        return x.with(x.var * y.var, x.bound * y.bound);
    }
    let inner = x.var.dim(-1);
    let bound = |y: f64| x.bound * y * inner as f64;
    // As it is, transposed, or with itself.
    let rank = y.var.rank();
    let candidates = [
        Some(y),
        (rank > 1).then(|| y.with(y.var.t(), y.bound)),
        None,
    ];
    for y in candidates.into_iter().flatten() {
        let shape = crate::ops::matmul_shape(&x.var.shape(), &y.var.shape());
        if shape.is_ok_and(|shape| shape.size() <= LARGEST) {
            return x.with(x.var.matmul(y.var), bound(y.bound));
        }
    }
    let other = if x.var.rank() > 1 { x.var.t() } else { x.var };
    x.with(x.var.matmul(other), bound(x.bound))
}

/// Programs of up to `steps` steps that are smooth everywhere.
pub fn smooth_graphs(steps: usize) -> impl Strategy<Value = Graph> {
    graphs_of(steps, step(7, 5))
}

/// Programs of up to `steps` steps, with kinks.
pub fn graphs(steps: usize) -> impl Strategy<Value = Graph> {
    graphs_of(steps, step(9, 6))
}

fn graphs_of(steps: usize, step: impl Strategy<Value = Step>) -> impl Strategy<Value = Graph> {
    (vec(leaf(), 1..4), vec(step, 1..steps.max(1) + 1))
        .prop_map(|(leaves, steps)| Graph { leaves, steps })
}

/// A tensor of up to three axes of up to three elements, which shrinks to a scalar.
fn leaf() -> impl Strategy<Value = Tensor<f64>> {
    vec(1usize..4, 0..4).prop_flat_map(|dims| {
        let shape = Shape::new(&dims);
        vec(-2.0..2.0f64, shape.size()).prop_map(move |data| {
            Tensor::from_vec(data, shape.clone()).expect("as many as the shape says")
        })
    })
}

fn step(maps: usize, zips: usize) -> impl Strategy<Value = Step> {
    const MAPS: [Map; 9] = [
        Map::Tanh,
        Map::Sigmoid,
        Map::Exp,
        Map::Ln,
        Map::Sqrt,
        Map::Pow,
        Map::Line,
        Map::Relu,
        Map::Abs,
    ];
    const ZIPS: [Zip; 6] = [
        Zip::Add,
        Zip::Sub,
        Zip::Mul,
        Zip::Div,
        Zip::Where,
        Zip::Maximum,
    ];
    let at = || 0usize..16;
    prop_oneof![
        4 => (0..maps, at()).prop_map(|(map, x)| Step::Map(MAPS[map], x)),
        6 => (0..zips, at(), at()).prop_map(|(zip, x, y)| Step::Zip(ZIPS[zip], x, y)),
        3 => (at(), at()).prop_map(|(x, y)| Step::Matmul(x, y)),
        3 => (at(), at(), at(), at()).prop_map(|(x, axis, start, len)| Step::Slice(x, axis, start, len)),
        1 => at().prop_map(Step::Reverse),
        1 => at().prop_map(Step::Flatten),
        1 => (at(), at()).prop_map(|(x, times)| Step::Stretch(x, times)),
        2 => (at(), at(), any::<bool>()).prop_map(|(x, axis, keep)| Step::Sum(x, axis, keep)),
        1 => (at(), at()).prop_map(|(x, y)| Step::Join(x, y)),
        2 => (at(), at()).prop_map(|(x, w)| Step::Recur(x, w)),
    ]
}
