//! How a step is timed, and how its allocations are counted: the same in every program here.
//!
//! A program is called as `PROGRAM WORKLOADS THREADS SECONDS` and prints a line for each of the
//! workloads that it has, with tabs between: name, median of a step in microseconds, allocations and
//! bytes allocated a step, the greatest resident size so far in KiB, and the time below which a
//! fiftieth of the steps lie, in microseconds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

fn count(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    BYTES.fetch_add(bytes as u64, Relaxed);
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the command line asks for.
pub struct Bench {
    workloads: Vec<String>,
    threads: usize,
    budget: Duration,
}

impl Bench {
    /// Reads `WORKLOADS THREADS SECONDS`.
    pub fn from_args() -> Self {
        let mut args = std::env::args().skip(1);
        let mut next = || {
            args.next()
                .expect("usage: PROGRAM WORKLOADS THREADS SECONDS")
        };
        let workloads = next().split(',').map(str::to_owned).collect();
        let threads = next().parse().expect("a number of threads");
        let seconds = next().parse().expect("a number of seconds");
        Bench {
            workloads,
            threads,
            budget: Duration::from_secs_f64(seconds),
        }
    }

    /// The number of threads to use.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Whether a workload is asked for.
    pub fn wants(&self, workload: &str) -> bool {
        self.workloads.iter().any(|wanted| wanted == workload)
    }

    /// Times the steps that `prepare` makes, if the workload is asked for.
    pub fn run<S: FnMut() -> f64>(&self, workload: &str, prepare: impl FnOnce() -> S) {
        if self.wants(workload) {
            self.measure(workload, prepare());
        }
    }

    /// Times a step, which returns its loss, and prints the line.
    pub fn measure(&self, workload: &str, mut step: impl FnMut() -> f64) {
        let mut timed = || {
            let start = Instant::now();
            let loss = step();
            let time = start.elapsed();
            assert!(loss.is_finite(), "{workload}: the loss is {loss}");
            time
        };
        for _ in 0..4 {
            timed();
        }
        let one = timed().as_secs_f64().max(1e-9);
        let steps = ((self.budget.as_secs_f64() / one) as usize).clamp(30, 100_000);
        let mut times: Vec<Duration> = (0..steps).map(|_| timed()).collect();
        times.sort_unstable();
        let before = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
        timed();
        let after = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
        let [median, quick] = [steps / 2, steps / 50].map(|at| times[at].as_secs_f64() * 1e6);
        let (allocations, bytes) = (after.0 - before.0, after.1 - before.1);
        let peak = peak_kib().unwrap_or_else(|| "-".to_owned());
        println!("{workload}\t{median:.2}\t{allocations}\t{bytes}\t{peak}\t{quick:.2}");
    }
}

/// The greatest resident size of this process, where the system tells.
fn peak_kib() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.to_owned())
}
