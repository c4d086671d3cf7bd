//! Steps over models: what is trained, frozen, state, unreached or beside the loss.

use wengert_tape::tree::Tree;
use wengert_tape::{Tape, Values, Var};
use wengert_tensor::Tensor;

use crate::support::{assert_close, caught, noise};

#[derive(Tree, Clone, Debug, PartialEq)]
struct Norm<P = Tensor<f64>> {
    scale: P,
    #[tree(state)]
    mean: P,
    spare: P,
}

fn model() -> Norm {
    Norm {
        scale: Tensor::from([2.0, 3.0]),
        mean: Tensor::from([1.0, 1.0]),
        spare: Tensor::scalar(7.0),
    }
}

fn step<'t>(tape: &'t Tape<f64>, m: &Norm<Var<'t, f64>>) -> Var<'t, f64> {
    let x = tape.constant(&Tensor::from([4.0, 5.0]));
    tape.set_state(m.mean, 0.5 * m.mean + 0.5 * x);
    ((x - m.mean) * m.scale).sum()
}

#[test]
fn frozen_state_and_unreached_leaves() {
    let mut tape = Tape::new();
    let mut model = model();
    let (loss, grads) = tape.value_and_grad(&model, |tape, m| step(tape, &m));
    assert_eq!(loss, 18.0);
    assert_eq!(grads.len(), 3);
    assert_eq!(grads.get(0).unwrap().to_vec(), [3.0, 4.0]);
    assert!(grads.get(1).is_none() && grads.get(2).is_none());
    assert_eq!(grads.state(1).unwrap().to_vec(), [2.5, 3.0]);
    assert_eq!(grads.unreached(), ["spare"]);
    assert_eq!(grads.tree(&model).spare.item(), 0.0);
    grads.update_state(&mut model);
    assert_eq!(model.mean.to_vec(), [2.5, 3.0]);
    assert_eq!(model.scale.to_vec(), [2.0, 3.0]);

    let trained = |path: &str| path != "scale";
    let (_, grads) = tape.value_and_grad_where(&model, trained, |tape, m| {
        assert!(!m.scale.needs_grad());
        step(tape, &m) * m.spare
    });
    assert!(grads.get(0).is_none());
    assert_eq!(grads.get(2).unwrap().item(), 2.0 * 1.5 + 3.0 * 2.0);
    assert!(grads.unreached().is_empty());
}

#[test]
fn what_is_no_state_is_not_set() {
    let tape = Tape::<f64>::new();
    let m = tape.bind(&model());
    assert!(
        caught(|| tape.set_state(m.scale, m.scale))
            .message
            .contains("no state leaf")
    );
    let wrong = caught(|| tape.set_state(m.mean, tape.scalar(1.0)));
    assert_eq!(wrong.message, "set_state: `mean` is [2], its new value []");
}

#[test]
fn values_beside_the_loss() {
    let mut tape = Tape::new();
    let (loss, (parts, square), grads) = tape.value_and_grad_aux(&model(), |tape, m| {
        let loss = step(tape, &m);
        (
            loss,
            (vec![m.scale * 2.0, m.scale.slice(0, 1..)], loss * loss).value(),
        )
    });
    assert_eq!((loss, square.item()), (18.0, 324.0));
    assert_eq!(parts[0].to_vec(), [4.0, 6.0]);
    assert_eq!(parts[1].to_vec(), [3.0]);
    assert_eq!(grads.get(0).unwrap().to_vec(), [3.0, 4.0]);
}

#[test]
fn the_model_is_updated_in_place_between_steps() {
    let mut tape = Tape::new();
    let mut model = vec![noise(&[40], 1)];
    let place = model[0].as_mut_slice().as_ptr();
    for _ in 0..3 {
        let (_, grads) = tape.value_and_grad(&model, |_, m| (m[0] * m[0]).sum());
        for (x, bar) in model[0]
            .as_mut_slice()
            .iter_mut()
            .zip(grads.get(0).unwrap().iter())
        {
            *x -= 0.25 * bar;
        }
    }
    assert_eq!(
        model[0].as_mut_slice().as_ptr(),
        place,
        "the tape let go of the leaf"
    );
    assert_close(&model[0], &noise(&[40], 1).map(|x| x / 8.0), 1e-15);
}

#[test]
fn a_tied_leaf_gets_both_contributions() {
    let mut tape = Tape::new();
    let weight = noise(&[3, 3], 1);
    let (_, grads) = tape.value_and_grad(&weight, |_, w| w.matmul(w.t()).sum());
    let separate = (weight.clone(), weight.clone());
    let (_, apart) = tape.value_and_grad(&separate, |_, (a, b)| a.matmul(b.t()).sum());
    let sum = apart
        .get(0)
        .unwrap()
        .zip_map(apart.get(1).unwrap(), |a, b| a + b);
    assert_close(grads.get(0).unwrap(), &sum, 1e-14);
}

#[test]
fn a_panic_inside_leaves_the_tape_usable() {
    let mut tape = Tape::<f64>::new();
    let model = vec![noise(&[20], 1), noise(&[3], 2)];
    let good = |tape: &mut Tape<f64>| {
        let (value, grads) = tape.value_and_grad(&model, |_, m| (m[0].tanh()).sum() + m[1].sum());
        (value, grads.get(0).unwrap().clone())
    };
    let before = good(&mut tape);
    let message = caught(|| {
        let _ = tape.value_and_grad(&model, |_, m| {
            let _ = (m[0] * m[0]).sum().backward();
            panic!("in the loss: {}", m[1].shape())
        });
    });
    assert_eq!(message.message, "in the loss: [3]");
    assert_eq!(good(&mut tape), before);

    let _ = caught(|| {
        let _ = tape.value_and_grad(&model, |tape, m| {
            tape.scope(|tape| tape.no_grad(|| tape.named("a", || drop(m[0] + m[1]))));
            m[0].sum()
        });
    });
    tape.reset();
    assert!(tape.leaf(&Tensor::scalar(1.0)).needs_grad());
    assert_eq!(good(&mut tape), before);

    // Inside a rule, while nothing is recorded and the op is lifted out of the list.
    let bad = wengert_tape::Custom::<f64>::new(
        "bad",
        |x| x[0].to_tensor(),
        |rule| panic!("in a rule of {} inputs", rule.arity()),
    );
    let message = caught(|| {
        let _ = tape.value_and_grad(&model, |tape, m| tape.custom(&bad, &[m[0] * 2.0]).sum());
    });
    assert_eq!(message.message, "in a rule of 1 inputs");
    assert_eq!(good(&mut tape), before);
    let message =
        caught(|| drop(tape.hvp(&model, &model, |tape, m| tape.custom(&bad, &[m[0]]).sum())));
    assert_eq!(message.message, "in a rule of 1 inputs");
    assert_eq!(good(&mut tape), before);
}
