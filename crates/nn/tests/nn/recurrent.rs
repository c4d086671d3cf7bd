//! Runs over time: what they return, and what they refuse.

use wengert_nn::rnn::{Cell, Stacking};
use wengert_nn::{Lstm, LstmCell, LstmState};
use wengert_tape::check::refusal;
use wengert_tape::tree::TreeExt;
use wengert_tape::{Bind, Tape, Values, Var};
use wengert_tensor::{Rng, Tensor};

fn lstm(layers: usize, bidirectional: bool) -> Lstm<Tensor<f64>> {
    let stacking = Stacking {
        layers,
        bidirectional,
    };
    Lstm::stacked(2, 3, stacking, &mut Rng::seed_from_u64(1)).cast()
}

fn sequence(time: usize) -> Tensor<f64> {
    Rng::seed_from_u64(2).normal([4, time, 2], 0.0, 1.0)
}

#[test]
fn fused_gates_compute_what_single_ops_do() {
    let mut rng = Rng::seed_from_u64(1);
    let cell: LstmCell<Tensor<f64>> = LstmCell::new(3, 5, &mut rng).cast();
    let start = LstmState {
        h: rng.normal([2, 5], 0.0, 1.0),
        c: rng.normal([2, 5], 0.0, 1.0),
    };
    let model = (cell, rng.normal([2, 3], 0.0, 1.0), start);
    let mut tape = Tape::new();
    type Step = for<'t> fn(
        &LstmCell<Var<'t, f64>>,
        Var<'t, f64>,
        LstmState<Var<'t, f64>>,
    ) -> LstmState<Var<'t, f64>>;
    let mut run = |step: Step| {
        let (_, values, grads) = tape.value_and_grad_aux(&model, |_, (cell, x, start)| {
            let once = step(&cell, x, start);
            let twice = step(&cell, x, once);
            (
                (twice.h * twice.h + twice.c).sum(),
                vec![once.h, once.c, twice.h, twice.c].value(),
            )
        });
        (values, grads.tree(&model).leaves())
    };
    let (fused, fused_bars) = run(|cell, x, state| cell.step(x, state));
    let (composed, composed_bars) = run(|cell, x, state| cell.step_composed(x, state));
    for (a, b) in fused
        .iter()
        .zip(&composed)
        .chain(fused_bars.iter().zip(&composed_bars))
    {
        assert!(a.allclose(b, 1e-13, 1e-13));
    }
}

#[test]
fn a_fused_step_is_few_nodes() {
    let (rnn, tape) = (lstm(1, false), Tape::new());
    let (m, x) = (rnn.bind(&tape), tape.constant(&sequence(20)));
    let nodes = |time: isize| {
        let before = tape.stats().nodes;
        m.last(x.slice(1, ..time), None);
        tape.stats().nodes - before
    };
    // The slice of time, the gates side by side, and the two results.
    assert_eq!((nodes(20) - nodes(10)) / 10, 4);
}

#[test]
fn last_is_the_end_of_run() {
    for (layers, both) in [(1, false), (2, false), (1, true), (2, true)] {
        let (rnn, tape) = (lstm(layers, both), Tape::new());
        let (m, x) = (rnn.bind(&tape), tape.constant(&sequence(5)));
        let (outputs, state) = m.run(x, None);
        let last = m.last(x, None);
        assert_eq!(state.h().value(), last.h().value());
        assert_eq!(state.c().value(), last.c().value());
        // Forward ends at the last step, backward at the first.
        let h = state.h();
        assert_eq!(
            outputs.select(1, -1).slice(-1, ..3).value(),
            h.slice(-1, ..3).value()
        );
        if both {
            assert_eq!(
                outputs.select(1, 0).slice(-1, 3..).value(),
                h.slice(-1, 3..).value()
            );
        }
    }
}

#[test]
fn a_run_can_be_cut() {
    let (rnn, tape) = (lstm(2, false), Tape::new());
    let (m, x) = (rnn.bind(&tape), tape.constant(&sequence(7)));
    let (whole, end) = m.run(x, None);
    let (first, middle) = m.run(x.slice(1, ..4), None);
    let (second, cut) = m.run(x.slice(1, 4..), Some(middle));
    assert_eq!(whole.value(), Var::cat(&[first, second], 1).value());
    assert_eq!(end.c().value(), cut.c().value());
    let mut state = m.initial(x.select(1, 0));
    for t in 0..7 {
        state = m.step(x.select(1, t), &state);
    }
    assert_eq!(end.h().value(), state.h().value());
}

#[test]
fn no_steps_leave_the_state() {
    let (rnn, tape) = (lstm(2, true), Tape::new());
    let (m, x) = (rnn.bind(&tape), tape.constant(&sequence(0)));
    let (outputs, state) = m.run(x, None);
    assert_eq!(outputs.shape(), [4, 0, 6]);
    assert_eq!(state.h().value(), Tensor::zeros([4, 6]));
    let start = state.map_tree(|_, v| *v + 1.0);
    assert_eq!(m.last(x, Some(start)).h().value(), Tensor::ones([4, 6]));
}

#[test]
fn a_long_sequence() {
    let (rnn, tape) = (lstm(2, true), Tape::new());
    let x = tape.leaf(&sequence(300));
    let (outputs, _) = rnn.bind(&tape).run(x, None);
    assert_eq!(outputs.shape(), [4, 300, 6]);
    let x_bar = outputs.sum().backward().wrt(x).expect("a gradient");
    assert!(x_bar.first_non_finite().is_none() && x_bar.iter().all(|bar| bar != 0.0));
}

#[test]
fn the_state_comes_out_and_goes_in() {
    let (rnn, mut tape) = (lstm(2, true), Tape::new());
    let x = sequence(3);
    let (_, state, _) = tape.value_and_grad_aux(&rnn, |t, m| {
        let state = m.last(t.constant(&x), None);
        (state.h().sum(), state.value())
    });
    assert_eq!(state.paths().len(), 8);
    assert_eq!(state.paths()[3], "cells.1.c");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (rnn, tape) = (lstm(2, false), Tape::new());
    let m = rnn.bind(&tape);
    let message = |f: &dyn Fn()| refusal(f).expect_err("a refusal").message;
    assert_eq!(
        message(&|| drop(m.run(tape.zeros([4, 2]), None))),
        "a sequence has the axes [batch, time, features], this one the shape [4, 2]"
    );
    let wide = message(&|| drop(m.run(tape.zeros([4, 5, 3]), None)));
    assert!(
        wide.contains("affine") && wide.contains("`layers.0.forward.wx` [2, 12]"),
        "{wide}"
    );
    let short = lstm(1, false).bind(&tape).initial(tape.zeros([4, 2]));
    assert_eq!(
        message(&|| drop(m.last(tape.zeros([4, 5, 2]), Some(short.clone())))),
        "the state has 1 cells in 1 directions, the layer 2 layers in 1"
    );
    let both = lstm(1, true).bind(&tape);
    let start = both.initial(tape.zeros([4, 2]));
    assert_eq!(
        message(&|| drop(both.step(tape.zeros([4, 2]), &start))),
        "step: a layer that also runs backward needs the whole sequence"
    );
}
