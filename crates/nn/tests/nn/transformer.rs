//! The layers of a transformer: derivatives, batches beside single sequences, and decoding.

use wengert_nn::attention::{causal_mask, key_mask};
use wengert_nn::transformer::{
    FeedForward, FeedForwardActivation, TransformerDecoderLayer, TransformerEncoderLayer,
};
use wengert_tape::check::check_model;
use wengert_tape::{Bind, Tape};
use wengert_tensor::Tensor;

use crate::attention::{assert_close, noise, passes, rng, weighed};

fn encoder(norm_first: bool) -> TransformerEncoderLayer<Tensor<f64>> {
    let layer = TransformerEncoderLayer::new(4, 2, 6, &mut rng()).cast::<f64>();
    if norm_first {
        layer.with_norm_first()
    } else {
        layer
    }
}

fn decoder(norm_first: bool) -> TransformerDecoderLayer<Tensor<f64>> {
    let layer = TransformerDecoderLayer::new(4, 2, 6, &mut rng()).cast::<f64>();
    if norm_first {
        layer.with_norm_first()
    } else {
        layer
    }
}

#[test]
fn encoder_derivatives() {
    for norm_first in [true, false] {
        let mut layer = encoder(norm_first);
        // No kink near a difference's step.
        layer.feed_forward.activation = FeedForwardActivation::GeluTanh;
        let mask = key_mask(&[3, 2], 3);
        passes(check_model(
            &(layer, noise(&[2, 3, 4], 1)),
            |_, (layer, x)| weighed(layer.forward(x, Some(&mask))),
        ));
    }
}

#[test]
fn decoder_derivatives() {
    for norm_first in [true, false] {
        let mut layer = decoder(norm_first);
        layer.feed_forward.activation = FeedForwardActivation::GeluTanh;
        let model = (layer, noise(&[2, 2, 4], 1), noise(&[2, 3, 4], 2));
        let mask = key_mask(&[3, 2], 3);
        passes(check_model(&model, |_, (layer, x, memory)| {
            weighed(layer.forward(x, memory, Some(&mask)))
        }));
    }
}

#[test]
fn a_batch_equals_its_single_sequences() {
    let tape = Tape::new();
    let x = noise(&[3, 4, 4], 1);
    let (encoder, decoder, x) = (encoder(false), decoder(true), x).bind(&tape);
    let lengths = [4, 2, 1];
    let mask = key_mask(&lengths, 4);
    let encoded = encoder.forward(x, Some(&mask));
    let decoded = decoder.forward(x, encoded, Some(&mask));
    for (b, len) in lengths.into_iter().enumerate() {
        let one = x.slice(0, b..b + 1);
        let memory = encoder.forward(one.slice(1, ..len), None);
        let whole = encoded.value().slice(0, b..b + 1).slice(1, ..len);
        assert_close(&whole, &memory.value());
        let whole = decoded.value().slice(0, b..b + 1);
        assert_close(&whole, &decoder.forward(one, memory, None).value());
    }
}

#[test]
fn decoding_step_by_step_is_what_comes_at_once() {
    for norm_first in [true, false] {
        let tape = Tape::new();
        let model = (
            decoder(norm_first),
            noise(&[2, 4, 4], 1),
            noise(&[2, 3, 4], 2),
        );
        let (layer, x, memory) = model.bind(&tape);
        let whole = layer.forward(x, memory, None).value();
        let mut cache = layer.start(memory);
        for t in 0..4 {
            let (y, attended) = layer.next(x.slice(1, t..t + 1), &mut cache, None);
            assert_close(&y.value(), &whole.slice(1, t..t + 1));
            assert_eq!(attended.weights.shape(), [2, 2, 1, 3]);
        }
    }
}

#[test]
fn a_decoder_does_not_look_ahead() {
    let tape = Tape::new();
    let model = (decoder(false), noise(&[1, 4, 4], 1), noise(&[1, 3, 4], 2));
    let (layer, x, memory) = model.bind(&tape);
    let y = layer.forward(x, memory, None);
    let x_bar = weighed(y.slice(1, ..2))
        .backward()
        .wrt(x)
        .expect("a gradient");
    assert!(x_bar.slice(1, 2..).iter().all(|g| g == 0.0));
    assert!(x_bar.slice(1, ..2).iter().any(|g| g != 0.0));
    assert_eq!(causal_mask(4, 4).get(&[1, 2]), Some(false));
}

#[test]
fn a_feed_forward_part_is_two_linear_layers() {
    let tape = Tape::new();
    let model = (
        FeedForward::new(4, 6, &mut rng()).cast::<f64>(),
        noise(&[2, 4], 1),
    );
    let (layer, x) = model.bind(&tape);
    let expected = layer.second.forward(layer.first.forward(x).relu());
    assert_close(&layer.forward(x).value(), &expected.value());
}

#[test]
fn dropout_is_off_unless_trained() {
    let tape = Tape::new();
    let model = (
        encoder(false).with_dropout(0.5),
        encoder(false),
        noise(&[2, 3, 4], 1),
    );
    let (dropped, plain, x) = model.bind(&tape);
    let plain = plain.forward(x, None).value();
    assert_close(&dropped.forward(x, None).value(), &plain);
    tape.set_training(true);
    let found = dropped.forward(x, None).value();
    assert!(
        found
            .iter()
            .zip(plain.iter())
            .any(|(a, b)| (a - b).abs() > 1e-3)
    );
}
