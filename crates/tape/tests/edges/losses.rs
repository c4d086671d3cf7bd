use wengert_tape::Tape;
use wengert_tape::check::refusal;
use wengert_tape::compose::{
    CrossEntropy, Reduction, bce_with_logits, cross_entropy, cross_entropy_with, huber_loss,
    l1_loss, mse,
};
use wengert_tensor::Tensor;

use crate::{Function, INF, assert_same, orders, orders_of};

const IGNORE: CrossEntropy = CrossEntropy {
    ignore_index: Some(-100),
    label_smoothing: 0.0,
    reduction: Reduction::Mean,
};

#[test]
fn single_losses() {
    let table: &[(&str, Function, f64, [f64; 3])] = &[
        (
            "l1 at 0",
            |x| l1_loss(x, 0.0, Reduction::Sum),
            0.0,
            [0.0, 0.0, 0.0],
        ),
        ("mse at 0", |x| mse(x, 0.0), 0.0, [0.0, 0.0, 2.0]),
        (
            "huber at 0",
            |x| huber_loss(x, 0.0, 1.0, Reduction::Sum),
            0.0,
            [0.0, 0.0, 1.0],
        ),
        (
            "huber at delta",
            |x| huber_loss(x, 0.0, 1.0, Reduction::Sum),
            1.0,
            [0.5, 1.0, 0.0],
        ),
        (
            "bce at 0",
            |x| bce_with_logits(x, 1.0, Reduction::Sum),
            0.0,
            [2.0_f64.ln(), -0.5, 0.25],
        ),
        (
            "bce far out",
            |x| bce_with_logits(x, 1.0, Reduction::Sum),
            -1e4,
            [1e4, -1.0, 0.0],
        ),
    ];
    for (name, f, x, expected) in table {
        for (found, &expected) in orders(*f, &[*x]).iter().zip(expected) {
            assert_same(found, &[expected], name);
        }
    }
}

#[test]
fn all_targets_ignored() {
    let logits = Tensor::from([[1.0, 2.0, 3.0], [-INF, -INF, -INF]]);
    let found = orders_of(
        |x| cross_entropy_with(x, &Tensor::from([-100i64, -100]), IGNORE),
        &logits,
    );
    assert_same(&found[0], &[0.0], "the loss");
    assert_same(&found[1], &[0.0; 6], "its gradient");
    assert_same(&found[2], &[0.0; 6], "its second derivative");
}

#[test]
fn the_mean_is_over_what_is_not_ignored() {
    let logits = Tensor::from([[1.0, 2.0, 3.0], [0.5, 0.0, 0.0]]);
    let tape = Tape::<f64>::new();
    let both = cross_entropy_with(tape.leaf(&logits), &Tensor::from([-100i64, 1]), IGNORE);
    let one = cross_entropy(
        tape.leaf(&Tensor::from([[0.5, 0.0, 0.0]])),
        &Tensor::from([1i64]),
    );
    assert_same(&[both.item()], &[one.item()], "the mean");
}

#[test]
fn a_target_that_is_no_class() {
    for class in [-1, 3] {
        let refused = refusal(|| {
            let tape = Tape::<f64>::new();
            cross_entropy(tape.zeros([1, 3]), &Tensor::from([class])).item()
        });
        let message = refused.expect_err("refused").message;
        assert!(message.contains("is none of the 3 classes"), "{message}");
    }
}
