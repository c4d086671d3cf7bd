//! What a step of training can need beside the model: a state that goes on from step to step
//! (truncated back-propagation through time), leaves that are frozen, and a second network that the
//! model is compared with. What is bound inside of a step is no part of its gradients.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use wengert::nn::rnn::State;
use wengert::prelude::*;

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    rnn: Gru<P>,
    head: Linear<P>,
}

/// A piece \[8, 10, 1\] of eight endless signals, and the mean of all that came in the last twenty
/// moments or so, which `means` carries on.
fn piece(means: &mut [f32; 8], rng: &mut Rng) -> (Tensor, Tensor) {
    let x: Tensor = rng.uniform([8, 10, 1], 0.0, 1.0);
    let y = Tensor::from_fn([8, 10, 1], |at| {
        let mean = &mut means[at[0]];
        *mean += 0.05 * (x[[at[0], at[1], 0]] - *mean);
        *mean
    });
    (x, y)
}

/// The state comes out as tensors, and goes into the next step as constants.
fn carry(steps: usize, rng: &mut Rng) -> Net {
    let mut net = Net {
        rnn: Gru::new(1, 12, rng),
        head: Linear::new(12, 1, rng),
    };
    let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-2));
    let (mut means, mut carried) = ([0.5; 8], None::<State<Tensor>>);
    let mut error = 1.0;
    for _ in 0..steps {
        let (x, y) = piece(&mut means, rng);
        let (loss, state, grads) = tape.value_and_grad_aux(&net, |t, net: Net<Var<'_>>| {
            let start = t.bind_where(&carried, |_| false);
            let (h, state) = net.rnn.run(t.constant(&x), start);
            (mse(net.head.forward(h), &y), state.value())
        });
        adam.step(&mut net, &grads);
        carried = Some(state);
        error = 0.95 * error + 0.05 * loss;
    }
    println!("carry: the squared error came down to {error:.5}");
    assert!(error < 2e-3);
    net
}

/// The recurrent layer stays as it is, and the head learns to say twice as much.
fn freeze(steps: usize, mut net: Net, rng: &mut Rng) {
    let (mut tape, mut adam, before) = (Tape::new(), Adam::new(1e-2), net.clone());
    let (x, y) = piece(&mut [0.5; 8], rng);
    let mut error = f32::NAN;
    for _ in 0..steps {
        let head = |path: &str| path.starts_with("head.");
        let grads;
        (error, grads) = tape.value_and_grad_where(&net, head, |t, net: Net<Var<'_>>| {
            mse(
                net.head.forward(net.rnn.run(t.constant(&x), None).0),
                &(&y * 2.0),
            )
        });
        adam.step(&mut net, &grads);
    }
    println!("freeze: the head alone came to {error:.5}");
    let weights = |net: &Net| net.rnn.leaves();
    assert!(error < 1e-2 && weights(&net) == weights(&before));
}

/// Values of five rooms in a row, of which the last pays 1: each is worth 0.9 of the next, which a
/// copy of the values says that follows them every twenty steps.
fn compare() {
    let (mut values, mut sgd, mut tape) = (Tensor::zeros([5]), Sgd::new(0.2), Tape::new());
    let mut target = values.clone();
    for step in 0..200 {
        let (_, grads) = tape.value_and_grad(&values, |t, values| {
            let next = t.bind_where(&target, |_| false).slice(0, 1..);
            (values - Var::cat(&[0.9 * next, t.ones([1])], 0))
                .square()
                .sum()
        });
        sgd.step(&mut values, &grads);
        if step % 20 == 19 {
            target = values.clone();
        }
    }
    println!("compare: the rooms are worth {values}");
    let known = Tensor::from_fn([5], |at| 0.9f32.powi(4 - at[0] as i32));
    assert!(values.allclose(&known, 1e-3, 0.0));
}

fn main() {
    let steps = if std::env::args().any(|argument| argument == "--quick") {
        300
    } else {
        1000
    };
    let mut rng = Rng::seed_from_u64(1);
    let net = carry(steps, &mut rng);
    freeze(steps, net, &mut rng);
    compare();
}
