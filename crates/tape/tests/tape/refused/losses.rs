//! Losses and normalizations.

use wengert_tape::compose::*;
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
            "poisson_nll": pair(&[4], &[4, 1], |y, t| drop(poisson_nll(y, t, MEAN))) => "poisson_nll: the target has the shape [4, 1], the prediction [4]";
            "poisson_nll_of_rate": pair(&[4], &[1], |y, t| drop(poisson_nll_of_rate(y, t, MEAN))) => "poisson_nll_of_rate: the target has the shape [1], the prediction [4]";
            "gaussian_nll": pair(&[4], &[1], |y, t| drop(gaussian_nll(y, t, 1.0, 1e-6, MEAN))) => "gaussian_nll: the target has the shape [1], the prediction [4]";
            "gaussian_nll": pair(&[4], &[4, 1], |y, v| drop(gaussian_nll(y, 0.0, v, 1e-6, MEAN))) => "gaussian_nll: the variance has the shape [4, 1], the prediction [4]";
            "gaussian_nll": pair(&[4], &[4], |y, v| drop(gaussian_nll(y, 0.0, v, 0.0, MEAN))) => "gaussian_nll: 0 is no eps above 0";
            "gaussian_nll": pair(&[4], &[4], |y, v| drop(gaussian_nll(y, 0.0, -v, 1e-6, MEAN))) => "gaussian_nll: a variance is negative";
            "bce_with_logits_weighted": pair(&[4], &[1], |y, t| drop(bce_with_logits_weighted(y, t, 1.0, 1.0, MEAN))) => "bce_with_logits_weighted: the target has the shape [1], the prediction [4]";
            "bce_with_logits_weighted": pair(&[4], &[3], |y, w| drop(bce_with_logits_weighted(y, 1.0, w, 1.0, MEAN))) => "bce_with_logits_weighted: the weight has the shape [3], the prediction [4]";
            "bce_with_logits_weighted": pair(&[4], &[2, 4], |y, w| drop(bce_with_logits_weighted(y, 1.0, 1.0, w, MEAN))) => "bce_with_logits_weighted: the weight has the shape [2, 4], the prediction [4]";
            "sigmoid_focal_loss": pair(&[4], &[1], |y, t| drop(sigmoid_focal_loss(y, t, None, 2.0, MEAN))) => "sigmoid_focal_loss: the target has the shape [1], the prediction [4]";
            "sigmoid_focal_loss": with(&[4], |y| drop(sigmoid_focal_loss(y, 1.0, None, -1.0, MEAN))) => "sigmoid_focal_loss: -1 is no gamma of 0 or more";
            "sigmoid_focal_loss": with(&[4], |y| drop(sigmoid_focal_loss(y, 1.0, Some(1.5), 2.0, MEAN))) => "sigmoid_focal_loss: 1.5 is no alpha from 0 to 1";
            "soft_margin_loss": pair(&[4], &[1], |y, t| drop(soft_margin_loss(y, t, MEAN))) => "soft_margin_loss: the target has the shape [1], the prediction [4]";
            "multilabel_soft_margin_loss": pair(&[4, 2], &[2], |y, t| drop(multilabel_soft_margin_loss(y, t, MEAN))) => "multilabel_soft_margin_loss: the target has the shape [2], the prediction [4, 2]";
            "multilabel_soft_margin_loss": with(&[], |y| drop(multilabel_soft_margin_loss(y, 1.0, MEAN))) => "multilabel_soft_margin_loss: a scalar has no axis for classes";
            "cross_entropy_weighted": with(&[4, 3], |y| drop(cross_entropy_weighted(y, &Tensor::from([0]), 1.0, smoothed(0.0)))) => "cross_entropy_weighted: targets [1] do not fit [4, 3], classes last";
            "cross_entropy_weighted": pair(&[1, 3], &[2], |y, w| drop(cross_entropy_weighted(y, &Tensor::from([0]), w, smoothed(0.0)))) => "cross_entropy_weighted: the weights of the classes have the shape [2], not [3]";
            "nll_loss_weighted": with(&[1, 3], |y| drop(nll_loss_weighted(y, &Tensor::from([5]), 1.0, smoothed(0.0)))) => "nll_loss_weighted: the target 5 is none of the 3 classes of [1, 3]";
            "nll_loss_weighted": pair(&[1, 3], &[1, 3], |y, w| drop(nll_loss_weighted(y, &Tensor::from([0]), w, smoothed(0.0)))) => "nll_loss_weighted: the weights of the classes have the shape [1, 3], not [3]";
            "focal_loss": with(&[1, 3], |y| drop(focal_loss(y, &Tensor::from([5]), 2.0, smoothed(0.0)))) => "focal_loss: the target 5 is none of the 3 classes of [1, 3]";
            "focal_loss": with(&[1, 3], |y| drop(focal_loss(y, &Tensor::from([0]), f64::NAN, smoothed(0.0)))) => "focal_loss: NaN is no gamma of 0 or more";
            "cross_entropy_probs_weighted": pair(&[4, 3], &[3], |y, t| drop(cross_entropy_probs_weighted(y, t, 1.0, 0.0, MEAN))) => "cross_entropy_probs_weighted: the target has the shape [3], the prediction [4, 3]";
            "cross_entropy_probs_weighted": pair(&[], &[], |y, t| drop(cross_entropy_probs_weighted(y, t, 1.0, 0.0, MEAN))) => "cross_entropy_probs_weighted: a scalar has no axis for classes";
            "cross_entropy_probs_weighted": pair(&[2], &[2], |y, t| drop(cross_entropy_probs_weighted(y, t, 1.0, 2.0, MEAN))) => "cross_entropy_probs_weighted: 2 is no share of label smoothing from 0 to 1";
            "kl_div": pair(&[4, 3], &[3], |y, t| drop(kl_div(y, t, MEAN))) => "kl_div: the target has the shape [3], the prediction [4, 3]";
            "hinge_loss": pair(&[4], &[1], |y, t| drop(hinge_loss(y, t, MEAN))) => "hinge_loss: the target has the shape [1], the prediction [4]";
            "multi_margin_loss": with(&[4, 3], |y| drop(multi_margin_loss(y, &Tensor::from([0]), 1.0, 1.0, MEAN))) => "multi_margin_loss: targets [1] do not fit [4, 3], classes last";
            "multi_margin_loss": with(&[1, 3], |y| drop(multi_margin_loss(y, &Tensor::from([3]), 1.0, 1.0, MEAN))) => "multi_margin_loss: the target 3 is none of the 3 classes of [1, 3]";
            "multi_margin_loss": with(&[1, 3], |y| drop(multi_margin_loss(y, &Tensor::from([0]), 1.0, 0.5, MEAN))) => "multi_margin_loss: 0.5 is no order of 1 or more";
            "multilabel_margin_loss": with(&[4, 3], |y| drop(multilabel_margin_loss(y, &Tensor::full([3], true), MEAN))) => "multilabel_margin_loss: the target has the shape [3], the prediction [4, 3]";
            "multilabel_margin_loss": with(&[], |y| drop(multilabel_margin_loss(y, &Tensor::scalar(true), MEAN))) => "multilabel_margin_loss: a scalar has no axis for classes";
            "hinge_embedding_loss": pair(&[4], &[1], |y, t| drop(hinge_embedding_loss(y, t, 1.0, MEAN))) => "hinge_embedding_loss: the target has the shape [1], the prediction [4]";
            "cosine_embedding_loss": pair(&[4, 3], &[3], |x, y| drop(cosine_embedding_loss(x, y, 1.0, 0.0, MEAN))) => "cosine_embedding_loss: the other value has the shape [3], the prediction [4, 3]";
            "cosine_embedding_loss": pair(&[4, 3], &[4, 3], |x, t| drop(cosine_embedding_loss(x, x, t, 0.0, MEAN))) => "cosine_embedding_loss: the target has the shape [4, 3], the prediction [4]";
            "cosine_embedding_loss": pair(&[], &[], |x, y| drop(cosine_embedding_loss(x, y, 1.0, 0.0, MEAN))) => "cosine_embedding_loss: a scalar has no axis for classes";
            "margin_ranking_loss": pair(&[4], &[1], |x, y| drop(margin_ranking_loss(x, y, 1.0, 0.0, MEAN))) => "margin_ranking_loss: the target has the shape [1], the prediction [4]";
            "triplet_margin_loss": pair(&[4, 3], &[3], |x, y| drop(triplet_margin_loss(x, y, x, TripletMargin::default()))) => "triplet_margin_loss: the positive has the shape [3], the prediction [4, 3]";
            "triplet_margin_loss": pair(&[4, 3], &[3], |x, y| drop(triplet_margin_loss(x, x, y, TripletMargin::default()))) => "triplet_margin_loss: the negative has the shape [3], the prediction [4, 3]";
            "triplet_margin_loss": with(&[], |x| drop(triplet_margin_loss(x, x, x, TripletMargin::default()))) => "triplet_margin_loss: a scalar has no axis for classes";
            "triplet_margin_loss": with(&[4, 3], |x| drop(triplet_margin_loss(x, x, x, TripletMargin { p: 0.0, ..TripletMargin::default() }))) => "triplet_margin_loss: 0 is no order above 0";
            "ctc_loss": with(&[3, 4], |x| drop(ctc_loss(x, &[3], &[vec![1]], CtcLoss::default()))) => "ctc: log-probabilities are [B, T, C], not [3, 4]";
            "ctc_loss": with(&[1, 3, 4], |x| drop(ctc_loss(x, &[3], &[vec![0]], CtcLoss::default()))) => "ctc: the label 0 of row 0 is the blank";
            "ctc_nll": with(&[1, 3, 4], |x| drop(ctc_nll(x, &[3], &[vec![1]], 4))) => "ctc: the blank 4 is none of 4 classes";
            "ctc_nll": with(&[1, 3, 4], |x| drop(ctc_nll(x, &[3, 1], &[vec![1]], 0))) => "ctc: 2 lengths and 1 targets beside 1 rows";
            "ctc_nll": with(&[1, 3, 4], |x| drop(ctc_nll(x, &[4], &[vec![1]], 0))) => "ctc: row 0 is 4 long, there are 3 steps";
        },
    );
}

/// Every loss of two values that there is, on every pair of shapes: those that differ are refused,
/// whether they would broadcast or not; equal ones and numbers are not.
#[test]
fn a_loss_takes_equal_shapes_and_nothing_else() {
    type Loss = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;
    let losses: [(&str, Loss); 16] = [
        ("mse", |y, t| mse(y, t)),
        ("l1_loss", |y, t| l1_loss(y, t, MEAN)),
        ("huber_loss", |y, t| huber_loss(y, t, 1.0, MEAN)),
        ("smooth_l1_loss", |y, t| smooth_l1_loss(y, t, 1.0, MEAN)),
        ("bce_with_logits", |y, t| bce_with_logits(y, t, MEAN)),
        ("bce", |y, t| bce(y, t, MEAN)),
        ("cross_entropy_probs", |y, t| {
            cross_entropy_probs(y, t, MEAN)
        }),
        ("poisson_nll", |y, t| poisson_nll(y, t, MEAN)),
        ("poisson_nll_of_rate", |y, t| {
            poisson_nll_of_rate(y, t, MEAN)
        }),
        ("gaussian_nll", |y, t| gaussian_nll(y, t, 1.0, 1e-6, MEAN)),
        ("bce_with_logits_weighted", |y, t| {
            bce_with_logits_weighted(y, t, 1.0, 1.0, MEAN)
        }),
        ("sigmoid_focal_loss", |y, t| {
            sigmoid_focal_loss(y, t, None, 2.0, MEAN)
        }),
        ("soft_margin_loss", |y, t| soft_margin_loss(y, t, MEAN)),
        ("kl_div", |y, t| kl_div(y, t, MEAN)),
        ("hinge_loss", |y, t| hinge_loss(y, t, MEAN)),
        ("hinge_embedding_loss", |y, t| {
            hinge_embedding_loss(y, t, 1.0, MEAN)
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
            "Var::batch_norm": with(&[2, 3], |x| drop(x.batch_norm(2, None, None, 0.0))) => "batch_norm: axis 2 is out of range for the shape [2, 3]";
            "Var::batch_norm": pair(&[2, 3], &[2], |x, w| drop(x.batch_norm(1, Some(w), None, 0.0))) => "batch_norm: the weight has the shape [2], not [3]";
            "Var::batch_norm": pair(&[2, 3], &[1], |x, b| drop(x.batch_norm(1, None, Some(b), 0.0))) => "batch_norm: the bias has the shape [1], not [3]";
            "Var::batch_norm": with(&[1, 3], |x| drop(x.batch_norm(1, None, None, 0.0))) => "batch_norm: more than one value of each channel is needed, the shape is [1, 3]";
            "Var::batch_norm": with(&[3], |x| drop(x.batch_norm(0, None, None, 0.0))) => "batch_norm: more than one value of each channel is needed, the shape is [3]";
            "Var::batch_norm_with": pair(&[2, 3], &[1], |x, m| drop(x.batch_norm_with(1, m, m, None, None, 0.0))) => "batch_norm_with: the mean has the shape [1], not [3]";
            "Var::batch_norm_with": pair(&[2, 3], &[3], |x, m| drop(x.batch_norm_with(1, m, 1.0, None, None, 0.0))) => "batch_norm_with: the variance has the shape [], not [3]";
            "Var::batch_norm_with": pair(&[2, 3], &[3], |x, m| drop(x.batch_norm_with(2, m, m, None, None, 0.0))) => "batch_norm_with: axis 2 is out of range for the shape [2, 3]";
            "Var::group_norm": with(&[2, 4], |x| drop(x.group_norm(0, 1, None, None, 0.0))) => "group_norm: 4 channels are not 0 equal groups";
            "Var::group_norm": with(&[2, 4], |x| drop(x.group_norm(3, 1, None, None, 0.0))) => "group_norm: 4 channels are not 3 equal groups";
            "Var::group_norm": with(&[2, 4], |x| drop(x.group_norm(2, 5, None, None, 0.0))) => "group_norm: axis 5 is out of range for the shape [2, 4]";
            "Var::group_norm": pair(&[2, 4], &[2], |x, w| drop(x.group_norm(2, 1, Some(w), None, 0.0))) => "group_norm: the weight has the shape [2], not [4]";
            "Var::instance_norm": with(&[2, 4], |x| drop(x.instance_norm(1, None, None, 0.0))) => "instance_norm: more than one value of each channel is needed, the shape is [2, 4]";
            "Var::instance_norm": with(&[2, 4, 3], |x| drop(x.instance_norm(3, None, None, 0.0))) => "instance_norm: axis 3 is out of range for the shape [2, 4, 3]";
            "Var::instance_norm": pair(&[2, 4, 3], &[3], |x, b| drop(x.instance_norm(1, None, Some(b), 0.0))) => "instance_norm: the bias has the shape [3], not [4]";
            "Var::normalize": with(&[2, 3], |x| drop(x.normalize(f64::NAN, 1, 0.0))) => "norm_p: the order is NaN";
            "Var::normalize": with(&[2, 3], |x| drop(x.normalize(2.0, 2, 0.0))) => "norm: axis 2 is out of range for the shape [2, 3]";
            "Var::pairwise_distance": pair(&[2], &[3], |x, y| drop(x.pairwise_distance(y, 2.0, 0.0))) => "sub: shapes do not broadcast: [2] and [3]";
            "Var::pairwise_distance": pair(&[], &[], |x, y| drop(x.pairwise_distance(y, 2.0, 0.0))) => "norm: axis -1 is out of range for the shape []";
            "Var::cdist": pair(&[2], &[2, 3], |x, y| drop(x.cdist(y, 2.0))) => "cdist: rows are [..., rows, width], not [2]";
            "Var::cdist": pair(&[4, 2], &[2, 3], |x, y| drop(x.cdist(y, 2.0))) => "sub: shapes do not broadcast: [4, 1, 2] and [1, 2, 3]";
            "Var::rows_with_padding": with(&[4, 2], |x| drop(x.rows_with_padding(&Tensor::from([4]), 0))) => "index_select: index 4 is out of range for axis 0 of [4, 2]";
            "Var::rows_with_padding": with(&[4, 2], |x| drop(x.rows_with_padding(&Tensor::from([0]), 4))) => "rows_with_padding: the row 4 is none of 4";
            "Var::masked_softmax": with(&[3], |x| drop(x.masked_softmax(&Tensor::full([2], true), 0))) => "where_: shapes do not broadcast: [2] and [3]";
            "Var::masked_softmax": with(&[3], |x| drop(x.masked_softmax(&Tensor::full([3], true), 1))) => "softmax: axis 1 is out of range for the shape [3]";
            "Var::dropout": with(&[3], |x| drop(x.dropout(1.5))) => "dropout: 1.5 is no probability";
            "attend": pair(&[2, 3], &[3, 1], |s, v| drop(attend(s, v, Some(&Tensor::full([2, 4], true))))) => "where_: shapes do not broadcast: [2, 4] and [2, 3]";
            "attend": pair(&[2, 3], &[4, 1], |s, v| drop(attend(s, v, None))) => "matmul";
            "scaled_dot_scores": pair(&[2, 3], &[2, 4], |q, k| drop(scaled_dot_scores(q, k, None))) => "matmul";
            "scaled_dot_product_attention": pair(&[2, 3], &[2, 4], |q, k| drop(scaled_dot_product_attention(q, k, q, None))) => "matmul";
            "scaled_dot_product_attention_with": pair(&[2, 3], &[2, 4], |q, k| drop(scaled_dot_product_attention_with(q, k, q, Attention::default()))) => "matmul";
            "scaled_dot_product_attention_with": pair(&[2, 3], &[2, 3], |q, b| drop(scaled_dot_product_attention_with(q, q, q, Attention { bias: Some(b), ..Attention::default() }))) => "scaled_dot_product_attention: the bias has the shape [2, 3], the scores [2, 2]";
            "scaled_dot_product_attention_with": with(&[2, 3], |q| drop(scaled_dot_product_attention_with(q, q, q, Attention { dropout: -0.5, ..Attention::default() }))) => "dropout: -0.5 is no probability";
            "Var::entropy": with(&[2], |x| drop(x.entropy(1))) => "softmax: axis 1 is out of range for the shape [2]";
            "Var::xlogy": pair(&[2], &[3], |x, y| drop(x.xlogy(y))) => "xlogy: shapes do not broadcast: [2] and [3]";
        },
    );
}
