//! Ops with indices and joins, from their samples: first and second order in both readings, and
//! forward mode.

use wengert_tape::{GradOptions, Tape, Unused, Var};
use wengert_tensor::Tensor;

use crate::support::{assert_close, caught, differences, noise};

const NAMES: [&str; 6] = [
    "cat",
    "stack",
    "gather",
    "scatter_add",
    "index_select",
    "sort",
];

fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> f64 {
    let dot = |(a, b): (&Tensor<f64>, &Tensor<f64>)| a.zip_map(b, |a, b| a * b).iter().sum::<f64>();
    a.iter().zip(b).map(dot).sum()
}

#[test]
fn samples_agree_with_differences_to_second_order() {
    let rows = wengert_tape::ops::ALL
        .iter()
        .filter(|row| NAMES.contains(&row.name));
    assert_eq!(rows.clone().count(), NAMES.len());
    for row in rows {
        let samples = (row.samples)();
        for case in samples.cases {
            println!("{}: {}", row.name, case.label);
            // A curved function of the outputs, so that the second order is not 0.
            let loss = |tape: &Tape<f64>, x: &[Tensor<f64>]| -> (f64, Vec<Tensor<f64>>) {
                let x: Vec<Var<'_, f64>> = x.iter().map(|x| tape.leaf(x)).collect();
                let ys = (case.program)(&x);
                let y = ys.iter().zip(1..).fold(tape.scalar(0.0), |sum, (y, seed)| {
                    sum + (*y * *y * &noise(&y.shape(), seed)).tanh().sum()
                });
                let options = GradOptions {
                    create_graph: true,
                    unused: Unused::Zeros,
                };
                let recorded = tape.grad_with(&[y], &x, &[], options);
                let back = y.backward();
                for (x, recorded) in x.iter().zip(&recorded) {
                    let eager = back.wrt(*x).unwrap_or(Tensor::zeros(x.shape()));
                    assert_close(&eager, &recorded.value(), 1e-15);
                }
                // A number of the gradient, and its gradient.
                let along = recorded
                    .iter()
                    .zip(70..)
                    .fold(tape.scalar(0.0), |sum, (bar, seed)| {
                        sum + (*bar * &noise(&bar.shape(), seed)).sum()
                    });
                let mut bars: Vec<_> = recorded.iter().map(|bar| bar.value()).collect();
                bars.push(along.value());
                bars.extend(
                    tape.grad_with(&[along], &x, &[], options)
                        .iter()
                        .map(|bar| bar.value()),
                );
                (y.item(), bars)
            };
            let tape = Tape::new();
            let (_, all) = loss(&tape, &case.inputs);
            let n = case.inputs.len();
            let first = differences(|x| loss(&Tape::new(), x).0, &case.inputs);
            let second = differences(|x| loss(&Tape::new(), x).1[n].item(), &case.inputs);
            for k in 0..n {
                assert_close(&all[k], &first[k], 1e-8);
                assert_close(&all[n + 1 + k], &second[k], 1e-7);
            }
            // ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩.
            let tape = Tape::new();
            let x: Vec<_> = case.inputs.iter().map(|x| tape.leaf(x)).collect();
            let ys = (case.program)(&x);
            let moves: Vec<_> = x
                .iter()
                .zip(20..)
                .map(|(x, seed)| noise(&x.shape(), seed))
                .collect();
            let seeds: Vec<_> = ys
                .iter()
                .zip(30..)
                .map(|(y, seed)| noise(&y.shape(), seed))
                .collect();
            let inputs: Vec<_> = x
                .iter()
                .zip(&moves)
                .map(|(x, d)| (*x, tape.constant(d)))
                .collect();
            let y_dots: Vec<_> = ys
                .iter()
                .map(|y| tape.tangent(*y, &inputs).value())
                .collect();
            let options = GradOptions {
                create_graph: false,
                unused: Unused::Zeros,
            };
            let y_bars: Vec<_> = seeds.iter().map(|seed| tape.constant(seed)).collect();
            let x_bars = tape.grad_with(&ys, &x, &y_bars, options);
            let x_bars: Vec<_> = x_bars.iter().map(|bar| bar.value()).collect();
            let (a, b) = (dot(&seeds, &y_dots), dot(&x_bars, &moves));
            assert!((a - b).abs() <= 1e-14 * (1.0 + a.abs()), "{a} and {b}");
        }
        for bad in samples.bad {
            let tape = Tape::new();
            let x: Vec<_> = bad.inputs.iter().map(|x| tape.leaf(x)).collect();
            let caught = caught(|| drop((bad.program)(&x)));
            assert!(caught.message.contains(bad.message), "{caught:?}");
        }
    }
}

#[test]
fn only_one_of_several_outputs_is_used() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.leaf(&noise(&[5], 1)), tape.leaf(&noise(&[5], 2)));
    let (keys, [others], order) = x.sort_with(0, false, [y]);
    // The first output is the last node that the walk knows of, and the other way round.
    let options = GradOptions {
        create_graph: true,
        unused: Unused::Zeros,
    };
    let ones = [tape.ones([5])];
    let by_keys = keys.backward_with(&Tensor::ones([5]));
    assert_eq!(by_keys.wrt(x).unwrap(), Tensor::ones([5]));
    assert!(by_keys.wrt(y).is_none());
    let recorded = tape.grad_with(&[keys], &[x, y], &ones, options);
    assert_eq!(recorded[0].value(), Tensor::ones([5]));
    assert_eq!(recorded[1].value(), Tensor::zeros([5]));
    let by_others = others.backward_with(&Tensor::range(0.0, 5.0, 1.0));
    let back = by_others.wrt(y).unwrap().gather(0, &order);
    assert_eq!(back, Tensor::range(0.0, 5.0, 1.0));
    assert!(by_others.wrt(x).is_none());
    // With respect to an output.
    let z = (keys * others).sum();
    let [by_keys, by_others] = tape.grad(z, [keys, others]);
    assert_eq!(by_keys.value(), others.value());
    assert_eq!(by_others.value(), keys.value());
}

#[test]
fn rows_add_to_a_gradient_that_is_there() {
    let tape = Tape::<f64>::new();
    let table = tape.leaf(&noise(&[1000, 8], 1));
    let mut y = tape.scalar(0.0);
    for k in 0..20 {
        y += table.rows(&Tensor::from([k, k + 1, 999])).sum();
    }
    let bar = y.backward().wrt(table).unwrap();
    assert_eq!(bar.select(0, 0), Tensor::ones([8]));
    assert_eq!(bar.select(0, 1), Tensor::full([8], 2.0));
    assert_eq!(bar.select(0, 20), Tensor::ones([8]));
    assert_eq!(bar.select(0, 21), Tensor::zeros([8]));
    assert_eq!(bar.select(0, 999), Tensor::full([8], 20.0));
    // One buffer of the table's size, and small ones.
    assert!(tape.stats().pool_bytes < 2 * 8 * 8192);
}

#[test]
fn ties_and_nan_in_order() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([2.0, f64::NAN, 2.0, 1.0]));
    let (values, order) = x.sort(0, false);
    assert_eq!(order.to_vec(), [3, 0, 2, 1]);
    assert!(values.value().to_vec()[3].is_nan());
    let (_, order) = x.sort(0, true);
    assert_eq!(order.to_vec(), [1, 0, 2, 3]);
    let (top, _) = x.slice(0, 2..).topk(1, 0, true);
    assert_eq!(
        top.sum().backward().wrt(x).unwrap().to_vec(),
        [0.0, 0.0, 1.0, 0.0]
    );
    assert_eq!((x.argmax(0).item(), x.argmin(0).item()), (1, 1));
}

#[test]
fn comparisons_broadcast_and_record_nothing_that_flows() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([[1.0], [2.0]]));
    let y = Tensor::from([1.0, 1.5]);
    assert_eq!(x.le(&y), Tensor::from([[true, true], [false, false]]));
    assert_eq!(x.gt(x.t()), Tensor::from([[false, false], [true, false]]));
    let caught = caught(|| drop(x.expand([2, 3]).eq(&y)));
    assert!(caught.message.contains("eq"), "{}", caught.message);
    assert!(caught.file.ends_with("indices.rs"), "{}", caught.file);
}
