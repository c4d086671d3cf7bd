//! What is checked: a recording from tensors to variables, and the two ways to differentiate it.

use wengert_tensor::{Float, Tensor};

use super::failure::Site;
use crate::grad::backward::{GradOptions, Unused};
use crate::record::tape::Tape;
use crate::record::var::Var;
use crate::walk::reverse::walk;

/// What was recorded: the variables that move, and the outputs.
pub(crate) struct Recorded<'t, T: Float = f64> {
    pub inputs: Vec<Var<'t, T>>,
    pub outputs: Vec<Var<'t, T>>,
}

/// Records a program over inputs.
pub(crate) type Record<'a> = &'a dyn for<'t> Fn(&'t Tape<f64>, &[Tensor<f64>]) -> Recorded<'t, f64>;

/// A function under a check.
pub(crate) struct Subject<'a> {
    pub names: Vec<String>,
    pub inputs: Vec<Tensor<f64>>,
    pub record: Record<'a>,
}

impl Subject<'_> {
    /// The elements of all outputs at `x`, in order.
    pub fn values(&self, tape: &mut Tape<f64>, x: &[Tensor<f64>]) -> Vec<f64> {
        tape.reset();
        let recorded = (self.record)(tape, x);
        recorded
            .outputs
            .iter()
            .flat_map(|y| y.value().into_vec())
            .collect()
    }
}

/// Records a program of variables with every input a leaf.
pub(crate) fn record_leaves<'t, T: Float>(
    tape: &'t Tape<T>,
    x: &[Tensor<T>],
    program: impl FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
) -> Recorded<'t, T> {
    let inputs: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
    let outputs = program(&inputs);
    Recorded { inputs, outputs }
}

/// Reads the rules without recording: walks back from all outputs at once. Gives the gradient of
/// every input, zeros where nothing flows.
pub(crate) fn pull<T: Float>(
    tape: &Tape<T>,
    outputs: &[Var<'_, T>],
    y_bars: &[Tensor<T>],
    inputs: &[Var<'_, T>],
) -> Vec<Tensor<T>> {
    let last = outputs.iter().map(|y| y.id()).max().unwrap_or(0);
    {
        let inner = &mut *tape.inner.borrow_mut();
        inner.flow.start(last as usize + 1);
        for (y, y_bar) in outputs.iter().zip(y_bars) {
            inner.flow.accumulate(&inner.list, y.id(), &y_bar.view());
        }
    }
    walk(tape, last);
    let inner = &mut *tape.inner.borrow_mut();
    let bars = inputs.iter().map(|x| {
        let shape = inner.list.shape(x.id());
        let bar = inner
            .flow
            .bars
            .get_mut(x.id() as usize)
            .and_then(Option::take);
        let bar = bar.map_or_else(|| vec![T::ZERO; shape.size()], |bar| bar.to_vec());
        Tensor::from_vec(bar, shape).expect("a cotangent has the size of its node")
    });
    let bars = bars.collect();
    inner.flow.clear();
    bars
}

/// Reads the rules recorded: the gradients as variables.
pub(crate) fn pull_recorded<'t, T: Float>(
    tape: &'t Tape<T>,
    outputs: &[Var<'t, T>],
    y_bars: &[Var<'t, T>],
    inputs: &[Var<'t, T>],
) -> Vec<Var<'t, T>> {
    let options = GradOptions {
        create_graph: true,
        unused: Unused::Zeros,
    };
    tape.grad_with(outputs, inputs, y_bars, options)
}

/// The op that made a value, and where the program called it.
pub(crate) fn site<T: Float>(y: Var<'_, T>) -> Site {
    let list = &y.tape().inner.borrow().list;
    Site {
        op: list.op(y.id()).name(),
        location: list.origins[y.id() as usize].location,
    }
}
