//! What a tape takes while it grows: in a process of its own, for the peak is that of the process.
#![cfg(target_os = "linux")]

use wengert_tape::Tape;
use wengert_tensor::Tensor;

/// The greatest resident size of this process.
fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.expect("a peak").parse().expect("a number")
}

/// 24 MiB of values, in memory that grew from 16 to 32 MiB. With both places at once it would be 32.
#[test]
fn values_lie_in_memory_once() {
    let before = peak_kib();
    let tape = Tape::<f32>::new();
    let mut x = tape.leaf(&Tensor::zeros([1 << 18]));
    for _ in 0..24 {
        x += 1.0;
    }
    assert_eq!(x.value().as_slice().map(|x| x[0]), Some(24.0));
    let taken = (peak_kib() - before) / 1024;
    assert!((24..30).contains(&taken), "{taken} MiB");
}
