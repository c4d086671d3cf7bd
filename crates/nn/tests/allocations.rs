//! After warm-up, a training step takes nothing from the heap but one block a `Vec` of the model.

mod counting;

use counting::{blocks, greatest};
use wengert_nn::data::idx;
use wengert_nn::optim::{
    Adadelta, Adagrad, Adamax, Lamb, Lion, NAdam, Optimizer, RAdam, RmsProp, Rprop,
};
use wengert_nn::rnn::Stacking;
use wengert_nn::{Adam, Embedding, Linear, Lstm, Sgd, clip_by_global_norm};
use wengert_tape::compose::cross_entropy;
use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Rng, Tensor};

#[derive(Tree, Clone)]
struct Model<P = Tensor> {
    rnn: Lstm<P>,
    head: Linear<P>,
}

#[test]
fn of_a_two_layer_bidirectional_lstm() {
    let mut rng = Rng::seed_from_u64(1);
    let both = Stacking {
        layers: 2,
        bidirectional: true,
    };
    let mut model: Model = Model {
        rnn: Lstm::stacked(3, 16, both, &mut rng),
        head: Linear::new(32, 1, &mut rng),
    };
    let (x, y): (Tensor, Tensor) = (
        rng.normal([8, 20, 3], 0.0, 1.0),
        rng.normal([8, 20, 1], 0.0, 1.0),
    );
    let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-3));
    let mut step = || {
        let (_, mut grads) = tape.value_and_grad(&model, |t, m: Model<Var<'_>>| {
            let (outputs, _) = m.rnn.run(t.constant(&x), None);
            let error = m.head.forward(outputs) - &y;
            (error * error).sum() / 160.0
        });
        clip_by_global_norm(&mut grads, 0.1);
        adam.step(&mut model, &grads);
    };
    for _ in 0..3 {
        step();
    }
    let taken: Vec<usize> = (0..5).map(|_| blocks(&mut step)).collect();
    assert_eq!(taken, [0; 5]);
}

/// A classifier, whose loss holds the labels.
#[derive(Tree, Clone)]
struct Classifier<P = Tensor> {
    layers: [Linear<P>; 2],
}

#[test]
fn of_a_classifier() {
    let mut rng = Rng::seed_from_u64(1);
    let mut model: Classifier = Classifier {
        layers: [Linear::new(5, 8, &mut rng), Linear::new(8, 3, &mut rng)],
    };
    let x: Tensor = rng.normal([6, 5], 0.0, 1.0);
    let labels = Tensor::<i64>::from(vec![0, 1, 2, 0, 1, 2]);
    let (mut tape, mut sgd) = (Tape::new(), Sgd::new(0.1));
    let mut step = || {
        let (_, grads) = tape.value_and_grad(&model, |t, m: Classifier<Var<'_>>| {
            let h = m.layers[0].forward(t.constant(&x)).relu();
            cross_entropy(m.layers[1].forward(h), &labels)
        });
        sgd.step(&mut model, &grads);
    };
    for _ in 0..3 {
        step();
    }
    let taken: Vec<usize> = (0..5).map(|_| blocks(&mut step)).collect();
    assert_eq!(taken, [0; 5]);
}

#[test]
fn of_the_open_style() {
    let mut rng = Rng::seed_from_u64(1);
    let mut model: Classifier = Classifier {
        layers: [Linear::new(5, 8, &mut rng), Linear::new(8, 3, &mut rng)],
    };
    let x: Tensor = rng.normal([6, 5], 0.0, 1.0);
    let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-3));
    let mut step = || {
        let m = model.bind(&tape);
        let y = tape.named("forward", || {
            let h = tape.named("first", || m.layers[0].forward(tape.constant(&x)).relu());
            m.layers[1].forward(h)
        });
        let grads = (y * y).sum().backward().of(&m);
        tape.reset();
        adam.step(&mut model, &grads);
    };
    for _ in 0..3 {
        step();
    }
    let taken: Vec<usize> = (0..5).map(|_| blocks(&mut step)).collect();
    assert_eq!(taken, [0; 5]);
}

/// Every optimizer holds what it needs after its first step.
#[test]
fn of_every_optimizer() {
    let optimizers: Vec<Box<dyn Optimizer<f32>>> = vec![
        Box::new(Sgd::new(1e-3).with_nesterov(0.9)),
        Box::new(Adagrad::new(1e-3)),
        Box::new(Adadelta::new(1e-3)),
        Box::new(RmsProp::new(1e-3).with_centered().with_momentum(0.9)),
        Box::new(Adam::new(1e-3).with_amsgrad()),
        Box::new(Adamax::new(1e-3)),
        Box::new(NAdam::new(1e-3)),
        Box::new(RAdam::new(1e-3)),
        Box::new(Lion::new(1e-3)),
        Box::new(Lamb::new(1e-3)),
        Box::new(Rprop::new(1e-3)),
    ];
    let mut rng = Rng::seed_from_u64(1);
    let x: Tensor = rng.normal([6, 5], 0.0, 1.0);
    for mut optimizer in optimizers {
        let mut model = [Linear::new(5, 8, &mut rng), Linear::new(8, 3, &mut rng)];
        let mut tape = Tape::new();
        let mut step = || {
            let (_, grads) = tape.value_and_grad(&model, |t, [a, b]| {
                b.forward(a.forward(t.constant(&x)).tanh()).square().sum()
            });
            optimizer.step(&mut model, &grads);
        };
        for _ in 0..3 {
            step();
        }
        let taken: Vec<usize> = (0..5).map(|_| blocks(&mut step)).collect();
        assert_eq!(taken, [0; 5]);
    }
}

/// A step of a table takes nothing, and moves nothing of the table's size where rows are enough.
#[test]
fn of_an_embedding() {
    let mut rng = Rng::seed_from_u64(1);
    let words = Tensor::<i64>::from((0..64).map(|k| k * 131 % 5000).collect::<Vec<_>>());
    for lazy in [true, false] {
        let mut model = Embedding::new(5000, 4, &mut rng);
        let (mut tape, mut adam) = (Tape::new(), Adam::new(1e-3));
        adam.lazy_rows = lazy;
        let mut step = || {
            let (_, mut grads) = tape.value_and_grad(&model, |_, m: Embedding<Var<'_>>| {
                m.forward(&words).square().sum() + m.forward(&words).tanh().sum()
            });
            clip_by_global_norm(&mut grads, 0.1);
            adam.step(&mut model, &grads);
        };
        for _ in 0..3 {
            step();
        }
        let taken: Vec<usize> = (0..5).map(|_| blocks(&mut step)).collect();
        assert_eq!(taken, [0; 5], "lazy: {lazy}");
        // Two look-ups, their functions and the loss: no gradient of 80 000 bytes.
        assert!(tape.stats().pool_bytes < 20_000, "{:?}", tape.stats());
    }
}

/// A file that claims four gigabytes and ends early, or whose claim the caller does not allow: no
/// block of its size is taken.
#[test]
fn a_claim_of_a_file_is_not_believed() {
    let lie = [0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
    let taken = blocks(|| {
        assert!(idx::read(&lie[..]).is_err());
        assert!(idx::labels(&lie[..]).is_err());
        assert!(idx::Reader::new().with_limit(100).read(&lie[..]).is_err());
    });
    assert!(taken > 0, "the counter counts");
    assert!(greatest() <= 1 << 16, "a block of {} bytes", greatest());
}
