//! Losses and normalizations.

use wengert_tape::compose::{
    CrossEntropy, Reduction, bce, bce_with_logits, cross_entropy, cross_entropy_probs,
    cross_entropy_with, huber_loss, l1_loss, mse, mse_with, nll_loss, smooth_l1_loss,
};
use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

use super::{pair, with};
use crate::refusals::{Place, attempt, check_panics, panics};

const MEAN: Reduction = Reduction::Mean;

fn smoothed(share: f64) -> CrossEntropy {
    CrossEntropy {
        label_smoothing: share,
        ..CrossEntropy::default()
    }
}

#[test]
fn losses() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "mse": pair(&[4, 1], &[4], |y, t| drop(mse(y, t))) => "mse: the target has the shape [4], the prediction [4, 1]";
            "mse": with(&[4, 1], |y| drop(mse(y, &Tensor::zeros([4])))) => "mse: the target has the shape [4], the prediction [4, 1]";
            "mse_with": pair(&[4], &[], |y, t| drop(mse_with(y, t, MEAN))) => "mse: the target has the shape [], the prediction [4]";
            "l1_loss": pair(&[4], &[4, 1], |y, t| drop(l1_loss(y, t, MEAN))) => "l1_loss: the target has the shape [4, 1], the prediction [4]";
            "huber_loss": pair(&[4], &[1], |y, t| drop(huber_loss(y, t, 1.0, MEAN))) => "huber_loss: the target has the shape [1], the prediction [4]";
            "huber_loss": pair(&[4], &[4], |y, t| drop(huber_loss(y, t, 0.0, MEAN))) => "huber_loss: 0 is no delta above 0";
            "huber_loss": pair(&[4], &[4], |y, t| drop(huber_loss(y, t, f64::NAN, MEAN))) => "huber_loss: NaN is no delta above 0";
            "smooth_l1_loss": pair(&[4], &[1], |y, t| drop(smooth_l1_loss(y, t, 1.0, MEAN))) => "smooth_l1_loss: the target has the shape [1], the prediction [4]";
            "smooth_l1_loss": pair(&[4], &[1], |y, t| drop(smooth_l1_loss(y, t, 0.0, MEAN))) => "smooth_l1_loss: the target has the shape [1], the prediction [4]";
            "smooth_l1_loss": pair(&[4], &[4], |y, t| drop(smooth_l1_loss(y, t, -1.0, MEAN))) => "smooth_l1_loss: -1 is no beta of 0 or more";
            "bce_with_logits": pair(&[4, 1], &[4], |y, t| drop(bce_with_logits(y, t, MEAN))) => "bce_with_logits: the target has the shape [4], the prediction [4, 1]";
            "bce": pair(&[4, 1], &[4], |y, t| drop(bce(y, t, MEAN))) => "bce: the target has the shape [4], the prediction [4, 1]";
            "cross_entropy_probs": pair(&[4, 3], &[3], |y, t| drop(cross_entropy_probs(y, t, MEAN))) => "cross_entropy_probs: the target has the shape [3], the prediction [4, 3]";
            "cross_entropy_probs": with(&[4, 3], |y| drop(cross_entropy_probs(y, 0.5, MEAN))) => "cross_entropy_probs: the target has the shape [], the prediction [4, 3]";
            "cross_entropy_probs": pair(&[], &[], |y, t| drop(cross_entropy_probs(y, t, MEAN))) => "log_softmax: axis -1 is out of range for the shape []";
            "cross_entropy": with(&[4, 3], |y| drop(cross_entropy(y, &Tensor::from([0])))) => "cross_entropy: targets [1] do not fit [4, 3], classes last";
            "cross_entropy": with(&[], |y| drop(cross_entropy(y, &Tensor::from([0])))) => "cross_entropy: targets [1] do not fit [], classes last";
            "cross_entropy": with(&[1, 3], |y| drop(cross_entropy(y, &Tensor::from([3])))) => "cross_entropy: the target 3 is none of the 3 classes of [1, 3]";
            "cross_entropy_with": with(&[1, 3], |y| drop(cross_entropy_with(y, &Tensor::from([-1]), smoothed(0.1)))) => "cross_entropy: the target -1 is none of the 3 classes of [1, 3]";
            "cross_entropy_with": with(&[1, 3], |y| drop(cross_entropy_with(y, &Tensor::from([0]), smoothed(7.0)))) => "cross_entropy: 7 is no share of label smoothing from 0 to 1";
            "cross_entropy_with": with(&[1, 3], |y| drop(cross_entropy_with(y, &Tensor::from([0]), smoothed(-0.1)))) => "cross_entropy: -0.1 is no share of label smoothing from 0 to 1";
            "nll_loss": with(&[4, 3], |y| drop(nll_loss(y, &Tensor::from([0]), smoothed(0.0)))) => "nll_loss: targets [1] do not fit [4, 3], classes last";
            "nll_loss": with(&[1, 3], |y| drop(nll_loss(y, &Tensor::from([5]), smoothed(0.0)))) => "nll_loss: the target 5 is none of the 3 classes of [1, 3]";
            "nll_loss": with(&[1, 3], |y| drop(nll_loss(y, &Tensor::from([0]), smoothed(f64::NAN)))) => "nll_loss: NaN is no share of label smoothing from 0 to 1";
        },
    );
}

/// Every loss of two values that there is, on every pair of shapes: those that differ are refused,
/// whether they would broadcast or not; equal ones and numbers are not.
#[test]
fn a_loss_takes_equal_shapes_and_nothing_else() {
    type Loss = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;
    let losses: [(&str, Loss); 7] = [
        ("mse", |y, t| mse(y, t)),
        ("l1_loss", |y, t| l1_loss(y, t, MEAN)),
        ("huber_loss", |y, t| huber_loss(y, t, 1.0, MEAN)),
        ("smooth_l1_loss", |y, t| smooth_l1_loss(y, t, 1.0, MEAN)),
        ("bce_with_logits", |y, t| bce_with_logits(y, t, MEAN)),
        ("bce", |y, t| bce(y, t, MEAN)),
        ("cross_entropy_probs", |y, t| {
            cross_entropy_probs(y, t, MEAN)
        }),
    ];
    let shapes: [&[usize]; 8] = [&[], &[1], &[4], &[1, 4], &[4, 1], &[4, 4], &[2, 4], &[0]];
    for (name, loss) in losses {
        for prediction in shapes {
            for target in shapes {
                let caught = attempt(|| {
                    let tape = Tape::new();
                    loss(tape.ones(prediction), tape.ones(target)).item();
                });
                if prediction != target {
                    let message = caught
                        .unwrap_or_else(|| panic!("{name} took {target:?}"))
                        .message;
                    let shapes = format!("the shape {target:?}, the prediction {prediction:?}");
                    assert!(
                        message.contains(&shapes) && message.starts_with(name),
                        "{message}"
                    );
                } else if name != "cross_entropy_probs" || !target.is_empty() {
                    assert!(caught.is_none(), "{name} refused {target:?}: {caught:?}");
                }
            }
        }
    }
    // A number is the target of every element.
    let tape = Tape::<f64>::new();
    assert_eq!(mse(tape.ones([4, 1]), 3.0).item(), 4.0);
    assert_eq!(
        bce_with_logits(tape.zeros([2, 3]), 1.0, Reduction::None).shape(),
        [2, 3]
    );
}

#[test]
fn normalizations() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::layer_norm": with(&[2, 3], |x| drop(x.layer_norm(0, None, None, 0.0))) => "layer_norm: 0 axes are none to normalize over, the shape is [2, 3]";
            "Var::layer_norm": with(&[2, 3], |x| drop(x.layer_norm(3, None, None, 0.0))) => "layer_norm: 3 axes are none to normalize over, the shape is [2, 3]";
            "Var::layer_norm": with(&[2, 3], |x| drop(x.layer_norm(usize::MAX, None, None, 0.0))) => "axes are none to normalize over, the shape is [2, 3]";
            "Var::layer_norm": pair(&[2, 3], &[1], |x, w| drop(x.layer_norm(1, Some(w), None, 0.0))) => "layer_norm: the weight has the shape [1], not [3]";
            "Var::layer_norm": pair(&[2, 1], &[3], |x, b| drop(x.layer_norm(1, None, Some(b), 0.0))) => "layer_norm: the bias has the shape [3], not [1]";
            "Var::layer_norm": pair(&[2, 3], &[3], |x, w| drop(x.layer_norm(2, Some(w), None, 0.0))) => "layer_norm: the weight has the shape [3], not [2, 3]";
            "Var::standardize": with(&[2, 3], |x| drop(x.standardize(&[2], 0.0))) => "mean: axis 2 is out of range for the shape [2, 3]";
            "Var::standardize": with(&[2, 3], |x| drop(x.standardize(&[1, -1], 0.0))) => "mean: axis -1 is named twice for the shape [2, 3]";
            "Var::rms_norm": with(&[], |x| drop(x.rms_norm(None, 0.0))) => "rms_norm: a scalar has no last axis";
            "Var::rms_norm": pair(&[2, 1], &[3], |x, w| drop(x.rms_norm(Some(w), 0.0))) => "rms_norm: the weight has the shape [3], not [1]";
            "Var::cosine_similarity": pair(&[2], &[3], |x, y| drop(x.cosine_similarity(y, 0, 0.0))) => "mul: shapes do not broadcast: [2] and [3]";
            "Var::cosine_similarity": pair(&[2], &[2], |x, y| drop(x.cosine_similarity(y, 1, 0.0))) => "norm: axis 1 is out of range for the shape [2]";
            "Var::entropy": with(&[2], |x| drop(x.entropy(1))) => "softmax: axis 1 is out of range for the shape [2]";
            "Var::xlogy": pair(&[2], &[3], |x, y| drop(x.xlogy(y))) => "xlogy: shapes do not broadcast: [2] and [3]";
        },
    );
}
