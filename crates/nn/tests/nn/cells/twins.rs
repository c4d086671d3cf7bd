//! Every cell once more as plain loops over numbers, and the walk of one sequence through layers.

use wengert_nn::rnn::{
    Activation, ForgetGate, GruVariantCell, Layer, LightGruCell, LstmVariantCell, MinimalGruCell,
};
use wengert_nn::{GruCell, LayerNorm, LstmCell, SimpleRnnCell};
use wengert_tensor::Tensor;

/// The numbers of one row.
pub type Row = Vec<f64>;
/// The parts of a cell's state: h, and c of an LSTM.
pub type Parts = Vec<Row>;

type Wide = Tensor<f64>;

pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Column j of x W.
fn dot(x: &[f64], w: &Wide, j: usize) -> f64 {
    x.iter().enumerate().map(|(i, x)| x * w[[i, j]]).sum()
}

/// (x − mean) / √(var + ε) w + b.
fn norm(x: &[f64], layer: &LayerNorm<Wide>) -> Row {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    let scaled = |(j, x): (usize, &f64)| {
        (x - mean) / (variance + layer.epsilon).sqrt() * layer.weight[[j]] + layer.bias[[j]]
    };
    x.iter().enumerate().map(scaled).collect()
}

pub fn simple(cell: &SimpleRnnCell<Wide>, x: &[f64], state: &[Row]) -> Parts {
    let value = |j| {
        let sum = dot(x, &cell.wx, j) + dot(&state[0], &cell.wh, j) + cell.bias[[j]];
        match cell.activation {
            Activation::Tanh => sum.tanh(),
            Activation::Relu => sum.max(0.0),
        }
    };
    vec![(0..cell.bias.size()).map(value).collect()]
}

pub fn lstm(cell: &LstmCell<Wide>, x: &[f64], state: &[Row]) -> Parts {
    let hidden = cell.bias.size() / 4;
    let sum = |j| dot(x, &cell.wx, j) + dot(&state[0], &cell.wh, j) + cell.bias[[j]];
    let (mut h, mut c) = (vec![], vec![]);
    for k in 0..hidden {
        let [i, f, g, o] = [0, 1, 2, 3].map(|part| sum(part * hidden + k));
        let kept = sigmoid(f) * state[1][k] + sigmoid(i) * g.tanh();
        c.push(kept);
        h.push(sigmoid(o) * kept.tanh());
    }
    vec![h, c]
}

pub fn lstm_variant(cell: &LstmVariantCell<Wide>, x: &[f64], state: &[Row]) -> Parts {
    let (options, c) = (&cell.options, &state[1]);
    let hidden = c.len();
    let columns = 0..cell.wx.shape()[1];
    let mut xs: Row = columns.clone().map(|j| dot(x, &cell.wx, j)).collect();
    let mut hs: Row = columns
        .clone()
        .map(|j| dot(&state[0], &cell.wh, j))
        .collect();
    if let Some(norms) = &cell.norms {
        (xs, hs) = (norm(&xs, &norms.x), norm(&hs, &norms.h));
    }
    let bias = |j: usize| cell.bias.as_ref().map_or(0.0, |bias| bias[[j]]);
    let sum: Row = columns.map(|j| xs[j] + hs[j] + bias(j)).collect();
    // Where each part begins, of those that are there.
    let learned = options.forget_gate == ForgetGate::Learned;
    let at_f = if options.input_gate { hidden } else { 0 };
    let at_g = at_f + if learned { hidden } else { 0 };
    let at_o = at_g + hidden;
    let seen = |weights: &Option<Wide>, c: &[f64], k: usize| match weights {
        None => 0.0,
        Some(weights) if weights.rank() == 1 => weights[[k]] * c[k],
        Some(weights) => dot(c, weights, k),
    };
    let peepholes = &cell.peepholes;
    let mut next = vec![];
    for k in 0..hidden {
        let i = match options.input_gate {
            true => sigmoid(sum[k] + seen(&peepholes.input, c, k)),
            false => 1.0,
        };
        let f = match options.forget_gate {
            ForgetGate::Learned => sigmoid(sum[at_f + k] + seen(&peepholes.forget, c, k)),
            ForgetGate::Coupled => 1.0 - i,
            ForgetGate::Fixed(weight) => weight,
        };
        next.push(f * c[k] + i * sum[at_g + k].tanh());
    }
    let shown = cell
        .norms
        .as_ref()
        .map_or(next.clone(), |norms| norm(&next, &norms.c));
    let mut h: Row = (0..hidden)
        .map(|k| {
            let o = match options.output_gate {
                true => sigmoid(sum[at_o + k] + seen(&peepholes.output, &next, k)),
                false => 1.0,
            };
            o * shown[k].tanh()
        })
        .collect();
    if let Some(weights) = &cell.projection {
        h = (0..weights.shape()[1])
            .map(|j| dot(&h, weights, j))
            .collect();
    }
    vec![h, next]
}

pub fn gru(cell: &GruCell<Wide>, x: &[f64], state: &[Row]) -> Parts {
    let (h, hidden) = (&state[0], state[0].len());
    let from_x = |j| dot(x, &cell.wx, j) + cell.bias_x[[j]];
    let from_h = |j| dot(h, &cell.wh, j) + cell.bias_h[[j]];
    let value = |k: usize| {
        let r = sigmoid(from_x(k) + from_h(k));
        let z = sigmoid(from_x(hidden + k) + from_h(hidden + k));
        let n = (from_x(2 * hidden + k) + r * from_h(2 * hidden + k)).tanh();
        (1.0 - z) * n + z * h[k]
    };
    vec![(0..hidden).map(value).collect()]
}

pub fn gru_variant(cell: &GruVariantCell<Wide>, x: &[f64], state: &[Row]) -> Parts {
    let (h, hidden) = (&state[0], state[0].len());
    let bias = |of: &Option<Wide>, j: usize| match of {
        Some(of) if j < of.size() => of[[j]],
        _ => 0.0,
    };
    let (bx, bh) = (|j| bias(&cell.bias_x, j), |j| bias(&cell.bias_h, j));
    let gate = |j| sigmoid(dot(x, &cell.wx, j) + dot(h, &cell.wh, j) + bx(j) + bh(j));
    let reset: Row = (0..hidden).map(|k| gate(k) * h[k]).collect();
    let value = |k: usize| {
        let (z, j) = (gate(hidden + k), 2 * hidden + k);
        let recurrent = match cell.options.reset_after {
            true => gate(k) * (dot(h, &cell.wh, j) + bh(j)),
            false => dot(&reset, &cell.wh, j) + bh(j),
        };
        let n = (dot(x, &cell.wx, j) + bx(j) + recurrent).tanh();
        (1.0 - z) * n + z * h[k]
    };
    vec![(0..hidden).map(value).collect()]
}

pub fn minimal(cell: &MinimalGruCell<Wide>, x: &[f64], state: &[Row]) -> Parts {
    let (h, hidden) = (&state[0], state[0].len());
    let gate = |k| sigmoid(dot(x, &cell.wx, k) + dot(h, &cell.wh, k) + cell.bias[[k]]);
    let reset: Row = (0..hidden).map(|k| gate(k) * h[k]).collect();
    let value = |k: usize| {
        let j = hidden + k;
        let n = (dot(x, &cell.wx, j) + dot(&reset, &cell.wh, j) + cell.bias[[j]]).tanh();
        (1.0 - gate(k)) * h[k] + gate(k) * n
    };
    vec![(0..hidden).map(value).collect()]
}

pub fn light(cell: &LightGruCell<Wide>, x: &[f64], state: &[Row]) -> Parts {
    let (h, hidden) = (&state[0], state[0].len());
    let xs: Row = (0..2 * hidden).map(|j| dot(x, &cell.wx, j)).collect();
    let xs = norm(&xs, &cell.norm);
    let value = |k: usize| {
        let z = sigmoid(xs[k] + dot(h, &cell.wh, k));
        let n = (xs[hidden + k] + dot(h, &cell.wh, hidden + k)).max(0.0);
        z * h[k] + (1.0 - z) * n
    };
    vec![(0..hidden).map(value).collect()]
}

/// One sequence through all layers, alone: the outputs of its steps, and the last state of every
/// cell.
pub fn walk<C>(
    layers: &[Layer<C>],
    mut steps: Vec<Row>,
    start: &[Parts],
    twin: impl Fn(&C, &[f64], &[Row]) -> Parts,
) -> (Vec<Row>, Vec<Parts>) {
    let (mut start, mut ends) = (start.iter(), vec![]);
    for layer in layers {
        let mut outputs = vec![vec![]; steps.len()];
        for (direction, cell) in [Some(&layer.forward), layer.backward.as_ref()]
            .iter()
            .enumerate()
        {
            let Some(cell) = cell else { continue };
            let mut state = start.next().expect("a start for every cell").clone();
            for k in 0..steps.len() {
                let t = if direction == 0 {
                    k
                } else {
                    steps.len() - 1 - k
                };
                state = twin(cell, &steps[t], &state);
                outputs[t].extend(&state[0]);
            }
            ends.push(state);
        }
        steps = outputs;
    }
    (steps, ends)
}
