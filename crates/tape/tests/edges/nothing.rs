//! Where there is nothing to count: empty batches, targets that are all ignored, weights that are all 0, rows
//! of attention in which everything is masked, sequences that nothing spells. What is decided is 0, with the
//! gradient 0 at every order, and never NaN.

use wengert_tape::compose::*;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::{Function, INF, NAN, assert_close, assert_same, orders, orders_of};

const MEAN: Reduction = Reduction::Mean;

/// 0, with the gradient 0 at both orders.
fn is_nothing(f: Function, x: &Tensor<f64>, what: &str) {
    let [value, first, second] = orders_of(f, x);
    assert_same(&value, &vec![0.0; value.len()], what);
    assert_same(&first, &vec![0.0; x.size()], what);
    assert_same(&second, &vec![0.0; x.size()], what);
}

fn no_classes() -> Tensor<i64> {
    Tensor::zeros([0])
}

#[test]
fn a_mean_over_an_empty_batch() {
    let losses: &[(&str, Function)] = &[
        ("mse", |x| mse(x, 0.0)),
        ("mse_with", |x| mse_with(x, 0.0, MEAN)),
        ("l1_loss", |x| l1_loss(x, 0.0, MEAN)),
        ("huber_loss", |x| huber_loss(x, 0.0, 1.0, MEAN)),
        ("smooth_l1_loss", |x| smooth_l1_loss(x, 0.0, 1.0, MEAN)),
        ("poisson_nll", |x| poisson_nll(x, 0.0, MEAN)),
        ("poisson_nll_of_rate", |x| poisson_nll_of_rate(x, 0.0, MEAN)),
        ("gaussian_nll", |x| gaussian_nll(x, 0.0, x, 1e-6, MEAN)),
        ("bce", |x| bce(x, 0.0, MEAN)),
        ("bce_with_logits", |x| bce_with_logits(x, 0.0, MEAN)),
        ("bce_with_logits_weighted", |x| {
            bce_with_logits_weighted(x, 0.0, 2.0, 3.0, MEAN)
        }),
        ("sigmoid_focal_loss", |x| {
            sigmoid_focal_loss(x, 0.0, None, 2.0, MEAN)
        }),
        ("soft_margin_loss", |x| soft_margin_loss(x, 1.0, MEAN)),
        ("multilabel_soft_margin_loss", |x| {
            multilabel_soft_margin_loss(x, 1.0, MEAN)
        }),
        ("kl_div", |x| kl_div(x, 0.0, MEAN)),
        ("cross_entropy", |x| cross_entropy(x, &no_classes())),
        ("cross_entropy_weighted", |x| {
            cross_entropy_weighted(x, &no_classes(), 1.0, CrossEntropy::default())
        }),
        ("nll_loss", |x| {
            nll_loss(x, &no_classes(), CrossEntropy::default())
        }),
        ("focal_loss", |x| {
            focal_loss(x, &no_classes(), 2.0, CrossEntropy::default())
        }),
        ("cross_entropy_probs", |x| cross_entropy_probs(x, x, MEAN)),
        ("cross_entropy_probs_weighted", |x| {
            cross_entropy_probs_weighted(x, x, 1.0, 0.5, MEAN)
        }),
        ("hinge_loss", |x| hinge_loss(x, 1.0, MEAN)),
        ("multi_margin_loss", |x| {
            multi_margin_loss(x, &no_classes(), 1.0, 1.0, MEAN)
        }),
        ("multilabel_margin_loss", |x| {
            multilabel_margin_loss(x, &Tensor::full([0, 3], true), MEAN)
        }),
        ("hinge_embedding_loss", |x| {
            hinge_embedding_loss(x, 1.0, 1.0, MEAN)
        }),
        ("cosine_embedding_loss", |x| {
            cosine_embedding_loss(x, x, 1.0, 0.0, MEAN)
        }),
        ("margin_ranking_loss", |x| {
            margin_ranking_loss(x, 0.0, 1.0, 1.0, MEAN)
        }),
        ("triplet_margin_loss", |x| {
            triplet_margin_loss(x, x, x, TripletMargin::default())
        }),
        ("ctc_loss", |x| {
            ctc_loss(x.unsqueeze(1), &[], &[], CtcLoss::default())
        }),
    ];
    for (name, loss) in losses {
        is_nothing(*loss, &Tensor::zeros([0, 3]), name);
    }
}

#[test]
fn targets_that_are_all_ignored_and_weights_that_are_all_0() {
    const IGNORE: CrossEntropy = CrossEntropy {
        ignore_index: Some(-100),
        label_smoothing: 0.25,
        reduction: MEAN,
    };
    let logits = Tensor::from([[1.0, 2.0, 3.0], [NAN, -INF, 5.0]]);
    let losses: &[(&str, Function)] = &[
        ("cross_entropy_weighted", |x| {
            cross_entropy_weighted(x, &Tensor::from([-100i64, -100]), 2.0, IGNORE)
        }),
        ("focal_loss", |x| {
            focal_loss(x, &Tensor::from([-100i64, -100]), 2.0, IGNORE)
        }),
    ];
    for (name, loss) in losses {
        is_nothing(*loss, &logits, name);
    }
    // A class of weight 0 counts nothing: here neither target does.
    let logits = Tensor::from([[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]]);
    is_nothing(
        |x| {
            let weights = Tensor::from([0.0, 1.0, 0.0]);
            cross_entropy_weighted(x, &Tensor::from([0i64, 2]), &weights, IGNORE)
        },
        &logits,
        "weights of 0",
    );
    // Nor does it where its probability is 0.
    is_nothing(
        |x| {
            let weights = Tensor::from([0.0, 1.0]);
            nll_loss_weighted(x, &Tensor::from([0i64]), &weights, CrossEntropy::default())
        },
        &Tensor::from([[-INF, 0.0]]),
        "a weight of 0 at probability 0",
    );
    is_nothing(
        |x| bce_with_logits_weighted(x, 1.0, &Tensor::from([0.0, 0.0]), 1.0, MEAN),
        &Tensor::from([-INF, INF]),
        "weights of 0 at infinite logits",
    );
}

/// Value, gradient of the sum and gradient of that of attention over itself.
fn attended(x: Var<'_, f64>, options: Attention<'_, '_, f64>) -> [Vec<f64>; 3] {
    let y = scaled_dot_product_attention_with(x, x, x, options).context;
    let [bar] = x.tape().grad(y.sum(), [x]);
    let direct = y.sum().backward().wrt(x).expect("reached").to_vec();
    assert_close(&direct, &bar.value().to_vec(), 1e-13, "both readings");
    let second = bar.sum().backward().wrt(x).expect("reached").to_vec();
    [y.value().to_vec(), direct, second]
}

#[test]
fn a_query_that_sees_nothing() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([[1.0, 2.0], [0.5, -1.0]]));
    let none = Tensor::from([[false, false], [true, true]]);
    let bias = tape.leaf(&Tensor::from([[-INF, -INF], [0.0, 0.0]]));
    // The second query alone, over both keys.
    let alone = {
        let q = x.slice(0, 1..);
        scaled_dot_product_attention(q, x, x, None).context
    };
    let [alone_bar] = tape.grad(alone.sum(), [x]);
    let alone_second = alone_bar.sum().backward().wrt(x).expect("reached");
    let masked = Attention {
        mask: Some(&none),
        ..Attention::default()
    };
    let biased = Attention {
        bias: Some(bias),
        ..Attention::default()
    };
    for (what, options) in [("a mask", masked), ("a bias", biased)] {
        let [value, first, second] = attended(x, options);
        assert_same(&value[..2], &[0.0, 0.0], what);
        assert_close(&value[2..], &alone.value().to_vec(), 1e-13, what);
        assert_close(&first, &alone_bar.value().to_vec(), 1e-13, what);
        assert_close(&second, &alone_second.to_vec(), 1e-13, what);
    }
    let y = scaled_dot_product_attention_with(x, x, x, biased);
    assert_eq!(y.weights.select(0, 0).value().to_vec(), [0.0, 0.0]);
    let bar = y.context.sum().backward().wrt(bias).expect("reached");
    assert_eq!(bar.select(0, 0).to_vec(), [0.0, 0.0]);
    assert!(bar.iter().all(f64::is_finite));
}

#[test]
fn all_masks_at_once_and_none_of_the_scores_counts() {
    // Scores of NaN and ∞ under the masks change nothing.
    let tape = Tape::<f64>::new();
    let q = tape.leaf(&Tensor::from([[1.0], [1.0], [1.0]]));
    let k = tape.leaf(&Tensor::from([[2.0], [NAN], [INF]]));
    let v = tape.leaf(&Tensor::from([[7.0], [8.0], [9.0]]));
    let mask = Tensor::from([true, false, true]);
    let bias = tape.constant(&Tensor::from([0.0, 0.0, -INF]));
    let options = Attention {
        mask: Some(&mask),
        bias: Some(bias),
        causal: true,
        ..Attention::default()
    };
    let y = scaled_dot_product_attention_with(q, k, v, options).context;
    assert_same(&y.value().to_vec(), &[7.0, 7.0, 7.0], "the context");
    let grads = y.sum().backward();
    assert_same(
        &grads.wrt(v).expect("reached").to_vec(),
        &[3.0, 0.0, 0.0],
        "v",
    );
    assert_same(&grads.wrt(k).expect("reached").to_vec(), &[0.0; 3], "k");
    // More queries than keys: the first see none.
    let k = tape.leaf(&Tensor::from([[2.0]]));
    let v = tape.leaf(&Tensor::from([[7.0]]));
    let causal = Attention {
        causal: true,
        ..Attention::default()
    };
    let y = scaled_dot_product_attention_with(q, k, v, causal).context;
    assert_same(&y.value().to_vec(), &[0.0, 0.0, 7.0], "early queries");
    let q_bar = y.sum().backward().wrt(q).expect("reached").to_vec();
    assert_same(&q_bar, &[0.0; 3], "their gradient");
    // No keys at all.
    let none = tape.leaf(&Tensor::zeros([0, 1]));
    let y = scaled_dot_product_attention(q, none, none, None).context;
    assert_same(&y.value().to_vec(), &[0.0; 3], "no keys");
    let q_bar = y.sum().backward().wrt(q).expect("reached").to_vec();
    assert_same(&q_bar, &[0.0; 3], "their gradient");
}

#[test]
fn dropout_leaves_weights_out_in_training_alone() {
    let run = |training: bool| {
        let tape = Tape::<f32>::new();
        tape.set_rng(Rng::seed_from_u64(3));
        tape.set_training(training);
        let x = tape.leaf(&Tensor::ones([4, 2]));
        let options = Attention {
            dropout: 0.5,
            ..Attention::default()
        };
        let attended = scaled_dot_product_attention_with(x, x, x, options);
        let weights = attended.weights.value().to_vec();
        assert_eq!(weights, [0.25; 16]);
        attended.context.value().to_vec()
    };
    assert_eq!(run(false), [1.0; 8]);
    // Each context is the number of weights that stayed, each of them doubled.
    let dropped = run(true);
    assert!(dropped.iter().all(|y| (2.0 * y).fract() == 0.0));
    assert!(dropped.iter().any(|&y| y != 1.0));
    assert_eq!(dropped, run(true));
}

#[test]
fn sequences_that_nothing_spells() {
    let f: Function = |x| {
        let options = CtcLoss {
            zero_infinity: true,
            ..CtcLoss::default()
        };
        ctc_loss(x, &[2], &[vec![1, 1]], options)
    };
    let logits = Tensor::from([[[0.5, 1.0], [-1.0, 2.0]]]);
    is_nothing(f, &logits, "zero_infinity");
    let infinite: Function = |x| ctc_loss(x, &[2], &[vec![1, 1]], CtcLoss::default());
    let [value, first, _] = orders_of(infinite, &logits);
    assert_same(&value, &[INF], "the loss");
    assert_same(&first, &[0.0; 4], "its gradient");
    // A row of no steps spells nothing at all, for sure.
    let empty: Function = |x| ctc_loss(x, &[0], &[vec![]], CtcLoss::default());
    is_nothing(empty, &logits, "no steps");
    // Steps after the end count nothing, whatever they hold.
    let short: Function = |x| ctc_loss(x, &[1], &[vec![1]], CtcLoss::default());
    let [value, first, _] = orders_of(short, &Tensor::from([[[0.0, 0.0], [NAN, INF]]]));
    assert_same(&value, &[2.0_f64.ln()], "one step");
    assert_same(&first, &[0.5, -0.5, 0.0, 0.0], "its gradient");
}

#[test]
fn single_losses_at_their_edges() {
    let table: &[(&str, Function, f64, [f64; 3])] = &[
        (
            "hinge at its margin",
            |x| hinge_loss(x, 1.0, MEAN),
            1.0,
            [0.0; 3],
        ),
        (
            "a pair at its margin",
            |x| hinge_embedding_loss(x, -1.0, 1.0, MEAN),
            1.0,
            [0.0; 3],
        ),
        (
            "a distance of ∞ that should be great",
            |x| hinge_embedding_loss(x, -1.0, 1.0, MEAN),
            INF,
            [0.0; 3],
        ),
        (
            "ranked at the margin",
            |x| margin_ranking_loss(x, 0.0, 1.0, 0.5, MEAN),
            0.5,
            [0.0; 3],
        ),
        (
            "soft margin far out",
            |x| soft_margin_loss(x, 1.0, MEAN),
            -1e4,
            [1e4, -1.0, 0.0],
        ),
        (
            "no count at rate 0",
            |x| poisson_nll(x, 0.0, MEAN),
            -INF,
            [0.0, 0.0, 0.0],
        ),
        (
            "no count at rate 0 itself",
            |x| poisson_nll_of_rate(x, 0.0, MEAN),
            0.0,
            [0.0, 1.0, 0.0],
        ),
        ("kl of 0", |x| kl_div(x, 0.0, MEAN), -INF, [0.0, 0.0, 0.0]),
        (
            "focal where all is decided",
            |x| sigmoid_focal_loss(x, 1.0, None, 0.5, MEAN),
            1e4,
            [0.0, 0.0, 0.0],
        ),
        (
            "focal without focus",
            |x| sigmoid_focal_loss(x, 1.0, None, 0.0, MEAN),
            0.0,
            [2.0_f64.ln(), -0.5, 0.25],
        ),
        (
            "a small variance may grow again",
            |x| gaussian_nll(x.detach() * 0.0, 0.0, x, 0.25, MEAN),
            0.0,
            [0.25_f64.ln() / 2.0, 2.0, -8.0],
        ),
        (
            "an error whose square is out of range",
            |x| gaussian_nll(x, 0.0, 1e300, 1e-6, MEAN),
            1e200,
            [0.5 * (1e300_f64.ln() + 1e100), 1e-100, 1e-300],
        ),
    ];
    for (name, f, x, expected) in table {
        for (order, (found, &expected)) in orders(*f, &[*x]).iter().zip(expected).enumerate() {
            assert_close(found, &[expected], 1e-14, &format!("{name}, order {order}"));
        }
    }
}

#[test]
fn classes_that_are_decided() {
    // p rounds to 1, and −ln p and 1 − p are what is left of it.
    let f: Function = |x| focal_loss(x, &Tensor::from([0i64]), 1.0, CrossEntropy::default());
    let [value, first, _] = orders_of(f, &Tensor::from([[0.0, -50.0]]));
    let p = (-50.0_f64).exp();
    assert!((value[0] / (p * p) - 1.0).abs() < 1e-12, "{value:?}");
    assert!((first[1] / (2.0 * p * p) - 1.0).abs() < 1e-12, "{first:?}");
    let [value, first, second] = orders_of(f, &Tensor::from([[0.0, -INF]]));
    assert_same(&value, &[0.0], "the loss");
    assert_same(&first, &[0.0, 0.0], "its gradient");
    assert_same(&second, &[0.0, 0.0], "its second derivative");
    // Equal points have no direction.
    let apart: Function = |x| {
        let options = TripletMargin {
            eps: 0.0,
            ..TripletMargin::default()
        };
        triplet_margin_loss(x, x.detach(), x.detach(), options)
    };
    let [value, first, second] = orders_of(apart, &Tensor::from([[1.0, 2.0]]));
    assert_same(&value, &[1.0], "the margin");
    assert_same(&first, &[0.0, 0.0], "its gradient");
    assert_same(&second, &[0.0, 0.0], "its second derivative");
}

#[test]
fn norms_of_what_does_not_vary() {
    let constant = Tensor::from([[3.0, 1.0], [3.0, 2.0]]);
    for (name, f) in [
        (
            "batch_norm",
            (|x| x.batch_norm(1, None, None, 0.25)) as Function,
        ),
        ("group_norm", |x| {
            x.t().unsqueeze(0).group_norm(2, 1, None, None, 0.25)
        }),
        ("instance_norm", |x| {
            x.t().unsqueeze(0).instance_norm(1, None, None, 0.25)
        }),
    ] {
        let [value, first, second] = orders_of(f, &constant);
        let zeros = value.iter().filter(|&&y| y == 0.0).count();
        assert_eq!((zeros, value.len()), (2, 4), "{name}: {value:?}");
        for derivative in [first, second] {
            assert_close(&derivative, &[0.0; 4], 1e-12, name);
        }
    }
    // An empty batch stays empty.
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::zeros([0, 2]));
    let weight = tape.leaf(&Tensor::ones([2]));
    let y = x.batch_norm(1, Some(weight), None, 1e-5);
    assert_eq!(y.shape(), [0, 2]);
    let bar = y.sum().backward().wrt(weight).expect("reached");
    assert_eq!(bar.to_vec(), [0.0, 0.0]);
    let x = tape.leaf(&Tensor::zeros([0, 4, 3]));
    assert_eq!(x.group_norm(2, 1, None, None, 1e-5).shape(), [0, 4, 3]);
    assert_eq!(x.instance_norm(1, None, None, 1e-5).shape(), [0, 4, 3]);
    assert_eq!(x.layer_norm(1, None, None, 1e-5).shape(), [0, 4, 3]);
}

#[test]
fn rows_of_padding() {
    let tape = Tape::<f64>::new();
    let table = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    // Both −1 and 2 name the last row, as an index and as the padding.
    for padding in [-1, 2] {
        let y = table.rows_with_padding(&Tensor::from([[2, 0], [-1, 0]]), padding);
        assert_eq!(
            y.value(),
            table.rows(&Tensor::from([[2, 0], [2, 0]])).value()
        );
        let y = y * y;
        let bar = y.sum().backward().wrt(table).expect("reached");
        assert_eq!(bar.to_rows(), [[4.0, 8.0], [0.0, 0.0], [0.0, 0.0]]);
        let [bar] = tape.grad(y.sum(), [table]);
        let second = bar.sum().backward().wrt(table).expect("reached");
        assert_eq!(second.to_rows(), [[4.0, 4.0], [0.0, 0.0], [0.0, 0.0]]);
    }
    let none = table.rows_with_padding(&Tensor::from([0, 1]), 2);
    let bar = none.sum().backward().wrt(table).expect("reached");
    assert_eq!(bar.to_rows(), [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]);
}
