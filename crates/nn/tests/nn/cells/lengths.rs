//! Sequences of different lengths, and sequences in parts.

use wengert_nn::data::{Batches, pad};
use wengert_nn::rnn::{PackedSequence, Stacking};
use wengert_nn::{Gru, Lstm, LstmState, State};
use wengert_tape::tree::TreeExt;
use wengert_tape::{Bind, Tape, Values, Var};
use wengert_tensor::Tensor;

use super::{near, normal, rng};

fn lstm(layers: usize, bidirectional: bool) -> Lstm<Tensor<f64>> {
    let stacking = Stacking {
        layers,
        bidirectional,
    };
    Lstm::stacked(2, 3, stacking, &mut rng()).cast()
}

#[test]
fn packed_and_back() {
    let tape = Tape::new();
    let x = normal(1, &[5, 4, 2]);
    let lengths = [2, 0, 4, 1, 4];
    let packed = PackedSequence::pack_padded(tape.constant(&x), &lengths);
    assert_eq!(packed.batch_sizes(), [4, 3, 2, 2]);
    assert_eq!(packed.lengths(), lengths);
    // Step by step, the longest first; rows of one length stay in their order.
    let expected = [(2, 0), (4, 0), (0, 0), (3, 0), (2, 1), (4, 1), (0, 1)];
    for (k, (b, t)) in expected.into_iter().enumerate() {
        let row = packed.data().select(0, k as isize).value();
        assert_eq!(row, x.select(0, b).select(0, t), "value {k}");
    }
    let padded = packed.pad().value();
    for (b, &length) in lengths.iter().enumerate() {
        let (ours, x) = (padded.select(0, b as isize), x.select(0, b as isize));
        assert_eq!(ours.slice(0, ..length), x.slice(0, ..length));
        assert_eq!(ours.slice(0, length..), Tensor::zeros([4 - length, 2]));
    }
    let single = packed.unpack();
    let shapes: Vec<usize> = single.iter().map(|x| x.dim(0)).collect();
    assert_eq!(shapes, lengths);
    let again = PackedSequence::pack(&single);
    assert_eq!(again.data().value(), packed.data().value());
    assert_eq!(again.pad().value(), padded);
}

#[test]
fn of_nothing() {
    let tape = Tape::new();
    for both in [false, true] {
        let rnn = lstm(2, both).bind(&tape);
        let width = if both { 6 } else { 3 };
        let start = rnn.initial(tape.zeros([2, 2])).map_tree(|_, v| *v + 1.0);
        let (y, end) = rnn.run_lengths(tape.ones([2, 3, 2]), &[0, 0], Some(start));
        assert_eq!(y.value(), Tensor::zeros([2, 3, width]));
        assert_eq!(end.c().value(), Tensor::ones([2, width]));
        let (y, end) = rnn.run_lengths(tape.ones([0, 3, 2]), &[], None);
        assert_eq!(
            (y.shape(), end.h().shape()),
            ([0, 3, width].into(), [0, width].into())
        );
        let (y, end) = rnn.run_lengths(tape.ones([2, 0, 2]), &[0, 0], None);
        assert_eq!(
            (y.shape(), end.h().shape()),
            ([2, 0, width].into(), [2, width].into())
        );
    }
}

#[test]
fn full_lengths_are_no_lengths() {
    for (layers, both) in [(1, false), (2, true)] {
        let (rnn, tape) = (lstm(layers, both), Tape::new());
        let (m, x) = (rnn.bind(&tape), tape.constant(&normal(1, &[4, 5, 2])));
        let (a, end_a) = m.run(x, None);
        let (b, end_b) = m.run_lengths(x, &[5; 4], None);
        near("outputs", &a.value(), &b.value());
        near("state", &end_a.c().value(), &end_b.c().value());
        let last = m.last_packed(&PackedSequence::pack_padded(x, &[5; 4]), None);
        assert_eq!(last.h().value(), end_b.h().value());
    }
}

/// As many rows are computed as there are values, and none is that of an ended sequence.
#[test]
fn rows_that_have_ended_leave() {
    let both = Stacking {
        layers: 1,
        bidirectional: true,
    };
    let rnn = Lstm::stacked(2, 64, both, &mut rng()).cast::<f64>();
    let tape = Tape::new();
    let (m, x) = (rnn.bind(&tape), tape.constant(&normal(1, &[6, 24, 2])));
    let lengths = [12, 4, 24, 8, 20, 16];
    let bytes = |run: &dyn Fn()| {
        let before = tape.stats().bytes;
        run();
        tape.stats().bytes - before
    };
    let all = bytes(&|| drop(m.last(x, None)));
    let packed = PackedSequence::pack_padded(x, &lengths);
    let there = bytes(&|| drop(m.last_packed(&packed, None)));
    // 84 of 144 steps are there, 0.58; and the state is copied where rows end or begin.
    assert!(there * 10 < all * 7, "{there} of {all} bytes");
}

#[test]
fn a_start_of_one_row_stretches() {
    for lengths in [None, Some([2, 4, 0])] {
        let rnn = lstm(2, true);
        let start: State<LstmState<Tensor<f64>>> = State {
            cells: (0..4)
                .map(|k| LstmState {
                    h: normal(30 + k, &[1, 3]),
                    c: normal(40 + k, &[1, 3]),
                })
                .collect(),
            directions: 2,
        };
        let wide = start.map_tree(|_, v| v.expand([3, 3]).contiguous());
        let x = normal(1, &[3, 4, 2]);
        let run = |start: &State<LstmState<Tensor<f64>>>| {
            let model = (rnn.clone(), start.clone());
            let mut tape = Tape::new();
            let (_, y, grads) = tape.value_and_grad_aux(&model, |t, (rnn, start)| {
                let x = t.constant(&x);
                let (y, end) = match lengths {
                    None => rnn.run(x, Some(start)),
                    Some(lengths) => rnn.run_lengths(x, &lengths, Some(start)),
                };
                ((y * y).sum() + end.c().sum(), y.value())
            });
            (y, grads.tree(&model).1.leaves())
        };
        let ((y, bars), (y_wide, wide_bars)) = (run(&start), run(&wide));
        near("outputs", &y, &y_wide);
        for (bar, wide) in bars.iter().zip(&wide_bars) {
            near("the start's gradient", bar, &wide.sum_axes(&[0], true));
        }
    }
    // And in a single step.
    let (rnn, tape) = (lstm(2, false), Tape::new());
    let m = rnn.bind(&tape);
    let one = m.initial(tape.zeros([1, 2]));
    assert_eq!(m.step(tape.ones([5, 2]), &one).c().shape(), [5, 3]);
}

/// A sequence in two parts on one tape, cut by `detach`, has the gradients of the second part alone.
#[test]
fn truncated() {
    let rnn = Gru::new(2, 3, &mut rng()).cast::<f64>();
    let x = normal(1, &[4, 6, 2]);
    let mut tape = Tape::new();
    let (_, cut) = tape.value_and_grad(&rnn, |t, m| {
        let x = t.constant(&x);
        let middle = m.last(x.slice(1, ..3), None).detach();
        m.last(x.slice(1, 3..), Some(middle)).h().sum()
    });
    let middle = tape.evaluate(&rnn, |t, m| {
        m.last(t.constant(&x.slice(1, ..3)), None).value()
    });
    let (_, second) = tape.value_and_grad(&rnn, |t, m| {
        let start = t.bind_where(&middle, |_| false);
        m.last(t.constant(&x.slice(1, 3..)), Some(start)).h().sum()
    });
    for (a, b) in cut
        .tree(&rnn)
        .leaves()
        .iter()
        .zip(second.tree(&rnn).leaves())
    {
        near("gradients", a, &b);
    }
}

/// Step by step, the rows of a batch that have more to come go on.
#[test]
fn streamed_with_ends() {
    let (rnn, tape) = (lstm(2, false), Tape::new());
    let m = rnn.bind(&tape);
    let x = tape.constant(&normal(1, &[2, 4, 2]));
    let (_, end) = m.run_lengths(x, &[4, 2], None);
    let mut state = m.initial(x.select(1, 0));
    for t in 0..2 {
        state = m.step(x.select(1, t), &state);
    }
    near(
        "ended",
        &end.h().select(0, 1).value(),
        &state.h().select(0, 1).value(),
    );
    state = state.index_select(&Tensor::from([0]));
    for t in 2..4 {
        state = m.step(x.slice(0, ..1).select(1, t), &state);
    }
    near(
        "gone on",
        &end.c().select(0, 0).value(),
        &state.c().select(0, 0).value(),
    );
}

/// Layers without time work on all values at once.
#[test]
fn mapped() {
    let (rnn, tape) = (lstm(1, true), Tape::new());
    let x = PackedSequence::pack_padded(tape.constant(&normal(1, &[3, 4, 2])), &[4, 1, 2]);
    let (y, _) = rnn.bind(&tape).run_packed(&x, None);
    let w = tape.constant(&normal(2, &[6, 5]));
    let mapped = y.map(|y| y.matmul(w)).pad();
    assert_eq!(mapped.value(), y.pad().matmul(w).value());
    let flat: Vec<Var<'_, f64>> = y.map(|y| y.sum_axes(&[1], false)).unpack();
    assert_eq!(flat[2].shape(), [2]);
}

#[test]
fn buckets_have_every_row_once() {
    let mut rng = rng();
    for (rows, size) in [(0, 4), (3, 4), (20, 4), (23, 4), (7, 1)] {
        let lengths: Vec<usize> = (0..rows).map(|row| row * 7 % 11).collect();
        let batches: Vec<_> = Batches::by_length(&lengths, size, &mut rng).collect();
        assert_eq!(batches.len(), rows.div_ceil(size));
        let mut all: Vec<i64> = batches.iter().flat_map(|batch| batch.to_vec()).collect();
        all.sort();
        assert_eq!(all, (0..rows as i64).collect::<Vec<_>>());
        assert!(
            batches
                .iter()
                .rev()
                .skip(1)
                .all(|batch| batch.size() == size)
        );
        // No other batch has a length between those of a full one.
        let range = |batch: &Tensor<i64>| {
            let of = || batch.iter().map(|row| lengths[row as usize]);
            (of().min().unwrap_or(0), of().max().unwrap_or(0))
        };
        let full = &batches[..rows / size];
        for (k, a) in full.iter().enumerate() {
            for b in &full[k + 1..] {
                let ((a_min, a_max), (b_min, b_max)) = (range(a), range(b));
                assert!(a_max <= b_min || b_max <= a_min);
            }
        }
    }
    // Another epoch has other batches in another order.
    let lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let epoch = |rng: &mut _| -> Vec<_> { Batches::by_length(&lengths, 3, rng).collect() };
    assert_ne!(epoch(&mut rng), epoch(&mut rng));
}

#[test]
fn padded_data_is_what_was_packed() {
    let parts = [normal(1, &[2, 3]), normal(2, &[0, 3]), normal(3, &[4, 3])];
    let (x, lengths) = pad(&parts, f64::NAN).expect("sequences that fit");
    assert_eq!(x.shape(), &[3, 4, 3]);
    let tape = Tape::new();
    let single: Vec<_> = parts.iter().map(|part| tape.constant(part)).collect();
    let a = PackedSequence::pack_padded(tape.constant(&x), &lengths);
    let b = PackedSequence::pack(&single);
    assert_eq!(a.data().value(), b.data().value());
}
