//! Attention: derivatives, plain loops, masks, positions, and decoding step by step.

use wengert_nn::attention::{
    AdditiveScore, AttentionPooling, ConcatScore, DotScore, GeneralScore, LearnedPositions,
    MultiHeadAttention, RelativePositions, ScaledDotScore, Score, attention_distances, causal_mask,
    key_mask, rotary, sinusoidal_positions,
};
use wengert_tape::check::check_model;
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Rng, Tensor};

pub fn rng() -> Rng {
    Rng::seed_from_u64(5)
}

pub fn noise(shape: &[usize], seed: u64) -> Tensor<f64> {
    Rng::seed_from_u64(seed).normal(shape, 0.0, 1.0)
}

/// The outputs weighed with fixed numbers, so that no two count the same.
pub fn weighed<'t>(y: Var<'t, f64>) -> Var<'t, f64> {
    (y * &noise(&y.shape(), 9)).sum()
}

#[track_caller]
pub fn passes<R, E: std::fmt::Display>(result: Result<R, E>) {
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[track_caller]
pub fn assert_close(a: &Tensor<f64>, b: &Tensor<f64>) {
    assert_eq!(a.shape(), b.shape());
    for (a, b) in a.iter().zip(b.iter()) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} is not {b}");
    }
}

/// Derivatives, a mask's exact zeros, and a plain loop over pairs with the given score.
macro_rules! score {
    ($score:expr, $queries:literal, $keys:literal, $pair:expr) => {{
        let score = $score;
        let (q, k) = (noise(&[2, 3, $queries], 1), noise(&[2, 4, $keys], 2));
        let v = noise(&[2, 4, 5], 3);
        let mask = key_mask(&[3, 4], 4);
        let model = (score.clone(), q.clone(), k.clone(), v.clone());
        passes(check_model(&model, |_, (score, q, k, v)| {
            let attended = score.attend(q, k, v, Some(&mask));
            weighed(attended.context) + weighed(attended.weights)
        }));

        let tape = Tape::new();
        let bound = model.bind(&tape);
        let found = bound.0.attend(bound.1, bound.2, bound.3, Some(&mask));
        for b in 0..2 {
            for i in 0..3 {
                let keys = 3 + b;
                let row = |x: &Tensor<f64>, at: usize| -> Vec<f64> {
                    x.select(0, b as isize).select(0, at as isize).to_vec()
                };
                let e: Vec<f64> = (0..keys)
                    .map(|j| $pair(&score, &row(&q, i), &row(&k, j)).exp())
                    .collect();
                let sum: f64 = e.iter().sum();
                for j in 0..4 {
                    let weight = e.get(j).map_or(0.0, |e| e / sum);
                    let given = found
                        .weights
                        .value()
                        .get(&[b as isize, i as isize, j as isize])
                        .unwrap();
                    assert!((given - weight).abs() < 1e-12, "{given} is not {weight}");
                    assert!(j < keys || given == 0.0);
                }
                for c in 0..5 {
                    let mean: f64 = (0..keys).map(|j| e[j] / sum * row(&v, j)[c]).sum();
                    let given = found
                        .context
                        .value()
                        .get(&[b as isize, i as isize, c as isize])
                        .unwrap();
                    assert!((given - mean).abs() < 1e-12, "{given} is not {mean}");
                }
            }
        }
        let back = weighed(found.context).backward();
        let k_bar = back.wrt(bound.2).expect("the keys have a gradient");
        let masked = k_bar.select(0, 0).select(0, 3);
        assert!(masked.iter().all(|g| g == 0.0), "{masked:?}");
    }};
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// x M, by loops.
fn times(x: &[f64], m: &Tensor<f64>) -> Vec<f64> {
    let columns = m.shape()[1];
    let entry = |i: usize, j: usize| m.get(&[i as isize, j as isize]).expect("an entry");
    (0..columns)
        .map(|j| (0..x.len()).map(|i| x[i] * entry(i, j)).sum())
        .collect()
}

#[test]
fn dot_scores() {
    score!(DotScore, 3, 3, |_: &DotScore, q: &[f64], k: &[f64]| dot(
        q, k
    ));
    let scaled = |_: &ScaledDotScore, q: &[f64], k: &[f64]| dot(q, k) / 3.0_f64.sqrt();
    score!(ScaledDotScore, 3, 3, scaled);
}

#[test]
fn general_scores() {
    let score = GeneralScore::new(3, 2, &mut rng()).cast::<f64>();
    let pair = |s: &GeneralScore<Tensor<f64>>, q: &[f64], k: &[f64]| dot(&times(q, &s.weight), k);
    score!(score, 3, 2, pair);
}

#[test]
fn additive_scores() {
    let mut score = AdditiveScore::new(3, 2, 6, &mut rng()).cast::<f64>();
    score.bias = noise(&[6], 4);
    let pair = |s: &AdditiveScore<Tensor<f64>>, q: &[f64], k: &[f64]| {
        let (q, k, b) = (times(q, &s.query), times(k, &s.key), s.bias.to_vec());
        let hidden: Vec<f64> = (0..6).map(|a| (q[a] + k[a] + b[a]).tanh()).collect();
        dot(&hidden, &s.score.to_vec())
    };
    score!(score, 3, 2, pair);
}

#[test]
fn concat_scores() {
    let score = ConcatScore::new(3, 2, 6, &mut rng()).cast::<f64>();
    let pair = |s: &ConcatScore<Tensor<f64>>, q: &[f64], k: &[f64]| {
        let hidden = times(&[q, k].concat(), &s.weight);
        let hidden: Vec<f64> = hidden.into_iter().map(f64::tanh).collect();
        dot(&hidden, &s.score.to_vec())
    };
    score!(score, 3, 2, pair);
}

#[test]
fn pooling() {
    let layer = AttentionPooling::new(3, 4, &mut rng()).cast::<f64>();
    let mask = key_mask(&[2, 5], 5).squeeze(1);
    let model = (layer, noise(&[2, 5, 3], 1));
    passes(check_model(&model, |_, (layer, x)| {
        let pooled = layer.forward(x, Some(&mask));
        weighed(pooled.context) + weighed(pooled.weights)
    }));
    let tape = Tape::new();
    let (layer, x) = model.bind(&tape);
    let whole = layer.forward(x, Some(&mask)).context.value().select(0, 0);
    let alone = layer.forward(x.slice(0, 0..1).slice(1, 0..2), None);
    assert_close(&whole, &alone.context.value().select(0, 0));
}

/// A layer with everything switched on, of one kind of positions.
fn multi_head(relative: bool) -> MultiHeadAttention<Tensor<f64>> {
    let layer = MultiHeadAttention::new(8, 2, &mut rng());
    let mut layer = if relative {
        layer.with_relative(2).cast::<f64>()
    } else {
        layer.with_rotary(1e4).cast::<f64>()
    };
    for (k, linear) in [&mut layer.query, &mut layer.key, &mut layer.value]
        .into_iter()
        .enumerate()
    {
        linear.bias = Some(noise(&[8], 20 + k as u64));
    }
    if let Some(relative) = &mut layer.relative {
        relative.table = noise(&[2, 5], 30);
    }
    layer
}

#[test]
fn multi_head_derivatives() {
    for relative in [true, false] {
        let (x, memory) = (noise(&[2, 3, 8], 1), noise(&[2, 4, 8], 2));
        let model = (multi_head(relative), x, memory);
        let mask = key_mask(&[4, 3], 4);
        passes(check_model(&model, |_, (layer, x, memory)| {
            let attended = layer.forward(x, memory, memory, Some(&mask));
            weighed(attended.context) + weighed(attended.weights)
        }));
    }
}

#[test]
fn multi_head_is_one_attention_for_each_head() {
    let layer = multi_head(true);
    let (x, memory) = (noise(&[2, 3, 8], 1), noise(&[2, 4, 8], 2));
    let tape = Tape::new();
    let (layer, x, memory) = (layer, x, memory).bind(&tape);
    let found = layer.forward(x, memory, memory, None);
    let (q, k, v) = (
        layer.query.forward(x),
        layer.key.forward(memory),
        layer.value.forward(memory),
    );
    let table = layer.relative.as_ref().expect("positions").table.value();
    let mut heads = Vec::new();
    for head in 0..2 {
        let part = |x: Var<'_, f64>| x.slice(2, 4 * head..4 * head + 4).value();
        let scores = part(q).matmul(&part(k).transpose(1, 2)) / 2.0;
        let bias = Tensor::from_fn([3, 4], |at| {
            // The last query stands beside the last key.
            let distance = (at[1] as i64 - (at[0] as i64 + 1)).clamp(-2, 2) + 2;
            table.get(&[head, distance as isize]).unwrap()
        });
        let weights = tape.constant(&(scores + bias)).softmax(-1);
        assert_close(&found.weights.value().select(1, head), &weights.value());
        heads.push(weights.matmul(tape.constant(&part(v))));
    }
    let context = layer.output.forward(Var::cat(&heads, 2));
    assert_close(&found.context.value(), &context.value());
}

#[test]
fn a_batch_equals_its_single_sequences() {
    let layer = multi_head(false);
    let x = noise(&[3, 4, 8], 1);
    let tape = Tape::new();
    let (layer, x) = (layer, x).bind(&tape);
    let lengths = [4, 2, 1];
    let mask = key_mask(&lengths, 4);
    let whole = layer.forward(x, x, x, Some(&mask)).context.value();
    for (b, len) in lengths.into_iter().enumerate() {
        let one = x.slice(0, b..b + 1).slice(1, ..len);
        let alone = layer.forward(one, one, one, None).context.value();
        assert_close(&whole.slice(0, b..b + 1).slice(1, ..len), &alone);
    }
}

#[test]
fn decoding_step_by_step_is_what_comes_at_once() {
    for relative in [true, false] {
        let tape = Tape::new();
        let (layer, x) = (multi_head(relative), noise(&[2, 5, 8], 1)).bind(&tape);
        let whole = layer.forward(x, x, x, Some(&causal_mask(5, 5)));
        let (mut cache, mut at) = (None, 0);
        for steps in [1, 2, 1, 1] {
            let found = layer.next(x.slice(1, at..at + steps), &mut cache);
            let expected = whole.context.value().slice(1, at..at + steps);
            assert_close(&found.context.value(), &expected);
            at += steps;
        }
        assert_eq!(cache.map(|cache| cache.steps()), Some(5));
    }
}

#[test]
fn what_nobody_may_look_at_is_zero_with_zero_gradients() {
    let x = noise(&[2, 3, 8], 1);
    let tape = Tape::new();
    let (layer, x) = (multi_head(true), x).bind(&tape);
    let attended = layer.forward(x, x, x, Some(&key_mask(&[0, 3], 3)));
    assert!(
        attended
            .weights
            .value()
            .select(0, 0)
            .iter()
            .all(|w| w == 0.0)
    );
    let back = weighed(attended.context).backward();
    let x_bar = back.wrt(x).expect("a gradient");
    assert!(x_bar.select(0, 0).iter().all(|g| g == 0.0));
    assert!(x_bar.iter().all(f64::is_finite));
}

#[test]
fn turned_products_depend_on_the_distance_alone() {
    let tape = Tape::new();
    let (q, k) = (noise(&[1, 6], 1), noise(&[1, 6], 2));
    let (q, k) = (tape.leaf(&q), tape.leaf(&k));
    let product = |at: usize, by: usize| {
        let (q, k) = (rotary(q, at, 1e4), rotary(k, by, 1e4));
        (q * k).sum().item()
    };
    assert!((product(7, 3) - product(104, 100)).abs() < 1e-10);
    assert!((product(0, 0) - (q * k).sum().item()).abs() < 1e-12);
    assert!((product(7, 3) - product(7, 4)).abs() > 1e-3);
    passes(check_model(&noise(&[2, 3, 4], 3), |_, x| {
        weighed(rotary(x, 5, 100.0))
    }));
}

#[test]
fn positions_that_are_added() {
    let p = sinusoidal_positions::<f64>(0, 50, 6);
    let later = sinusoidal_positions::<f64>(17, 3, 6);
    assert_eq!(later, p.slice(0, 17..20));
    for (t, d) in [(0, 0), (3, 4), (49, 5), (17, 2)] {
        let angle = t as f64 / 10000_f64.powf((d / 2 * 2) as f64 / 6.0);
        let expected = if d % 2 == 0 { angle.sin() } else { angle.cos() };
        assert!((p.get(&[t as isize, d as isize]).unwrap() - expected).abs() < 1e-12);
    }
    let learned = LearnedPositions::new(6, 4, &mut rng()).cast::<f64>();
    let model = (learned, noise(&[2, 3, 4], 1));
    passes(check_model(&model, |_, (p, x)| {
        weighed(p.forward(x, 2).tanh())
    }));
    let relative = RelativePositions::new(3, 2).cast::<f64>();
    passes(check_model(&relative, |_, p| weighed(p.bias(4, 5).exp())));
}

#[test]
fn distances_are_a_histogram() {
    let weights = Tensor::from([[[0.25, 0.75, 0.0], [0.0, 0.5, 0.5]]]);
    // Query 0 stands beside key 1, query 1 beside key 2.
    assert_eq!(attention_distances(&weights), [0.625, 0.375, 0.0]);
    assert_eq!(attention_distances(&Tensor::<f64>::zeros([2, 2])), [0.0; 2]);
}

#[test]
#[should_panic(expected = "row 1 is 4 long, there are 3 keys")]
fn a_length_beyond_the_keys_is_refused() {
    key_mask(&[3, 4], 3);
}

#[test]
#[should_panic(expected = "8 features are not 3 heads of equal width")]
fn heads_that_do_not_divide_are_refused() {
    MultiHeadAttention::new(8, 3, &mut rng());
}

#[test]
#[should_panic(expected = "the table has 6 positions")]
fn a_position_beyond_the_table_is_refused() {
    let tape = Tape::new();
    let learned = LearnedPositions::new(6, 4, &mut rng()).bind(&tape);
    learned.forward(tape.zeros([3, 4]), 4);
}
