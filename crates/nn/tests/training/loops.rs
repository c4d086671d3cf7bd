//! Optimizers beside plain loops over their equations, and on problems whose minimum is known.

use wengert_nn::optim::{
    Adadelta, Adagrad, Adamax, Lamb, Lbfgs, Lion, NAdam, Optimizer, RAdam, RmsProp, Rprop,
};
use wengert_nn::{Adam, BatchNorm, Linear, Sgd};
use wengert_tape::{Bind, Gradients, Tape, Var};
use wengert_tensor::{Rng, Tensor};

/// Half the sum of c (x − a)².
fn bowl<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    let (c, a) = (
        Tensor::from([1.0, 0.1, 3.0]),
        Tensor::from([2.0, -1.0, 0.5]),
    );
    ((x - &a).square() * &c).sum() * 0.5
}

fn bowl_bars(x: &[f64]) -> Vec<f64> {
    let (c, a) = ([1.0, 0.1, 3.0], [2.0, -1.0, 0.5]);
    (0..3).map(|k| c[k] * (x[k] - a[k])).collect()
}

fn grads(x: &Tensor<f64>) -> Gradients<Tensor<f64>, f64> {
    Tape::new().value_and_grad(x, |_, x| bowl(x)).1
}

/// Twelve steps beside `plain`, which changes x by its gradients at step t.
fn beside(mut optimizer: impl Optimizer<f64>, mut plain: impl FnMut(i32, &mut [f64], &[f64])) {
    let start = [0.3, -0.7, 1.9];
    let (mut x, mut wanted) = (Tensor::from(start), start);
    for t in 1..=12 {
        let bars = grads(&x);
        optimizer.step(&mut x, &bars);
        let bars = bowl_bars(&wanted);
        plain(t, &mut wanted, &bars);
        for (a, b) in x.iter().zip(wanted) {
            assert!((a - b).abs() < 1e-13, "step {t}: {a} and {b}");
        }
    }
}

#[test]
fn lion_beside_a_loop() {
    for decay in [0.0, 0.3] {
        let lion = Lion::new(0.05)
            .with_betas(0.8, 0.95)
            .with_weight_decay(decay);
        let mut m = [0.0; 3];
        beside(lion, |_, x, g| {
            for k in 0..3 {
                let way: f64 = 0.8 * m[k] + 0.2 * g[k];
                x[k] = x[k] * (1.0 - 0.05 * decay) - 0.05 * way.signum();
                m[k] = 0.95 * m[k] + 0.05 * g[k];
            }
        });
    }
}

#[test]
fn lamb_beside_a_loop() {
    for decay in [0.0, 0.3] {
        let lamb = Lamb::new(0.05)
            .with_betas(0.8, 0.95)
            .with_epsilon(1e-4)
            .with_weight_decay(decay);
        let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
        beside(lamb, |t, x, g| {
            let mut d = [0.0; 3];
            for k in 0..3 {
                m[k] = 0.8 * m[k] + 0.2 * g[k];
                v[k] = 0.95 * v[k] + 0.05 * g[k] * g[k];
                let (first, second) = (1.0 - 0.8_f64.powi(t), 1.0 - 0.95_f64.powi(t));
                d[k] = m[k] / first / ((v[k] / second).sqrt() + 1e-4) + decay * x[k];
            }
            let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let ratio = norm(x) / norm(&d);
            (0..3).for_each(|k| x[k] -= 0.05 * ratio * d[k]);
        });
    }
}

/// Weights of 0, or a direction of 0, make a step of the plain size.
#[test]
fn lamb_moves_weights_of_zero() {
    let mut x = Tensor::from([0.0, 0.0, 0.0]);
    let bars = grads(&x);
    Lamb::new(0.1).step(&mut x, &bars);
    for (x, sign) in x.iter().zip([1.0, -1.0, 1.0]) {
        assert!((x - 0.1 * sign).abs() < 1e-5, "{x}");
    }
    let mut least = Tensor::from([2.0, -1.0, 0.5]);
    let bars = grads(&least);
    Lamb::new(0.1).step(&mut least, &bars);
    assert_eq!(least.to_vec(), [2.0, -1.0, 0.5]);
}

/// Every optimizer, by name.
fn all() -> Vec<(&'static str, Box<dyn Optimizer<f64>>)> {
    vec![
        ("Sgd", Box::new(Sgd::new(0.3).with_nesterov(0.9))),
        ("Adagrad", Box::new(Adagrad::new(1.0))),
        ("Adadelta", Box::new(Adadelta::new(20.0))),
        ("RmsProp", Box::new(RmsProp::new(0.05))),
        (
            "centered RmsProp",
            Box::new(RmsProp::new(0.01).with_centered().with_momentum(0.5)),
        ),
        ("Adam", Box::new(Adam::new(0.1))),
        ("AMSGrad", Box::new(Adam::new(0.1).with_amsgrad())),
        ("Adamax", Box::new(Adamax::new(0.1))),
        ("NAdam", Box::new(NAdam::new(0.1))),
        ("RAdam", Box::new(RAdam::new(0.1))),
        ("Lion", Box::new(Lion::new(0.05))),
        ("Lamb", Box::new(Lamb::new(0.05))),
        ("Rprop", Box::new(Rprop::new(0.1))),
    ]
}

#[test]
fn every_optimizer_finds_the_bottom_of_a_bowl() {
    for (name, mut optimizer) in all() {
        let mut x = Tensor::from([0.3, -0.7, 1.9]);
        let rate = optimizer.learning_rate();
        for step in 0..600 {
            optimizer.set_learning_rate(rate * (1.0 - step as f64 / 600.0));
            let bars = grads(&x);
            optimizer.step(&mut x, &bars);
        }
        assert_eq!(optimizer.learning_rate(), rate * (1.0 - 599.0 / 600.0));
        for (x, wanted) in x.iter().zip([2.0, -1.0, 0.5]) {
            assert!((x - wanted).abs() < 0.02, "{name}: {x} and {wanted}");
        }
    }
}

/// A NaN in a gradient shows in the weights: none swallows it.
#[test]
fn nan_shows_in_the_weights() {
    for (name, mut optimizer) in all() {
        let mut x = Tensor::from([1.0, 2.0]);
        let bars = Tensor::from([f64::NAN, 1.0]);
        let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * &bars).sum());
        optimizer.step(&mut x, &grads);
        assert!(x.to_vec()[0].is_nan(), "{name}");
    }
}

/// In f32 the paths are those of f64, as far as the digits reach.
#[test]
fn the_narrow_type_goes_the_same_way() {
    fn path<T: wengert_tensor::Float>(mut optimizer: impl Optimizer<T>) -> Vec<f64> {
        let start: Tensor<f64> = Tensor::from([0.3, -0.7, 1.9, 0.01]);
        let (mut x, mut tape) = (start.cast::<T>(), Tape::<T>::new());
        for _ in 0..10 {
            let (_, grads) = tape.value_and_grad(&x, |_, x| x.tanh().square().sum());
            optimizer.step(&mut x, &grads);
        }
        x.iter().map(|x| x.to_f64()).collect()
    }
    macro_rules! check {
        ($($optimizer:expr;)*) => { $(
            let (narrow, wide) = (path::<f32>($optimizer), path::<f64>($optimizer));
            for (a, b) in narrow.iter().zip(&wide) {
                assert!((a - b).abs() < 2e-5, "{}: {a} and {b}", stringify!($optimizer));
            }
        )* };
    }
    check! {
        Sgd::new(0.1).with_momentum(0.9);
        Adagrad::new(0.1);
        Adadelta::new(1.0);
        RmsProp::new(0.01);
        RmsProp::new(0.01).with_momentum(0.5);
        Adam::new(0.01);
        Adamax::new(0.01);
        NAdam::new(0.01);
        RAdam::new(0.01);
        Lion::new(0.01);
        Lamb::new(0.01);
    }
}

/// The exact steps of L-BFGS on a quadratic end at the minimum.
#[test]
fn lbfgs_finds_the_bottom_of_a_long_bowl() {
    let mut rng = Rng::seed_from_u64(3);
    let a: Tensor<f64> = rng.normal([30, 30], 0.0, 1.0);
    let b: Tensor<f64> = rng.normal([30, 1], 0.0, 1.0);
    let mut x = Tensor::zeros([30, 1]);
    let (mut lbfgs, mut tape) = (Lbfgs::new().with_memory(20), Tape::new());
    let mut evaluations = 0;
    let mut last = f64::INFINITY;
    for _ in 0..400 {
        let step = lbfgs.step(&mut x, |x| {
            evaluations += 1;
            tape.value_and_grad(x, |t, x| {
                let error = t.constant(&a).matmul(x) - &b;
                error.square().sum() * 0.5 + x.square().sum() * 0.05
            })
        });
        assert!(step.loss <= step.before && step.before <= last, "{step:?}");
        last = step.loss;
        if step.gradient < 1e-7 || step.size == 0.0 {
            break;
        }
    }
    // (AᵀA + λ) x = Aᵀb.
    let left = a.t().matmul(&(a.matmul(&x) - &b)) + &x * 0.1;
    assert!(left.iter().all(|x| x.abs() < 1e-6), "{left:?}");
    assert!(evaluations < 250, "{evaluations} evaluations");
}

/// Held pairs are a state: a new optimizer goes on with the same steps.
#[test]
fn lbfgs_goes_on_from_its_state() {
    use wengert_nn::optim::{Piece, PieceMut, Stateful};
    let run = |lbfgs: &mut Lbfgs<f64>, x: &mut Tensor<f64>, steps: usize| {
        for _ in 0..steps {
            lbfgs.step(x, |x| {
                Tape::new().value_and_grad(x, |_, x| {
                    let (a, b) = (x.slice(0, 0..1), x.slice(0, 1..2));
                    ((1.0 - a).square() + (b - a * a).square() * 100.0).sum()
                })
            });
        }
    };
    let start = Tensor::from([-1.2, 1.0]);
    let (mut whole, mut parts) = (start.clone(), start);
    run(&mut Lbfgs::new().with_memory(3), &mut whole, 12);
    let (mut first, mut second) = (Lbfgs::new().with_memory(3), Lbfgs::new().with_memory(3));
    run(&mut first, &mut parts, 7);
    let mut pairs = 0;
    let mut tensors = Vec::new();
    first.visit_state(&mut |_, _, piece| match piece {
        Piece::Tensor(tensor) => tensors.push(tensor.cloned()),
        Piece::Count(count) => pairs = count,
        Piece::Number(_) => {}
    });
    let mut tensors = tensors.into_iter();
    second.prepare_state(1);
    second.visit_state_mut(&mut |_, _, piece| match piece {
        PieceMut::Tensor(to) => *to = tensors.next().expect("a tensor"),
        PieceMut::Count(to) => *to = pairs,
        PieceMut::Number(_) => {}
    });
    run(&mut second, &mut parts, 5);
    assert_eq!(whole, parts);
}

/// At a minimum nothing moves; a loss that is infinite further on is stepped back from; a frozen leaf
/// stays, and state is written.
#[test]
fn lbfgs_at_its_edges() {
    let mut x = Tensor::from([0.0]);
    let step = Lbfgs::<f64>::new().step(&mut x, |x| {
        Tape::new().value_and_grad(x, |_, x| x.square().sum())
    });
    assert_eq!(
        (step.size, step.evaluations, x.to_vec()),
        (0.0, 1, vec![0.0])
    );

    // −ln(1 − x²) + 2x is infinite or NaN from 1 on.
    let mut x = Tensor::from([0.9]);
    let mut lbfgs = Lbfgs::new().with_learning_rate(100.0);
    for _ in 0..30 {
        lbfgs.step(&mut x, |x| {
            Tape::new().value_and_grad(x, |_, x| (x * 2.0 - (1.0 - x.square()).ln()).sum())
        });
    }
    let root = (1.0 - 5.0_f64.sqrt()) / 2.0;
    assert!((x.item() - root).abs() < 1e-7, "{x:?} and {root}");

    let mut rng = Rng::seed_from_u64(1);
    let mut model = (
        BatchNorm::new(3).cast::<f64>(),
        Linear::new(3, 1, &mut rng).cast::<f64>(),
    );
    let before = model.clone();
    let x: Tensor<f64> = rng.normal([8, 3], 2.0, 1.0);
    let mut tape = Tape::new();
    let step = Lbfgs::new().step(&mut model, |model| {
        tape.value_and_grad_where(
            model,
            |path| path.starts_with('1'),
            |t, (norm, layer)| layer.forward(norm.forward(t.constant(&x))).square().sum(),
        )
    });
    assert!(step.loss < step.before && model.1.weight != before.1.weight);
    assert_eq!(model.0.weight, before.0.weight);
    let expected = x.mean_axes(&[0], false) * 0.1;
    assert!(model.0.mean.allclose(&expected, 1e-12, 1e-12));
    let _ = model.bind(&tape);
}
