//! The state of optimizers, named, saved and put back.

use std::collections::BTreeMap;

use wengert_nn::optim::{Adadelta, Adagrad, Adamax, Lamb, Lion, NAdam, RAdam, RmsProp, Rprop};
use wengert_nn::optim::{Optimizer, Piece, PieceMut, Stateful, visit_named, visit_named_mut};
use wengert_nn::{Adam, Linear, Sgd};
use wengert_tape::{Bind, Gradients, Tape};
use wengert_tensor::{Rng, Tensor};

/// A piece that was saved.
#[derive(Debug, PartialEq)]
pub enum Saved {
    Tensor(Tensor<f64>),
    Count(u64),
    Number(f64),
}

type Model = (Linear<Tensor<f64>>, Tensor<f64>);

fn model() -> Model {
    let mut rng = Rng::seed_from_u64(1);
    let layer = Linear::new(3, 2, &mut rng).cast::<f64>();
    (layer, rng.normal([4], 0.0, 1.0))
}

fn grads(model: &Model) -> Gradients<Model, f64> {
    let mut tape = Tape::new();
    let (_, grads) = tape.value_and_grad(model, |t, (layer, x)| {
        layer.forward(t.ones([1, 3])).square().sum() + x.tanh().sum()
    });
    grads
}

/// Everything that a state shows, by name.
pub fn save(state: &dyn Stateful<f64>, model: &Model) -> BTreeMap<String, Saved> {
    let mut saved = BTreeMap::new();
    visit_named(state, model, &mut |name, piece| {
        let piece = match piece {
            Piece::Tensor(None) => return,
            Piece::Tensor(Some(tensor)) => Saved::Tensor(tensor.clone()),
            Piece::Count(count) => Saved::Count(count),
            Piece::Number(number) => Saved::Number(number),
        };
        let before = saved.insert(name.to_owned(), piece);
        assert_eq!(before, None, "{name} is there twice");
    });
    saved
}

pub fn load(state: &mut dyn Stateful<f64>, model: &Model, saved: &BTreeMap<String, Saved>) {
    let mut used = 0;
    visit_named_mut(state, model, &mut |name, piece| {
        let Some(saved) = saved.get(name) else {
            assert!(matches!(piece, PieceMut::Tensor(_)), "{name} was not saved");
            return;
        };
        used += 1;
        match (piece, saved) {
            (PieceMut::Tensor(to), Saved::Tensor(tensor)) => *to = Some(tensor.clone()),
            (PieceMut::Count(to), Saved::Count(count)) => *to = *count,
            (PieceMut::Number(to), Saved::Number(number)) => *to = *number,
            (piece, saved) => panic!("{name}: {piece:?} and {saved:?}"),
        }
    });
    assert_eq!(used, saved.len(), "every piece finds its place");
}

/// Six steps at once, and three steps, saved and gone on with by a new optimizer, end in the same
/// bits.
#[track_caller]
pub fn check_resume<O: Optimizer<f64>>(make: impl Fn() -> O) {
    let (mut whole, mut parts) = (model(), model());
    let mut optimizer = make();
    for _ in 0..6 {
        let grads = grads(&whole);
        optimizer.step(&mut whole, &grads);
    }
    let mut saved = BTreeMap::new();
    for _ in 0..2 {
        let mut optimizer = make();
        if !saved.is_empty() {
            load(&mut optimizer, &parts, &saved);
        }
        for _ in 0..3 {
            let grads = grads(&parts);
            optimizer.step(&mut parts, &grads);
        }
        saved = save(&optimizer, &parts);
    }
    assert_eq!(whole.0.weight.to_vec(), parts.0.weight.to_vec());
    assert_eq!(whole.1, parts.1);
    assert_eq!(save(&optimizer, &whole), saved);
}

#[test]
fn a_training_goes_on_from_what_was_saved() {
    check_resume(|| Sgd::new(0.1));
    check_resume(|| Sgd::new(0.1).with_momentum(0.9).with_dampening(0.5));
    check_resume(|| Adam::new(0.1));
    check_resume(|| Adam::new(0.1).with_amsgrad());
    check_resume(|| Adagrad::new(0.1).with_rate_decay(0.1));
    check_resume(|| Adadelta::new(0.1));
    check_resume(|| RmsProp::new(0.1).with_centered().with_momentum(0.5));
    check_resume(|| Adamax::new(0.1));
    check_resume(|| NAdam::new(0.1));
    check_resume(|| RAdam::new(0.1).with_betas(0.5, 0.7));
    check_resume(|| Lion::new(0.1));
    check_resume(|| Lamb::new(0.1));
    check_resume(|| Rprop::new(0.1));
    check_resume(|| Box::new(Adam::new(0.1)) as Box<dyn Optimizer<f64>>);
}

#[test]
fn pieces_have_the_names_of_the_leaves() {
    let (mut model, mut adam) = (model(), Adam::new(0.1));
    let bars = grads(&model);
    adam.step(&mut model, &bars);
    let names: Vec<String> = save(&adam, &model).into_keys().collect();
    let leaves = ["0.bias", "0.weight", "1"];
    let pieces = ["mean", "square", "steps"];
    let expected = leaves.map(|leaf| pieces.map(|piece| format!("{leaf}/{piece}")));
    assert_eq!(names, expected.concat());
    // A leaf that the model has not.
    let mut last = String::new();
    visit_named(&adam, &model.0.weight, &mut |name, _| {
        last = name.to_owned();
    });
    assert_eq!(last, "2/max");
    // Room is made once.
    adam.prepare_state(7);
    assert_eq!(adam.leaves(), 3);
}

/// A state of another model is refused at the next step, and no step is made.
#[test]
fn a_state_of_another_size_is_refused() {
    let mut adam = Adam::new(0.1);
    let mut model = model();
    visit_named_mut(&mut adam, &model, &mut |name, piece| {
        if let (PieceMut::Tensor(mean), "1/mean") = (piece, name) {
            *mean = Some(Tensor::ones([3]));
        }
    });
    let bars = grads(&model);
    let refusal = crate::refusals::caught(|| adam.step(&mut model, &bars));
    assert_eq!(
        refusal.message,
        "`1` has 4 elements, the optimizer holds moments of 3: it is the optimizer of another model"
    );
}
