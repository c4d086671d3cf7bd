//! The workloads W1 to W5 in burn, on the CPU, with the backend `flex`.
//!
//! burn takes the number of threads from the environment, as the other programs' libraries do.

#[allow(dead_code, reason = "the file serves programs that need more of it")]
#[path = "../../../src/measure.rs"]
mod measure;
#[path = "../../dfdx/src/values.rs"]
mod values;

use burn::module::{Module, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use measure::Bench;
use values::Values;

const CHAIN_LENGTH: usize = 1000;
const RNN_STEPS: usize = 25;
const RNN_BATCH: usize = 10;
const LSTM_STEPS: usize = 200;
const LSTM_BATCH: usize = 100;

fn main() {
    let bench = Bench::from_args();
    let device = Device::flex().autodiff();
    for size in [1, 64, 1024] {
        chain(&bench, &device, size);
    }
    scalars(&bench, &device);
    perceptron(&bench, &device);
    rnn(&bench, &device, 20);
    for hidden in [50, 128] {
        lstm(&bench, &device, hidden);
    }
}

/// Weights and a bias.
#[derive(Module, Debug)]
struct Linear {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Linear {
    fn new(device: &Device, values: &mut Values, inputs: usize, outputs: usize) -> Linear {
        Linear {
            weight: weight(device, values, inputs, outputs),
            bias: Param::from_tensor(Tensor::zeros([outputs], device)),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.add_bias(x.matmul(self.weight.val()))
    }

    fn add_bias(&self, products: Tensor<2>) -> Tensor<2> {
        products + self.bias.val().unsqueeze_dim(0)
    }
}

#[derive(Module, Debug)]
struct Perceptron {
    layers: Vec<Linear>,
}

/// A recurrent layer, whose `gates` are several times as wide as its state, and its head.
#[derive(Module, Debug)]
struct Recurrent {
    from_input: Linear,
    from_state: Param<Tensor<2>>,
    head: Linear,
}

impl Recurrent {
    fn new(device: &Device, inputs: usize, hidden: usize, gates: usize) -> Recurrent {
        let values = &mut Values::new();
        Recurrent {
            from_input: Linear::new(device, values, inputs, gates),
            from_state: weight(device, values, hidden, gates),
            head: Linear::new(device, values, hidden, 1),
        }
    }

    /// What goes into the activations of a step.
    fn gates(&self, x: Tensor<2>, state: Tensor<2>) -> Tensor<2> {
        let from_input = x.matmul(self.from_input.weight.val());
        let from_state = state.matmul(self.from_state.val());
        self.from_input.add_bias(from_input + from_state)
    }
}

/// W1: a chain of elementwise operations on `size` values.
fn chain(bench: &Bench, device: &Device, size: usize) {
    let workload = format!("W1-{size}");
    if !bench.wants(&workload) {
        return;
    }
    let full = |value: f32| Tensor::<1>::full([size], value, device);
    let start = full(0.5).require_grad();
    let (factor, summand) = (full(1.01), full(0.01));
    bench.measure(&workload, || {
        let mut x = start.clone();
        for operation in 0..CHAIN_LENGTH {
            x = match operation % 3 {
                0 => x * factor.clone(),
                1 => x + summand.clone(),
                _ => x.tanh(),
            };
        }
        let loss = x.sum();
        let value: f32 = loss.clone().into_scalar();
        let gradients = loss.backward();
        std::hint::black_box(start.grad(&gradients));
        f64::from(value)
    });
}

/// A unit of W2: the bias and the weights, each a tensor of its own.
type Unit = (Tensor<1>, Vec<Tensor<1>>);

/// W2: a perceptron 2-16-16-1 whose every number is a tensor of one element.
fn scalars(bench: &Bench, device: &Device) {
    if !bench.wants("W2") {
        return;
    }
    let number = |value: f64| Tensor::<1>::from_data([value], (device, DType::F64));
    let sizes = [2, 16, 16, 1];
    let mut values = Values::new();
    let mut parameter = || number(f64::from(values.uniform(1, -0.5, 0.5)[0])).require_grad();
    let mut unit = |inputs| (parameter(), (0..inputs).map(|_| parameter()).collect());
    let layers: Vec<Vec<Unit>> = sizes
        .windows(2)
        .map(|pair| (0..pair[1]).map(|_| unit(pair[0])).collect())
        .collect();
    let (inputs, target) = ([number(0.3), number(-0.7)], number(1.0));
    bench.measure("W2", || {
        let mut numbers = inputs.to_vec();
        for (at, layer) in layers.iter().enumerate() {
            let last = at + 1 == layers.len();
            let sums = layer.iter().map(|unit| weighted_sum(unit, &numbers));
            numbers = sums
                .map(|sum| if last { sum } else { sum.tanh() })
                .collect();
        }
        let error = numbers.remove(0) - target.clone();
        let loss = error.clone() * error;
        let value: f64 = loss.clone().into_scalar();
        let gradients = loss.backward();
        std::hint::black_box(layers[0][0].0.grad(&gradients));
        value
    });
}

fn weighted_sum((bias, weights): &Unit, numbers: &[Tensor<1>]) -> Tensor<1> {
    let pairs = weights.iter().zip(numbers);
    pairs.fold(bias.clone(), |sum, (weight, number)| {
        sum + weight.clone() * number.clone()
    })
}

/// W3: a perceptron with three hidden layers, cross-entropy and plain gradient descent.
fn perceptron(bench: &Bench, device: &Device) {
    if !bench.wants("W3") {
        return;
    }
    let values = &mut Values::new();
    let x = matrix(device, values.uniform(200 * 784, -0.5, 0.5), [200, 784]);
    let labels: Vec<i64> = values.labels(200, 10).into_iter().map(i64::from).collect();
    let y = Tensor::<1, Int>::from_data(TensorData::new(labels, [200]), device);
    let sizes = [784, 200, 200, 200, 10];
    let layers = sizes.windows(2);
    let model = Perceptron {
        layers: layers
            .map(|pair| Linear::new(device, values, pair[0], pair[1]))
            .collect(),
    };
    let cross_entropy = CrossEntropyLossConfig::new().init(device);
    let optimizer = SgdConfig::new().init();
    train(bench, "W3", model, (optimizer, 0.01), |model| {
        let mut scores = model.layers[0].forward(x.clone());
        for layer in &model.layers[1..] {
            scores = layer.forward(relu(scores));
        }
        cross_entropy.forward(scores, y.clone())
    });
}

/// W4: a recurrent network of `hidden` units over 25 steps.
fn rnn(bench: &Bench, device: &Device, hidden: usize) {
    if !bench.wants("W4") {
        return;
    }
    let (xs, y) = sequence(device, RNN_STEPS, RNN_BATCH, 1);
    let model = Recurrent::new(device, 1, hidden, hidden);
    train(bench, "W4", model, adam(), |model| {
        let mut state = Tensor::zeros([RNN_BATCH, hidden], device);
        for x in &xs {
            state = model.gates(x.clone(), state).tanh();
        }
        mean_squared_error(model.head.forward(state), y.clone())
    });
}

/// W5: an LSTM of `hidden` units over 200 steps.
fn lstm(bench: &Bench, device: &Device, hidden: usize) {
    let workload = format!("W5-{hidden}");
    if !bench.wants(&workload) {
        return;
    }
    let (xs, y) = sequence(device, LSTM_STEPS, LSTM_BATCH, 2);
    let model = Recurrent::new(device, 2, hidden, 4 * hidden);
    train(bench, &workload, model, adam(), |model| {
        let mut state = Tensor::zeros([LSTM_BATCH, hidden], device);
        let mut cell = state.clone();
        for x in &xs {
            (state, cell) = lstm_cell(model.gates(x.clone(), state), cell);
        }
        mean_squared_error(model.head.forward(state), y.clone())
    });
}

/// The new state and the new cell values.
fn lstm_cell(gates: Tensor<2>, cell: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let gates = gates.chunk(4, 1);
    let [input, forget, added, output]: [Tensor<2>; 4] =
        gates.try_into().expect("a chunk for each of the gates");
    let cell = sigmoid(forget) * cell + sigmoid(input) * added.tanh();
    let state = sigmoid(output) * cell.clone().tanh();
    (state, cell)
}

fn mean_squared_error(outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let errors = outputs - targets;
    (errors.clone() * errors).mean()
}

/// Measures steps of forward, backward and update.
fn train<M: Module>(
    bench: &Bench,
    workload: &str,
    model: M,
    (mut optimizer, rate): (ModuleOptimizer, f64),
    loss_of: impl Fn(&M) -> Tensor<1>,
) {
    let mut trained = Some(model);
    bench.measure(workload, || {
        let model = trained.take().expect("every step puts the model back");
        let loss = loss_of(&model);
        let value: f32 = loss.clone().into_scalar();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        trained = Some(optimizer.step(rate, model, gradients));
        f64::from(value)
    });
}

/// The optimizer, and its rate.
fn adam() -> (ModuleOptimizer, f64) {
    (AdamConfig::new().with_epsilon(1e-8).init(), 1e-3)
}

fn weight(device: &Device, values: &mut Values, inputs: usize, outputs: usize) -> Param<Tensor<2>> {
    let bound = 1.0 / (inputs as f32).sqrt();
    let numbers = values.uniform(inputs * outputs, -bound, bound);
    Param::from_tensor(matrix(device, numbers, [inputs, outputs]))
}

fn matrix(device: &Device, numbers: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// One batch of inputs a time step, and the targets.
fn sequence(
    device: &Device,
    steps: usize,
    batch: usize,
    inputs: usize,
) -> (Vec<Tensor<2>>, Tensor<2>) {
    let mut values = Values::new();
    let mut tensor = |columns: usize| {
        let numbers = values.uniform(batch * columns, 0.0, 1.0);
        matrix(device, numbers, [batch, columns])
    };
    let xs = (0..steps).map(|_| tensor(inputs)).collect();
    (xs, tensor(1))
}
