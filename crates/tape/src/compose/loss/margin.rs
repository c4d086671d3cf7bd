//! Losses of scores that should be apart by a margin.
//!
//! Where a score is exactly at its margin the loss is 0, and so is the gradient, as that of `relu`.

use wengert_tensor::{Float, ShapeError, Tensor};

use super::classes::check_targets;
use super::{CrossEntropy, Reduction, check_number, classes_of, paired, same_shapes};
use crate::record::var::{Operand, Var};

/// max(0, 1 − t y) for targets t of 1 and −1: the loss of support vector machines.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, hinge_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.leaf(&Tensor::from([0.25, 3.0, 0.5]));
/// let loss = hinge_loss(y, &Tensor::from([1.0, 1.0, -1.0]), Reduction::None);
/// assert_eq!(loss.value().to_vec(), [0.75, 0.0, 1.5]);
/// ```
///
/// Source: Cortes and Vapnik 1995, Support-Vector Networks.
///
/// # Panics
/// If the target has another shape and is no number.
#[track_caller]
pub fn hinge_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("hinge_loss", y, target);
    reduction.of((1.0 - target * y).relu())
}

/// The mean over the classes of max(0, margin − y_t + y_i)ᵖ for every class i but the target t. The scores
/// y are \[…, C\], the targets \[…\]; the mean divides by C, as PyTorch does.
///
/// Source: Weston and Watkins 1999, Support Vector Machines for Multi-Class Pattern Recognition; PyTorch's
/// `multi_margin_loss`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, multi_margin_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let scores = tape.leaf(&Tensor::from([[0.0, 0.5, 2.0, -1.0]]));
/// let targets = Tensor::from([1i64]);
/// let loss = multi_margin_loss(scores, &targets, 1.0, 1.0, Reduction::Mean);
/// assert_eq!(loss.item(), (0.5 + 2.5) / 4.0);
/// ```
///
/// # Panics
/// If the targets have not the shape of the scores without the last axis, one is no class, or p is less
/// than 1.
#[doc(alias = "MultiMarginLoss")]
#[track_caller]
pub fn multi_margin_loss<'t, T: Float>(
    scores: Var<'t, T>,
    targets: &Tensor<i64>,
    margin: f64,
    p: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    let name = "multi_margin_loss";
    check_number(name, "order of 1 or more", p, p >= 1.0);
    check_targets(name, scores, targets, CrossEntropy::default());
    let classes = classes_of(name, scores);
    let index = targets.unsqueeze(-1);
    let own = scores.gather(-1, &index);
    let short = power((margin - own + scores).relu(), p);
    let is_target = index.zip_map(&columns(classes), |target, class| target == class);
    let others = short.masked_fill(&is_target, 0.0);
    reduction.of(others.sum_axes(&[-1], false) / classes.max(1) as f64)
}

/// 0, 1, … along one axis.
fn columns(len: usize) -> Tensor<i64> {
    Tensor::from_fn([len], |at| at[0] as i64)
}

/// x to the power p of a margin, without a general power for those that are used.
#[track_caller]
fn power<T: Float>(x: Var<'_, T>, p: f64) -> Var<'_, T> {
    match p {
        1.0 => x,
        2.0 => x.square(),
        p => x.powf(p),
    }
}

/// The mean over the classes of max(0, 1 − y_t + y_i), for every class t that holds and every class i
/// that does not. Scores y and targets, true where a class holds, are \[…, C\], the losses \[…\]; the
/// mean divides by C, as PyTorch does.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, multilabel_margin_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let scores = tape.leaf(&Tensor::from([[0.1, 0.2, 0.4, 0.8]]));
/// let targets = Tensor::from([[true, false, false, true]]);
/// let loss = multilabel_margin_loss(scores, &targets, Reduction::Mean);
/// assert!((loss.item() - 0.85).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the targets have another shape than the scores, or these are a scalar.
#[doc(alias = "MultiLabelMarginLoss")]
#[track_caller]
pub fn multilabel_margin_loss<'t, T: Float>(
    scores: Var<'t, T>,
    targets: &Tensor<bool>,
    reduction: Reduction,
) -> Var<'t, T> {
    let name = "multilabel_margin_loss";
    let classes = classes_of(name, scores);
    let (shape, found) = (scores.shape(), targets.shape());
    if shape != *found {
        let reason = format!("the target has the shape {found}, the prediction {shape}");
        panic!("{}", ShapeError::new(name, reason));
    }
    // Rows are the classes that hold, columns those that do not.
    let short = (1.0 - scores.unsqueeze(-1) + scores.unsqueeze(-2)).relu();
    let pairs = targets
        .unsqueeze(-1)
        .zip_map(&targets.unsqueeze(-2), |holds, other| holds && !other);
    let losses = short.where_(&pairs, 0.0).sum_axes(&[-1, -2], false);
    reduction.of(losses / classes.max(1) as f64)
}

/// y where the target is 1, a pair that belongs together, and max(0, margin − y) where it is −1: y is a
/// distance. Any target above 0 counts as 1, any other as −1; no gradient flows into it.
///
/// Source: Hadsell, Chopra and LeCun 2006, Dimensionality Reduction by Learning an Invariant Mapping;
/// PyTorch's `hinge_embedding_loss`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, hinge_embedding_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.leaf(&Tensor::from([0.25, 0.25, 3.0]));
/// let target = Tensor::from([1.0, -1.0, -1.0]);
/// let loss = hinge_embedding_loss(y, &target, 1.0, Reduction::None);
/// assert_eq!(loss.value().to_vec(), [0.25, 0.75, 0.0]);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "HingeEmbeddingLoss", alias = "contrastive_loss")]
#[track_caller]
pub fn hinge_embedding_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    margin: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("hinge_embedding_loss", y, target);
    let zero = y.tape().scalar(0.0);
    reduction.of(Var::select_less(zero, target, y, (margin - y).relu()))
}

/// 1 − cos of the angle between the rows of x and y where the target is 1, and max(0, cos − margin) where
/// it is −1. x and y are \[…, features\], the targets \[…\]; any above 0 counts as 1, any other as −1.
/// A row of zeros has the cosine 0 with every other, and gradient 0.
///
/// Source: PyTorch's `cosine_embedding_loss`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, cosine_embedding_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(&Tensor::from([[1.0, 0.0], [1.0, 0.0]]));
/// let y = tape.leaf(&Tensor::from([[0.0, 2.0], [3.0, 0.0]]));
/// let target = Tensor::from([1.0, -1.0]);
/// let loss = cosine_embedding_loss(x, y, &target, 0.25, Reduction::None);
/// assert_eq!(loss.value().to_vec(), [1.0, 0.75]);
/// ```
///
/// # Panics
/// If x and y have different shapes or are scalars, or the target has not their shape without the last
/// axis and is no number.
#[doc(alias = "CosineEmbeddingLoss")]
#[track_caller]
pub fn cosine_embedding_loss<'t, T: Float>(
    x: Var<'t, T>,
    y: impl Operand<'t, T>,
    target: impl Operand<'t, T>,
    margin: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    let name = "cosine_embedding_loss";
    let y = y.on(x.tape());
    same_shapes(name, x, "other value", y);
    classes_of(name, x);
    let cosine = x.cosine_similarity(y, -1, 1e-8);
    let target = paired(name, cosine, target);
    let zero = x.tape().scalar(0.0);
    let apart = (cosine - margin).relu();
    reduction.of(Var::select_less(zero, target, 1.0 - cosine, apart))
}

/// max(0, margin − t (x − y)): by at least the margin x should be above y where the target t is 1, and
/// below it where t is −1.
///
/// Source: Herbrich, Graepel and Obermayer 2000, Large Margin Rank Boundaries for Ordinal Regression;
/// PyTorch's `margin_ranking_loss`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, margin_ranking_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(&Tensor::from([1.0, 1.0]));
/// let y = tape.leaf(&Tensor::from([3.0, 3.0]));
/// let loss = margin_ranking_loss(x, y, &Tensor::from([1.0, -1.0]), 0.5, Reduction::None);
/// assert_eq!(loss.value().to_vec(), [2.5, 0.0]);
/// ```
///
/// # Panics
/// If y or the target have another shape than x and are no numbers.
#[doc(alias = "MarginRankingLoss")]
#[track_caller]
pub fn margin_ranking_loss<'t, T: Float>(
    x: Var<'t, T>,
    y: impl Operand<'t, T>,
    target: impl Operand<'t, T>,
    margin: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    let name = "margin_ranking_loss";
    let y = paired(name, x, y);
    let target = paired(name, x, target);
    reduction.of((margin - target * (x - y)).relu())
}

/// How [`triplet_margin_loss`] compares.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TripletMargin {
    /// How much farther the negative should be than the positive.
    pub margin: f64,
    /// The order of the norm, above 0.
    pub p: f64,
    /// What is added to each difference, so that no distance is 0.
    pub eps: f64,
    /// Whether the distance of the positive from the negative counts where it is the less of both.
    pub swap: bool,
    /// What becomes of the single losses.
    pub reduction: Reduction,
}

impl Default for TripletMargin {
    /// The margin 1, Euclid's norm, 1e-6, no swap, the mean.
    fn default() -> Self {
        TripletMargin {
            margin: 1.0,
            p: 2.0,
            eps: 1e-6,
            swap: false,
            reduction: Reduction::Mean,
        }
    }
}

/// max(0, d(a, p) − d(a, n) + margin): an anchor should be nearer to what is like it than to what is not.
/// All three are \[…, features\] of one shape, the losses \[…\]; d is ‖x − y + ε‖ along the last axis.
///
/// Source: Schroff, Kalenichenko and Philbin 2015, FaceNet; the swap is that of Balntas et al. 2016,
/// Learning Local Feature Descriptors with Triplets and Shallow Convolutional Neural Networks.
///
/// ```
/// use wengert_tape::{Tape, compose::{TripletMargin, triplet_margin_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let [a, p, n] = [[0.0, 0.0], [3.0, 4.0], [0.0, 5.5]].map(|x| tape.leaf(&Tensor::from([x])));
/// let options = TripletMargin { eps: 0.0, ..TripletMargin::default() };
/// assert_eq!(triplet_margin_loss(a, p, n, options).item(), 0.5);
/// ```
///
/// # Panics
/// If the shapes differ or are those of scalars, or p is not above 0.
#[doc(alias = "triplet_margin")]
#[doc(alias = "TripletMarginLoss")]
#[doc(alias = "triplet_loss")]
#[track_caller]
pub fn triplet_margin_loss<'t, T: Float>(
    anchor: Var<'t, T>,
    positive: Var<'t, T>,
    negative: Var<'t, T>,
    options: TripletMargin,
) -> Var<'t, T> {
    let name = "triplet_margin_loss";
    check_number(name, "order above 0", options.p, options.p > 0.0);
    same_shapes(name, anchor, "positive", positive);
    same_shapes(name, anchor, "negative", negative);
    classes_of(name, anchor);
    let near = anchor.pairwise_distance(positive, options.p, options.eps);
    let mut far = anchor.pairwise_distance(negative, options.p, options.eps);
    if options.swap {
        far = far.min(positive.pairwise_distance(negative, options.p, options.eps));
    }
    options.reduction.of((near - far + options.margin).relu())
}
