//! `Ctc`: targets that are not aligned with the steps.

use std::collections::BTreeMap;

use wengert_tape::Var;
use wengert_tape::compose::ctc_nll;
use wengert_tensor::{Float, Tensor};

use crate::argmax::argmax;

/// Connectionist temporal classification: the likelihood of a sequence of labels over all ways in which
/// a longer sequence of outputs can spell it.
///
/// A path gives each step a label or the blank. It spells what is left when repetitions are merged and
/// blanks are removed.
///
/// Source: Graves et al. 2006, *Connectionist temporal classification*, equations 3 to 8; the decoding
/// of prefixes is that of Hannun et al. 2014, *First-pass large vocabulary continuous speech
/// recognition*, without a language model.
///
/// ```
/// use wengert_nn::loss::Ctc;
/// use wengert_tape::Tape;
/// let tape = Tape::<f64>::new();
/// // Two steps, a blank and one label, all equally likely: "1" is spelt by 11, 1- and -1.
/// let log_p = tape.full([1, 2, 2], 0.5_f64.ln());
/// let loss = Ctc::new(0).loss(log_p, &[2], &[vec![1]]);
/// assert!((loss.item() + 0.75_f64.ln()).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ctc {
    /// The class that is the blank.
    pub blank: usize,
}

impl Ctc {
    /// With such a blank.
    pub fn new(blank: usize) -> Self {
        Ctc { blank }
    }

    /// The negative log-likelihood of each sequence, in nats, \[B\]. `log_p` \[B, T, C\] are
    /// log-probabilities, as `log_softmax` gives them; of row b the first `lengths[b]` steps count, and
    /// `targets[b]` are its labels. Where no path spells the target the loss is ∞, and its gradient 0.
    /// [`ctc_loss`](wengert_tape::compose::ctc_loss) is the same of logits, reduced.
    ///
    /// # Panics
    /// If the log-probabilities have not three axes, the blank is no class, there are not as many lengths
    /// and targets as rows, a length is greater than T, or a label is the blank or no class.
    #[track_caller]
    pub fn loss<'t, T: Float>(
        &self,
        log_p: Var<'t, T>,
        lengths: &[usize],
        targets: &[Vec<usize>],
    ) -> Var<'t, T> {
        ctc_nll(log_p, lengths, targets, self.blank)
    }

    /// What the likeliest path spells: quick, and not always the likeliest labels. `log_p` is \[T, C\].
    ///
    /// ```
    /// use wengert_nn::loss::Ctc;
    /// use wengert_tensor::Tensor;
    /// let log_p = Tensor::<f64>::from([[0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.3, 0.7]]);
    /// assert_eq!(Ctc::new(0).best_path(&log_p), [1, 1]);
    /// ```
    ///
    /// # Panics
    /// If `log_p` has not two axes.
    #[track_caller]
    pub fn best_path<T: Float>(&self, log_p: &Tensor<T>) -> Vec<usize> {
        let mut labels = Vec::new();
        let mut before = self.blank;
        for step in steps(log_p) {
            let best = argmax(&step);
            if best != self.blank && best != before {
                labels.push(best);
            }
            before = best;
        }
        labels
    }

    /// The likeliest labels that a search which keeps `width` prefixes finds, likeliest first, with
    /// their log-likelihoods over the paths that it kept. `log_p` is \[T, C\].
    ///
    /// ```
    /// use wengert_nn::loss::Ctc;
    /// use wengert_tensor::Tensor;
    /// // The likeliest path is blank, blank; but "1" has three paths.
    /// let log_p = Tensor::<f64>::from([[0.6, 0.4], [0.6, 0.4]]).ln();
    /// let ctc = Ctc::new(0);
    /// assert!(ctc.best_path(&log_p).is_empty());
    /// let (labels, likelihood) = &ctc.prefix_search(&log_p, 4)[0];
    /// assert_eq!(labels, &[1]);
    /// assert!((likelihood - 0.64_f64.ln()).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If `log_p` has not two axes, or `width` is 0.
    #[track_caller]
    pub fn prefix_search<T: Float>(
        &self,
        log_p: &Tensor<T>,
        width: usize,
    ) -> Vec<(Vec<usize>, f64)> {
        assert!(width > 0, "ctc: a search keeps at least one prefix");
        // Of each prefix: the paths that end in a blank, and those that end in its last label.
        let mut kept = vec![(Vec::new(), [0.0, f64::NEG_INFINITY])];
        for step in steps(log_p) {
            let mut next: BTreeMap<Vec<usize>, [f64; 2]> = BTreeMap::new();
            let mut add = |prefix: Vec<usize>, ending: usize, likelihood: f64| {
                if likelihood == f64::NEG_INFINITY {
                    return;
                }
                let ends = next.entry(prefix).or_insert([f64::NEG_INFINITY; 2]);
                ends[ending] = sum_of_logs(ends[ending], likelihood);
            };
            for (prefix, [blank, label]) in &kept {
                let all = sum_of_logs(*blank, *label);
                for (class, &p) in step.iter().enumerate() {
                    if class == self.blank {
                        add(prefix.clone(), 0, all + p);
                        continue;
                    }
                    let mut longer = prefix.clone();
                    longer.push(class);
                    if prefix.last() == Some(&class) {
                        // Without a blank between them two equal labels are one.
                        add(prefix.clone(), 1, label + p);
                        add(longer, 1, blank + p);
                    } else {
                        add(longer, 1, all + p);
                    }
                }
            }
            kept = next.into_iter().collect();
            let likelihood = |ends: &[f64; 2]| sum_of_logs(ends[0], ends[1]);
            kept.sort_by(|a, b| likelihood(&b.1).total_cmp(&likelihood(&a.1)));
            kept.truncate(width);
        }
        kept.into_iter()
            .map(|(prefix, [blank, label])| (prefix, sum_of_logs(blank, label)))
            .collect()
    }
}

/// The steps of log-probabilities \[T, C\].
#[track_caller]
fn steps<T: Float>(log_p: &Tensor<T>) -> Vec<Vec<f64>> {
    let shape = log_p.shape();
    assert!(
        shape.rank() == 2,
        "ctc: log-probabilities of one sequence are [T, C], not {shape}"
    );
    let all: Vec<f64> = log_p.iter().map(|p| p.to_f64()).collect();
    match shape[1] {
        0 => Vec::new(),
        classes => all.chunks(classes).map(<[f64]>::to_vec).collect(),
    }
}

/// ln(eᵃ + eᵇ).
fn sum_of_logs(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY {
        high
    } else {
        high + (low - high).exp().ln_1p()
    }
}
