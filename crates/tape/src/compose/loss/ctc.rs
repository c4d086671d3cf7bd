//! Connectionist temporal classification: labels that are not aligned with the steps.

use wengert_tensor::{Float, Tensor};

use super::Reduction;
use crate::record::var::Var;

/// How [`ctc_loss`] reads its inputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CtcLoss {
    /// The class that is the blank.
    pub blank: usize,
    /// Whether the steps lie along the first axis and the rows along the second, \[T, B, C\], as in
    /// PyTorch; otherwise they are \[B, T, C\].
    pub time_first: bool,
    /// Whether the loss of a target that no path spells is 0 and not ∞.
    pub zero_infinity: bool,
    /// What becomes of the losses of the rows. The mean is that of the losses per label, as in PyTorch:
    /// each is divided by the number of its labels first, which counts as 1 where there is none.
    pub reduction: Reduction,
}

/// The negative log-likelihood of sequences of labels over all ways in which a longer sequence of outputs
/// can spell them, in nats.
///
/// A path gives each step a label or the blank. It spells what is left when repetitions are merged and
/// blanks are removed. `logits` are \[B, T, C\], or \[T, B, C\], and what counts is their softmax over the
/// classes; log-probabilities are logits too. Of row b the first `lengths[b]` steps count, and
/// `targets[b]` are its labels. What does not count gets a gradient of exactly 0. Where no path spells the
/// target, as where it is longer than the steps, the loss is ∞ and its gradient 0.
///
/// Source: Graves et al. 2006, Connectionist temporal classification, equations 3 to 8.
///
/// ```
/// use wengert_tape::{Tape, compose::{CtcLoss, ctc_loss}};
/// let tape = Tape::<f64>::new();
/// // Two steps, a blank and one label, all equally likely: "1" is spelt by 11, 1- and -1.
/// let logits = tape.leaf(&wengert_tensor::Tensor::zeros([1, 2, 2]));
/// let loss = ctc_loss(logits, &[2], &[vec![1]], CtcLoss::default());
/// assert!((loss.item() + 0.75_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the logits have not three axes, the blank is no class, there are not as many lengths and targets as
/// rows, a length is greater than T, or a label is the blank or no class.
#[doc(alias = "CTCLoss")]
#[track_caller]
pub fn ctc_loss<'t, T: Float>(
    logits: Var<'t, T>,
    lengths: &[usize],
    targets: &[Vec<usize>],
    options: CtcLoss,
) -> Var<'t, T> {
    let logits = match (options.time_first, logits.rank()) {
        (true, 3) => logits.transpose(0, 1),
        _ => logits,
    };
    check(logits, lengths, targets, options.blank);
    let losses = rows(logits.log_softmax(-1), lengths, targets, options.blank);
    let losses = match options.zero_infinity {
        true => {
            let [zero, infinity] = [0.0, f64::INFINITY].map(|x| losses.tape().scalar(x));
            Var::select_equal(losses, infinity, zero, losses)
        }
        false => losses,
    };
    if options.reduction != Reduction::Mean {
        return options.reduction.of(losses);
    }
    let labels = Tensor::from_fn([targets.len()], |at| {
        T::from_f64(targets[at[0]].len().max(1) as f64)
    });
    Reduction::Mean.of(losses / &labels)
}

/// The same for log-probabilities \[B, T, C\], as `log_softmax` gives them, row by row, \[B\]. They are
/// taken as they are, and need not be those of distributions.
///
/// ```
/// use wengert_tape::{Tape, compose::ctc_nll};
/// let tape = Tape::<f64>::new();
/// let log_p = tape.full([1, 2, 2], 0.5_f64.ln());
/// assert!((ctc_nll(log_p, &[2], &[vec![1]], 0).item() + 0.75_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// As [`ctc_loss`].
#[doc(alias = "ctc_loss")]
#[track_caller]
pub fn ctc_nll<'t, T: Float>(
    log_p: Var<'t, T>,
    lengths: &[usize],
    targets: &[Vec<usize>],
    blank: usize,
) -> Var<'t, T> {
    check(log_p, lengths, targets, blank);
    rows(log_p, lengths, targets, blank)
}

#[track_caller]
fn rows<'t, T: Float>(
    log_p: Var<'t, T>,
    lengths: &[usize],
    targets: &[Vec<usize>],
    blank: usize,
) -> Var<'t, T> {
    let (tape, [batch, time]) = (log_p.tape(), [log_p.dim(0), log_p.dim(1)]);
    let most = targets.iter().map(Vec::len).max().unwrap_or(0);
    let states = 2 * most + 1;
    // The target with blanks around each label.
    let label = |row: usize, state: usize| match targets[row].get(state / 2) {
        Some(&label) if state % 2 == 1 => label,
        _ => blank,
    };
    let labels = Tensor::from_fn([batch, 1, states], |at| label(at[0], at[2]) as i64);
    let index = labels.expand([batch, time, states]).contiguous();
    let emitted = log_p.gather(2, &index);
    // A path may skip the blank between two different labels.
    let skips = Tensor::from_fn([batch, states], |at| {
        at[1] % 2 == 1 && at[1] >= 2 && label(at[0], at[1]) != label(at[0], at[1] - 2)
    });
    let none = tape.full([batch, 1], f64::NEG_INFINITY);
    let shifted = |alpha: Var<'t, T>| Var::cat(&[none, alpha.slice(1, ..states - 1)], 1);
    // Before the first step a path stands, with probability 1, before the first state.
    let mut alpha = tape.constant(&Tensor::from_fn([batch, states], |at| match at[1] {
        0 => T::ZERO,
        _ => T::from_f64(f64::NEG_INFINITY),
    }));
    for t in 0..time {
        let next = if t == 0 {
            let starts = Tensor::from_fn([batch, states], |at| at[1] < 2);
            emitted.select(1, 0).where_(&starts, f64::NEG_INFINITY)
        } else {
            let one = shifted(alpha);
            let two = shifted(one).where_(&skips, f64::NEG_INFINITY);
            Var::stack(&[alpha, one, two], 0).logsumexp(&[0], false) + emitted.select(1, t as isize)
        };
        let goes_on = Tensor::from_fn([batch, 1], |at| t < lengths[at[0]]);
        alpha = next.where_(&goes_on, alpha);
    }
    // A path ends in the last label or in the blank after it.
    let ends = Tensor::from_fn([batch, states], |at| {
        let last = 2 * targets[at[0]].len();
        at[1] == last || at[1] + 1 == last
    });
    -alpha
        .where_(&ends, f64::NEG_INFINITY)
        .logsumexp(&[1], false)
}

#[track_caller]
fn check<T: Float>(log_p: Var<'_, T>, lengths: &[usize], targets: &[Vec<usize>], blank: usize) {
    let shape = log_p.shape();
    assert!(
        shape.rank() == 3,
        "ctc: log-probabilities are [B, T, C], not {shape}"
    );
    let [batch, time, classes] = [shape[0], shape[1], shape[2]];
    assert!(
        blank < classes,
        "ctc: the blank {blank} is none of {classes} classes"
    );
    assert!(
        lengths.len() == batch && targets.len() == batch,
        "ctc: {} lengths and {} targets beside {batch} rows",
        lengths.len(),
        targets.len()
    );
    for (row, (&len, target)) in lengths.iter().zip(targets).enumerate() {
        assert!(
            len <= time,
            "ctc: row {row} is {len} long, there are {time} steps"
        );
        for &label in target {
            assert!(
                label < classes && label != blank,
                "ctc: the label {label} of row {row} is the blank or none of {classes} classes"
            );
        }
    }
}
