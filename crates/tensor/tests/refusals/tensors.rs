//! Tensors, and the generator of random numbers.

use std::sync::Arc;

use wengert_tensor::{Layout, Pad, Rng, Shape, Tensor};

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

/// Zeros of this shape.
fn x(dims: &[usize]) -> Tensor<f64> {
    Tensor::zeros(dims)
}

fn mask(dims: &[usize]) -> Tensor<bool> {
    Tensor::zeros(dims)
}

fn rng() -> Rng {
    Rng::seed_from_u64(1)
}

/// More elements than there are addresses.
const HUGE: [usize; 2] = [1 << 40, 1 << 40];

#[test]
fn construction() {
    check_errors(errors! {
        "Tensor::from_vec": Tensor::from_vec(vec![1, 2], [3]) => "2 elements do not fill the shape [3], which has 3";
        "Tensor::from_vec": Tensor::<i64>::from_vec(vec![], HUGE) => "is larger than the address space";
        "Tensor::from_rows": Tensor::from_rows(vec![vec![1, 2], vec![3]]) => "row 1 has 1 elements, the rows before it 2";
    });
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::full": Tensor::full(HUGE, 1.0) => "than memory can hold";
            "Tensor::zeros": Tensor::<f64>::zeros(HUGE) => "than memory can hold";
            "Tensor::ones": Tensor::<f64>::ones(HUGE) => "than memory can hold";
            "Tensor::eye": Tensor::<f64>::eye(1 << 40) => "than memory can hold";
            "Tensor::from_fn": Tensor::from_fn(HUGE, |_| 1.0) => "than memory can hold";
            "Tensor::arange": Tensor::<f64>::arange(1 << 60) => "arange: ";
            "Tensor::linspace": Tensor::<f64>::linspace(0.0, 1.0, 1 << 60) => "linspace: ";
            "Tensor::range": Tensor::<f64>::range(0.0, 1.0, 0.0) => "range: no steps of 0 lead from 0 to 1";
            "Tensor::range": Tensor::<f64>::range(0.0, f64::NAN, 1.0) => "range: no steps of 1 lead from 0 to NaN";
            "Tensor::range": Tensor::<f64>::range(0.0, f64::INFINITY, 1.0) => "range: no steps of 1 lead from 0 to inf";
            "Tensor::from_storage": Tensor::from_storage(Arc::new(vec![1.0; 5]), Layout::contiguous(Shape::from([6]))) => "a layout reaches beyond its storage";
            "Tensor::through": x(&[5]).through(Layout::contiguous(Shape::from([6]))) => "a layout reaches beyond its storage";
        },
    );
}

#[test]
fn reading() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::dim": x(&[2]).dim(1) => "dim: axis 1 is out of range for the shape [2]";
            "Tensor::item": x(&[2]).item() => "item: [2] has 2 elements, not one";
            "Index for Tensor": x(&[2, 3])[[0, 3]] => "index: [0, 3] is out of range for the shape [2, 3]";
            "Index for Tensor": x(&[2, 3])[[0]] => "index: [0] is out of range for the shape [2, 3]";
            "IndexMut for Tensor": x(&[2, 3])[[0, 3]] = 1.0 => "index: [0, 3] is out of range for the shape [2, 3]";
            "Tensor::to_rows": x(&[2]).to_rows() => "to_rows: [2] is no matrix";
            "Tensor::max_abs_diff": x(&[2]).max_abs_diff(&x(&[1])) => "max_abs_diff: the shapes differ";
        },
    );
}

#[test]
fn arithmetic() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Add for Tensor": &x(&[2, 3]) + &x(&[2]) => "add: shapes do not broadcast: [2, 3] and [2]";
            "Add for Tensor": x(&[2, 3]) + x(&[2]) => "add: shapes do not broadcast: [2, 3] and [2]";
            "Sub for Tensor": &x(&[2, 3]) - x(&[2]) => "sub: shapes do not broadcast: [2, 3] and [2]";
            "Mul for Tensor": x(&[2, 3]) * &x(&[2]) => "mul: shapes do not broadcast: [2, 3] and [2]";
            "Div for Tensor": &x(&[2, 3]) / &x(&[2]) => "div: shapes do not broadcast: [2, 3] and [2]";
            "AddAssign for Tensor": { let mut a = x(&[3]); a += &x(&[2, 3]); } => "add: the target of shape [3] does not stretch to [2, 3]";
            "SubAssign for Tensor": { let mut a = x(&[3]); a -= x(&[2, 3]); } => "sub: the target of shape [3] does not stretch to [2, 3]";
            "MulAssign for Tensor": { let mut a = x(&[3]); a *= &x(&[2]); } => "mul: shapes do not broadcast: [3] and [2]";
            "DivAssign for Tensor": { let mut a = x(&[3]); a /= x(&[2]); } => "div: shapes do not broadcast: [3] and [2]";
            "Tensor::powf": x(&[2]).powf(x(&[3])) => "powf: shapes do not broadcast: [2] and [3]";
            "Tensor::max": x(&[2]).max(x(&[3])) => "max: shapes do not broadcast: [2] and [3]";
            "Tensor::min": x(&[2]).min(x(&[3])) => "min: shapes do not broadcast: [2] and [3]";
            "Tensor::clamp": x(&[2]).clamp(1.0, 0.0) => "clamp: there is nothing between 1 and 0";
            "Tensor::clamp": x(&[2]).clamp(f64::NAN, 0.0) => "clamp: there is nothing between NaN and 0";
            "Tensor::atan2": x(&[2]).atan2(x(&[3])) => "atan2: shapes do not broadcast: [2] and [3]";
            "Tensor::hypot": x(&[2]).hypot(x(&[3])) => "hypot: shapes do not broadcast: [2] and [3]";
            "Tensor::logaddexp": x(&[2]).logaddexp(x(&[3])) => "logaddexp: shapes do not broadcast: [2] and [3]";
            "Tensor::logaddexp2": x(&[2]).logaddexp2(x(&[3])) => "logaddexp2: shapes do not broadcast: [2] and [3]";
            "Tensor::remainder": x(&[2]).remainder(x(&[3])) => "remainder: shapes do not broadcast: [2] and [3]";
            "Tensor::fmod": x(&[2]).fmod(x(&[3])) => "fmod: shapes do not broadcast: [2] and [3]";
            "Tensor::xlog1py": x(&[2]).xlog1py(x(&[3])) => "xlog1py: shapes do not broadcast: [2] and [3]";
            "Tensor::copysign": x(&[2]).copysign(x(&[3])) => "copysign: shapes do not broadcast: [2] and [3]";
            "Tensor::xlogy": x(&[2]).xlogy(x(&[3])) => "xlogy: shapes do not broadcast: [2] and [3]";
            "Tensor::lerp": x(&[2]).lerp(x(&[3]), 0.5) => "lerp: shapes do not broadcast: [2] and [3]";
            "Tensor::masked_fill": x(&[2]).masked_fill(&mask(&[3]), 0.0) => "where: shapes do not broadcast";
            "Tensor::clamp": x(&[2]).clamp(x(&[3]), 0.0) => "clamp: shapes do not broadcast: [2] and [3]";
            "Tensor::movedim": x(&[2]).movedim(0, 1) => "movedim: axis 1 is out of range for the shape [2]";
            "Tensor::diagonal": x(&[2]).diagonal(0, 0, 0) => "diagonal: axis 0 of [2] is named twice";
            "Tensor::unfold": x(&[2]).unfold(0, 3, 1) => "unfold: a window of 3 is longer than axis 0 of [2]";
            "Tensor::roll": x(&[2]).roll(1, 1) => "roll: axis 1 is out of range for the shape [2]";
            "Tensor::repeat": x(&[2]).repeat(&[]) => "repeat: [] has not a number for each axis of [2]";
            "Tensor::repeat_interleave": x(&[2]).repeat_interleave(2, 1) => "repeat_interleave: axis 1 is out of range for the shape [2]";
            "Tensor::masked_select": x(&[2]).masked_select(&mask(&[3])) => "[3] does not stretch to [2]";
            "Tensor::tril": x(&[2]).tril(0) => "tril: [2] has no matrix";
            "Tensor::triu": x(&[2]).triu(0) => "triu: [2] has no matrix";
            "Tensor::trace": x(&[2]).trace() => "diagonal: axis -2 is out of range for the shape [2]";
            "Tensor::pad": x(&[2]).pad(&[(1, 1), (1, 1)], Pad::Reflect) => "pad: 2 borders are more than the axes of [2]";
            "Tensor::pad": x(&[0]).pad(&[(1, 1)], Pad::Circular) => "pad: an axis of size 0 has nothing that could be repeated";
            "Tensor::zip_map": x(&[2]).zip_map(&x(&[3]), |a, b| a + b) => "zip_map: shapes do not broadcast: [2] and [3]";
            "Tensor::matmul": x(&[2, 3]).matmul(&x(&[4, 5])) => "matmul: inner sizes differ: [2, 3] x [4, 5]";
        },
    );
}

#[test]
fn comparisons() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::lt": x(&[2]).lt(x(&[3])) => "lt: shapes do not broadcast: [2] and [3]";
            "Tensor::le": x(&[2]).le(x(&[3])) => "le: shapes do not broadcast: [2] and [3]";
            "Tensor::gt": x(&[2]).gt(x(&[3])) => "gt: shapes do not broadcast: [2] and [3]";
            "Tensor::ge": x(&[2]).ge(x(&[3])) => "ge: shapes do not broadcast: [2] and [3]";
            "Tensor::eq": x(&[2]).eq(x(&[3])) => "eq: shapes do not broadcast: [2] and [3]";
            "Tensor::ne": x(&[2]).ne(x(&[3])) => "ne: shapes do not broadcast: [2] and [3]";
            "BitAnd for Tensor": &mask(&[2]) & &mask(&[3]) => "and: shapes do not broadcast: [2] and [3]";
            "BitOr for Tensor": &mask(&[2]) | &mask(&[3]) => "or: shapes do not broadcast: [2] and [3]";
            "BitXor for Tensor": mask(&[2]) ^ mask(&[3]) => "xor: shapes do not broadcast: [2] and [3]";
            "Tensor::where_": x(&[3]).where_(&mask(&[2]), 0.0) => "where: shapes do not broadcast: [2] and [3]";
        },
    );
}

#[test]
fn reductions() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::sum_axes": x(&[2]).sum_axes(&[1], false) => "sum: axis 1 is out of range for the shape [2]";
            "Tensor::sum_axes": x(&[2]).sum_axes(&[0, 0], false) => "sum: axis 0 is named twice for the shape [2]";
            "Tensor::sum_axes": x(&[2]).sum_axes(&[1], true) => "sum: axis 1 is out of range for the shape [2]";
            "Tensor::mean_axes": x(&[2]).mean_axes(&[1], false) => "mean: axis 1 is out of range for the shape [2]";
            "Tensor::mean_axes": x(&[2]).mean_axes(&[0, -1], true) => "mean: axis -1 is named twice for the shape [2]";
            "Tensor::norm": x(&[2]).norm(&[1], false) => "norm: axis 1 is out of range for the shape [2]";
            "Tensor::norm": x(&[2]).norm(&[1], true) => "norm: axis 1 is out of range for the shape [2]";
            "Tensor::amax": x(&[2, 0]).amax(&[1], false) => "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Tensor::amax": x(&[2]).amax(&[1], false) => "amax: axis 1 is out of range for the shape [2]";
            "Tensor::amax": x(&[2, 0]).amax(&[], true) => "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Tensor::amin": x(&[2, 0]).amin(&[1], false) => "amin: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Tensor::amin": x(&[2]).amin(&[0, 0], true) => "amin: axis 0 is named twice for the shape [2]";
            "Tensor::logsumexp": x(&[2]).logsumexp(&[1], false) => "logsumexp: axis 1 is out of range for the shape [2]";
            "Tensor::logsumexp": x(&[2]).logsumexp(&[1], true) => "logsumexp: axis 1 is out of range for the shape [2]";
            "Tensor::var": x(&[2]).var(&[1], 0, false) => "var: axis 1 is out of range for the shape [2]";
            "Tensor::var": x(&[2]).var(&[1], 0, true) => "var: axis 1 is out of range for the shape [2]";
            "Tensor::std": x(&[2]).std(&[1], 0, false) => "std: axis 1 is out of range for the shape [2]";
            "Tensor::std": x(&[2]).std(&[1], 0, true) => "std: axis 1 is out of range for the shape [2]";
            "Tensor::argmax": x(&[2, 0]).argmax(1) => "argmax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Tensor::argmax": x(&[2]).argmax(1) => "argmax: axis 1 is out of range for the shape [2]";
            "Tensor::argmin": x(&[2]).argmin(1) => "argmin: axis 1 is out of range for the shape [2]";
            "Tensor::argmin": x(&[2, 0]).argmin(1) => "argmin: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Tensor::sum_to": x(&[2, 3]).sum_to([2]) => "sum_to: [2] does not stretch to [2, 3]";
            "Tensor::prod": x(&[2]).prod(&[1], false) => "prod: axis 1 is out of range for the shape [2]";
            "Tensor::norm_p": x(&[2]).norm_p(f64::NAN, &[], false) => "norm_p: the order is NaN";
            "Tensor::norm_p": x(&[2]).norm_p(3.0, &[1], false) => "norm_p: axis 1 is out of range for the shape [2]";
            "Tensor::norm_p": x(&[0]).norm_p(f64::NEG_INFINITY, &[], false) => "amin: cannot reduce an axis of size 0: axis 0 of [0]";
            "Tensor::aminmax": x(&[0]).aminmax(&[], false) => "amin: cannot reduce an axis of size 0: axis 0 of [0]";
            "Tensor::max_axis": x(&[2]).max_axis(1, false) => "max_axis: axis 1 is out of range for the shape [2]";
            "Tensor::max_axis": x(&[0]).max_axis(0, false) => "max_axis: cannot reduce an axis of size 0: axis 0 of [0]";
            "Tensor::min_axis": x(&[0]).min_axis(0, false) => "min_axis: cannot reduce an axis of size 0: axis 0 of [0]";
            "Tensor::quantile": x(&[2]).quantile(&[-0.5], &[], false) => "quantile: -0.5 is not from 0 to 1";
            "Tensor::quantile": x(&[2]).quantile(&[0.5], &[1], false) => "quantile: axis 1 is out of range for the shape [2]";
            "Tensor::median": x(&[0]).median(&[], false) => "median: cannot reduce an axis of size 0: axis 0 of [0]";
            "Tensor::count_nonzero": x(&[2]).count_nonzero(&[1], false) => "count_nonzero: axis 1 is out of range for the shape [2]";
            "Tensor::all_axes": mask(&[2]).all_axes(&[1], false) => "count_nonzero: axis 1 is out of range for the shape [2]";
            "Tensor::any_axes": mask(&[2]).any_axes(&[0, 0], false) => "count_nonzero: axis 0 is named twice for the shape [2]";
            "Tensor::sum": Tensor::from([i64::MAX, 1]).sum() => "sum: a sum of whole numbers is out of their range";
            "Tensor::sum_axes": Tensor::from([i64::MIN, -1]).sum_axes(&[0], false) => "sum: a sum of whole numbers is out of their range";
            "Tensor::masked_mean": x(&[2]).masked_mean(&mask(&[3]), &[], false) => "expand: [3] does not stretch to [2]";
            "Tensor::masked_mean": x(&[2]).masked_mean(&mask(&[2]), &[1], false) => "axis 1 is out of range for the shape [2]";
            "Tensor::masked_var": x(&[2]).masked_var(&mask(&[3]), &[], 0, false) => "expand: [3] does not stretch to [2]";
            "Tensor::masked_var": x(&[2]).masked_var(&mask(&[2]), &[1], 0, false) => "axis 1 is out of range for the shape [2]";
            "Tensor::masked_std": x(&[2]).masked_std(&mask(&[3]), &[], 0, false) => "expand: [3] does not stretch to [2]";
            "Tensor::masked_std": x(&[2]).masked_std(&mask(&[2]), &[1], 0, false) => "axis 1 is out of range for the shape [2]";
            "Tensor::nansum": x(&[2]).nansum(&[1], false) => "sum: axis 1 is out of range for the shape [2]";
            "Tensor::nanmean": x(&[2]).nanmean(&[1], false) => "axis 1 is out of range for the shape [2]";
            "Tensor::cumsum": x(&[2]).cumsum(1) => "cumsum: axis 1 is out of range for the shape [2]";
            "Tensor::cumprod": x(&[2]).cumprod(1) => "cumprod: axis 1 is out of range for the shape [2]";
            "Tensor::logcumsumexp": x(&[2]).logcumsumexp(1) => "logcumsumexp: axis 1 is out of range for the shape [2]";
            "Tensor::cummax": x(&[2]).cummax(1) => "cummax: axis 1 is out of range for the shape [2]";
            "Tensor::cummin": x(&[2]).cummin(1) => "cummin: axis 1 is out of range for the shape [2]";
            "Tensor::linear_recurrence": x(&[2]).linear_recurrence(0.5, 1) => "linear_recurrence: axis 1 is out of range for the shape [2]";
            "Tensor::linear_recurrence": x(&[2]).linear_recurrence(x(&[3]), 0) => "expand: [3] does not stretch to [2]";
            "Tensor::diff": x(&[2]).diff(1, 1) => "diff: axis 1 is out of range for the shape [2]";
            "Tensor::segment_sum": x(&[2]).segment_sum(&Tensor::from([0, 2]), 2) => "segment_sum: index 2 is out of range for axis 0 of [2]";
            "Tensor::segment_sum": x(&[2]).segment_sum(&Tensor::from([0]), 2) => "segment_sum: segments of shape [1] do not fit the slices of [2]";
            "Tensor::segment_sum": x(&[]).segment_sum(&Tensor::from([0]), 2) => "segment_sum: axis 0 is out of range for the shape []";
            "Tensor::segment_mean": x(&[2]).segment_mean(&Tensor::from([0]), 2) => "segment_sum: segments of shape [1] do not fit the slices of [2]";
            "Tensor::segment_max": x(&[2]).segment_max(&Tensor::from([0, 2]), 2) => "segment_max: index 2 is out of range for axis 0 of [2]";
            "Tensor::segment_min": x(&[2]).segment_min(&Tensor::from([0, 2]), 2) => "segment_min: index 2 is out of range for axis 0 of [2]";
            "Tensor::sort": x(&[2]).sort(1, false) => "sort: axis 1 is out of range for the shape [2]";
        },
    );
}

#[test]
fn views() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::reshape": x(&[2, 3]).reshape(&[4, -1]) => "reshape: [2, 3] does not fill [4, -1]";
            "Tensor::flip": x(&[2]).flip(&[1]) => "flip: axis 1 is out of range for the shape [2]";
            "Tensor::flip": x(&[2]).flip(&[0, 0]) => "flip: axis 0 is named twice for the shape [2]";
            "Tensor::flatten": x(&[2]).flatten(1) => "flatten: axis 1 is out of range for the shape [2]";
            "Tensor::t": x(&[2]).t() => "transpose: axis -2 is out of range for the shape [2]";
            "Tensor::transpose": x(&[2, 3]).transpose(0, 2) => "transpose: axis 2 is out of range for the shape [2, 3]";
            "Tensor::permute": x(&[2, 3]).permute(&[1]) => "permute: [1] is no permutation of the axes of [2, 3]";
            "Tensor::slice": x(&[2]).slice(1, ..) => "slice: axis 1 is out of range for the shape [2]";
            "Tensor::slice_step": x(&[2]).slice_step(0, .., 0) => "slice: the step is 0";
            "Tensor::slice_step": x(&[2]).slice_step(1, .., 1) => "slice: axis 1 is out of range for the shape [2]";
            "Tensor::select": x(&[2]).select(1, 0) => "select: axis 1 is out of range for the shape [2]";
            "Tensor::select": x(&[2]).select(0, 2) => "select: index 2 is out of range for axis 0 of [2]";
            "Tensor::expand": x(&[2]).expand([3]) => "expand: [2] does not stretch to [3]";
            "Tensor::squeeze": x(&[2]).squeeze(0) => "squeeze: axis 0 of [2] does not have size 1";
            "Tensor::squeeze": x(&[2]).squeeze(1) => "squeeze: axis 1 is out of range for the shape [2]";
            "Tensor::unsqueeze": x(&[2]).unsqueeze(2) => "unsqueeze: axis 2 is out of range for a new axis in [2]";
        },
    );
}

#[test]
fn joins() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::cat": Tensor::<f64>::cat(&[] as &[Tensor<f64>], 0) => "cat: there is nothing to join";
            "Tensor::cat": Tensor::cat(&[&x(&[2])], 1) => "cat: axis 1 is out of range for the shape [2]";
            "Tensor::cat": Tensor::cat(&[&x(&[2, 3]), &x(&[3, 2])], 0) => "cat: [2, 3] and [3, 2] differ beside axis 0";
            "Tensor::stack": Tensor::<f64>::stack(&[] as &[Tensor<f64>], 0) => "stack: there is nothing to join";
            "Tensor::stack": Tensor::stack(&[&x(&[2])], 2) => "stack: axis 2 is out of range for a new axis in [2]";
            "Tensor::stack": Tensor::stack(&[&x(&[2]), &x(&[3])], 0) => "stack: the shapes differ: [2] and [3]";
            "Tensor::split": x(&[5]).split(1, &[5]) => "split: axis 1 is out of range for the shape [5]";
            "Tensor::split": x(&[5]).split(0, &[2, 2]) => "split: [2, 2] do not add up to axis 0 of [5]";
            "Tensor::split": x(&[5]).split(0, &[usize::MAX, 6]) => "do not add up to axis 0 of [5]";
        },
    );
}

#[test]
fn indices() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::index_select": x(&[3]).index_select(1, &Tensor::from([0])) => "index_select: axis 1 is out of range for the shape [3]";
            "Tensor::index_select": x(&[3]).index_select(0, &Tensor::from([3])) => "index_select: index 3 is out of range for axis 0 of [3]";
            "Tensor::index_select": x(&[3]).index_select(0, &Tensor::from([i64::MIN])) => "is out of range for axis 0 of [3]";
            "Tensor::index_select": x(&[3]).index_select(0, &Tensor::from([[0]])) => "index_select: the indices have the shape [1, 1], not one axis";
            "Tensor::try_index_select": x(&[3]).try_index_select(1, &Tensor::from([0])) => "index_select: axis 1 is out of range for the shape [3]";
            "Tensor::try_index_select": x(&[3]).try_index_select(0, &Tensor::from([[0]])) => "index_select: the indices have the shape [1, 1], not one axis";
            "Tensor::gather": x(&[3]).gather(1, &Tensor::from([0])) => "gather: axis 1 is out of range for the shape [3]";
            "Tensor::gather": x(&[3]).gather(0, &Tensor::from([-4])) => "gather: index -4 is out of range for axis 0 of [3]";
            "Tensor::gather": x(&[3]).gather(0, &Tensor::from([[0]])) => "gather: an index of shape [1, 1] does not fit [3] beside axis 0";
            "Tensor::try_gather": x(&[3]).try_gather(1, &Tensor::from([0])) => "gather: axis 1 is out of range for the shape [3]";
            "Tensor::try_gather": x(&[2, 3]).try_gather(1, &Tensor::from([[0], [0], [0]])) => "gather: an index of shape [3, 1] does not fit [2, 3] beside axis 1";
            "Tensor::scatter_add": x(&[3]).scatter_add(1, &Tensor::from([0]), x(&[1])) => "scatter_add: axis 1 is out of range for the shape [3]";
            "Tensor::scatter_add": x(&[3]).scatter_add(0, &Tensor::from([3]), x(&[1])) => "scatter_add: index 3 is out of range for axis 0 of [3]";
            "Tensor::scatter_add": x(&[3]).scatter_add(0, &Tensor::from([0]), x(&[2])) => "scatter_add: the source has the shape [2], not [1]";
            "Tensor::scatter_add_assign": x(&[3]).scatter_add_assign(0, &Tensor::from([3]), &x(&[1])) => "scatter_add: index 3 is out of range for axis 0 of [3]";
            "Tensor::scatter_add": x(&[3]).scatter_add(0, &Tensor::from([[0]]), x(&[1, 1])) => "scatter_add: an index of shape [1, 1] does not fit [3] beside axis 0";
            "Tensor::index_add_assign": x(&[3]).index_add_assign(1, &Tensor::from([0]), &x(&[1])) => "index_add: axis 1 is out of range for the shape [3]";
            "Tensor::index_add_assign": x(&[3]).index_add_assign(0, &Tensor::from([3]), &x(&[1])) => "index_add: index 3 is out of range for axis 0 of [3]";
            "Tensor::index_add_assign": x(&[3]).index_add_assign(0, &Tensor::from([0]), &x(&[2])) => "index_add: the source has the shape [2], not [1]";
            "Tensor::one_hot": Tensor::from([3_i64]).one_hot::<f64>(3) => "one_hot: index 3 is out of range for axis 1 of [1, 3]";
            "Tensor::one_hot": Tensor::from([0_i64, -1]).one_hot::<f64>(3) => "one_hot: index -1 is out of range for axis 1 of [2, 3]";
            "Tensor::one_hot": Tensor::from([0_i64, 0]).one_hot::<f64>(usize::MAX / 2) => "than memory can hold";
        },
    );
    check_errors(errors! {
        "Tensor::try_index_select": x(&[3]).try_index_select(0, &Tensor::from([-4])) => "index_select: index -4 is out of range for axis 0 of [3]";
        "Tensor::try_gather": x(&[3]).try_gather(0, &Tensor::from([3])) => "gather: index 3 is out of range for axis 0 of [3]";
    });
}

#[test]
fn random() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Rng::coin": rng().coin(1.5) => "coin: 1.5 is no probability";
            "Rng::coin": rng().coin(f64::NAN) => "coin: NaN is no probability";
            "Rng::below": rng().below(0) => "below: no number is below 0";
            "Rng::int": rng().int(3..3) => "int: 3..3 is empty";
            "Rng::choose": rng().choose(&[]) => "choose: the weights are no distribution";
            "Rng::choose": rng().choose(&[0.0, 0.0]) => "choose: the weights are no distribution";
            "Rng::choose": rng().choose(&[2.0, -1.0]) => "choose: the weights are no distribution";
            "Rng::choose": rng().choose(&[1.0, f64::INFINITY]) => "choose: the weights are no distribution";
            "Rng::uniform": rng().uniform::<f64>([2], 1.0, 0.0) => "uniform: no numbers from 1 to 0";
            "Rng::uniform": rng().uniform::<f64>([2], 0.0, f64::INFINITY) => "uniform: no numbers from 0 to inf";
            "Rng::uniform": rng().uniform::<f64>([2], f64::NAN, 1.0) => "uniform: no numbers from NaN to 1";
            "Rng::normal": rng().normal::<f64>([2], 0.0, -1.0) => "normal: -1 is no standard deviation";
            "Rng::normal": rng().normal::<f64>([2], 0.0, f64::NAN) => "normal: NaN is no standard deviation";
            "Rng::bernoulli": rng().bernoulli([2], -0.5) => "bernoulli: -0.5 is no probability";
            "Rng::integers": rng().integers([2], 5..5) => "integers: 5..5 is empty";
        },
    );
}
