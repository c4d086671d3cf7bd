//! Long programs: no recursion over the depth of a graph, and memory linear in the length.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wengert_tape::{Bind, GradOptions, Op, Reverse, Shapes, Tangent, Tape};
use wengert_tensor::{Layout, Shape, ShapeError, Tensor, View};

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

/// A view that counts how often it is asked for its layout.
struct Same(Arc<AtomicUsize>);

impl Op<f64> for Same {
    fn name(&self) -> &'static str {
        "same"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([x[0].clone()].into())
    }
    fn forward(&self, _: &[View<'_, f64>], _: &mut [&mut [f64]]) {}
    fn reverse(&self, rule: &Reverse<'_, '_, f64>) {
        rule.give(0, rule.cotangent());
    }
    fn tangent(&self, _: &Tangent<'_, '_, f64>) {}
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(Ok(input.clone()))
    }
}

/// How often the views of a chain of `n` are asked, recorded and differentiated in each way.
fn asked(n: usize) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3], 1));
    let chain = |mut y| {
        let mut middle = y;
        for k in 0..n {
            y = tape.apply(Same(count.clone()), [y]);
            if k == n / 2 {
                middle = y.retain_grad();
            }
        }
        (middle, y)
    };
    let (middle, y) = chain(x);
    let z = (y * y).sum();
    assert_eq!(z.backward().wrt(middle), z.backward().wrt(x));
    let [by_middle, by_x] = tape.grad(z, [middle, x]);
    assert_eq!(by_middle.value(), by_x.value());
    let (middle, w) = chain(by_x);
    let [by_middle] = tape.grad((w * w * w).sum(), [middle]);
    assert_eq!(by_middle.shape(), [3]);
    count.load(Ordering::Relaxed)
}

#[test]
fn a_chain_of_views_is_linear_in_its_length() {
    let counts = [100, 200, 400, 800].map(asked);
    for pair in counts.windows(2) {
        assert!(pair[1] <= 2 * pair[0] + 10, "{counts:?}");
    }
    assert!(counts[3] <= 20 * 800, "{counts:?}");
    // Looking at the views before it would take minutes.
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3], 1));
    let y = (0..300_000).fold(x, |y, _| y.slice(0, ..));
    let bar = y.sum().backward().wrt(x).unwrap();
    assert_eq!(bar.to_vec(), [1.0; 3]);
}

#[test]
fn leaves_and_names_without_end_are_found() {
    let mut tape = Tape::<f64>::new();
    // Looking through all of them for each would take minutes.
    let model = vec![Tensor::scalar(1.0); 300_000];
    for _ in 0..2 {
        let m = model.bind(&tape);
        let grads = (m[1] + m[299_999]).backward().of(&m);
        assert_eq!(grads.iter().count(), 2);
        assert_eq!(grads.unreached().len(), 299_998);
        tape.reset();
    }
    for _ in 0..2 {
        for k in 0..200_000 {
            tape.named(&format!("part {k}"), || drop(tape.scalar(1.0)));
        }
        let outer = tape.named("part 7", || {
            tape.named("part 8", || {
                let _ = tape.scalar(-1.0).ln();
                tape.first_non_finite().unwrap().path
            })
        });
        assert_eq!(outer, "part 7/part 8");
        tape.reset();
    }
}
