//! Every layer's derivatives by all parameters and inputs, against differences.

use wengert_nn::rnn::{Activation, Stacking};
use wengert_nn::{
    BatchNorm, Dropout, Embedding, GroupNorm, Gru, LayerNorm, Linear, Lstm, Relu, Sigmoid,
    SimpleRnn, Tanh,
};
use wengert_tape::check::{Checker, check_model};
use wengert_tape::tree::TreeExt;
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

fn rng() -> Rng {
    Rng::seed_from_u64(3)
}

/// The outputs weighed with fixed numbers, so that no two count the same.
macro_rules! weighed {
    ($y:expr) => {{
        let y = $y;
        let w: Tensor<f64> = Rng::seed_from_u64(9).normal(y.shape(), 0.0, 1.0);
        (y * &w).sum()
    }};
}

#[track_caller]
fn passes<R, E: std::fmt::Display>(result: Result<R, E>) {
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// A recurrent layer over 3 steps of a batch of 2, with its inputs and its start: all of the
/// outputs and of the last state.
macro_rules! recurrent {
    ($layer:expr) => {{
        let rnn = $layer;
        let mut rng = rng();
        let x: Tensor<f64> = rng.normal([2, 3, 2], 0.0, 1.0);
        let tape = Tape::new();
        let start = rnn.bind(&tape).initial(tape.zeros([2, 2]));
        let start = start.map_tree(|_, v| rng.normal::<f64>(v.shape(), 0.0, 1.0));
        let model = (rnn, x, start);
        passes(check_model(&model, |_, (rnn, x, start)| {
            let (outputs, end) = rnn.run(x, Some(start));
            let mut sum = weighed!(outputs);
            end.visit_tree(|_, &v| sum += weighed!(v * v));
            sum
        }));
    }};
}

const BOTH: Stacking = Stacking {
    layers: 2,
    bidirectional: true,
};

#[test]
fn lstm() {
    recurrent!(Lstm::new(2, 3, &mut rng()).cast::<f64>());
    recurrent!(Lstm::stacked(2, 2, BOTH, &mut rng()).cast::<f64>());
}

#[test]
fn gru() {
    recurrent!(Gru::new(2, 3, &mut rng()).cast::<f64>());
    recurrent!(Gru::stacked(2, 2, BOTH, &mut rng()).cast::<f64>());
}

#[test]
fn simple_rnn() {
    recurrent!(SimpleRnn::new(2, 3, &mut rng()).cast::<f64>());
    let relu = SimpleRnn::stacked(2, 2, BOTH, &mut rng()).cast::<f64>();
    recurrent!(relu.with_activation(Activation::Relu));
}

#[test]
fn linear() {
    let x: Tensor<f64> = rng().normal([2, 3, 4], 0.0, 1.0);
    let model = (Linear::new(4, 3, &mut rng()).cast::<f64>(), x.clone());
    passes(check_model(&model, |_, (l, x)| {
        weighed!(l.forward(x).tanh())
    }));
    let model = (
        Linear::new(4, 3, &mut rng()).without_bias().cast::<f64>(),
        x,
    );
    passes(check_model(&model, |_, (l, x)| {
        weighed!(l.forward(x).tanh())
    }));
}

#[test]
fn embedding() {
    let layer = Embedding::new(5, 3, &mut rng()).cast::<f64>();
    let words = Tensor::from([[0, 3, 3], [4, 0, 1]]);
    passes(check_model(&layer, |_, l| {
        weighed!(l.forward(&words).tanh())
    }));
}

#[test]
fn norms() {
    let x: Tensor<f64> = rng().normal([2, 3, 4], 1.0, 2.0);
    let w: Tensor<f64> = rng().normal([4], 1.0, 0.5);
    let mut layer = BatchNorm::new(4).cast::<f64>();
    (layer.weight, layer.bias) = (w.clone(), w.clone());
    for training in [true, false] {
        let model = (layer.clone(), x.clone());
        passes(check_model(&model, |t, (l, x)| {
            t.set_training(training);
            weighed!(l.forward(x))
        }));
    }
    // Channels before the places, as a convolution has them, are the same channels.
    let layer = layer.along(1);
    for training in [true, false] {
        let model = (layer.clone(), x.transpose(1, 2));
        passes(check_model(&model, |t, (l, x)| {
            t.set_training(training);
            weighed!(l.forward(x))
        }));
    }
    let mut layer = GroupNorm::new(2, 4).cast::<f64>();
    (layer.weight, layer.bias) = (w.clone(), w.clone());
    let model = (layer, x.transpose(1, 2));
    passes(check_model(&model, |_, (l, x)| weighed!(l.forward(x))));
    let mut layer = LayerNorm::new(4).cast::<f64>();
    (layer.weight, layer.bias) = (w.clone(), w);
    passes(check_model(&(layer, x), |_, (l, x)| weighed!(l.forward(x))));
}

#[test]
fn leafless() {
    let x: Tensor<f64> = rng().normal([2, 5], 0.0, 1.0);
    passes(check_model(&x, |_, x| {
        weighed!(Relu.forward(x) + Tanh.forward(x) * Sigmoid.forward(x))
    }));
    passes(Checker::new().check_model(&x, |t, x| {
        t.set_training(true);
        weighed!(Dropout::new(0.4).forward(x * x))
    }));
}
