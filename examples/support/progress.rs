//! A progress bar with the loss and the time that is left.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal. Where there is none (in a pipe, in CI), ten plain lines instead.
pub struct Progress {
    bar: ProgressBar,
    steps: usize,
    said: usize,
}

impl Progress {
    /// A bar for so many steps.
    pub fn new(steps: usize) -> Self {
        let bar = ProgressBar::new(steps as u64);
        let style = "{bar:30} {pos}/{len} steps, {msg}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is sound"));
        Progress {
            bar,
            steps,
            said: 0,
        }
    }

    /// One step is done; `status` says how it stands.
    pub fn step(&mut self, done: usize, status: impl FnOnce() -> String) {
        if !self.bar.is_hidden() {
            self.bar.set_message(status());
            self.bar.set_position(done as u64);
            return;
        }
        let tenth = 10 * done / self.steps.max(1);
        if tenth > self.said {
            self.said = tenth;
            let left = self.left(done).as_secs();
            eprintln!("{done}/{} steps, {}, {left} s left", self.steps, status());
        }
    }

    /// Clears the bar.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }

    /// The time that the remaining steps take at the speed so far.
    fn left(&self, done: usize) -> Duration {
        let remaining = self.steps.saturating_sub(done);
        self.bar
            .elapsed()
            .mul_f64(remaining as f64 / done.max(1) as f64)
    }
}
