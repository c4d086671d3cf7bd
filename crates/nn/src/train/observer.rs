//! What a trainer tells, and who listens.

/// What happens in a training.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// It begins.
    Start {
        /// The number of the epoch after the last one, if it is set.
        epochs: Option<u64>,
        /// The number of the step after the last one, if it is set.
        steps: Option<u64>,
    },
    /// A step was made.
    Step {
        /// Its epoch, from 0.
        epoch: u64,
        /// How many steps have been made with it.
        step: u64,
        /// The loss, the mean of the batches that the step accumulated.
        loss: f64,
        /// The learning rate.
        rate: f64,
        /// The norm of all gradients, before clipping.
        norm: f64,
        /// Since the start.
        seconds: f64,
    },
    /// An epoch was finished.
    Epoch {
        /// Its number, from 0.
        epoch: u64,
        /// How many steps have been made.
        step: u64,
        /// The mean of the losses of its batches, by their weights.
        loss: f64,
        /// The learning rate of its last step.
        rate: f64,
        /// What the validation returned.
        metrics: &'a [(&'static str, f64)],
        /// Whether early stopping found it the best so far.
        best: bool,
        /// Since the start.
        seconds: f64,
    },
    /// It ended.
    End {
        /// How many epochs were made.
        epochs: u64,
        /// How many steps.
        steps: u64,
        /// Since the start.
        seconds: f64,
    },
}

/// Someone who is told what happens in a training: a progress bar, a log, a test. A closure of an
/// event is one.
///
/// ```
/// use wengert_nn::train::{Event, Observer};
/// let mut losses = Vec::new();
/// let mut observer = |event: &Event<'_>| {
///     if let Event::Step { loss, .. } = event {
///         losses.push(*loss);
///     }
/// };
/// observer.see(&Event::Start { epochs: None, steps: Some(1) });
/// assert!(losses.is_empty());
/// ```
#[doc(alias = "callback")]
pub trait Observer {
    /// Is told of an event.
    fn see(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Observer for F {
    fn see(&mut self, event: &Event<'_>) {
        self(event);
    }
}
