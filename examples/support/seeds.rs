//! An experiment for several seeds, some at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Options;
use super::progress::Progress;

/// The progress of runs that go on side by side.
pub struct Ticker {
    progress: Mutex<(Progress, usize)>,
}

impl Ticker {
    /// One step of one run is done; `status` says how it stands.
    pub fn tick(&self, status: impl FnOnce() -> String) {
        let (progress, done) = &mut *self.progress.lock().expect("no run panicked");
        *done += 1;
        progress.step(*done, status);
    }
}

/// Runs an experiment of `steps` steps for each of `count` seeds from the first on, on as many threads
/// as the options say. The results come in the order of the seeds. Each is computed on one thread, so
/// that none depends on how many there are.
pub fn each_seed<R: Send>(
    options: &Options,
    count: usize,
    steps: usize,
    run: impl Fn(u64, &Ticker) -> R + Sync,
) -> Vec<R> {
    let ticker = Ticker {
        progress: Mutex::new((Progress::new(count * steps), 0)),
    };
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new((0..count).map(|_| None).collect());
    thread::scope(|scope| {
        for _ in 0..options.threads().min(count) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let result = run(options.seed + at as u64, &ticker);
                    results.lock().expect("no run panicked")[at] = Some(result);
                }
            });
        }
    });
    let results = results.into_inner().expect("no run panicked");
    results
        .into_iter()
        .map(|result| result.expect("every seed was run"))
        .collect()
}
