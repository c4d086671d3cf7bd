//! Forms that only give another name or another operand: assignment, ranges, bases.

use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

#[test]
fn an_assignment_gives_the_name_to_the_result_and_leaves_the_value() {
    let tape = Tape::<f64>::new();
    let leaf = tape.leaf(&Tensor::from([2.0, 3.0]));
    let mut x = leaf;
    x += 1.0;
    let sum = x;
    x *= leaf;
    x -= &Tensor::from([1.0, 1.0]);
    x /= 2.0;
    // (x (x + 1) − 1) / 2, whose slope is x + ½.
    assert_eq!(x.value().to_vec(), [2.5, 5.5]);
    assert_eq!(x.sum().backward().wrt(leaf).unwrap().to_vec(), [2.5, 3.5]);
    assert_eq!(
        (leaf.value().to_vec(), sum.value().to_vec()),
        (vec![2.0, 3.0], vec![3.0, 4.0])
    );
}

#[test]
fn an_assignment_in_a_loop_records_one_op_a_round() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(1.5));
    let mut power = tape.scalar(1.0);
    let nodes = tape.stats().nodes;
    for _ in 0..5 {
        power *= x;
    }
    assert_eq!(tape.stats().nodes, nodes + 5);
    assert_eq!(
        power.backward().wrt(x).unwrap().item(),
        5.0 * 1.5_f64.powi(4)
    );
}

#[test]
#[allow(
    clippy::reversed_empty_ranges,
    reason = "a negative end counts from the end"
)]
fn variables_are_sliced_by_ranges_of_every_integer() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0, 4.0, 8.0]));
    let rows = 1usize..3;
    let parts: [Var<'_, f64>; 4] = [
        x.slice(0, &rows),
        x.slice(0, rows),
        x.slice(0, 1isize..3),
        x.slice(0, 1..-1),
    ];
    for part in parts {
        assert_eq!(part.value().to_vec(), [2.0, 4.0]);
    }
}

#[test]
fn what_flows_back_through_a_reversal_is_reversed() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    let y = x.flip(&[0]);
    let weights = Tensor::from([1.0, 10.0, 100.0]);
    assert_eq!(
        (y * &weights).sum().backward().wrt(x).unwrap().to_vec(),
        [100.0, 10.0, 1.0]
    );
    // Σ xₖ² x₍ₙ₋ₖ₎ at second order: the Hessian of a function that mixes both ends.
    let mut tape = Tape::<f64>::new();
    let hessian = tape.hessian(&Tensor::from([1.0, 2.0, 3.0]), |_, x| {
        (x * x * x.flip(&[])).sum()
    });
    let expected = [[6.0, 0.0, 8.0], [0.0, 12.0, 0.0], [8.0, 0.0, 2.0]];
    assert_eq!(hessian.to_rows(), expected);
}

#[test]
fn a_base_is_an_attribute_and_no_node() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([0.5, 3.0]));
    let nodes = tape.stats().nodes;
    let y = x.exp_base(2.0);
    assert_eq!(tape.stats().nodes, nodes + 1);
    let bar = y.sum().backward().wrt(x).unwrap();
    let expected = x.value().map(|x| 2.0_f64.ln() * 2.0_f64.powf(x));
    assert!(bar.allclose(&expected, 1e-15, 1e-15));
}

#[test]
fn names_that_also_belong_to_ord_and_iterator_are_these() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([-3.0, 0.5]));
    assert_eq!(x.max(0.0).value().to_vec(), [0.0, 0.5]);
    assert_eq!(x.min(x.tape().scalar(0.0)).value().to_vec(), [-3.0, 0.0]);
    assert_eq!(x.clamp(-1.0, 0.0).value().to_vec(), [-1.0, 0.0]);
    let x = x.value();
    assert_eq!(
        (x.max(0.0), x.min(Tensor::scalar(0.0))),
        (x.relu(), -(-&x).relu())
    );
    assert_eq!(x.clamp(-1.0, 0.0).to_vec(), [-1.0, 0.0]);
}
