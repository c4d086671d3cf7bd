//! Decoding: beams beside all sequences there are, draws beside their probabilities, batches beside
//! single rows, and the tape's memory.

use std::cell::RefCell;

use wengert_nn::seq2seq::{
    BeamOptions, Decoder, Hypothesis, RnnDecoderOptions, SampleOptions, TransformerDecoder,
    TransformerMemory, TransformerSteps, Until, beam_search, greedy, length_penalty, sample,
};
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Rng, Tensor};

use super::{Chain, encoded, looker};
use crate::attention::{noise, rng};

/// The tokens and the end of a hypothesis, as they were fed and found.
fn whole(found: &Hypothesis) -> Vec<i64> {
    let end = found.finished.then_some(0);
    found.tokens.iter().copied().chain(end).collect()
}

/// All sequences of a vocabulary that end with a 0 or have `longest` tokens.
fn all_sequences(vocabulary: i64, longest: usize) -> Vec<Vec<i64>> {
    let (mut open, mut all) = (vec![vec![]], Vec::new());
    for length in 1..=longest {
        let mut next = Vec::new();
        for sequence in open {
            for token in 0..vocabulary {
                let longer: Vec<i64> = [&sequence[..], &[token]].concat();
                match token == 0 || length == longest {
                    true => all.push(longer),
                    false => next.push(longer),
                }
            }
        }
        open = next;
    }
    all
}

/// The logarithm of a sequence's probability, by a run over the whole of it.
fn log_probability<'t, D: Decoder<'t, f64>>(
    decoder: &D,
    memory: &D::Memory,
    start: D::State,
    first: i64,
    sequence: &[i64],
) -> f64 {
    let inputs: Vec<i64> = [first].iter().chain(sequence).copied().collect();
    let inputs = Tensor::from(inputs[..sequence.len()].to_vec()).unsqueeze(0);
    let logs = decoder
        .run(&inputs, memory, start)
        .0
        .log_softmax(-1)
        .value();
    let each = sequence.iter().enumerate();
    each.map(|(t, &token)| logs[[0, t, token as usize]]).sum()
}

/// The five best of all sequences, and those of a beam that holds them all.
fn compare<'t, D: Decoder<'t, f64>>(
    tape: &'t Tape<f64>,
    decoder: &D,
    memory: &D::Memory,
    start: D::State,
    alpha: f64,
) {
    let mut scored: Vec<(f64, Vec<i64>)> = all_sequences(3, 4)
        .into_iter()
        .map(|sequence| {
            let log = log_probability(decoder, memory, start.clone(), 1, &sequence);
            (log / length_penalty(sequence.len(), alpha), sequence)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let options = BeamOptions {
        n_best: 5,
        length_penalty: alpha,
        ..BeamOptions::new(81)
    };
    let (first, until) = (Tensor::from([1]), Until::end(0, 4));
    let found = beam_search(tape, decoder, memory, start, &first, until, options);
    assert_eq!(found[0].len(), 5);
    for (found, (score, sequence)) in found[0].iter().zip(&scored) {
        assert!(
            (found.score - score).abs() < 1e-12,
            "{found:?} is not {sequence:?}"
        );
        assert_eq!(&whole(found), sequence);
        let penalty = length_penalty(sequence.len(), alpha);
        assert!((found.log_probability / penalty - score).abs() < 1e-12);
    }
}

#[test]
fn a_beam_as_wide_as_all_sequences_finds_the_best() {
    for alpha in [0.0, 0.7, 3.0, -0.5] {
        for seed in 1..4 {
            let tape = Tape::new();
            let model = looker(3, RnnDecoderOptions::default(), seed);
            let (encoder, decoder) = model.bind(&tape);
            let encoded = encoder.forward(&tape, &Tensor::from([[1, 0, 2]]), None);
            let start = decoder.start(&encoded.source, Some(encoded.state));
            compare(&tape, &decoder, &encoded.source, start, alpha);
        }
        let tape = Tape::new();
        let decoder = TransformerDecoder::new(3, 4, 2, 5, 2, &mut rng()).cast::<f64>();
        let (decoder, outputs) = (decoder, noise(&[1, 3, 4], 1)).bind(&tape);
        let memory = decoder.memory_of(outputs, None);
        compare(&tape, &decoder, &memory, decoder.start(&memory), alpha);
    }
}

fn top_one() -> SampleOptions {
    SampleOptions {
        top_k: Some(1),
        ..SampleOptions::default()
    }
}

/// Greedy, a beam of one with either end, and draws of the best, of every row by itself and of all.
fn one_for_all<'t, D: Decoder<'t, f64>>(
    tape: &'t Tape<f64>,
    decoder: &D,
    memory: &D::Memory,
    start: &D::State,
    rows: usize,
) {
    let until = Until::end(0, 7);
    let first = Tensor::ones([rows]);
    let expected = greedy(tape, decoder, memory, start.clone(), &first, until);
    let drawn = sample(
        tape,
        decoder,
        memory,
        start.clone(),
        &first,
        until,
        top_one(),
    );
    assert_eq!(expected, drawn);
    for (early, alpha) in [(false, 0.0), (true, 0.0), (true, 0.9)] {
        let options = BeamOptions {
            early,
            length_penalty: alpha,
            ..BeamOptions::new(1)
        };
        let found = beam_search(tape, decoder, memory, start.clone(), &first, until, options);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.len(), 1);
            assert_eq!(whole(&found[0]), whole(expected));
            assert!((found[0].log_probability - expected.log_probability).abs() < 1e-12);
        }
    }
    for hypothesis in &expected {
        assert_eq!(hypothesis.score, hypothesis.log_probability);
    }
}

#[test]
fn a_beam_of_one_and_draws_of_the_best_are_greedy() {
    for seed in 1..6 {
        let tape = Tape::new();
        let model = looker(4, RnnDecoderOptions::default(), seed);
        let (encoder, decoder) = model.bind(&tape);
        let (source, state) = encoded(&encoder, &tape);
        let start = decoder.start(&source, Some(state));
        one_for_all(&tape, &decoder, &source, &start, 2);
        let decoder = TransformerDecoder::new(4, 4, 2, 5, 2, &mut Rng::seed_from_u64(seed));
        let (decoder, outputs) = (decoder.cast::<f64>(), noise(&[2, 3, 4], seed)).bind(&tape);
        let memory = decoder.memory_of(outputs, None);
        one_for_all(&tape, &decoder, &memory, &decoder.start(&memory), 2);
    }
}

#[test]
fn a_batch_decodes_as_its_single_rows() {
    let words = Tensor::from([[1, 3, 2, 2], [2, 0, -1, -1], [3, 3, 1, -1]]);
    let lengths = [4, 2, 3];
    let options = BeamOptions {
        n_best: 3,
        length_penalty: 0.6,
        ..BeamOptions::new(3)
    };
    let until = Until::end(0, 9);
    let mut lengths_found = Vec::new();
    for seed in 1..6 {
        let model = looker(4, RnnDecoderOptions::default(), seed);
        let search = |rows: std::ops::Range<usize>| {
            let tape = Tape::new();
            let (encoder, decoder) = model.bind(&tape);
            let time = lengths[rows.clone()].iter().copied().max().unwrap_or(0);
            let words = words.slice(0, rows.clone()).slice(1, ..time);
            let encoded = encoder.forward(&tape, &words, Some(&lengths[rows.clone()]));
            let (source, first) = (encoded.source, Tensor::ones([rows.len()]));
            let start = decoder.start(&source, Some(encoded.state));
            let best = greedy(&tape, &decoder, &source, start.clone(), &first, until);
            let beams = beam_search(&tape, &decoder, &source, start, &first, until, options);
            (best, beams)
        };
        let same = |a: &Hypothesis, b: &Hypothesis| {
            assert_eq!(whole(a), whole(b));
            assert!((a.score - b.score).abs() < 1e-12);
        };
        let (best, beams) = search(0..3);
        for row in 0..3 {
            let (one, beam) = search(row..row + 1);
            same(&best[row], &one[0]);
            assert_eq!(beams[row].len(), 3);
            beams[row]
                .iter()
                .zip(&beam[0])
                .for_each(|(a, b)| same(a, b));
            lengths_found.push(best[row].tokens.len());
        }
    }
    // Rows do end at different steps.
    assert!(
        lengths_found
            .iter()
            .any(|length| *length != lengths_found[0])
    );
}

/// Logarithms of probabilities.
fn logs<const N: usize>(rows: [[f64; N]; N]) -> Tensor<f64> {
    Tensor::from(rows.map(|row| row.map(f64::ln)))
}

#[test]
fn finished_rows_are_not_computed() {
    // 3 → 0, 2 → 3, 1 → 1.
    let chain = Chain::new(logs([
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, 0.0],
    ]));
    let tape = Tape::<f64>::new();
    let bound = chain.bind(&tape);
    let first = Tensor::from([3, 1, 2]);
    let found = greedy(&tape, &bound, &(), (), &first, Until::end(0, 4));
    let tokens: Vec<_> = found.iter().map(|found| found.tokens.clone()).collect();
    assert_eq!(tokens, [vec![], vec![1; 4], vec![3]]);
    let finished: Vec<_> = found.iter().map(|found| found.finished).collect();
    assert_eq!(finished, [true, false, true]);
    let told = vec![vec![3, 1, 2], vec![1, 3], vec![1], vec![1]];
    assert_eq!(*bound.told.borrow(), told);
    bound.told.borrow_mut().clear();
    let options = BeamOptions::new(2);
    let beams = beam_search(&tape, &bound, &(), (), &first, Until::end(0, 4), options);
    assert_eq!(*bound.told.borrow(), told);
    // Nothing of probability 0 is a result.
    assert!(beams.iter().all(|beam| beam.len() == 1));
    assert!(
        beams
            .iter()
            .zip(&found)
            .all(|(beam, found)| beam[0] == *found)
    );
    // No step at all.
    bound.told.borrow_mut().clear();
    let none = greedy(&tape, &bound, &(), (), &first, Until::len(0));
    assert!(
        none.iter()
            .all(|found| found.tokens.is_empty() && !found.finished)
    );
    let none = Tensor::from(Vec::<i64>::new());
    assert!(greedy(&tape, &bound, &(), (), &none, Until::len(5)).is_empty());
    assert!(bound.told.borrow().is_empty());
}

#[test]
fn a_length_penalty_reorders() {
    // From 1: it ends with 0.5, or goes to 2 with 0.4 and surely on to 3, whence it ends with 0.9.
    let chain = Chain::new(logs([
        [1.0, 0.0, 0.0, 0.0],
        [0.5, 0.1, 0.4, 0.0],
        [0.0, 0.0, 0.0, 1.0],
        [0.9, 0.1, 0.0, 0.0],
    ]));
    let tape = Tape::<f64>::new();
    let bound = chain.bind(&tape);
    let search = |length_penalty, early| {
        let options = BeamOptions {
            n_best: 2,
            length_penalty,
            early,
            ..BeamOptions::new(2)
        };
        let (first, until) = (Tensor::from([1]), Until::end(0, 6));
        beam_search(&tape, &bound, &(), (), &first, until, options).remove(0)
    };
    let (short, long) = (0.5_f64.ln(), 0.36_f64.ln());
    let plain = search(0.0, false);
    assert_eq!(
        (whole(&plain[0]), whole(&plain[1])),
        (vec![0], vec![2, 3, 0])
    );
    assert!((plain[0].score - short).abs() < 1e-12 && (plain[1].score - long).abs() < 1e-12);
    // ln 0.5 = −0.693 over 1; ln 0.36 = −1.022 over (8/6)^α, equal at α = 1.349.
    assert_eq!(whole(&search(1.3, false)[0]), [0]);
    let favoured = search(1.4, false);
    assert_eq!(
        (whole(&favoured[0]), whole(&favoured[1])),
        (vec![2, 3, 0], vec![0])
    );
    assert!((favoured[0].score - long / (8.0_f64 / 6.0).powf(1.4)).abs() < 1e-12);
    assert_eq!(favoured[0].log_probability, plain[1].log_probability);
    bound.told.borrow_mut().clear();
    // After two steps 1 and an end, with 0.05, is the second that is finished; early, this is enough.
    let early = search(0.0, true);
    assert_eq!((whole(&early[0]), whole(&early[1])), (vec![0], vec![1, 0]));
    assert_eq!(bound.told.borrow().len(), 2);
}

#[test]
fn the_search_ends_when_nothing_can_change() {
    // Every step ends with 0.6 and goes on with 0.4.
    let chain = Chain::new(logs([[0.6, 0.4], [0.6, 0.4]]));
    let tape = Tape::<f64>::new();
    let bound = chain.bind(&tape);
    let steps = |options: BeamOptions| {
        bound.told.borrow_mut().clear();
        let (first, until) = (Tensor::from([1]), Until::end(0, 50));
        let found = beam_search(&tape, &bound, &(), (), &first, until, options);
        assert_eq!(found[0][0].tokens.len(), 0);
        bound.told.borrow().len()
    };
    assert_eq!(steps(BeamOptions::new(2)), 1);
    let two = BeamOptions {
        n_best: 2,
        ..BeamOptions::new(2)
    };
    assert_eq!(steps(two), 2);
}

/// The shares of one drawn token in 20,000 rows, beside their probabilities.
#[track_caller]
fn drawn(p: &[f64], options: SampleOptions, expected: &[f64]) {
    let n = 20_000;
    let row: Vec<f64> = p.iter().map(|p| p.ln()).collect();
    let chain = Chain::new(Tensor::from(row).unsqueeze(0));
    let tape = Tape::<f64>::new();
    tape.set_rng(Rng::seed_from_u64(17));
    let bound = chain.bind(&tape);
    let first = Tensor::zeros([n]);
    let found = sample(&tape, &bound, &(), (), &first, Until::len(1), options);
    let mut counts = vec![0.0; p.len()];
    for found in &found {
        let token = found.tokens[0] as usize;
        counts[token] += 1.0;
        assert!((found.log_probability - p[token].ln()).abs() < 1e-12);
    }
    let mut chi_square = 0.0;
    for (count, p) in counts.iter().zip(expected) {
        if *p == 0.0 {
            assert_eq!(*count, 0.0);
        } else {
            chi_square += (count - n as f64 * p).powi(2) / (n as f64 * p);
        }
    }
    // With 4 degrees of freedom, one in 100,000 is greater.
    assert!(chi_square < 28.5, "{counts:?} are not {expected:?}");
}

#[test]
fn draws_have_their_probabilities() {
    let p = [0.1, 0.4, 0.05, 0.15, 0.3];
    let plain = SampleOptions::default();
    drawn(&p, plain, &p);
    let hot = SampleOptions {
        temperature: 2.0,
        ..plain
    };
    let roots: f64 = p.iter().map(|p| p.sqrt()).sum();
    drawn(&p, hot, &p.map(|p| p.sqrt() / roots));
    let top = SampleOptions {
        top_k: Some(3),
        ..plain
    };
    drawn(&p, top, &[0.0, 0.4, 0.0, 0.15, 0.3].map(|p| p / 0.85));
    // 0.4 + 0.3 are less than 0.75, so that 0.15 is the last one in.
    let nucleus = SampleOptions {
        top_p: Some(0.75),
        ..plain
    };
    drawn(&p, nucleus, &[0.0, 0.4, 0.0, 0.15, 0.3].map(|p| p / 0.85));
    // Of the top three, 0.4 and 0.3 have 0.82.
    let both = SampleOptions {
        top_k: Some(3),
        top_p: Some(0.8),
        ..plain
    };
    drawn(&p, both, &[0.0, 0.4, 0.0, 0.0, 0.3].map(|p| p / 0.7));
}

#[test]
fn equal_tokens_come_in_order() {
    let top = |top_k, top_p| SampleOptions {
        top_k,
        top_p,
        ..SampleOptions::default()
    };
    let equal = [0.0; 4];
    assert_eq!(
        top(Some(2), None).distribution(&equal),
        [0.5, 0.5, 0.0, 0.0]
    );
    assert_eq!(
        top(None, Some(0.5)).distribution(&equal),
        [0.5, 0.5, 0.0, 0.0]
    );
    assert_eq!(top(None, Some(1.0)).distribution(&equal), [0.25; 4]);
    assert_eq!(top(Some(9), None).distribution(&equal), [0.25; 4]);
    let masked = [0.0, f64::NEG_INFINITY];
    assert_eq!(top(None, None).distribution(&masked), [1.0, 0.0]);
}

/// A transformer that notes what the tape holds at each of its steps.
struct Watched<'a, 't> {
    inner: &'a TransformerDecoder<Var<'t, f64>>,
    nodes: RefCell<Vec<usize>>,
}

impl<'t> Decoder<'t, f64> for Watched<'_, 't> {
    type Memory = TransformerMemory<'t, f64>;
    type State = TransformerSteps<Var<'t, f64>>;
    fn step(
        &self,
        tokens: &Tensor<i64>,
        memory: &Self::Memory,
        state: Self::State,
    ) -> (Var<'t, f64>, Self::State) {
        let (scores, state) = self.inner.step(tokens, memory, state);
        self.nodes.borrow_mut().push(scores.tape().stats().nodes);
        (scores, state)
    }
    fn select(&self, memory: &Self::Memory, rows: &Tensor<i64>) -> Self::Memory {
        self.inner.select(memory, rows)
    }
}

#[test]
fn a_tape_does_not_grow_with_the_steps() {
    let tape = Tape::new();
    let decoder = TransformerDecoder::new(4, 4, 2, 5, 1, &mut rng()).cast::<f64>();
    let (decoder, outputs) = (decoder, noise(&[2, 3, 4], 1)).bind(&tape);
    let memory = decoder.memory_of(outputs, None);
    let start = decoder.start(&memory);
    let watched = Watched {
        inner: &decoder,
        nodes: RefCell::default(),
    };
    let before = tape.stats();
    let options = BeamOptions::new(3);
    let (first, until) = (Tensor::from([1, 2]), Until::len(200));
    let found = beam_search(&tape, &watched, &memory, start, &first, until, options);
    assert!(found.iter().all(|found| found[0].tokens.len() == 200));
    let after = tape.stats();
    assert_eq!((after.nodes, after.bytes), (before.nodes, before.bytes));
    let nodes = watched.nodes.borrow();
    assert_eq!(nodes.len(), 200);
    // Once the beams are full, every step takes as much.
    assert!(nodes[5..].iter().all(|count| *count == nodes[5]));

    let model = looker(4, RnnDecoderOptions::default(), 3);
    let (encoder, decoder) = model.bind(&tape);
    let (source, state) = encoded(&encoder, &tape);
    let start = decoder.start(&source, Some(state));
    let before = tape.stats();
    let nucleus = SampleOptions {
        top_p: Some(0.9),
        ..SampleOptions::default()
    };
    let found = sample(&tape, &decoder, &source, start, &first, until, nucleus);
    assert!(found.iter().all(|found| found.tokens.len() == 200));
    let after = tape.stats();
    assert_eq!((after.nodes, after.bytes), (before.nodes, before.bytes));
}

#[test]
fn decoding_leaves_no_trace_in_training() {
    let model = looker(4, RnnDecoderOptions::default(), 3);
    let train = |decodes: bool| {
        let (_, grads) = Tape::new().value_and_grad(&model, |tape, (encoder, decoder)| {
            let (source, state) = encoded(&encoder, tape);
            let start = decoder.start(&source, Some(state));
            if decodes {
                let (first, until) = (Tensor::from([1, 2]), Until::end(0, 5));
                greedy(tape, &decoder, &source, start.clone(), &first, until);
            }
            let tokens = Tensor::from([[1, 2], [3, 0]]);
            decoder.run(&tokens, &source, start).0.exp().sum()
        });
        grads.tree(&model)
    };
    let (with, without) = (train(true), train(false));
    let (with, without) = (with.0.rnn.layers, without.0.rnn.layers);
    assert_eq!(with[0].forward.wx, without[0].forward.wx);
    assert!(with[0].forward.wx.iter().any(|g| g != 0.0));
}

#[test]
fn a_state_of_one_row_stands_for_all() {
    let tape = Tape::new();
    let model = looker(4, RnnDecoderOptions::default(), 3);
    let (encoder, decoder) = model.bind(&tape);
    let one = encoder.forward(&tape, &Tensor::from([[1, 3, 2]]), None);
    let two = one.source.select(&Tensor::from([0, 0]));
    let start = decoder.start(&one.source, Some(one.state));
    let (first, until) = (Tensor::from([1, 1]), Until::len(4));
    let found = greedy(&tape, &decoder, &two, start, &first, until);
    assert_eq!(found[0], found[1]);
}
