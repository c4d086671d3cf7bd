//! A dozen programs: the two readings of their rules agree, with differences, with forward mode,
//! from run to run, and over recycled buffers full of NaN.

use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

use crate::support::{Scalar, assert_close, differences, noise, value};

fn cell<'t>(x: Var<'t, f64>, h: Var<'t, f64>, w: Var<'t, f64>) -> Var<'t, f64> {
    let [z, n] = (Var::cat(&[x, h], -1).matmul(w)).chunk(-1);
    let z = z.sigmoid();
    (1.0 - z) * n.tanh() + z * h
}

fn programs() -> Vec<(&'static str, Vec<Tensor<f64>>, Scalar)> {
    let ab = || vec![noise(&[3, 4], 1), noise(&[4, 5], 2)];
    vec![
        ("polynomial", vec![noise(&[5], 1)], |x| {
            (x[0] * x[0] * x[0] - 2.0 * x[0]).sum()
        }),
        ("broadcast", vec![noise(&[3, 1], 1), noise(&[4], 2)], |x| {
            ((x[0] * x[1]).tanh() + x[1]).sum()
        }),
        ("product", ab(), |x| x[0].matmul(x[1]).tanh().sum()),
        ("views of a product", ab(), |x| {
            let y = x[0].matmul(x[1]);
            (y.t().slice(0, 1..3).matmul(x[0]) * y.slice(1, ..4).slice(0, ..2)).sum()
        }),
        ("fan-out", vec![noise(&[4], 1)], |x| {
            let (a, b) = (x[0].sigmoid(), x[0].exp());
            (a * b + a / b + a * a).sum()
        }),
        (
            "a view, its base and itself again",
            vec![noise(&[4, 3], 1)],
            |x| {
                let v = x[0].t();
                (v.matmul(x[0]) * v.slice(1, 1..)).sum() + (v * v).sum()
            },
        ),
        ("overlapping slices", vec![noise(&[8], 1)], |x| {
            let parts = [
                x[0].slice(0, 0..5),
                x[0].slice(0, 2..7),
                x[0].slice_step(0, 0..8, 2),
            ];
            (parts[0] * parts[1]).sum() + (parts[2] * parts[1].slice(0, 1..)).sum()
        }),
        (
            "recurrence",
            vec![noise(&[2, 6, 3], 1), noise(&[2, 4], 2), noise(&[7, 8], 3)],
            |x| {
                let steps = x[0].unbind(1);
                let h = steps.iter().fold(x[1], |h, &step| cell(step, h, x[2]));
                (h * h).sum()
            },
        ),
        ("joins", vec![noise(&[2, 3], 1), noise(&[2, 3], 2)], |x| {
            let stacked = Var::stack(&[x[0], x[1], x[0] * x[1]], 1);
            let joined = Var::cat(&[x[0], stacked.select(1, 2), x[1]], 0);
            (joined * joined).sum() + (stacked * stacked.tanh()).sum()
        }),
        ("indices", vec![noise(&[5, 3], 1)], |x| {
            let rows = x[0].rows(&Tensor::from([[0, 4], [4, 4]]));
            let picked = x[0].gather(1, &Tensor::from([[2], [0], [1], [2], [2]]));
            (rows * rows).sum() + (picked * x[0]).tanh().sum()
        }),
        ("order", vec![noise(&[4, 3], 1), noise(&[4, 3], 2)], |x| {
            let (keys, [others], _) = x[0].sort_with(0, false, [x[1]]);
            let (top, _) = others.topk(2, 1, true);
            (keys * others).sum() + (top * top).sum()
        }),
        ("expanded", vec![noise(&[3, 1], 1), noise(&[], 2)], |x| {
            let wide = x[0].expand([2, 3, 4]);
            (wide * wide.slice(0, ..1) + x[1].expand([4])).tanh().sum()
        }),
        ("masked", vec![noise(&[3, 4], 1), noise(&[4], 2)], |x| {
            let mask = x[0].gt(0.0);
            (x[0].where_(&mask, x[1]) * x[0]).max(x[1]).sum()
        }),
    ]
}

/// Records a program and differentiates it in both ways.
fn both(tape: &Tape<f64>, f: Scalar, inputs: &[Tensor<f64>]) -> [Vec<Tensor<f64>>; 2] {
    let leaves: Vec<_> = inputs.iter().map(|x| tape.leaf(x)).collect();
    let y = f(&leaves);
    let options = wengert_tape::GradOptions {
        create_graph: true,
        ..Default::default()
    };
    let recorded = tape.grad_with(&[y], &leaves, &[], options);
    let back = y.backward();
    let eager = leaves.iter().map(|&x| back.wrt(x).unwrap()).collect();
    [eager, recorded.iter().map(|bar| bar.value()).collect()]
}

#[test]
fn both_readings_agree_with_each_other_and_with_differences() {
    for (name, inputs, f) in programs() {
        println!("{name}");
        let [eager, recorded] = both(&Tape::new(), f, &inputs);
        let expected = differences(|x| value(f, x), &inputs);
        for k in 0..inputs.len() {
            assert_close(&eager[k], &recorded[k], 1e-15);
            assert_close(&eager[k], &expected[k], 1e-9);
        }
    }
}

#[test]
fn second_order_agrees_with_differences_of_the_first() {
    for (name, inputs, f) in programs() {
        println!("{name}");
        let directions: Vec<_> = inputs
            .iter()
            .enumerate()
            .map(|(k, x)| noise(x.shape(), 90 + k as u64))
            .collect();
        // ⟨gradient, direction⟩, whose gradient is the product of the Hessian with the direction.
        let tape = Tape::new();
        let leaves: Vec<_> = inputs.iter().map(|x| tape.leaf(x)).collect();
        let options = wengert_tape::GradOptions {
            create_graph: true,
            unused: wengert_tape::Unused::Zeros,
        };
        let bars = tape.grad_with(&[f(&leaves)], &leaves, &[], options);
        let along = bars
            .iter()
            .zip(&directions)
            .fold(tape.scalar(0.0), |sum, (bar, d)| sum + (*bar * d).sum());
        let products = tape.grad_with(&[along], &leaves, &[], options);
        let slope = |x: &[Tensor<f64>]| {
            let [eager, _] = both(&Tape::new(), f, x);
            let dot = |(a, b): (&Tensor<f64>, &Tensor<f64>)| {
                a.zip_map(b, |a, b| a * b).iter().sum::<f64>()
            };
            eager.iter().zip(&directions).map(dot).sum()
        };
        for (product, expected) in products.iter().zip(differences(slope, &inputs)) {
            assert_close(&product.value(), &expected, 1e-8);
        }
        // Forward mode over the recorded gradient says the same.
        let mut tape = Tape::new();
        let (bars, dots) = tape.hvp(&inputs, &directions, |_, x| f(&x));
        for k in 0..inputs.len() {
            let [eager, _] = both(&Tape::new(), f, &inputs);
            assert_close(&bars[k], &eager[k], 1e-14);
            assert_close(&dots[k], &products[k].value(), 1e-13);
        }
    }
}

#[test]
fn forward_mode_agrees() {
    for (name, inputs, f) in programs() {
        println!("{name}");
        let directions: Vec<_> = inputs
            .iter()
            .enumerate()
            .map(|(k, x)| noise(x.shape(), 50 + k as u64))
            .collect();
        let (_, y_dot) = Tape::new().jvp(&inputs, &directions, |_, x| f(&x));
        let [eager, _] = both(&Tape::new(), f, &inputs);
        let dot =
            |(a, b): (&Tensor<f64>, &Tensor<f64>)| a.zip_map(b, |a, b| a * b).iter().sum::<f64>();
        let expected: f64 = eager.iter().zip(&directions).map(dot).sum();
        assert!((y_dot.item() - expected).abs() <= 1e-13 * (1.0 + expected.abs()));
    }
}

#[test]
fn runs_are_bitwise_the_same_and_poison_changes_nothing() {
    let mut warm = Tape::new();
    let mut poisoned = Tape::new();
    poisoned.poison();
    // Every buffer of the pools has been used before the runs that are compared.
    for round in 0..3 {
        for (name, inputs, f) in programs() {
            let fresh = both(&Tape::new(), f, &inputs);
            assert_eq!(
                both(&warm, f, &inputs),
                fresh,
                "{name}, warm, round {round}"
            );
            assert_eq!(
                both(&poisoned, f, &inputs),
                fresh,
                "{name}, poisoned, round {round}"
            );
            warm.reset();
            poisoned.reset();
            let step = |tape: &mut Tape<f64>| {
                let (value, grads) = tape.value_and_grad(&inputs, |_, x| f(&x));
                (value.to_bits(), grads.iter().cloned().collect::<Vec<_>>())
            };
            let fresh = step(&mut Tape::new());
            assert_eq!(step(&mut warm), fresh, "{name}");
            assert_eq!(step(&mut poisoned), fresh, "{name}");
        }
    }
}

#[test]
fn sizes_of_zero_flow_through() {
    let zero: [(&str, Vec<Tensor<f64>>, Scalar); 6] = [
        (
            "elementwise",
            vec![noise(&[0, 3], 1), noise(&[3], 2)],
            |x| (x[0] * x[1]).tanh().sum(),
        ),
        (
            "no inner size",
            vec![noise(&[3, 0], 1), noise(&[0, 2], 2)],
            |x| x[0].matmul(x[1]).sum(),
        ),
        ("no rows", vec![noise(&[0, 4], 1), noise(&[4, 2], 2)], |x| {
            x[0].matmul(x[1]).sum()
        }),
        (
            "no steps",
            vec![noise(&[2, 0, 3], 1), noise(&[2, 4], 2), noise(&[7, 8], 3)],
            |x| {
                let steps = x[0].unbind(1);
                let h = steps.iter().fold(x[1], |h, &step| cell(step, h, x[2]));
                (h * h).sum() + x[0].sum() + 0.0 * x[2].sum()
            },
        ),
        (
            "joined with nothing",
            vec![noise(&[2, 0], 1), noise(&[2, 3], 2)],
            |x| {
                let y = Var::cat(&[x[0], x[1]], 1);
                (y * y).sum() + x[0].sort(1, true).0.sum()
            },
        ),
        ("nothing chosen", vec![noise(&[4, 3], 1)], |x| {
            x[0].rows(&Tensor::<i64>::zeros([0])).sum() + x[0].slice(0, 4..).sum()
        }),
    ];
    for (name, inputs, f) in zero {
        println!("{name}");
        let [eager, recorded] = both(&Tape::new(), f, &inputs);
        let expected = differences(|x| value(f, x), &inputs);
        for k in 0..inputs.len() {
            assert_close(&eager[k], &recorded[k], 1e-15);
            assert_close(&eager[k], &expected[k], 1e-9);
        }
    }
}
