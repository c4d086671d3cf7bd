//! A recurrent layer of any kind, and a linear layer that reads it.

use wengert::nn::rnn::LstmVariant;
use wengert::prelude::*;

/// One recurrent layer.
#[allow(clippy::large_enum_variant, reason = "there is one of it in a model")]
#[derive(Tree, Clone)]
pub enum Rnn<P = Tensor> {
    Simple(SimpleRnn<P>),
    Gru(Gru<P>),
    Lstm(Lstm<P>),
    Variant(LstmVariant<P>),
}

/// A recurrent layer and its head.
#[derive(Tree, Clone)]
pub struct Reader<P = Tensor> {
    pub rnn: Rnn<P>,
    pub head: Linear<P>,
}

impl Reader {
    /// The layer with a head of `outputs`, for layers with `hidden` outputs.
    pub fn new(rnn: Rnn, hidden: usize, outputs: usize, rng: &mut Rng) -> Self {
        let head = Linear::new(hidden, outputs, rng);
        Reader { rnn, head }
    }

    /// A layer of the kind `name` ("simple", "gru" or "lstm").
    pub fn of(name: &str, [inputs, hidden, outputs]: [usize; 3], rng: &mut Rng) -> Self {
        let rnn = match name {
            "simple" => Rnn::Simple(SimpleRnn::new(inputs, hidden, rng)),
            "gru" => Rnn::Gru(Gru::new(inputs, hidden, rng)),
            "lstm" => Rnn::Lstm(Lstm::new(inputs, hidden, rng)),
            _ => panic!("{name} is no kind of a recurrent layer"),
        };
        Reader::new(rnn, hidden, outputs, rng)
    }
}

impl<'t> Reader<Var<'t>> {
    /// What the head makes of the last step: x \[B, T, I\] → \[B, O\].
    pub fn last(&self, x: Var<'t>) -> Var<'t> {
        let h = match &self.rnn {
            Rnn::Simple(rnn) => rnn.last(x, None).h(),
            Rnn::Gru(rnn) => rnn.last(x, None).h(),
            Rnn::Lstm(rnn) => rnn.last(x, None).h(),
            Rnn::Variant(rnn) => rnn.last(x, None).h(),
        };
        self.head.forward(h)
    }

    /// What the head makes of every step: x \[B, T, I\] → \[B, T, O\].
    pub fn every(&self, x: Var<'t>) -> Var<'t> {
        let h = match &self.rnn {
            Rnn::Simple(rnn) => rnn.run(x, None).0,
            Rnn::Gru(rnn) => rnn.run(x, None).0,
            Rnn::Lstm(rnn) => rnn.run(x, None).0,
            Rnn::Variant(rnn) => rnn.run(x, None).0,
        };
        self.head.forward(h)
    }
}
