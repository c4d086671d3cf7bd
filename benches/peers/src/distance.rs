//! How far apart two cores are. Where a host moves the cores of a virtual machine about, they share a
//! cache at one time and not at another, and steps on two threads take longer then.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// Messages there and back in one measurement.
const TURNS: u64 = 200;
const MEASUREMENTS: u64 = 101;

/// The median of the nanoseconds that a message takes from one thread to another, if there is more
/// than one core.
pub fn nanoseconds() -> Option<f64> {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        return None;
    }
    let ball = AtomicU64::new(0);
    let pass = |awaited, next| {
        while ball.load(Ordering::Acquire) != awaited {
            spin_loop();
        }
        ball.store(next, Ordering::Release);
    };
    thread::scope(|scope| {
        scope.spawn(|| (0..TURNS * MEASUREMENTS).for_each(|turn| pass(2 * turn + 1, 2 * turn + 2)));
        let measurement = |number| {
            let start = Instant::now();
            for turn in number * TURNS..(number + 1) * TURNS {
                pass(2 * turn, 2 * turn + 1);
            }
            start.elapsed().as_secs_f64() * 1e9 / (2 * TURNS) as f64
        };
        let mut times: Vec<f64> = (0..MEASUREMENTS).map(measurement).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    })
}
