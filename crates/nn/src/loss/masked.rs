//! Means over the steps that count.

use wengert_tape::Var;
use wengert_tape::compose::{CrossEntropy, Reduction, cross_entropy_with};
use wengert_tensor::{Float, Tensor};

/// The first `lengths[b]` of `time` steps of each row b, \[B, T\].
///
/// ```
/// use wengert_nn::loss::length_mask;
/// assert_eq!(length_mask(&[1, 2], 2).to_vec(), [true, false, true, true]);
/// ```
///
/// # Panics
/// If a length is greater than `time`.
#[track_caller]
pub fn length_mask(lengths: &[usize], time: usize) -> Tensor<bool> {
    crate::attention::key_mask(lengths, time).squeeze(1)
}

/// The mean cross entropy, in nats, over the steps that count; 0 where none does. Logits are \[…, V\],
/// targets and mask \[…\]. What does not count gets a gradient of exactly 0, and its target may be
/// anything.
///
/// `label_smoothing` is the share of the target's probability that is spread over all classes evenly.
///
/// ```
/// use wengert_nn::loss::masked_cross_entropy;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let (targets, mask) = (Tensor::from([[3, -7]]), Tensor::from([[true, false]]));
/// let loss = masked_cross_entropy(tape.zeros([1, 2, 4]), &targets, &mask, 0.0);
/// assert_eq!(loss.item(), 4.0_f64.ln());
/// ```
///
/// # Panics
/// If the shapes do not fit, a target that counts is no class, or the label smoothing is not from 0 to
/// 1.
#[track_caller]
pub fn masked_cross_entropy<'t, T: Float>(
    logits: Var<'t, T>,
    targets: &Tensor<i64>,
    mask: &Tensor<bool>,
    label_smoothing: f64,
) -> Var<'t, T> {
    let options = CrossEntropy {
        ignore_index: Some(IGNORED),
        label_smoothing,
        reduction: Reduction::Mean,
    };
    cross_entropy_with(
        logits,
        &counted("masked_cross_entropy", targets, mask),
        options,
    )
}

/// No class of anybody's.
const IGNORED: i64 = i64::MIN;

/// The targets, with those that do not count replaced.
#[track_caller]
fn counted(loss: &str, targets: &Tensor<i64>, mask: &Tensor<bool>) -> Tensor<i64> {
    check_mask(loss, targets.shape().dims(), mask);
    let data = targets.iter().zip(mask.iter());
    let data = data.map(|(target, counts)| if counts { target } else { IGNORED });
    Tensor::from_vec(data.collect(), targets.shape()).expect("as many as before")
}

#[track_caller]
fn check_mask(loss: &str, steps: &[usize], mask: &Tensor<bool>) {
    assert!(
        mask.shape().dims() == steps,
        "{loss}: the mask has the shape {}, the steps have {steps:?}",
        mask.shape()
    );
}

/// The mean of (y − target)² over the steps that count and all their features; 0 where none does. y and
/// target are \[…, features\], the mask is \[…\]. What does not count gets a gradient of exactly 0.
///
/// ```
/// use wengert_nn::loss::masked_mse;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.constant(&Tensor::from([[[1.0], [f64::NAN]]]));
/// let mask = Tensor::from([[true, false]]);
/// assert_eq!(masked_mse(y, &Tensor::from([[[3.0], [0.0]]]), &mask).item(), 4.0);
/// ```
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn masked_mse<'t, T: Float>(
    y: Var<'t, T>,
    target: &Tensor<T>,
    mask: &Tensor<bool>,
) -> Var<'t, T> {
    let shape = y.shape();
    assert!(
        &shape == target.shape(),
        "masked_mse: the target has the shape {}, the prediction {shape}",
        target.shape()
    );
    let (features, steps) = shape.split_last().map_or((1, &[][..]), |(f, s)| (*f, s));
    check_mask("masked_mse", steps, mask);
    let count = mask.iter().filter(|counts| *counts).count() * features;
    let error = (y - target).where_(&mask.unsqueeze(-1), 0.0);
    (error * error).sum() / count.max(1) as f64
}

/// The log-likelihood of each sequence, in nats: the sum over its steps that count of
/// ln softmax(logits) at the target. Logits are \[B, T, V\], targets and mask \[B, T\], the result \[B\].
///
/// ```
/// use wengert_nn::loss::sequence_log_likelihood;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let (targets, mask) = (Tensor::from([[3, 0]]), Tensor::from([[true, true]]));
/// let likelihood = sequence_log_likelihood(tape.zeros([1, 2, 4]), &targets, &mask);
/// assert_eq!(likelihood.value().to_vec(), [-2.0 * 4.0_f64.ln()]);
/// ```
///
/// # Panics
/// If the shapes do not fit, or a target that counts is no class.
#[track_caller]
pub fn sequence_log_likelihood<'t, T: Float>(
    logits: Var<'t, T>,
    targets: &Tensor<i64>,
    mask: &Tensor<bool>,
) -> Var<'t, T> {
    let options = CrossEntropy {
        ignore_index: Some(IGNORED),
        reduction: Reduction::None,
        ..CrossEntropy::default()
    };
    let targets = counted("sequence_log_likelihood", targets, mask);
    -cross_entropy_with(logits, &targets, options).sum_axes(&[-1], false)
}

/// e to the mean cross entropy in nats: among how many equally likely words a model chooses.
///
/// ```
/// use wengert_nn::loss::perplexity;
/// assert!((perplexity(10.0_f64.ln()) - 10.0).abs() < 1e-12);
/// ```
pub fn perplexity(mean_cross_entropy: f64) -> f64 {
    mean_cross_entropy.exp()
}
