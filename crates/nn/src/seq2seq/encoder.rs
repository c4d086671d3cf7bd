//! `RnnEncoder`: recurrent layers that read a source.

use wengert_tape::Tape;
use wengert_tape::Var;
use wengert_tape::tree::{Tree, TreeExt};
use wengert_tensor::{Float, Tensor};

use super::Tokens;
use crate::attention::key_mask;
use crate::rnn::{Carried, Cell, Recurrent, State};

/// Recurrent layers of any cell that read a source.
///
/// Tokens are \[B, S\], the outputs \[B, S, D·H\]. Reversed, the layers read each source from its last
/// token to its first, so that the beginnings of source and target are near each other; the outputs
/// stand beside their tokens all the same.
///
/// Source: Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*; Sutskever,
/// Vinyals and Le 2014, *Sequence to sequence learning with neural networks* (the reversal, section
/// 3.3).
///
/// ```
/// use wengert_nn::seq2seq::{RnnEncoder, Tokens};
/// use wengert_nn::Lstm;
/// use wengert_tape::{Bind, Model, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let rnn = Lstm::new(12, 128, &mut Rng::seed_from_u64(1));
/// let encoder = RnnEncoder::new(Tokens::one_hot(12), rnn).reversed();
/// assert_eq!(encoder.element_count(), 4 * (12 * 128 + 128 * 128 + 128));
/// let tape = Tape::new();
/// let encoded = encoder.bind(&tape).forward(&tape, &Tensor::from([[3, 1, 4], [1, 5, -1]]), Some(&[3, 2]));
/// assert_eq!(encoded.source.outputs.shape(), [2, 3, 128]);
/// assert_eq!(encoded.state.h().shape(), [2, 128]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct RnnEncoder<R, P = Tensor> {
    /// The tokens as vectors.
    pub tokens: Tokens<P>,
    /// The layers, a [`Recurrent`].
    pub rnn: R,
    /// Whether each source is read from its end.
    pub reversed: bool,
}

/// What an encoder made of a batch of sources.
#[derive(Clone, Debug)]
pub struct Encoded<'t, T: Float, S> {
    /// What decoders look at.
    pub source: Source<'t, T>,
    /// The state after each source.
    pub state: State<S>,
}

/// What a decoder sees of a batch of sources.
#[derive(Clone, Debug)]
pub struct Source<'t, T: Float> {
    /// The outputs for every token \[B, S, E\].
    pub outputs: Var<'t, T>,
    /// All of a source in one vector \[B, Z\]: of an encoder the last output of its last layer.
    pub summary: Var<'t, T>,
    /// Which tokens there are, \[B, 1, S\]; all without it.
    pub mask: Option<Tensor<bool>>,
    /// What the decoder's score has [read](crate::attention::Score::read_keys) of the outputs, where
    /// that is done already.
    pub keys: Option<Var<'t, T>>,
}

impl<'t, T: Float> Source<'t, T> {
    /// The sources of these rows, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn select(&self, rows: &Tensor<i64>) -> Self {
        Source {
            outputs: self.outputs.index_select(0, rows),
            summary: self.summary.index_select(0, rows),
            mask: self.mask.as_ref().map(|mask| mask.index_select(0, rows)),
            keys: self.keys.map(|keys| keys.index_select(0, rows)),
        }
    }
}

impl<R> RnnEncoder<R> {
    /// An encoder of these parts, which reads forward.
    pub fn new(tokens: Tokens, rnn: R) -> Self {
        RnnEncoder {
            tokens,
            rnn,
            reversed: false,
        }
    }
}

impl<R, P> RnnEncoder<R, P> {
    /// The encoder that reads each source from its end.
    pub fn reversed(mut self) -> Self {
        self.reversed = true;
        self
    }
}

impl<'t, T: Float, C: Cell<'t, T>> RnnEncoder<Recurrent<C>, Var<'t, T>> {
    /// Reads the first `lengths[b]` tokens of each row b of `tokens` \[B, S\], all without lengths.
    /// Anything may stand after them; outputs there are zeros.
    ///
    /// # Panics
    /// If the tokens are not \[B, S\], one is none of V, or the lengths do not fit.
    #[track_caller]
    pub fn forward(
        &self,
        tape: &'t Tape<T>,
        tokens: &Tensor<i64>,
        lengths: Option<&[usize]>,
    ) -> Encoded<'t, T, C::State> {
        assert!(
            tokens.rank() == 2,
            "encoder: the tokens are [batch, time], not {}",
            tokens.shape()
        );
        let (batch, time) = (tokens.dim(0), tokens.dim(1));
        let Some(lengths) = lengths else {
            return self.run(self.tokens.forward(tape, tokens), None);
        };
        check_lengths(lengths, batch, time);
        // What stands after the ends may be no token.
        let there = tokens.iter().enumerate().map(|(at, token)| {
            let read = at % time < lengths[at / time];
            if read { token } else { 0 }
        });
        let there =
            Tensor::from(there.collect::<Vec<_>>()).reshape(&[batch as isize, time as isize]);
        self.run(self.tokens.forward(tape, &there), Some(lengths))
    }

    /// [`forward`](RnnEncoder::forward) of a source that is no tokens: `x` \[B, S, I\].
    ///
    /// # Panics
    /// If `x` is not \[B, S, I\], or the lengths do not fit.
    #[track_caller]
    pub fn run(&self, x: Var<'t, T>, lengths: Option<&[usize]>) -> Encoded<'t, T, C::State> {
        let shape = x.shape();
        assert!(
            shape.rank() == 3,
            "a sequence has the axes [batch, time, features], this one the shape {shape}"
        );
        let (batch, time) = (shape[0], shape[1]);
        if let Some(lengths) = lengths {
            check_lengths(lengths, batch, time);
        }
        let x = if self.reversed { turned(x, lengths) } else { x };
        let (outputs, state) = match lengths {
            Some(lengths) => self.rnn.run_lengths(x, lengths, None),
            None => self.rnn.run(x, None),
        };
        let outputs = if self.reversed {
            turned(outputs, lengths)
        } else {
            outputs
        };
        let source = Source {
            outputs,
            summary: state.h(),
            mask: lengths.map(|lengths| key_mask(lengths, time)),
            keys: None,
        };
        Encoded { source, state }
    }
}

impl<'t, T: Float, S: Carried<'t, T>> Encoded<'t, T, S> {
    /// The state for a decoder in one direction: of an encoder in both directions, each part of the two
    /// side by side, \[B, 2H\], forward first.
    ///
    /// ```
    /// use wengert_nn::seq2seq::{RnnEncoder, Tokens};
    /// use wengert_nn::{Gru, rnn::Stacking};
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Rng, Tensor};
    /// let both = Stacking { layers: 2, bidirectional: true };
    /// let rnn = Gru::stacked(5, 3, both, &mut Rng::seed_from_u64(1));
    /// let encoder = RnnEncoder::new(Tokens::one_hot(5), rnn);
    /// let tape = Tape::new();
    /// let encoded = encoder.bind(&tape).forward(&tape, &Tensor::from([[3, 1, 4]]), None);
    /// let state = encoded.joined_state();
    /// assert_eq!((state.cells.len(), state.directions, state.h().shape()), (2, 1, [1, 6].into()));
    /// assert_eq!(state.h().value(), encoded.state.h().value());
    /// ```
    #[track_caller]
    pub fn joined_state(&self) -> State<S> {
        if self.state.directions == 1 {
            return self.state.clone();
        }
        let layers = self.state.cells.chunks(self.state.directions);
        State::of(layers.map(|directions| {
            let mut joined = directions[0];
            let mut at = 0;
            joined.visit_tree_mut(|_, part| {
                let parts: Vec<_> = directions.iter().map(|cell| cell.leaves()[at]).collect();
                *part = Var::cat(&parts, -1);
                at += 1;
            });
            joined
        }))
    }
}

#[track_caller]
fn check_lengths(lengths: &[usize], batch: usize, time: usize) {
    assert!(
        lengths.len() == batch,
        "there are {} lengths for {batch} sequences",
        lengths.len()
    );
    if let Some(length) = lengths.iter().find(|&&length| length > time) {
        panic!("a sequence of length {length} is not in {time} steps");
    }
}

/// Each row from its end; what is after the end stays there.
#[track_caller]
fn turned<'t, T: Float>(x: Var<'t, T>, lengths: Option<&[usize]>) -> Var<'t, T> {
    let Some(lengths) = lengths else {
        return x.flip(&[1]);
    };
    let shape = x.shape();
    let (time, features) = (shape[1], shape[2] as isize);
    let mut rows = Vec::with_capacity(lengths.len() * time);
    for (row, &length) in lengths.iter().enumerate() {
        let place = |t: usize| if t < length { length - 1 - t } else { t };
        rows.extend((0..time).map(|t| (row * time + place(t)) as i64));
    }
    let flat = x.reshape(&[(lengths.len() * time) as isize, features]);
    let turned = flat.index_select(0, &Tensor::from(rows));
    turned.reshape(&[lengths.len() as isize, time as isize, features])
}
