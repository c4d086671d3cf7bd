//! `Accumulator`: the gradients of several batches as those of one.

use wengert_tape::Gradients;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

/// Sums the gradients of several small batches until they are those of a great one: the mean of theirs,
/// weighted by what each counts (its rows, its tokens).
///
/// ```
/// use wengert_nn::Sgd;
/// use wengert_nn::optim::Accumulator;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([1.0]);
/// let (mut tape, mut sgd) = (Tape::new(), Sgd::new(1.0));
/// let mut accumulator = Accumulator::new(2);
/// for (factor, rows) in [(1.0, 3.0), (2.0, 1.0)] {
///     let (_, grads) = tape.value_and_grad(&x, |_, x| x.sum() * factor);
///     if let Some(grads) = accumulator.add(grads, rows) {
///         sgd.step(&mut x, &grads);
///     }
/// }
/// // 1 − (3 · 1 + 1 · 2) / 4
/// assert_eq!(x.item(), -0.25);
/// ```
#[doc(alias = "gradient accumulation")]
#[doc(alias = "MultiSteps")]
pub struct Accumulator<M, T: Float = f32> {
    every: usize,
    count: usize,
    weight: f64,
    sum: Option<Gradients<M, T>>,
}

impl<M: Tree<Tensor<T>>, T: Float> Accumulator<M, T> {
    /// For `every` batches to a step.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn new(every: usize) -> Self {
        assert!(every > 0, "accumulator: a step takes a batch at least");
        Accumulator {
            every,
            count: 0,
            weight: 0.0,
            sum: None,
        }
    }

    /// Adds the gradients of a batch with its weight, and gives the mean if the step is full.
    ///
    /// # Panics
    /// If the weight is negative or not finite.
    #[track_caller]
    pub fn add(&mut self, grads: Gradients<M, T>, weight: f64) -> Option<Gradients<M, T>> {
        assert!(
            (0.0..f64::INFINITY).contains(&weight),
            "accumulator: {weight} is no weight"
        );
        self.count += 1;
        let total = self.weight + weight;
        // Shares that sum to 1, so that the state leaves are a mean as well.
        let share = if total > 0.0 { weight / total } else { 0.0 };
        match &mut self.sum {
            Some(sum) => sum.combine(1.0 - share, &grads, share),
            none => *none = Some(grads),
        }
        self.weight = total;
        if self.count == self.every {
            self.take()
        } else {
            None
        }
    }

    /// The mean of what was added since the last step, if there is something: at the end of an epoch.
    pub fn take(&mut self) -> Option<Gradients<M, T>> {
        (self.count, self.weight) = (0, 0.0);
        self.sum.take()
    }
}
