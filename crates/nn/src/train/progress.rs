//! `Progress`: a bar on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use super::observer::{Event, Observer};

/// A bar with the loss and the time that is left. Where there is no terminal it shows nothing.
///
/// Where only the number of epochs is set, the first epoch says how many steps there are.
///
/// ```
/// use wengert_nn::train::{Event, Observer, Progress};
/// let mut progress = Progress::new();
/// progress.see(&Event::Start { epochs: None, steps: Some(100) });
/// progress.see(&Event::Step {
///     epoch: 0, step: 25, loss: 0.5, rate: 0.1, norm: 1.0, seconds: 2.0,
/// });
/// assert_eq!((progress.bar().position(), progress.bar().length()), (25, Some(100)));
/// ```
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    epochs: Option<u64>,
    metrics: String,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// A bar of unknown length.
    pub fn new() -> Self {
        let bar = ProgressBar::no_length();
        let template = "{bar:30} {pos}/{len} {msg} {elapsed} gone, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress {
            bar,
            epochs: None,
            metrics: String::new(),
        }
    }

    /// The bar, for whoever wants another style, or to draw it elsewhere.
    pub fn bar(&self) -> &ProgressBar {
        &self.bar
    }
}

impl Observer for Progress {
    fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Start { epochs, steps } => {
                self.epochs = *epochs;
                if let Some(steps) = steps {
                    self.bar.set_length(*steps);
                }
            }
            Event::Step {
                epoch, step, loss, ..
            } => {
                self.bar.set_position(*step);
                let metrics = &self.metrics;
                self.bar
                    .set_message(format!("epoch {epoch}, loss {loss:.4}{metrics},"));
            }
            Event::Epoch {
                epoch,
                step,
                metrics,
                ..
            } => {
                if let (Some(epochs), None) = (self.epochs, self.bar.length()) {
                    self.bar.set_length(step * epochs / (epoch + 1));
                }
                let metrics = metrics.iter();
                self.metrics = metrics
                    .map(|(name, value)| format!(", {name} {value:.4}"))
                    .collect();
            }
            Event::End { .. } => self.bar.finish(),
        }
    }
}
