//! Every cell with every switch: against plain loops, differences and its own single sequences, in
//! one layer, stacked and in both directions, with sequences of one length and of many.

mod dropout;
mod lengths;
mod switches;
mod twins;
mod wired;

use wengert_nn::rnn::Stacking;
use wengert_tensor::{Rng, Tensor};

/// One layer, two layers, and two in both directions.
const STRUCTURES: [Stacking; 3] = [
    Stacking {
        layers: 1,
        bidirectional: false,
    },
    Stacking {
        layers: 2,
        bidirectional: false,
    },
    Stacking {
        layers: 2,
        bidirectional: true,
    },
];

/// All steps of a batch of two, or so many of each row.
const LENGTHS: [Option<&[usize]>; 2] = [None, Some(&[1, 3, 0, 2, 3])];

fn rng() -> Rng {
    Rng::seed_from_u64(3)
}

/// Numbers of the given shape, the same for the same seed.
fn normal(seed: u64, shape: &[usize]) -> Tensor<f64> {
    Rng::seed_from_u64(seed).normal(shape, 0.0, 1.0)
}

/// The rows of a tensor [R, W].
fn rows(x: &Tensor<f64>) -> Vec<Vec<f64>> {
    x.to_rows()
}

#[track_caller]
fn near(what: &str, a: &Tensor<f64>, b: &Tensor<f64>) {
    assert_eq!(a.shape(), b.shape(), "{what}");
    for (k, (a, b)) in a.iter().zip(b.iter()).enumerate() {
        let close = (a - b).abs() <= 1e-12 * (1.0 + b.abs());
        assert!(close, "{what}, element {k}: {a} and {b}");
    }
}

/// The sum of squares of a state's parts.
macro_rules! squares {
    ($state:expr) => {{
        let mut parts = vec![];
        wengert_tape::tree::TreeExt::visit_tree(&$state, |_, &v| parts.push((v * v).sum()));
        parts
            .into_iter()
            .reduce(|a, b| a + b)
            .expect("a state has parts")
    }};
}
use squares;

/// A layer in every structure and with all lengths: values and states against the plain loop,
/// gradients by all parameters, inputs and starts against differences, and all of these against the
/// single sequences. What is after the end of a sequence holds NaN, and gets a gradient of exactly 0.
macro_rules! holds {
    ($what:expr, $make:expr, $twin:expr) => {{
        use wengert_tape::tree::TreeExt;
        use wengert_tape::{Bind, Tape, Values};
        let mut tape = Tape::new();
        for (structure, lengths) in crate::cells::STRUCTURES
            .into_iter()
            .flat_map(|structure| crate::cells::LENGTHS.map(|lengths| (structure, lengths)))
        {
            let what = format!("{}, {structure:?}, {lengths:?}", $what);
            let rnn = $make(structure);
            let batch = lengths.map_or(2, <[usize]>::len);
            let length = |b: usize| lengths.map_or(3, |lengths| lengths[b]);
            let x = crate::cells::normal(5, &[batch, 3, 2]);
            let mut nans = x.clone();
            for (b, t) in (0..batch).flat_map(|b| (length(b)..3).map(move |t| (b, t))) {
                nans.as_mut_slice()[(b * 3 + t) * 2..][..2].fill(f64::NAN);
            }
            tape.reset();
            let like = rnn.bind(&tape).initial(tape.zeros([batch, 2])).value();
            let mut seed = 20;
            let start = like.map_tree(|_, part| {
                seed += 1;
                crate::cells::normal(seed, part.shape())
            });
            let probe = rnn.bind(&tape).run(tape.zeros([1, 1, 2]), None).0.dim(-1);
            let weights = crate::cells::normal(9, &[batch, 3, probe]);

            let model = (rnn, nans, start);
            let (_, (outputs, ends), grads) =
                tape.value_and_grad_aux(&model, |t, (rnn, x, start)| {
                    t.set_training(false);
                    let (outputs, end) = match lengths {
                        None => rnn.run(x, Some(start)),
                        Some(lengths) => rnn.run_lengths(x, lengths, Some(start)),
                    };
                    let loss = (outputs * &weights).sum() + crate::cells::squares!(end);
                    (loss, (outputs.value(), end.value()))
                });
            let bars = grads.tree(&model);

            // The plain loop.
            let (starts, end_leaves) = (model.2.leaves(), ends.leaves());
            let parts = starts.len() / model.2.cells.len();
            for b in 0..batch {
                let steps = crate::cells::rows(&x.select(0, b as isize))[..length(b)].to_vec();
                let start: Vec<_> = starts
                    .chunks(parts)
                    .map(|cell| {
                        cell.iter()
                            .map(|p| p.select(0, b as isize).to_vec())
                            .collect()
                    })
                    .collect();
                let (y, end) = crate::cells::twins::walk(&model.0.layers, steps, &start, $twin);
                for t in 0..3 {
                    let ours = outputs.select(0, b as isize).select(0, t as isize);
                    match y.get(t) {
                        Some(y) => crate::cells::near(&what, &ours, &Tensor::from(y.clone())),
                        None => assert_eq!(ours, Tensor::zeros(ours.shape()), "{what}"),
                    }
                }
                for (ours, part) in end_leaves.iter().zip(end.concat()) {
                    crate::cells::near(&what, &ours.select(0, b as isize), &Tensor::from(part));
                }
            }

            // Single sequences, without lengths.
            let mut sum = bars
                .0
                .leaves()
                .iter()
                .map(|bar| bar * 0.0)
                .collect::<Vec<_>>();
            for b in 0..batch {
                let (from, n) = (b as isize, length(b));
                let row = |v: &Tensor<f64>| v.slice(0, from..from + 1);
                let model = (
                    model.0.clone(),
                    row(&x).slice(1, ..n),
                    model.2.map_tree(|_, part| row(part)),
                );
                let w = row(&weights).slice(1, ..n);
                let (_, (y, end), grads) = tape.value_and_grad_aux(&model, |t, (rnn, x, start)| {
                    t.set_training(false);
                    let (y, end) = rnn.run(x, Some(start));
                    let loss = (y * &w).sum() + crate::cells::squares!(end);
                    (loss, (y.value(), end.value()))
                });
                crate::cells::near(&what, &row(&outputs).slice(1, ..n), &y);
                for (ours, end) in end_leaves.iter().zip(end.leaves()) {
                    crate::cells::near(&what, &row(ours), &end);
                }
                let single = grads.tree(&model);
                for (sum, bar) in sum.iter_mut().zip(single.0.leaves()) {
                    *sum = &*sum + &bar;
                }
                crate::cells::near(&what, &row(&bars.1).slice(1, ..n), &single.1);
                let masked = row(&bars.1).slice(1, n..);
                assert_eq!(masked, Tensor::zeros(masked.shape()), "{what}");
                for (bar, single) in bars.2.leaves().iter().zip(single.2.leaves()) {
                    crate::cells::near(&what, &row(bar), &single);
                }
            }
            for (bar, sum) in bars.0.leaves().iter().zip(&sum) {
                crate::cells::near(&what, bar, sum);
            }

            // Differences.
            let model = (model.0, x, model.2);
            let checker = wengert_tape::check::Checker::new().largest(0).directions(2);
            let checked = checker.check_model(&model, |t, (rnn, x, start)| {
                t.set_training(false);
                let (outputs, end) = match lengths {
                    None => rnn.run(x, Some(start)),
                    Some(lengths) => rnn.run_lengths(x, lengths, Some(start)),
                };
                (outputs * &weights).sum() + crate::cells::squares!(end)
            });
            if let Err(failure) = checked {
                panic!("{what}: {failure}");
            }
        }
    }};
}
use holds;
