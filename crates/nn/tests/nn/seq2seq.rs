//! Encoders and decoders: counts of parameters, derivatives, plain loops, whole runs beside single
//! steps, batches beside single rows, and what a decoder is told in training.

use std::cell::{Cell, RefCell};

use wengert_nn::attention::{DotScore, GeneralScore, Score, key_mask};
use wengert_nn::rnn::{
    Cell as RecurrentCell, LstmOptions, LstmVariantCell, Peepholes, Recurrent, Stacking,
};
use wengert_nn::seq2seq::{
    Decoder, Forcing, Looking, Own, Reading, RnnDecoder, RnnDecoderOptions, RnnDecoderSizes,
    RnnEncoder, Schedule, Source, Tokens, TransformerDecoder, Until, greedy, teacher_forcing,
};
use wengert_nn::transformer::FeedForwardActivation;
use wengert_nn::{Gru, GruCell, Linear, Lstm};
use wengert_tape::check::check_model;
use wengert_tape::tree::{Tree, TreeExt};
use wengert_tape::{Bind, Model, Tape, Var};
use wengert_tensor::{Float, Rng, Tensor};

use crate::attention::{assert_close, noise, passes, rng, weighed};

#[path = "seq2seq_pointer.rs"]
mod pointer;
#[path = "seq2seq_refused.rs"]
mod refused;
#[path = "seq2seq_search.rs"]
mod search;

const READINGS: [Reading; 3] = [Reading::Tokens, Reading::Peeky, Reading::Repeat];
const LOOKINGS: [Looking; 2] = [Looking::AfterStep, Looking::BeforeStep];

type Encoder<P = Tensor<f64>> = RnnEncoder<Gru<P>, P>;
type Looker<P = Tensor<f64>> = RnnDecoder<Gru<P>, GeneralScore<P>, P>;

/// An encoder and a decoder over V words with a hidden width of 3, of weights that are not small.
fn looker(vocabulary: usize, options: RnnDecoderOptions, seed: u64) -> (Encoder, Looker) {
    let rng = &mut Rng::seed_from_u64(seed);
    let encoder = RnnEncoder::new(Tokens::embedded(vocabulary, 2, rng), Gru::new(2, 3, rng));
    let sizes = RnnDecoderSizes {
        hidden: 3,
        source: 3,
        summary: 3,
    };
    let (tokens, score) = (
        Tokens::embedded(vocabulary, 2, rng),
        GeneralScore::new(3, 3, rng),
    );
    let rnn = |inputs, rng: &mut Rng| Gru::new(inputs, 3, rng);
    let decoder = RnnDecoder::attending(tokens, score, sizes, options, rnn, rng);
    let mut model = (encoder, decoder).cast::<f64>();
    model.visit_tree_mut(|_, weight| *weight = &*weight * 2.0);
    model
}

/// Every way to read, look and feed.
fn every_option() -> Vec<RnnDecoderOptions> {
    let mut all = Vec::new();
    for reading in READINGS {
        for looking in LOOKINGS {
            for (combine, input_feeding) in [(true, false), (true, true), (false, true)] {
                all.push(RnnDecoderOptions {
                    reading,
                    looking,
                    combine,
                    input_feeding,
                });
            }
        }
    }
    all
}

/// What a decoder starts from, of two sources of 3 and 2 words.
fn encoded<'t>(
    encoder: &Encoder<Var<'t, f64>>,
    tape: &'t Tape<f64>,
) -> (Source<'t, f64>, wengert_nn::State<Var<'t, f64>>) {
    let words = Tensor::from([[1, 3, 2], [2, 0, -1]]);
    let encoded = encoder.forward(tape, &words, Some(&[3, 2]));
    (encoded.source, encoded.state)
}

#[test]
fn parameters_of_the_books_models() {
    let sizes = RnnDecoderSizes {
        hidden: 128,
        source: 128,
        summary: 128,
    };
    let lstm = |inputs, rng: &mut Rng| Lstm::new(inputs, 128, rng);
    let of = |reading| RnnDecoderOptions {
        reading,
        ..RnnDecoderOptions::default()
    };
    let digits = || Tokens::one_hot(12);
    let encoder = RnnEncoder::new(digits(), lstm(12, &mut rng()));
    let plain = RnnDecoder::new(digits(), sizes, of(Reading::Tokens), lstm, &mut rng());
    let repeat = RnnDecoder::new(digits(), sizes, of(Reading::Repeat), lstm, &mut rng());
    let score = GeneralScore::new(128, 128, &mut rng());
    let luong = RnnDecoder::attending(
        digits(),
        score,
        sizes,
        of(Reading::Tokens),
        lstm,
        &mut rng(),
    );
    let read = encoder.element_count();
    assert_eq!(read + plain.element_count(), 145_932);
    assert_eq!(read + repeat.element_count(), 205_324);
    assert_eq!(read + luong.element_count(), 195_212);

    let options = LstmOptions {
        peepholes: Peepholes::Diagonal,
        ..LstmOptions::default()
    };
    let peepholes = |inputs, rng: &mut Rng| {
        Recurrent::of([LstmVariantCell::with_options(inputs, 128, options, rng)])
    };
    let encoder = RnnEncoder::new(digits(), peepholes(12, &mut rng()));
    let decoder = RnnDecoder::new(digits(), sizes, of(Reading::Tokens), peepholes, &mut rng());
    assert_eq!(encoder.element_count() + decoder.element_count(), 146_700);
}

#[test]
fn derivatives() {
    // Each reading, looking and way to feed, and not each with each: loops check those.
    for options in every_option().into_iter().step_by(4) {
        let model = looker(4, options, 3);
        passes(check_model(&model, |tape, (encoder, decoder)| {
            let (source, state) = encoded(&encoder, tape);
            let start = decoder.start(&source, Some(state));
            let words = Tensor::from([[1, 2], [3, 0]]);
            let (scores, state) = decoder.run(&words, &source, start);
            weighed(scores) + weighed(state.cells.h())
        }));
    }
}

#[test]
fn derivatives_of_plain_lstms_in_both_directions() {
    let rng = &mut rng();
    let both = Stacking {
        layers: 2,
        bidirectional: true,
    };
    let encoder = RnnEncoder::new(Tokens::one_hot(4), Lstm::stacked(4, 1, both, rng)).reversed();
    let sizes = RnnDecoderSizes {
        hidden: 2,
        source: 2,
        summary: 2,
    };
    let two = Stacking {
        bidirectional: false,
        ..both
    };
    let lstm = |inputs, rng: &mut Rng| Lstm::stacked(inputs, 2, two, rng);
    let options = RnnDecoderOptions::default();
    let decoder = RnnDecoder::new(Tokens::one_hot(4), sizes, options, lstm, rng);
    let model = (encoder, decoder).cast::<f64>();
    passes(check_model(&model, |tape, (encoder, decoder)| {
        let words = Tensor::from([[1, 3, 2], [2, 0, 0]]);
        let encoded = encoder.forward(tape, &words, Some(&[3, 2]));
        let start = decoder.start(&encoded.source, Some(encoded.joined_state()));
        let words = Tensor::from([[1, 2], [3, 0]]);
        weighed(decoder.run(&words, &encoded.source, start).0) + weighed(encoded.source.outputs)
    }));
}

#[test]
fn derivatives_of_a_transformer() {
    for norm_first in [false, true] {
        let mut decoder = TransformerDecoder::new(4, 4, 2, 3, 2, &mut rng());
        if norm_first {
            decoder = decoder
                .with_norm_first()
                .with_learned_positions(3, &mut rng());
        }
        for layer in &mut decoder.layers {
            // No kink near a difference's step.
            layer.feed_forward.activation = FeedForwardActivation::GeluTanh;
        }
        let mask = key_mask(&[3, 2], 3);
        let model = (decoder.cast::<f64>(), noise(&[2, 3, 4], 1));
        passes(check_model(&model, |_, (decoder, memory)| {
            let memory = decoder.memory_of(memory, Some(&mask));
            let words = Tensor::from([[1, 2], [3, 0]]);
            weighed(decoder.run(&words, &memory, decoder.start(&memory)).0)
        }));
    }
}

/// The scores of single steps.
fn step_by_step<'t, D: Decoder<'t, f64>>(
    decoder: &D,
    tokens: &Tensor<i64>,
    memory: &D::Memory,
    start: D::State,
) -> Tensor<f64> {
    let (mut state, mut scores) = (start, Vec::new());
    for t in 0..tokens.dim(1) as isize {
        let (next, after) = decoder.step(&tokens.select(1, t), memory, state);
        scores.push(next);
        state = after;
    }
    Var::stack(&scores, 1).value()
}

#[test]
fn a_run_is_its_steps() {
    let tokens = Tensor::from([[1, 2, 0, 3], [3, 0, 1, 1]]);
    for options in every_option() {
        let tape = Tape::new();
        let (encoder, decoder) = looker(4, options, 3).bind(&tape);
        let (source, state) = encoded(&encoder, &tape);
        let start = decoder.start(&source, Some(state));
        let (scores, weights, _) = decoder.run_with_weights(&tokens, &source, start.clone());
        assert_close(
            &scores.value(),
            &step_by_step(&decoder, &tokens, &source, start),
        );
        let weights = weights.expect("it looks").value();
        assert_eq!(weights.shape(), &[2, 4, 3]);
        assert!(weights.select(0, 1).slice(1, 2..).iter().all(|w| w == 0.0));
    }
    for rotary in [false, true] {
        let mut decoder = TransformerDecoder::new(4, 4, 2, 3, 2, &mut rng());
        if rotary {
            decoder = decoder.with_rotary(1e4);
        }
        let tape = Tape::new();
        let (decoder, memory) = (decoder.cast::<f64>(), noise(&[2, 3, 4], 1)).bind(&tape);
        let memory = decoder.memory_of(memory, Some(&key_mask(&[3, 2], 3)));
        let start = decoder.start(&memory);
        let (scores, _) = decoder.run(&tokens, &memory, start.clone());
        let steps = step_by_step(&decoder, &tokens, &memory, start);
        assert_close(&scores.value(), &steps);
    }
}

thread_local! {
    static READ: Cell<usize> = const { Cell::new(0) };
}

/// A dot score that counts how often it reads keys.
#[derive(Tree, Clone)]
struct Counted;

impl<'t> Score<'t, f64> for Counted {
    fn read_keys(&self, keys: Var<'t, f64>) -> Var<'t, f64> {
        READ.set(READ.get() + 1);
        keys
    }
    fn compare(&self, queries: Var<'t, f64>, read: Var<'t, f64>) -> Var<'t, f64> {
        DotScore.compare(queries, read)
    }
}

#[test]
fn keys_are_read_once_for_all_steps() {
    let rng = &mut rng();
    let sizes = RnnDecoderSizes {
        hidden: 3,
        source: 3,
        summary: 3,
    };
    let options = RnnDecoderOptions {
        looking: Looking::BeforeStep,
        input_feeding: true,
        ..RnnDecoderOptions::default()
    };
    let (encoder, _) = looker(4, options, 1);
    let rnn = |inputs, rng: &mut Rng| Gru::new(inputs, 3, rng);
    let decoder = RnnDecoder::attending(Tokens::one_hot(4), Counted, sizes, options, rnn, rng);
    let tape = Tape::new();
    let (encoder, decoder) = (encoder, decoder.cast::<f64>()).bind(&tape);
    let (source, state) = encoded(&encoder, &tape);
    let start = || decoder.start(&source, Some(state.clone()));
    let tokens = Tensor::from([[1, 3, 0, 2, 1], [2, 2, 1, 0, 0]]);
    let reads = |f: &dyn Fn()| {
        READ.set(0);
        f();
        READ.get()
    };
    let run = reads(&|| drop(decoder.run(&tokens, &source, start())));
    let half = Forcing {
        rate: 0.5,
        own: Own::Best,
    };
    let forced = reads(&|| drop(teacher_forcing(&decoder, &tokens, &source, start(), half)));
    let first = Tensor::from([1, 2]);
    let found = reads(&|| {
        let found = greedy(&tape, &decoder, &source, start(), &first, Until::len(7));
        assert_eq!(found[0].tokens.len(), 7);
    });
    assert_eq!((run, forced, found), (1, 1, 1));
}

#[test]
fn a_batch_equals_its_single_sequences() {
    let tokens = Tensor::from([[1, 2, 0, 3], [3, 0, 1, 1]]);
    let sources = Tensor::from([[1, 3, 2], [2, 0, -1]]);
    for options in every_option() {
        let tape = Tape::new();
        let (encoder, decoder) = looker(4, options, 3).bind(&tape);
        let encoder = encoder.reversed();
        let scores = |rows: std::ops::Range<usize>, lengths: &[usize], time: usize| {
            let words = sources.slice(0, rows.clone()).slice(1, ..time);
            let encoded = encoder.forward(&tape, &words, Some(lengths));
            let start = decoder.start(&encoded.source, Some(encoded.state));
            let tokens = tokens.slice(0, rows);
            decoder.run(&tokens, &encoded.source, start).0.value()
        };
        let whole = scores(0..2, &[3, 2], 3);
        assert_close(&whole.slice(0, ..1), &scores(0..1, &[3], 3));
        assert_close(&whole.slice(0, 1..), &scores(1..2, &[2], 2));
    }
}

#[test]
fn a_reversed_encoder_reads_from_the_end() {
    let tape = Tape::new();
    let (encoder, _) = looker(4, RnnDecoderOptions::default(), 3).bind(&tape);
    let turned = encoder.clone().reversed();
    let found = turned.forward(&tape, &Tensor::from([[1, 3, 2], [2, 0, 9]]), Some(&[3, 2]));
    let expected = encoder.forward(&tape, &Tensor::from([[2, 3, 1], [0, 2, 9]]), Some(&[3, 2]));
    assert_close(&found.state.h().value(), &expected.state.h().value());
    assert_close(&found.source.summary.value(), &expected.state.h().value());
    // The output for a token stands where the token does.
    let (found, expected) = (
        found.source.outputs.value(),
        expected.source.outputs.value(),
    );
    for (row, pairs) in [(0, [(0, 2), (1, 1), (2, 0)]), (1, [(0, 1), (1, 0), (2, 2)])] {
        for (a, b) in pairs {
            assert_close(
                &found.select(0, row).select(0, a),
                &expected.select(0, row).select(0, b),
            );
        }
    }
    let all = turned.forward(&tape, &Tensor::from([[1, 3, 2]]), None);
    assert_close(
        &all.source.outputs.value().select(0, 0),
        &found.select(0, 0),
    );
}

/// y = x W + b of one row, by loops.
fn linear(layer: &Linear<Tensor<f64>>, x: &[f64]) -> Vec<f64> {
    let bias = layer.bias.as_ref().expect("a bias").to_vec();
    assert_eq!(layer.weight.shape(), &[x.len(), bias.len()]);
    let column = |o: usize| {
        (0..x.len())
            .map(|i| x[i] * layer.weight[[i, o]])
            .sum::<f64>()
    };
    (0..bias.len()).map(|o| bias[o] + column(o)).collect()
}

/// The scores of one row by loops over the equations of `RnnDecoder`, but for the cell's step.
fn by_loops(decoder: &Looker, source: &[Vec<f64>], h: &[f64], tokens: &[usize]) -> Vec<Vec<f64>> {
    let attention = decoder.attention.as_ref().expect("it looks");
    let z = source[source.len() - 1].clone();
    let table = &decoder.tokens.embedding.as_ref().expect("a table").weight;
    let look = |h: &[f64]| {
        let w = &attention.score.weight;
        let score = |key: &Vec<f64>| -> f64 {
            let pairs = (0..h.len()).flat_map(|i| (0..key.len()).map(move |j| (i, j)));
            pairs.map(|(i, j)| h[i] * w[[i, j]] * key[j]).sum()
        };
        let powers: Vec<f64> = source.iter().map(|key| score(key).exp()).collect();
        let total: f64 = powers.iter().sum();
        let feature = |k: usize| -> f64 {
            let each = source.iter().zip(&powers);
            each.map(|(key, power)| key[k] * power / total).sum()
        };
        (0..z.len()).map(feature).collect::<Vec<f64>>()
    };
    let (mut h, mut fed, mut scores) = (h.to_vec(), vec![0.0; decoder.readout], Vec::new());
    for &token in tokens {
        let mut input = Vec::new();
        if decoder.reading != Reading::Tokens {
            input.extend(&z);
        }
        if decoder.reading != Reading::Repeat {
            input.extend(table.select(0, token as isize).iter());
        }
        let mut context = look(&h);
        if attention.looking == Looking::BeforeStep {
            input.extend(&context);
        }
        if decoder.input_feeding {
            input.extend(&fed);
        }
        let tape = Tape::new();
        let row = |x: &[f64]| tape.constant(&Tensor::from(x.to_vec())).unsqueeze(0);
        let cell: GruCell<_> = decoder.rnn.layers[0].forward.bind(&tape);
        h = cell.step(row(&input), row(&h)).value().to_vec();
        if attention.looking == Looking::AfterStep {
            context = look(&h);
        }
        let both: Vec<f64> = context.iter().chain(&h).copied().collect();
        fed = match &attention.combine {
            Some(combine) => linear(combine, &both).iter().map(|x| x.tanh()).collect(),
            None => both,
        };
        let mut read = Vec::new();
        if decoder.reading == Reading::Peeky {
            read.extend(&z);
        }
        read.extend(&fed);
        scores.push(linear(&decoder.head, &read));
    }
    scores
}

#[test]
fn a_decoder_equals_loops_over_its_equations() {
    for options in every_option() {
        let (encoder, decoder) = looker(4, options, 3);
        let tape = Tape::new();
        let (encoder, bound) = (encoder, decoder.clone()).bind(&tape);
        let encoded = encoder.forward(&tape, &Tensor::from([[1, 3, 2]]), None);
        let outputs = encoded.source.outputs.value().select(0, 0);
        let source: Vec<_> = (0..3).map(|s| outputs.select(0, s).to_vec()).collect();
        let h = encoded.state.h().value().to_vec();
        let expected = by_loops(&decoder, &source, &h, &[1, 2, 0, 3]);
        let start = bound.start(&encoded.source, Some(encoded.state));
        let (found, _) = bound.run(&Tensor::from([[1, 2, 0, 3]]), &encoded.source, start);
        let expected = Tensor::from(expected.concat()).reshape(&[1, 4, 4]);
        assert_close(&found.value(), &expected);
    }
}

#[test]
fn what_is_repeated_does_not_depend_on_what_was_written() {
    let options = RnnDecoderOptions {
        reading: Reading::Repeat,
        ..RnnDecoderOptions::default()
    };
    let tape = Tape::new();
    let (encoder, decoder) = looker(4, options, 3).bind(&tape);
    let (source, _) = encoded(&encoder, &tape);
    let scores = [[0, 0, 0], [3, 1, 2]].map(|words| {
        let words = Tensor::from([words, words]);
        decoder
            .run(&words, &source, decoder.start(&source, None))
            .0
            .value()
    });
    assert_eq!(scores[0], scores[1]);
}

/// A chain that notes what it is told: a row of scores for each token.
#[derive(Tree, Clone, Debug)]
struct Chain<P = Tensor<f64>> {
    scores: P,
    #[tree(skip)]
    told: RefCell<Vec<Vec<i64>>>,
}

impl Chain {
    fn new(scores: Tensor<f64>) -> Self {
        Chain {
            scores,
            told: RefCell::default(),
        }
    }
}

impl<'t, T: Float> Decoder<'t, T> for Chain<Var<'t, T>> {
    type Memory = ();
    type State = ();
    fn step(&self, tokens: &Tensor<i64>, _: &(), _: ()) -> (Var<'t, T>, ()) {
        self.told.borrow_mut().push(tokens.to_vec());
        (self.scores.rows(tokens), ())
    }
    fn select(&self, _: &(), _: &Tensor<i64>) {}
}

#[test]
fn teacher_forcing_at_rate_one_is_a_plain_loop() {
    let tokens = Tensor::from([[1, 2, 0, 3], [3, 0, 1, 1]]);
    for options in every_option() {
        let tape = Tape::new();
        let (encoder, decoder) = looker(4, options, 3).bind(&tape);
        let (source, state) = encoded(&encoder, &tape);
        let start = decoder.start(&source, Some(state));
        let told = Forcing::default();
        let (scores, _) = teacher_forcing(&decoder, &tokens, &source, start.clone(), told);
        let expected = step_by_step(&decoder, &tokens, &source, start);
        assert_close(&scores.value(), &expected);
    }
}

#[test]
fn at_rate_zero_a_decoder_is_told_its_own() {
    let tape = Tape::new();
    let (encoder, decoder) = looker(4, RnnDecoderOptions::default(), 3).bind(&tape);
    let (source, state) = encoded(&encoder, &tape);
    let start = decoder.start(&source, Some(state));
    let first = Tensor::from([1, 3]);
    let own = greedy(
        &tape,
        &decoder,
        &source,
        start.clone(),
        &first,
        Until::len(3),
    );
    let told: Vec<Vec<i64>> = own
        .iter()
        .zip(first.iter())
        .map(|(own, first)| [&[first], &own.tokens[..]].concat())
        .collect();
    let told = Tensor::from_rows(told).expect("rows");
    let expected = decoder.run(&told, &source, start.clone()).0.value();
    let never = Forcing {
        rate: 0.0,
        own: Own::Best,
    };
    // All targets but the first are left out.
    let targets = Tensor::from([[1, 0, 0, 0], [3, 0, 0, 0]]);
    let (scores, _) = teacher_forcing(&decoder, &targets, &source, start, never);
    assert_close(&scores.value(), &expected);
    assert!(told.slice(1, 1..).iter().any(|token| token != 0));
}

#[test]
fn derivatives_of_scheduled_sampling() {
    let model = looker(4, RnnDecoderOptions::default(), 3);
    for own in [Own::Best, Own::Drawn] {
        let forcing = Forcing { rate: 0.5, own };
        passes(check_model(&model, |tape, (encoder, decoder)| {
            tape.set_rng(Rng::seed_from_u64(7));
            let (source, state) = encoded(&encoder, tape);
            let start = decoder.start(&source, Some(state));
            let words = Tensor::from([[1, 2, 3], [3, 0, 1]]);
            weighed(teacher_forcing(&decoder, &words, &source, start, forcing).0)
        }));
    }
}

#[test]
fn the_rate_is_the_share_of_the_targets() {
    // Whatever it is told, it says 1 or 2, and 2 three times as often.
    let row = [f64::NEG_INFINITY, 0.0, 3.0_f64.ln(), f64::NEG_INFINITY];
    let chain = Chain::new(Tensor::from([row; 4]));
    let rows = 4000;
    // The targets are 3s behind a 0.
    let tokens = Tensor::from_fn([rows, 4], |at| if at[1] == 0 { 0 } else { 3 });
    for (rate, own) in [(0.7, Own::Best), (0.2, Own::Drawn), (0.0, Own::Drawn)] {
        let tape = Tape::<f64>::new();
        tape.set_rng(Rng::seed_from_u64(11));
        let bound = chain.bind(&tape);
        let forcing = Forcing { rate, own };
        let (scores, ()) = teacher_forcing(&bound, &tokens, &(), (), forcing);
        assert_eq!(scores.shape(), [rows, 4, 4]);
        let told = bound.told.borrow();
        assert!(told[0].iter().all(|&token| token == 0));
        for told in &told[1..] {
            let share = |word| told.iter().filter(|&&t| t == word).count() as f64 / rows as f64;
            let twos = if own == Own::Best { 1.0 } else { 0.75 };
            let expected = [0.0, (1.0 - rate) * (1.0 - twos), (1.0 - rate) * twos, rate];
            for (word, p) in expected.into_iter().enumerate() {
                let spread = 5.0 * (p * (1.0 - p) / rows as f64).sqrt();
                assert!((share(word as i64) - p).abs() <= spread, "{word} at {rate}");
            }
        }
    }
}

#[test]
fn schedules_fall() {
    let schedules = [
        Schedule::Linear {
            start: 1.0,
            slope: 0.1,
            least: 0.25,
        },
        Schedule::Exponential { base: 0.9 },
        Schedule::InverseSigmoid { k: 2.0 },
    ];
    for schedule in schedules {
        let rates: Vec<f64> = (0..30).map(|step| schedule.rate(step)).collect();
        assert!(rates.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)));
    }
    let k = 2.0_f64;
    let expected = k / (k + (6.0 / k).exp());
    assert!((Schedule::InverseSigmoid { k }.rate(6) - expected).abs() < 1e-15);
}

#[test]
fn a_decoder_without_attention_has_no_weights() {
    let sizes = RnnDecoderSizes {
        hidden: 3,
        source: 3,
        summary: 3,
    };
    let rnn = |inputs, rng: &mut Rng| Gru::new(inputs, 3, rng);
    let options = RnnDecoderOptions::default();
    let decoder = RnnDecoder::new(Tokens::one_hot(4), sizes, options, rnn, &mut rng());
    fn is_score<'t, S: Score<'t, f64>>(
        _: &Option<wengert_nn::seq2seq::Attending<S, Var<'t, f64>>>,
    ) {
    }
    let tape = Tape::new();
    let (encoder, _) = looker(4, options, 3).bind(&tape);
    let decoder: RnnDecoder<_, DotScore, _> = decoder.cast::<f64>().bind(&tape);
    is_score(&decoder.attention);
    let (source, _) = encoded(&encoder, &tape);
    let start = decoder.start(&source, None);
    let (_, weights, _) = decoder.run_with_weights(&Tensor::from([[1], [2]]), &source, start);
    assert!(weights.is_none());
}
