//! What attention, transformers, losses over sequences and memory networks promise to refuse.

use wengert_nn::attention::{
    AttentionPooling, LearnedPositions, MultiHeadAttention, attention_distances, key_mask, rotary,
};
use wengert_nn::loss::{
    Ctc, LinearChainCrf, length_mask, masked_cross_entropy, masked_mse, sequence_log_likelihood,
};
use wengert_nn::memory::{DifferentiableStack, EndToEndMemory, MemoryOptions, StoryReader};
use wengert_nn::transformer::{
    FeedForward, ResidualNorm, TransformerDecoderLayer, TransformerEncoderLayer,
};
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

use crate::refusals::{Place, check_panics, panics};

fn rng() -> Rng {
    Rng::seed_from_u64(1)
}

fn yes(shape: &[usize]) -> Tensor<bool> {
    Tensor::full(shape, true)
}

/// Binds a layer and runs `f` with it and the tape.
macro_rules! bound {
    ($layer:expr, |$tape:ident, $bound:ident| $run:expr) => {{
        let $tape = Tape::<f32>::new();
        let $bound = $layer.bind(&$tape);
        let _ = $run;
    }};
}

fn heads() -> MultiHeadAttention {
    MultiHeadAttention::new(4, 2, &mut rng())
}

fn encoder() -> TransformerEncoderLayer {
    TransformerEncoderLayer::new(4, 2, 6, &mut rng())
}

fn decoder() -> TransformerDecoderLayer {
    TransformerDecoderLayer::new(4, 2, 6, &mut rng())
}

fn crf() -> LinearChainCrf {
    LinearChainCrf::new(3, &mut rng())
}

fn network(hops: usize) -> EndToEndMemory {
    let options = MemoryOptions {
        hops,
        ..MemoryOptions::default()
    };
    EndToEndMemory::new(6, 3, 2, options, &mut rng())
}

fn words(shape: &[usize]) -> Tensor<i64> {
    Tensor::full(shape, 1)
}

#[test]
fn panics_of_attention() {
    let table = panics! {
        "attention_distances": attention_distances(&Tensor::<f32>::zeros([3])) => "weights have queries and keys, the shape is [3]";
        "key_mask": key_mask(&[1, 4], 3) => "key_mask: row 1 is 4 long, there are 3 keys";
        "MultiHeadAttention::new": MultiHeadAttention::new(8, 3, &mut rng()) => "8 features are not 3 heads of equal width";
        "MultiHeadAttention::with_dropout": heads().with_dropout(2.0) => "dropout: 2 is no probability";
        "MultiHeadAttention::forward": bound!(heads(), |t, m| m.forward(t.ones([3, 4]), t.ones([1, 3, 4]), t.ones([1, 3, 4]), None)) => "queries, keys and values are [B, T, E], not [3, 4]";
        "MultiHeadAttention::memory_of": bound!(heads(), |t, m| m.memory_of(t.ones([3, 4]), t.ones([3, 4]), 0)) => "queries, keys and values are [B, T, E], not [3, 4]";
        "MultiHeadAttention::over": bound!(heads(), |t, m| {
            let memory = m.memory_of(t.ones([1, 3, 4]), t.ones([1, 3, 4]), 0);
            m.over(t.ones([1, 2, 4]), memory, Some(&yes(&[2, 5])), 0)
        }) => "where_: shapes do not broadcast: [2, 5]";
        "MultiHeadAttention::next": bound!(heads(), |t, m| m.next(t.ones([3, 4]), &mut None)) => "queries, keys and values are [B, T, E], not [3, 4]";
        "AttentionPooling::forward": bound!(AttentionPooling::new(4, 2, &mut rng()), |t, p| p.forward(t.ones([2, 5, 3]), None)) => "affine";
        "AttentionPooling::forward": bound!(AttentionPooling::new(4, 2, &mut rng()), |t, p| p.forward(t.ones([2, 5, 4]), Some(&yes(&[2, 3])))) => "where_: shapes do not broadcast: [2, 3] and [2, 5]";
        "LearnedPositions::forward": bound!(LearnedPositions::new(3, 4, &mut rng()), |t, p| p.forward(t.ones([2, 4]), 2)) => "positions: 4 steps, the table has 3 positions";
        "LearnedPositions::forward": bound!(LearnedPositions::new(3, 4, &mut rng()), |t, p| p.forward(t.ones([2, 5]), 0)) => "add: shapes do not broadcast: [2, 5] and [2, 4]";
        "rotary": bound!(Tensor::zeros([2, 3]), |_t, x| rotary(x, 0, 1e4)) => "rotary: 3 features are no pairs";
        "rotary": bound!(Tensor::zeros([4]), |_t, x| rotary(x, 0, 1e4)) => "rotary: [4] has no time axis";
    };
    check_panics(file!(), Place::Here, table);
}

#[test]
fn panics_of_transformers() {
    let table = panics! {
        "TransformerEncoderLayer::new": TransformerEncoderLayer::new(8, 3, 6, &mut rng()) => "8 features are not 3 heads of equal width";
        "TransformerEncoderLayer::with_dropout": encoder().with_dropout(-1.0) => "dropout: -1 is no probability";
        "TransformerEncoderLayer::forward": bound!(encoder(), |t, e| e.forward(t.ones([3, 4]), None)) => "queries, keys and values are [B, T, E], not [3, 4]";
        "TransformerEncoderLayer::forward": bound!(encoder(), |t, e| e.forward(t.ones([1, 3, 4]), Some(&yes(&[2, 2])))) => "where_: shapes do not broadcast: [2, 2]";
        "TransformerDecoderLayer::new": TransformerDecoderLayer::new(8, 0, 6, &mut rng()) => "8 features are not 0 heads of equal width";
        "TransformerDecoderLayer::with_dropout": decoder().with_dropout(f64::NAN) => "dropout: NaN is no probability";
        "TransformerDecoderLayer::forward": bound!(decoder(), |t, d| d.forward(t.ones([3, 4]), t.ones([1, 2, 4]), None)) => "queries, keys and values are [B, T, E], not [3, 4]";
        "TransformerDecoderLayer::start": bound!(decoder(), |t, d| d.start(t.ones([3, 4]))) => "queries, keys and values are [B, T, E], not [3, 4]";
        "TransformerDecoderLayer::next": bound!(decoder(), |t, d| {
            let mut cache = d.start(t.ones([1, 2, 4]));
            d.next(t.ones([1, 1, 4]), &mut cache, Some(&yes(&[1, 5])))
        }) => "where_: shapes do not broadcast: [1, 5]";
        "FeedForward::forward": bound!(FeedForward::new(4, 6, &mut rng()), |t, f| f.forward(t.ones([2, 3]))) => "affine";
        "ResidualNorm::with_dropout": ResidualNorm::new(4).with_dropout(2.0) => "dropout: 2 is no probability";
        "ResidualNorm::around": bound!(ResidualNorm::new(4), |t, r| r.around(t.ones([2, 4]), |x| x.slice(0, ..1))) => "residual: the part has another shape than what it was given";
    };
    check_panics(file!(), Place::Here, table);
}

#[test]
fn panics_of_losses_over_sequences() {
    let table = panics! {
        "length_mask": length_mask(&[4], 3) => "row 0 is 4 long";
        "masked_cross_entropy": bound!(Tensor::zeros([2, 3, 4]), |_t, x| masked_cross_entropy(x, &words(&[2, 3]), &yes(&[2]), 0.0)) => "masked_cross_entropy: the mask has the shape [2], the steps have [2, 3]";
        "masked_cross_entropy": bound!(Tensor::zeros([2, 3, 1]), |_t, x| masked_cross_entropy(x, &words(&[2, 3]), &yes(&[2, 3]), 0.0)) => "the target 1 is none of the 1 classes";
        "masked_cross_entropy": bound!(Tensor::zeros([2, 3, 4]), |_t, x| masked_cross_entropy(x, &words(&[2, 3]), &yes(&[2, 3]), 7.0)) => "7 is no share of label smoothing";
        "masked_mse": bound!(Tensor::zeros([2, 3, 4]), |_t, x| masked_mse(x, &Tensor::zeros([2, 3]), &yes(&[2, 3]))) => "masked_mse: the target has the shape [2, 3], the prediction [2, 3, 4]";
        "masked_mse": bound!(Tensor::zeros([2, 3, 4]), |_t, x| masked_mse(x, &Tensor::zeros([2, 3, 4]), &yes(&[3]))) => "masked_mse: the mask has the shape [3], the steps have [2, 3]";
        "sequence_log_likelihood": bound!(Tensor::zeros([2, 3, 4]), |_t, x| sequence_log_likelihood(x, &words(&[2, 3]), &yes(&[3, 2]))) => "sequence_log_likelihood: the mask has the shape [3, 2]";
        "Ctc::loss": bound!(Tensor::zeros([3, 4]), |_t, x| Ctc::new(0).loss(x, &[3], &[vec![1]])) => "ctc: log-probabilities are [B, T, C], not [3, 4]";
        "Ctc::loss": bound!(Tensor::zeros([1, 3, 4]), |_t, x| Ctc::new(9).loss(x, &[3], &[vec![1]])) => "ctc: the blank 9 is none of 4 classes";
        "Ctc::loss": bound!(Tensor::zeros([1, 3, 4]), |_t, x| Ctc::new(0).loss(x, &[3, 3], &[vec![1]])) => "ctc: 2 lengths and 1 targets beside 1 rows";
        "Ctc::loss": bound!(Tensor::zeros([1, 3, 4]), |_t, x| Ctc::new(0).loss(x, &[5], &[vec![1]])) => "ctc: row 0 is 5 long, there are 3 steps";
        "Ctc::loss": bound!(Tensor::zeros([1, 3, 4]), |_t, x| Ctc::new(0).loss(x, &[3], &[vec![0]])) => "ctc: the label 0 of row 0 is the blank";
        "Ctc::best_path": Ctc::new(0).best_path(&Tensor::<f32>::zeros([3])) => "log-probabilities of one sequence are [T, C], not [3]";
        "Ctc::prefix_search": Ctc::new(0).prefix_search(&Tensor::<f32>::zeros([3]), 2) => "log-probabilities of one sequence are [T, C], not [3]";
        "Ctc::prefix_search": Ctc::new(0).prefix_search(&Tensor::<f32>::zeros([3, 2]), 0) => "ctc: a search keeps at least one prefix";
        "LinearChainCrf::log_partition": bound!(crf(), |t, c| c.log_partition(t.zeros([4, 3]), &[4])) => "crf: emissions are [B, T, K], not [4, 3]";
        "LinearChainCrf::log_partition": bound!(crf(), |t, c| c.log_partition(t.zeros([1, 4, 2]), &[4])) => "crf: emissions have 2 tags, the field has 3";
        "LinearChainCrf::score": bound!(crf(), |t, c| c.score(t.zeros([1, 4, 3]), &words(&[4]), &[4])) => "crf: tags are [1, 4], not [4]";
        "LinearChainCrf::score": bound!(crf(), |t, c| c.score(t.zeros([1, 4, 3]), &Tensor::full([1, 4], 3), &[4])) => "crf: the tag 3 of row 0 at step 0 is none of 3";
        "LinearChainCrf::negative_log_likelihood": bound!(crf(), |t, c| c.negative_log_likelihood(t.zeros([1, 4, 3]), &words(&[1, 4]), &[4, 4])) => "crf: 2 lengths beside 1 rows";
        "LinearChainCrf::viterbi": crf().viterbi(&Tensor::zeros([1, 4, 3]), &[0]) => "crf: row 0 is 0 long, of 4 steps";
    };
    check_panics(file!(), Place::Here, table);
}

#[test]
fn panics_of_memory_networks() {
    let table = panics! {
        "EndToEndMemory::new": network(0) => "it looks into its memory at least once";
        "EndToEndMemory::forward": bound!(network(1), |_t, n| n.forward(&words(&[2, 3]), &words(&[2, 3]))) => "sentences are [B, M, W] and questions [B, Q], not [2, 3] and [2, 3]";
        "EndToEndMemory::forward": bound!(network(1), |_t, n| n.forward(&words(&[2, 3, 4]), &words(&[2, 3]))) => "memory network: 3 sentences, it knows 2 ages";
        "EndToEndMemory::forward": bound!(network(1), |_t, n| n.forward(&Tensor::full([1, 2, 3], 99), &words(&[1, 3]))) => "99 is out of range";
        "StoryReader::forward": bound!(StoryReader::new(6, 3, 2, 5, 2, &mut rng()), |_t, r| r.forward(&words(&[1, 4]), &words(&[1, 2]))) => "stories are [B, 5] and questions [B, Q], not [1, 4] and [1, 2]";
        "StoryReader::forward_with_weights": bound!(StoryReader::new(6, 3, 2, 5, 2, &mut rng()), |_t, r| r.forward_with_weights(&words(&[1, 5]), &words(&[1, 3]))) => "shapes do not broadcast";
        "DifferentiableStack::step": bound!(Tensor::zeros([1, 2]), |_t, x| {
            let mut stack = DifferentiableStack::new();
            stack.step(x, x.slice(1, ..1), x.slice(1, ..1));
            stack.step(x.slice(1, ..1), x.slice(1, ..1), x.slice(1, ..1))
        }) => "stack";
    };
    check_panics(file!(), Place::Here, table);
}
