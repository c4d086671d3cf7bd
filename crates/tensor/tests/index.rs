//! Elements by indices: against index arithmetic, and each with its transpose.
#![allow(clippy::unwrap_used)]

mod common;

use common::{at, indices, number, tensors};
use proptest::prelude::*;
use wengert_tensor::{Shape, Tensor, kernels};

fn numbers(shape: &[usize], seed: u64) -> Tensor<f64> {
    let mut place = 0;
    Tensor::from_fn(shape, |_| {
        place += 1;
        number(seed, place)
    })
}

fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    (a * b).sum().item()
}

proptest! {
    #[test]
    fn gather_and_scatter_add_are_transposes(x in tensors(), axis in any::<usize>(), count in 0usize..5, seed in any::<u64>()) {
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        let dim = x.shape()[axis];
        let count = if dim == 0 { 0 } else { count };
        let mut shape = x.shape().to_vec();
        shape[axis] = count;
        // Smaller than the tensor beside the axis, too.
        let other = (axis + 1) % shape.len();
        if other != axis && seed % 2 == 0 {
            shape[other] = shape[other].saturating_sub(1);
        }
        let index = numbers(&shape, seed).map(|x| ((x + 2.0) * 1e6) as i64 % (2 * dim as i64) - dim as i64);
        let y = x.gather(axis as isize, &index);
        for place in indices(&shape) {
            let mut from = place.clone();
            from[axis] = at(&index, &place).rem_euclid(dim as i64) as usize;
            prop_assert_eq!(at(&y, &place), at(&x, &from));
        }
        let y_bar = numbers(&shape, !seed);
        let mut x_bar = Tensor::zeros(x.shape());
        x_bar.scatter_add_assign(axis as isize, &index, &y_bar);
        let (a, b) = (dot(&y, &y_bar), dot(&x, &x_bar));
        prop_assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()));
    }

    #[test]
    fn index_select_and_index_add_are_transposes(x in tensors(), axis in any::<usize>(), picks in prop::collection::vec(any::<u32>(), 0..5)) {
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        let dim = x.shape()[axis] as i64;
        prop_assume!(dim > 0);
        let picks: Vec<i64> = picks.iter().map(|&pick| i64::from(pick) % (2 * dim) - dim).collect();
        let picked = Tensor::from(picks.clone());
        let y = x.index_select(axis as isize, &picked);
        for (number, &pick) in picks.iter().enumerate() {
            let row = x.select(axis as isize, pick as isize);
            prop_assert_eq!(y.select(axis as isize, number as isize), row);
        }
        let y_bar = numbers(y.shape(), 3);
        let mut x_bar = Tensor::zeros(x.shape());
        x_bar.index_add_assign(axis as isize, &picked, &y_bar);
        let (a, b) = (dot(&y, &y_bar), dot(&x, &x_bar));
        prop_assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()));
    }

    #[test]
    fn sort_is_ordered_stable_and_undone_by_its_indices(x in tensors(), axis in any::<usize>(), descending in any::<bool>()) {
        prop_assume!(x.rank() > 0);
        let axis = (axis % x.rank()) as isize;
        let x = x.round_ties_even();
        let (values, from) = x.sort(axis, descending);
        prop_assert_eq!(&x.gather(axis, &from), &values);
        let dim = x.shape()[axis as usize] as isize;
        for i in 1..dim {
            let (a, b) = (values.select(axis, i - 1), values.select(axis, i));
            let (p, q) = (from.select(axis, i - 1), from.select(axis, i));
            let ordered = if descending { a.ge(&b) } else { a.le(&b) };
            prop_assert!(ordered.all());
            prop_assert!((a.ne(&b) | p.lt(&q)).all());
        }
    }
}

#[test]
fn nan_sorts_as_the_greatest() {
    let x = Tensor::from([f64::NAN, 1.0, f64::INFINITY, -1.0]);
    assert_eq!(x.sort(0, false).1, Tensor::from([3, 1, 2, 0]));
    assert_eq!(x.sort(0, true).1, Tensor::from([0, 2, 1, 3]));
}

#[test]
fn one_hot_and_its_errors() {
    let x: Tensor<f64> = Tensor::from([[0], [1]]).one_hot(2);
    assert_eq!(x, Tensor::from([[[1.0, 0.0]], [[0.0, 1.0]]]));
    for index in [3, -1, i64::MIN, i64::MAX] {
        let mut out = [7.0_f32; 6];
        let indices = Tensor::from([0, index]);
        let error = kernels::one_hot(&indices.view(), 3, &mut out).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("one_hot: index {index} is out of range for axis 1 of [2, 3]")
        );
        assert_eq!(out, [7.0; 6], "nothing is written");
    }
}

#[test]
fn errors_name_the_index_and_change_nothing() {
    let x = Tensor::<f64>::zeros([3, 5]);
    let error = x.try_gather(1, &Tensor::from([[0, 7]])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "gather: index 7 is out of range for axis 1 of [3, 5]"
    );
    let error = x
        .try_index_select(0, &Tensor::from([i64::MIN]))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "index_select: index -9223372036854775808 is out of range for axis 0 of [3, 5]"
    );
    let mut out = vec![0.0; 3];
    let (index, src) = (Tensor::from([0, -4]), Tensor::from([1.0, 1.0]));
    let shape = [3].into();
    let error = kernels::scatter_add(&mut out, &shape, 0, &index.view(), &src.view()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scatter_add: index -4 is out of range for axis 0 of [3]"
    );
    let error = kernels::index_add(&mut out, &shape, 0, &index.view(), &src.view()).unwrap_err();
    assert_eq!(error.index, -4);
    assert_eq!(out, [0.0; 3]);
}

#[test]
fn indices_of_nothing() {
    let x = Tensor::<f64>::zeros([0, 2]);
    assert_eq!(
        x.index_select(0, &Tensor::from(Vec::new())).shape(),
        &[0, 2]
    );
    assert_eq!(x.index_select(1, &Tensor::from([1, 1, 0])).shape(), &[0, 3]);
    assert!(x.try_index_select(0, &Tensor::from([0])).is_err());
    let empty = Tensor::from_vec(Vec::<i64>::new(), [0, 2]).unwrap();
    assert_eq!(x.gather(0, &empty).shape(), &[0, 2]);
}

/// 2²⁵ ones added to one place, and many parts of a row, in `f32`: what an addition rounds away is not
/// lost. Infinity stays infinity.
#[test]
fn many_additions_to_one_place() {
    let many = 1_usize << 25;
    let (index, ones) = (Tensor::from(vec![1_i64; many]), Tensor::<f32>::ones([many]));
    let sums = Tensor::<f32>::zeros([3]).scatter_add(0, &index, &ones);
    assert_eq!(sums.to_vec(), [0.0, 33_554_432.0, 0.0]);

    let count = 1_000_000;
    let index = Tensor::from_fn([count], |at| (at[0] % 4) as i64);
    for axis in [0_isize, 1] {
        let shape = if axis == 0 { [count, 3] } else { [3, count] };
        let x = Tensor::<f32>::full(shape, 0.01);
        let mut table = vec![0.0_f32; 12];
        let whole = Shape::from(if axis == 0 { [4, 3] } else { [3, 4] });
        kernels::index_add(&mut table, &whole, axis as usize, &index.view(), &x.view()).unwrap();
        let exact = f64::from(0.01_f32) * count as f64 / 4.0;
        assert!(
            table
                .iter()
                .all(|&y| (f64::from(y) - exact).abs() <= 1e-7 * exact),
            "{table:?}"
        );
    }

    let index = Tensor::from(vec![0_i64; 40]);
    let mut x = vec![1.0_f32; 40];
    x[20] = f32::INFINITY;
    let sum = Tensor::<f32>::zeros([1]).scatter_add(0, &index, Tensor::from(x.clone()));
    assert_eq!(sum.to_vec(), [f32::INFINITY]);
    x[21] = f32::NEG_INFINITY;
    let sum = Tensor::<f32>::zeros([1]).scatter_add(0, &index, Tensor::from(x));
    assert!(sum.to_vec()[0].is_nan());
}
