//! A plain, slow model of programs on a tape: arrays computed one element after the other, and the
//! steps that made them, to be taken again on a tape that has seen nothing else.

use std::cell::Cell;
use std::collections::HashMap;

use wengert_tape::{Custom, GradOptions, Op, Reverse, Shapes, Tangent, Tape, Unused, Var};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

/// Row-major numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl Array {
    pub fn new(shape: &[usize], mut f: impl FnMut(&[usize]) -> f64) -> Self {
        let size = shape.iter().product();
        let index = |mut at: usize| {
            let mut index = vec![0; shape.len()];
            for (to, dim) in index.iter_mut().zip(shape).rev() {
                *to = at % dim;
                at /= dim;
            }
            index
        };
        let data = (0..size).map(|at| f(&index(at))).collect();
        Array {
            shape: shape.to_vec(),
            data,
        }
    }

    pub fn of(x: &Tensor<f64>) -> Self {
        Array {
            shape: x.shape().to_vec(),
            data: x.to_vec(),
        }
    }

    pub fn tensor(&self) -> Tensor<f64> {
        Tensor::from_vec(self.data.clone(), &self.shape[..]).unwrap()
    }

    /// The element at an index, whose outer axes may be missing here and whose axes of length 1
    /// repeat.
    fn at(&self, index: &[usize]) -> f64 {
        let index = &index[index.len() - self.shape.len()..];
        let mut at = 0;
        for (i, dim) in index.iter().zip(&self.shape) {
            at = at * dim + if *dim == 1 { 0 } else { *i };
        }
        self.data[at]
    }

    pub fn greatest(&self) -> f64 {
        self.data.iter().fold(0.0, |most, x| most.max(x.abs()))
    }
}

/// How a value was made.
#[derive(Clone, Debug)]
pub enum Made {
    Leaf,
    Constant,
    Unary(u8),
    Binary(u8),
    Total,
    Sum(usize, bool),
    Softmax(usize),
    Reshape(Vec<usize>),
    Permute(Vec<usize>),
    Slice(usize, usize, usize),
    Select(usize, usize),
    Expand(Vec<usize>),
    Matmul,
    Stack(usize),
    Detach,
    /// x² by closures, which panic while they are armed.
    Fragile,
    /// x, by closures whose rule multiplies with the matrix beside it.
    Through,
    /// One of x + y and x y.
    Two(usize),
    /// The derivative of the first input, a number, with respect to the second.
    Slope,
}

impl Made {
    /// The value, plainly.
    pub fn value(&self, x: &[&Array]) -> Array {
        let map = |f: fn(f64) -> f64| Array {
            shape: x[0].shape.clone(),
            data: x[0].data.iter().map(|x| f(*x)).collect(),
        };
        let zip = |f: fn(f64, f64) -> f64| {
            let shape = broadcast(&x[0].shape, &x[1].shape).unwrap();
            Array::new(&shape, |i| f(x[0].at(i), x[1].at(i)))
        };
        match self {
            Made::Unary(kind) => map([
                f64::tanh,
                |x: f64| 1.0 / (1.0 + (-x).exp()),
                |x: f64| -x,
                |x: f64| x.max(0.0),
                |x: f64| x * 0.5,
                |x: f64| 1.0 - x,
            ][*kind as usize % 6]),
            Made::Binary(kind) => {
                zip([|a, b| a + b, |a, b| a - b, |a, b| a * b, f64::max][*kind as usize % 4])
            }
            Made::Total => Array::new(&[], |_| x[0].data.iter().sum()),
            Made::Sum(axis, keep) => {
                let mut shape = x[0].shape.clone();
                let len = shape[*axis];
                if *keep {
                    shape[*axis] = 1;
                } else {
                    shape.remove(*axis);
                }
                Array::new(&shape, |i| {
                    let mut index = i.to_vec();
                    if !*keep {
                        index.insert(*axis, 0);
                    }
                    let term = |k| {
                        index[*axis] = k;
                        x[0].at(&index)
                    };
                    (0..len).map(term).sum()
                })
            }
            Made::Softmax(axis) => {
                Array::new(&x[0].shape, |i| {
                    let row = (0..x[0].shape[*axis]).map(|k| {
                        let mut index = i.to_vec();
                        index[*axis] = k;
                        x[0].at(&index)
                    });
                    let row: Vec<f64> = row.collect();
                    // Great numbers have no exponential; the greatest of a row is taken off.
                    let greatest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let e = |x: f64| (x - greatest).exp();
                    e(row[i[*axis]]) / row.iter().map(|x| e(*x)).sum::<f64>()
                })
            }
            Made::Reshape(shape) => Array {
                shape: shape.clone(),
                data: x[0].data.clone(),
            },
            Made::Permute(axes) => {
                let shape: Vec<usize> = axes.iter().map(|&axis| x[0].shape[axis]).collect();
                Array::new(&shape, |i| {
                    let mut index = i.to_vec();
                    for (i, &axis) in i.iter().zip(axes) {
                        index[axis] = *i;
                    }
                    x[0].at(&index)
                })
            }
            Made::Slice(axis, start, stop) => {
                let mut shape = x[0].shape.clone();
                shape[*axis] = stop - start;
                Array::new(&shape, |i| {
                    let mut index = i.to_vec();
                    index[*axis] += start;
                    x[0].at(&index)
                })
            }
            Made::Select(axis, at) => {
                let mut shape = x[0].shape.clone();
                shape.remove(*axis);
                Array::new(&shape, |i| {
                    let mut index = i.to_vec();
                    index.insert(*axis, *at);
                    x[0].at(&index)
                })
            }
            Made::Expand(shape) => Array::new(shape, |i| x[0].at(i)),
            Made::Matmul => {
                let (n, k, m) = (x[0].shape[0], x[0].shape[1], x[1].shape[1]);
                Array::new(&[n, m], |i| {
                    (0..k)
                        .map(|l| x[0].at(&[i[0], l]) * x[1].at(&[l, i[1]]))
                        .sum()
                })
            }
            Made::Stack(axis) => {
                let mut shape = x[0].shape.clone();
                shape.insert(*axis, x.len());
                Array::new(&shape, |i| {
                    let mut index = i.to_vec();
                    let which = index.remove(*axis);
                    x[which].at(&index)
                })
            }
            Made::Detach | Made::Through => map(|x| x),
            Made::Fragile => map(|x| x * x),
            Made::Two(0) => zip(|a, b| a + b),
            Made::Two(_) => zip(|a, b| a * b),
            Made::Leaf | Made::Constant | Made::Slope => unreachable!("it has its value"),
        }
    }

    /// The same, recorded.
    pub fn record<'t>(&self, tape: &'t Tape<f64>, x: &[Var<'t, f64>]) -> Var<'t, f64> {
        let signed = |dims: &[usize]| dims.iter().map(|&dim| dim as isize).collect::<Vec<_>>();
        match self {
            Made::Unary(kind) => match kind % 6 {
                0 => x[0].tanh(),
                1 => x[0].sigmoid(),
                2 => -x[0],
                3 => x[0].relu(),
                4 => x[0] * 0.5,
                _ => 1.0 - x[0],
            },
            Made::Binary(kind) => match kind % 4 {
                0 => x[0] + x[1],
                1 => x[0] - x[1],
                2 => x[0] * x[1],
                _ => x[0].max(x[1]),
            },
            Made::Total => x[0].sum(),
            Made::Sum(axis, keep) => x[0].sum_axes(&[*axis as isize], *keep),
            Made::Softmax(axis) => x[0].softmax(*axis as isize),
            Made::Reshape(shape) => x[0].reshape(&signed(shape)),
            Made::Permute(axes) => x[0].permute(&signed(axes)),
            Made::Slice(axis, start, stop) => {
                x[0].slice(*axis as isize, *start as isize..*stop as isize)
            }
            Made::Select(axis, at) => x[0].select(*axis as isize, *at as isize),
            Made::Expand(shape) => x[0].expand(&shape[..]),
            Made::Matmul => x[0].matmul(x[1]),
            Made::Stack(axis) => Var::stack(x, *axis as isize),
            Made::Detach => x[0].detach(),
            Made::Fragile => tape.custom(&fragile(), x),
            Made::Through => tape.custom(&through(), x),
            Made::Two(m) => tape.apply_all(Two, x)[*m],
            Made::Slope => {
                let options = GradOptions {
                    create_graph: true,
                    unused: Unused::Zeros,
                };
                tape.grad_with(&[x[0]], &[x[1]], &[], options)[0]
            }
            Made::Leaf | Made::Constant => unreachable!("it is not computed"),
        }
    }
}

/// NumPy's rule.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], at: usize| {
        (at + shape.len())
            .checked_sub(rank)
            .map_or(1, |at| shape[at])
    };
    (0..rank)
        .map(|at| match (dim(a, at), dim(b, at)) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        })
        .collect()
}

thread_local! {
    /// Whether the closures of `Made::Fragile` panic.
    pub static ARMED: Cell<bool> = const { Cell::new(false) };
}

pub const BOOM: &str = "boom";

fn go_off() {
    assert!(!ARMED.with(Cell::get), "{BOOM}");
}

pub fn fragile() -> Custom<f64> {
    Custom::new(
        "fragile",
        |x| {
            go_off();
            x[0].to_tensor().map(|x| x * x)
        },
        |rule| {
            let bar = rule.cotangent() * rule.x(0);
            go_off();
            rule.give(0, bar * 2.0);
        },
    )
}

fn through() -> Custom<f64> {
    Custom::new(
        "through",
        |x| x[0].to_tensor(),
        |rule| rule.give(0, rule.x(1).matmul((rule.cotangent() * 1.0).t()).t()),
    )
}

struct Two;

impl<T: Float> Op<T> for Two {
    fn name(&self) -> &'static str {
        "two"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        let shape = Shape::broadcast("two", &x[0], &x[1])?;
        Ok(Shapes::from_elem(shape, 2))
    }
    fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
        let (a, b) = (x[0].to_tensor(), x[1].to_tensor());
        y[0].copy_from_slice(&(&a + &b).to_vec());
        y[1].copy_from_slice(&(&a * &b).to_vec());
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        if let Some(bar) = rule.y_bar(0) {
            rule.give(0, bar);
            rule.give(1, bar);
        }
        if let Some(bar) = rule.y_bar(1) {
            rule.give(0, bar * rule.x(1));
            rule.give(1, bar * rule.x(0));
        }
    }
    fn tangent(&self, _: &Tangent<'_, '_, T>) {}
}

/// A value of the model.
#[derive(Clone, Debug)]
pub struct Node {
    pub made: Made,
    pub inputs: Vec<usize>,
    pub value: Array,
    /// Whether a gradient flows into it.
    pub needs: bool,
}

/// Records node `at` and all that it is made of on a tape. `known` has the variables of nodes that
/// are there already.
pub fn replay<'t>(
    tape: &'t Tape<f64>,
    nodes: &[Node],
    at: usize,
    known: &mut HashMap<usize, Var<'t, f64>>,
) -> Var<'t, f64> {
    if let Some(&var) = known.get(&at) {
        return var;
    }
    let node = &nodes[at];
    let var = match (&node.made, node.needs) {
        (Made::Leaf, true) => tape.leaf(&node.value.tensor()),
        (Made::Leaf | Made::Constant | Made::Slope, false) => tape.constant(&node.value.tensor()),
        (made, needs) => {
            let inputs: Vec<_> = (node.inputs.iter())
                .map(|&input| replay(tape, nodes, input, known))
                .collect();
            // A copy that is cut off has the bits of what it copies, or the two would not tie.
            let var = made.record(tape, &inputs);
            if needs { var } else { var.detach() }
        }
    };
    known.insert(at, var);
    var
}

/// The gradients of a number with respect to the leaves that it depends on, found on a tape of its
/// own that takes no shortcut.
pub fn gradients(nodes: &[Node], at: usize) -> HashMap<usize, Option<Array>> {
    let tape = Tape::new();
    tape.plain();
    let mut known = HashMap::new();
    let loss = replay(&tape, nodes, at, &mut known);
    let back = loss.backward();
    let leaves = known
        .iter()
        .filter(|(at, _)| matches!(nodes[**at].made, Made::Leaf));
    leaves
        .map(|(at, var)| (*at, back.wrt(*var).map(|bar| Array::of(&bar))))
        .collect()
}
