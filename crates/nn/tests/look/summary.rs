//! Summaries.

use wengert_nn::look::{LeafKind, summary, summary_where};
use wengert_nn::{BatchNorm, Linear, Lstm};
use wengert_tape::Bind;
use wengert_tape::tree::{Tree, TreeExt};
use wengert_tensor::{Rng, Tensor};

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    rnn: Lstm<P>,
    norm: BatchNorm<P>,
    head: Linear<P>,
}

fn net() -> Net {
    let mut rng = Rng::seed_from_u64(1);
    Net {
        rnn: Lstm::new(3, 40, &mut rng),
        norm: BatchNorm::new(40),
        head: Linear::new(40, 2, &mut rng),
    }
}

#[test]
fn every_leaf_is_counted_once() {
    let (net, summary) = (net(), summary(&net()));
    let paths: Vec<&str> = summary
        .leaves
        .iter()
        .map(|leaf| leaf.path.as_str())
        .collect();
    assert_eq!(paths, net.paths());
    let mut numbers = 0;
    net.visit_tree(|_, leaf: &Tensor| numbers += leaf.size());
    assert_eq!((summary.count(), summary.bytes()), (numbers, 4 * numbers));
    assert_eq!(summary.trained(), numbers - 80);
    let double = wengert_nn::look::summary(&net.cast::<f64>());
    assert_eq!(double.bytes(), 8 * numbers);
    let layers = summary.collapsed(1);
    let names: Vec<&str> = layers
        .leaves
        .iter()
        .map(|leaf| leaf.path.as_str())
        .collect();
    assert_eq!(names, ["rnn", "norm", "head"]);
    assert_eq!(
        (layers.count(), layers.trained()),
        (summary.count(), summary.trained())
    );
    assert_eq!(summary.collapsed(99), summary);
}

#[test]
fn frozen_parts_are_told() {
    let summary = summary_where(&net(), |path| path.starts_with("head"));
    let kind = |at: usize| summary.leaves[at].kind();
    assert_eq!(kind(0), Some(LeafKind::Frozen));
    assert_eq!(summary.trained(), 82);
    let text = summary.collapsed(1).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[1].starts_with("rnn") && lines[1].ends_with("frozen"),
        "{text}"
    );
    assert!(lines[2].ends_with("80 frozen, 80 state"), "{text}");
    assert!(
        lines[4].ends_with("82 trained, 7,120 frozen, 80 state"),
        "{text}"
    );
    // A number of a thousand or more has its comma, and columns stand below each other.
    assert!(
        lines[0].contains("numbers") && lines[4].contains("7,282"),
        "{text}"
    );
    let end = |line: &str, word: &str| line.find(word).map(|at| at + word.len());
    assert_eq!(end(lines[0], "numbers"), end(lines[4], "7,282"), "{text}");
}

#[test]
fn a_single_leaf_has_no_path() {
    let x = Tensor::<f32>::zeros([2, 0]);
    let text = summary(&x).to_string();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert_eq!(summary(&x).leaves[0].kind(), Some(LeafKind::Trained));
    assert_eq!(summary(&x).collapsed(1).leaves.len(), 1);
}
