//! Convolutions, windows, interpolation, and places named by indices.

use wengert_tensor::{Conv, Interpolate, Pool, ScatterReduce, Tensor};

use super::{pair, with};
use crate::refusals::{Place, check_panics, panics};

#[test]
fn convolutions() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::conv1d": pair(&[2, 3, 5], &[2, 4, 2], |x, w| drop(x.conv1d(w, None, Conv::new()))) => "conv1d: a weight of shape [2, 4, 2] does not fit an input of shape [2, 3, 5] in 1 groups";
            "Var::conv1d": pair(&[2, 3, 5], &[2, 3, 2], |x, w| drop(x.conv1d(w, Some(x), Conv::new()))) => "conv1d: a bias of shape [2, 3, 5] for 2 channels";
            "Var::conv2d": pair(&[1, 1, 2, 5], &[1, 1, 3, 3], |x, w| drop(x.conv2d(w, None, Conv::new()))) => "conv2d: a kernel over 3 places, of the weight [1, 1, 3, 3], is longer than an axis of [1, 1, 2, 5] with its padding: 2";
            "Var::conv3d": pair(&[1, 1, 2, 5], &[1, 1, 3, 3], |x, w| drop(x.conv3d(w, None, Conv::new()))) => "conv3d: an input of shape [1, 1, 2, 5] and a weight of shape [1, 1, 3, 3] over 3 axes";
            "Var::conv_transpose1d": pair(&[1, 3, 4], &[2, 3, 3], |x, w| drop(x.conv_transpose1d(w, None, Conv::new()))) => "conv_transpose1d: a weight of shape [2, 3, 3] does not fit an input of shape [1, 3, 4] in 1 groups";
            "Var::conv_transpose2d": pair(&[1, 1, 2, 2], &[1, 1, 3, 3], |x, w| drop(x.conv_transpose2d(w, None, Conv::new().output_padding(1)))) => "conv_transpose2d: an output padding of 1 is not below the stride 1 or the dilation 1";
            "Var::conv_transpose3d": pair(&[1, 1, 2, 2], &[1, 1, 3, 3], |x, w| drop(x.conv_transpose3d(w, None, Conv::new()))) => "conv_transpose3d: an input of shape [1, 1, 2, 2] and a weight of shape [1, 1, 3, 3] over 3 axes";
        },
    );
}

#[test]
fn windows() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::max_pool1d": with(&[], |x| drop(x.max_pool1d(2))) => "max_pool1d: [] has no 1 axes to pool over";
            "Var::max_pool2d": with(&[3, 4], |x| drop(x.max_pool2d(5))) => "max_pool2d: a window over 5 places is longer than 3 with the padding: axis 0 of [3, 4]";
            "Var::max_pool3d": with(&[3, 0, 4], |x| drop(x.max_pool3d(Pool::adaptive(1)))) => "max_pool3d: a window holds no element: axis 1 of [3, 0, 4]";
            "Var::max_pool1d_with_indices": with(&[4], |x| drop(x.max_pool1d_with_indices(5))) => "max_pool1d_with_indices: a window over 5 places";
            "Var::max_pool2d_with_indices": with(&[4], |x| drop(x.max_pool2d_with_indices(5))) => "max_pool2d_with_indices: [4] has no 2 axes to pool over";
            "Var::max_pool3d_with_indices": with(&[4], |x| drop(x.max_pool3d_with_indices(5))) => "max_pool3d_with_indices: [4] has no 3 axes to pool over";
            "Var::avg_pool1d": with(&[4], |x| drop(x.avg_pool1d(Pool::new(2).padding(2)))) => "avg_pool1d: a padding of 2 is more than half of a window over 2 places: axis 0 of [4]";
            "Var::avg_pool2d": with(&[4, 4], |x| drop(x.avg_pool2d(5))) => "avg_pool2d: a window over 5 places is longer than 4 with the padding: axis 0 of [4, 4]";
            "Var::avg_pool3d": with(&[4, 4], |x| drop(x.avg_pool3d(5))) => "avg_pool3d: [4, 4] has no 3 axes to pool over";
            "Var::max_unpool1d": with(&[2], |x| drop(x.max_unpool1d(&Tensor::from([1]), 4))) => "max_unpool1d: indices of shape [1] for [2], over 1 axes";
            "Var::max_unpool1d": with(&[1], |x| drop(x.max_unpool1d(&Tensor::from([4]), 4))) => "index 4 is out of range for axis 0 of [4]";
            "Var::max_unpool2d": with(&[1], |x| drop(x.max_unpool2d(&Tensor::from([1]), 4))) => "max_unpool2d: indices of shape [1] for [1], over 2 axes";
            "Var::max_unpool3d": with(&[1, 1, 1], |x| drop(x.max_unpool3d(&Tensor::from([[[1]]]), [1, 2]))) => "max_unpool3d: 2 numbers for the lengths of 3 axes";
            "Var::interpolate": with(&[2], |x| drop(x.interpolate(&[3, 3], Interpolate::Nearest))) => "interpolate: [3, 3] are more lengths than [2] has axes";
            "Var::interpolate": with(&[2, 0], |x| drop(x.interpolate(&[3], Interpolate::Area))) => "interpolate: an axis of [2, 0] has no element to make [3] of";
            "Var::fold": with(&[2, 3], |x| drop(x.fold(0, 5, 1))) => "fold: [2, 3] are not the windows 1 apart of axis 0 of [5]";
        },
    );
}

#[test]
fn places() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::take_along_dim": with(&[2, 3], |x| drop(x.take_along_dim(1, &Tensor::from([0])))) => "take_along_dim: an index of shape [1] for [2, 3], of another rank";
            "Var::take_along_dim": with(&[2, 3], |x| drop(x.take_along_dim(1, &Tensor::zeros([3, 1])))) => "take_along_dim: shapes do not broadcast";
            "Var::take": with(&[2, 3], |x| drop(x.take(&Tensor::from([6])))) => "take: index 6 is out of range for axis 0 of [6]";
            "Var::gather_nd": with(&[2, 3], |x| drop(x.gather_nd(&Tensor::from([0, 0, 0])))) => "gather_nd: indices of shape [3] are too many for [2, 3]";
            "Var::gather_nd": with(&[2, 3], |x| drop(x.gather_nd(&Tensor::from([0, 3])))) => "gather_nd: index 3 is out of range for axis 1 of [2, 3]";
            "Var::put": with(&[2], |x| drop(x.put(&Tensor::from([2]), 1.0))) => "put: index 2 is out of range for axis 0 of [2]";
            "Var::put": with(&[2], |x| drop(x.put(&Tensor::from([1]), x))) => "expand: [2] does not stretch to [1]";
            "Var::scatter_nd": with(&[2, 3], |x| drop(x.scatter_nd(&Tensor::from([2]), 1.0))) => "scatter_nd: index 2 is out of range for axis 0 of [2, 3]";
            "Var::scatter_nd_add": pair(&[2, 3], &[2], |x, y| drop(x.scatter_nd_add(&Tensor::from([1]), y))) => "expand: [2] does not stretch to [3]";
            "Var::scatter_reduce": with(&[2], |x| drop(x.scatter_reduce(0, &Tensor::from([2]), 1.0, ScatterReduce::Sum, true))) => "scatter_reduce: index 2 is out of range for axis 0 of [2]";
            "Var::scatter_reduce": with(&[2], |x| drop(x.scatter_reduce(0, &Tensor::from([0]), x, ScatterReduce::Sum, true))) => "expand: [2] does not stretch to [1]";
            "Var::index_fill": with(&[2], |x| drop(x.index_fill(1, &Tensor::from([0]), 1.0))) => "index_fill: axis 1 is out of range for the shape [2]";
        },
    );
}
