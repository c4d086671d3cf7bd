//! Reading a case: recorded once, and differentiated in the plain way.

use wengert_tensor::{Float, Rng, Shape, Tensor};

use crate::check::gradient::random_like;
use crate::check::refusal::refusal;
use crate::check::samples::{Case, Samples};
use crate::check::subject::{Recorded, pull, pull_recorded, record_leaves};
use crate::record::node::{Id, LEAF};
use crate::record::tape::Tape;
use crate::record::var::Var;

/// Values and gradients of every case, to be compared between instruction sets.
#[doc(hidden)]
pub fn readings(samples: &Samples<f64>) -> Vec<(String, Vec<Tensor<f64>>)> {
    let read = |case: &Case<f64>| {
        let tape = Tape::new();
        let recorded = record_case(&tape, case);
        let mut all: Vec<_> = recorded.outputs.iter().map(|y| y.value()).collect();
        let y_bars = cotangents(&recorded, 1);
        all.extend(pull(&tape, &recorded.outputs, &y_bars, &recorded.inputs));
        let v = random_like(&mut Rng::seed_from_u64(5), shapes(&recorded.inputs));
        let (bars, second) = recorded_bars(&tape, &recorded, &y_bars, &v);
        all.extend(bars);
        all.extend(second);
        (case.label.clone(), all)
    };
    samples.cases.iter().map(read).collect()
}

pub(super) fn shapes<T: Float>(vars: &[Var<'_, T>]) -> Vec<Shape> {
    vars.iter().map(|var| var.shape()).collect()
}

pub(super) fn values<T: Float>(vars: &[Var<'_, T>]) -> Vec<Tensor<T>> {
    vars.iter().map(|var| var.value()).collect()
}

pub(crate) fn record_case<'t, T: Float>(tape: &'t Tape<T>, case: &Case<T>) -> Recorded<'t, T> {
    tape.set_rng(Rng::seed_from_u64(0));
    record_leaves(tape, &case.inputs, |x| (case.program)(x))
}

pub(super) fn cotangents(recorded: &Recorded<'_>, seed: u64) -> Vec<Tensor<f64>> {
    random_like(&mut Rng::seed_from_u64(seed), shapes(&recorded.outputs))
}

/// The names of the ops that a case records.
pub(crate) fn names_in(case: &Case<f64>) -> Vec<&'static str> {
    let named = refusal(|| {
        let tape = Tape::new();
        record_case(&tape, case);
        let list = &tape.inner.borrow().list;
        let mut names: Vec<&'static str> = Vec::new();
        for id in 0..list.nodes.len() as Id {
            let name = list.op(id).name();
            if list.nodes[id as usize].flags & LEAF == 0 && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    });
    named.unwrap_or_default()
}

/// Everything that differentiates one case in a plain way, to compare other ways with.
pub(super) struct Plain {
    pub y: Vec<Tensor<f64>>,
    pub y_bars: Vec<Tensor<f64>>,
    /// Jᵀȳ by the direct reading.
    pub bars: Vec<Tensor<f64>>,
    /// A direction, and the Hessian of ⟨ȳ, f⟩ along it.
    pub v: Vec<Tensor<f64>>,
    pub hv: Vec<Tensor<f64>>,
}

/// The recorded gradients, and their derivative along `v`.
pub(super) fn recorded_bars(
    tape: &Tape<f64>,
    recorded: &Recorded<'_>,
    y_bars: &[Tensor<f64>],
    v: &[Tensor<f64>],
) -> (Vec<Tensor<f64>>, Vec<Tensor<f64>>) {
    let Recorded { inputs, outputs } = recorded;
    // The variables are of the tape's lifetime, which the caller's `recorded` shortened.
    let y_bars: Vec<_> = y_bars.iter().map(|y_bar| tape.constant(y_bar)).collect();
    let (inputs, outputs) = (on(tape, inputs), on(tape, outputs));
    let bars = pull_recorded(tape, &outputs, &y_bars, &inputs);
    let hv = pull(tape, &bars, v, &inputs);
    (values(&bars), hv)
}

pub(super) fn on<'t>(tape: &'t Tape<f64>, vars: &[Var<'_, f64>]) -> Vec<Var<'t, f64>> {
    vars.iter().map(|var| tape.var(var.id())).collect()
}

pub(super) fn concat<X: Clone>(a: &[X], b: &[X]) -> Vec<X> {
    a.iter().chain(b).cloned().collect()
}
