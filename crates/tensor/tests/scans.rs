//! Running results, quantiles, masks and segments against plain loops, and where they are hard.
#![allow(clippy::unwrap_used)]

mod common;

use common::{at, tensors};
use proptest::prelude::*;
use wengert_tensor::{Float, Tensor};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Each line along an axis, made another line by `f`.
fn lines(x: &Tensor<f64>, axis: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Tensor<f64> {
    Tensor::from_fn(x.shape(), |place| {
        let element = |k| {
            let mut place = place.to_vec();
            place[axis] = k;
            at(x, &place)
        };
        let line: Vec<f64> = (0..x.shape()[axis]).map(element).collect();
        f(&line)[place[axis]]
    })
}

#[track_caller]
fn same(found: &[f64], expected: &[f64], tolerance: f64) {
    let near = |a: f64, b: f64| {
        a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * (1e-300 + b.abs())
    };
    let all =
        found.len() == expected.len() && found.iter().zip(expected).all(|(&a, &b)| near(a, b));
    assert!(all, "{found:?} instead of {expected:?}");
}

proptest! {
    #[test]
    fn running_results_agree_with_plain_loops(x in tensors(), axis in any::<usize>()) {
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        let so_far = |f: &dyn Fn(&[f64]) -> f64| {
            lines(&x, axis, |line| (1..=line.len()).map(|k| f(&line[..k])).collect())
        };
        let named = axis as isize;
        let close = |a: Tensor<f64>, b: Tensor<f64>| a.allclose(&b, 1e-13, 1e-13);
        prop_assert!(close(x.cumsum(named), so_far(&|line| line.iter().sum())));
        prop_assert!(close(x.cumprod(named), so_far(&|line| line.iter().product())));
        let log = so_far(&|line| line.iter().map(|x| x.exp()).sum::<f64>().ln());
        prop_assert!(close(x.logcumsumexp(named), log));
        let greatest = so_far(&|line| line.iter().copied().fold(-INF, f64::max));
        let least = so_far(&|line| line.iter().copied().fold(INF, f64::min));
        let (values, places) = x.cummax(named);
        prop_assert_eq!(&values, &greatest);
        prop_assert_eq!(x.gather(named, &places), values);
        prop_assert_eq!(x.cummin(named).0, least);
        let fading = so_far(&|line| line.iter().fold(0.0, |h, x| 0.5 * h + x));
        prop_assert!(close(x.linear_recurrence(0.5, named), fading));
        let narrow = x.cast::<f32>();
        let wide = narrow.cast::<f64>().cumsum(named);
        prop_assert!(narrow.cumsum(named).cast::<f64>().allclose(&wide, 6e-8, 1e-30));
    }

    #[test]
    fn products_agree_with_plain_loops(x in tensors(), axis in any::<usize>()) {
        let all: f64 = x.iter().product();
        let prod = x.prod(&[], false).item();
        prop_assert!((prod - all).abs() <= 1e-12 * (1e-300 + all.abs()), "{} {}", prod, all);
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        let rows = x.prod(&[axis as isize], true);
        let expected = lines(&x, axis, |line| vec![line.iter().product(); line.len()]);
        prop_assert!(rows.expand(x.shape()).allclose(&expected, 1e-13, 1e-300));
    }

    #[test]
    fn quantiles_agree_with_sorted_lines(x in tensors(), axis in any::<usize>(), q in 0.0..=1.0) {
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        prop_assume!(x.shape()[axis] > 0);
        // Ties are likely among whole numbers.
        let x = x.round_ties_even();
        let of = |line: &[f64]| {
            let mut line = line.to_vec();
            line.sort_by(f64::total_cmp);
            let place: f64 = q * (line.len() - 1) as f64;
            let (low, high) = (line[place.floor() as usize], line[place.ceil() as usize]);
            low + place.fract() * (high - low)
        };
        let expected = lines(&x, axis, |line| vec![of(line); line.len()]);
        let found = x.quantile(&[q], &[axis as isize], true).select(0, 0);
        prop_assert!(found.expand(x.shape()).allclose(&expected, 1e-14, 1e-14));
        let (values, places) = x.max_axis(axis as isize, true);
        prop_assert_eq!(&values, &x.amax(&[axis as isize], true));
        prop_assert_eq!(x.gather(axis as isize, &places), values);
    }

    #[test]
    fn counts_agree_with_plain_loops(x in tensors(), axis in any::<usize>()) {
        let mask = x.gt(0.0);
        let all = mask.iter().filter(|&yes| yes).count() as i64;
        prop_assert_eq!(mask.count_nonzero(&[], false).item(), all);
        prop_assert_eq!(mask.cast::<i64>().sum().item(), all);
        prop_assume!(x.rank() > 0);
        let axis = axis % x.rank();
        let named = axis as isize;
        let count = |line: &[f64]| line.iter().filter(|&&x| x > 0.0).count();
        let each = |f: &dyn Fn(&[f64]) -> f64| {
            lines(&x, axis, |line| vec![f(line); line.len()])
        };
        let spread = |y: Tensor<i64>| y.expand(x.shape()).cast::<f64>();
        prop_assert_eq!(spread(mask.count_nonzero(&[named], true)), each(&|line| count(line) as f64));
        prop_assert_eq!(
            spread(mask.any_axes(&[named], true).cast()), each(&|line| f64::from(count(line) > 0))
        );
        prop_assert_eq!(
            spread(mask.all_axes(&[named], true).cast()),
            each(&|line| f64::from(count(line) == line.len()))
        );
    }
}

/// A line of `f32` or `f64` along an axis that is innermost, and along one that is not, wide and narrow.
fn everywhere<T: Float>(line: &[f64], f: impl Fn(&Tensor<T>, isize) -> Tensor<T>) -> Vec<Vec<f64>> {
    let line: Vec<T> = line.iter().map(|&x| T::from_f64(x)).collect();
    let len = line.len();
    let row = Tensor::from(line.clone());
    let narrow = Tensor::from_fn([len, 3], |at| line[at[0]]);
    let wide = Tensor::from_fn([len, 9], |at| line[at[0]]);
    let found = [
        f(&row, 0),
        f(&narrow, 0).select(1, 1),
        f(&wide, 0).select(1, 8),
        f(&narrow.t(), 1).select(0, 2),
    ];
    found
        .iter()
        .map(|y| y.iter().map(T::to_f64).collect())
        .collect()
}

#[track_caller]
fn along<T: Float>(
    f: fn(&Tensor<T>, isize) -> Tensor<T>,
    line: &[f64],
    expected: &[f64],
    tolerance: f64,
) {
    for found in everywhere(line, f) {
        same(&found, expected, tolerance);
    }
}

#[test]
fn sums_that_leave_the_range_and_come_back() {
    let most = f64::MAX;
    along::<f64>(
        |x, axis| x.cumsum(axis),
        &[most, most, -most, -most, 1.0],
        &[most, INF, most, 0.0, 1.0],
        1e-15,
    );
    along::<f64>(
        |x, axis| x.cumsum(axis),
        &[1.0, INF, 1.0, -INF, 1.0],
        &[1.0, INF, INF, NAN, NAN],
        0.0,
    );
    along::<f32>(
        |x, axis| x.cumsum(axis),
        &[3e38, 3e38, -3e38, NAN, 1.0],
        &[f64::from(3e38_f32), INF, f64::from(3e38_f32), NAN, NAN],
        0.0,
    );
    // What a plain sum would round away.
    along::<f64>(
        |x, axis| x.cumsum(axis),
        &[1e16, 1.0, 1.0, -1e16],
        &[1e16, 1e16, 1e16 + 2.0, 2.0],
        0.0,
    );
    let tenths = Tensor::<f64>::full([100_000], 0.1);
    let last = tenths.cumsum(0)[[99_999]];
    assert_eq!(last, 10_000.0);
}

#[test]
fn products_that_leave_the_range_and_come_back() {
    along::<f64>(
        |x, axis| x.cumprod(axis),
        &[1e200, 1e200, 1e-300, 1e-300, 5e-324, 1e300],
        &[1e200, INF, 1e100, 1e-200, 0.0, 4.940_656_458_412_465e-224],
        1e-14,
    );
    along::<f32>(
        |x, axis| x.cumprod(axis),
        &[1e38, 1e38, 1e-38, 1e-38, 1e-38],
        &[
            f64::from(1e38_f32),
            INF,
            f64::from(1e38_f32),
            1.0,
            f64::from(1e-38_f32),
        ],
        2e-7,
    );
    along::<f64>(
        |x, axis| x.cumprod(axis),
        &[2.0, 0.0, 5.0, INF, 1.0],
        &[2.0, 0.0, 0.0, NAN, NAN],
        0.0,
    );
    along::<f64>(
        |x, axis| x.cumprod(axis),
        &[-2.0, INF, -1.0, NAN],
        &[-2.0, -INF, INF, NAN],
        0.0,
    );
    let prod = |x: &[f64]| Tensor::from(x.to_vec()).prod(&[], false).item();
    same(
        &[prod(&[1e200, 1e200, 1e200, 1e-300, 1e-300])],
        &[1.0],
        1e-14,
    );
    same(&[prod(&[1e-200, 1e-200, 1e300])], &[1e-100], 1e-14);
    same(&[prod(&[1e200, 1e200, 0.0])], &[0.0], 0.0);
    same(&[prod(&[1e200, -1e200])], &[-INF], 0.0);
    assert!(prod(&[1e-200, -1e-200]).is_sign_negative());
    same(&[prod(&[0.0, INF])], &[NAN], 0.0);
    same(&[prod(&[])], &[1.0], 0.0);
    assert_eq!(
        Tensor::<f64>::zeros([2, 0]).prod(&[1], false),
        Tensor::from([1.0, 1.0])
    );
}

#[test]
fn logarithms_of_running_sums() {
    let log = |x: &[f64]| Tensor::from(x.to_vec()).logcumsumexp(0).to_vec();
    same(&log(&[-INF, -INF, 2.0, -INF]), &[-INF, -INF, 2.0, 2.0], 0.0);
    same(&log(&[1.0, INF, -INF, 3.0]), &[1.0, INF, INF, INF], 0.0);
    same(&log(&[INF, INF, NAN, 1.0]), &[INF, INF, NAN, NAN], 0.0);
    let ln_2 = 2.0_f64.ln();
    same(&log(&[1e300, 1e300]), &[1e300, 1e300], 0.0);
    same(
        &log(&[-800.0, -800.0, 0.0]),
        &[-800.0, -800.0 + ln_2, 0.0],
        1e-15,
    );
    // Beside the 1 of the greatest the rest would be rounded away.
    same(
        &log(&[-40.0, 0.0]),
        &[-40.0, 4.248_354_255_291_589e-18],
        1e-15,
    );
    let narrow = Tensor::from([-80.0_f32, 0.0]).logcumsumexp(0);
    same(&[f64::from(narrow[[1]])], &[1.804_851_387e-35], 1e-6);
}

#[test]
fn extremes_on_the_way() {
    let x = Tensor::from([2.0, 2.0, NAN, 3.0, NAN]);
    let (values, places) = x.cummax(0);
    same(&values.to_vec(), &[2.0, 2.0, NAN, NAN, NAN], 0.0);
    assert_eq!(places, Tensor::from([0, 0, 2, 2, 2]));
    let (values, places) = Tensor::from([-INF, 1.0, -INF, INF]).cummin(0);
    same(&values.to_vec(), &[-INF; 4], 0.0);
    assert_eq!(places, Tensor::from([0; 4]));
}

#[test]
fn quantiles_of_what_is_not_finite() {
    let q = |x: &[f64], q: f64| Tensor::from(x.to_vec()).quantile(&[q], &[], false)[[0]];
    same(&[q(&[INF, 1.0, -INF], 0.5)], &[1.0], 0.0);
    same(&[q(&[INF, 1.0, -INF], 0.75)], &[INF], 0.0);
    same(&[q(&[INF, INF, 1.0], 0.75)], &[INF], 0.0);
    same(&[q(&[INF, -INF], 0.5)], &[NAN], 0.0);
    same(&[q(&[1.0, NAN, 2.0], 0.0)], &[NAN], 0.0);
    // The mean of the two in the middle does not overflow.
    let most = f64::MAX;
    same(&[q(&[most, most, -most, -most], 0.5)], &[0.0], 0.0);
    same(&[q(&[most, most / 2.0], 0.5)], &[most * 0.75], 1e-15);
    let x = Tensor::from([[3.0, 1.0], [2.0, 8.0]]);
    assert_eq!(x.median(&[0], true), Tensor::from([[2.5, 4.5]]));
    assert_eq!(x.median(&[], false).item(), 2.5);
    assert_eq!(
        x.quantile(&[0.0, 1.0], &[1], false),
        Tensor::from([[1.0, 2.0], [3.0, 8.0]])
    );
    assert_eq!(x.quantile(&[], &[], false).shape(), &[0]);
    assert_eq!(
        Tensor::<f64>::zeros([0, 2]).median(&[1], false).shape(),
        &[0]
    );
}

/// What is equal deviates by exactly 0, though its mean is rounded.
#[test]
fn deviations_of_equals() {
    for value in [0.1, 1e300, -3e-310, 1.0 / 3.0] {
        let x = Tensor::<f64>::full([7, 3], value);
        assert_eq!(x.std(&[0], 0, false), Tensor::zeros([3]), "{value}");
        assert_eq!(x.t().contiguous().std(&[], 1, false).item(), 0.0, "{value}");
        let mask = Tensor::from_fn([7, 3], |at| at[0] != at[1]);
        assert_eq!(x.masked_std(&mask, &[0], 0, false), Tensor::zeros([3]));
        assert_eq!(x.masked_var(&mask, &[0], 1, false), Tensor::zeros([3]));
    }
    let x = Tensor::<f32>::full([1000], 0.1);
    assert_eq!(x.std(&[], 1, false).item(), 0.0);
    // The square of a deviation of `f32` may be out of range, and its root none the less a number.
    for size in [2e21_f32, 2e-30] {
        let x = Tensor::from([-size, size]);
        assert_eq!(x.std(&[], 0, false).item(), size);
    }
    // Neighbors are not equal.
    let x = Tensor::from([1.0, 1.0 + f64::EPSILON]);
    assert_eq!(x.std(&[], 0, false).item(), f64::EPSILON / 2.0);
}

#[test]
fn masks() {
    let x = Tensor::from([[1.0, NAN, 4.0], [INF, 5.0, 7.0], [NAN, NAN, NAN]]);
    let mask = Tensor::from([[true, false, true], [false, true, true], [false; 3]]);
    same(
        &x.masked_mean(&mask, &[1], false).to_vec(),
        &[2.5, 6.0, NAN],
        1e-15,
    );
    same(
        &x.masked_var(&mask, &[1], 0, false).to_vec(),
        &[2.25, 1.0, NAN],
        1e-15,
    );
    same(
        &x.masked_std(&mask, &[1], 1, false).to_vec(),
        &[4.5_f64.sqrt(), 2.0_f64.sqrt(), NAN],
        1e-15,
    );
    same(&x.nansum(&[1], false).to_vec(), &[5.0, INF, 0.0], 0.0);
    same(&x.nanmean(&[0], false).to_vec(), &[INF, 5.0, 5.5], 0.0);
    // A mask that stretches, and sums that leave the range.
    let far = Tensor::from([[1.5e308, 1.5e308, 0.0], [1.0, 3.0, 9.0]]);
    let two = Tensor::from([true, true, false]);
    same(
        &far.masked_mean(&two, &[1], false).to_vec(),
        &[1.5e308, 2.0],
        1e-15,
    );
    let nothing = Tensor::<f64>::zeros([2, 0]);
    let none = Tensor::full([2, 0], true);
    for y in [
        nothing.masked_mean(&none, &[1], false),
        nothing.masked_var(&none, &[1], 0, false),
        nothing.masked_std(&none, &[1], 0, false),
    ] {
        same(&y.to_vec(), &[NAN, NAN], 0.0);
    }
}

#[test]
fn norms_of_every_order() {
    let x = Tensor::from([3.0, 0.0, -4.0]);
    let norm = |p: f64| x.norm_p(p, &[], false).item();
    let found = [0.0, 1.0, 2.0, 3.0, 0.5, INF, -INF, -1.0].map(norm);
    let root = 3.0_f64.sqrt() + 2.0;
    let expected = [2.0, 7.0, 5.0, 91.0_f64.cbrt(), root * root, 4.0, 0.0, 0.0];
    same(&found, &expected, 1e-15);
    let harmonic = Tensor::from([1e300, -1e300])
        .norm_p(-1.0, &[], false)
        .item();
    same(&[harmonic], &[5e299], 1e-15);
    let nothing = |p: f64| Tensor::<f64>::zeros([0]).norm_p(p, &[], false).item();
    same(
        &[0.0, 1.0, 2.0, 3.0, -1.0].map(nothing),
        &[0.0, 0.0, 0.0, 0.0, INF],
        0.0,
    );
    let mixed = |p: f64| Tensor::from([INF, 2.0]).norm_p(p, &[], false).item();
    same(&[3.0, -1.0, -INF].map(mixed), &[INF, 2.0, 2.0], 0.0);
    let nan = |p: f64| Tensor::from([NAN, 0.0]).norm_p(p, &[], false).item();
    same(&[3.0, -1.0, INF, -INF].map(nan), &[NAN; 4], 0.0);
}

#[test]
fn segments() {
    let ids = Tensor::from([2, 0, 2, -2]);
    let x = Tensor::from([[1.0, 5.0], [2.0, NAN], [-3.0, 0.5], [4.0, 4.0]]);
    let sums = Tensor::from([[2.0, NAN], [4.0, 4.0], [-2.0, 5.5]]);
    same(&x.segment_sum(&ids, 3).to_vec(), &sums.to_vec(), 0.0);
    let means = [2.0, NAN, 4.0, 4.0, -1.0, 2.75];
    same(&x.segment_mean(&ids, 3).to_vec(), &means, 0.0);
    let view = x.t().contiguous().t();
    same(
        &view.segment_max(&ids, 3).to_vec(),
        &[2.0, NAN, 4.0, 4.0, 1.0, 5.0],
        0.0,
    );
    same(
        &view.segment_min(&ids, 3).to_vec(),
        &[2.0, NAN, 4.0, 4.0, -3.0, 0.5],
        0.0,
    );
    let empty = Tensor::<i64>::zeros([0]);
    let none = Tensor::<f64>::zeros([0]);
    same(&none.segment_sum(&empty, 2).to_vec(), &[0.0; 2], 0.0);
    same(&none.segment_mean(&empty, 2).to_vec(), &[0.0; 2], 0.0);
    same(&none.segment_max(&empty, 1).to_vec(), &[-INF], 0.0);
    same(&none.segment_min(&empty, 1).to_vec(), &[INF], 0.0);
}

#[test]
fn differences() {
    let x = Tensor::from([[1.0, 4.0, 9.0], [0.0, 0.0, 5.0]]);
    assert_eq!(x.diff(1, 1), Tensor::from([[3.0, 5.0], [0.0, 5.0]]));
    assert_eq!(x.diff(1, 0), Tensor::from([[-1.0, -4.0, -4.0]]));
    assert_eq!(x.diff(0, 1), x);
    assert_eq!(x.diff(5, 0).shape(), &[0, 3]);
}
