//! Mistakes of a training loop: what is asked for is what comes out, and what cannot be is refused.

use std::cell::Cell;

use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Gradients, Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::support::{Caught, caught, noise};

type Leaves = Vec<Tensor<f64>>;

/// Asserts what a panic says, and that it points at a line of this file.
#[track_caller]
fn says(caught: &Caught, message: &str, line: u32) {
    assert!(caught.message.contains(message), "{caught:?}");
    assert!(caught.file.ends_with("training.rs"), "{caught:?}");
    assert_eq!(caught.line, line, "{caught:?}");
}

fn model(leaves: usize) -> Leaves {
    (0..leaves).map(|k| noise(&[k % 3 + 1], k as u64)).collect()
}

/// A loss with another gradient in every leaf: leaf k has 2 (k + 1) x.
fn weighed<'t>(m: &[Var<'t, f64>]) -> Var<'t, f64> {
    let square = |(k, x): (usize, &Var<'t, f64>)| (*x * *x).sum() * (k + 1) as f64;
    m.iter()
        .enumerate()
        .map(square)
        .reduce(|a, b| a + b)
        .unwrap()
}

fn get(grads: &Gradients<Leaves, f64>, at: usize) -> Vec<f64> {
    grads.get(at).unwrap().to_vec()
}

#[test]
fn leaves_are_looked_up_in_any_order_subset_and_repetition() {
    let mut rng = Rng::seed_from_u64(1);
    let mut tape = Tape::<f64>::new();
    for count in 1..8 {
        let (model, other) = (model(count), model(3));
        let expected =
            |k: usize| -> Vec<f64> { model[k].iter().map(|x| 2.0 * (k + 1) as f64 * x).collect() };
        let before = other.bind(&tape);
        let m = model.bind(&tape);
        let after = other.bind(&tape);
        let back = (weighed(&m) + before[1].sum() + after[2].sum()).backward();
        for _ in 0..5 {
            let picks: Vec<usize> = (0..rng.below(6)).map(|_| rng.below(count)).collect();
            let picked: Vec<Var<'_, f64>> = picks.iter().map(|&k| m[k]).collect();
            let grads = back.of(&picked);
            assert_eq!(grads.len(), picks.len());
            for (at, &k) in picks.iter().enumerate() {
                assert_eq!(get(&grads, at), expected(k), "{picks:?}");
            }
        }
        let mixed = back.of(&(after[2], vec![m[count - 1], before[1]]));
        assert_eq!(mixed.get(1).unwrap().to_vec(), expected(count - 1));
        assert!(mixed.get(2).unwrap().iter().all(|bar| bar == 1.0));
        drop(back);
        tape.reset();
    }
}

#[test]
fn what_is_no_leaf_of_this_tape_is_refused_by_name() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (m, foreign) = (model(2).bind(&tape), model(2).bind(&other));
    let back = weighed(&m).backward();
    let (refused, line) = (caught(|| drop(back.of(&vec![m[0], foreign[1]]))), line!());
    says(
        &refused,
        "of: the leaf `1` is a variable of another tape",
        line,
    );
    let (refused, line) = (caught(|| drop(back.of(&(m[0] * 2.0, m[1])))), line!());
    says(
        &refused,
        "of: the leaf `0` is no leaf of a bound model",
        line,
    );
    let mut kept = None;
    tape.scope(|tape| kept = Some(model(1).bind(tape)));
    let (refused, line) = (caught(|| drop(back.of(kept.as_ref().unwrap()))), line!());
    says(&refused, "`0` was bound in a scope that has ended", line);
    // A refusal spoils nothing.
    assert_eq!(back.of(&m).len(), 2);
}

#[test]
fn a_loss_that_reaches_nothing_is_refused() {
    let mut tape = Tape::<f64>::new();
    let model = model(5);
    type Cut = for<'t> fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>;
    let cuts: [Cut; 5] = [
        |_, m| weighed(m).detach(),
        |t, m| t.no_grad(|| weighed(m)),
        |t, m| t.scalar(weighed(m).item()),
        |t, m| t.constant(&m[0].value()).sum(),
        |t, _| t.scalar(4.0),
    ];
    let message = "value_and_grad: the loss does not depend on any trained leaf of the model (`0`, \
                   `1`, `2` and 2 more), so there is nothing to learn from it. Likely causes: \
                   `detach` or `no_grad`";
    for cut in cuts {
        let (refused, line) = (
            caught(|| drop(tape.value_and_grad(&model, |t, m| cut(t, &m)))),
            line!() - 1,
        );
        says(&refused, message, line);
        let refused = caught(|| {
            drop(tape.value_and_grad_aux(&model, |t, m| (cut(t, &m), 1)));
        });
        assert!(refused.message.starts_with("value_and_grad: the loss"));
        // A frozen model learns nothing anyway.
        let (_, grads) = tape.value_and_grad_where(&model, |_| false, |t, m| cut(t, &m));
        assert_eq!(grads.iter().count() + grads.unreached().len(), 0);
    }
    // A model that is bound inside does not stand in for the model.
    let refused = caught(|| {
        drop(tape.value_and_grad(&model, |t, _| weighed(&t.bind(&model))));
    });
    assert!(refused.message.contains("any trained leaf"));
    tape.reset();
    let (m, other) = (model.bind(&tape), model.bind(&tape));
    let back = weighed(&m).backward();
    let (refused, line) = (caught(|| drop(back.of(&other))), line!());
    says(
        &refused,
        "of: the loss does not depend on any trained leaf",
        line,
    );
    // Some unreached leaves are a report.
    let grads = (m[1] * m[1]).sum().backward().of(&m);
    assert_eq!(grads.unreached(), ["0", "2", "3", "4"]);
}

#[test]
fn gradients_are_asked_for_leaves_that_there_are() {
    let mut tape = Tape::<f64>::new();
    let three = model(3);
    let (_, grads) = tape.value_and_grad(&three, |_, m| weighed(&m));
    let message = "gradients: there are 3 leaves, counted from 0, and none is number 7";
    let (refused, line) = (caught(|| drop(grads.get(7))), line!());
    says(&refused, message, line);
    let (refused, line) = (caught(|| drop(grads.state(7))), line!());
    says(&refused, message, line);
    for leaves in [2, 4] {
        let (refused, line) = (caught(|| drop(grads.tree(&model(leaves)))), line!());
        says(&refused, &format!("3 leaves, the model has {leaves}"), line);
        let (refused, line) = (caught(|| grads.update_state(&mut model(leaves))), line!());
        says(&refused, &format!("3 leaves, the model has {leaves}"), line);
    }
}

#[derive(Tree, Clone, Debug, PartialEq)]
struct Mean<P = Tensor<f64>> {
    #[tree(state)]
    mean: P,
    scale: P,
}

impl<'t> Mean<Var<'t, f64>> {
    /// Moves the mean half of the way to `x`.
    fn forward(&self, x: f64) -> Var<'t, f64> {
        let tape = self.scale.tape();
        let mean = tape.state(self.mean);
        tape.set_state(self.mean, mean * 0.5 + 0.5 * x);
        self.scale * x
    }
}

fn mean() -> Mean {
    Mean {
        mean: Tensor::scalar(0.0),
        scale: Tensor::scalar(1.0),
    }
}

#[test]
fn updates_of_state_compose_in_their_order() {
    let mut model = [mean(), mean()];
    let (_, grads) = Tape::new().value_and_grad(&model, |t, [a, b]| {
        let mut loss = a.forward(8.0) + b.forward(2.0) + a.forward(4.0);
        // What is set inside of a scope is forgotten with it.
        t.scope(|t| {
            let _ = a.forward(100.0);
            t.bind(&mean()).forward(1.0);
            let _ = b.forward(50.0);
            assert_eq!(t.state(b.mean).item(), 25.5);
        });
        assert_eq!(t.state(a.mean).item(), 4.0);
        loss += a.forward(2.0);
        loss
    });
    grads.update_state(&mut model);
    assert_eq!([model[0].mean.item(), model[1].mean.item()], [3.0, 1.0]);
    let mut other = [mean(), mean()];
    other[1].mean = Tensor::from([1.0, 2.0]);
    let (refused, line) = (caught(|| grads.update_state(&mut other)), line!());
    says(
        &refused,
        "update_state: `1.mean` is [2], its new value []",
        line,
    );
}

#[test]
fn what_a_scope_bound_is_forgotten_with_it() {
    let tape = Tape::<f64>::new();
    let m = vec![noise(&[2, 3], 1)].bind(&tape);
    tape.scope(|tape| drop(vec![noise(&[4], 2), noise(&[5], 3)].bind(tape)));
    // These nodes have the numbers of leaves that are gone.
    let (x, y) = (tape.zeros([5, 5]), tape.zeros([4]));
    let refused = caught(|| drop(x + y));
    assert_eq!(
        refused.message,
        "add: shapes do not broadcast: [5, 5] and [4]"
    );
    let n = vec![noise(&[2, 3], 1)].bind(&tape);
    assert_eq!((m[0] * n[0]).sum().backward().of(&n).len(), 1);
}

#[test]
fn only_the_models_own_leaves_are_collected() {
    let mut tape = Tape::<f64>::new();
    let (model, teacher) = (model(3), model(5));
    let plain = tape.value_and_grad(&model, |_, m| weighed(&m));
    let with = tape.value_and_grad(&model, |t, m| {
        let frozen = t.bind_where(&teacher, |_| false);
        let trained = t.bind(&teacher);
        assert!(!frozen[0].needs_grad() && trained[0].needs_grad());
        weighed(&m) + weighed(&frozen) - weighed(&trained)
    });
    assert_eq!(with.1.len(), 3);
    assert!((with.0 - plain.0).abs() < 1e-12);
    for at in 0..3 {
        assert_eq!(get(&with.1, at), get(&plain.1, at));
    }
    let beside = |t: &Tape<f64>| {
        let other = t.bind(&teacher);
        weighed(&other).item()
    };
    let f = |t: &Tape<f64>, y: f64| beside(t) * 0.0 + y;
    let one = Tensor::scalar(1.0);
    let (_, grads) = tape.vjp(&model, &one, |t, m| weighed(&m) * f(t, 1.0));
    assert_eq!((grads.len(), get(&grads, 2)), (3, get(&plain.1, 2)));
    let (_, y_dot) = tape.jvp(&model, &model, |t, m| weighed(&m) * f(t, 1.0));
    assert!((y_dot.item() - 2.0 * plain.0).abs() < 1e-12);
    let (bars, dots) = tape.hvp(&model, &model, |t, m| weighed(&m) * f(t, 1.0));
    assert_eq!((bars.len(), dots.len()), (3, 3));
    assert_eq!(bars[1].to_vec(), get(&plain.1, 1));
}

/// The modes that every face runs in.
fn modes(tape: &mut Tape<f64>) -> [bool; 9] {
    let x = Tensor::scalar(0.5);
    let seen = Cell::new(false);
    let see = |t: &Tape<f64>| {
        seen.set(t.training());
        seen.get()
    };
    let mut modes = [false; 9];
    tape.value_and_grad(&x, |t, x| (see(t), x * x).1);
    modes[0] = seen.get();
    tape.value_and_grad_where(&x, |_| true, |t, x| (see(t), x * x).1);
    modes[1] = seen.get();
    tape.value_and_grad_aux(&x, |t, x| (x * x, see(t)));
    modes[2] = seen.get();
    tape.evaluate(&x, |t, _| see(t));
    modes[3] = seen.get();
    tape.jvp(&x, &x, |t, x| (see(t), x * x).1);
    modes[4] = seen.get();
    tape.vjp(&x, &x, |t, x| (see(t), x * x).1);
    modes[5] = seen.get();
    tape.hvp(&x, &x, |t, x| (see(t), x * x).1);
    modes[6] = seen.get();
    tape.hessian(&x, |t, x| (see(t), x * x).1);
    tape.jacobian(&x, |t, x| (see(t), x * x).1);
    modes[7] = seen.get();
    modes[8] = see(tape);
    modes
}

#[test]
fn each_face_has_its_mode_until_told_otherwise() {
    let mut tape = Tape::<f64>::new();
    let mut own = [false; 9];
    own[..3].fill(true);
    assert_eq!(modes(&mut tape), own);
    for told in [true, false] {
        tape.set_training(told);
        assert_eq!(modes(&mut tape), [told; 9]);
    }
    tape.set_training(None);
    assert_eq!(modes(&mut tape), own);
    // A panic ends the mode of its step.
    let x = Tensor::scalar(0.5);
    let _ =
        caught(|| drop(tape.value_and_grad(&x, |t, _| t.with_training(false, || panic!("no")))));
    assert!(!tape.training());
    assert_eq!(modes(&mut tape), own);
    tape.value_and_grad(&x, |t, x| {
        assert!(!t.with_training(false, || t.training()));
        assert!(t.training());
        x
    });
}
