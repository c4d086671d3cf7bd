//! What the Rust rivals share: the command line, the timing loop and an allocator that counts.
//!
//! A program is called as `PROGRAM WORKLOADS THREADS SECONDS`, for example `peer W1-1,W3 1 0.5`, and
//! prints one line a workload: the name, the median time of a step in microseconds, the
//! allocations and the bytes of one step, and the peak resident set of the process in KiB.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const WARM_UP_STEPS: usize = 4;
const FEWEST_STEPS: usize = 30;
const MOST_STEPS: usize = 300;

/// The environment variables from which the rivals take their number of threads.
const THREAD_VARIABLES: [&str; 3] = ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS", "OMP_NUM_THREADS"];

/// The system allocator, counting what it hands out while [`COUNTING`] is set.
struct CountingAllocator;

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn count(bytes: usize) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes as u64, Relaxed);
    }
}

// SAFETY: every call goes to the system allocator unchanged; counting touches only atomics.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System`, as every block of this allocator does.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        // SAFETY: the pointer came from `System`, as every block of this allocator does.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// What the command line asks for.
pub struct Plan {
    workloads: Vec<String>,
    budget: Duration,
}

impl Plan {
    /// Reads the command line and sets the number of threads; to be called first in `main`, before
    /// any thread pool starts. Ends the process where the command line cannot be read.
    pub fn from_args() -> Plan {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        Plan::parse(&arguments).unwrap_or_else(|| {
            eprintln!("usage: PROGRAM WORKLOADS THREADS SECONDS");
            std::process::exit(2)
        })
    }

    fn parse(arguments: &[String]) -> Option<Plan> {
        let [workloads, threads, seconds] = arguments else {
            return None;
        };
        let threads: usize = threads.parse().ok().filter(|&threads| threads > 0)?;
        let budget = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
        for variable in THREAD_VARIABLES {
            std::env::set_var(variable, threads.to_string());
        }
        let workloads = workloads.split(',').map(str::to_string).collect();
        Some(Plan { workloads, budget })
    }

    /// Whether the command line names this workload.
    pub fn wants(&self, workload: &str) -> bool {
        self.workloads.iter().any(|wanted| wanted == workload)
    }

    /// Warms up, times, counts and prints one line. `step` does one step and returns its loss.
    pub fn measure(&self, workload: &str, mut step: impl FnMut() -> f64) {
        for _ in 0..WARM_UP_STEPS {
            step();
        }
        let median = median_microseconds(&self.time_steps(&mut step));
        let (allocations, bytes, loss) = count_one_step(&mut step);
        assert!(loss.is_finite(), "{workload}: the loss is {loss}");
        let peak = peak_kib();
        println!("{workload}\t{median:.2}\t{allocations}\t{bytes}\t{peak}");
    }

    fn time_steps(&self, step: &mut impl FnMut() -> f64) -> Vec<Duration> {
        let mut times = Vec::with_capacity(MOST_STEPS);
        let start = Instant::now();
        while times.len() < FEWEST_STEPS
            || times.len() < MOST_STEPS && start.elapsed() < self.budget
        {
            let before = Instant::now();
            std::hint::black_box(step());
            times.push(before.elapsed());
        }
        times
    }
}

/// The median, the mean of the middle two where their number is even.
fn median_microseconds(times: &[Duration]) -> f64 {
    let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    }
}

/// Allocations, bytes and loss of one step.
fn count_one_step(step: &mut impl FnMut() -> f64) -> (u64, u64, f64) {
    ALLOCATIONS.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let loss = step();
    COUNTING.store(false, Relaxed);
    (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed), loss)
}

/// The peak resident set so far, or `-` where the system does not tell.
fn peak_kib() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|rest| rest.split_whitespace().next());
    number.unwrap_or("-").to_string()
}

/// A fixed sequence of pseudo-random values, for the data of the workloads.
pub struct Values(u64);

impl Values {
    /// The sequence from its start.
    pub fn new() -> Values {
        Values(1)
    }

    /// The next value, in `0..1`.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005);
        self.0 = self.0.wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    /// `count` values in `low..high`.
    pub fn uniform(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count)
            .map(|_| low + (high - low) * self.next())
            .collect()
    }

    /// `count` class labels below `classes`.
    pub fn labels(&mut self, count: usize, classes: u32) -> Vec<u32> {
        let label = |value: f32| ((value * classes as f32) as u32).min(classes - 1);
        (0..count).map(|_| label(self.next())).collect()
    }
}
