//! Agreement of attention and of the layers of a transformer with PyTorch.

use wengert_nn::attention::MultiHeadAttention;
use wengert_nn::transformer::{
    FeedForward, FeedForwardActivation, ResidualNorm, TransformerDecoderLayer,
    TransformerEncoderLayer,
};
use wengert_nn::{Dropout, LayerNorm, Linear};
use wengert_tape::Tape;
use wengert_tensor::Tensor;

use crate::golden::{Book, agree};

type Get<'a> = &'a dyn Fn(&str) -> Tensor<f64>;

fn linear(weight: Tensor<f64>, bias: Tensor<f64>) -> Linear<Tensor<f64>> {
    Linear {
        weight: weight.t(),
        bias: Some(bias),
    }
}

/// PyTorch has the weights of queries, keys and values in one matrix.
fn attention(get: Get<'_>, prefix: &str, heads: usize) -> MultiHeadAttention<Tensor<f64>> {
    let name = |name: &str| get(&format!("weight.{prefix}{name}"));
    let (weight, bias) = (name("in_proj_weight"), name("in_proj_bias"));
    let width = bias.shape()[0] / 3;
    let part = |k: usize| {
        let rows = k * width..(k + 1) * width;
        linear(weight.slice(0, rows.clone()), bias.slice(0, rows))
    };
    MultiHeadAttention {
        query: part(0),
        key: part(1),
        value: part(2),
        output: linear(name("out_proj.weight"), name("out_proj.bias")),
        relative: None,
        heads,
        rotary: None,
        dropout: Dropout::new(0.0),
    }
}

fn agree_linear(case: &str, get: Get<'_>, name: &str, bars: &Linear<Tensor<f64>>) {
    let weight = get(&format!("grad.weight.{name}.weight"));
    agree(case, name, &bars.weight.t(), &weight);
    let bias = bars.bias.as_ref().expect("a bias");
    agree(case, name, bias, &get(&format!("grad.weight.{name}.bias")));
}

fn agree_attention(case: &str, get: Get<'_>, prefix: &str, bars: &MultiHeadAttention<Tensor<f64>>) {
    let parts = [&bars.query, &bars.key, &bars.value];
    let weights = parts.map(|part| part.weight.t());
    let biases = parts.map(|part| part.bias.clone().expect("a bias"));
    let name = |name: &str| get(&format!("grad.weight.{prefix}{name}"));
    agree(
        case,
        "in",
        &Tensor::cat(&weights.each_ref(), 0),
        &name("in_proj_weight"),
    );
    agree(
        case,
        "in",
        &Tensor::cat(&biases.each_ref(), 0),
        &name("in_proj_bias"),
    );
    agree_linear(case, get, &format!("{prefix}out_proj"), &bars.output);
}

fn residual(get: Get<'_>, name: &str, norm_first: bool) -> ResidualNorm<Tensor<f64>> {
    ResidualNorm {
        norm: LayerNorm {
            weight: get(&format!("weight.{name}.weight")),
            bias: get(&format!("weight.{name}.bias")),
            epsilon: 1e-5,
        },
        norm_first,
        dropout: Dropout::new(0.0),
    }
}

fn agree_residual(case: &str, get: Get<'_>, name: &str, bars: &ResidualNorm<Tensor<f64>>) {
    let of = |part: &str| get(&format!("grad.weight.{name}.{part}"));
    agree(case, name, &bars.norm.weight, &of("weight"));
    agree(case, name, &bars.norm.bias, &of("bias"));
}

fn feed_forward(get: Get<'_>) -> FeedForward<Tensor<f64>> {
    FeedForward {
        first: linear(get("weight.linear1.weight"), get("weight.linear1.bias")),
        second: linear(get("weight.linear2.weight"), get("weight.linear2.bias")),
        activation: FeedForwardActivation::Relu,
        dropout: Dropout::new(0.0),
    }
}

fn agree_feed_forward(case: &str, get: Get<'_>, bars: &FeedForward<Tensor<f64>>) {
    agree_linear(case, get, "linear1", &bars.first);
    agree_linear(case, get, "linear2", &bars.second);
}

#[test]
fn multi_head_attention() {
    let (book, mut tape) = (Book::open("layers"), Tape::new());

    let case = "multihead_attention-0";
    let get = |name: &str| book.get(case, name);
    let inputs = (get("input.q"), get("input.k"), get("input.v"));
    let model = (attention(&get, "", 2), inputs);
    // PyTorch gives the mean of the heads' weights.
    let bar = (get("cotangent.output"), get("cotangent.weights"));
    let (y, grads) = tape.value_and_grad(&model, |t, (layer, (q, k, v))| {
        let attended = layer.forward(q, k, v, None);
        let weights = attended.weights.mean_axes(&[1], false);
        agree(
            case,
            "output",
            &attended.context.value(),
            &get("output.output"),
        );
        agree(case, "weights", &weights.value(), &get("output.weights"));
        (attended.context * t.constant(&bar.0)).sum() + (weights * t.constant(&bar.1)).sum()
    });
    assert!(y.is_finite());
    let (bars, (q, k, v)) = grads.tree(&model);
    agree_attention(case, &get, "", &bars);
    for (name, bar) in [("q", q), ("k", k), ("v", v)] {
        agree(case, name, &bar, &get(&format!("grad.input.{name}")));
    }

    let case = "multihead_attention-1";
    let get = |name: &str| book.get(case, name);
    let model = (attention(&get, "", 4), get("input.x"));
    let padding = book.mask(case, "fixed.key_padding_mask").unsqueeze(1);
    let mask = &padding & &book.mask(case, "fixed.attn_mask");
    let (y, grads) = tape.vjp(&model, &get("cotangent.output"), |_, (layer, x)| {
        layer.forward(x, x, x, Some(&mask)).context
    });
    agree(case, "output", &y, &get("output.output"));
    let (bars, x_bar) = grads.tree(&model);
    agree_attention(case, &get, "", &bars);
    agree(case, "x", &x_bar, &get("grad.input.x"));
}

#[test]
fn transformer_encoder_layer() {
    let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
    for (case, config) in book.of("transformer_encoder_layer") {
        let get = |name: &str| book.get(case, name);
        let norm_first = config["norm_first"] == true;
        let layer = TransformerEncoderLayer {
            attention: attention(&get, "self_attn.", 2),
            feed_forward: feed_forward(&get),
            around_attention: residual(&get, "norm1", norm_first),
            around_feed_forward: residual(&get, "norm2", norm_first),
        };
        let model = (layer, get("input.x"));
        let bar = get("cotangent.output");
        let (y, grads) = tape.vjp(&model, &bar, |_, (layer, x)| layer.forward(x, None));
        agree(case, "output", &y, &get("output.output"));
        let (bars, x_bar) = grads.tree(&model);
        agree(case, "x", &x_bar, &get("grad.input.x"));
        agree_attention(case, &get, "self_attn.", &bars.attention);
        agree_feed_forward(case, &get, &bars.feed_forward);
        agree_residual(case, &get, "norm1", &bars.around_attention);
        agree_residual(case, &get, "norm2", &bars.around_feed_forward);
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn transformer_decoder_layer() {
    let (book, mut tape, mut count) = (Book::open("layers"), Tape::new(), 0);
    for (case, config) in book.of("transformer_decoder_layer") {
        let get = |name: &str| book.get(case, name);
        let norm_first = config["norm_first"] == true;
        let layer = TransformerDecoderLayer {
            attention: attention(&get, "self_attn.", 2),
            memory_attention: attention(&get, "multihead_attn.", 2),
            feed_forward: feed_forward(&get),
            around_attention: residual(&get, "norm1", norm_first),
            around_memory_attention: residual(&get, "norm2", norm_first),
            around_feed_forward: residual(&get, "norm3", norm_first),
        };
        let model = (layer, get("input.x"), get("input.memory"));
        let bar = get("cotangent.output");
        let (y, grads) = tape.vjp(&model, &bar, |_, (layer, x, memory)| {
            layer.forward(x, memory, None)
        });
        agree(case, "output", &y, &get("output.output"));
        let (bars, x_bar, memory_bar) = grads.tree(&model);
        agree(case, "x", &x_bar, &get("grad.input.x"));
        agree(case, "memory", &memory_bar, &get("grad.input.memory"));
        agree_attention(case, &get, "self_attn.", &bars.attention);
        agree_attention(case, &get, "multihead_attn.", &bars.memory_attention);
        agree_feed_forward(case, &get, &bars.feed_forward);
        agree_residual(case, &get, "norm1", &bars.around_attention);
        agree_residual(case, &get, "norm2", &bars.around_memory_attention);
        agree_residual(case, &get, "norm3", &bars.around_feed_forward);
        count += 1;
    }
    assert_eq!(count, 2);
}
