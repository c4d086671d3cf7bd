//! Losses. Targets are constants or variables; class indices are tensors of integers.
//!
//! A target has the shape of the prediction. Targets of another shape are refused even where they
//! would broadcast: `[4, 1]` beside `[4]` would train on `[4, 4]` pairs that nobody meant. A number,
//! as in `mse(y, 0.0)`, is the target of every element.
//!
//! Errors are bounds that `tests/edges/rows.rs` holds, for the loss of one element, in units in the last
//! place (ulp) of the true result, from the least number of the type to the greatest.

use wengert_tensor::{Float, ShapeError, Tensor};

use crate::compiled_here;
use crate::formula::real::Real;
use crate::formula::{Formula, Partial};
use crate::record::var::{Operand, Var};

/// What becomes of the losses of the single elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reduction {
    /// Their mean, over what is not ignored.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// They stay as they are.
    None,
}

impl Reduction {
    /// The reduction of `losses`.
    #[track_caller]
    pub fn of<T: Float>(self, losses: Var<'_, T>) -> Var<'_, T> {
        match self {
            Reduction::Mean => losses.mean(),
            Reduction::Sum => losses.sum(),
            Reduction::None => losses,
        }
    }
}

/// The target of a loss as a variable, if it has the shape of the prediction `y`, or is a number.
#[track_caller]
fn paired<'t, T: Float>(
    loss: &'static str,
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
) -> Var<'t, T> {
    let number = target.literal().is_some();
    let target = target.on(y.tape());
    if !number {
        same_shape(loss, y, target);
    }
    target
}

#[track_caller]
fn same_shape<T: Float>(loss: &'static str, y: Var<'_, T>, target: Var<'_, T>) {
    let (shape, found) = (y.shape(), target.shape());
    if shape != found {
        let reason = format!("the target has the shape {found}, the prediction {shape}");
        panic!("{}", ShapeError::new(loss, reason));
    }
}

/// Checks an attribute of a loss.
#[track_caller]
fn check_number(loss: &'static str, what: &str, number: f64, sound: bool) {
    assert!(sound, "{loss}: {number} is no {what}");
}

/// The mean of (y − target)². Off by at most 2 ulp, its slope by 1.
///
/// ```
/// use wengert_tape::{Tape, compose::mse};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.leaf(&Tensor::from([1.0, 4.0]));
/// assert_eq!(mse(y, &Tensor::from([1.0, 2.0])).item(), 2.0);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[track_caller]
pub fn mse<'t, T: Float>(y: Var<'t, T>, target: impl Operand<'t, T>) -> Var<'t, T> {
    let target = paired("mse", y, target);
    (y - target).square().mean()
}

/// (y − target)².
///
/// # Panics
/// If the target has another shape and is no number.
#[track_caller]
pub fn mse_with<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("mse", y, target);
    reduction.of((y - target).square())
}

/// |y − target|; the derivative where they are equal is 0. Off by at most 1 ulp.
///
/// # Panics
/// If the target has another shape and is no number.
#[track_caller]
pub fn l1_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("l1_loss", y, target);
    reduction.of((y - target).abs())
}

/// ½ d² where d = |y − target| is less than `delta`, and delta (d − ½ delta) elsewhere. Off by at most 2
/// ulp, its slope by 1.
///
/// Source: Huber 1964, Robust Estimation of a Location Parameter.
///
/// # Panics
/// If the target has another shape and is no number, or `delta` is not above 0.
#[track_caller]
pub fn huber_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    delta: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    check_number("huber_loss", "delta above 0", delta, delta > 0.0);
    let target = paired("huber_loss", y, target);
    let [loss] = y.tape().formula(Huber::new(delta, 1.0), [y - target]);
    reduction.of(loss)
}

/// ½ d² / beta where d = |y − target| is less than `beta`, and d − ½ beta elsewhere. Off by at most 2 ulp,
/// its slope by 1, for a `beta` that is a power of 2.
///
/// Source: Girshick 2015, Fast R-CNN.
///
/// # Panics
/// If the target has another shape and is no number, or `beta` is negative or NaN.
#[track_caller]
pub fn smooth_l1_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    beta: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    check_number("smooth_l1_loss", "beta of 0 or more", beta, beta >= 0.0);
    let target = paired("smooth_l1_loss", y, target);
    if beta == 0.0 {
        return reduction.of((y - target).abs());
    }
    let [loss] = y.tape().formula(Huber::new(beta, beta), [y - target]);
    reduction.of(loss)
}

/// The formula of [`huber_loss`], of the difference, divided by a number. The quotient may be a number of
/// the type where what is divided is none.
#[derive(Clone, Copy)]
struct Huber {
    delta: f64,
    divisor: f64,
    slope: f64,
}

impl Huber {
    fn new(delta: f64, divisor: f64) -> Self {
        let slope = delta / divisor;
        Huber {
            delta,
            divisor,
            slope,
        }
    }
}

impl Formula<1, 1> for Huber {
    compiled_here!(formula Huber, 1);

    const NAME: &'static str = "huber";
    #[inline(always)]
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        let (delta, half) = (R::lit(self.delta), R::lit(0.5));
        let d = x.abs();
        [R::select_less(
            d,
            delta,
            half * x * (x / R::lit(self.divisor)),
            R::lit(self.slope) * (d - half * delta),
        )]
    }
}

/// The cross entropy, in nats, of a Bernoulli distribution with the given logits:
/// −t ln sigmoid(x) − (1 − t) ln(1 − sigmoid(x)), without overflow. Off by at most 3 ulp, its slope by 3 of
/// the greater of its two terms.
///
/// # Panics
/// If the target has another shape and is no number.
#[track_caller]
pub fn bce_with_logits<'t, T: Float>(
    logits: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("bce_with_logits", logits, target);
    let [loss] = logits.tape().formula(BceWithLogits, [logits, target]);
    reduction.of(loss)
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
    nll(logits.log_softmax(-1), targets, options)
}

/// The cross entropy, in nats, between targets that are probabilities and the softmax of `logits`,
/// along the last axis: −Σ t ln softmax(logits). The mean is over what is left. Off by at most 3 ulp, its
/// slope by 5 of the row's greatest.
///
/// # Panics
/// If the targets have another shape than the logits, or the logits are a scalar.
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
#[track_caller]
pub fn nll_loss<'t, T: Float>(
    log_p: Var<'t, T>,
    targets: &Tensor<i64>,
    options: CrossEntropy,
) -> Var<'t, T> {
    check_targets("nll_loss", log_p, targets, options);
    nll(log_p, targets, options)
}

/// Checks classes, one for each row of \[…, C\], and the options. Before anything is recorded.
#[track_caller]
fn check_targets<T: Float>(
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
    let share = options.label_smoothing;
    check_number(
        loss,
        "share of label smoothing from 0 to 1",
        share,
        (0.0..=1.0).contains(&share),
    );
}

#[track_caller]
fn nll<'t, T: Float>(
    log_p: Var<'t, T>,
    targets: &Tensor<i64>,
    options: CrossEntropy,
) -> Var<'t, T> {
    let ignores = |class: i64| Some(class) == options.ignore_index;
    let pick = |classes: &Tensor<i64>| log_p.gather(-1, &classes.unsqueeze(-1)).squeeze(-1);
    let smooth = |picked: Var<'t, T>| match options.label_smoothing {
        0.0 => -picked,
        share => -(picked * (1.0 - share) + log_p.mean_axes(&[-1], false) * share),
    };
    let mut counted = targets.size();
    let losses = if targets.iter().any(ignores) {
        counted = targets.iter().filter(|&class| !ignores(class)).count();
        // What is ignored need not be a class; its loss is replaced.
        let losses = smooth(pick(
            &targets.map(|class| if ignores(class) { 0 } else { class }),
        ));
        log_p
            .tape()
            .scalar(0.0)
            .where_(&targets.map(ignores), losses)
    } else {
        smooth(pick(targets))
    };
    match options.reduction {
        Reduction::Mean => losses.sum() / counted.max(1) as f64,
        other => other.of(losses),
    }
}
