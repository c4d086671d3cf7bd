//! `EarlyStopping`: an end where nothing gets better.

use wengert_tensor::Float;

use crate::optim::{Piece, PieceMut, Stateful};

/// Says when a value on held-out data has not become better for a while.
///
/// Source: Prechelt 1998, *Early stopping, but when?*, the criterion UP with strips of one epoch,
/// counted from the best one.
///
/// ```
/// use wengert_nn::train::{EarlyStopping, Verdict};
/// let mut stopping = EarlyStopping::new(1);
/// let verdicts = [0.9, 0.5, 0.6, 0.7].map(|loss| stopping.show(loss));
/// assert_eq!(verdicts, [Verdict::Best, Verdict::Best, Verdict::Worse, Verdict::Stop]);
/// assert_eq!((stopping.best, stopping.worse), (0.5, 2));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStopping {
    /// How many values in a row may be no better; the one after them says stop.
    pub patience: u64,
    /// By how much a value has to be better: 0.
    pub threshold: f64,
    /// Whether a greater value is better.
    pub greater: bool,
    /// The metric that a trainer shows; none for the first that the validation returns, or without a
    /// validation the loss.
    pub metric: Option<&'static str>,
    /// The best value so far.
    pub best: f64,
    /// How many values in a row were no better.
    pub worse: u64,
}

/// What [`EarlyStopping`] says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the best so far.
    Best,
    /// It is no better.
    Worse,
    /// It is no better, and patience is at its end.
    Stop,
}

impl EarlyStopping {
    /// For a value that is better where it is smaller, as a loss.
    pub fn new(patience: u64) -> Self {
        EarlyStopping {
            patience,
            threshold: 0.0,
            greater: false,
            metric: None,
            best: f64::INFINITY,
            worse: 0,
        }
    }

    /// For a value that is better where it is greater, as an accuracy.
    pub fn of_greatest(mut self) -> Self {
        (self.greater, self.best) = (true, f64::NEG_INFINITY);
        self
    }

    /// With the metric that a trainer shows.
    pub fn with_metric(mut self, metric: &'static str) -> Self {
        self.metric = Some(metric);
        self
    }

    /// With a difference by which a value has to be better.
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// Whether patience is at its end.
    pub fn is_over(&self) -> bool {
        self.worse > self.patience
    }

    /// Looks at the next value. NaN is no better than anything.
    pub fn show(&mut self, value: f64) -> Verdict {
        let better = match self.greater {
            true => value > self.best + self.threshold,
            false => value < self.best - self.threshold,
        };
        if better {
            (self.best, self.worse) = (value, 0);
            return Verdict::Best;
        }
        self.worse += 1;
        if self.is_over() {
            Verdict::Stop
        } else {
            Verdict::Worse
        }
    }
}

impl<T: Float> Stateful<T> for EarlyStopping {
    fn leaves(&self) -> usize {
        0
    }

    fn prepare_state(&mut self, _: usize) {}

    fn clear_state(&mut self) {}

    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        f(None, "best", Piece::Number(self.best));
        f(None, "worse", Piece::Count(self.worse));
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        f(None, "best", PieceMut::Number(&mut self.best));
        f(None, "worse", PieceMut::Count(&mut self.worse));
    }
}
