//! What the docs of encoders, decoders and searches refuse, provoked.

use wengert_nn::Gru;
use wengert_nn::attention::GeneralScore;
use wengert_nn::rnn::Stacking;
use wengert_nn::seq2seq::{
    BeamOptions, CopySource, Forcing, Own, PointerDecoder, RnnDecoder, RnnDecoderOptions,
    RnnDecoderSizes, SampleOptions, Source, Tokens, TransformerDecoder, Until, beam_search,
    copy_distribution, greedy, sample, teacher_forcing,
};
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

use super::{Chain, encoded, looker};
use crate::attention::rng;
use crate::refusals::{Place, check_panics, panics};

/// Hands an encoder over 4 words and its tape over.
macro_rules! encoder {
    (|$encoder:ident, $tape:ident| $run:expr) => {{
        let $tape = Tape::new();
        let ($encoder, _) = looker(4, RnnDecoderOptions::default(), 1).bind(&$tape);
        $run
    }};
}

/// Hands a decoder over 4 words, its source and its start over.
macro_rules! decoder {
    (|$decoder:ident, $source:ident, $start:ident| $run:expr) => {{
        let tape = Tape::new();
        let (encoder, $decoder) = looker(4, RnnDecoderOptions::default(), 1).bind(&tape);
        let ($source, state) = encoded(&encoder, &tape);
        let $start = $decoder.start(&$source, Some(state));
        $run
    }};
}

/// Hands a chain of 2 words with these scores for each, and its tape, over.
macro_rules! chain {
    ($row:expr, |$chain:ident, $tape:ident| $run:expr) => {{
        let $tape = Tape::<f64>::new();
        let $chain = Chain::new(Tensor::from([$row, $row])).bind(&$tape);
        $run
    }};
}

const SIZES: RnnDecoderSizes = RnnDecoderSizes {
    hidden: 3,
    source: 3,
    summary: 3,
};

/// Layers in both directions.
fn both(inputs: usize, rng: &mut Rng) -> Gru {
    let stacking = Stacking {
        layers: 1,
        bidirectional: true,
    };
    Gru::stacked(inputs, 3, stacking, rng)
}

/// Layers in one direction.
fn forward(inputs: usize, rng: &mut Rng) -> Gru {
    Gru::new(inputs, 3, rng)
}

fn source<'t>(tape: &'t Tape<f32>) -> Source<'t, f32> {
    Source {
        outputs: tape.zeros([2, 4, 3]),
        summary: tape.zeros([2, 3]),
        mask: None,
        keys: None,
    }
}

fn pointer(rnn: fn(usize, &mut Rng) -> Gru) -> PointerDecoder<Gru, GeneralScore> {
    let (score, options) = (
        GeneralScore::new(3, 3, &mut rng()),
        RnnDecoderOptions::default(),
    );
    PointerDecoder::new(
        Tokens::one_hot(4),
        1,
        score,
        SIZES,
        options,
        rnn,
        &mut rng(),
    )
}

fn transformer() -> TransformerDecoder {
    TransformerDecoder::new(4, 4, 2, 5, 1, &mut rng())
}

fn beams(width: usize, n_best: usize, length_penalty: f64) -> BeamOptions {
    BeamOptions {
        n_best,
        length_penalty,
        ..BeamOptions::new(width)
    }
}

fn draws(temperature: f64, top_k: Option<usize>, top_p: Option<f64>) -> SampleOptions {
    SampleOptions {
        temperature,
        top_k,
        top_p,
    }
}

fn forcing(rate: f64) -> Forcing {
    Forcing {
        rate,
        own: Own::Best,
    }
}

fn words<const N: usize>(words: [i64; N]) -> Tensor<i64> {
    Tensor::from(words)
}

#[test]
fn models() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tokens::forward": { let tape = Tape::new(); Tokens::one_hot(3).bind(&tape).forward(&tape, &words([3])); } => "3";
            "Tokens::forward": { let tape = Tape::new(); Tokens::embedded(3, 2, &mut rng()).bind(&tape).forward(&tape, &words([-1])); } => "embedding: the index -1 is negative";
            "Source::select": { let tape = Tape::new(); source(&tape).select(&words([2])); } => "index 2 is out of range";
            "RnnEncoder::forward": encoder!(|encoder, tape| { encoder.forward(&tape, &words([1, 2]), None); }) => "encoder: the tokens are [batch, time], not [2]";
            "RnnEncoder::forward": encoder!(|encoder, tape| { encoder.forward(&tape, &Tensor::zeros([2, 3]), Some(&[3])); }) => "there are 1 lengths for 2 sequences";
            "RnnEncoder::forward": encoder!(|encoder, tape| { encoder.forward(&tape, &Tensor::zeros([1, 3]), Some(&[4])); }) => "a sequence of length 4 is not in 3 steps";
            "RnnEncoder::run": encoder!(|encoder, tape| { encoder.run(tape.zeros([2, 3]), None); }) => "a sequence has the axes [batch, time, features], this one the shape [2, 3]";
            "RnnEncoder::run": encoder!(|encoder, tape| { encoder.run(tape.zeros([1, 3, 2]), Some(&[4])); }) => "a sequence of length 4 is not in 3 steps";
            "RnnDecoder::start": { let tape = Tape::new(); let rnn = RnnDecoder::new(Tokens::one_hot(4), SIZES, RnnDecoderOptions::default(), both, &mut rng()); rnn.bind(&tape).start(&source(&tape), None); } => "decoder: a layer that also runs backward would see what is to be written";
            "RnnDecoder::run_with_weights": decoder!(|decoder, source, start| { decoder.run_with_weights(&words([1, 2]), &source, start); }) => "decoder: the tokens are [batch, time] with at least one step, not [2]";
            "RnnDecoder::run_with_weights": decoder!(|decoder, source, start| { decoder.run_with_weights(&Tensor::zeros([2, 0]), &source, start); }) => "decoder: the tokens are [batch, time] with at least one step, not [2, 0]";
            "PointerDecoder::start": { let tape = Tape::new(); pointer(both).bind(&tape).start(&source(&tape), None); } => "decoder: a layer that also runs backward would see what is to be written";
            "PointerDecoder::memory_of": { let tape = Tape::new(); pointer(forward).bind(&tape).memory_of(source(&tape), &words([1]), None); } => "copies: the sources are [batch, time], not [1]";
            "CopySource::new": CopySource::new(&Tensor::from([[1, -1]]), None, 3) => "copies: the word -1 is negative";
            "CopySource::new": CopySource::new(&Tensor::from([[1, 1]]), Some(&[3]), 3) => "copies: 1 lengths up to Some(3) for 1 sources of 2 steps";
            "copy_distribution": { let tape = Tape::<f64>::new(); copy_distribution(tape.zeros([1, 4]), tape.zeros([1, 1]), tape.zeros([1, 2]), &CopySource::new(&Tensor::from([[1, 2]]), None, 3)); } => "copies: scores [1, 4] and gate [1, 1] for 3 words";
            "TransformerDecoder::new": TransformerDecoder::new(4, 4, 2, 5, 0, &mut rng()) => "a decoder has at least one layer";
            "TransformerDecoder::new": TransformerDecoder::new(4, 4, 3, 5, 1, &mut rng()) => "multi-head attention: 4 features are not 3 heads of equal width";
            "TransformerDecoder::with_dropout": transformer().with_dropout(2.0) => "2 is no probability";
            "TransformerDecoder::memory_of": { let tape = Tape::new(); transformer().bind(&tape).memory_of(tape.zeros([2, 4]), None); } => "decoder: a memory of the shape [2, 4]";
            "TransformerDecoder::memory_of": { let tape = Tape::new(); transformer().bind(&tape).memory_of(tape.zeros([2, 3, 4]), Some(&Tensor::full([2, 3], true))); } => "decoder: a memory of the shape [2, 3, 4]";
            "TransformerDecoder::start": { let tape = Tape::new(); let decoder = transformer().bind(&tape); let mut memory = decoder.memory_of(tape.zeros([2, 3, 4]), None); memory.layers.clear(); decoder.start(&memory); } => "a decoder has at least one layer";
        },
    );
}

#[test]
fn decoding() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "teacher_forcing": chain!([0.0, 0.0], |chain, _tape| { teacher_forcing(&chain, &words([1]), &(), (), forcing(1.0)); }) => "decoder: the tokens are [batch, time] with at least one step, not [1]";
            "teacher_forcing": chain!([0.0, 0.0], |chain, _tape| { teacher_forcing(&chain, &Tensor::zeros([1, 1]), &(), (), forcing(1.5)); }) => "teacher forcing: the rate 1.5 is not from 0 to 1";
            "greedy": chain!([0.0, 0.0], |chain, tape| greedy(&tape, &chain, &(), (), &Tensor::zeros([1, 1]), Until::len(1))) => "decoding: there is one first token for each row, not [1, 1]";
            "greedy": chain!([0.0, f64::NAN], |chain, tape| greedy(&tape, &chain, &(), (), &words([0]), Until::len(1))) => "decoding: a score is NaN";
            "greedy": chain!([f64::NEG_INFINITY; 2], |chain, tape| greedy(&tape, &chain, &(), (), &words([0]), Until::len(1))) => "decoding: no token of a row has a probability";
            "greedy": decoder!(|decoder, source, start| greedy(source.outputs.tape(), &decoder, &source, start, &words([0; 3]), Until::len(1))) => "decoding: a state of the shape [2, 3] is not one of 3 rows";
            "sample": chain!([0.0, f64::NAN], |chain, tape| sample(&tape, &chain, &(), (), &words([0]), Until::len(1), draws(1.0, None, None))) => "decoding: a score is NaN";
            "sample": chain!([0.0, 0.0], |chain, tape| sample(&tape, &chain, &(), (), &words([0]), Until::len(1), draws(0.0, None, None))) => "sampling: the temperature 0 is not greater than 0";
            "sample": chain!([0.0, 0.0], |chain, tape| sample(&tape, &chain, &(), (), &words([0]), Until::len(1), draws(1.0, Some(0), None))) => "sampling: no token is left of the top 0";
            "SampleOptions::distribution": draws(1.0, None, Some(1.5)).distribution(&[0.0]) => "sampling: the nucleus Some(1.5) is not in (0, 1]";
            "SampleOptions::distribution": draws(1.0, None, None).distribution(&[f64::NEG_INFINITY]) => "sampling: the logarithms are those of no probabilities";
            "SampleOptions::distribution": draws(1.0, None, None).distribution(&[0.0, f64::NAN]) => "sampling: the logarithms are those of no probabilities";
            "beam_search": chain!([0.0, 0.0], |chain, tape| beam_search(&tape, &chain, &(), (), &words([0]), Until::len(1), beams(0, 0, 0.0))) => "beam search: 0 best of a beam of width 0";
            "beam_search": chain!([0.0, 0.0], |chain, tape| beam_search(&tape, &chain, &(), (), &words([0]), Until::len(1), beams(2, 3, 0.0))) => "beam search: 3 best of a beam of width 2";
            "beam_search": chain!([0.0, 0.0], |chain, tape| beam_search(&tape, &chain, &(), (), &words([0]), Until::len(1), beams(2, 1, f64::NAN))) => "beam search: the length penalty is NaN";
            "beam_search": chain!([0.0, f64::NAN], |chain, tape| beam_search(&tape, &chain, &(), (), &words([0]), Until::len(1), beams(2, 1, 0.0))) => "decoding: a score is NaN";
        },
    );
}
