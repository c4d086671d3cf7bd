//! Losses of yes and no: targets are probabilities, mostly 0 and 1.

use wengert_tensor::Float;

use super::{Reduction, check_number, classes_of, fits_into, paired};
use crate::compiled_here;
use crate::formula::real::Real;
use crate::formula::{Formula, Partial};
use crate::record::var::{Operand, Var};

/// The cross entropy, in nats, of a Bernoulli distribution with the given logits:
/// −t ln sigmoid(x) − (1 − t) ln(1 − sigmoid(x)), without overflow. Off by at most 3 ulp, its slope by 3 of
/// the greater of its two terms.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, bce_with_logits}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.leaf(&Tensor::from([0.0, -1e4]));
/// let loss = bce_with_logits(logits, &Tensor::from([1.0, 0.0]), Reduction::Sum);
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "binary_cross_entropy_with_logits")]
#[doc(alias = "BCEWithLogitsLoss")]
#[doc(alias = "sigmoid_binary_cross_entropy")]
#[track_caller]
pub fn bce_with_logits<'t, T: Float>(
    logits: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("bce_with_logits", logits, target);
    reduction.of(entropies(logits, target))
}

/// The cross entropy of each element.
#[track_caller]
fn entropies<'t, T: Float>(logits: Var<'t, T>, target: Var<'t, T>) -> Var<'t, T> {
    let [losses] = logits.tape().formula(BceWithLogits, [logits, target]);
    losses
}

/// The formula of [`bce_with_logits`].
#[derive(Clone, Copy)]
struct BceWithLogits;

impl Formula<2, 1> for BceWithLogits {
    compiled_here!(formula BceWithLogits, 2);

    const NAME: &'static str = "bce_with_logits";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, target]: [R; 2]) -> [R; 1] {
        // One of both is 0. The difference to 1 is rounded less than that of two products.
        let (zero, one) = (R::lit(0.0), R::lit(1.0));
        let log = (-x.abs()).exp().ln_1p();
        [R::select_less(x, zero, -x * target, x * (one - target)) + log]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x, target]: [R; 2], _: [R; 1]) -> [[Partial<R>; 2]; 1] {
        // sigmoid(x) − t by the smaller side of the logistic function: beside 1 nothing rounds it away.
        let (zero, one) = (R::lit(0.0), R::lit(1.0));
        let side = R::select_less(x, zero, x, -x).sigmoid();
        let slope = R::select_less(x, zero, side - target, (one - target) - side);
        [[Partial::Value(slope), Partial::Value(-x)]]
    }
}

/// The cross entropy, in nats, of a Bernoulli distribution with the given probabilities:
/// −t ln p − (1 − t) ln(1 − p), where the logarithms are at least −100. Off by at most 3 ulp, its slope by
/// 4 of the greater of its two terms; where 1 / p is out of range the slope may be ∞.
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "binary_cross_entropy", alias = "BCELoss")]
#[track_caller]
pub fn bce<'t, T: Float>(
    p: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("bce", p, target);
    let [log, log_rest] = [p.ln(), (-p).ln_1p()].map(|log| log.max(-100.0));
    reduction.of(-(target * log + (1.0 - target) * log_rest))
}

/// [`bce_with_logits`] with weights: w (−p t ln sigmoid(x) − (1 − t) ln(1 − sigmoid(x))).
///
/// `positive` is p, what a target of 1 counts beside one of 0: above 1 it makes a detector find more of
/// what is rare. `weight` is w. Both are 1 where they are numbers 1.0; they broadcast to the logits, so
/// that there may be one for each column. The mean is over the elements, whatever their weights. A term
/// that counts 0 is 0, also at an infinite logit.
///
/// Source: PyTorch's `binary_cross_entropy_with_logits` with `weight` and `pos_weight`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, bce_with_logits_weighted}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.leaf(&Tensor::from([0.0, 0.0]));
/// let target = Tensor::from([1.0, 0.0]);
/// let loss = bce_with_logits_weighted(logits, &target, 1.0, 3.0, Reduction::Sum);
/// assert!((loss.item() - 4.0 * 2.0_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the target has another shape and is no number, or a weight does not broadcast to the logits.
#[doc(alias = "binary_cross_entropy_with_logits")]
#[doc(alias = "BCEWithLogitsLoss")]
#[doc(alias = "pos_weight")]
#[track_caller]
pub fn bce_with_logits_weighted<'t, T: Float>(
    logits: Var<'t, T>,
    target: impl Operand<'t, T>,
    weight: impl Operand<'t, T>,
    positive: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let name = "bce_with_logits_weighted";
    let target = paired(name, logits, target);
    let [weight, positive] = [weight.on(logits.tape()), positive.on(logits.tape())];
    for weight in [weight, positive] {
        fits_into(name, "weight", weight, logits);
    }
    let yes = Var::absorb(positive * target, (-logits).softplus());
    let no = Var::absorb(1.0 - target, logits.softplus());
    reduction.of(Var::absorb(weight, yes + no))
}

/// The cross entropy of yes and no, less for what is decided already: a (1 − p)ᵞ (−ln p), where p is the
/// probability that the logit x gives to the target.
///
/// `gamma` is γ, mostly 2; with 0 it is [`bce_with_logits`]. `alpha` is a for a target of 1, and 1 − a is
/// that of a target of 0; [`None`] is 1 for both. Far out, where 1 − p is 0, loss and gradient are 0.
///
/// Source: Lin et al. 2017, Focal Loss for Dense Object Detection.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, sigmoid_focal_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.leaf(&Tensor::from([0.0, 1e4]));
/// let loss = sigmoid_focal_loss(logits, 1.0, None, 2.0, Reduction::None);
/// assert!((loss.value()[[0]] - 0.25 * 2.0_f64.ln()).abs() < 1e-12);
/// assert_eq!(loss.value()[[1]], 0.0);
/// ```
///
/// # Panics
/// If the target has another shape and is no number, `gamma` is negative or NaN, or `alpha` is not from 0
/// to 1.
#[doc(alias = "focal_loss")]
#[track_caller]
pub fn sigmoid_focal_loss<'t, T: Float>(
    logits: Var<'t, T>,
    target: impl Operand<'t, T>,
    alpha: Option<f64>,
    gamma: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    let name = "sigmoid_focal_loss";
    check_number(name, "gamma of 0 or more", gamma, gamma >= 0.0);
    if let Some(alpha) = alpha {
        let sound = (0.0..=1.0).contains(&alpha);
        check_number(name, "alpha from 0 to 1", alpha, sound);
    }
    let target = paired(name, logits, target);
    let loss = entropies(logits, target);
    // 1 − p, out of the small sides of the logistic function.
    let missing = target * (-logits).sigmoid() + (1.0 - target) * logits.sigmoid();
    let mut focused = Var::absorb(missing.powf(gamma), loss);
    if let Some(alpha) = alpha {
        focused *= alpha * target + (1.0 - alpha) * (1.0 - target);
    }
    reduction.of(focused)
}

/// ln(1 + e^(−t y)) for targets t of 1 and −1, without overflow: the logistic loss.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, soft_margin_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.leaf(&Tensor::from([0.0, -1e4]));
/// let loss = soft_margin_loss(y, &Tensor::from([1.0, -1.0]), Reduction::Sum);
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "SoftMarginLoss", alias = "logistic_loss")]
#[track_caller]
pub fn soft_margin_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("soft_margin_loss", y, target);
    reduction.of((-(target * y)).softplus())
}

/// The mean of [`bce_with_logits`] over the classes, which lie along the last axis: each of them may hold
/// or not, whatever the others do. Logits and targets are \[…, C\], the losses \[…\].
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, multilabel_soft_margin_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let logits = tape.leaf(&Tensor::from([[0.0, 0.0, 0.0]]));
/// let target = Tensor::from([[1.0, 0.0, 1.0]]);
/// let loss = multilabel_soft_margin_loss(logits, &target, Reduction::Mean);
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the target has another shape and is no number, or the logits are a scalar.
#[doc(alias = "MultiLabelSoftMarginLoss")]
#[track_caller]
pub fn multilabel_soft_margin_loss<'t, T: Float>(
    logits: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let classes = classes_of("multilabel_soft_margin_loss", logits);
    let target = paired("multilabel_soft_margin_loss", logits, target);
    let losses = entropies(logits, target);
    reduction.of(losses.sum_axes(&[-1], false) / classes.max(1) as f64)
}
