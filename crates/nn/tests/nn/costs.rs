//! What long runs cost, in counts that no machine changes: nodes, bytes and buffers.

use wengert_nn::Gru;
use wengert_tape::{Bind, Tape, Values};
use wengert_tensor::{Rng, Tensor};

/// Nodes and bytes of the tape, and buffers taken, for the gradient of a GRU whose outputs are all kept;
/// and the bytes that are on the tape while its walk runs, at most.
fn gradient(steps: usize) -> [usize; 4] {
    let mut rng = Rng::seed_from_u64(1);
    let layer = Gru::new(2, 3, &mut rng);
    let x: Tensor = rng.normal([1, steps, 2], 0.0, 1.0);
    let tape = Tape::new();
    let m = layer.bind(&tape);
    let (outputs, _) = m.run(tape.constant(&x), None);
    let loss = (outputs * outputs).sum();
    let before = tape.stats();
    let grads = loss.backward().of(&m);
    assert_eq!(grads.iter().count(), 4);
    let after = tape.stats();
    let taken = |s: &wengert_tape::Stats| (s.pool_hits + s.pool_misses) as usize;
    [
        before.nodes,
        before.bytes,
        taken(&after) - taken(&before),
        after.pool_bytes,
    ]
}

#[test]
fn the_gradient_of_a_gru_is_linear_in_its_length() {
    let counts = [500, 1000, 2000, 4000].map(gradient);
    for pair in counts.windows(2) {
        for k in 0..3 {
            let factor = pair[1][k] as f64 / pair[0][k] as f64;
            assert!((1.95..=2.05).contains(&factor), "{k}: {counts:?}");
        }
        // Few buffers wait, and what is long among them is the cotangent of the outputs.
        assert!(pair[1][3] <= 2 * pair[0][3], "{counts:?}");
    }
}

/// Without gradients a tape keeps every value, and a scope around each step keeps none.
#[test]
fn generation_in_scopes_keeps_the_tape_as_it_is() {
    let layer = Gru::new(2, 3, &mut Rng::seed_from_u64(1));
    let run = |steps: usize, scoped: bool| {
        let tape = Tape::new();
        let m = tape.bind_where(&layer, |_| false);
        let x = tape.ones([1, 2]);
        let mut most = 0;
        let h = tape.no_grad(|| {
            if scoped {
                let mut state = m.initial(x).value();
                for _ in 0..steps {
                    state = tape.scope(|tape| {
                        let next = m.step(x, &tape.bind_where(&state, |_| false));
                        most = most.max(tape.stats().bytes);
                        next.value()
                    });
                }
                state.cells[0].clone()
            } else {
                let state = m.initial(x);
                let state = (0..steps).fold(state, |state, _| m.step(x, &state));
                most = tape.stats().bytes;
                state.h().value()
            }
        });
        (h, most)
    };
    let (few, many) = (run(10, true), run(2000, true));
    assert_eq!(few.1, many.1);
    let kept = run(2000, false);
    assert_eq!(kept.0, many.0);
    assert!(kept.1 > 100 * many.1);
}
