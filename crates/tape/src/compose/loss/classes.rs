//! Losses of one class among several, which lie along the last axis.

use wengert_tensor::{Float, Shape, ShapeError, Tensor};

use super::{Reduction, check_number, classes_of, paired, same_shape};
use crate::record::var::{Operand, Var};

/// How [`cross_entropy_with`] treats targets and losses.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CrossEntropy {
    /// A target that gives no loss and does not count in the mean.
    pub ignore_index: Option<i64>,
    /// The share of the target's probability that is spread over all classes evenly, from 0 to 1.
    pub label_smoothing: f64,
    /// What becomes of the single losses.
    pub reduction: Reduction,
}

impl Default for CrossEntropy {
    /// Nothing ignored, nothing smoothed, the mean.
    fn default() -> Self {
        CrossEntropy {
            ignore_index: None,
            label_smoothing: 0.0,
            reduction: Reduction::Mean,
        }
    }
}

/// The mean cross entropy, in nats: −ln softmax(logits) at the target. The classes lie along the
/// last axis of `logits` \[…, C\], the targets are \[…\]. Off by at most 2 ulp, its slope by 4 of the row's
/// greatest.
///
/// ```
/// use wengert_tape::{Tape, compose::cross_entropy};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.zeros([2, 4]);
/// let loss = cross_entropy(logits, &Tensor::from([3i64, 0]));
/// assert_eq!(loss.item(), 4.0_f64.ln());
/// ```
///
/// # Panics
/// If the targets have not the shape of the logits without the last axis, or one is no class.
#[doc(alias = "CrossEntropyLoss", alias = "sparse_categorical_crossentropy")]
#[doc(alias = "softmax_cross_entropy_with_integer_labels")]
#[track_caller]
pub fn cross_entropy<'t, T: Float>(logits: Var<'t, T>, targets: &Tensor<i64>) -> Var<'t, T> {
    cross_entropy_with(logits, targets, CrossEntropy::default())
}

/// The same with options. Where all targets are ignored, the mean is 0 with gradient 0.
///
/// # Panics
/// If the targets have not the shape of the logits without the last axis, one is no class, or the
/// label smoothing is not from 0 to 1.
#[track_caller]
pub fn cross_entropy_with<'t, T: Float>(
    logits: Var<'t, T>,
    targets: &Tensor<i64>,
    options: CrossEntropy,
) -> Var<'t, T> {
    check_targets("cross_entropy", logits, targets, options);
    Terms::new(logits.log_softmax(-1), targets, None, options).reduced()
}

/// The cross entropy, in nats, between targets that are probabilities and the softmax of `logits`,
/// along the last axis: −Σ t ln softmax(logits). The mean is over what is left. Off by at most 3 ulp, its
/// slope by 5 of the row's greatest.
///
/// # Panics
/// If the targets have another shape than the logits, or the logits are a scalar.
#[doc(alias = "softmax_cross_entropy", alias = "categorical_crossentropy")]
#[track_caller]
pub fn cross_entropy_probs<'t, T: Float>(
    logits: Var<'t, T>,
    targets: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let targets = targets.on(logits.tape());
    same_shape("cross_entropy_probs", logits, targets);
    // A class of probability 0 gives 0, even where its logarithm is −∞.
    let terms = Var::absorb(targets, logits.log_softmax(-1));
    reduction.of(-terms.sum_axes(&[-1], false))
}

/// The negative log-likelihood of the targets \[…\], in nats, for log-probabilities \[…, C\]. Without
/// label smoothing it is exact.
///
/// # Panics
/// If the targets have not the shape of the log-probabilities without the last axis, one is no class,
/// or the label smoothing is not from 0 to 1.
#[doc(alias = "NLLLoss")]
#[track_caller]
pub fn nll_loss<'t, T: Float>(
    log_p: Var<'t, T>,
    targets: &Tensor<i64>,
    options: CrossEntropy,
) -> Var<'t, T> {
    check_targets("nll_loss", log_p, targets, options);
    Terms::new(log_p, targets, None, options).reduced()
}

/// [`cross_entropy_with`], where each class has a weight \[C\]: the loss of a row is multiplied by that of
/// its target, and the mean is the sum divided by the sum of these weights. A number is the weight of every
/// class.
///
/// With label smoothing ε every class c adds ε / C · w_c (−ln p_c), and the target 1 − ε of its own. Where
/// the weights of what counts are all 0, the mean is 0 with gradient 0.
///
/// Source: King and Zeng 2001, Logistic Regression in Rare Events Data; PyTorch's `cross_entropy`.
///
/// ```
/// use wengert_tape::{Tape, compose::{CrossEntropy, cross_entropy_weighted}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.leaf(&Tensor::from([[0.0, 0.0], [0.0, 3.0_f64.ln()]]));
/// let (targets, weights) = (Tensor::from([0i64, 1]), Tensor::from([1.0, 3.0]));
/// let loss = cross_entropy_weighted(logits, &targets, &weights, CrossEntropy::default());
/// let expected = (2.0_f64.ln() + 3.0 * (4.0_f64 / 3.0).ln()) / 4.0;
/// assert!((loss.item() - expected).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the targets have not the shape of the logits without the last axis, one is no class, the weights
/// are neither \[C\] nor a number, or the label smoothing is not from 0 to 1.
#[doc(alias = "CrossEntropyLoss", alias = "class_weight")]
#[track_caller]
pub fn cross_entropy_weighted<'t, T: Float>(
    logits: Var<'t, T>,
    targets: &Tensor<i64>,
    weights: impl Operand<'t, T>,
    options: CrossEntropy,
) -> Var<'t, T> {
    let name = "cross_entropy_weighted";
    check_targets(name, logits, targets, options);
    let weights = class_weights(name, logits, weights);
    Terms::new(logits.log_softmax(-1), targets, Some(weights), options).reduced()
}

/// [`nll_loss`], where each class has a weight, as in [`cross_entropy_weighted`].
///
/// # Panics
/// If the targets have not the shape of the log-probabilities without the last axis, one is no class, the
/// weights are neither \[C\] nor a number, or the label smoothing is not from 0 to 1.
#[doc(alias = "NLLLoss", alias = "class_weight")]
#[track_caller]
pub fn nll_loss_weighted<'t, T: Float>(
    log_p: Var<'t, T>,
    targets: &Tensor<i64>,
    weights: impl Operand<'t, T>,
    options: CrossEntropy,
) -> Var<'t, T> {
    let name = "nll_loss_weighted";
    check_targets(name, log_p, targets, options);
    let weights = class_weights(name, log_p, weights);
    Terms::new(log_p, targets, Some(weights), options).reduced()
}

/// The cross entropy, less for rows that are decided already: (1 − p)ᵞ (−ln p), where p is the probability
/// of the target. `gamma` is γ, mostly 2; with 0 it is [`cross_entropy_with`]. Where p is 1, loss and
/// gradient are 0. Label smoothing is that of the cross entropy.
///
/// Source: Lin et al. 2017, Focal Loss for Dense Object Detection.
///
/// ```
/// use wengert_tape::{Tape, compose::{CrossEntropy, focal_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.leaf(&Tensor::from([[0.0, 0.0]]));
/// let loss = focal_loss(logits, &Tensor::from([1i64]), 2.0, CrossEntropy::default());
/// assert!((loss.item() - 0.25 * 2.0_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the targets have not the shape of the logits without the last axis, one is no class, `gamma` is
/// negative or NaN, or the label smoothing is not from 0 to 1.
#[track_caller]
pub fn focal_loss<'t, T: Float>(
    logits: Var<'t, T>,
    targets: &Tensor<i64>,
    gamma: f64,
    options: CrossEntropy,
) -> Var<'t, T> {
    check_number("focal_loss", "gamma of 0 or more", gamma, gamma >= 0.0);
    check_targets("focal_loss", logits, targets, options);
    let mut terms = Terms::new(logits.log_softmax(-1), targets, None, options);
    // All digits of 1 − p, also where p is nearly 1.
    let missing = -terms.picked.exp_m1();
    terms.losses = Var::absorb(missing.powf(gamma), terms.losses);
    terms.reduced()
}

/// [`cross_entropy_probs`] with class weights, \[C\] or a number, and label smoothing: −Σ w t ln
/// softmax(logits), where each t is (1 − ε) t + ε / C. The mean is over the rows, whatever their weights.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, cross_entropy_probs_weighted}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.leaf(&Tensor::from([[0.0, 0.0]]));
/// let (targets, weights) = (Tensor::from([[0.5, 0.5]]), Tensor::from([1.0, 3.0]));
/// let loss = cross_entropy_probs_weighted(logits, &targets, &weights, 0.0, Reduction::Mean);
/// assert!((loss.item() - 2.0 * 2.0_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the targets have another shape than the logits, the logits are a scalar, the weights are neither
/// \[C\] nor a number, or the label smoothing is not from 0 to 1.
#[doc(alias = "softmax_cross_entropy", alias = "class_weight")]
#[track_caller]
pub fn cross_entropy_probs_weighted<'t, T: Float>(
    logits: Var<'t, T>,
    targets: impl Operand<'t, T>,
    weights: impl Operand<'t, T>,
    label_smoothing: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    let name = "cross_entropy_probs_weighted";
    let targets = targets.on(logits.tape());
    same_shape(name, logits, targets);
    check_share(name, label_smoothing);
    let weights = class_weights(name, logits, weights);
    let classes = classes_of(name, logits).max(1) as f64;
    let targets = match label_smoothing {
        0.0 => targets,
        share => targets * (1.0 - share) + share / classes,
    };
    let terms = Var::absorb(weights * targets, logits.log_softmax(-1));
    reduction.of(-terms.sum_axes(&[-1], false))
}

/// The divergence of Kullback and Leibler of the distribution `log_q`, given as logarithms, from the
/// target p, element by element and in nats: p (ln p − log q), and 0 where p is 0, also where q is 0.
///
/// The divergence of a distribution is the sum of its elements, so that the mean over a batch of rows is
/// the sum divided by the number of rows, and not [`Reduction::Mean`]. A target that is given as
/// logarithms is `log_p.exp()`.
///
/// Source: Kullback and Leibler 1951, On Information and Sufficiency; PyTorch's `kl_div`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, kl_div}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let log_q = tape.leaf(&Tensor::from([[0.5_f64.ln(), 0.5_f64.ln()]]));
/// let loss = kl_div(log_q, &Tensor::from([[1.0, 0.0]]), Reduction::Sum);
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "KLDivLoss")]
#[doc(alias = "relative_entropy")]
#[doc(alias = "kl_divergence")]
#[track_caller]
pub fn kl_div<'t, T: Float>(
    log_q: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("kl_div", log_q, target);
    reduction.of(Var::absorb(target, target.ln() - log_q))
}

/// Checks classes, one for each row of \[…, C\], and the options. Before anything is recorded.
#[track_caller]
pub(super) fn check_targets<T: Float>(
    loss: &'static str,
    rows: Var<'_, T>,
    targets: &Tensor<i64>,
    options: CrossEntropy,
) {
    let shape = rows.shape();
    let fits = shape
        .split_last()
        .is_some_and(|(_, outer)| outer == targets.shape().dims());
    assert!(
        fits,
        "{loss}: targets {} do not fit {shape}, classes last",
        targets.shape()
    );
    let classes = shape[shape.rank() - 1];
    let known = |class: i64| {
        Some(class) == options.ignore_index || usize::try_from(class).is_ok_and(|at| at < classes)
    };
    if let Some(class) = targets.iter().find(|&class| !known(class)) {
        panic!("{loss}: the target {class} is none of the {classes} classes of {shape}");
    }
    check_share(loss, options.label_smoothing);
}

#[track_caller]
fn check_share(loss: &'static str, share: f64) {
    check_number(
        loss,
        "share of label smoothing from 0 to 1",
        share,
        (0.0..=1.0).contains(&share),
    );
}

/// Weights \[C\] of the classes of `rows` \[…, C\].
#[track_caller]
fn class_weights<'t, T: Float>(
    loss: &'static str,
    rows: Var<'t, T>,
    weights: impl Operand<'t, T>,
) -> Var<'t, T> {
    let classes = Shape::from([classes_of(loss, rows)]);
    let number = weights.literal().is_some();
    let weights = weights.on(rows.tape());
    if number {
        return weights.expand(classes);
    }
    let found = weights.shape();
    if found != classes {
        let reason = format!("the weights of the classes have the shape {found}, not {classes}");
        panic!("{}", ShapeError::new(loss, reason));
    }
    weights
}

/// The losses of the rows, on their way to their reduction.
struct Terms<'a, 't, T: Float> {
    /// The log-probability of each target.
    picked: Var<'t, T>,
    losses: Var<'t, T>,
    /// The weight of each target, if there are weights.
    weights: Option<Var<'t, T>>,
    targets: &'a Tensor<i64>,
    options: CrossEntropy,
}

impl<'a, 't, T: Float> Terms<'a, 't, T> {
    /// The losses of rows of log-probabilities, with the weights \[C\] of the classes if there are any.
    #[track_caller]
    fn new(
        log_p: Var<'t, T>,
        targets: &'a Tensor<i64>,
        weights: Option<Var<'t, T>>,
        options: CrossEntropy,
    ) -> Self {
        let ignores = |class: i64| Some(class) == options.ignore_index;
        // What is ignored need not be a class; its loss is replaced.
        let some = targets.iter().any(ignores);
        let classes = some.then(|| targets.map(|class| if ignores(class) { 0 } else { class }));
        let classes = classes.as_ref().unwrap_or(targets);
        let picked = log_p.gather(-1, &classes.unsqueeze(-1)).squeeze(-1);
        let own = weights.map(|weights| weights.rows(classes));
        let share = options.label_smoothing;
        let losses = match (weights, own) {
            (Some(weights), Some(own)) => {
                let losses = Var::absorb(own, -picked);
                if share > 0.0 {
                    let all = Var::absorb(weights, -log_p).mean_axes(&[-1], false);
                    losses * (1.0 - share) + all * share
                } else {
                    losses
                }
            }
            _ if share > 0.0 => -(picked * (1.0 - share) + log_p.mean_axes(&[-1], false) * share),
            _ => -picked,
        };
        Terms {
            picked,
            losses,
            weights: own,
            targets,
            options,
        }
    }

    /// The losses without what is ignored, reduced.
    #[track_caller]
    fn reduced(self) -> Var<'t, T> {
        let losses = self.without_ignored(self.losses);
        match (self.options.reduction, self.weights) {
            (Reduction::Mean, None) => {
                let counts = |class: &i64| Some(*class) != self.options.ignore_index;
                let counted = self.targets.iter().filter(counts).count();
                losses.sum() / counted.max(1) as f64
            }
            (Reduction::Mean, Some(weights)) => {
                let total = self.without_ignored(weights).sum();
                let zero = total.tape().scalar(0.0);
                let infinity = total.tape().scalar(f64::INFINITY);
                losses.sum() / Var::select_equal(total, zero, infinity, total)
            }
            (other, _) => other.of(losses),
        }
    }

    /// 0 in place of what is ignored.
    #[track_caller]
    fn without_ignored(&self, x: Var<'t, T>) -> Var<'t, T> {
        let ignores = |class: i64| Some(class) == self.options.ignore_index;
        if !self.targets.iter().any(ignores) {
            return x;
        }
        x.tape().scalar(0.0).where_(&self.targets.map(ignores), x)
    }
}
