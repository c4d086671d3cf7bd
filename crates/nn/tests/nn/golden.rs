//! Agreement with PyTorch: values and all gradients, by the numbers of `tests/golden`.

use wengert_nn::rnn::{Activation, Carried, Cell, Layer, LstmOptions, LstmVariantCell};
use wengert_nn::{
    BatchNorm, Embedding, GruCell, LayerNorm, Linear, LstmCell, LstmState, Recurrent,
    SimpleRnnCell, State,
};
use wengert_tape::{Bind, Tape, Values, Var};
use wengert_tensor::{Rng, Tensor};

pub use crate::book::{Book, agree};

/// A recurrent layer of one cell: its cases, how a cell is made of PyTorch's weights, which of
/// PyTorch's gradients those of a cell are, what an initial state is made of, and its parts.
macro_rules! recurrent {
    ($kind:expr, $cell:expr, $bars:expr, $start:expr, $parts:expr) => {{
        let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
        for (case, config) in book.of($kind) {
            let get = |name: &str| book.get(case, name);
            let both = config["bidirectional"] == true;
            let layers = config["layers"].as_u64().expect("a number") as usize;
            let directions = 1 + usize::from(both);
            // [batch, time, …], as the layer has it.
            let order = |x: Tensor<f64>| match config["batch_first"] == true {
                true => x,
                false => x.transpose(0, 1),
            };
            let layer = |l| Layer {
                forward: $cell(&get, &format!("_l{l}")),
                backward: both.then(|| $cell(&get, &format!("_l{l}_reverse"))),
            };
            let cells = (0..(layers * directions) as isize)
                .map(|k| $start(&get, k))
                .collect();
            let model = (
                Recurrent {
                    layers: (0..layers).map(layer).collect(),
                },
                order(get("input.x")),
                State { cells, directions },
            );
            let bar = order(get("cotangent.output"));
            let (_, (outputs, state), grads) = tape.value_and_grad_aux(&model, |_, m| {
                let (rnn, x, start) = m;
                let (outputs, state) = rnn.run(x, Some(start));
                let mut loss = (outputs * &bar).sum();
                for (k, cell) in state.cells.iter().enumerate() {
                    for (name, value) in $parts(cell) {
                        let bar = get(&format!("cotangent.{name}_n")).select(0, k as isize);
                        loss += (value * &bar).sum();
                    }
                }
                (loss, (outputs, state).value())
            });
            agree(case, "output", &outputs, &order(get("output.output")));
            let (rnn_bar, x_bar, start_bar) = grads.tree(&model);
            agree(case, "grad.x", &x_bar, &order(get("grad.input.x")));
            for (k, (end, start_bar)) in state.cells.iter().zip(&start_bar.cells).enumerate() {
                for ((name, end), (_, bar)) in $parts(end).into_iter().zip($parts(start_bar)) {
                    let at = |name: String| get(&name).select(0, k as isize);
                    agree(case, name, &end, &at(format!("output.{name}_n")));
                    agree(case, name, &bar, &at(format!("grad.input.{name}0")));
                }
            }
            for (l, layer) in rnn_bar.layers.iter().enumerate() {
                let suffixes = [format!("_l{l}"), format!("_l{l}_reverse")];
                let cells = std::iter::once(&layer.forward).chain(&layer.backward);
                for (cell, suffix) in cells.zip(suffixes) {
                    for (name, bar) in $bars(cell) {
                        let name = format!("grad.weight.{name}{suffix}");
                        agree(case, &name, &bar, &get(&name));
                    }
                }
            }
            count += 1;
        }
        count
    }};
}

type Get<'a> = &'a dyn Fn(&str) -> Tensor<f64>;

fn lstm_cell(get: Get<'_>, suffix: &str) -> LstmCell<Tensor<f64>> {
    let of = |name: &str| get(&format!("weight.{name}{suffix}"));
    LstmCell {
        wx: of("weight_ih").t(),
        wh: of("weight_hh").t(),
        bias: of("bias_ih") + of("bias_hh"),
    }
}

fn gru_cell(get: Get<'_>, suffix: &str) -> GruCell<Tensor<f64>> {
    let of = |name: &str| get(&format!("weight.{name}{suffix}"));
    GruCell {
        wx: of("weight_ih").t(),
        wh: of("weight_hh").t(),
        bias_x: of("bias_ih"),
        bias_h: of("bias_hh"),
    }
}

fn rnn_cell(get: Get<'_>, suffix: &str, activation: Activation) -> SimpleRnnCell<Tensor<f64>> {
    let of = |name: &str| get(&format!("weight.{name}{suffix}"));
    SimpleRnnCell {
        wx: of("weight_ih").t(),
        wh: of("weight_hh").t(),
        bias: of("bias_ih") + of("bias_hh"),
        activation,
    }
}

/// The gradients under PyTorch's names. A sum of two biases has the gradient of each.
fn bars(wx: &Tensor<f64>, wh: &Tensor<f64>, bx: &Tensor<f64>, bh: &Tensor<f64>) -> Bars {
    [
        ("weight_ih", wx.t()),
        ("weight_hh", wh.t()),
        ("bias_ih", bx.clone()),
        ("bias_hh", bh.clone()),
    ]
}

type Bars = [(&'static str, Tensor<f64>); 4];

fn lstm_bars(cell: &LstmCell<Tensor<f64>>) -> Bars {
    bars(&cell.wx, &cell.wh, &cell.bias, &cell.bias)
}

fn gru_bars(cell: &GruCell<Tensor<f64>>) -> Bars {
    bars(&cell.wx, &cell.wh, &cell.bias_x, &cell.bias_h)
}

fn rnn_bars(cell: &SimpleRnnCell<Tensor<f64>>) -> Bars {
    bars(&cell.wx, &cell.wh, &cell.bias, &cell.bias)
}

fn lstm_parts<X: Clone>(state: &LstmState<X>) -> Vec<(&'static str, X)> {
    vec![("h", state.h.clone()), ("c", state.c.clone())]
}

fn parts<X: Clone>(h: &X) -> Vec<(&'static str, X)> {
    vec![("h", h.clone())]
}

#[test]
fn lstm() {
    let start = |get: Get<'_>, k| LstmState {
        h: get("input.h0").select(0, k),
        c: get("input.c0").select(0, k),
    };
    assert_eq!(
        recurrent!("lstm", lstm_cell, lstm_bars, start, lstm_parts),
        4
    );
}

#[test]
fn gru() {
    let start = |get: Get<'_>, k| get("input.h0").select(0, k);
    assert_eq!(recurrent!("gru", gru_cell, gru_bars, start, parts), 4);
}

#[test]
fn simple_rnn() {
    let start = |get: Get<'_>, k| get("input.h0").select(0, k);
    let tanh = |get: Get<'_>, suffix: &str| rnn_cell(get, suffix, Activation::Tanh);
    assert_eq!(recurrent!("rnn_tanh", tanh, rnn_bars, start, parts), 4);
    let relu = |get: Get<'_>, suffix: &str| rnn_cell(get, suffix, Activation::Relu);
    assert_eq!(recurrent!("rnn_relu", relu, rnn_bars, start, parts), 4);
}

/// One step of a cell.
macro_rules! cell {
    ($kind:expr, $cell:expr, $bars:expr, $start:expr, $parts:expr) => {{
        let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
        for (case, _) in book.of($kind) {
            let get = |name: &str| book.get(case, name);
            let model = ($cell(&get, ""), get("input.x"), $start(&get));
            let (_, end, grads) = tape.value_and_grad_aux(&model, |t, (cell, x, start)| {
                let end = cell.step(x, start);
                let weighed = |(name, value)| value * &get(&format!("cotangent.{name}"));
                let terms = $parts(&end).into_iter().map(weighed);
                (
                    terms.fold(t.scalar(0.0), |sum, term| sum + term.sum()),
                    end.value(),
                )
            });
            let (cell_bar, x_bar, start_bar) = grads.tree(&model);
            agree(case, "grad.x", &x_bar, &get("grad.input.x"));
            for ((name, end), (_, bar)) in $parts(&end).into_iter().zip($parts(&start_bar)) {
                agree(case, name, &end, &get(&format!("output.{name}")));
                agree(case, name, &bar, &get(&format!("grad.input.{name}")));
            }
            for (name, bar) in $bars(&cell_bar) {
                agree(case, name, &bar, &get(&format!("grad.weight.{name}")));
            }
            count += 1;
        }
        count
    }};
}

#[test]
fn cells() {
    let start = |get: Get<'_>| LstmState {
        h: get("input.h"),
        c: get("input.c"),
    };
    assert_eq!(
        cell!("lstm_cell", lstm_cell, lstm_bars, start, lstm_parts),
        1
    );
    let start = |get: Get<'_>| get("input.h");
    assert_eq!(cell!("gru_cell", gru_cell, gru_bars, start, parts), 1);
    let tanh = |get: Get<'_>, suffix: &str| rnn_cell(get, suffix, Activation::Tanh);
    assert_eq!(cell!("rnn_cell", tanh, rnn_bars, start, parts), 1);
}

#[test]
fn linear() {
    let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
    for (case, config) in book.of("linear") {
        let get = |name: &str| book.get(case, name);
        let bias = config["bias"] == true;
        let layer = Linear {
            weight: get("weight.weight").t(),
            bias: bias.then(|| get("weight.bias")),
        };
        let model = (layer, get("input.x"));
        let (y, grads) = tape.vjp(&model, &get("cotangent.output"), |_, (l, x)| l.forward(x));
        let (bars, x_bar) = grads.tree(&model);
        agree(case, "output", &y, &get("output.output"));
        agree(case, "x", &x_bar, &get("grad.input.x"));
        agree(case, "weight", &bars.weight.t(), &get("grad.weight.weight"));
        assert_eq!(bars.bias.is_some(), bias);
        if let Some(bias) = bars.bias {
            agree(case, "bias", &bias, &get("grad.weight.bias"));
        }
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn embedding() {
    let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
    for (case, _) in book.of("embedding") {
        let get = |name: &str| book.get(case, name);
        let index = book.indices[&format!("{case}/fixed.index")].clone();
        let layer = Embedding {
            weight: get("weight.weight"),
            padding: None,
        };
        let bar = get("cotangent.output");
        let (y, grads) = tape.vjp(&layer, &bar, |_, layer| layer.forward(&index));
        agree(case, "output", &y, &get("output.output"));
        agree(
            case,
            "weight",
            &grads.tree(&layer).weight,
            &get("grad.weight.weight"),
        );
        count += 1;
    }
    assert_eq!(count, 1);
}

#[test]
fn layer_norm() {
    let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
    for (case, _) in book.of("layer_norm") {
        let get = |name: &str| book.get(case, name);
        let layer = LayerNorm {
            weight: get("weight.weight"),
            bias: get("weight.bias"),
            epsilon: 1e-5,
        };
        let model = (layer, get("input.x"));
        let (y, grads) = tape.vjp(&model, &get("cotangent.output"), |_, (l, x)| l.forward(x));
        let (bars, x_bar) = grads.tree(&model);
        agree(case, "output", &y, &get("output.output"));
        agree(case, "x", &x_bar, &get("grad.input.x"));
        agree(case, "weight", &bars.weight, &get("grad.weight.weight"));
        agree(case, "bias", &bars.bias, &get("grad.weight.bias"));
        count += 1;
    }
    assert_eq!(count, 1);
}

#[test]
fn batch_norm() {
    let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
    for (case, config) in book.of("batch_norm_1d").chain(book.of("batch_norm_2d")) {
        let get = |name: &str| book.get(case, name);
        let layer = BatchNorm {
            weight: get("weight.weight"),
            bias: get("weight.bias"),
            mean: get("buffer.running_mean"),
            variance: get("buffer.running_var"),
            axis: 1,
            momentum: 0.1,
            epsilon: 1e-5,
        };
        let mut model = (layer, get("input.x"));
        tape.set_training(config["mode"] == "train");
        let bar = get("cotangent.output");
        let (y, grads) = tape.vjp(&model, &bar, |_, (l, x)| l.forward(x));
        let (bars, x_bar) = grads.tree(&model);
        agree(case, "output", &y, &get("output.output"));
        agree(case, "x", &x_bar, &get("grad.input.x"));
        agree(case, "weight", &bars.weight, &get("grad.weight.weight"));
        agree(case, "bias", &bars.bias, &get("grad.weight.bias"));
        grads.update_state(&mut model);
        agree(
            case,
            "mean",
            &model.0.mean,
            &get("buffer_after.running_mean"),
        );
        agree(
            case,
            "variance",
            &model.0.variance,
            &get("buffer_after.running_var"),
        );
        count += 1;
    }
    assert_eq!(count, 3);
}

/// Sequences of different lengths, of two layers in both directions: outputs, the state of each row's
/// last step, and all gradients, those after the end included.
macro_rules! lengths {
    ($kind:expr, $cell:expr, $bars:expr) => {{
        let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
        for (case, _) in book.of($kind) {
            let get = |name: &str| book.get(case, name);
            let lengths = &book.indices[&format!("{case}/fixed.lengths")];
            let lengths: Vec<usize> = lengths.iter().map(|length| length as usize).collect();
            let layer = |l| Layer {
                forward: $cell(&get, &format!("_l{l}")),
                backward: Some($cell(&get, &format!("_l{l}_reverse"))),
            };
            let rnn = Recurrent {
                layers: (0..2).map(layer).collect(),
            };
            let model = (rnn, get("input.x"));
            let (_, (outputs, ends), grads) = tape.value_and_grad_aux(&model, |_, (rnn, x)| {
                let (outputs, state) = rnn.run_lengths(x, &lengths, None);
                let ends: Vec<_> = state.cells.iter().map(|cell| cell.h()).collect();
                let ends = Var::stack(&ends, 0);
                let bars = ["output", "h_n"].map(|name| get(&format!("cotangent.{name}")));
                let loss = (outputs * &bars[0]).sum() + (ends * &bars[1]).sum();
                (loss, (outputs, ends).value())
            });
            agree(case, "output", &outputs, &get("output.output"));
            agree(case, "h_n", &ends, &get("output.h_n"));
            let (bars, x_bar) = grads.tree(&model);
            agree(case, "grad.x", &x_bar, &get("grad.input.x"));
            for (l, layer) in bars.layers.iter().enumerate() {
                let suffixes = [format!("_l{l}"), format!("_l{l}_reverse")];
                let cells = std::iter::once(&layer.forward).chain(&layer.backward);
                for (cell, suffix) in cells.zip(suffixes) {
                    for (name, bar) in $bars(cell) {
                        let name = format!("grad.weight.{name}{suffix}");
                        agree(case, &name, &bar, &get(&name));
                    }
                }
            }
            count += 1;
        }
        count
    }};
}

#[test]
fn different_lengths() {
    let tanh = |get: Get<'_>, suffix: &str| rnn_cell(get, suffix, Activation::Tanh);
    assert_eq!(lengths!("lstm_lengths", lstm_cell, lstm_bars), 1);
    assert_eq!(lengths!("gru_lengths", gru_cell, gru_bars), 1);
    assert_eq!(lengths!("rnn_lengths", tanh, rnn_bars), 1);
}

#[test]
fn lstm_projection() {
    let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
    for (case, config) in book.of("lstm_projection") {
        let get = |name: &str| book.get(case, name);
        let number = |name: &str| config[name].as_u64().expect("a number") as usize;
        let options = LstmOptions {
            projection: Some(number("projection")),
            ..LstmOptions::default()
        };
        let (inputs, hidden) = (number("input"), number("hidden"));
        let rng = &mut Rng::seed_from_u64(1);
        let mut cell = LstmVariantCell::with_options(inputs, hidden, options, rng).cast();
        let plain = lstm_cell(&get, "_l0");
        (cell.wx, cell.wh, cell.bias) = (plain.wx, plain.wh, Some(plain.bias));
        cell.projection = Some(get("weight.weight_hr_l0").t());
        let model = (Recurrent::of([cell]), get("input.x"));
        let (_, (outputs, h, c), grads) = tape.value_and_grad_aux(&model, |_, (rnn, x)| {
            let (outputs, state) = rnn.run(x, None);
            let (h, c) = (state.h().unsqueeze(0), state.c().unsqueeze(0));
            let bars = ["output", "h_n", "c_n"].map(|name| get(&format!("cotangent.{name}")));
            let sums = (outputs * &bars[0]).sum() + (h * &bars[1]).sum() + (c * &bars[2]).sum();
            (sums, (outputs, h, c).value())
        });
        agree(case, "output", &outputs, &get("output.output"));
        agree(case, "h_n", &h, &get("output.h_n"));
        agree(case, "c_n", &c, &get("output.c_n"));
        let (rnn, x_bar) = grads.tree(&model);
        agree(case, "x", &x_bar, &get("grad.input.x"));
        let LstmVariantCell {
            wx,
            wh,
            bias,
            projection,
            ..
        } = &rnn.layers[0].forward;
        let bias = bias.as_ref().expect("a bias");
        for (name, bar) in bars(wx, wh, bias, bias) {
            agree(case, name, &bar, &get(&format!("grad.weight.{name}_l0")));
        }
        let bar = projection.as_ref().expect("a projection").t();
        agree(case, "weight_hr", &bar, &get("grad.weight.weight_hr_l0"));
        count += 1;
    }
    assert_eq!(count, 1);
}
