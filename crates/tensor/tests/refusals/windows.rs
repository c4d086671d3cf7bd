//! Convolutions, windows, interpolation, and places named by indices.

use wengert_tensor::kernels::product::{
    ConvAxis, Convolution, Taps, convolve, convolve_transposed, convolve_weight, tap,
};
use wengert_tensor::kernels::{
    Windows, add_to_greatest, max_places, max_windows, mean_at_greatest,
};
use wengert_tensor::{Conv, Interpolate, Layout, Pool, ScatterReduce, Shape, Tensor};

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

fn x(dims: &[usize]) -> Tensor<f64> {
    Tensor::zeros(dims)
}

fn plain() -> Conv {
    Conv::new()
}

fn sizes() -> Convolution {
    Convolution {
        dims: 1,
        batched: true,
        batch: 1,
        groups: 1,
        channels: 1,
        filters: 1,
        axes: [ConvAxis::NONE; 3],
    }
}

fn pairs() -> [Windows; 3] {
    let pairs = Windows {
        input: 4,
        step: 1,
        spans: vec![(0, 2), (2, 2)],
    };
    [Windows::none(), Windows::none(), pairs]
}

const SUM: ScatterReduce = ScatterReduce::Sum;

#[test]
fn convolutions() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::conv1d": x(&[2, 3, 5]).conv1d(x(&[2, 4, 2]), None, plain()) => "conv1d: a weight of shape [2, 4, 2] does not fit an input of shape [2, 3, 5] in 1 groups";
            "Tensor::conv1d": x(&[2, 3, 5]).conv1d(x(&[4, 3, 2]), None, plain().groups(0)) => "conv1d: a weight of shape [4, 3, 2] does not fit an input of shape [2, 3, 5] in 0 groups";
            "Tensor::conv1d": x(&[2, 4, 5]).conv1d(x(&[3, 2, 2]), None, plain().groups(2)) => "conv1d: a weight of shape [3, 2, 2] does not fit an input of shape [2, 4, 5] in 2 groups";
            "Tensor::conv1d": x(&[5]).conv1d(x(&[2, 4, 2]), None, plain()) => "conv1d: an input of shape [5] and a weight of shape [2, 4, 2] over 1 axes";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 0]), None, plain()) => "conv1d: a weight of shape [1, 1, 0] has no kernel";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 2]), None, plain().stride(0)) => "conv1d: a stride or a dilation is 0";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 2]), None, plain().dilation(0)) => "conv1d: a stride or a dilation is 0";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 2]), None, plain().stride([1, 2])) => "conv1d: 2 numbers for the stride of 1 axes";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 2]), None, plain().dilation(1 << 50)) => "conv1d: a kernel over";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 3]), None, plain().dilation(usize::MAX)) => "conv1d: no memory holds what a weight of shape [1, 1, 3] makes of [1, 1, 5]";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 3]), None, plain().padding(usize::MAX)) => "conv1d: no memory holds";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[1, 1, 3]), None, plain().output_padding(1)) => "conv1d: an output padding belongs to a transposed convolution";
            "Tensor::conv1d": x(&[1, 1, 5]).conv1d(x(&[2, 1, 3]), Some(&x(&[1])), plain()) => "conv1d: a bias of shape [1] for 2 channels";
            "Tensor::conv2d": x(&[1, 1, 2, 5]).conv2d(x(&[1, 1, 3, 3]), None, plain()) => "conv2d: a kernel over 3 places, of the weight [1, 1, 3, 3], is longer than an axis of [1, 1, 2, 5] with its padding: 2";
            "Tensor::conv3d": x(&[1, 1, 2, 5]).conv3d(x(&[1, 1, 3, 3]), None, plain()) => "conv3d: an input of shape [1, 1, 2, 5] and a weight of shape [1, 1, 3, 3] over 3 axes";
            "Tensor::conv_transpose1d": x(&[1, 3, 4]).conv_transpose1d(x(&[2, 3, 3]), None, plain()) => "conv_transpose1d: a weight of shape [2, 3, 3] does not fit an input of shape [1, 3, 4] in 1 groups";
            "Tensor::conv_transpose1d": x(&[1, 1, 4]).conv_transpose1d(x(&[1, 1, 3]), None, plain().same()) => "conv_transpose1d: no padding is the same for a transposed convolution";
            "Tensor::conv_transpose1d": x(&[1, 1, 2]).conv_transpose1d(x(&[1, 1, 3]), None, plain().padding(2)) => "conv_transpose1d: nothing is left of an axis of [1, 1, 2] under the weight [1, 1, 3]: a padding of 4 of 4";
            "Tensor::conv_transpose1d": x(&[1, 1, 2]).conv_transpose1d(x(&[1, 1, 3]), None, plain().stride(usize::MAX)) => "conv_transpose1d: no memory holds";
            "Tensor::conv_transpose1d": x(&[1, 1, 2]).conv_transpose1d(x(&[1, 1, 3]), None, plain().stride(1 << 60)) => "conv_transpose1d: there is no memory for a tensor of the shape";
            "Tensor::conv_transpose2d": x(&[1, 1, 2, 2]).conv_transpose2d(x(&[1, 1, 3, 3]), None, plain().stride(2).output_padding([1, 2])) => "conv_transpose2d: an output padding of 2 is not below the stride 2 or the dilation 1";
            "Tensor::conv_transpose3d": x(&[1, 1, 2, 2, 2]).conv_transpose3d(x(&[1, 2, 1, 1, 1]), Some(&x(&[1])), plain()) => "conv_transpose3d: a bias of shape [1] for 2 channels";
        },
    );
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "kernels::convolve": convolve(&sizes(), &[1.0, 1.0], &[1.0], None, &mut [0.0]) => "conv: a slice does not fit the sizes";
            "kernels::convolve_transposed": convolve_transposed(&sizes(), &[1.0, 1.0], &[1.0], None, &mut [0.0]) => "conv: a slice does not fit the sizes";
            "kernels::convolve_weight": convolve_weight(&sizes(), &[1.0, 1.0], &[1.0], &mut [0.0]) => "conv: a slice does not fit the sizes";
            "Taps::new": Taps::new(2, [[(2, 1.0)]]) => "taps: one lies beyond the 2 elements of the axis";
            "kernels::tap": tap(&Taps::new(2, [[(1, 1.0)]]), 1, &[1.0; 3], &mut [0.0]) => "taps: the lengths do not fit";
        },
    );
}

#[test]
fn windows() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::max_pool1d": x(&[]).max_pool1d(2) => "max_pool1d: [] has no 1 axes to pool over";
            "Tensor::max_pool1d": x(&[4]).max_pool1d(0) => "max_pool1d: a size, a stride or a dilation is 0: axis 0 of [4]";
            "Tensor::max_pool1d": x(&[4]).max_pool1d(Pool::new(2).stride(0)) => "max_pool1d: a size, a stride or a dilation is 0: axis 0 of [4]";
            "Tensor::max_pool1d": x(&[4]).max_pool1d(Pool::new(2).dilation(usize::MAX)) => "max_pool1d: no axis is so long: axis 0 of [4]";
            "Tensor::max_pool1d": x(&[4]).max_pool1d(Pool::new(usize::MAX).padding(usize::MAX / 2)) => "max_pool1d: no axis is so long: axis 0 of [4]";
            "Tensor::max_pool2d": x(&[3, 4]).max_pool2d(5) => "max_pool2d: a window over 5 places is longer than 3 with the padding: axis 0 of [3, 4]";
            "Tensor::max_pool2d": x(&[3, 4]).max_pool2d([2, 2, 2]) => "max_pool2d: 3 numbers for the windows of 2 axes";
            "Tensor::max_pool2d": x(&[3, 4]).max_pool2d([2; 0]) => "max_pool2d: 0 numbers for the windows of 2 axes";
            "Tensor::max_pool3d": x(&[3, 0, 4]).max_pool3d(Pool::adaptive(1)) => "max_pool3d: a window holds no element: axis 1 of [3, 0, 4]";
            "Tensor::max_pool3d": x(&[3, 3, 1]).max_pool3d(Pool::new([1, 1, 2]).padding([0, 0, 2]).dilation(3)) => "max_pool3d: a window holds no element: axis 2 of [3, 3, 1]";
            "Tensor::max_pool1d_with_indices": x(&[4]).max_pool1d_with_indices(5) => "max_pool1d_with_indices: a window over 5 places";
            "Tensor::max_pool2d_with_indices": x(&[4]).max_pool2d_with_indices(5) => "max_pool2d_with_indices: [4] has no 2 axes to pool over";
            "Tensor::max_pool3d_with_indices": x(&[4]).max_pool3d_with_indices(5) => "max_pool3d_with_indices: [4] has no 3 axes to pool over";
            "Tensor::avg_pool1d": x(&[4]).avg_pool1d(Pool::new(2).padding(2)) => "avg_pool1d: a padding of 2 is more than half of a window over 2 places: axis 0 of [4]";
            "Tensor::avg_pool2d": x(&[4, 4]).avg_pool2d(5) => "avg_pool2d: a window over 5 places is longer than 4 with the padding: axis 0 of [4, 4]";
            "Tensor::avg_pool3d": x(&[4, 4]).avg_pool3d(5) => "avg_pool3d: [4, 4] has no 3 axes to pool over";
            "Tensor::max_unpool1d": x(&[2]).max_unpool1d(&Tensor::from([1]), 4) => "max_unpool1d: indices of shape [1] for [2], over 1 axes";
            "Tensor::max_unpool1d": x(&[1]).max_unpool1d(&Tensor::from([4]), 4) => "scatter: index 4 is out of range for axis 0 of [4]";
            "Tensor::max_unpool2d": x(&[1]).max_unpool2d(&Tensor::from([1]), 4) => "max_unpool2d: indices of shape [1] for [1], over 2 axes";
            "Tensor::max_unpool3d": x(&[1, 1, 1]).max_unpool3d(&Tensor::from([[[1]]]), [1, 2]) => "max_unpool3d: 2 numbers for the lengths of 3 axes";
            "Tensor::interpolate": x(&[2]).interpolate(&[3, 3], Interpolate::Nearest) => "interpolate: [3, 3] are more lengths than [2] has axes";
            "Tensor::interpolate": x(&[2, 0]).interpolate(&[3], Interpolate::Area) => "interpolate: an axis of [2, 0] has no element to make [3] of";
            "Tensor::fold": x(&[2, 3]).fold(1, 5, 1) => "fold: axis 1 is out of range for the shape [2]";
            "Tensor::fold": x(&[2, 3]).fold(0, 5, 1) => "fold: [2, 3] are not the windows 1 apart of axis 0 of [5]";
            "Tensor::fold": x(&[2, 3]).fold(0, 5, 0) => "fold: [2, 3] are not the windows 0 apart";
        },
    );
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "kernels::max_windows": max_windows(&pairs(), &[1.0; 4], &mut [0.0; 3]) => "windows: 4 elements do not fit 3 windows";
            "kernels::max_places": max_places(&pairs(), &[1.0; 3], &mut [0; 2]) => "windows: 3 elements do not fit 2 windows";
            "kernels::add_to_greatest": add_to_greatest(&pairs(), &[1.0], &[1.0; 4], &[1.0; 2], &mut [0.0; 4]) => "windows: slices of other lengths";
            "kernels::mean_at_greatest": mean_at_greatest(&pairs(), &[1.0], &[1.0; 4], &[1.0; 2], &mut [0.0; 2]) => "windows: slices of other lengths";
        },
    );
    check_errors(errors! {
        "Layout::folded": Layout::folded(&Shape::from([2, 3]), 0, 5, 1) => "fold: [2, 3] are not the windows 1 apart of axis 0 of [5]";
    });
}

#[test]
fn places() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::take_along_dim": x(&[2, 3]).take_along_dim(1, &Tensor::from([0])) => "take_along_dim: an index of shape [1] for [2, 3], of another rank";
            "Tensor::take_along_dim": x(&[2, 3]).take_along_dim(1, &Tensor::zeros([3, 1])) => "take_along_dim: shapes do not broadcast";
            "Tensor::take_along_dim": x(&[2, 3]).take_along_dim(1, &Tensor::from([[3]])) => "gather: index 3 is out of range for axis 1 of [2, 3]";
            "Tensor::take": x(&[2, 3]).take(&Tensor::from([6])) => "take: index 6 is out of range for axis 0 of [6]";
            "Tensor::gather_nd": x(&[2, 3]).gather_nd(&Tensor::from([0, 0, 0])) => "gather_nd: indices of shape [3] are too many for [2, 3]";
            "Tensor::gather_nd": x(&[2, 3]).gather_nd(&Tensor::scalar(0)) => "gather_nd: indices of shape [] are too many for [2, 3]";
            "Tensor::gather_nd": x(&[2, 3]).gather_nd(&Tensor::from([0, 3])) => "gather_nd: index 3 is out of range for axis 1 of [2, 3]";
            "Tensor::scatter": x(&[2]).scatter(0, &Tensor::from([2]), 1.0) => "scatter: index 2 is out of range for axis 0 of [2]";
            "Tensor::scatter": x(&[2]).scatter(0, &Tensor::from([[0]]), 1.0) => "scatter: an index of shape [1, 1] does not fit [2] beside axis 0";
            "Tensor::scatter": x(&[2]).scatter(0, &Tensor::from([0]), x(&[2])) => "expand: [2] does not stretch to [1]";
            "Tensor::masked_scatter": x(&[2]).masked_scatter(&Tensor::from([true; 3]), 1.0) => "expand: [3] does not stretch to [2]";
            "Tensor::masked_scatter": x(&[2]).masked_scatter(&Tensor::from([true; 2]), 1.0) => "masked_scatter: 1 elements for 2 places";
            "Tensor::index_copy": x(&[2]).index_copy(0, &Tensor::from([2]), 1.0) => "index_copy: index 2 is out of range for axis 0 of [2]";
            "Tensor::index_copy": x(&[2]).index_copy(0, &Tensor::from([[0]]), 1.0) => "index_copy: the indices of shape [1, 1] are no list";
            "Tensor::index_fill": x(&[2]).index_fill(1, &Tensor::from([0]), 1.0) => "index_fill: axis 1 is out of range for the shape [2]";
            "Tensor::index_add": x(&[2]).index_add(0, &Tensor::from([0]), x(&[2])) => "expand: [2] does not stretch to [1]";
            "Tensor::with_slice": x(&[2]).with_slice(1, .., 1.0) => "slice: axis 1 is out of range for the shape [2]";
            "Tensor::with_slice": x(&[2]).with_slice(0, 1.., x(&[2])) => "expand: [2] does not stretch to [1]";
            "Tensor::put": x(&[2]).put(&Tensor::from([2]), 1.0) => "put: index 2 is out of range for axis 0 of [2]";
            "Tensor::put": x(&[2]).put(&Tensor::from([1]), x(&[2])) => "expand: [2] does not stretch to [1]";
            "Tensor::scatter_nd": x(&[2, 3]).scatter_nd(&Tensor::from([2]), 1.0) => "scatter_nd: index 2 is out of range for axis 0 of [2, 3]";
            "Tensor::scatter_nd_add": x(&[2, 3]).scatter_nd_add(&Tensor::from([1]), x(&[2])) => "expand: [2] does not stretch to [3]";
            "Tensor::scatter_reduce": x(&[2]).scatter_reduce(0, &Tensor::from([2]), 1.0, SUM, true) => "scatter_reduce: index 2 is out of range for axis 0 of [2]";
            "Tensor::scatter_reduce": x(&[2]).scatter_reduce(0, &Tensor::from([0]), x(&[2]), SUM, true) => "expand: [2] does not stretch to [1]";
        },
    );
}
