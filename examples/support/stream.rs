//! An LSTM on a stream without an end: each piece of it begins with the memory that the last one left.
//!
//! Twelve cells learn with Adam, 0.01, and gradients whose norm is at most 5. The biases start at 1 for
//! the forget gate and at −1 for the two others (Gers, Schmidhuber and Cummins 2000, *Learning to
//! forget*).

use wengert::nn::rnn::{ForgetGate, LstmOptions, LstmVariant};
use wengert::prelude::*;

const HIDDEN: usize = 12;
const RATE: f64 = 0.01;
/// With a forget gate, and as in 1997.
pub const KINDS: [(&str, ForgetGate); 2] = [
    ("forget", ForgetGate::Learned),
    ("no_forget", ForgetGate::Fixed(1.0)),
];

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    lstm: LstmVariant<P>,
    head: Linear<P>,
}

/// A network on a stream, with the memory that it carries on.
pub struct Learner {
    net: Net,
    adam: Adam,
    tape: Tape,
    memory: Option<State<LstmState<Tensor>>>,
}

impl Learner {
    pub fn new(size: usize, forget_gate: ForgetGate, rng: &mut Rng) -> Self {
        let options = LstmOptions {
            forget_gate,
            ..LstmOptions::default()
        };
        let mut lstm = LstmVariant::with_options(size, HIDDEN, options, rng);
        if let Some(bias) = &mut lstm.layers[0].forward.bias {
            // The input gate is the first part, the output gate the last one.
            let last = bias.size() - HIDDEN;
            bias.as_mut_slice()[..HIDDEN].fill(-1.0);
            bias.as_mut_slice()[last..].fill(-1.0);
        }
        let head = Linear::new(HIDDEN, size, rng);
        Learner {
            net: Net { lstm, head },
            adam: Adam::new(RATE),
            tape: Tape::new(),
            memory: None,
        }
    }

    /// Learns from a piece x \[B, T, I\] of the stream.
    pub fn learn(&mut self, x: &Tensor, loss: impl for<'t> FnOnce(Var<'t>) -> Var<'t>) -> f32 {
        let memory = &self.memory;
        let step = self.tape.value_and_grad_aux(&self.net, |t, net| {
            let (h, state) = net.lstm.run(t.constant(x), t.bind_where(memory, |_| false));
            (loss(net.head.forward(h)), state.value())
        });
        let (loss, state, mut grads) = step;
        clip_by_global_norm(&mut grads, 5.0);
        self.adam.step(&mut self.net, &grads);
        self.memory = Some(state);
        loss
    }

    /// What the network says at each step of a piece, without learning.
    pub fn say(&mut self, x: &Tensor) -> Tensor {
        let memory = &self.memory;
        let (said, state) = self.tape.evaluate(&self.net, |t, net| {
            let (h, state) = net.lstm.run(t.constant(x), t.bind_where(memory, |_| false));
            (net.head.forward(h).value(), state.value())
        });
        self.memory = Some(state);
        said
    }

    /// ‖c‖ of the first stream.
    pub fn memory_norm(&self) -> f64 {
        let row = |state: &State<LstmState<Tensor>>| state.cells[0].c.select(0, 0);
        let c = self.memory.as_ref().map(row);
        let squares = c
            .iter()
            .flat_map(|c| c.iter())
            .map(|c| f64::from(c).powi(2));
        squares.sum::<f64>().sqrt()
    }
}
