//! What is measured of a model. A validation returns names and numbers, and these are some of them;
//! any other number is as good.

mod confusion;

use wengert_tensor::{Float, Tensor};

pub use confusion::Confusion;

/// The mean of numbers by their weights, as the loss of batches of different sizes.
///
/// ```
/// use wengert_nn::train::metrics::Mean;
/// let mut loss = Mean::new();
/// loss.add(1.0, 3.0);
/// loss.add(5.0, 1.0);
/// assert_eq!(loss.value(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    /// That of nothing, which is NaN.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a number with its weight: of a mean over a batch, its number of rows or tokens.
    pub fn add(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.weight += weight;
    }

    /// The weighted sum, and the sum of the weights, for a checkpoint.
    #[cfg(feature = "files")]
    pub(crate) fn sums(&self) -> (f64, f64) {
        (self.sum, self.weight)
    }

    #[cfg(feature = "files")]
    pub(crate) fn of_sums(sum: f64, weight: f64) -> Self {
        Mean { sum, weight }
    }

    /// The sum of the weights.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The mean.
    pub fn value(&self) -> f64 {
        self.sum / self.weight
    }

    /// e to the power of the mean: the perplexity, where the numbers are mean negative log-likelihoods
    /// and the weights are the numbers of tokens.
    ///
    /// ```
    /// use wengert_nn::train::metrics::Mean;
    /// let mut loss = Mean::new();
    /// loss.add(f64::ln(27.0), 100.0);
    /// assert!((loss.perplexity() - 27.0).abs() < 1e-12);
    /// ```
    pub fn perplexity(&self) -> f64 {
        self.value().exp()
    }
}

/// The part of the rows whose label is among the `k` greatest scores; of equal scores those of lower classes count first. Of no row it
/// is NaN.
///
/// Scores are \[…, C\], logits as well as probabilities: their order alone counts.
///
/// ```
/// use wengert_nn::train::metrics::top_k_accuracy;
/// use wengert_tensor::Tensor;
/// let logits = Tensor::<f32>::from([[1.0, 3.0, 2.0], [5.0, -1.0, 4.0]]);
/// let labels = Tensor::from([2, 1]);
/// assert_eq!([1, 2, 3].map(|k| top_k_accuracy(&logits, &labels, k)), [0.0, 0.5, 1.0]);
/// ```
///
/// # Panics
/// If there are not as many labels as rows.
#[doc(alias("top_k_accuracy_score", "topk"))]
#[track_caller]
pub fn top_k_accuracy<T: Float>(scores: &Tensor<T>, labels: &Tensor<i64>, k: usize) -> f64 {
    let rank = scores.shape().rank();
    assert!(
        rank > 0 && scores.shape()[..rank - 1] == labels.shape()[..],
        "top_k_accuracy: scores of the shape {} for labels of the shape {}",
        scores.shape(),
        labels.shape()
    );
    let classes = scores.dim(-1);
    let scores = scores.to_vec();
    let right = |(row, label): (&[T], i64)| {
        let Some(&own) = usize::try_from(label).ok().and_then(|label| row.get(label)) else {
            return false;
        };
        let before = |(at, &score): (usize, &T)| score > own || score == own && (at as i64) < label;
        // A NaN is no score, and ranks nowhere.
        !own.is_nan() && row.iter().enumerate().filter(|&x| before(x)).count() < k
    };
    let rows = scores.chunks(classes.max(1)).zip(labels.iter());
    rows.filter(|&row| right(row)).count() as f64 / labels.size() as f64
}

/// The part of the rows whose greatest score is that of the label; of equal scores the first counts. Of
/// no row it is NaN.
///
/// Scores are \[…, C\], and there is a label for each row of C.
///
/// ```
/// use wengert_nn::train::metrics::accuracy;
/// use wengert_tensor::Tensor;
/// let scores = Tensor::<f32>::from([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]);
/// assert_eq!(accuracy(&scores, &Tensor::from([1, 0, 0, 0])), 0.75);
/// ```
///
/// Logits will do, for their order alone counts; over batches the mean is weighted by their rows:
///
/// ```
/// use wengert_nn::Linear;
/// use wengert_nn::data::Batches;
/// use wengert_nn::train::metrics::{Mean, accuracy};
/// use wengert_tape::Tape;
/// use wengert_tensor::{Rng, Tensor};
/// let mut rng = Rng::seed_from_u64(1);
/// let (model, x): (_, Tensor) = (Linear::new(3, 2, &mut rng), rng.normal([50, 3], 0.0, 1.0));
/// let labels = (x.matmul(&model.weight) + model.bias.as_ref().unwrap()).argmax(-1);
/// let (mut tape, mut right) = (Tape::new(), Mean::new());
/// for rows in Batches::in_order(50, 16) {
///     let logits = tape.evaluate(&model, |t, m| m.forward(t.constant(&x.index_select(0, &rows))).value());
///     right.add(accuracy(&logits, &labels.index_select(0, &rows)), rows.size() as f64);
/// }
/// assert_eq!(right.value(), 1.0);
/// ```
///
/// # Panics
/// If there are not as many labels as rows.
#[doc(alias = "accuracy_score")]
#[track_caller]
pub fn accuracy<T: Float>(scores: &Tensor<T>, labels: &Tensor<i64>) -> f64 {
    let rank = scores.shape().rank();
    assert!(
        rank > 0 && scores.shape()[..rank - 1] == labels.shape()[..],
        "accuracy: scores of the shape {} for labels of the shape {}",
        scores.shape(),
        labels.shape()
    );
    let found = scores.argmax(-1);
    let right = found.iter().zip(labels.iter());
    right.filter(|(found, label)| found == label).count() as f64 / labels.size() as f64
}

/// R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)²: 1 where all are right, 0 for the mean, less than 0 for what is
/// worse than it. Of targets that are all the same it is 1 if they are met, and else −∞.
///
/// ```
/// use wengert_nn::train::metrics::r_squared;
/// use wengert_tensor::Tensor;
/// let targets = Tensor::<f64>::from([1.0, 2.0, 3.0]);
/// assert_eq!(r_squared(&Tensor::from([1.0, 2.0, 2.0]), &targets), 0.5);
/// ```
///
/// # Panics
/// If the shapes differ.
#[doc(alias = "r2_score")]
#[track_caller]
pub fn r_squared<T: Float>(found: &Tensor<T>, targets: &Tensor<T>) -> f64 {
    assert!(
        found.shape() == targets.shape(),
        "r_squared: values of the shape {} for targets of the shape {}",
        found.shape(),
        targets.shape()
    );
    let mean = targets.iter().map(|y| y.to_f64()).sum::<f64>() / targets.size() as f64;
    let square = |x: f64| x * x;
    let around: f64 = targets.iter().map(|y| square(y.to_f64() - mean)).sum();
    let pairs = targets.iter().zip(found.iter());
    let left: f64 = pairs.map(|(y, x)| square(y.to_f64() - x.to_f64())).sum();
    if left == 0.0 {
        1.0
    } else {
        1.0 - left / around
    }
}
