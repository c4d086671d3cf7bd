//! Penalties, and weights by their norms.

use wengert_nn::optim::penalty;
use wengert_nn::{BatchNorm, Linear, Sgd, SpectralNorm, WeightNorm};
use wengert_tape::{Bind, Gradients, Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::book::{Book, agree};

type Layer = Linear<Tensor<f64>>;

fn layer() -> Layer {
    Linear::new(3, 2, &mut Rng::seed_from_u64(1)).cast::<f64>()
}

/// The value and the gradient of a term.
fn of(
    layer: &Layer,
    term: impl for<'t> Fn(&Linear<Var<'t, f64>>) -> Var<'t, f64>,
) -> (f64, Gradients<Layer, f64>) {
    Tape::new().value_and_grad(layer, |_, m| term(&m))
}

#[test]
fn penalties_are_their_sums() {
    let layer = layer();
    let w = layer.weight.to_vec();
    let weights = |path: &str| path == "weight";
    let abs: f64 = w.iter().map(|w| w.abs()).sum();
    let squares: f64 = w.iter().map(|w| w * w).sum();
    let prior = squares / (2.0 * 0.49) + 6.0 * (0.7_f64.ln() + 0.918_938_533_204_672_8);
    let cases = [
        (of(&layer, |m| penalty::l1(m, 0.3, weights)), 0.3 * abs),
        (of(&layer, |m| penalty::l2(m, 0.3, weights)), 0.3 * squares),
        (
            of(&layer, |m| penalty::elastic(m, 0.3, 0.25, weights)),
            0.3 * (0.25 * abs + 0.375 * squares),
        ),
        (
            of(&layer, |m| penalty::gaussian_prior(m, 0.7, weights)),
            prior,
        ),
    ];
    let slopes: [fn(f64) -> f64; 4] = [
        |w| 0.3 * w.signum(),
        |w| 0.6 * w,
        |w| 0.3 * (0.25 * w.signum() + 0.75 * w),
        |w| w / 0.49,
    ];
    for (((value, grads), wanted), slope) in cases.iter().zip(slopes) {
        assert!((value - wanted).abs() < 1e-13, "{value} and {wanted}");
        assert_eq!(grads.unreached(), ["bias"]);
        let bar = grads.get(0).expect("a gradient").to_vec();
        for (bar, w) in bar.iter().zip(&w) {
            assert!((bar - slope(*w)).abs() < 1e-13);
        }
    }
}

fn likelihood<'t>(m: &Linear<Var<'t, f64>>) -> Var<'t, f64> {
    let x = Tensor::from([[1.0, 2.0, -1.0], [0.5, -0.3, 0.8]]);
    let y = Tensor::from([[0.3, 0.1], [-0.2, 0.9]]);
    (m.forward(m.weight.tape().constant(&x)) - &y)
        .square()
        .sum()
        * 0.5
}

/// The greatest a posteriori weights under a normal prior are those of L2 with λ = 1 / 2σ², and weight
/// decay of 1 / σ² takes the same steps.
#[test]
fn a_normal_prior_is_l2_and_weight_decay() {
    let std = 0.4_f64;
    let (_, prior) = of(&layer(), |m| {
        likelihood(m) + penalty::gaussian_prior(m, std, |_| true)
    });
    let (_, ridge) = of(&layer(), |m| {
        likelihood(m) + penalty::l2(m, 1.0 / (2.0 * std * std), |_| true)
    });
    for (a, b) in prior.iter().zip(ridge.iter()) {
        assert!(a.allclose(b, 1e-12, 1e-12));
    }
    let (mut one, mut other) = (layer(), layer());
    let mut decayed = Sgd::new(0.01).with_weight_decay(1.0 / (std * std));
    for _ in 0..5 {
        let (_, grads) = of(&one, likelihood);
        decayed.step(&mut one, &grads);
        let (_, grads) = of(&other, |m| {
            likelihood(m) + penalty::gaussian_prior(m, std, |_| true)
        });
        Sgd::new(0.01).step(&mut other, &grads);
        assert!(one.weight.allclose(&other.weight, 1e-12, 1e-12));
    }
}

/// Running statistics are no weights.
#[test]
fn state_is_not_penalized() {
    let layer = BatchNorm::new(3).cast::<f64>();
    let (value, _) = Tape::new().value_and_grad(&layer, |_, m| penalty::l2(&m, 1.0, |_| true));
    assert_eq!(value, 3.0);
}

/// L1 brings weights to 0 that L2 only makes small.
#[test]
fn l1_makes_zeros() {
    let mut rng = Rng::seed_from_u64(5);
    let x: Tensor<f64> = rng.normal([40, 12], 0.0, 1.0);
    // Two of the twelve inputs matter.
    let y = x.slice(1, 0..1) * 2.0 - x.slice(1, 5..6);
    let small = |one: bool| {
        let mut w = Tensor::<f64>::zeros([12, 1]);
        let (mut tape, mut sgd) = (Tape::new(), Sgd::new(0.05));
        for step in 0..500 {
            sgd.learning_rate = 0.05 * (1.0 - step as f64 / 500.0);
            let (_, grads) = tape.value_and_grad(&w, |t, w| {
                let error = (t.constant(&x).matmul(w) - &y).square().mean();
                let term = match one {
                    true => penalty::l1(&w, 0.2, |_| true),
                    false => penalty::l2(&w, 0.2, |_| true),
                };
                error + term
            });
            sgd.step(&mut w, &grads);
        }
        w.iter().filter(|w| w.abs() < 2e-3).count()
    };
    assert!(small(true) >= 8, "{}", small(true));
    assert!(small(false) <= 3, "{}", small(false));
}

/// PyTorch's weights are [outputs, inputs].
#[test]
fn weight_norm_is_that_of_pytorch() {
    let (book, case) = (Book::open("training"), "weight_norm_0");
    let norm = WeightNorm {
        direction: book.get(case, "v").t(),
        length: book.get(case, "g").squeeze(1),
    };
    let (x, bias) = (book.get(case, "x"), book.get(case, "bias"));
    let mut output = None;
    let (_, grads) = Tape::new().value_and_grad(&norm, |t, m| {
        let layer = Linear {
            weight: m.weight(),
            bias: Some(t.constant(&bias)),
        };
        let y = layer.forward(t.constant(&x));
        output = Some(y.value());
        y.square().sum()
    });
    let get = |at: usize| grads.get(at).expect("a gradient");
    agree(
        case,
        "output",
        &output.expect("a run"),
        &book.get(case, "output"),
    );
    agree(case, "v", get(0), &book.get(case, "grad.v").t());
    agree(case, "g", get(1), &book.get(case, "grad.g").squeeze(1));
}

#[test]
fn spectral_norm_is_that_of_pytorch() {
    let (book, case) = (Book::open("training"), "spectral_norm");
    let get = |name: &str| book.get(case, name);
    let mut norm = SpectralNorm {
        original: get("original").t(),
        left: get("v"),
        right: get("u"),
        iterations: 2,
    };
    let forward = |tape: &mut Tape<f64>, norm: &SpectralNorm<Tensor<f64>>| {
        let mut output = None;
        let (_, grads) = tape.value_and_grad(norm, |t, m| {
            let layer = Linear {
                weight: m.weight(),
                bias: Some(t.constant(&get("bias"))),
            };
            let y = layer.forward(t.constant(&get("x")));
            output = Some(y.value());
            y.square().sum()
        });
        (output.expect("a run"), grads)
    };
    let mut tape = Tape::new();
    let (output, grads) = forward(&mut tape, &norm);
    agree(case, "output", &output, &get("output"));
    let bar = grads.get(0).expect("a gradient");
    agree(case, "original", bar, &get("grad.original").t());
    Sgd::new(0.0).step(&mut norm, &grads);
    agree(case, "v", &norm.left, &get("next.v"));
    agree(case, "u", &norm.right, &get("next.u"));
    tape.set_training(false);
    let (output, _) = forward(&mut tape, &norm);
    agree(case, "evaluated", &output, &get("evaluated"));
}

#[test]
fn normed_weights_start_as_they_were() {
    let mut rng = Rng::seed_from_u64(1);
    let weight: Tensor = rng.normal([5, 3], 0.0, 2.0);
    let norm = WeightNorm::of(&weight);
    let same = Tape::new().evaluate(&norm, |_, m| m.weight().value());
    assert!(same.allclose(&weight, 1e-6, 1e-6));
    // Of a kernel the last axis has the outputs.
    let kernel: Tensor = rng.normal([2, 3, 4], 0.0, 1.0);
    let norm = WeightNorm::of(&kernel);
    assert_eq!(norm.length.size(), 4);
    let same = Tape::new().evaluate(&norm, |_, m| m.weight().value());
    assert!(same.allclose(&kernel, 1e-6, 1e-6));
    // The greatest stretch of a vector by a spectrally normed weight is 1, and is nearly reached.
    let norm = SpectralNorm::of(&weight, &mut rng);
    let unit = Tape::new().evaluate(&norm, |_, m| m.weight().value());
    let mut greatest = 0.0_f32;
    for _ in 0..2000 {
        let x: Tensor = rng.normal([1, 5], 0.0, 1.0);
        let stretch = x.matmul(&unit).norm(&[], false).item() / x.norm(&[], false).item();
        greatest = greatest.max(stretch);
    }
    assert!((0.9..1.001).contains(&greatest), "{greatest}");
}
