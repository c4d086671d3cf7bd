//! Reductions, scans and ragged data.

use wengert_tape::compose::scan;
use wengert_tensor::{Shape, Tensor};

use super::{pair, with};
use crate::refusals::{Place, check_panics, panics};

#[test]
fn reductions() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::amax": with(&[2], |x| drop(x.amax(&[1], false))) => "amax: axis 1 is out of range for the shape [2]";
            "Var::amax": with(&[2], |x| drop(x.amax(&[0, 0], false))) => "amax: axis 0 is named twice for the shape [2]";
            "Var::amax": with(&[2, 0], |x| drop(x.amax(&[1], true))) => "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Var::amin": with(&[2], |x| drop(x.amin(&[1], false))) => "amin: axis 1 is out of range for the shape [2]";
            "Var::amin": with(&[2, 0], |x| drop(x.amin(&[], false))) => "amin: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Var::aminmax": with(&[2], |x| drop(x.aminmax(&[1], false))) => "amin: axis 1 is out of range for the shape [2]";
            "Var::aminmax": with(&[0], |x| drop(x.aminmax(&[], false))) => "amin: cannot reduce an axis of size 0: axis 0 of [0]";
            "Var::max_axis": with(&[2], |x| drop(x.max_axis(1, false))) => "max_axis: axis 1 is out of range for the shape [2]";
            "Var::max_axis": with(&[0], |x| drop(x.max_axis(0, false))) => "max_axis: cannot reduce an axis of size 0: axis 0 of [0]";
            "Var::min_axis": with(&[2], |x| drop(x.min_axis(1, true))) => "min_axis: axis 1 is out of range for the shape [2]";
            "Var::min_axis": with(&[0], |x| drop(x.min_axis(0, true))) => "min_axis: cannot reduce an axis of size 0: axis 0 of [0]";
            "Var::quantile": with(&[2], |x| drop(x.quantile(&[1.5], &[], false))) => "quantile: 1.5 is not from 0 to 1";
            "Var::quantile": with(&[2], |x| drop(x.quantile(&[f64::NAN], &[], false))) => "quantile: NaN is not from 0 to 1";
            "Var::quantile": with(&[2], |x| drop(x.quantile(&[0.5], &[1], false))) => "quantile: axis 1 is out of range for the shape [2]";
            "Var::quantile": with(&[0], |x| drop(x.quantile(&[0.5], &[], false))) => "quantile: cannot reduce an axis of size 0: axis 0 of [0]";
            "Var::median": with(&[2], |x| drop(x.median(&[0, 0], false))) => "median: axis 0 is named twice for the shape [2]";
            "Var::median": with(&[0], |x| drop(x.median(&[], false))) => "median: cannot reduce an axis of size 0: axis 0 of [0]";
            "Var::count_nonzero": with(&[2], |x| drop(x.count_nonzero(&[1], false))) => "count_nonzero: axis 1 is out of range for the shape [2]";
            "Var::log_softmax": with(&[2], |x| drop(x.log_softmax(1))) => "log_softmax: axis 1 is out of range for the shape [2]";
            "Var::logsumexp": with(&[2], |x| drop(x.logsumexp(&[1], false))) => "logsumexp: axis 1 is out of range for the shape [2]";
            "Var::logsumexp": with(&[2], |x| drop(x.logsumexp(&[0, -1], false))) => "logsumexp: axis -1 is named twice for the shape [2]";
            "Var::mean_axes": with(&[2], |x| drop(x.mean_axes(&[1], false))) => "mean: axis 1 is out of range for the shape [2]";
            "Var::norm": with(&[2], |x| drop(x.norm(&[1], false))) => "norm: axis 1 is out of range for the shape [2]";
            "Var::norm_p": with(&[2], |x| drop(x.norm_p(f64::NAN, &[], false))) => "norm_p: the order is NaN";
            "Var::norm_p": with(&[2], |x| drop(x.norm_p(0.0, &[1], false))) => "count_nonzero: axis 1 is out of range for the shape [2]";
            "Var::norm_p": with(&[2], |x| drop(x.norm_p(1.0, &[1], false))) => "sum: axis 1 is out of range for the shape [2]";
            "Var::norm_p": with(&[2], |x| drop(x.norm_p(2.0, &[0, 0], false))) => "norm: axis 0 is named twice for the shape [2]";
            "Var::norm_p": with(&[2], |x| drop(x.norm_p(3.0, &[1], false))) => "norm_p: axis 1 is out of range for the shape [2]";
            "Var::norm_p": with(&[2, 0], |x| drop(x.norm_p(f64::INFINITY, &[1], false))) => "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Var::norm_p": with(&[2, 0], |x| drop(x.norm_p(f64::NEG_INFINITY, &[1], false))) => "amin: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Var::prod": with(&[2], |x| drop(x.prod(&[1], false))) => "prod: axis 1 is out of range for the shape [2]";
            "Var::softmax": with(&[2], |x| drop(x.softmax(1))) => "softmax: axis 1 is out of range for the shape [2]";
            "Var::sum_axes": with(&[2], |x| drop(x.sum_axes(&[1], false))) => "sum: axis 1 is out of range for the shape [2]";
            "Var::sum_axes": with(&[2], |x| drop(x.sum_axes(&[0, 0], false))) => "sum: axis 0 is named twice for the shape [2]";
            "Var::sum_to": with(&[2, 3], |x| drop(x.sum_to(Shape::from([2])))) => "sum_to: [2] does not broadcast to [2, 3]";
            "Var::var": with(&[2], |x| drop(x.var(&[1], 0, false))) => "var: axis 1 is out of range for the shape [2]";
            "Var::std": with(&[2], |x| drop(x.std(&[1], 0, false))) => "std: axis 1 is out of range for the shape [2]";
            "Var::std": with(&[2], |x| drop(x.std(&[0, 0], 0, false))) => "std: axis 0 is named twice for the shape [2]";
            "Var::masked_mean": with(&[2], |x| drop(x.masked_mean(&Tensor::from([true; 3]), &[], false))) => "expand: [3] does not stretch to [2]";
            "Var::masked_mean": with(&[2], |x| drop(x.masked_mean(&Tensor::from([true; 2]), &[1], false))) => "mean: axis 1 is out of range for the shape [2]";
            "Var::masked_var": with(&[2], |x| drop(x.masked_var(&Tensor::from([true; 3]), &[], 0, false))) => "expand: [3] does not stretch to [2]";
            "Var::masked_var": with(&[2], |x| drop(x.masked_var(&Tensor::from([true; 2]), &[1], 0, false))) => "axis 1 is out of range for the shape [2]";
            "Var::masked_std": with(&[2], |x| drop(x.masked_std(&Tensor::from([true; 3]), &[], 0, false))) => "expand: [3] does not stretch to [2]";
            "Var::masked_std": with(&[2], |x| drop(x.masked_std(&Tensor::from([true; 2]), &[0, 0], 0, false))) => "axis 0 is named twice for the shape [2]";
            "Var::nansum": with(&[2], |x| drop(x.nansum(&[1], false))) => "sum: axis 1 is out of range for the shape [2]";
            "Var::nanmean": with(&[2], |x| drop(x.nanmean(&[1], false))) => "mean: axis 1 is out of range for the shape [2]";
        },
    );
}

#[test]
fn scans() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::cumsum": with(&[2], |x| drop(x.cumsum(1))) => "cumsum: axis 1 is out of range for the shape [2]";
            "Var::cumprod": with(&[2], |x| drop(x.cumprod(1))) => "cumprod: axis 1 is out of range for the shape [2]";
            "Var::logcumsumexp": with(&[2], |x| drop(x.logcumsumexp(1))) => "logcumsumexp: axis 1 is out of range for the shape [2]";
            "Var::cummax": with(&[2], |x| drop(x.cummax(1))) => "cummax: axis 1 is out of range for the shape [2]";
            "Var::cummin": with(&[2], |x| drop(x.cummin(1))) => "cummin: axis 1 is out of range for the shape [2]";
            "Var::linear_recurrence": with(&[2], |x| drop(x.linear_recurrence(0.5, 1))) => "linear_recurrence: axis 1 is out of range for the shape [2]";
            "Var::linear_recurrence": pair(&[2], &[3], |x, a| drop(x.linear_recurrence(a, 0))) => "expand: [3] does not stretch to [2]";
            "Var::diff": with(&[2], |x| drop(x.diff(1, 1))) => "diff: axis 1 is out of range for the shape [2]";
            "compose::scan": with(&[2], |x| drop(scan(x, &x, 1, |h, x| (h, x)))) => "scan: axis 1 is out of range for the shape [2]";
            "compose::scan": with(&[0], |x| drop(scan(x, &x, 0, |h, x| (h, x)))) => "scan: there is nothing along axis 0";
            "compose::scan": with(&[2], |x| drop(scan(x, &(), 0, |h, _: ()| (h, x)))) => "scan: there is no input";
            "compose::scan": pair(&[2], &[3], |x, y| drop(scan((), &(x, y), 0, |_, (x, _)| ((), x)))) => "scan: the inputs have the lengths 2 and 3 along axis 0";
            "compose::scan": with(&[2], |x| drop(scan(0, &x, 0, |n, x| (n + 1, vec![x; n])))) => "scan: the outputs differ in structure";
            "compose::scan": with(&[2], |x| drop(scan(1, &x, 0, |n, x| (n + 1, x.expand([n]))))) => "stack: the shapes differ: [1] and [2]";
        },
    );
}

#[test]
fn segments() {
    fn ids<const N: usize>(ids: [i64; N]) -> Tensor<i64> {
        Tensor::from(ids)
    }
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::segment_sum": with(&[2], |x| drop(x.segment_sum(&ids([0, 2]), 2))) => "segment_sum: index 2 is out of range for axis 0 of [2]";
            "Var::segment_sum": with(&[2], |x| drop(x.segment_sum(&ids([0]), 2))) => "segment_sum: segments of shape [1] do not fit the slices of [2]";
            "Var::segment_sum": with(&[], |x| drop(x.segment_sum(&ids([0]), 2))) => "segment_sum: axis 0 is out of range for the shape []";
            "Var::segment_mean": with(&[2], |x| drop(x.segment_mean(&ids([0, -3]), 2))) => "segment_sum: index -3 is out of range for axis 0 of [2]";
            "Var::segment_max": with(&[2], |x| drop(x.segment_max(&ids([0, 2]), 2))) => "segment_max: index 2 is out of range for axis 0 of [2]";
            "Var::segment_min": with(&[2], |x| drop(x.segment_min(&ids([0]), 2))) => "segment_min: segments of shape [1] do not fit the slices of [2]";
            "Var::segment_softmax": with(&[2], |x| drop(x.segment_softmax(&ids([0, 2]), 2))) => "segment_max: index 2 is out of range for axis 0 of [2]";
        },
    );
}
