//! `RnnDecoder`: recurrent layers that write a target.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Shape, Tensor};

use super::decoder::{Decoder, check_steps};
use super::{Source, Tokens};
use crate::Linear;
use crate::attention::{Attended, DotScore, Score, attend};
use crate::rnn::{Cell, Recurrent, State};

/// Recurrent layers of any cell that write a target, with or without a look at the source.
///
/// With x the token's vector \[B, E\], z the source's summary \[B, Z\], h \[B, H\] the layers' output,
/// c the context, and r′ what was read out at the step before:
///
/// ```text
/// input  = [z; x; c; r′]         z if peeky or repeated, x unless repeated, c if the look comes
///                                before the step, r′ if it is fed back
/// h      = rnn(input)
/// c      = attend(h, outputs)    of the h before, if the look comes before the step
/// r      = tanh([c; h] Wc + bc)  [c; h] without Wc, h without attention
/// scores = [z; r] W + b          z if peeky
/// ```
///
/// Source: Sutskever, Vinyals and Le 2014, *Sequence to sequence learning with neural networks*; Cho et
/// al. 2014, *Learning phrase representations using RNN encoder–decoder* (z at every step: peeky);
/// Bahdanau, Cho and Bengio 2015 (the look before the step); Luong, Pham and Manning 2015, *Effective
/// approaches to attention-based neural machine translation* (the look after it, Wc, and input feeding);
/// Keras' `RepeatVector`.
///
/// ```
/// use wengert_nn::attention::GeneralScore;
/// use wengert_nn::seq2seq::{Decoder, RnnDecoder, RnnDecoderOptions, RnnDecoderSizes, RnnEncoder, Tokens};
/// use wengert_nn::Lstm;
/// use wengert_tape::{Bind, Model, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let mut rng = Rng::seed_from_u64(1);
/// let encoder = RnnEncoder::new(Tokens::one_hot(12), Lstm::new(12, 128, &mut rng));
/// let sizes = RnnDecoderSizes { hidden: 128, source: 128, summary: 128 };
/// let (score, options) = (GeneralScore::new(128, 128, &mut rng), RnnDecoderOptions::default());
/// let rnn = |inputs, rng: &mut Rng| Lstm::new(inputs, 128, rng);
/// let decoder = RnnDecoder::attending(Tokens::one_hot(12), score, sizes, options, rnn, &mut rng);
/// assert_eq!(encoder.element_count() + decoder.element_count(), 195_212);
///
/// let tape = Tape::new();
/// let (encoder, decoder) = (encoder, decoder).bind(&tape);
/// let encoded = encoder.forward(&tape, &Tensor::from([[3, 1, 4]]), None);
/// let start = decoder.start(&encoded.source, Some(encoded.state));
/// let (scores, _) = decoder.run(&Tensor::from([[10, 5, 2, 7]]), &encoded.source, start);
/// assert_eq!(scores.shape(), [1, 4, 12]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct RnnDecoder<R, S = DotScore, P = Tensor> {
    /// The tokens as vectors.
    pub tokens: Tokens<P>,
    /// The layers, a [`Recurrent`] in one direction.
    pub rnn: R,
    /// The look at the source, if there is one.
    pub attention: Option<Attending<S, P>>,
    /// W and b.
    pub head: Linear<P>,
    /// What the layers read.
    pub reading: Reading,
    /// Whether what was read out is fed to the next step.
    pub input_feeding: bool,
    /// How wide the layers' input is.
    pub inputs: usize,
    /// How wide r is.
    pub readout: usize,
}

/// A decoder's look at its source.
#[derive(Tree, Clone, Debug)]
pub struct Attending<S, P = Tensor> {
    /// How h is compared with the source's outputs.
    pub score: S,
    /// Wc and bc, if there are any.
    pub combine: Option<Linear<P>>,
    /// When it looks.
    pub looking: Looking,
}

/// What a decoder reads at each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// The token.
    #[default]
    Tokens,
    /// The token and the source's summary, which the head reads too.
    Peeky,
    /// The source's summary and no token: what it writes does not depend on what it wrote.
    Repeat,
}

/// When a decoder looks at its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looking {
    /// After the step of the layers, with what comes out (Luong).
    #[default]
    AfterStep,
    /// Before it, with what came out at the step before (Bahdanau); what is seen is an input.
    BeforeStep,
}

/// What a decoder does beside its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RnnDecoderOptions {
    /// What the layers read.
    pub reading: Reading,
    /// When it looks at the source, if it does.
    pub looking: Looking,
    /// Whether context and h are combined by Wc, to the width of h.
    pub combine: bool,
    /// Whether what was read out is fed to the next step.
    pub input_feeding: bool,
}

impl Default for RnnDecoderOptions {
    /// Tokens alone, a look after the step with Wc, nothing fed back.
    fn default() -> Self {
        RnnDecoderOptions {
            reading: Reading::Tokens,
            looking: Looking::AfterStep,
            combine: true,
            input_feeding: false,
        }
    }
}

/// How wide things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RnnDecoderSizes {
    /// H, of the layers' output.
    pub hidden: usize,
    /// Of the source's outputs.
    pub source: usize,
    /// Z, of the source's summary.
    pub summary: usize,
}

/// What a decoder carries from step to step.
#[derive(Tree, Clone, Debug)]
pub struct RnnDecoderState<C, P = Tensor> {
    /// That of the layers, a [`State`].
    pub cells: C,
    /// What was read out, if it is fed back.
    pub fed: Option<P>,
}

/// What a step comes to before the head.
pub(super) struct Advance<'t, T: Float> {
    pub input: Var<'t, T>,
    pub h: Var<'t, T>,
    pub readout: Var<'t, T>,
    pub looked: Option<Looked<'t, T>>,
}

/// A look at the source with Q queries.
#[derive(Clone, Copy)]
pub(super) struct Looked<'t, T: Float> {
    /// With −∞ where there is nothing, \[B, Q, S\].
    pub scores: Var<'t, T>,
    pub attended: Attended<'t, T>,
}

impl<R> RnnDecoder<R> {
    /// A decoder that does not look at its source, in `f32`, with the layers that `rnn` makes for its
    /// inputs.
    pub fn new(
        tokens: Tokens,
        sizes: RnnDecoderSizes,
        options: RnnDecoderOptions,
        rnn: impl FnOnce(usize, &mut Rng) -> R,
        rng: &mut Rng,
    ) -> Self {
        Self::of(tokens, None, sizes, options, rnn, rng)
    }
}

impl<R, S> RnnDecoder<R, S> {
    /// A decoder that looks at its source by `score`, in `f32`, with the layers that `rnn` makes for its
    /// inputs.
    pub fn attending(
        tokens: Tokens,
        score: S,
        sizes: RnnDecoderSizes,
        options: RnnDecoderOptions,
        rnn: impl FnOnce(usize, &mut Rng) -> R,
        rng: &mut Rng,
    ) -> Self {
        Self::of(tokens, Some(score), sizes, options, rnn, rng)
    }

    fn of(
        tokens: Tokens,
        score: Option<S>,
        sizes: RnnDecoderSizes,
        options: RnnDecoderOptions,
        rnn: impl FnOnce(usize, &mut Rng) -> R,
        rng: &mut Rng,
    ) -> Self {
        let RnnDecoderSizes {
            hidden,
            source,
            summary,
        } = sizes;
        let only = |yes: bool, width: usize| if yes { width } else { 0 };
        let both = source + hidden;
        let attention = score.map(|score| Attending {
            score,
            combine: options.combine.then(|| Linear::new(both, hidden, rng)),
            looking: options.looking,
        });
        let readout = match &attention {
            Some(attention) if attention.combine.is_none() => both,
            _ => hidden,
        };
        let before = attention.is_some() && options.looking == Looking::BeforeStep;
        let inputs = only(options.reading != Reading::Tokens, summary)
            + only(options.reading != Reading::Repeat, tokens.width)
            + only(before, source)
            + only(options.input_feeding, readout);
        let peeks = only(options.reading == Reading::Peeky, summary);
        RnnDecoder {
            rnn: rnn(inputs, rng),
            head: Linear::new(peeks + readout, tokens.vocabulary, rng),
            tokens,
            attention,
            reading: options.reading,
            input_feeding: options.input_feeding,
            inputs,
            readout,
        }
    }
}

impl<'t, T, C, S> RnnDecoder<Recurrent<C>, S, Var<'t, T>>
where
    T: Float,
    C: Cell<'t, T>,
    S: Score<'t, T>,
{
    /// The state before the first step: the layers start at `state`, or at their initial one.
    ///
    /// # Panics
    /// If the layers run in both directions.
    #[track_caller]
    pub fn start(
        &self,
        source: &Source<'t, T>,
        state: Option<State<C::State>>,
    ) -> RnnDecoderState<State<C::State>, Var<'t, T>> {
        assert!(
            self.rnn.layers.iter().all(|layer| layer.backward.is_none()),
            "decoder: a layer that also runs backward would see what is to be written"
        );
        let (tape, batch) = (source.outputs.tape(), source.outputs.dim(0));
        let cells = match state {
            Some(state) => state,
            None => self.rnn.initial(tape.zeros([batch, self.inputs])),
        };
        RnnDecoderState {
            cells,
            fed: self
                .input_feeding
                .then(|| tape.zeros([batch, self.readout])),
        }
    }

    /// The scores \[B, T, V\] of the steps on `tokens` \[B, T\], and what each looked at, \[B, T, S\], if
    /// it looks.
    ///
    /// # Panics
    /// If the tokens are not \[B, T\] with at least one step, one is none of V, or shapes do not fit.
    #[track_caller]
    pub fn run_with_weights(
        &self,
        tokens: &Tensor<i64>,
        source: &Source<'t, T>,
        state: RnnDecoderState<State<C::State>, Var<'t, T>>,
    ) -> (
        Var<'t, T>,
        Option<Var<'t, T>>,
        RnnDecoderState<State<C::State>, Var<'t, T>>,
    ) {
        check_steps(tokens);
        let (readouts, weights, state) = if self.input_feeding || self.looks_before() {
            self.step_by_step(tokens, source, state)
        } else {
            self.at_once(tokens, source, state)
        };
        (self.scores(readouts, source), weights, state)
    }

    /// What is read out of all steps, where no step waits for that of another.
    #[track_caller]
    fn at_once(
        &self,
        tokens: &Tensor<i64>,
        source: &Source<'t, T>,
        state: RnnDecoderState<State<C::State>, Var<'t, T>>,
    ) -> (
        Var<'t, T>,
        Option<Var<'t, T>>,
        RnnDecoderState<State<C::State>, Var<'t, T>>,
    ) {
        let x = self.input(self.vectors(tokens), tokens.shape(), source, &[]);
        let (h, cells) = self.rnn.run(x, Some(state.cells));
        let looked = self.attention.as_ref().map(|a| look(&a.score, h, source));
        let readouts = self.read_out(h, looked.map(|looked| looked.attended.context));
        let weights = looked.map(|looked| looked.attended.weights);
        let fed = state.fed;
        (readouts, weights, RnnDecoderState { cells, fed })
    }

    #[track_caller]
    fn step_by_step(
        &self,
        tokens: &Tensor<i64>,
        source: &Source<'t, T>,
        state: RnnDecoderState<State<C::State>, Var<'t, T>>,
    ) -> (
        Var<'t, T>,
        Option<Var<'t, T>>,
        RnnDecoderState<State<C::State>, Var<'t, T>>,
    ) {
        let vectors = self.vectors(tokens);
        let prepared = self.prepared(source);
        let source = prepared.as_ref().unwrap_or(source);
        let (mut readouts, mut weights, mut state) = (Vec::new(), Vec::new(), state);
        for t in 0..tokens.dim(1) as isize {
            let x = vectors.map(|vectors| vectors.select(1, t));
            let (step, next) = self.advance(x, tokens.dim(0), source, state);
            readouts.push(step.readout);
            weights.extend(step.looked.map(|looked| looked.attended.weights));
            state = next;
        }
        let weights = (!weights.is_empty()).then(|| Var::cat(&weights, 1));
        (Var::stack(&readouts, 1), weights, state)
    }

    /// A step of `rows` rows on the vectors `x` \[B, E\], up to the head.
    #[track_caller]
    pub(super) fn advance(
        &self,
        x: Option<Var<'t, T>>,
        rows: usize,
        source: &Source<'t, T>,
        state: RnnDecoderState<State<C::State>, Var<'t, T>>,
    ) -> (Advance<'t, T>, RnnDecoderState<State<C::State>, Var<'t, T>>) {
        let look = |h: Var<'t, T>| {
            let attention = self.attention.as_ref()?;
            Some(look(&attention.score, h.unsqueeze(1), source))
        };
        let context = |looked: Looked<'t, T>| looked.attended.context.squeeze(1);
        let mut looked = None;
        if self.looks_before() {
            let h = state.cells.h();
            // A state of one row stands for all rows.
            looked = look(h.expand([rows, h.dim(-1)]));
        }
        let mut besides = Vec::with_capacity(2);
        besides.extend(looked.map(context));
        besides.extend(state.fed);
        let input = self.input(x, &[rows].into(), source, &besides);
        let cells = self.rnn.step(input, &state.cells);
        let h = cells.h();
        if !self.looks_before() {
            looked = look(h);
        }
        let readout = self.read_out(h, looked.map(context));
        let fed = state.fed.map(|_| readout);
        let step = Advance {
            input,
            h,
            readout,
            looked,
        };
        (step, RnnDecoderState { cells, fed })
    }

    /// The source with what the score reads of it, if it was not read yet.
    #[track_caller]
    pub(super) fn prepared(&self, source: &Source<'t, T>) -> Option<Source<'t, T>> {
        let attention = self.attention.as_ref()?;
        if source.keys.is_some() {
            return None;
        }
        let keys = Some(attention.score.read_keys(source.outputs));
        Some(Source {
            keys,
            ..source.clone()
        })
    }

    fn looks_before(&self) -> bool {
        let attention = self.attention.as_ref();
        attention.is_some_and(|attention| attention.looking == Looking::BeforeStep)
    }

    /// The tokens as vectors, if they are read.
    #[track_caller]
    pub(super) fn vectors(&self, tokens: &Tensor<i64>) -> Option<Var<'t, T>> {
        let tape = self.head.weight.tape();
        (self.reading != Reading::Repeat).then(|| self.tokens.forward(tape, tokens))
    }

    /// What the layers read, \[steps…, I\].
    #[track_caller]
    fn input(
        &self,
        x: Option<Var<'t, T>>,
        steps: &Shape,
        source: &Source<'t, T>,
        besides: &[Var<'t, T>],
    ) -> Var<'t, T> {
        let mut parts = Vec::with_capacity(4);
        if self.reading != Reading::Tokens {
            parts.push(repeated(source.summary, steps));
        }
        parts.extend(x);
        parts.extend(besides);
        match parts[..] {
            [only] => only,
            _ => Var::cat(&parts, -1),
        }
    }

    #[track_caller]
    fn read_out(&self, h: Var<'t, T>, context: Option<Var<'t, T>>) -> Var<'t, T> {
        let (Some(attention), Some(context)) = (&self.attention, context) else {
            return h;
        };
        let both = Var::cat(&[context, h], -1);
        match &attention.combine {
            Some(combine) => combine.forward(both).tanh(),
            None => both,
        }
    }

    /// The head, of what was read out, \[B, …\].
    #[track_caller]
    pub(super) fn scores(&self, readouts: Var<'t, T>, source: &Source<'t, T>) -> Var<'t, T> {
        if self.reading != Reading::Peeky {
            return self.head.forward(readouts);
        }
        let shape = readouts.shape();
        let steps = shape.iter().take(shape.rank() - 1).copied().collect();
        let summary = repeated(source.summary, &steps);
        self.head.forward(Var::cat(&[summary, readouts], -1))
    }
}

impl<'t, T, C, S> Decoder<'t, T> for RnnDecoder<Recurrent<C>, S, Var<'t, T>>
where
    T: Float,
    C: Cell<'t, T>,
    S: Score<'t, T>,
{
    type Memory = Source<'t, T>;
    type State = RnnDecoderState<State<C::State>, Var<'t, T>>;

    fn step(
        &self,
        tokens: &Tensor<i64>,
        memory: &Source<'t, T>,
        state: Self::State,
    ) -> (Var<'t, T>, Self::State) {
        let x = self.vectors(tokens);
        let (step, state) = self.advance(x, tokens.dim(0), memory, state);
        (self.scores(step.readout, memory), state)
    }

    fn prepare(&self, memory: &Source<'t, T>) -> Option<Source<'t, T>> {
        self.prepared(memory)
    }

    fn select(&self, memory: &Source<'t, T>, rows: &Tensor<i64>) -> Source<'t, T> {
        memory.select(rows)
    }

    fn run(
        &self,
        tokens: &Tensor<i64>,
        memory: &Source<'t, T>,
        state: Self::State,
    ) -> (Var<'t, T>, Self::State) {
        let (scores, _, state) = self.run_with_weights(tokens, memory, state);
        (scores, state)
    }
}

/// `x` \[B, Z\] at every step of \[B, …\].
#[track_caller]
fn repeated<'t, T: Float>(x: Var<'t, T>, steps: &Shape) -> Var<'t, T> {
    match steps.rank() {
        1 => x,
        _ => x.unsqueeze(1).expand([steps[0], steps[1], x.dim(-1)]),
    }
}

/// A look with queries \[B, Q, H\].
#[track_caller]
fn look<'t, T: Float>(
    score: &impl Score<'t, T>,
    queries: Var<'t, T>,
    source: &Source<'t, T>,
) -> Looked<'t, T> {
    let keys = match source.keys {
        Some(keys) => keys,
        None => score.read_keys(source.outputs),
    };
    let scores = score.compare(queries, keys);
    let scores = match &source.mask {
        Some(mask) => scores.where_(mask, f64::NEG_INFINITY),
        None => scores,
    };
    Looked {
        scores,
        attended: attend(scores, source.outputs, None),
    }
}
