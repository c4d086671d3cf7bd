//! Tensors: making, viewing, writing and printing them.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{apply, at, indices, number, refusal, step, tensors};
use proptest::prelude::*;
use wengert_tensor::{DataError, Layout, Shape, Tensor};

proptest! {
    #[test]
    fn reshape_keeps_row_major_order(x in tensors(), cut in any::<usize>()) {
        let elements: Vec<f64> = x.iter().collect();
        let size = x.size() as isize;
        let divisors: Vec<isize> = (1..=size).filter(|d| size % d == 0).collect();
        let dims = match divisors.get(cut % divisors.len().max(1)) {
            Some(&divisor) => vec![divisor, -1],
            None => vec![0, 3],
        };
        let y = x.reshape(&dims);
        prop_assert_eq!(y.iter().collect::<Vec<_>>(), elements.clone());
        prop_assert_eq!(x.flatten(0).to_vec(), elements);
        let back: Vec<isize> = x.shape().iter().map(|&dim| dim as isize).collect();
        prop_assert_eq!(y.reshape(&back), x);
    }

    #[test]
    fn permute_moves_indices(x in tensors(), rotate in 0usize..4) {
        let rank = x.rank();
        let axes: Vec<isize> = (0..rank).map(|axis| ((axis + rotate) % rank) as isize).collect();
        let y = x.permute(&axes);
        for index in indices(y.shape()) {
            let mut from = vec![0; rank];
            axes.iter().zip(&index).for_each(|(&axis, &at)| from[axis as usize] = at);
            prop_assert_eq!(at(&y, &index), at(&x, &from));
        }
    }

    #[test]
    fn slice_is_index_arithmetic(x in tensors(), axis in any::<usize>(), start in -8isize..8, stop in -8isize..8, step in 1isize..4, back in any::<bool>()) {
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        let dim = x.shape()[axis] as isize;
        let bound = |at: isize| if at < 0 { (at + dim).max(0) } else { at.min(dim) };
        let range = bound(start)..bound(stop);
        let kept: Vec<isize> = match back {
            true => range.rev().step_by(step as usize).collect(),
            false => range.step_by(step as usize).collect(),
        };
        let step = if back { -step } else { step };
        let y = x.slice_step(axis as isize, start..stop, step);
        prop_assert_eq!(y.shape()[axis], kept.len());
        for (number, &place) in kept.iter().enumerate() {
            let expected = x.select(axis as isize, place);
            prop_assert_eq!(y.select(axis as isize, number as isize), expected);
        }
    }

    #[test]
    fn views_share_and_writes_do_not(x in tensors(), steps in prop::collection::vec(step(), 0..3)) {
        let before = x.to_vec();
        let mut y = steps.iter().fold(x.clone(), apply);
        prop_assert!(Arc::ptr_eq(x.storage(), y.storage()));
        let expected: Vec<f64> = y.iter().map(|x| x + 1.0).collect();
        y.as_mut_slice().iter_mut().for_each(|x| *x += 1.0);
        prop_assert_eq!(y.to_vec(), expected);
        prop_assert_eq!(x.to_vec(), before);
    }

    #[test]
    fn split_and_cat_undo_each_other(x in tensors(), axis in any::<usize>(), cut in any::<usize>()) {
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        let dim = x.shape()[axis];
        let cut = cut % (dim + 1);
        let parts = x.split(axis as isize, &[cut, dim - cut]);
        prop_assert_eq!(Tensor::cat(&parts.iter().collect::<Vec<_>>(), axis as isize), x.clone());
        let stacked = Tensor::stack(&[&x, &x], axis as isize);
        prop_assert_eq!(stacked.select(axis as isize, 1), x);
    }

    #[test]
    fn arithmetic_broadcasts(x in tensors(), bits in any::<u8>(), lead in 0usize..3, swap in any::<bool>()) {
        // The other operand lacks some of the outer axes and has size 1 along some of the rest.
        let lead = lead.min(x.rank());
        let dims: Shape = (lead..x.rank())
            .map(|axis| if bits >> axis & 1 == 1 { 1 } else { x.shape()[axis] })
            .collect();
        let mut place = 0;
        let y = Tensor::from_fn(dims, |_| { place += 1; number(8, place) });
        let (x, y) = if swap { (y, x) } else { (x, y) };
        let shape = Shape::broadcast("add", x.shape(), y.shape()).expect("made to broadcast");
        let (a, b) = (x.expand(&shape), y.expand(&shape));
        let pairs = || a.iter().zip(b.iter());
        prop_assert_eq!((&x + &y).to_vec(), pairs().map(|(a, b)| a + b).collect::<Vec<_>>());
        prop_assert_eq!((&x / &y).to_vec(), pairs().map(|(a, b)| a / b).collect::<Vec<_>>());
        prop_assert_eq!((x.contiguous() - &y).to_vec(), pairs().map(|(a, b)| a - b).collect::<Vec<_>>());
        prop_assert_eq!(x.max(&y).to_vec(), pairs().map(|(a, b)| a.max(b)).collect::<Vec<_>>());
        prop_assert_eq!(x.lt(&y).to_vec(), pairs().map(|(a, b)| a < b).collect::<Vec<_>>());
        prop_assert_eq!(x.where_(&x.lt(&y), &y), x.min(&y));
        if &shape == x.shape() {
            let mut z = x.clone();
            z *= &y;
            prop_assert_eq!(z, &x * &y);
        }
        prop_assert_eq!((2.0 - &x).to_vec(), x.iter().map(|x| 2.0 - x).collect::<Vec<_>>());
        prop_assert_eq!(-(x.clone() * 2.0), &x * -2.0);
    }

    #[test]
    fn reshape_rule_never_panics(dims in prop::collection::vec(prop_oneof![-2isize..5, any::<isize>()], 0..5), size in prop::collection::vec(0usize..4, 0..4)) {
        let shape = Shape::from(size);
        if let Ok(reshaped) = shape.reshape(&dims) {
            prop_assert_eq!(reshaped.size(), shape.size());
        }
    }
}

#[test]
fn a_unique_tensor_is_written_in_place() {
    let mut x = Tensor::from([1.0, 2.0]);
    let place = x.storage().as_ptr();
    assert!(x.is_unique());
    x.as_mut_slice()[1] = 3.0;
    x += 1.0;
    x *= &Tensor::scalar(2.0);
    let x = -(x + &Tensor::from([1.0, 1.0]));
    assert_eq!(x.storage().as_ptr(), place);
    assert_eq!(x, Tensor::from([-5.0, -9.0]));
    let other = x.clone();
    assert!(!x.is_unique());
    let y = x * 2.0;
    assert_ne!(y.storage().as_ptr(), place);
    assert_eq!(other, Tensor::from([-5.0, -9.0]));
    let data = other.into_vec();
    assert_eq!(data.as_ptr(), place);
}

#[test]
fn a_part_of_unique_storage_is_written_in_place() {
    let whole = Tensor::from([[1, 2], [3, 4]]);
    let mut row = whole.select(0, 1);
    drop(whole);
    let place = row.storage().as_ptr();
    row.as_mut_slice()[0] = 9;
    assert_eq!(row.storage().as_ptr(), place);
    assert_eq!(row.into_vec(), [9, 4]);
}

#[test]
fn an_operand_beside_itself() {
    let mut x = Tensor::from([1.0, 2.0]);
    let y = x.clone();
    x += &y;
    x += &x.clone();
    assert_eq!(x, Tensor::from([4.0, 8.0]));
    assert_eq!(y, Tensor::from([1.0, 2.0]));
}

#[test]
fn data_from_outside_is_checked_before_anything_is_made() {
    let huge = Tensor::from_vec(vec![1.0_f32], [1 << 40, 1 << 40]).unwrap_err();
    assert_eq!(
        huge,
        DataError::TooLarge {
            dims: vec![1 << 40, 1 << 40]
        }
    );
    assert!(Tensor::from_vec(Vec::<f32>::new(), [usize::MAX, 2, 0]).is_err());
    assert!(Tensor::from_vec(Vec::<f32>::new(), [0, usize::MAX, 2]).is_err());
    assert!(Tensor::from_vec(vec![0.0_f32; 4], [1 << 40]).is_err());
    assert_eq!(
        Tensor::from_vec(Vec::<f32>::new(), [0, 3]).unwrap().shape(),
        &[0, 3]
    );
    assert_eq!(Tensor::<i64>::from_rows(vec![]).unwrap().shape(), &[0, 0]);
}

#[test]
fn casts() {
    let x = Tensor::from([f64::NAN, -0.5, 1e300, f64::NEG_INFINITY]);
    assert_eq!(x.cast::<i64>(), Tensor::from([0, 0, i64::MAX, i64::MIN]));
    assert_eq!(x.cast::<bool>(), Tensor::from([true; 4]));
    assert_eq!(
        x.cast::<f32>().to_vec()[1..],
        [-0.5, f32::INFINITY, f32::NEG_INFINITY]
    );
    assert_eq!(
        Tensor::from([16_777_217_i64]).cast::<f32>(),
        Tensor::from([16_777_216.0])
    );
    assert_eq!(
        Tensor::from([true, false]).cast::<i64>(),
        Tensor::from([1, 0])
    );
    assert!(Arc::ptr_eq(x.cast::<f64>().storage(), x.storage()));
}

#[test]
fn making() {
    assert_eq!(Tensor::<i64>::eye(2), Tensor::from([[1, 0], [0, 1]]));
    assert_eq!(Tensor::<f32>::eye(0).shape(), &[0, 0]);
    assert_eq!(Tensor::<bool>::ones([2]), Tensor::from([true, true]));
    assert_eq!(Tensor::<f64>::linspace(2.0, 5.0, 1), Tensor::from([2.0]));
    assert_eq!(Tensor::<f64>::linspace(2.0, 5.0, 0).shape(), &[0]);
    assert_eq!(Tensor::<f64>::linspace(0.0, 0.3, 4)[[3]], 0.3);
    assert_eq!(Tensor::<f64>::range(0.0, 1.0, 0.3).size(), 4);
    assert_eq!(Tensor::<f64>::range(0.0, 1.0, -0.3).size(), 0);
    assert_eq!(Tensor::from([[[1, 2]], [[3, 4]]]).shape(), &[2, 1, 2]);
    assert_eq!(Tensor::scalar(3.0).shape(), &Shape::scalar());
    assert_eq!(Tensor::from_fn([0, 2], |_| 1.0).shape(), &[0, 2]);
}

#[test]
fn reading() {
    let x = Tensor::from([[1, 2, 3], [4, 5, 6]]).t();
    assert_eq!((x[[2, 0]], x[[0, 1]]), (3, 4));
    assert_eq!(
        (
            x.get(&[-1, -1]),
            x.get(&[3, 0]),
            x.get(&[0]),
            x.get(&[isize::MIN, 0])
        ),
        (Some(6), None, None, None)
    );
    assert_eq!(x.as_slice(), None);
    assert_eq!(x.to_rows(), [[1, 4], [2, 5], [3, 6]]);
    assert_eq!(x.slice(0, 1..2).as_slice(), None);
    assert_eq!(x.t().slice(0, 1..).as_slice(), Some(&[4, 5, 6][..]));
    assert_eq!(Tensor::from([[7]]).item(), 7);
}

#[test]
fn closeness() {
    let x = Tensor::from([1.0, f64::NAN]);
    assert!(x.max_abs_diff(&x).is_nan());
    assert!(!x.allclose(&x, 1.0, 1.0));
    assert!(!Tensor::from([1.0]).allclose(&Tensor::from([[1.0]]), 1.0, 1.0));
    assert!(!Tensor::scalar(f64::INFINITY).allclose(&Tensor::scalar(1.0), 1.0, 1.0));
    assert_eq!(
        Tensor::from([1.0, 5.0]).max_abs_diff(&Tensor::from([2.0, 3.0])),
        2.0
    );
    assert_ne!(Tensor::from([1.0]), Tensor::from([[1.0]]));
}

#[test]
fn nan_in_elementwise_functions() {
    let nan = Tensor::from([f64::NAN, 1.0]);
    let one = Tensor::from([1.0, f64::NAN]);
    assert!(nan.max(&one).is_nan().all() && nan.min(&one).is_nan().all());
    assert!(
        nan.relu()[[0]].is_nan() && nan.clamp(0.0, 1.0)[[0]].is_nan() && nan.sign()[[0]].is_nan()
    );
    assert_eq!(
        Tensor::from([-2.0, 0.0, 3.0]).sign(),
        Tensor::from([-1.0, 0.0, 1.0])
    );
    assert_eq!(
        Tensor::from([-2.0, 0.5]).clamp(-1.0, 0.0),
        Tensor::from([-1.0, 0.0])
    );
    assert!(!nan.eq(&nan)[[0]] && nan.ne(&nan)[[0]]);
}

#[test]
fn printing() {
    assert_eq!(Tensor::scalar(2.5).to_string(), "2.5");
    assert_eq!(Tensor::from([1.0, -20.0]).to_string(), "[  1.0, -20.0]");
    assert_eq!(
        Tensor::from([1.0 / 3.0, f64::NAN]).to_string(),
        "[0.3333,    NaN]"
    );
    assert_eq!(
        Tensor::from([1e-9, 1.0]).to_string(),
        "[1.0000e-9,  1.0000e0]"
    );
    assert_eq!(format!("{:.2}", Tensor::from([1e-9, 1.0])), "[0.00, 1.00]");
    assert_eq!(
        Tensor::from([[true], [false]]).to_string(),
        "[[ true],\n [false]]"
    );
    assert_eq!(format!("{:.1}", Tensor::from([true])), "[true]");
    let cube = Tensor::<i64>::arange(8).reshape(&[2, 2, 2]);
    assert_eq!(
        cube.to_string(),
        "[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]"
    );
    assert_eq!(
        Tensor::<f32>::zeros([2, 0]).to_string(),
        "[] of shape [2, 0]"
    );
    assert_eq!(
        Tensor::<i64>::arange(1001).to_string(),
        "[   0,    1,    2, ...,  998,  999, 1000]"
    );
    let wide = Tensor::<i64>::arange(2000).reshape(&[-1, 2]).to_string();
    assert_eq!(wide.lines().nth(3), Some(" ...,"));
    assert_eq!(
        format!("{:?}", Tensor::<i64>::arange(9)),
        "Tensor<i64> [9] [0, 1, 2, 3, 4, 5, 6, 7, ...]"
    );
}

#[test]
fn messages() {
    let message = |f: &dyn Fn(&Tensor)| refusal(|| f(&Tensor::zeros([2, 3])));
    let cases: [(&dyn Fn(&Tensor), &str); 20] = [
        (
            &|x| drop(x + &Tensor::zeros([4])),
            "add: shapes do not broadcast: [2, 3] and [4]",
        ),
        (
            &|x| drop(x.reshape(&[4, -1])),
            "reshape: [2, 3] does not fill [4, -1]",
        ),
        (
            &|x| drop(x.reshape(&[7])),
            "reshape: [2, 3] does not fill [7]",
        ),
        (
            &|x| drop(x.reshape(&[-1, -1])),
            "reshape: [-1, -1] leaves more than one dimension open",
        ),
        (
            &|x| drop(x.reshape(&[-2, 3])),
            "reshape: [-2, 3] has a negative dimension",
        ),
        (
            &|x| drop(x.reshape(&[0, -1])),
            "reshape: [0, -1] leaves a dimension open beside one of size 0",
        ),
        (
            &|x| drop(x.permute(&[0, 0])),
            "permute: [0, 0] is no permutation of the axes of [2, 3]",
        ),
        (
            &|x| drop(x.transpose(0, 2)),
            "transpose: axis 2 is out of range for the shape [2, 3]",
        ),
        (&|x| drop(x.slice_step(0, .., 0)), "slice: the step is 0"),
        (
            &|x| drop(x.select(1, 3)),
            "select: index 3 is out of range for axis 1 of [2, 3]",
        ),
        (
            &|x| drop(x.expand([3])),
            "expand: [2, 3] does not stretch to [3]",
        ),
        (
            &|x| drop(x.expand([1 << 62, 2, 3])),
            "expand: the shape [4611686018427387904, 2, 3] has more elements than memory can hold",
        ),
        (
            &|x| drop(x.squeeze(0)),
            "squeeze: axis 0 of [2, 3] does not have size 1",
        ),
        (
            &|x| drop(x.unsqueeze(3)),
            "unsqueeze: axis 3 is out of range for a new axis in [2, 3]",
        ),
        (
            &|x| assert_eq!(x.item(), 0.0),
            "item: [2, 3] has 6 elements, not one",
        ),
        (
            &|x| assert_eq!(x[[2, 0]], 0.0),
            "index: [2, 0] is out of range for the shape [2, 3]",
        ),
        (
            &|x| drop(Tensor::cat(&[x, &Tensor::zeros([2, 2])], 0)),
            "cat: [2, 3] and [2, 2] differ beside axis 0",
        ),
        (
            &|x| drop(Tensor::stack(&[x, &Tensor::zeros([2, 2])], 0)),
            "stack: the shapes differ: [2, 3] and [2, 2]",
        ),
        (
            &|x| drop(x.split(1, &[1, 1])),
            "split: [1, 1] do not add up to axis 1 of [2, 3]",
        ),
        (
            &|x| {
                let mut y = x.select(0, 0);
                y += x;
            },
            "add: the target of shape [3] does not stretch to [2, 3]",
        ),
    ];
    for (f, expected) in cases {
        assert_eq!(message(f), expected);
    }
}

#[test]
fn storage_with_a_layout_of_ones_own() {
    let data = Arc::new(vec![1, 2, 3, 4]);
    let x = Tensor::from_storage(
        Arc::clone(&data),
        Layout::contiguous_at(Shape::from([2]), 2),
    );
    assert_eq!(x, Tensor::from([3, 4]));
    refusal(|| Tensor::from_storage(data, Layout::contiguous(Shape::from([5]))));
}

#[test]
fn ranges_of_every_integer_name_the_same_part() {
    let x = Tensor::<i64>::arange(6);
    let (start, stop) = (1usize, 4usize);
    let expected = Tensor::from([1, 2, 3]);
    assert_eq!(x.slice(0, start..stop), expected);
    assert_eq!(x.slice(0, start as isize..stop as isize), expected);
    assert_eq!(x.slice(0, start as i32..stop as i32), expected);
    assert_eq!(x.slice(0, 1..4), expected);
    assert_eq!(x.slice(0, 1..=3), expected);
    assert_eq!(x.slice(0, -5..-2), expected);
    assert_eq!(x.slice(0, &(start..stop)), expected);
    assert_eq!(x.slice(0, ..stop).slice(0, start..), expected);
    for whole in [
        x.slice(0, ..),
        x.slice(0, ..=-1),
        x.slice(0, ..=isize::MAX),
        x.slice(0, isize::MIN..isize::MAX),
        x.slice(0, ..usize::MAX),
        x.slice(0, 0..=usize::MAX),
        x.slice(0, i32::MIN..=i32::MAX),
        x.slice(0, ..).slice_step(0, .., -1).flip(&[0]),
    ] {
        assert_eq!(whole, x);
    }
    for nothing in [
        x.slice(0, usize::MAX..),
        x.slice(0, std::ops::Range { start: 4, end: 2 }),
        x.slice(0, ..=isize::MIN),
    ] {
        assert_eq!(nothing.size(), 0);
    }
    for (step, expected) in [(isize::MAX, 0), (isize::MIN, 5), (7, 0), (-7, 5)] {
        assert_eq!(x.slice_step(0, .., step), Tensor::from([expected]));
    }
}
