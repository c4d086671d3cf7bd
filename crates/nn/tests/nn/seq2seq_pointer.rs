//! The pointer decoder: derivatives, a distribution that sums to 1, copies, and logarithms far out.

use wengert_nn::Gru;
use wengert_nn::attention::GeneralScore;
use wengert_nn::seq2seq::{
    CopySource, Decoder, Hypothesis, PointerDecoder, RnnDecoderOptions, RnnDecoderSizes,
    RnnEncoder, Tokens, Until, copy_distribution, greedy,
};
use wengert_tape::check::check_model;
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::attention::{assert_close, noise, passes, rng, weighed};

type Pointer<P = Tensor<f64>> = PointerDecoder<Gru<P>, GeneralScore<P>, P>;
type Encoder<P = Tensor<f64>> = RnnEncoder<Gru<P>, P>;

/// Over 3 words, of which 1 stands for all others; sources have up to 6.
fn pointer() -> (Encoder, Pointer) {
    let rng = &mut rng();
    let encoder = RnnEncoder::new(Tokens::one_hot(6), Gru::new(6, 3, rng));
    let sizes = RnnDecoderSizes {
        hidden: 3,
        source: 3,
        summary: 3,
    };
    let (score, options) = (
        GeneralScore::new(3, 3, rng),
        RnnDecoderOptions {
            input_feeding: true,
            ..RnnDecoderOptions::default()
        },
    );
    let rnn = |inputs, rng: &mut Rng| Gru::new(inputs, 3, rng);
    let tokens = Tokens::one_hot(3);
    let decoder = PointerDecoder::new(tokens, 1, score, sizes, options, rnn, rng);
    (encoder, decoder).cast::<f64>()
}

/// Sources of 4 and 2 words, with a word twice, and words that are not in the vocabulary.
fn words() -> (Tensor<i64>, [usize; 2]) {
    (Tensor::from([[4, 0, 4, 3], [2, 5, -1, -1]]), [4, 2])
}

#[test]
fn derivatives() {
    let (words, lengths) = words();
    passes(check_model(&pointer(), |tape, (encoder, decoder)| {
        let encoded = encoder.forward(tape, &words, Some(&lengths));
        let start = decoder.start(&encoded.source, Some(encoded.state));
        let memory = decoder.memory_of(encoded.source, &words, Some(&lengths));
        // Word 4 was copied.
        let (scores, _) = decoder.run(&Tensor::from([[0, 4], [2, 1]]), &memory, start);
        // What neither source nor vocabulary has is −∞, and counts for nothing.
        weighed(scores.exp())
    }));
    let looks = noise(&[2, 4], 1);
    let model = (noise(&[2, 3], 2), noise(&[2, 1], 3), looks);
    let source = CopySource::new(&words, Some(&lengths), 3);
    passes(check_model(&model, |_, (scores, gate, looks)| {
        let mask = Tensor::from([[true; 4], [true, true, false, false]]);
        let looks = looks.where_(&mask, f64::NEG_INFINITY);
        let logs = copy_distribution(scores, gate, looks, &source);
        let targets = Tensor::from([[4, 0, 3], [5, 2, 1]]);
        weighed(logs.gather(1, &targets))
    }));
}

#[test]
fn a_mixture_by_loops() {
    let (words, lengths) = words();
    let tape = Tape::new();
    let (scores, gate, looks) = (noise(&[2, 3], 2), noise(&[2, 1], 3), noise(&[2, 4], 1));
    let source = CopySource::new(&words, Some(&lengths), 3);
    assert_eq!(source.words(), 6);
    let mut expected = vec![0.0; 12];
    let mut masked = looks.clone();
    for b in 0..2 {
        let g = 1.0 / (1.0 + (-gate[[b, 0]]).exp());
        let total: f64 = (0..3).map(|v| scores[[b, v]].exp()).sum();
        for v in 0..3 {
            expected[6 * b + v] += g * scores[[b, v]].exp() / total;
        }
        let total: f64 = (0..lengths[b]).map(|s| looks[[b, s]].exp()).sum();
        for s in 0..lengths[b] {
            expected[6 * b + words[[b, s]] as usize] += (1.0 - g) * looks[[b, s]].exp() / total;
        }
        let data = masked.as_mut_slice();
        data[4 * b + lengths[b]..4 * b + 4].fill(f64::NEG_INFINITY);
    }
    let [scores, gate, masked] = [scores, gate, masked].map(|x| tape.constant(&x));
    let found = copy_distribution(scores, gate, masked, &source)
        .exp()
        .value();
    assert_close(&found, &Tensor::from(expected).reshape(&[2, 6]));
    for sum in found.sum_axes(&[1], false).iter() {
        assert!((sum - 1.0).abs() < 1e-12);
    }
    assert_eq!(
        (found[[0, 5]], found[[1, 3]], found[[1, 4]]),
        (0.0, 0.0, 0.0)
    );
}

#[test]
fn logarithms_far_out_keep_their_gradients() {
    // e^-2000 is 0 in f64; its logarithm is not, and neither are the slopes.
    let tape = Tape::<f64>::new();
    let scores = tape.leaf(&Tensor::from([[0.0, -2000.0]]));
    let gate = tape.leaf(&Tensor::from([[0.0]]));
    let looks = tape.leaf(&Tensor::from([[0.0, -1500.0]]));
    let source = CopySource::new(&Tensor::from([[0, 3]]), None, 2);
    let logs = copy_distribution(scores, gate, looks, &source);
    let half = 0.5_f64.ln();
    let found = logs.value();
    assert!((found[[0, 1]] - (half - 2000.0)).abs() < 1e-9);
    assert!((found[[0, 3]] - (half - 1500.0)).abs() < 1e-9);
    assert_eq!(found[[0, 2]], f64::NEG_INFINITY);
    let targets = Tensor::from([[1, 3]]);
    let bar = logs.gather(1, &targets).sum().backward();
    let near = |x: Var<'_, f64>, expected: &[f64]| {
        let bar = bar.wrt(x).expect("a gradient").to_vec();
        for (found, expected) in bar.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    };
    near(scores, &[-1.0, 1.0]);
    near(looks, &[-1.0, 1.0]);
    near(gate, &[0.0]);
}

#[test]
fn words_out_of_the_vocabulary_are_copied() {
    let (encoder, mut decoder) = pointer();
    // The gate is shut: it always copies.
    decoder.gate.bias = Some(Tensor::from([-60.0]));
    let tape = Tape::new();
    let (encoder, decoder) = (encoder, decoder).bind(&tape);
    let words = Tensor::from([[4, 4, 4], [5, 3, 0]]);
    let lengths = [3, 1];
    let encoded = encoder.forward(&tape, &words, Some(&lengths));
    let start = decoder.start(&encoded.source, Some(encoded.state));
    let memory = decoder.memory_of(encoded.source, &words, Some(&lengths));
    let first = Tensor::from([0, 0]);
    let found = greedy(&tape, &decoder, &memory, start, &first, Until::len(3));
    let tokens = |found: &Hypothesis| found.tokens.clone();
    assert_eq!(
        found.iter().map(tokens).collect::<Vec<_>>(),
        [[4, 4, 4], [5, 5, 5]]
    );
    assert!(found.iter().all(|found| found.log_probability > -1e-6));
}
