//! The workloads W1 to W5 in candle, on the CPU.
//!
//! candle takes the number of threads from the environment, as the other programs' libraries do.

#[allow(dead_code, reason = "the file serves programs that need more of it")]
#[path = "../../../src/measure.rs"]
mod measure;
#[path = "../../dfdx/src/values.rs"]
mod values;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::loss::{cross_entropy, mse};
use candle_nn::ops::sigmoid;
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW, SGD};
use measure::Bench;
use values::Values;

const DEVICE: &Device = &Device::Cpu;
const CHAIN_LENGTH: usize = 1000;
const RNN_STEPS: usize = 25;
const RNN_BATCH: usize = 10;
const LSTM_STEPS: usize = 200;
const LSTM_BATCH: usize = 100;

fn main() -> Result<()> {
    let bench = Bench::from_args();
    for size in [1, 64, 1024] {
        chain(&bench, size)?;
    }
    scalars(&bench)?;
    perceptron(&bench)?;
    rnn(&bench, 20)?;
    for hidden in [50, 128] {
        lstm(&bench, hidden)?;
    }
    Ok(())
}

/// Weights and a bias.
struct Linear {
    weight: Var,
    bias: Var,
}

impl Linear {
    fn new(values: &mut Values, inputs: usize, outputs: usize) -> Result<Linear> {
        Ok(Linear {
            weight: weight(values, inputs, outputs)?,
            bias: zeros(outputs)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)?.broadcast_add(&self.bias)
    }

    fn variables(&self) -> Vec<Var> {
        vec![self.weight.clone(), self.bias.clone()]
    }
}

/// A recurrent layer, whose `gates` are several times as wide as its state, and its head.
struct Recurrent {
    from_input: Linear,
    from_state: Var,
    head: Linear,
}

impl Recurrent {
    fn new(inputs: usize, hidden: usize, gates: usize) -> Result<Recurrent> {
        let values = &mut Values::new();
        Ok(Recurrent {
            from_input: Linear::new(values, inputs, gates)?,
            from_state: weight(values, hidden, gates)?,
            head: Linear::new(values, hidden, 1)?,
        })
    }

    /// What goes into the activations of a step.
    fn gates(&self, x: &Tensor, state: &Tensor) -> Result<Tensor> {
        let products = (x.matmul(&self.from_input.weight)? + state.matmul(&self.from_state)?)?;
        products.broadcast_add(&self.from_input.bias)
    }

    fn variables(&self) -> Vec<Var> {
        let mut variables = self.from_input.variables();
        variables.push(self.from_state.clone());
        variables.extend(self.head.variables());
        variables
    }
}

/// W1: a chain of elementwise operations on `size` values.
fn chain(bench: &Bench, size: usize) -> Result<()> {
    let workload = format!("W1-{size}");
    if !bench.wants(&workload) {
        return Ok(());
    }
    let full = |value: f32| Tensor::from_vec(vec![value; size], size, DEVICE);
    let start = Var::from_tensor(&full(0.5)?)?;
    let (factor, summand) = (full(1.01)?, full(0.01)?);
    measure(bench, &workload, || {
        let mut x = start.as_tensor().clone();
        for operation in 0..CHAIN_LENGTH {
            x = match operation % 3 {
                0 => (&x * &factor)?,
                1 => (&x + &summand)?,
                _ => x.tanh()?,
            };
        }
        let loss = x.sum_all()?;
        let gradients = loss.backward()?;
        std::hint::black_box(gradients.get(&start));
        Ok(f64::from(loss.to_scalar::<f32>()?))
    });
    Ok(())
}

/// A unit of W2: the bias and the weights, each a tensor of its own.
type Unit = (Var, Vec<Var>);

/// W2: a perceptron 2-16-16-1 whose every number is a tensor without dimensions.
fn scalars(bench: &Bench) -> Result<()> {
    if !bench.wants("W2") {
        return Ok(());
    }
    let sizes = [2, 16, 16, 1];
    let values = &mut Values::new();
    let mut layers = Vec::new();
    for pair in sizes.windows(2) {
        let units: Result<Vec<Unit>> = (0..pair[1]).map(|_| unit(values, pair[0])).collect();
        layers.push(units?);
    }
    let inputs = [Tensor::new(0.3, DEVICE)?, Tensor::new(-0.7, DEVICE)?];
    let target = Tensor::new(1.0, DEVICE)?;
    measure(bench, "W2", || {
        let mut numbers = inputs.to_vec();
        for (at, layer) in layers.iter().enumerate() {
            let last = at + 1 == layers.len();
            let outputs: Result<Vec<Tensor>> = layer
                .iter()
                .map(|unit| {
                    let sum = weighted_sum(unit, &numbers)?;
                    if last {
                        Ok(sum)
                    } else {
                        sum.tanh()
                    }
                })
                .collect();
            numbers = outputs?;
        }
        let error = (&numbers[0] - &target)?;
        let loss = (&error * &error)?;
        let gradients = loss.backward()?;
        std::hint::black_box(gradients.get(&layers[0][0].0));
        loss.to_scalar::<f64>()
    });
    Ok(())
}

fn unit(values: &mut Values, inputs: usize) -> Result<Unit> {
    let mut numbers = values.uniform(inputs + 1, -0.5, 0.5).into_iter();
    let mut next = || Var::new(f64::from(numbers.next().unwrap_or(0.0)), DEVICE);
    let bias = next()?;
    let weights: Result<Vec<Var>> = (0..inputs).map(|_| next()).collect();
    Ok((bias, weights?))
}

fn weighted_sum((bias, weights): &Unit, numbers: &[Tensor]) -> Result<Tensor> {
    let mut sum = bias.as_tensor().clone();
    for (weight, number) in weights.iter().zip(numbers) {
        sum = (sum + (weight.as_tensor() * number)?)?;
    }
    Ok(sum)
}

/// W3: a perceptron with three hidden layers, cross-entropy and plain gradient descent.
fn perceptron(bench: &Bench) -> Result<()> {
    if !bench.wants("W3") {
        return Ok(());
    }
    let values = &mut Values::new();
    let x = Tensor::from_vec(values.uniform(200 * 784, -0.5, 0.5), (200, 784), DEVICE)?;
    let y = Tensor::from_vec(values.labels(200, 10), 200, DEVICE)?;
    let sizes = [784, 200, 200, 200, 10];
    let layers: Result<Vec<Linear>> = sizes
        .windows(2)
        .map(|pair| Linear::new(values, pair[0], pair[1]))
        .collect();
    let layers = layers?;
    let variables = layers.iter().flat_map(Linear::variables).collect();
    train(bench, "W3", SGD::new(variables, 0.01)?, || {
        let mut scores = layers[0].forward(&x)?;
        for layer in &layers[1..] {
            scores = layer.forward(&scores.relu()?)?;
        }
        cross_entropy(&scores, &y)
    });
    Ok(())
}

/// W4: a recurrent network of `hidden` units over 25 steps.
fn rnn(bench: &Bench, hidden: usize) -> Result<()> {
    if !bench.wants("W4") {
        return Ok(());
    }
    let (xs, y) = sequence(RNN_STEPS, RNN_BATCH, 1)?;
    let model = Recurrent::new(1, hidden, hidden)?;
    train(bench, "W4", adam(model.variables())?, || {
        let mut state = Tensor::zeros((RNN_BATCH, hidden), DType::F32, DEVICE)?;
        for x in &xs {
            state = model.gates(x, &state)?.tanh()?;
        }
        mse(&model.head.forward(&state)?, &y)
    });
    Ok(())
}

/// W5: an LSTM of `hidden` units over 200 steps.
fn lstm(bench: &Bench, hidden: usize) -> Result<()> {
    let workload = format!("W5-{hidden}");
    if !bench.wants(&workload) {
        return Ok(());
    }
    let (xs, y) = sequence(LSTM_STEPS, LSTM_BATCH, 2)?;
    let model = Recurrent::new(2, hidden, 4 * hidden)?;
    train(bench, &workload, adam(model.variables())?, || {
        let mut state = Tensor::zeros((LSTM_BATCH, hidden), DType::F32, DEVICE)?;
        let mut cell = state.clone();
        for x in &xs {
            (state, cell) = lstm_cell(&model.gates(x, &state)?, &cell)?;
        }
        mse(&model.head.forward(&state)?, &y)
    });
    Ok(())
}

/// The new state and the new cell values.
fn lstm_cell(gates: &Tensor, cell: &Tensor) -> Result<(Tensor, Tensor)> {
    let gates = gates.chunk(4, 1)?;
    let (input, forget, output) = (
        sigmoid(&gates[0])?,
        sigmoid(&gates[1])?,
        sigmoid(&gates[3])?,
    );
    let cell = ((forget * cell)? + (input * gates[2].tanh()?)?)?;
    let state = (output * cell.tanh()?)?;
    Ok((state, cell))
}

/// Measures steps of forward, backward and update.
fn train(
    bench: &Bench,
    workload: &str,
    mut optimizer: impl Optimizer,
    loss_of: impl Fn() -> Result<Tensor>,
) {
    measure(bench, workload, || {
        let loss = loss_of()?;
        optimizer.backward_step(&loss)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    });
}

/// Measures a step that must not fail.
fn measure(bench: &Bench, workload: &str, mut step: impl FnMut() -> Result<f64>) {
    bench.measure(workload, || step().expect("the shapes fit"));
}

fn adam(variables: Vec<Var>) -> Result<AdamW> {
    let parameters = ParamsAdamW {
        lr: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.0,
    };
    AdamW::new(variables, parameters)
}

fn weight(values: &mut Values, inputs: usize, outputs: usize) -> Result<Var> {
    let bound = 1.0 / (inputs as f32).sqrt();
    let numbers = values.uniform(inputs * outputs, -bound, bound);
    Var::from_vec(numbers, (inputs, outputs), DEVICE)
}

fn zeros(size: usize) -> Result<Var> {
    Var::zeros(size, DType::F32, DEVICE)
}

/// One batch of inputs a time step, and the targets.
fn sequence(steps: usize, batch: usize, inputs: usize) -> Result<(Vec<Tensor>, Tensor)> {
    let mut values = Values::new();
    let mut tensor = |columns: usize| {
        let numbers = values.uniform(batch * columns, 0.0, 1.0);
        Tensor::from_vec(numbers, (batch, columns), DEVICE)
    };
    let xs: Result<Vec<Tensor>> = (0..steps).map(|_| tensor(inputs)).collect();
    Ok((xs?, tensor(1)?))
}
