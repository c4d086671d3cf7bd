//! What is left out inside of cells, and what stays as it was.

use wengert_nn::rnn::{
    Activation, Droppable, GruOptions, GruVariant, LightGru, LstmOptions, LstmVariant, MinimalGru,
    Stacking,
};
use wengert_nn::{Dropout, Gru, Lstm, LstmState, Recurrent, SimpleRnn, SimpleRnnCell, State};
use wengert_tape::check::Checker;
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

use super::{near, normal, rng, squares};

/// A cell that shows its masks: h′ = relu(x Wx + h Wh).
fn bare(wx: f64, wh: f64) -> Recurrent<SimpleRnnCell<Tensor<f64>>> {
    let eye = |scale: f64| Tensor::from_fn([40, 40], |at| if at[0] == at[1] { scale } else { 0.0 });
    let cell = SimpleRnnCell {
        wx: eye(wx),
        wh: eye(wh),
        bias: Tensor::zeros([40]),
        activation: Activation::Relu,
    };
    Recurrent::of([cell])
}

fn training() -> Tape<f64> {
    let tape = Tape::new();
    tape.set_training(true);
    tape
}

#[test]
fn the_mask_of_the_inputs_is_that_of_the_run() {
    let rnn = bare(1.0, 0.0).with_variational_dropout(0.5, 0.0);
    let tape = training();
    let m = rnn.bind(&tape);
    let lengths = [3, 5, 1, 4];
    let (y, _) = m.run_lengths(tape.ones([4, 5, 40]), &lengths, None);
    let y = y.value();
    let mut ones = 0;
    for (b, &length) in lengths.iter().enumerate() {
        let row = y.select(0, b as isize);
        for t in 0..length {
            assert_eq!(row.select(0, t as isize), row.select(0, 0));
        }
        assert!(row.select(0, 0).iter().all(|y| y == 0.0 || y == 2.0));
        ones += row.select(0, 0).iter().filter(|&y| y > 0.0).count();
    }
    assert!((50..110).contains(&ones), "{ones} of 160 are kept");
    assert_ne!(y.select(0, 0).select(0, 0), y.select(0, 1).select(0, 0));
    // Another run draws anew, and evaluation draws nothing.
    let (again, _) = m.run(tape.ones([4, 5, 40]), None);
    assert_ne!(again.value().select(0, 1), y.select(0, 1));
    tape.set_training(false);
    assert_eq!(
        m.run(tape.ones([4, 5, 40]), None).0.value(),
        Tensor::ones([4, 5, 40])
    );
}

#[test]
fn the_mask_of_the_state_is_that_of_the_run() {
    let rnn = bare(0.0, 1.0).with_variational_dropout(0.0, 0.5);
    let tape = training();
    let lengths = [2, 4, 0, 3];
    let start = State::of([tape.ones([4, 40])]);
    let x = tape.ones([4, 4, 40]);
    let (y, _) = rnn.bind(&tape).run_lengths(x, &lengths, Some(start));
    let y = y.value();
    for (b, &length) in lengths.iter().enumerate() {
        let row = y.select(0, b as isize);
        for t in 0..length {
            let power = 2f64.powi(t as i32 + 1);
            let mask = row.select(0, t as isize);
            assert!(mask.iter().all(|y| y == 0.0 || y == power));
            assert_eq!(mask / power, row.select(0, 0) / 2.0);
        }
    }
}

/// What a step of every cell gives where its candidates are all left out: what was kept.
#[test]
fn memory_is_not_lost() {
    let rng = &mut rng();
    let (x, h, c) = (normal(1, &[4, 2]), normal(2, &[4, 3]), normal(3, &[4, 3]));
    let tape = training();
    let (x, h, c) = (tape.constant(&x), tape.constant(&h), tape.constant(&c));
    let all = Dropout::new(1.0);
    let carousel = LstmOptions::constant_error_carousel();
    let cell = LstmVariant::with_options(2, 3, carousel, rng)
        .cast::<f64>()
        .bind(&tape);
    let next = cell.layers[0]
        .forward
        .step_dropped(x, h, LstmState { h, c }, all);
    assert_eq!(next.c.value(), c.value());
    // Of the others, a share between 0 and 1 of what was there.
    let share = |next: Tensor<f64>, before: Tensor<f64>| {
        let mut shares = next.iter().zip(before.iter()).map(|(a, b)| a / b);
        assert!(shares.all(|share| share > 0.0 && share < 1.0));
    };
    let cell = Lstm::new(2, 3, rng).cast::<f64>().bind(&tape);
    let next = cell.layers[0]
        .forward
        .step_dropped(x, h, LstmState { h, c }, all);
    share(next.c.value(), c.value());
    let cell = Gru::new(2, 3, rng).cast::<f64>().bind(&tape);
    share(
        cell.layers[0].forward.step_dropped(x, h, h, all).value(),
        h.value(),
    );
    let cell = GruVariant::with_options(2, 3, GruOptions::default(), rng)
        .cast::<f64>()
        .bind(&tape);
    share(
        cell.layers[0].forward.step_dropped(x, h, h, all).value(),
        h.value(),
    );
    let cell = MinimalGru::new(2, 3, rng).cast::<f64>().bind(&tape);
    share(
        cell.layers[0].forward.step_dropped(x, h, h, all).value(),
        h.value(),
    );
    let cell = LightGru::new(2, 3, rng).cast::<f64>().bind(&tape);
    share(
        cell.layers[0].forward.step_dropped(x, h, h, all).value(),
        h.value(),
    );
}

/// The products see the masked value, and the state is carried as it is.
#[test]
fn products_see_the_mask() {
    let tape = Tape::<f64>::new();
    let (x, h, c) = (normal(1, &[4, 2]), normal(2, &[4, 3]), normal(3, &[4, 3]));
    let seen = tape.constant(&normal(4, &[4, 3]));
    let (x, h, c) = (tape.constant(&x), tape.constant(&h), tape.constant(&c));
    let none = Dropout::new(0.0);
    let mut gru = Gru::new(2, 3, &mut rng()).cast::<f64>();
    // Its update gate shut, a GRU is its candidate; open, it is its state.
    for (bias, carried) in [(-60.0, false), (60.0, true)] {
        gru.layers[0].forward.bias_x.as_mut_slice()[3..6].fill(bias);
        let cell = gru.bind(&tape).layers[0].forward.clone();
        let dropped = cell.step_dropped(x, seen, h, none).value();
        let expected = if carried {
            h
        } else {
            wengert_nn::rnn::Cell::step(&cell, x, seen)
        };
        near("gru", &dropped, &expected.value());
    }
    let lstm = Lstm::new(2, 3, &mut rng()).cast::<f64>().bind(&tape);
    let cell = &lstm.layers[0].forward;
    let dropped = cell.step_dropped(x, seen, LstmState { h, c }, none);
    let plain = wengert_nn::rnn::Cell::step(cell, x, LstmState { h: seen, c });
    near("lstm", &dropped.h.value(), &plain.h.value());
}

#[test]
fn zoneout_keeps_or_moves() {
    let rnn = Lstm::new(2, 200, &mut rng())
        .cast::<f64>()
        .with_zoneout(0.25, 0.75);
    let tape = training();
    let m = rnn.bind(&tape);
    let start = LstmState {
        h: tape.constant(&normal(1, &[4, 200])),
        c: tape.constant(&normal(2, &[4, 200])),
    };
    let x = tape.constant(&normal(3, &[4, 2]));
    let next = m.step(x, &State::of([start])).cells[0];
    let free = wengert_nn::rnn::Cell::step(&m.layers[0].forward.cell, x, start);
    for (next, before, after, p) in [
        (next.h, start.h, free.h, 0.25),
        (next.c, start.c, free.c, 0.75),
    ] {
        let [next, before, after] = [next, before, after].map(|v| v.value().to_vec());
        let mut kept = 0;
        for ((next, before), after) in next.into_iter().zip(before).zip(after) {
            assert!(next == before || next == after);
            kept += usize::from(next == before);
        }
        // Four standard deviations of 800 draws.
        assert!(
            (kept as f64 - 800.0 * p).abs() < 50.0,
            "{kept} of 800 are kept"
        );
    }
}

/// With any draw, gradients by everything, also where rows end.
#[test]
fn gradients_of_a_draw() {
    let both = Stacking {
        layers: 2,
        bidirectional: true,
    };
    macro_rules! passes {
        ($rnn:expr) => {{
            let model = ($rnn, normal(5, &[4, 3, 2]));
            let checker = Checker::new().largest(0).directions(2);
            let checked = checker.check_model(&model, |t, (rnn, x)| {
                t.set_training(true);
                let (y, end) = rnn.run_lengths(x, &[1, 3, 0, 2], None);
                let w: Tensor<f64> = Rng::seed_from_u64(9).normal(y.shape(), 0.0, 1.0);
                (y * &w).sum() + squares!(end)
            });
            if let Err(failure) = checked {
                panic!("{failure}");
            }
        }};
    }
    let lstm = || Lstm::stacked(2, 3, both, &mut rng()).cast::<f64>();
    let gru = || Gru::stacked(2, 3, both, &mut rng()).cast::<f64>();
    passes!(lstm().with_zoneout(0.3, 0.5));
    passes!(gru().with_zoneout(0.3, 0.0));
    passes!(lstm().with_variational_dropout(0.3, 0.4));
    passes!(gru().with_variational_dropout(0.3, 0.4));
    passes!(lstm().with_recurrent_dropout(0.4));
    passes!(gru().with_recurrent_dropout(0.4));
    passes!(
        lstm()
            .with_variational_dropout(0.2, 0.2)
            .with_zoneout(0.3, 0.5)
    );
    let simple = SimpleRnn::stacked(2, 3, both, &mut rng()).cast::<f64>();
    passes!(simple.clone().with_recurrent_dropout(0.4));
    passes!(simple.with_variational_dropout(0.3, 0.4));
    let options = LstmOptions {
        projection: Some(2),
        ..LstmOptions::default()
    };
    let rnn = LstmVariant::stacked_with_options(2, 3, options, both, &mut rng()).cast::<f64>();
    passes!(
        rnn.with_variational_dropout(0.3, 0.4)
            .map_cells(|cell| cell.with_candidate(0.3))
    );
    let rnn = GruVariant::stacked_with_options(2, 3, GruOptions::default(), both, &mut rng());
    passes!(rnn.cast::<f64>().with_variational_dropout(0.3, 0.4));
}
