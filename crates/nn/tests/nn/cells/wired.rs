//! What is between layers: connections, merged directions and dropout.

use wengert_nn::rnn::{Connection, Merge, ParameterGroups, Stack, Stacking};
use wengert_nn::{GruCell, Lstm, LstmCell, Recurrent};
use wengert_tape::check::Checker;
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::Tensor;

use super::{near, normal, rng, squares};

type Wide = Tensor<f64>;

const BOTH: Stacking = Stacking {
    layers: 3,
    bidirectional: true,
};

fn stack(stacking: Stacking, merge: Merge, connection: Connection) -> Stack<Lstm<Wide>, Wide> {
    let rng = &mut rng();
    Stack::new(
        2,
        3,
        stacking,
        merge,
        |inputs, rng| LstmCell::new(inputs, 3, rng),
        rng,
    )
    .with_connection(connection, rng)
    .cast()
}

/// The same layer by layer, over whole sequences.
fn by_layers<'t>(
    m: &Stack<Lstm<Var<'t, f64>>, Var<'t, f64>>,
    x: Var<'t, f64>,
    lengths: Option<&[usize]>,
) -> Var<'t, f64> {
    let mut x = x;
    for (at, layer) in m.rnn.layers.iter().enumerate() {
        let alone = Recurrent {
            layers: [layer.clone()].into_iter().collect(),
        };
        let (h, _) = match lengths {
            None => alone.run(x, None),
            Some(lengths) => alone.run_lengths(x, lengths, None),
        };
        let h = match (&layer.backward, m.merge) {
            (None, _) | (_, Merge::Concat) => h,
            (Some(_), merge) => {
                let [forward, backward] = h.chunk(-1);
                (forward + backward) * if merge == Merge::Sum { 1.0 } else { 0.5 }
            }
        };
        x = match (at, m.connection) {
            (0, _) | (_, Connection::None) => h,
            (_, Connection::Residual) => x + h,
            (_, Connection::Highway) => {
                let gate = &m.highways[at - 1];
                let t = (x.matmul(gate.weight) + gate.bias).sigmoid();
                t * h + x - t * x
            }
        };
    }
    // Zeros after the end pass through residuals, and through highways as zeros.
    x
}

#[test]
fn all_merges_and_connections() {
    let structures = [
        BOTH,
        Stacking {
            bidirectional: false,
            ..BOTH
        },
    ];
    for (structure, merge, connection) in structures.into_iter().flat_map(|structure| {
        [Merge::Concat, Merge::Sum, Merge::Mean]
            .into_iter()
            .flat_map(move |merge| {
                [Connection::None, Connection::Residual, Connection::Highway]
                    .map(|connection| (structure, merge, connection))
            })
    }) {
        let what = format!("{structure:?} {merge:?} {connection:?}");
        let stack = stack(structure, merge, connection);
        let tape = Tape::new();
        let (m, x) = (stack.bind(&tape), tape.constant(&normal(1, &[4, 3, 2])));
        near(
            &what,
            &m.run(x, None).0.value(),
            &by_layers(&m, x, None).value(),
        );
        let lengths = [2, 0, 3, 1];
        let (y, _) = m.run_lengths(x, &lengths, None);
        near(&what, &y.value(), &by_layers(&m, x, Some(&lengths)).value());
        if !structure.bidirectional {
            let mut state = m.initial(x.select(1, 0));
            for t in 0..3 {
                let y_t;
                (y_t, state) = m.step(x.select(1, t), &state);
                near(&what, &y_t.value(), &m.run(x, None).0.select(1, t).value());
            }
        }
        let model = (stack, normal(1, &[4, 3, 2]));
        let w = normal(7, &y.shape());
        let checked = Checker::new()
            .largest(0)
            .directions(2)
            .check_model(&model, |_, (m, x)| {
                let (y, end) = m.run_lengths(x, &lengths, None);
                (y * &w).sum() + squares!(end)
            });
        if let Err(failure) = checked {
            panic!("{what}: {failure}");
        }
    }
}

#[test]
fn directions_merged_by_a_function() {
    let stack = stack(Stacking { layers: 1, ..BOTH }, Merge::Sum, Connection::None);
    let tape = Tape::new();
    let (m, x) = (stack.bind(&tape), tape.constant(&normal(1, &[4, 3, 2])));
    let (y, _) = m.run_merged(x, None, |forward, backward| forward * backward.exp());
    let [forward, backward] = m.rnn.run(x, None).0.chunk(-1);
    near("merged", &y.value(), &(forward * backward.exp()).value());
}

#[test]
fn dropout_between_layers() {
    let rng = &mut rng();
    let one_way = Stacking {
        bidirectional: false,
        ..BOTH
    };
    let cell = |inputs, rng: &mut _| GruCell::new(inputs, 3, rng);
    let stack = Stack::new(2, 3, one_way, Merge::Concat, cell, rng).with_dropout(1.0);
    let stack = stack.cast::<f64>();
    let tape = Tape::new();
    let (m, x) = (stack.bind(&tape), tape.constant(&normal(1, &[4, 3, 2])));
    let evaluated = m.run(x, None).0.value();
    assert_eq!(evaluated, m.rnn.run(x, None).0.value());
    tape.set_training(true);
    // Nothing goes from layer to layer, and nothing is left out after the last one.
    let top = Recurrent {
        layers: m.rnn.layers[2..].iter().cloned().collect(),
    };
    let (alone, _) = top.run(tape.zeros([4, 3, 3]), None);
    assert_eq!(m.run(x, None).0.value(), alone.value());
    assert_ne!(alone.value(), Tensor::zeros([4, 3, 3]));
}

#[test]
fn groups_and_shapes() {
    let stack = stack(BOTH, Merge::Concat, Connection::Highway);
    assert_eq!(stack.parameter_groups(), 6 * 12 + 2 * 2);
    let tape = Tape::new();
    let m = stack.bind(&tape);
    for lengths in [&[0, 0][..], &[0, 2]] {
        let (y, _) = m.run_lengths(tape.ones([2, 2, 2]), lengths, None);
        assert_eq!(y.shape(), [2, 2, 6]);
    }
    assert_eq!(m.run(tape.ones([2, 0, 2]), None).0.shape(), [2, 0, 6]);
}
