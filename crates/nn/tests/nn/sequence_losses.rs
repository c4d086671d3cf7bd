//! Losses over sequences, beside sums over every path.

use wengert_nn::loss::{
    Ctc, LinearChainCrf, length_mask, masked_cross_entropy, masked_mse, perplexity,
    sequence_log_likelihood,
};
use wengert_tape::check::check_model;
use wengert_tape::compose::cross_entropy;
use wengert_tape::{Bind, Tape};
use wengert_tensor::Tensor;

use crate::attention::{assert_close, noise, passes, rng, weighed};
use crate::golden::{Book, agree};

/// All sequences of `len` numbers below `count`.
fn sequences(count: usize, len: usize) -> Vec<Vec<usize>> {
    (0..len).fold(vec![Vec::new()], |sequences, _| {
        let longer =
            |sequence: Vec<usize>| (0..count).map(move |next| [&sequence[..], &[next]].concat());
        sequences.into_iter().flat_map(longer).collect()
    })
}

fn log_sum(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(f64::exp).sum::<f64>().ln()
}

fn at(x: &Tensor<f64>, index: &[usize]) -> f64 {
    let place = index.iter().zip(x.shape().dims());
    x.to_vec()[place.fold(0, |place, (at, dim)| place * dim + at)]
}

/// What a path spells: repetitions merged, then blanks removed.
fn spelt(path: &[usize], blank: usize) -> Vec<usize> {
    let mut labels = path.to_vec();
    labels.dedup();
    labels.retain(|&label| label != blank);
    labels
}

#[test]
fn ctc_sums_over_every_path() {
    let (ctc, lengths) = (Ctc::new(1), [4, 3, 0, 2, 4]);
    let targets = vec![vec![0, 2], vec![0, 0], vec![], vec![0, 2, 0], vec![]];
    let tape = Tape::new();
    let log_p = tape.leaf(&noise(&[5, 4, 3], 1)).log_softmax(-1);
    let loss = ctc.loss(log_p, &lengths, &targets).value().to_vec();
    for (row, (&len, target)) in lengths.iter().zip(&targets).enumerate() {
        let paths = sequences(3, len).into_iter();
        let paths = paths.filter(|path| spelt(path, 1) == *target);
        let likelihood = |path: Vec<usize>| -> f64 {
            let steps = path.iter().enumerate();
            steps.map(|(t, &c)| at(&log_p.value(), &[row, t, c])).sum()
        };
        let expected = -log_sum(paths.map(likelihood));
        assert!(
            loss[row] == expected || (loss[row] - expected).abs() < 1e-12,
            "row {row}: {} is not {expected}",
            loss[row]
        );
    }
    // Three labels do not fit two steps.
    assert_eq!(loss[3], f64::INFINITY);
}

#[test]
fn ctc_derivatives() {
    let targets = vec![vec![2, 2], vec![1]];
    passes(check_model(&noise(&[2, 5, 3], 1), |_, x| {
        weighed(Ctc::new(0).loss(x.log_softmax(-1), &[5, 3], &targets))
    }));
    // Steps after the end, and rows that nothing spells, get exactly 0.
    let tape = Tape::new();
    let x = tape.leaf(&noise(&[2, 5, 3], 1));
    let loss = Ctc::new(0).loss(x.log_softmax(-1), &[1, 3], &targets);
    let bar = loss
        .slice(0, 1..)
        .sum()
        .backward()
        .wrt(x)
        .expect("a gradient");
    assert!(bar.select(0, 0).iter().all(|g| g == 0.0));
    assert!(bar.select(0, 1).slice(0, 3..).iter().all(|g| g == 0.0));
    let bar = loss.sum().backward().wrt(x).expect("a gradient");
    assert!(bar.iter().all(f64::is_finite));
}

#[test]
fn ctc_agrees_with_pytorch() {
    let (book, mut tape) = (Book::open("ops"), Tape::new());
    let case = "ctc_loss-0";
    let targets = book.index(case, "target");
    let target = |row: isize, len: isize| -> Vec<usize> {
        let labels = targets.select(0, row).slice(0, ..len);
        labels.iter().map(|label| label as usize).collect()
    };
    let targets = vec![target(0, 3), target(1, 2)];
    let logits = book.get(case, "logits");
    let (loss, grads) = tape.value_and_grad(&logits, |_, x| {
        let log_p = x.log_softmax(2).transpose(0, 1);
        Ctc::new(0).loss(log_p, &[8, 6], &targets).sum()
    });
    agree(
        case,
        "output",
        &Tensor::scalar(loss),
        &book.get(case, "output"),
    );
    let bar = book.get(case, "cotangent").item();
    agree(
        case,
        "logits",
        &(grads.tree(&logits) * bar),
        &book.get(case, "grad.logits"),
    );
}

#[test]
fn ctc_decoding_finds_the_likeliest() {
    let ctc = Ctc::new(0);
    for seed in 0..20 {
        let tape = Tape::new();
        let log_p = tape.constant(&noise(&[4, 3], seed)).log_softmax(-1).value();
        let likelihood = |path: &[usize]| -> f64 {
            let steps = path.iter().enumerate();
            steps.map(|(t, &c)| at(&log_p, &[t, c])).sum()
        };
        let paths = sequences(3, 4);
        let best = paths
            .iter()
            .max_by(|a, b| likelihood(a).total_cmp(&likelihood(b)));
        assert_eq!(ctc.best_path(&log_p), spelt(best.unwrap(), 0));
        // Wide enough to keep every prefix.
        let found = ctc.prefix_search(&log_p, 1000);
        for (labels, given) in &found {
            let spelling = paths.iter().filter(|path| spelt(path, 0) == *labels);
            let expected = log_sum(spelling.map(|path| likelihood(path)));
            assert!(
                (given - expected).abs() < 1e-12,
                "{given} is not {expected}"
            );
        }
        assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
        assert!((log_sum(found.iter().map(|found| found.1))).abs() < 1e-12);
    }
}

/// s(x, y), by a loop.
fn score(crf: &LinearChainCrf<Tensor<f64>>, x: &Tensor<f64>, row: usize, tags: &[usize]) -> f64 {
    let mut sum = at(&crf.start, &[tags[0]]) + at(&crf.end, &[tags[tags.len() - 1]]);
    for (t, &tag) in tags.iter().enumerate() {
        sum += at(x, &[row, t, tag]);
    }
    for pair in tags.windows(2) {
        sum += at(&crf.transitions, pair);
    }
    sum
}

#[test]
fn a_field_sums_over_every_sequence_of_tags() {
    let crf = LinearChainCrf::new(3, &mut rng()).cast::<f64>();
    let (x, lengths) = (noise(&[3, 4, 3], 1), [4, 2, 1]);
    let tags = Tensor::from([[0, 2, 1, 1], [2, 2, -9, 99], [1, 0, 0, 0]]);
    let tape = Tape::new();
    let (bound, emissions) = (crf.clone(), x.clone()).bind(&tape);
    let z = bound.log_partition(emissions, &lengths).value().to_vec();
    let found = bound.score(emissions, &tags, &lengths).value().to_vec();
    let loss = bound.negative_log_likelihood(emissions, &tags, &lengths);
    let best = crf.viterbi(&x, &lengths);
    for (row, &len) in lengths.iter().enumerate() {
        let all = sequences(3, len);
        let expected = log_sum(all.iter().map(|tags| score(&crf, &x, row, tags)));
        assert!((z[row] - expected).abs() < 1e-12);
        let row_tags = tags.select(0, row as isize).slice(0, ..len as isize);
        let row_tags: Vec<usize> = row_tags.iter().map(|tag| tag as usize).collect();
        let expected = score(&crf, &x, row, &row_tags);
        assert!((found[row] - expected).abs() < 1e-12);
        assert!((at(&loss.value(), &[row]) - (z[row] - found[row])).abs() < 1e-12);
        let likeliest = |a: &&Vec<usize>, b: &&Vec<usize>| {
            score(&crf, &x, row, a).total_cmp(&score(&crf, &x, row, b))
        };
        let expected = all.iter().max_by(likeliest).unwrap();
        assert_eq!(&best[row].0, expected);
        assert!((best[row].1 - score(&crf, &x, row, expected)).abs() < 1e-12);
    }
    passes(check_model(&(crf, x), |_, (crf, x)| {
        weighed(crf.negative_log_likelihood(x, &tags, &lengths))
    }));
}

#[test]
fn what_does_not_count_changes_nothing() {
    let tape = Tape::new();
    let mut data = noise(&[2, 3, 4], 1).to_vec();
    data[16..].fill(f64::NAN);
    let logits = tape.leaf(&Tensor::from_vec(data, [2, 3, 4]).unwrap());
    let (targets, mask) = (
        Tensor::from([[0, 3, 1], [2, 77, -1]]),
        length_mask(&[3, 1], 3),
    );
    let rows = logits.reshape(&[6, 4]).slice(0, ..4);
    let alone = cross_entropy(rows, &Tensor::from([0, 3, 1, 2]));
    for smoothing in [0.0, 0.2] {
        let loss = masked_cross_entropy(logits, &targets, &mask, smoothing);
        if smoothing == 0.0 {
            assert_close(&loss.value(), &alone.value());
        }
        assert!(loss.item().is_finite());
        let bar = loss.backward().wrt(logits).expect("a gradient").to_vec();
        assert!(bar[16..].iter().all(|g| *g == 0.0), "{bar:?}");
        assert!(bar[..16].iter().all(|g| *g != 0.0));
    }
    let likelihood = sequence_log_likelihood(logits, &targets, &mask);
    assert!((likelihood.value().sum().item() + 4.0 * alone.item()).abs() < 1e-12);
    assert!((perplexity(alone.item()).ln() - alone.item()).abs() < 1e-12);

    let y = logits.slice(2, ..2);
    let target = noise(&[2, 3, 2], 2);
    let loss = masked_mse(y, &target, &mask);
    let error: f64 = (0..4)
        .flat_map(|step| [0, 1].map(|c| [step / 3, step % 3, c]))
        .map(|place| (at(&y.value(), &place) - at(&target, &place)).powi(2))
        .sum();
    assert!((loss.item() - error / 8.0).abs() < 1e-12);
    let bar = loss.backward().wrt(logits).expect("a gradient").to_vec();
    assert!(bar[16..].iter().all(|g| *g == 0.0), "{bar:?}");

    let none = length_mask(&[0, 0], 3);
    assert_eq!(
        masked_cross_entropy(logits, &targets, &none, 0.0).item(),
        0.0
    );
    assert_eq!(masked_mse(y, &target, &none).item(), 0.0);
}

#[test]
#[should_panic(expected = "the label 1 of row 0 is the blank or none of 3 classes")]
fn a_label_that_is_the_blank_is_refused() {
    let tape = Tape::<f64>::new();
    Ctc::new(1).loss(tape.zeros([1, 2, 3]), &[2], &[vec![1]]);
}

#[test]
#[should_panic(expected = "row 1 is 0 long")]
fn a_sequence_without_tags_is_refused() {
    let tape = Tape::new();
    let crf = LinearChainCrf::new(3, &mut rng()).bind(&tape);
    crf.log_partition(tape.zeros([2, 4, 3]), &[4, 0]);
}
