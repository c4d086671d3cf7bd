//! `PointerDecoder`: a decoder that can also copy a word of its source.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::decoder::Decoder;
use super::{RnnDecoder, RnnDecoderOptions, RnnDecoderSizes, RnnDecoderState, Source, Tokens};
use crate::Linear;
use crate::attention::Score;
use crate::rnn::{Cell, Recurrent, State};

/// Which words can be copied from each source.
///
/// Words of a source that are not in the vocabulary have the numbers V, V + 1, …, for each source by
/// itself. N is the number of all words, with these.
#[derive(Clone, Debug)]
pub struct CopySource {
    /// N.
    words: usize,
    /// Whether two places of a source have the same word, \[B, S, S\].
    same: Tensor<bool>,
    /// Where in its source each word first stands, \[B, N\]; S where it does not.
    place: Tensor<i64>,
}

impl CopySource {
    /// The words `tokens` \[B, S\] of sources that are so long, all S without lengths, for a vocabulary of V words.
    ///
    /// # Panics
    /// If the tokens are not \[B, S\], a word is negative, or the lengths do not fit.
    #[track_caller]
    pub fn new(tokens: &Tensor<i64>, lengths: Option<&[usize]>, vocabulary: usize) -> Self {
        assert!(
            tokens.rank() == 2,
            "copies: the sources are [batch, time], not {}",
            tokens.shape()
        );
        let (batch, time) = (tokens.dim(0), tokens.dim(1));
        let all = vec![time; batch];
        let lengths = lengths.unwrap_or(&all);
        assert!(
            lengths.len() == batch && lengths.iter().all(|&length| length <= time),
            "copies: {} lengths up to {:?} for {batch} sources of {time} steps",
            lengths.len(),
            lengths.iter().max()
        );
        let tokens = tokens.to_vec();
        let there = |row: usize| &tokens[row * time..row * time + lengths[row]];
        let mut words = vocabulary;
        for word in (0..batch).flat_map(there) {
            assert!(*word >= 0, "copies: the word {word} is negative");
            words = words.max(*word as usize + 1);
        }
        let mut place = vec![time as i64; batch * words];
        for row in 0..batch {
            for (at, &word) in there(row).iter().enumerate().rev() {
                place[row * words + word as usize] = at as i64;
            }
        }
        let same = Tensor::from_fn([batch, time, time], |at| {
            let words = there(at[0]);
            let pair = (words.get(at[1]), words.get(at[2]));
            matches!(pair, (Some(a), Some(b)) if a == b)
        });
        CopySource {
            words,
            same,
            place: Tensor::from(place).reshape(&[batch as isize, words as isize]),
        }
    }

    /// N.
    pub fn words(&self) -> usize {
        self.words
    }

    #[track_caller]
    fn select(&self, rows: &Tensor<i64>) -> Self {
        CopySource {
            words: self.words,
            same: self.same.index_select(0, rows),
            place: self.place.index_select(0, rows),
        }
    }
}

/// The logarithms of the probabilities of all words \[B, N\]: one of the vocabulary is written with the
/// probability g, one of the source is copied otherwise.
///
/// `scores` are \[B, V\], `gate` \[B, 1\], and `looks` \[B, S\] the scores of the places of the source, −∞
/// where there is nothing.
///
/// ```text
/// g    = σ(gate)
/// a    = softmax(looks)
/// p(w) = g softmax(scores)_w + (1 − g) Σ over i with source_i = w of a_i
/// ```
///
/// It is computed by logarithms alone, so that neither a sure gate nor an improbable word loses its
/// gradient. It takes S² beside N elements a row.
///
/// Source: See, Liu and Manning 2017, *Get to the point: summarization with pointer-generator networks*,
/// equation 9; Gulcehre et al. 2016, *Pointing the unknown words*.
///
/// ```
/// use wengert_nn::seq2seq::{CopySource, copy_distribution};
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// // Two words of the vocabulary; word 2 stands in the source alone, twice.
/// let source = CopySource::new(&Tensor::from([[2, 0, 2, 2]]), Some(&[3]), 2);
/// let tape = Tape::<f64>::new();
/// let looks = tape.constant(&Tensor::from([[0.0, 0.0, 0.0, f64::NEG_INFINITY]]));
/// let p = copy_distribution(tape.zeros([1, 2]), tape.zeros([1, 1]), looks, &source).exp().value();
/// let expected = Tensor::from([[0.25 + 0.5 / 3.0, 0.25, 1.0 / 3.0]]);
/// assert!(p.allclose(&expected, 1e-12, 1e-12));
/// ```
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn copy_distribution<'t, T: Float>(
    scores: Var<'t, T>,
    gate: Var<'t, T>,
    looks: Var<'t, T>,
    source: &CopySource,
) -> Var<'t, T> {
    let tape = scores.tape();
    let shape = scores.shape();
    assert!(
        shape.rank() == 2 && shape[1] <= source.words && gate.shape() == [shape[0], 1],
        "copies: scores {shape} and gate {} for {} words",
        gate.shape(),
        source.words
    );
    let nothing = |columns: usize| tape.full([shape[0], columns], f64::NEG_INFINITY);
    let written = scores.log_softmax(-1) + gate.log_sigmoid();
    let written = Var::cat(&[written, nothing(source.words - shape[1])], 1);
    // Of each place, the logarithm of the sum over all places with its word.
    let places = looks.log_softmax(-1).unsqueeze(1);
    let places = places.where_(&source.same, f64::NEG_INFINITY);
    let places = places.logsumexp(&[-1], false) + (-gate).log_sigmoid();
    let copied = Var::cat(&[places, nothing(1)], 1).gather(1, &source.place);
    Var::stack(&[written, copied], 2).logsumexp(&[-1], false)
}

/// A decoder that writes a word of its vocabulary or copies one of its source.
///
/// With the context c, h and the input x of a step of a [`RnnDecoder`] that looks at its source:
///
/// ```text
/// gate = [c; h; x] Wg + bg
/// ```
///
/// and the scores are the logarithms of the probabilities of [`copy_distribution`] \[B, N\]. A token that
/// was copied and is not in the vocabulary is read as the unknown word.
///
/// Source: See, Liu and Manning 2017, equations 8 and 9.
///
/// ```
/// use wengert_nn::attention::GeneralScore;
/// use wengert_nn::seq2seq::{
///     PointerDecoder, RnnDecoderOptions, RnnDecoderSizes, RnnEncoder, Tokens, Until, greedy,
/// };
/// use wengert_nn::Gru;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let mut rng = Rng::seed_from_u64(1);
/// let encoder = RnnEncoder::new(Tokens::one_hot(9), Gru::new(9, 4, &mut rng));
/// let sizes = RnnDecoderSizes { hidden: 4, source: 4, summary: 4 };
/// let (score, options) = (GeneralScore::new(4, 4, &mut rng), RnnDecoderOptions::default());
/// let rnn = |inputs, rng: &mut Rng| Gru::new(inputs, 4, rng);
/// // Word 1 stands for all that are unknown.
/// let decoder = PointerDecoder::new(Tokens::one_hot(5), 1, score, sizes, options, rnn, &mut rng);
/// let tape = Tape::new();
/// let (encoder, decoder) = (encoder, decoder).bind(&tape);
/// let words = Tensor::from([[3, 7, 4]]);
/// let encoded = encoder.forward(&tape, &words, None);
/// let start = decoder.start(&encoded.source, Some(encoded.state));
/// let memory = decoder.memory_of(encoded.source, &words, None);
/// assert_eq!(memory.copies.words(), 8);
/// let found = greedy(&tape, &decoder, &memory, start, &Tensor::from([2]), Until::len(6));
/// assert_eq!(found[0].tokens.len(), 6);
/// ```
#[doc(alias = "pointer-generator")]
#[derive(Tree, Clone, Debug)]
pub struct PointerDecoder<R, S, P = Tensor> {
    /// What writes words of the vocabulary and looks at the source.
    pub decoder: RnnDecoder<R, S, P>,
    /// Wg and bg.
    pub gate: Linear<P>,
    /// The word of the vocabulary that stands for all that are not in it.
    pub unknown: i64,
}

/// What a [`PointerDecoder`] sees of a batch of sources.
#[derive(Clone, Debug)]
pub struct PointerMemory<'t, T: Float> {
    /// What it looks at.
    pub source: Source<'t, T>,
    /// What it can copy.
    pub copies: CopySource,
}

impl<R, S> PointerDecoder<R, S> {
    /// A decoder that reads words it does not know as `unknown`, in `f32`; the other arguments are those
    /// of [`RnnDecoder::attending`].
    pub fn new(
        tokens: Tokens,
        unknown: i64,
        score: S,
        sizes: RnnDecoderSizes,
        options: RnnDecoderOptions,
        rnn: impl FnOnce(usize, &mut Rng) -> R,
        rng: &mut Rng,
    ) -> Self {
        let decoder = RnnDecoder::attending(tokens, score, sizes, options, rnn, rng);
        let width = sizes.source + sizes.hidden + decoder.inputs;
        PointerDecoder {
            decoder,
            gate: Linear::new(width, 1, rng),
            unknown,
        }
    }
}

impl<'t, T, C, S> PointerDecoder<Recurrent<C>, S, Var<'t, T>>
where
    T: Float,
    C: Cell<'t, T>,
    S: Score<'t, T>,
{
    /// The state before the first step: see [`RnnDecoder::start`].
    ///
    /// # Panics
    /// If the layers run in both directions.
    #[track_caller]
    pub fn start(
        &self,
        source: &Source<'t, T>,
        state: Option<State<C::State>>,
    ) -> RnnDecoderState<State<C::State>, Var<'t, T>> {
        self.decoder.start(source, state)
    }

    /// The memory of sources with the words `tokens` \[B, S\]: see [`CopySource::new`].
    ///
    /// # Panics
    /// As [`CopySource::new`].
    #[track_caller]
    pub fn memory_of(
        &self,
        source: Source<'t, T>,
        tokens: &Tensor<i64>,
        lengths: Option<&[usize]>,
    ) -> PointerMemory<'t, T> {
        PointerMemory {
            source,
            copies: CopySource::new(tokens, lengths, self.decoder.tokens.vocabulary),
        }
    }
}

impl<'t, T, C, S> Decoder<'t, T> for PointerDecoder<Recurrent<C>, S, Var<'t, T>>
where
    T: Float,
    C: Cell<'t, T>,
    S: Score<'t, T>,
{
    type Memory = PointerMemory<'t, T>;
    type State = RnnDecoderState<State<C::State>, Var<'t, T>>;

    fn step(
        &self,
        tokens: &Tensor<i64>,
        memory: &PointerMemory<'t, T>,
        state: Self::State,
    ) -> (Var<'t, T>, Self::State) {
        let vocabulary = self.decoder.tokens.vocabulary as i64;
        let known = |token| {
            if token < vocabulary {
                token
            } else {
                self.unknown
            }
        };
        let known = Tensor::from(tokens.iter().map(known).collect::<Vec<_>>());
        let x = self.decoder.vectors(&known);
        let source = &memory.source;
        let (step, state) = self.decoder.advance(x, tokens.dim(0), source, state);
        let Some(looked) = step.looked else {
            panic!("a pointer decoder looks at its source, and this one has no attention");
        };
        let seen = [looked.attended.context.squeeze(1), step.h, step.input];
        let gate = self.gate.forward(Var::cat(&seen, -1));
        let scores = self.decoder.scores(step.readout, source);
        let looks = looked.scores.squeeze(1);
        (
            copy_distribution(scores, gate, looks, &memory.copies),
            state,
        )
    }

    fn prepare(&self, memory: &PointerMemory<'t, T>) -> Option<PointerMemory<'t, T>> {
        let source = self.decoder.prepared(&memory.source)?;
        let copies = memory.copies.clone();
        Some(PointerMemory { source, copies })
    }

    fn select(&self, memory: &PointerMemory<'t, T>, rows: &Tensor<i64>) -> PointerMemory<'t, T> {
        PointerMemory {
            source: memory.source.select(rows),
            copies: memory.copies.select(rows),
        }
    }
}
