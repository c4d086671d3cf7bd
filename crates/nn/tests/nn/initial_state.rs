//! An initial state of batch 1, as a learned one is, beside a batch: it stands for every row.

use smallvec::SmallVec;
use wengert_nn::{Gru, Lstm, LstmState, SimpleRnn, State};
use wengert_tape::tree::{Path, Tree, TreeExt};
use wengert_tape::{Bind, Tape, Values, Var};
use wengert_tensor::{Rng, Tensor};

/// Outputs, last state and gradients of a run from `state`, and by single steps too.
macro_rules! runs_from {
    ($layer:expr, $state:expr, $kind:ty) => {{
        let layer = $layer;
        let x: Tensor<f64> = Rng::seed_from_u64(5).normal([3, 4, 2], 0.0, 1.0);
        let run = |state: &State<$kind>| {
            let tape = Tape::new();
            let (m, state) = (layer.bind(&tape), tape.bind(state));
            let (outputs, last): (Var<'_, f64>, _) = m.run(tape.constant(&x), Some(state.clone()));
            let first = m.step(tape.constant(&x).select(1, 0), &state).h();
            assert_eq!(first.value(), outputs.select(1, 0).value());
            let y = (outputs * outputs).sum() + last.h().exp().sum();
            let back = y.backward();
            let weights = back.of(&m).tree(&layer).leaves();
            (
                outputs.value(),
                last.value().leaves(),
                weights,
                back.of(&state),
            )
        };
        let one = $state;
        let three = one.map_leaves(&mut Path::new(), &mut |_, leaf: &Tensor<f64>| {
            leaf.expand([3, 3])
        });
        let (y, last, bars, state) = run(&one);
        let (y3, last3, bars3, state3) = run(&three);
        assert_eq!(y, y3);
        assert_eq!(last, last3);
        for (bar, bar3) in bars.iter().zip(&bars3) {
            assert!(bar.allclose(bar3, 1e-12, 1e-12));
        }
        // What flows into the one row is the sum over the batch.
        for (bar, bar3) in state.iter().zip(state3.iter()) {
            assert_eq!(bar.shape(), &[1, 3]);
            assert!(bar.allclose(&bar3.sum_axes(&[0], true), 1e-12, 1e-12));
        }
        assert_eq!(state.len(), state3.len());
    }};
}

#[test]
fn every_layer_stretches_it() {
    let mut rng = Rng::seed_from_u64(1);
    let row: Tensor<f64> = rng.normal([1, 3], 0.0, 1.0);
    let plain = State {
        cells: SmallVec::from_iter([row.clone()]),
        directions: 1,
    };
    runs_from!(
        Gru::new(2, 3, &mut rng).cast::<f64>(),
        plain.clone(),
        Tensor<f64>
    );
    runs_from!(
        SimpleRnn::new(2, 3, &mut rng).cast::<f64>(),
        plain,
        Tensor<f64>
    );
    let both = State {
        cells: SmallVec::from_iter([LstmState {
            h: row.clone(),
            c: rng.normal([1, 3], 0.0, 1.0),
        }]),
        directions: 1,
    };
    runs_from!(
        Lstm::new(2, 3, &mut rng).cast::<f64>(),
        both,
        LstmState<Tensor<f64>>
    );
}
