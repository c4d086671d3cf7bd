//! The workloads W1, W3, W4 and W5 in dfdx, on the CPU.
//!
//! dfdx carries the tape inside the tensors: an operation takes it out of its operands and puts it
//! into its result, so the recurrent cells below hand it on by `split_tape` and `put_tape`.

#[allow(dead_code, reason = "the file serves programs that need more of it")]
#[path = "../../../src/measure.rs"]
mod measure;
mod values;

use dfdx::nn::builders::{Linear, UnbiasedLinear};
use dfdx::optim::{Adam, AdamConfig, Sgd, SgdConfig};
use dfdx::prelude::*;
use measure::Bench;
use values::Values;

type Matrix<const R: usize, const C: usize> = Tensor<Rank2<R, C>, f32, Cpu>;
type Tape = OwnedTape<f32, Cpu>;
type TracedMatrix<const R: usize, const C: usize> = Tensor<Rank2<R, C>, f32, Cpu, Tape>;
type TracedLoss = Tensor<Rank0, f32, Cpu, Tape>;

type Perceptron = (
    (Linear<784, 200>, ReLU),
    (Linear<200, 200>, ReLU),
    (Linear<200, 200>, ReLU),
    Linear<200, 10>,
);
/// Input to gates, state to gates, state to output.
type Recurrent<const I: usize, const H: usize, const G: usize> =
    (Linear<I, G>, UnbiasedLinear<H, G>, Linear<H, 1>);

const CHAIN_LENGTH: usize = 1000;
const RNN_STEPS: usize = 25;
const LSTM_STEPS: usize = 200;
const LSTM_BATCH: usize = 100;

fn main() {
    let bench = Bench::from_args();
    let device = Cpu::default();
    chain::<1>(&bench, &device);
    chain::<64>(&bench, &device);
    chain::<1024>(&bench, &device);
    perceptron(&bench, &device);
    rnn(&bench, &device);
    lstm::<50, 200>(&bench, &device);
    lstm::<128, 512>(&bench, &device);
}

/// W1: a chain of elementwise operations on `N` values.
fn chain<const N: usize>(bench: &Bench, device: &Cpu) {
    let workload = format!("W1-{N}");
    if !bench.wants(&workload) {
        return;
    }
    let full = |value: f32| device.zeros::<Rank1<N>>() + value;
    let (start, factor, summand) = (full(0.5), full(1.01), full(0.01));
    bench.measure(&workload, || {
        let mut x = start.leaky_trace();
        for operation in 0..CHAIN_LENGTH {
            x = match operation % 3 {
                0 => x * factor.clone(),
                1 => x + summand.clone(),
                _ => x.tanh(),
            };
        }
        let loss = x.sum::<Rank0, _>();
        let value = loss.array();
        let gradients = loss.backward();
        std::hint::black_box(gradients.get(&start));
        f64::from(value)
    });
}

/// W3: a perceptron with three hidden layers, cross-entropy and plain gradient descent.
fn perceptron(bench: &Bench, device: &Cpu) {
    if !bench.wants("W3") {
        return;
    }
    let mut values = Values::new();
    let x: Matrix<200, 784> = device.tensor(values.uniform(200 * 784, -0.5, 0.5));
    let y: Matrix<200, 10> = device.tensor(one_hot(&values.labels(200, 10), 10));
    let model = device.build_module::<Perceptron, f32>();
    let config = SgdConfig {
        lr: 0.01,
        momentum: None,
        weight_decay: None,
    };
    let optimizer = Sgd::new(&model, config);
    train(bench, "W3", model, optimizer, |model, gradients| {
        let scores = model.forward(x.clone().traced(gradients));
        cross_entropy_with_logits_loss(scores, y.clone())
    });
}

/// W4: a recurrent network of 20 units over 25 steps.
fn rnn(bench: &Bench, device: &Cpu) {
    if !bench.wants("W4") {
        return;
    }
    let xs = inputs::<10, 1>(device, RNN_STEPS);
    let y: Matrix<10, 1> = device.sample_uniform();
    let model = device.build_module::<Recurrent<1, 20, 20>, f32>();
    let optimizer = Adam::new(&model, adam_config());
    train(bench, "W4", model, optimizer, |model, gradients| {
        let mut state = device.zeros::<Rank2<10, 20>>().traced(gradients);
        for x in &xs {
            let (plain_state, tape) = state.split_tape();
            let (from_input, tape) = model.0.forward(x.clone().put_tape(tape)).split_tape();
            state = (model.1.forward(plain_state.put_tape(tape)) + from_input).tanh();
        }
        mse_loss(model.2.forward(state), y.clone())
    });
}

/// W5: an LSTM of `H` units over 200 steps; `G` is `4 * H`.
fn lstm<const H: usize, const G: usize>(bench: &Bench, device: &Cpu) {
    let workload = format!("W5-{H}");
    if !bench.wants(&workload) {
        return;
    }
    let xs = inputs::<LSTM_BATCH, 2>(device, LSTM_STEPS);
    let y: Matrix<LSTM_BATCH, 1> = device.sample_uniform();
    let model = device.build_module::<Recurrent<2, H, G>, f32>();
    let optimizer = Adam::new(&model, adam_config());
    train(bench, &workload, model, optimizer, |model, gradients| {
        let mut cell: Matrix<LSTM_BATCH, H> = device.zeros();
        let mut state = cell.clone().traced(gradients);
        for x in &xs {
            let (plain_state, tape) = state.split_tape();
            let (from_input, tape) = model.0.forward(x.clone().put_tape(tape)).split_tape();
            let gates = model.1.forward(plain_state.put_tape(tape)) + from_input;
            (state, cell) = lstm_cell::<H, G>(gates, cell);
        }
        mse_loss(model.2.forward(state), y.clone())
    });
}

/// The new state, which carries the tape, and the new cell values.
fn lstm_cell<const H: usize, const G: usize>(
    gates: TracedMatrix<LSTM_BATCH, G>,
    cell: Matrix<LSTM_BATCH, H>,
) -> (TracedMatrix<LSTM_BATCH, H>, Matrix<LSTM_BATCH, H>) {
    let (gates, tape) = gates.split_tape();
    let (input, tape) = gate::<H, G>(&gates, tape, 0).sigmoid().split_tape();
    let (forget, tape) = gate::<H, G>(&gates, tape, 1).sigmoid().split_tape();
    let (output, tape) = gate::<H, G>(&gates, tape, 3).sigmoid().split_tape();
    let (added, tape) = (gate::<H, G>(&gates, tape, 2).tanh() * input).split_tape();
    let (cell, tape) = (forget.put_tape(tape) * cell + added).split_tape();
    let state = cell.clone().put_tape(tape).tanh() * output;
    (state, cell)
}

/// The columns of gate number `index`.
fn gate<const H: usize, const G: usize>(
    gates: &Matrix<LSTM_BATCH, G>,
    tape: Tape,
    index: usize,
) -> TracedMatrix<LSTM_BATCH, H> {
    let columns = index * H..(index + 1) * H;
    gates.clone().put_tape(tape).slice((.., columns)).realize()
}

/// Measures steps of forward, backward and update.
fn train<M, O>(
    bench: &Bench,
    workload: &str,
    mut model: M,
    mut optimizer: O,
    loss_of: impl Fn(&M, Gradients<f32, Cpu>) -> TracedLoss,
) where
    M: ZeroGrads<f32, Cpu>,
    O: Optimizer<M, Cpu, f32>,
{
    let mut spare = model.alloc_grads();
    bench.measure(workload, || {
        let loss = loss_of(&model, std::mem::replace(&mut spare, Gradients::leaky()));
        let value = loss.array();
        let mut gradients = loss.backward();
        optimizer
            .update(&mut model, &gradients)
            .expect("every parameter is used");
        model.zero_grads(&mut gradients);
        spare = gradients;
        f64::from(value)
    });
}

fn adam_config() -> AdamConfig {
    AdamConfig {
        lr: 1e-3,
        ..Default::default()
    }
}

/// One batch of inputs a time step.
fn inputs<const B: usize, const I: usize>(device: &Cpu, steps: usize) -> Vec<Matrix<B, I>> {
    (0..steps).map(|_| device.sample_uniform()).collect()
}

fn one_hot(labels: &[u32], classes: usize) -> Vec<f32> {
    let mut rows = vec![0.0; labels.len() * classes];
    for (row, &label) in rows.chunks_exact_mut(classes).zip(labels) {
        row[label as usize] = 1.0;
    }
    rows
}
