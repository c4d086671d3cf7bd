//! Distributions: densities, entropies and divergences beside integrals and sums, draws beside their moments
//! and beside the parameters, derivatives by the laws.

use wengert_tape::check::laws_of;
use wengert_tape::distributions::{
    Bernoulli, Categorical, Exponential, Gumbel, Laplace, Logistic, Normal, Uniform,
};
use wengert_tape::{Tape, Var};
use wengert_tensor::{Rng, Tensor};

const INF: f64 = f64::INFINITY;

/// The integral by the midpoint rule, which is exact to rounding for what is smooth and falls off.
fn integral(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 40_000;
    let step = (high - low) / STEPS as f64;
    (0..STEPS)
        .map(|k| f(low + (k as f64 + 0.5) * step))
        .sum::<f64>()
        * step
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "{found} {expected}"
    );
}

/// Densities integrate to 1, and the entropy is −∫ p ln p.
#[test]
fn densities_and_entropies() {
    type Density = for<'t> fn(&'t Tape<f64>, f64) -> [Var<'t, f64>; 2];
    let table: [(&str, Density, [f64; 2]); 6] = [
        (
            "normal",
            |t, x| {
                let d = Normal::new(t.scalar(0.5), 1.5);
                [d.log_prob(x), d.entropy()]
            },
            [-20.0, 20.0],
        ),
        (
            "uniform",
            |t, x| {
                let d = Uniform::new(t.scalar(-1.0), 2.0);
                [d.log_prob(x), d.entropy()]
            },
            [-1.0, 2.0],
        ),
        (
            "exponential",
            |t, x| {
                let d = Exponential::new(t.scalar(2.0));
                [d.log_prob(x), d.entropy()]
            },
            [0.0, 20.0],
        ),
        (
            "gumbel",
            |t, x| {
                let d = Gumbel::new(t.scalar(0.5), 0.7);
                [d.log_prob(x), d.entropy()]
            },
            [-4.0, 30.0],
        ),
        (
            "logistic",
            |t, x| {
                let d = Logistic::new(t.scalar(0.5), 0.7);
                [d.log_prob(x), d.entropy()]
            },
            [-30.0, 30.0],
        ),
        (
            "laplace",
            |t, x| {
                let d = Laplace::new(t.scalar(0.5), 0.7);
                [d.log_prob(x), d.entropy()]
            },
            [-24.5, 25.5],
        ),
    ];
    for (name, f, [low, high]) in table {
        let mut tape = Tape::new();
        let entropy = f(&tape, 0.5)[1].item();
        tape.reset();
        let log = |x: f64| f(&tape, x)[0].item();
        near(integral(low, high, |x| log(x).exp()), 1.0, 1e-6);
        let surprise = integral(low, high, |x| -log(x).exp() * log(x));
        assert!(
            (surprise - entropy).abs() < 1e-5,
            "{name}: {surprise} {entropy}"
        );
    }
    let tape = Tape::<f64>::new();
    assert_eq!(
        Exponential::new(tape.scalar(2.0)).log_prob(-0.1).item(),
        -INF
    );
    assert_eq!(
        Uniform::new(tape.scalar(0.0), 1.0).log_prob(1.1).item(),
        -INF
    );
    // Far out there is no overflow on the way.
    assert_eq!(
        Logistic::new(tape.scalar(0.0), 1.0).log_prob(-1e300).item(),
        -1e300
    );
}

/// Divergences are ∫ p ln(p / q).
#[test]
fn divergences() {
    type Pair = for<'t> fn(&'t Tape<f64>, f64) -> [Var<'t, f64>; 3];
    let table: [(&str, Pair, [f64; 2]); 3] = [
        (
            "normal",
            |t, x| {
                let (p, q) = (
                    Normal::new(t.scalar(0.5), 1.5),
                    Normal::new(t.scalar(-0.3), 0.8),
                );
                [p.log_prob(x), q.log_prob(x), p.kl(q)]
            },
            [-25.0, 25.0],
        ),
        (
            "laplace",
            |t, x| {
                let (p, q) = (
                    Laplace::new(t.scalar(0.5), 0.7),
                    Laplace::new(t.scalar(-0.25), 1.3),
                );
                [p.log_prob(x), q.log_prob(x), p.kl(q)]
            },
            [-24.5, 25.5],
        ),
        (
            "exponential",
            |t, x| {
                let (p, q) = (
                    Exponential::new(t.scalar(2.0)),
                    Exponential::new(t.scalar(0.5)),
                );
                [p.log_prob(x), q.log_prob(x), p.kl(q)]
            },
            [0.0, 30.0],
        ),
    ];
    for (name, f, [low, high]) in table {
        let tape = Tape::new();
        let terms = |x: f64| f(&tape, x).map(|y| y.item());
        let found = terms(0.1)[2];
        let expected = integral(low, high, |x| {
            let [p, q, _] = terms(x);
            p.exp() * (p - q)
        });
        assert!(
            (found - expected).abs() < 1e-5,
            "{name}: {found} {expected}"
        );
    }
}

/// Nearly equal distributions: the divergence keeps its digits, and that of equal ones is 0 with gradient 0.
#[test]
fn divergences_of_neighbors() {
    let tape = Tape::<f64>::new();
    for d in [1e-3, 1e-6, 1e-9] {
        let (p, q) = (tape.scalar(0.0), tape.scalar(d));
        near(
            Normal::new(p, 1.0).kl(Normal::new(q, 1.0)).item() / (0.5 * d * d),
            1.0,
            1e-6,
        );
        let wide = tape.scalar(1.0 + d);
        let kl = Normal::new(p, wide).kl(Normal::new(p, 1.0)).item();
        near(kl / (d * d), 1.0, d + 1e-16 / d);
    }
    // d² / 8 and what follows, less than rounding off.
    let (p, q) = (tape.scalar(0.0), tape.scalar(1e-3));
    near(
        Bernoulli::new(p).kl(Bernoulli::new(q)).item(),
        1.25e-7,
        1e-13,
    );
    let x = tape.leaf(&Tensor::from([0.3, 0.0]));
    let one = tape.leaf(&Tensor::scalar(1.5));
    let all = [
        Normal::new(x, one).kl(Normal::new(x.detach(), 1.5)).sum(),
        Laplace::new(x, one).kl(Laplace::new(x.detach(), 1.5)).sum(),
        Bernoulli::new(x).kl(Bernoulli::new(x.detach())).sum(),
        Categorical::new(x).kl(Categorical::new(x.detach())),
        Exponential::new(one).kl(Exponential::new(tape.scalar(1.5))),
    ];
    for y in all {
        assert!(y.item().abs() < 1e-16);
        let backward = y.backward();
        let bars = [x, one].map(|x| backward.wrt(x));
        for bar in bars.into_iter().flatten().flat_map(|bar| bar.to_vec()) {
            assert!(bar.abs() < 2e-16, "{bar}");
        }
    }
}

#[test]
fn discrete_ones_beside_sums() {
    let tape = Tape::<f64>::new();
    for l in [-40.0, -3.0, 0.0, 0.7, 40.0] {
        let coin = Bernoulli::new(tape.scalar(l));
        // The probabilities, each by its own side.
        let [p, q] = [1.0 / (1.0 + (-l).exp()), 1.0 / (1.0 + l.exp())];
        let [log_p, log_q] = [-(-l).exp().ln_1p(), -l.exp().ln_1p()];
        near(coin.log_prob(1.0).item(), log_p, 1e-15);
        near(coin.log_prob(0.0).item(), log_q, 1e-15);
        let entropy = -p * log_p - q * log_q;
        near(coin.entropy().item() / entropy, 1.0, 1e-15);
        let other = Bernoulli::new(tape.scalar(l + 1.0));
        let [log_p2, log_q2] = [-(-l - 1.0).exp().ln_1p(), -(l + 1.0).exp().ln_1p()];
        let kl = p * (log_p - log_p2) + q * (log_q - log_q2);
        near(coin.kl(other).item() / kl, 1.0, 1e-12);
    }
    for l in [INF, -INF] {
        let sure = Bernoulli::new(tape.scalar(l));
        assert_eq!(sure.entropy().item(), 0.0);
        assert_eq!(
            sure.kl(Bernoulli::new(tape.scalar(0.0))).item(),
            2.0_f64.ln()
        );
        assert_eq!(Bernoulli::new(tape.scalar(0.0)).kl(sure).item(), INF);
    }
    let p = [0.5, 0.2, 0.3];
    let q = [0.1, 0.6, 0.3];
    let of = |p: [f64; 3]| Categorical::new(tape.leaf(&Tensor::from(p.map(|p| p.ln() + 2.0))));
    let sum = |f: &dyn Fn(usize) -> f64| (0..3).map(f).sum::<f64>();
    near(of(p).entropy().item(), sum(&|k| -p[k] * p[k].ln()), 1e-15);
    near(
        of(p).kl(of(q)).item(),
        sum(&|k| p[k] * (p[k] / q[k]).ln()),
        1e-15,
    );
    near(
        of(p).log_prob(&Tensor::scalar(1)).item(),
        0.2_f64.ln(),
        1e-15,
    );
}

/// A class of probability 0 says nothing, in value and gradient; one that the other has not costs ∞.
#[test]
fn masked_classes() {
    let tape = Tape::<f64>::new();
    let p = tape.leaf(&Tensor::from([1.0, 2.0, -INF]));
    let q = tape.leaf(&Tensor::from([0.0, 2.0, -INF]));
    let short = [p.slice(0, ..2), q.slice(0, ..2)].map(Categorical::new);
    let (kl, expected) = (
        Categorical::new(p).kl(Categorical::new(q)),
        short[0].kl(short[1]),
    );
    assert_eq!(kl.item(), expected.item());
    let bars = tape.grad(kl, [p, q]).map(|bar| bar.value().to_vec());
    assert_eq!(
        bars,
        tape.grad(expected, [p, q]).map(|bar| bar.value().to_vec())
    );
    assert_eq!((bars[0][2], bars[1][2]), (0.0, 0.0));
    let whole = Categorical::new(tape.zeros([3]));
    assert_eq!(whole.kl(Categorical::new(q)).item(), INF);
    assert!(Categorical::new(p).kl(whole).item().is_finite());
}

#[test]
fn the_laws() {
    let x = [[0.3, -1.2, 0.8], [1.4, 0.6, 2.1]].map(Tensor::from);
    macro_rules! keep {
        ($($name:literal: |$x:ident| $f:expr;)*) => {
            $(assert_eq!(laws_of($name, &x, true, |$x| vec![$f]), [], $name);)*
        };
    }
    keep! {
        "normal draw": |x| Normal::new(x[0], x[1]).draw(&[2]);
        "normal log_prob": |x| Normal::new(x[0], x[1]).log_prob(0.4);
        "normal entropy": |x| Normal::new(x[0], x[1]).entropy();
        "normal kl": |x| Normal::new(x[0], x[1]).kl(Normal::new(x[1], x[1] + 0.5));
        "uniform draw": |x| Uniform::new(x[0] - 3.0, x[1]).draw(&[2]);
        "uniform log_prob": |x| Uniform::new(x[0] - 3.0, x[1]).log_prob(&Tensor::from([0.0, 0.1, 9.0]))
            .slice(0, ..2);
        "exponential draw": |x| Exponential::new(x[1]).draw(&[2]);
        "exponential log_prob": |x| Exponential::new(x[1]).log_prob(0.3);
        "exponential kl": |x| Exponential::new(x[1]).kl(Exponential::new(x[1] * x[1]));
        "gumbel draw": |x| Gumbel::new(x[0], x[1]).draw(&[2]);
        "gumbel log_prob": |x| Gumbel::new(x[0], x[1]).log_prob(0.4);
        "gumbel entropy": |x| Gumbel::new(x[0], x[1]).entropy();
        "logistic draw": |x| Logistic::new(x[0], x[1]).draw(&[2]);
        "logistic log_prob": |x| Logistic::new(x[0], x[1]).log_prob(0.4);
        "laplace draw": |x| Laplace::new(x[0], x[1]).draw(&[2]);
        "laplace log_prob": |x| Laplace::new(x[0], x[1]).log_prob(0.4);
        "laplace kl": |x| Laplace::new(x[0], x[1]).kl(Laplace::new(x[1], x[1] + 0.5));
        "bernoulli log_prob": |x| Bernoulli::new(x[0]).log_prob(&Tensor::from([[0.0], [1.0]]));
        "bernoulli entropy": |x| Bernoulli::new(x[0]).entropy();
        "bernoulli kl": |x| Bernoulli::new(x[0]).kl(Bernoulli::new(x[1]));
        "bernoulli draw": |x| Bernoulli::new(x[0]).draw_relaxed(0.7, &[2]);
        "categorical log_prob": |x| Categorical::new(x[0]).log_prob(&Tensor::scalar(2));
        "categorical entropy": |x| Categorical::new(x[0]).entropy();
        "categorical kl": |x| Categorical::new(x[0]).kl(Categorical::new(x[1]));
        "categorical draw": |x| Categorical::new(x[0]).draw_relaxed(0.7, false);
    }
}

/// Even functions have their second derivative at 0 too, where |x| has none.
#[test]
fn the_middle_of_even_functions() {
    let second = |f: for<'t> fn(Var<'t, f64>) -> Var<'t, f64>| {
        let tape = Tape::new();
        let x = tape.leaf(&Tensor::scalar(0.0));
        let [slope] = tape.grad(f(x), [x]);
        let [curvature] = tape.grad(slope, [x]);
        (slope.item(), curvature.item())
    };
    assert_eq!(second(|x| Bernoulli::new(x).entropy()), (0.0, -0.25));
    let kl = second(|x| Laplace::new(x, 2.0).kl(Laplace::new(x.tape().scalar(0.0), 4.0)));
    assert_eq!(kl, (0.0, 0.125));
    assert_eq!(second(|x| Logistic::new(x, 1.0).log_prob(0.0)), (0.0, -0.5));
}

/// Means and variances of many draws, within five standard deviations of the mean.
#[test]
fn draws_have_their_moments() {
    const COUNT: usize = 100_000;
    type Draw = for<'t> fn(&'t Tape<f64>) -> Var<'t, f64>;
    let sixth = std::f64::consts::PI.powi(2) / 6.0;
    let table: [(&str, Draw, f64, f64); 6] = [
        (
            "normal",
            |t| Normal::new(t.scalar(1.0), 2.0).draw(&[COUNT]),
            1.0,
            4.0,
        ),
        (
            "uniform",
            |t| Uniform::new(t.scalar(1.0), 4.0).draw(&[COUNT]),
            2.5,
            0.75,
        ),
        (
            "exponential",
            |t| Exponential::new(t.scalar(0.5)).draw(&[COUNT]),
            2.0,
            4.0,
        ),
        (
            "gumbel",
            |t| Gumbel::new(t.scalar(1.0), 2.0).draw(&[COUNT]),
            1.0 + 2.0 * 0.577_215_664_9,
            4.0 * sixth,
        ),
        (
            "logistic",
            |t| Logistic::new(t.scalar(1.0), 2.0).draw(&[COUNT]),
            1.0,
            8.0 * sixth,
        ),
        (
            "laplace",
            |t| Laplace::new(t.scalar(1.0), 2.0).draw(&[COUNT]),
            1.0,
            8.0,
        ),
    ];
    for (name, draw, mean, variance) in table {
        let tape = Tape::new();
        tape.set_rng(Rng::seed_from_u64(11));
        let x = draw(&tape);
        assert!(x.value().iter().all(f64::is_finite));
        let (found, spread) = (x.mean().item(), x.var(&[], 1, false).item());
        let off = 5.0 * (variance / COUNT as f64).sqrt();
        assert!((found - mean).abs() < off, "{name}: {found}");
        assert!((spread / variance - 1.0).abs() < 0.05, "{name}: {spread}");
    }
    let tape = Tape::<f64>::new();
    let coins =
        Bernoulli::new(tape.leaf(&Tensor::from([1.0_f64.ln(), 3.0_f64.ln()]))).draw(&[COUNT]);
    let share = coins.mean_axes(&[0], false);
    assert!((share[[0]] - 0.5).abs() < 0.01 && (share[[1]] - 0.75).abs() < 0.01);
    let logits = tape.leaf(&Tensor::from([0.2_f64.ln(), 0.8_f64.ln(), -INF]));
    let classes = Categorical::new(logits)
        .draw(&[COUNT])
        .one_hot::<f64>(3)
        .mean_axes(&[0], false);
    assert!((classes[[0]] - 0.2).abs() < 0.01 && classes[[2]] == 0.0);
}

#[test]
fn gradients_flow_through_draws() {
    let tape = Tape::<f64>::new();
    let (mean, std) = (
        tape.leaf(&Tensor::from([1.0, -1.0])),
        tape.leaf(&Tensor::scalar(2.0)),
    );
    let x = Normal::new(mean, std).draw(&[3]);
    assert_eq!(x.shape(), [3, 2]);
    let noise = (x.value() - mean.value()) / 2.0;
    let bars = tape.grad(x.sum(), [mean, std]).map(|bar| bar.value());
    assert_eq!(bars[0].to_vec(), [3.0, 3.0]);
    near(bars[1].item(), noise.sum().item(), 1e-14);
    // The same seed draws the same.
    let draw = || {
        let tape = Tape::<f64>::new();
        tape.set_rng(Rng::seed_from_u64(3));
        Gumbel::new(tape.scalar(0.0), 1.0).draw(&[4]).value()
    };
    assert_eq!(draw(), draw());
}

#[test]
fn relaxed_choices() {
    let tape = Tape::<f64>::new();
    let logits = tape.leaf(&Tensor::from([[0.0, 1.0, -INF], [2.0, -1.0, 0.5]]));
    for axis in [0, 1, -1] {
        tape.set_rng(Rng::seed_from_u64(5));
        let soft = logits.gumbel_softmax(0.5, false, axis);
        tape.set_rng(Rng::seed_from_u64(5));
        let hard = logits.gumbel_softmax(0.5, true, axis);
        assert!(
            soft.sum_axes(&[axis], false)
                .value()
                .iter()
                .all(|x| (x - 1.0).abs() < 1e-15)
        );
        // Zeros and ones where the soft one is greatest, and the gradient of the soft one.
        assert!(hard.value().iter().all(|x| x == 0.0 || x == 1.0));
        assert_eq!(hard.argmax(axis), soft.argmax(axis));
        let weight = Tensor::from([[0.3, -0.7, 1.1], [0.2, 0.9, -0.4]]);
        let bar = |y: Var<'_, f64>| (y * &weight).sum().backward().wrt(logits);
        let (of_soft, of_hard) = (bar(soft), bar(hard));
        assert_eq!(of_soft, of_hard);
        assert!(of_soft.is_some_and(|bar| bar.iter().all(f64::is_finite)));
    }
    let near_hard = logits.gumbel_softmax(1e-3, false, -1).value();
    assert!(near_hard.iter().all(|x| x.min(1.0 - x) < 1e-2));
}
