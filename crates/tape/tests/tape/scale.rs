//! Long programs: no recursion over the depth of a graph, and memory linear in the length.

use wengert_tape::{GradOptions, Tape};
use wengert_tensor::Tensor;

use crate::support::noise;

#[test]
fn a_million_nodes_in_a_small_stack() {
    let work = || {
        let n = 1_000_000_usize;
        let tape = Tape::<f64>::new();
        let x = tape.leaf(&Tensor::scalar(1.0));
        let a = 1.0 - 1e-6;
        let mut y = x;
        for _ in 0..n / 2 {
            y = -(y * a);
        }
        assert!(tape.stats().nodes > n);
        let expected = a.powi(n as i32 / 2);
        assert!((y.item() - expected).abs() < 1e-9);
        let eager = y.backward().wrt(x).unwrap().item();
        let [recorded] = tape.grad(y, [x]);
        assert!((eager - expected).abs() < 1e-9);
        assert!((recorded.item() - expected).abs() < 1e-9);
        let along = tape.tangent(y, &[(x, tape.scalar(1.0))]);
        assert!((along.item() - expected).abs() < 1e-9);
        drop(tape);
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .unwrap();
    thread.join().unwrap();
}

/// The bytes of the tape after forward, after backward, and after first and second order, of a
/// sequence that is read slice by slice.
fn bytes(steps: usize) -> [usize; 5] {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[steps, 4], 1));
    let mut h = tape.zeros([4]);
    for t in 0..steps as isize {
        h = (h + x.select(0, t)).tanh() * x.slice(0, t..t + 1).squeeze(0);
    }
    let y = (h * h).sum();
    let forward = tape.stats().bytes;
    drop(y.backward());
    let backward = tape.stats();
    let [bar] = tape.grad(y, [x]);
    let first = tape.stats().bytes;
    let options = GradOptions {
        create_graph: true,
        ..Default::default()
    };
    let _ = tape.grad_with(&[(bar * bar).sum()], &[x], &[], options);
    [
        forward,
        backward.bytes,
        backward.pool_bytes,
        first,
        tape.stats().bytes,
    ]
}

#[test]
fn a_sequence_read_by_slices_is_linear_in_its_length() {
    let grown = [64, 128, 256, 512].map(bytes);
    for pair in grown.windows(2) {
        for (k, name) in ["forward", "backward", "pool", "grad", "second order"]
            .iter()
            .enumerate()
        {
            let factor = pair[1][k] as f64 / pair[0][k] as f64;
            let low = if *name == "pool" { 1.0 } else { 1.9 };
            assert!(
                (low..=2.1).contains(&factor),
                "{name} grows by {factor}: {grown:?}"
            );
        }
    }
}

#[test]
fn a_reset_tape_grows_no_further() {
    let mut tape = Tape::<f64>::new();
    let model = vec![noise(&[20, 20], 1)];
    let mut step = || {
        let (_, grads) = tape.value_and_grad(&model, |tape, m| {
            let mut h = tape.ones([3, 20]);
            for _ in 0..10 {
                h = h.matmul(m[0]).tanh();
            }
            h.sum()
        });
        drop(grads);
        (tape.stats().pool_bytes, tape.stats().pool_misses)
    };
    step();
    let warm = step();
    for _ in 0..5 {
        assert_eq!(step(), warm);
    }
}
