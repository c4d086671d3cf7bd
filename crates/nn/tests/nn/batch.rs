//! A batch of two is two batches of one.

use wengert_nn::rnn::Stacking;
use wengert_nn::{BatchNorm, Embedding, Gru, LayerNorm, Linear, Lstm, SimpleRnn};
use wengert_tape::tree::TreeExt;
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

macro_rules! separable {
    ($layer:expr, $f:expr) => {{
        let layer = $layer;
        let x: Tensor<f64> = Rng::seed_from_u64(5).normal([2, 3, 4], 0.0, 1.0);
        let mut tape = Tape::new();
        let mut run = |x: &Tensor<f64>| {
            tape.reset();
            let (m, x) = (layer.bind(&tape), tape.constant(x));
            let y = $f(&m, x);
            let grads = (y * y).sum().backward().of(&m);
            (y.value(), grads.tree(&layer).leaves())
        };
        let (y, bars) = run(&x);
        let (a, a_bars) = run(&x.slice(0, ..1));
        let (b, b_bars) = run(&x.slice(0, 1..2));
        assert!(y.allclose(&Tensor::cat(&[&a, &b], 0), 1e-12, 1e-12));
        for ((bar, a), b) in bars.iter().zip(&a_bars).zip(&b_bars) {
            assert!(bar.allclose(&(a + b), 1e-12, 1e-12));
        }
    }};
}

#[test]
fn of_every_layer() {
    let both = Stacking {
        layers: 2,
        bidirectional: true,
    };
    let mut rng = Rng::seed_from_u64(1);
    separable!(
        Linear::new(4, 3, &mut rng).cast::<f64>(),
        |m: &Linear<_>, x| m.forward(x)
    );
    separable!(
        Lstm::stacked(4, 3, both, &mut rng).cast::<f64>(),
        |m: &Lstm<_>, x| m.run(x, None).0
    );
    separable!(
        Gru::stacked(4, 3, both, &mut rng).cast::<f64>(),
        |m: &Gru<_>, x| m.run(x, None).0
    );
    separable!(
        SimpleRnn::stacked(4, 3, both, &mut rng).cast::<f64>(),
        |m: &SimpleRnn<_>, x| { m.run(x, None).0 }
    );
    separable!(LayerNorm::new(4).cast::<f64>(), |m: &LayerNorm<_>, x| m
        .forward(x));
    // In evaluation mode; in training the rows of a batch are normalized together.
    separable!(BatchNorm::new(4).cast::<f64>(), |m: &BatchNorm<_>, x| m
        .forward(x));

    let layer = Embedding::new(5, 3, &mut rng).cast::<f64>();
    let run = |words: &Tensor<i64>| {
        let tape = Tape::new();
        let m = layer.bind(&tape);
        let y = m.forward(words);
        let grads = (y * y).sum().backward().of(&m);
        (y.value(), grads.tree(&layer).weight)
    };
    let words = Tensor::from([[0, 2, 2], [4, 0, 1]]);
    let (y, bar) = run(&words);
    let (a, a_bar) = run(&words.slice(0, ..1));
    let (b, b_bar) = run(&words.slice(0, 1..));
    assert_eq!(y, Tensor::cat(&[&a, &b], 0));
    assert!(bar.allclose(&(&a_bar + &b_bar), 1e-12, 1e-12));
}
