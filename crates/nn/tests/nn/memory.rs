//! Networks with a memory: derivatives, plain loops, and counts of parameters.

use wengert_nn::memory::{DifferentiableStack, EndToEndMemory, MemoryOptions, StoryReader, Tying};
use wengert_tape::Model;
use wengert_tape::check::check_model;
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

use crate::attention::{noise, passes, rng, weighed};

const TYINGS: [Tying; 2] = [Tying::Adjacent, Tying::LayerWise];

fn network(tying: Tying, hops: usize) -> EndToEndMemory<Tensor<f64>> {
    let options = MemoryOptions {
        hops,
        tying,
        std: 0.5,
        ..MemoryOptions::default()
    };
    EndToEndMemory::new(6, 3, 4, options, &mut rng()).cast::<f64>()
}

/// Two stories: of three sentences, and of one and two of padding.
fn stories() -> (Tensor<i64>, Tensor<i64>) {
    let stories = Tensor::from([
        [[1, 2, 3], [4, 5, 0], [3, 3, 1]],
        [[5, 1, 0], [0, 0, 0], [0, 0, 0]],
    ]);
    (stories, Tensor::from([[2, 4], [5, 0]]))
}

#[test]
fn derivatives() {
    let (stories, questions) = stories();
    for tying in TYINGS {
        for linear in [false, true] {
            let network = network(tying, 2).with_linear(linear);
            passes(check_model(&network, |_, network| {
                let answer = network.forward(&stories, &questions);
                weighed(answer.logits) + weighed(answer.weights[1])
            }));
        }
    }
}

/// The scores of one story, by loops over words and sentences.
fn by_loops(
    network: &EndToEndMemory<Tensor<f64>>,
    story: &[Vec<usize>],
    question: &[usize],
) -> Vec<f64> {
    let (width, layer_wise) = (3, network.tying == Tying::LayerWise);
    let row = |x: &Tensor<f64>, at: usize| x.select(0, at as isize).to_vec();
    let bag = |table: &Tensor<f64>, words: &[usize]| {
        let mut sum = vec![0.0; width];
        for (j, &word) in words.iter().enumerate().filter(|(_, word)| **word != 0) {
            for k in 0..width {
                let (place, feature) = ((j + 1) as f64, (k + 1) as f64);
                let (words, width) = (words.len() as f64, width as f64);
                let l = (1.0 - place / words) - feature / width * (1.0 - 2.0 * place / words);
                sum[k] += l * row(table, word)[k];
            }
        }
        sum
    };
    let memory = |table: usize| -> Vec<Vec<f64>> {
        let age = |i: usize| row(&network.ages[table], story.len() - 1 - i);
        let sentences = story.iter().enumerate().map(|(i, words)| {
            let read = bag(&network.tables[table], words);
            read.iter().zip(age(i)).map(|(a, b)| a + b).collect()
        });
        sentences.collect()
    };
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let mut u = bag(&network.tables[if layer_wise { 2 } else { 0 }], question);
    for hop in 0..network.hops {
        let (a, c) = if layer_wise { (0, 1) } else { (hop, hop + 1) };
        let there = |i: usize| story[i].iter().any(|word| *word != 0);
        let scores = memory(a).into_iter().enumerate();
        let mut p: Vec<f64> = scores
            .map(|(i, m)| match (there(i), network.linear) {
                (false, _) => 0.0,
                (true, true) => dot(&m, &u),
                (true, false) => dot(&m, &u).exp(),
            })
            .collect();
        if !network.linear {
            let sum: f64 = p.iter().sum();
            p = p.iter().map(|p| p / sum).collect();
        }
        let mut next = match &network.between {
            Some(h) => (0..width)
                .map(|k| (0..width).map(|j| u[j] * row(h, j)[k]).sum())
                .collect(),
            None => u.clone(),
        };
        for (i, c) in memory(c).iter().enumerate() {
            for k in 0..width {
                next[k] += p[i] * c[k];
            }
        }
        u = next;
    }
    let answer = &network.tables[network.tables.len() - 1];
    (0..6).map(|word| dot(&row(answer, word), &u)).collect()
}

#[test]
fn a_network_equals_loops_over_its_sentences() {
    let (stories, questions) = stories();
    for tying in TYINGS {
        for (hops, linear) in [(1, false), (3, false), (2, true)] {
            let network = network(tying, hops).with_linear(linear);
            let tape = Tape::new();
            let found = network.bind(&tape).forward(&stories, &questions);
            for b in 0..2 {
                let words =
                    |x: &Tensor<i64>| -> Vec<usize> { x.iter().map(|w| w as usize).collect() };
                let story = stories.select(0, b);
                let story: Vec<_> = (0..3).map(|i| words(&story.select(0, i))).collect();
                let expected = by_loops(&network, &story, &words(&questions.select(0, b)));
                let found = found.logits.value().select(0, b).to_vec();
                for (found, expected) in found.iter().zip(&expected) {
                    assert!(
                        (found - expected).abs() < 1e-12,
                        "{found} is not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_padding_is_no_memory() {
    let (stories, questions) = stories();
    let tape = Tape::new();
    let network = network(Tying::Adjacent, 2).bind(&tape);
    let answer = network.forward(&stories, &questions);
    for weights in &answer.weights {
        let rows = weights.value();
        assert!((rows.select(0, 0).sum().item() - 1.0).abs() < 1e-12);
        assert_eq!(rows.select(0, 1).to_vec(), [1.0, 0.0, 0.0]);
    }
    let bar = weighed(answer.logits.slice(1, 1..)).backward();
    for table in &network.tables[..2] {
        let bar = bar.wrt(*table).expect("a gradient");
        assert!(bar.select(0, 0).iter().all(|g| g == 0.0));
        assert!(bar.select(0, 1).iter().any(|g| g != 0.0));
    }
}

#[test]
fn the_story_reader_of_the_book() {
    let reader = StoryReader::new(22, 64, 32, 68, 4, &mut rng());
    assert_eq!(reader.element_count(), 24_728);
    let reader = StoryReader::new(6, 3, 2, 5, 2, &mut rng()).cast::<f64>();
    let stories = Tensor::from([[1, 2, 3, 4, 0], [5, 5, 1, 0, 0]]);
    let questions = Tensor::from([[1, 3], [2, 0]]);
    passes(check_model(&reader, |_, reader| {
        let (logits, weights) = reader.forward_with_weights(&stories, &questions);
        weighed(logits) + weighed(weights)
    }));
    let tape = Tape::new();
    let (_, weights) = reader
        .bind(&tape)
        .forward_with_weights(&stories, &questions);
    let sums = weights.sum_axes(&[2], false).value();
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-12));
}

/// Equations 1 to 3, by loops over one row: the strengths after each step, and what is read.
fn stack_by_loops(vectors: &[Vec<f64>], push: &[f64], pop: &[f64]) -> Vec<Vec<f64>> {
    let (mut strengths, mut reads) = (Vec::<f64>::new(), Vec::new());
    for t in 0..vectors.len() {
        let old = strengths.clone();
        for i in 0..t {
            let above: f64 = old[i + 1..].iter().sum();
            strengths[i] = (old[i] - (pop[t] - above).max(0.0)).max(0.0);
        }
        strengths.push(push[t]);
        let mut read = vec![0.0; vectors[0].len()];
        for i in 0..=t {
            let above: f64 = strengths[i + 1..].iter().sum();
            let share = strengths[i].min((1.0 - above).max(0.0));
            for k in 0..read.len() {
                read[k] += share * vectors[i][k];
            }
        }
        reads.push(read);
    }
    reads
}

#[test]
fn a_stack_in_parts() {
    let mut rng = Rng::seed_from_u64(3);
    let vectors: Tensor<f64> = noise(&[2, 6, 3], 1);
    let (push, pop): (Tensor<f64>, Tensor<f64>) = (
        rng.uniform([2, 6, 1], 0.0, 1.0),
        rng.uniform([2, 6, 1], 0.0, 1.0),
    );
    let model = (vectors.clone(), push.clone(), pop.clone());
    let tape = Tape::new();
    let bound = model.bind(&tape);
    let mut stack = DifferentiableStack::new();
    for t in 0..6 {
        let read = stack
            .step(
                bound.0.select(1, t),
                bound.1.select(1, t),
                bound.2.select(1, t),
            )
            .value();
        for b in 0..2 {
            let rows: Vec<Vec<f64>> = (0..6)
                .map(|t| vectors.select(0, b).select(0, t).to_vec())
                .collect();
            let numbers = |x: &Tensor<f64>| x.select(0, b).to_vec();
            let expected = stack_by_loops(&rows, &numbers(&push), &numbers(&pop));
            for (k, expected) in expected[t as usize].iter().enumerate() {
                assert!((read[[b as usize, k]] - expected).abs() < 1e-12);
            }
        }
    }
    assert_eq!(stack.pushed(), 6);
    passes(check_model(&model, |_, (vectors, push, pop)| {
        let mut stack = DifferentiableStack::new();
        let mut sum = vectors.tape().scalar(0.0);
        for t in 0..4 {
            let [v, push, pop] = [vectors, push, pop].map(|x| x.select(1, t));
            sum += weighed(stack.step(v, push, pop)) * (t + 1) as f64;
        }
        sum
    }));
}
