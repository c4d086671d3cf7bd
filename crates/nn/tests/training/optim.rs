//! The optimizers, beside PyTorch's paths and at their edges.

use wengert_nn::optim::{Adadelta, Adagrad, Adamax, NAdam, Optimizer, RAdam, RmsProp, Rprop};
use wengert_nn::{Adam, BatchNorm, Sgd, clip_by_global_norm, clip_by_value};
use wengert_tape::{Bind, Gradients, Tape};
use wengert_tensor::{Rng, Tensor};

use crate::book::{Book, agree};
use crate::refusals::caught;

/// What a panic says.
fn refusal(f: impl FnOnce()) -> String {
    caught(f).message
}

/// The gradient `bar` of one tensor.
fn grads(x: &Tensor<f64>, bar: &Tensor<f64>) -> Gradients<Tensor<f64>, f64> {
    Tape::new().value_and_grad(x, |_, x| (x * bar).sum()).1
}

/// Follows the path of a case with an optimizer, to 1e-12.
fn follow(book: &Book, case: &str, mut optimizer: impl Optimizer<f64>) -> String {
    let (bars, path) = (book.get(case, "gradients"), book.get(case, "path"));
    let mut x = book.get(case, "start");
    for k in 0..bars.shape()[0] {
        let grads = grads(&x, &bars.select(0, k as isize));
        optimizer.step(&mut x, &grads);
        let wanted = path.select(0, k as isize);
        for (a, b) in x.iter().zip(wanted.iter()) {
            assert!((a - b).abs() <= 1e-12, "{case}, step {k}: {a} and {b}");
        }
    }
    case.to_owned()
}

/// The names of the cases of one kind.
pub fn cases(book: &Book, kind: &str) -> Vec<String> {
    let cases = book.cases.iter().filter(|case| case["kind"] == kind);
    let name = |case: &serde_json::Value| case["case"].as_str().expect("a name").to_owned();
    cases.map(name).collect()
}

#[test]
fn the_paths_are_those_of_pytorch() {
    let book = Book::open("optim");
    let followed = [
        follow(&book, "sgd", Sgd::new(0.1)),
        follow(&book, "sgd_momentum", Sgd::new(0.1).with_momentum(0.9)),
        follow(&book, "sgd_nesterov", Sgd::new(0.1).with_nesterov(0.9)),
        follow(
            &book,
            "sgd_weight_decay",
            Sgd::new(0.1).with_momentum(0.9).with_weight_decay(0.01),
        ),
        follow(&book, "adagrad", Adagrad::new(0.1)),
        follow(&book, "adadelta", Adadelta::new(1.0).with_rho(0.95)),
        follow(&book, "rmsprop", RmsProp::new(0.01).with_alpha(0.9)),
        follow(
            &book,
            "rmsprop_centered_momentum",
            RmsProp::new(0.01)
                .with_alpha(0.9)
                .with_centered()
                .with_momentum(0.5),
        ),
        follow(&book, "adam", Adam::new(0.01)),
        follow(&book, "adam_l2", Adam::new(0.01).with_weight_decay(0.1)),
        follow(&book, "amsgrad", Adam::new(0.01).with_amsgrad()),
        follow(
            &book,
            "adamw",
            Adam::new(0.01).with_decoupled_weight_decay(0.1),
        ),
        follow(&book, "adamax", Adamax::new(0.01)),
        follow(&book, "nadam", NAdam::new(0.01)),
        follow(&book, "radam", RAdam::new(0.01)),
    ];
    assert_eq!(followed.to_vec(), cases(&book, "optimiser"));
}

#[test]
fn every_setting_is_that_of_pytorch() {
    let book = Book::open("training");
    let rms = |alpha| RmsProp::new(0.02).with_alpha(alpha);
    let (betas, slow) = ([0.8, 0.9], [0.8, 0.95]);
    let adam = Adam::new(0.02)
        .with_betas(betas[0], betas[1])
        .with_amsgrad();
    let nadam = NAdam::new(0.02).with_betas(slow[0], slow[1]);
    let radam = RAdam::new(0.02).with_betas(slow[0], slow[1]);
    let followed = [
        follow(
            &book,
            "sgd_dampening",
            Sgd::new(0.1)
                .with_momentum(0.9)
                .with_dampening(0.3)
                .with_weight_decay(0.01),
        ),
        follow(
            &book,
            "adagrad",
            Adagrad::new(0.1)
                .with_rate_decay(0.05)
                .with_weight_decay(0.02)
                .with_initial(0.3)
                .with_epsilon(1e-6),
        ),
        follow(
            &book,
            "adadelta",
            Adadelta::new(0.7)
                .with_rho(0.8)
                .with_epsilon(1e-4)
                .with_weight_decay(0.05),
        ),
        follow(
            &book,
            "rmsprop_momentum",
            rms(0.8)
                .with_momentum(0.9)
                .with_weight_decay(0.03)
                .with_epsilon(1e-4),
        ),
        follow(&book, "rmsprop_centered", rms(0.8).with_centered()),
        follow(
            &book,
            "adam_all",
            adam.clone().with_epsilon(1e-4).with_weight_decay(0.1),
        ),
        follow(
            &book,
            "adamw_amsgrad",
            adam.with_decoupled_weight_decay(0.2),
        ),
        follow(
            &book,
            "adamax",
            Adamax::new(0.02)
                .with_betas(betas[0], betas[1])
                .with_epsilon(1e-3)
                .with_weight_decay(0.1),
        ),
        follow(
            &book,
            "nadam",
            nadam
                .clone()
                .with_momentum_decay(0.02)
                .with_weight_decay(0.1),
        ),
        follow(
            &book,
            "nadamw",
            nadam.with_epsilon(1e-4).with_decoupled_weight_decay(0.1),
        ),
        follow(&book, "radam", radam.clone().with_weight_decay(0.1)),
        follow(
            &book,
            "radamw",
            radam.with_epsilon(1e-4).with_decoupled_weight_decay(0.1),
        ),
        follow(
            &book,
            "rprop",
            Rprop::new(0.01)
                .with_factors(0.4, 1.5)
                .with_sizes(0.004, 0.04),
        ),
    ];
    assert_eq!(followed.to_vec(), cases(&book, "optimizer"));
}

#[test]
fn clipping_is_that_of_pytorch() {
    let book = Book::open("optim");
    let get = |name: &str| book.get("clip_norm", name);
    let bars = [get("gradient.0"), get("gradient.1")];
    let model = bars.clone();
    let (_, mut grads) = Tape::new().value_and_grad(&model, |_, [a, b]| {
        (a * &bars[0]).sum() + (b * &bars[1]).sum()
    });
    let norm = clip_by_global_norm(&mut grads, 1.0);
    agree("clip_norm", "norm", &Tensor::from([norm]), &get("norm"));
    for (k, bar) in grads.iter().enumerate() {
        agree("clip_norm", "clipped", bar, &get(&format!("clipped.{k}")));
    }
}

/// Squares of these gradients are out of range; their norm is not.
#[test]
fn great_and_small_gradients_are_clipped_to_the_bound() {
    let x = Tensor::from([1.0, 2.0]);
    for size in [1e200, 1e307, 1e-200] {
        let mut bars = grads(&x, &Tensor::from([3.0 * size, 4.0 * size]));
        let norm = clip_by_global_norm(&mut bars, 1.0);
        assert!((norm / (5.0 * size) - 1.0).abs() < 1e-14, "{norm:e}");
        if size > 1.0 {
            let bar = bars.get(0).expect("a gradient").to_vec();
            assert!(
                (bar[0] - 0.6).abs() < 1e-14 && (bar[1] - 0.8).abs() < 1e-14,
                "{bar:?}"
            );
        }
    }
}

#[test]
fn a_small_norm_is_left_alone_and_nan_shows() {
    let x = Tensor::from([1.0, 2.0]);
    let mut small = grads(&x, &Tensor::from([0.3, 0.4]));
    assert_eq!(clip_by_global_norm(&mut small, 1.0), 0.5);
    assert_eq!(small.get(0).map(Tensor::to_vec), Some(vec![0.3, 0.4]));
    assert_eq!(clip_by_global_norm(&mut small, f64::INFINITY), 0.5);

    let mut broken = grads(&x, &Tensor::from([f64::NAN, 0.4]));
    assert!(clip_by_global_norm(&mut broken, 1.0).is_nan());
    assert!(broken.iter().all(|bar| bar.iter().all(f64::is_nan)));
    clip_by_value(&mut broken, 1.0);
    assert!(broken.iter().all(|bar| bar.iter().all(f64::is_nan)));
}

#[test]
fn a_leaf_without_gradient_is_left_alone() {
    let start = (
        Tensor::from([1.0, 2.0]),
        Tensor::from([3.0]),
        Tensor::from([4.0]),
    );
    let mut adam = Adam::<f64>::new(0.1).with_decoupled_weight_decay(0.5);
    let mut sgd = Sgd::<f64>::new(0.1)
        .with_momentum(0.9)
        .with_weight_decay(0.5);
    for which in 0..2 {
        let (mut tape, mut model) = (Tape::new(), start.clone());
        // "1" is frozen, and "2" is out of reach.
        let (_, grads) =
            tape.value_and_grad_where(&model, |path| path != "1", |_, (a, b, _)| (a * b).sum());
        assert_eq!(grads.unreached(), ["2"]);
        match which {
            0 => adam.step(&mut model, &grads),
            _ => sgd.step(&mut model, &grads),
        }
        assert!(model.0 != start.0);
        assert_eq!((&model.1, &model.2), (&start.1, &start.2));
    }
    let steps: Vec<_> = adam.slots.iter().map(|slot| slot.steps).collect();
    assert_eq!(steps, [1, 0, 0]);
}

#[test]
fn state_is_written_by_every_optimizer() {
    let x: Tensor<f64> = Rng::seed_from_u64(1).normal([8, 3], 2.0, 1.0);
    let mut tape = Tape::new();
    let layer = BatchNorm::new(3).cast::<f64>();
    let mut results = Vec::new();
    for which in 0..2 {
        let mut layer = layer.clone();
        let (_, grads) = tape.value_and_grad(&layer, |t, l| l.forward(t.constant(&x)).sum());
        match which {
            0 => Adam::new(0.1).step(&mut layer, &grads),
            _ => Sgd::new(0.1).step(&mut layer, &grads),
        }
        results.push((layer.mean, layer.variance));
    }
    let expected = x.mean_axes(&[0], false) * 0.1;
    assert!(results[0].0.allclose(&expected, 1e-12, 1e-12));
    assert_eq!(results[0], results[1]);
}

#[test]
fn the_rate_can_be_set() {
    let mut x = Tensor::from([1.0]);
    let mut sgd = Sgd::<f64>::new(0.1);
    sgd.learning_rate = 0.5;
    let bar = grads(&x, &Tensor::from([1.0]));
    sgd.step(&mut x, &bar);
    assert_eq!(x.to_vec(), [0.5]);
}

#[test]
fn other_structures_are_refused_by_path() {
    let two = vec![Tensor::from([1.0]), Tensor::from([2.0])];
    let (_, grads) = Tape::<f64>::new().value_and_grad(&two, |_, m| (m[0] * m[1]).sum());
    let mut three = vec![
        Tensor::from([1.0]),
        Tensor::from([2.0]),
        Tensor::from([3.0]),
    ];
    assert_eq!(
        refusal(|| Adam::new(0.1).step(&mut three, &grads)),
        "there are gradients of 2 leaves, and none of `2`"
    );
    let mut one = vec![Tensor::from([1.0])];
    assert_eq!(
        refusal(|| Sgd::new(0.1).step(&mut one, &grads)),
        "there are gradients of 2 leaves, the model has 1"
    );
    let mut wide = vec![Tensor::from([1.0]), Tensor::from([2.0, 3.0])];
    assert_eq!(
        refusal(|| Adam::new(0.1).step(&mut wide, &grads)),
        "`1` is [2], its gradient [1]"
    );
    let mut adam = Adam::new(0.1);
    adam.step(&mut two.clone(), &grads);
    let other = vec![Tensor::from([1.0, 1.0]), Tensor::from([2.0, 2.0])];
    let (_, grads) = Tape::<f64>::new().value_and_grad(&other, |_, m| (m[0] * m[1]).sum());
    assert_eq!(
        refusal(|| adam.step(&mut other.clone(), &grads)),
        "`0` has 2 elements, the optimizer holds moments of 1: it is the optimizer of another model"
    );
}

#[test]
fn the_decay_that_is_set_last_counts() {
    let adam = Adam::<f64>::new(0.1).with_decoupled_weight_decay(0.2);
    let nadam = NAdam::<f64>::new(0.1).with_decoupled_weight_decay(0.2);
    let radam = RAdam::<f64>::new(0.1).with_decoupled_weight_decay(0.2);
    assert!(adam.decoupled && nadam.decoupled && radam.decoupled);
    let (adam, nadam) = (adam.with_weight_decay(0.1), nadam.with_weight_decay(0.1));
    let radam = radam.with_weight_decay(0.1);
    assert!(!adam.decoupled && !nadam.decoupled && !radam.decoupled);
    assert_eq!(
        [adam.weight_decay, nadam.weight_decay, radam.weight_decay],
        [0.1; 3]
    );
}

#[test]
fn settings_out_of_range_are_refused() {
    type Build = fn() -> Adam<f64>;
    let adam: [(Build, &str); 7] = [
        (|| Adam::new(-0.1), "learning rate is -0.1"),
        (|| Adam::new(f64::NAN), "learning rate is NaN"),
        (|| Adam::new(f64::INFINITY), "learning rate is inf"),
        (|| Adam::new(0.1).with_betas(1.0, 0.9), "first beta is 1"),
        (
            || Adam::new(0.1).with_betas(0.9, -0.1),
            "second beta is -0.1",
        ),
        (|| Adam::new(0.1).with_epsilon(-1.0), "epsilon is -1"),
        (
            || Adam::new(0.1).with_weight_decay(-1.0),
            "weight decay is -1",
        ),
    ];
    for (build, message) in adam {
        assert!(refusal(|| drop(build())).contains(message), "{message}");
    }
    for momentum in [-0.1, f64::NAN] {
        let message =
            format!("Sgd: the momentum is {momentum}, and has to be at least 0 and finite");
        assert_eq!(
            refusal(|| drop(Sgd::<f64>::new(0.1).with_momentum(momentum))),
            message
        );
    }
    // The fields are open, so that each step looks again.
    let mut x = Tensor::from([1.0]);
    let bar = grads(&x, &Tensor::from([1.0]));
    let mut sgd = Sgd::new(0.1);
    sgd.learning_rate = f64::NAN;
    assert!(refusal(|| sgd.step(&mut x, &bar)).contains("learning rate is NaN"));
    let mut adam = Adam::new(0.1);
    adam.betas[1] = 2.0;
    assert!(refusal(|| adam.step(&mut x, &bar)).contains("second beta is 2"));
    assert_eq!(x.to_vec(), [1.0]);
}

#[test]
fn an_optimizer_of_another_number_of_leaves_is_refused() {
    let leaf = |x: f64| Tensor::from([x]);
    for (first, second) in [(3, 2), (2, 3)] {
        let models = [first, second].map(|count| vec![leaf(1.0); count]);
        let grads = models.clone().map(|model| {
            let mut tape = Tape::<f64>::new();
            tape.value_and_grad(&model, |_, m| (m[0] * m[1]).sum()).1
        });
        let mut adam = Adam::new(0.1);
        adam.step(&mut models[0].clone(), &grads[0]);
        let mut sgd = Sgd::new(0.1).with_momentum(0.9);
        sgd.step(&mut models[0].clone(), &grads[0]);
        let message = format!(
            "the optimizer holds slots of {first} leaves, the model has {second}: it is the \
             optimizer of another model"
        );
        let mut model = models[1].clone();
        assert_eq!(refusal(|| adam.step(&mut model, &grads[1])), message);
        assert_eq!(refusal(|| sgd.step(&mut model, &grads[1])), message);
        assert_eq!(model, models[1]);
    }
}

/// A refusal half way through the leaves would leave a model that no step has made.
#[test]
fn a_refused_step_changes_nothing() {
    let model = vec![Tensor::from([1.0]), Tensor::from([2.0])];
    let (_, good) = Tape::<f64>::new().value_and_grad(&model, |_, m| (m[0] * m[1]).sum());
    let other = vec![Tensor::from([1.0]), Tensor::from([2.0, 3.0])];
    let (_, bad) = Tape::<f64>::new().value_and_grad(&other, |_, m| (m[0] * m[1]).sum());
    let mut adam = Adam::new(0.1).with_amsgrad();
    adam.step(&mut model.clone(), &good);
    let (mut refused, mut twin) = (model.clone(), adam.clone());
    refusal(|| adam.step(&mut refused, &bad));
    assert_eq!(refused, model);
    // The first leaf's moments have not moved either.
    let mut expected = model.clone();
    adam.step(&mut refused, &good);
    twin.step(&mut expected, &good);
    assert_eq!(refused, expected);
}
