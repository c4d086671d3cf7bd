//! The generator: pinned numbers, saved states, and the shape of its distributions.

use rand::Rng as _;
use wengert_tensor::random::distributions::{Exp1, Uniform};
use wengert_tensor::{Rng, RngState, Tensor};

/// The same seed gives these numbers on every platform, for ever.
#[test]
fn pinned_numbers() {
    let mut rng = Rng::seed_from_u64(42);
    let uniform: Tensor<f64> = rng.uniform([3], 0.0, 1.0);
    let normal: Tensor<f64> = rng.normal([3], 0.0, 1.0);
    let mask = rng.bernoulli([8], 0.5);
    let f = false;
    assert_eq!(
        uniform.to_vec(),
        [0.6818961923066714, 0.950275407672484, 0.4275164028565197]
    );
    assert_eq!(
        normal.to_vec(),
        [0.4763469238088213, -0.5120906220561634, -0.9339784493906981]
    );
    assert_eq!(mask.to_vec(), [true, f, f, true, f, f, f, f]);
    assert_eq!(rng.permutation(8), [7, 2, 4, 6, 0, 3, 1, 5]);
    assert_eq!(rng.state().position, 42);
}

#[test]
fn f32_draws_are_f64_draws_rounded() {
    let (mut a, mut b) = (Rng::seed_from_u64(1), Rng::seed_from_u64(1));
    let (x, y): (Tensor<f32>, Tensor<f64>) = (a.normal([50], 1.0, 2.0), b.normal([50], 1.0, 2.0));
    assert_eq!(x, y.cast());
    assert_eq!(a, b);
}

#[test]
fn a_state_restores_what_follows() {
    let mut rng = Rng::seed_from_u64(3).split(9);
    for skip in 0..70 {
        let state: RngState = rng.state();
        let mut again = Rng::from_state(state);
        assert_eq!(again.state(), state);
        let (a, b) = (rng.clone().permutation(5), again.permutation(5));
        assert_eq!(a, b, "after {skip}");
        rng.coin(0.5);
        if skip % 3 == 0 {
            // Half of what a coin draws.
            rng.next_u32();
        }
    }
    assert_eq!(rng.state().stream, 9);
}

#[test]
fn streams_differ_and_repeat() {
    let rng = Rng::seed_from_u64(5);
    let draw = |stream: u64| rng.split(stream).uniform::<f64>([4], 0.0, 1.0);
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_eq!(draw(0), rng.clone().uniform([4], 0.0, 1.0));
}

#[test]
fn moments() {
    let mut rng = Rng::seed_from_u64(11);
    let x: Tensor<f64> = rng.normal([100_000], 3.0, 2.0);
    assert!((x.mean().item() - 3.0).abs() < 0.03);
    assert!((x.std(&[], 0, false).item() - 2.0).abs() < 0.03);
    let x: Tensor<f32> = rng.uniform([100_000], -1.0, 3.0);
    assert!(x.ge(-1.0).all() && x.lt(3.0).all());
    assert!((x.mean().item() - 1.0).abs() < 0.02);
    assert!((x.var(&[], 0, false).item() - 16.0 / 12.0).abs() < 0.02);
    let share = rng.bernoulli([100_000], 0.3).count() as f64 / 1e5;
    assert!((share - 0.3).abs() < 0.01);
    let x: Tensor<f64> = rng.sample([100_000], &Exp1);
    assert!((x.mean().item() - 1.0).abs() < 0.02);
    let die = Uniform::new(0.0, 6.0).expect("bounds in order");
    assert!((0.0..6.0).contains(&rng.draw(&die)));
}

#[test]
fn whole_numbers_are_even() {
    let mut rng = Rng::seed_from_u64(13);
    let mut counts = [0; 7];
    for _ in 0..70_000 {
        counts[rng.below(7)] += 1;
    }
    assert!(
        counts.iter().all(|&count| (9_600..10_400).contains(&count)),
        "{counts:?}"
    );
    let x = rng.integers([1000], -2..2);
    assert!(x.ge(-2).all() && x.lt(2).all());
    assert_eq!([-2, -1, 0, 1].map(|k| x.eq(k).any()), [true; 4]);
    assert_eq!(rng.int(i64::MIN..i64::MAX).signum().abs(), 1);
    let mut counts = [0; 3];
    for _ in 0..10_000 {
        counts[rng.choose(&[1.0, 0.0, 3.0])] += 1;
    }
    assert!(
        counts[1] == 0 && (2_300..2_700).contains(&counts[0]),
        "{counts:?}"
    );
}

#[test]
fn permutations_hold_everything_once() {
    let mut rng = Rng::seed_from_u64(17);
    let mut items = rng.permutation(100);
    assert_ne!(items, (0..100).collect::<Vec<_>>());
    items.sort_unstable();
    assert_eq!(items, (0..100).collect::<Vec<_>>());
    // All six orders of three, evenly.
    let mut counts = [0; 6];
    for _ in 0..6000 {
        let order = rng.permutation(3);
        counts[order[0] * 2 + usize::from(order[1] > order[2])] += 1;
    }
    assert!(
        counts.iter().all(|&count| (880..1120).contains(&count)),
        "{counts:?}"
    );
}

#[test]
fn degenerate_distributions() {
    let mut rng = Rng::seed_from_u64(19);
    assert_eq!(rng.uniform::<f32>([2], 1.5, 1.5), Tensor::from([1.5, 1.5]));
    assert_eq!(rng.normal::<f32>([2], 1.5, 0.0), Tensor::from([1.5, 1.5]));
    assert!(rng.bernoulli([100], 1.0).all() && !rng.bernoulli([100], 0.0).any());
    assert_eq!(rng.uniform::<f64>([0, 3], 0.0, 1.0).shape(), &[0, 3]);
}

#[test]
#[should_panic(expected = "uniform: no numbers from 1 to 0")]
fn bounds_in_order() {
    Rng::seed_from_u64(0).uniform::<f32>([1], 1.0, 0.0);
}
