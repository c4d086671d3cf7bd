//! Reductions against plain loops, on every layout, and their accuracy.
#![allow(clippy::unwrap_used)]

mod common;

use common::{at, indices, number, refusal, subset, tensors};
use proptest::prelude::*;
use wengert_tensor::{Shape, Tensor, kernels};

/// The elements that each element of a reduction takes in, by plain index arithmetic.
fn groups(x: &Tensor<f64>, axes: &[usize]) -> Vec<Vec<f64>> {
    let kept: Vec<usize> = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
    let outer: Vec<usize> = kept.iter().map(|&axis| x.shape()[axis]).collect();
    let inner: Vec<usize> = axes.iter().map(|&axis| x.shape()[axis]).collect();
    let group = |outer: Vec<usize>| {
        let element = |inner: Vec<usize>| {
            let mut index = vec![0; x.rank()];
            kept.iter()
                .zip(&outer)
                .for_each(|(&axis, &at)| index[axis] = at);
            axes.iter()
                .zip(&inner)
                .for_each(|(&axis, &at)| index[axis] = at);
            at(x, &index)
        };
        indices(&inner).into_iter().map(element).collect()
    };
    indices(&outer).into_iter().map(group).collect()
}

fn signed(axes: &[usize]) -> Vec<isize> {
    axes.iter().map(|&axis| axis as isize).collect()
}

#[track_caller]
fn close(found: &Tensor<f64>, expected: Vec<f64>) {
    assert_eq!(found.size(), expected.len());
    for (a, b) in found.iter().zip(&expected) {
        assert!(
            a == *b || (a - b).abs() <= 1e-13 * (1.0 + b.abs()) || a.is_nan() && b.is_nan(),
            "{a} {b}"
        );
    }
}

proptest! {
    #[test]
    fn agrees_with_plain_loops(x in tensors(), bits in any::<u8>()) {
        let axes = subset(x.rank(), bits);
        let groups = groups(&x, &axes);
        let each = |f: &dyn Fn(&[f64]) -> f64| groups.iter().map(|group| f(group)).collect::<Vec<f64>>();
        let names = signed(&axes);
        let mean = |g: &[f64]| g.iter().sum::<f64>() / g.len() as f64;
        close(&x.sum_axes(&names, false), each(&|g| g.iter().sum()));
        close(&x.mean_axes(&names, false), each(&mean));
        close(&x.norm(&names, false), each(&|g| g.iter().map(|x| x * x).sum::<f64>().sqrt()));
        let squares = |g: &[f64]| g.iter().map(|x| (x - mean(g)).powi(2)).sum::<f64>();
        close(&x.var(&names, 0, false), each(&|g| squares(g) / g.len() as f64));
        close(&x.logsumexp(&names, false), each(&|g| g.iter().map(|x| x.exp()).sum::<f64>().ln()));
        if axes.iter().all(|&axis| x.shape()[axis] > 0) {
            close(&x.amax(&names, false), each(&|g| g.iter().copied().fold(f64::NEG_INFINITY, f64::max)));
            close(&x.amin(&names, false), each(&|g| g.iter().copied().fold(f64::INFINITY, f64::min)));
        }
        let kept = x.sum_axes(&names, true);
        prop_assert_eq!(kept.shape(), &x.shape().reduced(&axes, true));
        prop_assert_eq!(kept.flatten(0), x.sum_axes(&names, false).flatten(0));
    }

    #[test]
    fn f32_sums_are_those_of_f64_rounded_once(x in tensors(), bits in any::<u8>()) {
        let x = x.cast::<f32>();
        let names = signed(&subset(x.rank(), bits));
        let exact = x.cast::<f64>().sum_axes(&names, false);
        prop_assert!(x.sum_axes(&names, false).cast::<f64>().allclose(&exact, 6e-8, 1e-30));
    }

    #[test]
    fn positions_are_the_first(x in tensors(), axis in any::<usize>(), coarse in any::<bool>()) {
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        prop_assume!(x.shape()[axis] > 0);
        // Ties are likely among whole numbers.
        let x = if coarse { x.round_ties_even() } else { x };
        let groups = groups(&x, &[axis]);
        let first = |pick: f64, g: &[f64]| g.iter().position(|x| *x == pick).unwrap_or(0) as i64;
        let greatest: Vec<i64> =
            groups.iter().map(|g| first(g.iter().copied().fold(f64::NEG_INFINITY, f64::max), g)).collect();
        let least: Vec<i64> =
            groups.iter().map(|g| first(g.iter().copied().fold(f64::INFINITY, f64::min), g)).collect();
        prop_assert_eq!(x.argmax(axis as isize).to_vec(), greatest);
        prop_assert_eq!(x.argmin(axis as isize).to_vec(), least);
    }

    #[test]
    fn adding_adds(x in tensors(), bits in any::<u8>()) {
        let axes = subset(x.rank(), bits);
        let mut out = vec![0.5; x.shape().reduced(&axes, false).size()];
        kernels::sum(&x.view(), &axes, &mut out, true);
        let expected = x.sum_axes(&signed(&axes), false) + 0.5;
        prop_assert!(Tensor::from(out).allclose(&expected.flatten(0), 1e-14, 1e-14));
    }

    #[test]
    fn sum_to_is_the_transpose_of_expand(x in tensors(), bits in any::<u8>(), lead in 0usize..3) {
        let lead = lead.min(x.rank());
        let shape: Shape = (lead..x.rank())
            .map(|axis| if bits >> axis & 1 == 1 { 1 } else { x.shape()[axis] })
            .collect();
        let mut place = 0;
        let y = Tensor::from_fn(shape.clone(), |_| { place += 1; number(5, place) });
        // ⟨expand(y), x⟩ = ⟨y, sum_to(x)⟩
        let a = (y.expand(x.shape()) * &x).sum().item();
        let b = (&y * &x.sum_to(shape)).sum().item();
        prop_assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{} {}", a, b);
    }
}

/// The error of a sum in roundings of the exact one, for a matrix of a million elements summed in
/// four ways.
#[test]
fn a_million_f32_sum_to_one_rounding() {
    let data: Vec<f32> = (0..1_000_000)
        .map(|i| (number(3, i) + 2.0) as f32)
        .collect();
    let x = Tensor::from(data).reshape(&[1000, 1000]);
    let check = |sum: &Tensor, rows: Vec<Vec<f32>>| {
        for (found, row) in sum.iter().zip(rows) {
            // Multiples of 2⁻²⁴·2⁻²² below 4: the sum in i128 is exact.
            let exact: i128 = row
                .iter()
                .map(|&x| (f64::from(x) * 2f64.powi(60)) as i128)
                .sum();
            let exact = exact as f64 / 2f64.powi(60);
            let error = (f64::from(found) - exact).abs() / exact;
            assert!(error <= f64::from(f32::EPSILON) / 2.0 * 1.0001, "{error}");
        }
    };
    check(&x.sum(), vec![x.to_vec()]);
    check(&x.sum_axes(&[1], false), x.to_rows());
    check(&x.sum_axes(&[0], false), x.t().to_rows());
    check(&x.t().sum(), vec![x.to_vec()]);
}

#[test]
fn a_million_f64_sum_to_few_roundings() {
    let data: Vec<f64> = (0..1_000_000).map(|i| number(4, i) + 2.0).collect();
    let exact: i128 = data.iter().map(|&x| (x * 2f64.powi(60)) as i128).sum();
    let exact = exact as f64 / 2f64.powi(60);
    let x = Tensor::from(data);
    let columns = x.reshape(&[-1, 10]).t().contiguous().reshape(&[10, -1]).t();
    for sum in [
        x.sum().item(),
        x.reshape(&[-1, 2]).sum_axes(&[0], false).sum().item(),
        columns.sum_axes(&[0, 1], false).item(),
    ] {
        let error = (sum - exact).abs() / exact;
        assert!(error <= 4.0 * f64::EPSILON, "{error}");
    }
}

#[test]
fn long_and_short_rows_and_columns() {
    for (rows, columns) in [
        (1, 1),
        (1, 5000),
        (5000, 1),
        (3, 7),
        (129, 67),
        (65, 1030),
        (2100, 33),
    ] {
        let x = Tensor::from_fn([rows, columns], |i| {
            (i[0] * 31 % 17 + i[1] * 7 % 13) as f64 - 9.0
        });
        let by_rows: Vec<f64> = x.to_rows().iter().map(|row| row.iter().sum()).collect();
        let by_columns: Vec<f64> = x.t().to_rows().iter().map(|row| row.iter().sum()).collect();
        assert_eq!(x.sum_axes(&[1], false), Tensor::from(by_rows.clone()));
        assert_eq!(x.t().sum_axes(&[0], false), Tensor::from(by_rows.clone()));
        assert_eq!(x.sum_axes(&[0], false), Tensor::from(by_columns.clone()));
        assert_eq!(x.t().sum_axes(&[1], false), Tensor::from(by_columns));
        assert_eq!(x.sum().item(), by_rows.iter().sum());
        let greatest: Vec<f64> = x
            .to_rows()
            .iter()
            .map(|row| row.iter().copied().fold(-99.0, f64::max))
            .collect();
        assert_eq!(x.amax(&[1], false), Tensor::from(greatest));
    }
}

#[test]
fn every_path_gives_the_same_sums() {
    let x = Tensor::from_fn([37, 83], |i| number(9, 100 * i[0] + i[1]) as f32);
    let best = kernels::path();
    let mut results = Vec::new();
    for path in kernels::paths() {
        kernels::force_path(path);
        results.push((
            x.sum(),
            x.sum_axes(&[0], false),
            x.sum_axes(&[1], false),
            x.var(&[1], 1, false),
            x.norm(&[0], false),
        ));
    }
    kernels::force_path(best);
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn extremes_hand_nan_on_and_positions_find_it() {
    let x = Tensor::from([[1.0, f64::NAN, 2.0], [3.0, 3.0, -1.0]]);
    assert!(x.amax(&[1], false)[[0]].is_nan() && x.amin(&[1], false)[[0]].is_nan());
    assert!(x.amax(&[0], false)[[1]].is_nan() && x.amax(&[], false).item().is_nan());
    assert_eq!(
        (x.amax(&[1], false)[[1]], x.amin(&[1], false)[[1]]),
        (3.0, -1.0)
    );
    assert_eq!(x.argmax(1), Tensor::from([1, 0]));
    assert_eq!(x.argmin(1), Tensor::from([1, 2]));
    let long = Tensor::from_fn([100], |i| if i[0] == 57 { f32::NAN } else { i[0] as f32 });
    assert!(long.amax(&[], false).item().is_nan() && long.amin(&[], false).item().is_nan());
}

#[test]
fn logsumexp_at_the_edges() {
    let inf = f64::INFINITY;
    let lse = |x: [f64; 2]| Tensor::from(x).logsumexp(&[], false).item();
    assert_eq!(lse([-inf, -inf]), -inf);
    assert_eq!(lse([-inf, 3.0]), 3.0);
    assert_eq!(lse([inf, 3.0]), inf);
    assert_eq!(lse([inf, -inf]), inf);
    assert!(lse([f64::NAN, inf]).is_nan());
    assert_eq!(lse([-1e300, -1e300]), -1e300);
    assert_eq!(Tensor::<f64>::zeros([0]).logsumexp(&[], false).item(), -inf);
}

#[test]
fn reductions_of_nothing() {
    let x = Tensor::<f32>::zeros([2, 0]);
    assert_eq!(x.sum_axes(&[1], false), Tensor::from([0.0, 0.0]));
    assert_eq!(x.sum_axes(&[0], false).shape(), &[0]);
    assert!(x.mean_axes(&[1], false)[[0]].is_nan() && x.var(&[1], 0, false)[[0]].is_nan());
    assert_eq!(x.amax(&[0], false).shape(), &[0]);
}

#[test]
fn var_of_shifted_numbers_and_of_one() {
    let x = Tensor::from([1e8_f32, 1e8 + 8.0, 1e8 + 16.0]);
    assert_eq!(x.var(&[], 1, false).item(), 64.0);
    assert!(Tensor::from([3.0_f32]).var(&[], 1, false).item().is_nan());
    assert_eq!(Tensor::from([3.0]).var(&[], 0, false).item(), 0.0);
    assert!(
        Tensor::from([3.0, f64::NAN])
            .std(&[], 0, false)
            .item()
            .is_nan()
    );
}

#[test]
fn messages() {
    let message = |f: fn(&Tensor)| refusal(|| f(&Tensor::zeros([2, 0])));
    assert_eq!(
        message(|x| drop(x.amax(&[1], false))),
        "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]"
    );
    assert_eq!(
        message(|x| drop(x.argmin(1))),
        "argmin: cannot reduce an axis of size 0: axis 1 of [2, 0]"
    );
    assert_eq!(
        message(|x| drop(x.sum_axes(&[2], false))),
        "sum: axis 2 is out of range for the shape [2, 0]"
    );
    assert_eq!(
        message(|x| drop(x.sum_axes(&[1, -1], false))),
        "sum: axis -1 is named twice for the shape [2, 0]"
    );
    assert_eq!(
        message(|x| drop(x.sum_to([3]))),
        "sum_to: [3] does not stretch to [2, 0]"
    );
}

/// Lines of two numbers along an axis that is innermost and one that is not, and all at once.
fn in_lines<T: wengert_tensor::Float>(
    pair: [f64; 2],
    f: impl Fn(&Tensor<T>, isize) -> Tensor<T>,
) -> Vec<f64> {
    let pair = pair.map(T::from_f64);
    let rows = Tensor::from_fn([3, 2], |at| pair[at[1]]);
    let wide = Tensor::from_fn([2, 37], |at| pair[at[0]]);
    [
        f(&rows, 1),
        f(&rows.t().contiguous(), 0),
        f(&rows.t(), 0),
        f(&wide, 0),
    ]
    .iter()
    .flat_map(|y| y.to_vec())
    .map(T::to_f64)
    .collect()
}

#[track_caller]
fn all_near(found: &[f64], expected: f64, relative: f64) {
    let near = |y: f64| y == expected || (y - expected).abs() <= relative * expected.abs();
    assert!(
        found.iter().all(|&y| near(y)),
        "{found:?} instead of {expected:e}"
    );
}

/// Squares and sums that leave the range of `f64`, where the result does not.
#[test]
fn results_beside_sums_that_overflow() {
    let f64s = |pair, f: fn(&Tensor<f64>, isize) -> Tensor<f64>| in_lines(pair, f);
    let norm: fn(&Tensor<f64>, isize) -> Tensor<f64> = |x, axis| x.norm(&[axis], false);
    for (pair, expected) in [
        ([3e200, 4e200], 5e200),
        ([3e-200, -4e-200], 5e-200),
        ([3e-320, 4e-320], 5e-320),
        ([-9e307, 12e307], 15e307),
        ([1e154, 1.0], 1e154),
        ([1e-170, 1e-150], 1e-150),
        ([0.0, 0.0], 0.0),
        ([f64::INFINITY, 1.0], f64::INFINITY),
    ] {
        all_near(
            &f64s(pair, norm),
            expected,
            1e-3_f64.min(if expected < 1e-300 { 1e-3 } else { 1e-15 }),
        );
    }
    assert!(f64s([f64::NAN, 1e300], norm).iter().all(|y| y.is_nan()));
    let mean: fn(&Tensor<f64>, isize) -> Tensor<f64> = |x, axis| x.mean_axes(&[axis], false);
    all_near(&f64s([1e308, 1e308], mean), 1e308, 1e-15);
    all_near(&f64s([-1e308, -1.5e308], mean), -1.25e308, 1e-15);
    all_near(&f64s([f64::INFINITY, 1.0], mean), f64::INFINITY, 0.0);
    let sum = Tensor::from([1e308, 1e308, -1.5e308]).sum().item();
    all_near(&[sum], 0.5e308, 1e-15);
    let std: fn(&Tensor<f64>, isize) -> Tensor<f64> = |x, axis| x.std(&[axis], 0, false);
    all_near(&f64s([1e200, -1e200], std), 1e200, 1e-15);
    all_near(&f64s([1e-200, -1e-200], std), 1e-200, 1e-15);
    all_near(&f64s([1e308, 1.5e308], std), 0.25e308, 1e-14);
    all_near(&f64s([7e200, 7e200], std), 0.0, 0.0);
    let unbiased: fn(&Tensor<f64>, isize) -> Tensor<f64> = |x, axis| x.std(&[axis], 1, false);
    all_near(
        &f64s([1e200, -1e200], unbiased),
        1.414_213_562_373_095e200,
        1e-15,
    );
    let var: fn(&Tensor<f64>, isize) -> Tensor<f64> = |x, axis| x.var(&[axis], 0, false);
    all_near(&f64s([1.2e154, -1.2e154], var), 1.44e308, 1e-14);
    // In f32 the sums have room, and what is left rounds once.
    let norm: fn(&Tensor<f32>, isize) -> Tensor<f32> = |x, axis| x.norm(&[axis], false);
    all_near(&in_lines([1.2e38, 1.6e38], norm), 2e38, 1e-7);
    all_near(&in_lines([3e-42, 4e-42], norm), 5e-42, 1e-3);
}

/// ln Σ eˣ where all but one term nearly vanish, or only the shift is seen.
#[test]
fn logarithms_of_sums_near_one() {
    let f64s = |x: &[f64]| Tensor::from(x.to_vec()).logsumexp(&[], false).item();
    all_near(&[f64s(&[0.0, -40.0])], 4.248_354_255_291_589e-18, 1e-15);
    all_near(&[f64s(&[-700.0, 0.0])], 9.859_676_543_759_77e-305, 1e-13);
    all_near(&[f64s(&[0.0, 0.0, -40.0])], 2.0_f64.ln(), 1e-15);
    let f32s = |x: &[f32]| f64::from(Tensor::from(x.to_vec()).logsumexp(&[], false).item());
    all_near(&[f32s(&[0.0, -20.0])], 2.061_153_620e-9, 1e-6);
    all_near(&[f32s(&[0.0, -80.0])], 1.804_851_387e-35, 1e-6);
    all_near(&[f32s(&[1e4, 1e4])], 1e4 + 2.0_f64.ln(), 1e-7);
}
