//! What a step of training can need beside the model: a state that it carries on from the step before
//! (truncated back-propagation through time), leaves that are frozen, and a second network that the
//! model is compared with. Whatever is bound inside of a step, beside the model, is no part of its
//! gradients.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use wengert::nn::rnn::State;
use wengert::prelude::*;

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    rnn: Gru<P>,
    head: Linear<P>,
}

impl<'t> Net<Var<'t>> {
    /// x \[B, T, 1\] → \[B, T, 1\], and the state after it.
    fn run(&self, x: Var<'t>, start: Option<State<Var<'t>>>) -> (Var<'t>, State<Var<'t>>) {
        let (h, state) = self.rnn.run(x, start);
        (self.head.forward(h), state)
    }
}

fn net(rng: &mut Rng) -> Net {
    Net {
        rnn: Gru::new(1, 12, rng),
        head: Linear::new(12, 1, rng),
    }
}

/// An endless signal in pieces of ten steps \[16, 10, 1\], and with it the mean of all that came in
/// the last twenty or so.
fn piece(mean: &mut [f32; 16], rng: &mut Rng) -> (Tensor, Tensor) {
    let x: Tensor = rng.uniform([16, 10, 1], 0.0, 1.0);
    let y = Tensor::from_fn([16, 10, 1], |at| {
        let mean = &mut mean[at[0]];
        *mean += 0.05 * (x[[at[0], at[1], 0]] - *mean);
        *mean
    });
    (x, y)
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let steps = if quick { 300 } else { 1500 };
    let mut rng = Rng::seed_from_u64(1);
    let (mut tape, mut model) = (Tape::new(), net(&mut rng));

    // Carry: the state comes out as tensors, and goes into the next step as constants.
    let (mut adam, mut mean) = (Adam::new(1e-2), [0.5; 16]);
    let mut carried: Option<State<Tensor>> = None;
    let mut errors = Vec::new();
    for _ in 0..steps {
        let (x, y) = piece(&mut mean, &mut rng);
        let (error, state, grads) = tape.value_and_grad_aux(&model, |t, m| {
            let start = t.bind_where(&carried, |_| false);
            let (predicted, state) = m.run(t.constant(&x), start);
            (mse(predicted, &y), state.value())
        });
        carried = Some(state);
        adam.step(&mut model, &grads);
        errors.push(error);
    }
    let last = errors[steps - 50..].iter().sum::<f32>() / 50.0;
    println!(
        "carry: the squared error went from {:.5} to {last:.5}",
        errors[0]
    );
    assert!(last < 1e-3 && last < errors[0] / 20.0);

    // Freeze: the recurrent layer stays as it is, and the head learns the opposite.
    let (before, mut adam) = (model.clone(), Adam::new(1e-2));
    let (x, y) = piece(&mut mean, &mut rng);
    let mut error = f32::NAN;
    for _ in 0..steps {
        let head = |path: &str| path.starts_with("head");
        let grads;
        (error, grads) = tape.value_and_grad_where(&model, head, |t, m| {
            let start = t.bind_where(&carried, |_| false);
            mse(-m.run(t.constant(&x), start).0, &y)
        });
        adam.step(&mut model, &grads);
    }
    println!("freeze: the head alone came to {error:.5}");
    assert!(error < 0.01 && model.rnn.layers[0].forward.wh == before.rnn.layers[0].forward.wh);

    // Compare: a pupil learns what a teacher says, who is bound inside, frozen, and evaluates. A
    // target network is the same with a copy of the pupil that follows it slowly.
    let (teacher, mut pupil, mut adam) = (before, net(&mut rng), Adam::new(1e-2));
    let mut target = pupil.clone();
    for _ in 0..steps {
        let (x, _) = piece(&mut mean, &mut rng);
        let grads;
        (error, grads) = tape.value_and_grad(&pupil, |t, m| {
            let wanted = t.with_training(false, || {
                let teacher = t.bind_where(&teacher, |_| false);
                teacher.run(t.constant(&x), None).0
            });
            (m.run(t.constant(&x), None).0 - wanted).square().mean()
        });
        adam.step(&mut pupil, &grads);
        let follow = target.zip_tree_mut(&pupil, |_, to, from| *to = &*to * 0.9 + from * 0.1);
        follow.expect("a copy has the same structure");
    }
    println!("compare: the pupil is {error:.6} from its teacher");
    assert!(error < 1e-3);
}
