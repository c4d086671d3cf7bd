//! Kernels. They are called by the library, which has checked; their own checks keep `unsafe` sound.

use wengert_tensor::kernels::{
    self, Input, Isa, MapFn, Matrix, MatrixMut, Mode, Output, Packed, Recurrence, Source, product,
};
use wengert_tensor::{Float, Layout, OrderPlaces, Shape, Tensor};

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

fn shape(dims: &[usize]) -> Shape {
    Shape::new(dims)
}

fn layout(dims: &[usize]) -> Layout {
    Layout::contiguous(shape(dims))
}

fn x(dims: &[usize]) -> Tensor<f64> {
    Tensor::zeros(dims)
}

/// Indices 0, 1, …
fn ids(count: usize) -> Tensor<i64> {
    Tensor::arange(count)
}

/// A place for `N` results.
fn out<const N: usize>() -> [f64; N] {
    [0.0; N]
}

fn matrix(data: &[f64], rows: usize, cols: usize) -> Matrix<'_, f64> {
    Matrix::row_major(data, rows, cols)
}

fn matrix_mut(data: &mut [f64], rows: usize, cols: usize) -> MatrixMut<'_, f64> {
    MatrixMut::row_major(data, rows, cols)
}

#[derive(Clone, Copy)]
struct Same;

impl MapFn<1, 0, 0, 1> for Same {
    fn call<T: Float, I: Isa>(&self, [x]: [T; 1], _: [T; 0], _: [T; 0]) -> [T; 1] {
        [x]
    }
}

/// `map` of one input of a layout over `data` elements to an output of another layout.
fn map(data: usize, input: &[usize], to: &[usize], output: &[usize], buffer: usize) {
    let (data, mut buffer) = (vec![0.0; data], vec![0.0; buffer]);
    let (input, output) = (layout(input), layout(output));
    let x = Input {
        source: Source::Slice(&data),
        layout: &input,
    };
    let y = Output {
        buffer: 0,
        layout: &output,
        mode: Mode::Write,
    };
    kernels::map::<f64, 1, 0, 0, 1>(&Same, &shape(to), [x], [], [], [y], &mut [&mut buffer]);
}

/// `map_flat` of so many elements of an input and an output of these lengths.
fn map_flat(len: usize, input: usize, output: usize) {
    let (data, mut buffer) = (vec![0.0; input], vec![0.0; output]);
    let y = [(0, Mode::Write)];
    kernels::map_flat(
        &Same,
        len,
        [Source::Slice(&data)],
        [],
        [],
        y,
        &mut [&mut buffer],
    );
}

#[test]
fn checks_return_errors() {
    check_errors(errors! {
        "kernels::check_indices": kernels::check_indices("gather", &shape(&[2, 3]), 1, &ids(4).view()) => "gather: index 3 is out of range for axis 1 of [2, 3]";
        "kernels::check_classes": kernels::check_classes("one_hot", 3, &ids(4).view()) => "one_hot: index 3 is out of range for axis 1 of [4, 3]";
        "kernels::check_classes": kernels::check_classes("one_hot", 3, &Tensor::scalar(-1_i64).view()) => "one_hot: index -1 is out of range for axis 0 of [3]";
        "kernels::check_gather": kernels::check_gather("gather", &shape(&[2, 3]), 1, &shape(&[3, 1])) => "gather: an index of shape [3, 1] does not fit [2, 3] beside axis 1";
        "kernels::check_nonempty": kernels::check_nonempty("amax", &shape(&[2, 0]), &[1]) => "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
        "kernels::gather": kernels::gather(&x(&[3]).view(), 0, &ids(4).view(), &mut out::<4>()) => "gather: index 3 is out of range for axis 0 of [3]";
        "kernels::scatter_add": kernels::scatter_add(&mut out::<3>(), &shape(&[3]), 0, &ids(4).view(), &x(&[4]).view()) => "scatter_add: index 3 is out of range for axis 0 of [3]";
        "kernels::index_select": kernels::index_select(&x(&[3]).view(), 0, &ids(4).view(), &mut out::<4>()) => "index_select: index 3 is out of range for axis 0 of [3]";
        "kernels::index_add": kernels::index_add(&mut out::<3>(), &shape(&[3]), 0, &ids(4).view(), &x(&[4]).view()) => "index_add: index 3 is out of range for axis 0 of [3]";
        "kernels::one_hot": kernels::one_hot(&ids(4).view(), 3, &mut out::<12>()) => "one_hot: index 3 is out of range for axis 1 of [4, 3]";
    });
}

#[test]
fn moving_elements() {
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "kernels::gather": kernels::gather(&x(&[3]).view(), 0, &ids(3).view(), &mut out::<2>()) => "gather: the output does not fit the index";
            "kernels::gather": kernels::gather(&x(&[3, 1]).view(), 0, &ids(3).view(), &mut out::<3>()) => "gather: an index of shape [3] does not fit [3, 1] beside axis 0";
            "kernels::scatter_add": kernels::scatter_add(&mut out::<3>(), &shape(&[3]), 0, &ids(2).view(), &x(&[3]).view()) => "scatter_add: index and source differ in shape";
            "kernels::scatter_add": kernels::scatter_add(&mut out::<2>(), &shape(&[3]), 0, &ids(2).view(), &x(&[2]).view()) => "scatter_add: the output does not fit its shape";
            "kernels::index_select": kernels::index_select(&x(&[3]).view(), 0, &ids(3).unsqueeze(0).view(), &mut out::<3>()) => "index_select: the indices are not 1-d";
            "kernels::index_select": kernels::index_select(&x(&[3]).view(), 0, &ids(3).view(), &mut out::<2>()) => "index_select: the output does not fit";
            "kernels::index_add": kernels::index_add(&mut out::<3>(), &shape(&[3]), 0, &ids(3).unsqueeze(0).view(), &x(&[3]).view()) => "the indices are not 1-d";
            "kernels::index_add": kernels::index_add(&mut out::<3>(), &shape(&[3]), 0, &ids(2).view(), &x(&[3]).view()) => "index_add: the source does not fit the indices";
            "kernels::one_hot": kernels::one_hot(&ids(2).view(), 3, &mut out::<5>()) => "one_hot: the output does not fit";
            "kernels::copy": kernels::copy(&x(&[3]).view(), &mut out::<2>()) => "copy: the output does not fit the input";
            "kernels::copy_into": kernels::copy_into(&mut out::<3>(), &layout(&[3]), &x(&[2]).view(), true) => "copy: the shapes differ";
            "kernels::copy_into": kernels::copy_into(&mut out::<2>(), &layout(&[3]), &x(&[3]).view(), true) => "copy: a layout reaches beyond its storage";
            "kernels::write_into": kernels::write_into(&mut out::<3>(), &layout(&[3]), &x(&[2]).view()) => "copy: the shapes differ";
            "kernels::write_into": kernels::write_into(&mut out::<2>(), &layout(&[3]), &x(&[3]).view()) => "copy: a layout reaches beyond its storage";
            "kernels::fill_region": kernels::fill_region(&mut out::<2>(), &layout(&[3]), 1.0) => "copy: a layout reaches beyond its storage";
            "kernels::move_long": kernels::move_long(&mut out::<3>(), &mut out::<2>()) => "out of range for slice of length 2";
            "kernels::sort": kernels::sort(&x(&[3]).view(), 1, false, &mut out::<3>(), &mut [0; 3]) => "sort: axis 1 is out of range for the shape [3]";
            "kernels::sort": kernels::sort(&x(&[0]).view(), 1, false, &mut out::<0>(), &mut [0; 0]) => "sort: axis 1 is out of range for the shape [0]";
            "kernels::sort": kernels::sort(&x(&[3]).view(), 0, false, &mut out::<3>(), &mut [0; 2]) => "sort: an output does not fit";
        },
    );
}

#[test]
fn scanning() {
    const PLAIN: Recurrence = Recurrence {
        reverse: false,
        late: false,
        absorb: false,
    };
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "kernels::cumsum": kernels::cumsum(&x(&[3]).view(), 1, false, &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::cumsum": kernels::cumsum(&x(&[3]).view(), 0, false, &mut out::<2>()) => "copy: the output does not fit the input";
            "kernels::cumprod": kernels::cumprod(&x(&[3]).view(), 1, false, &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::cumprod": kernels::cumprod(&x(&[3]).view(), 0, false, &mut out::<2>()) => "copy: the output does not fit the input";
            "kernels::logcumsumexp": kernels::logcumsumexp(&x(&[3]).view(), 1, &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::logcumsumexp": kernels::logcumsumexp(&x(&[3]).view(), 0, &mut out::<2>()) => "copy: the output does not fit the input";
            "kernels::logcumsumexp_shares": kernels::logcumsumexp_shares(&x(&[3]).view(), 1, &mut out::<3>(), &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::logcumsumexp_shares": kernels::logcumsumexp_shares(&x(&[3]).view(), 0, &mut out::<3>(), &mut out::<2>()) => "two slices differ in length";
            "kernels::cumulative_extremes": kernels::cumulative_extremes(&x(&[3]).view(), 1, false, &mut [0; 3]) => "axis 1 is out of range for the shape [3]";
            "kernels::cumulative_extremes": kernels::cumulative_extremes(&x(&[3]).view(), 0, false, &mut [0; 2]) => "a slice does not fill its shape";
            "kernels::recurrence": kernels::recurrence(&x(&[3]).view(), &x(&[3]).view(), 1, PLAIN, &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::recurrence": kernels::recurrence(&x(&[2]).view(), &x(&[3]).view(), 0, PLAIN, &mut out::<3>()) => "two inputs differ in shape";
            "kernels::recurrence": kernels::recurrence(&x(&[3]).view(), &x(&[3]).view(), 0, PLAIN, &mut out::<2>()) => "copy: the output does not fit the input";
            "kernels::segment_extreme": kernels::segment_extreme(&x(&[3]).view(), &ids(2).view(), 3, false, &mut out::<3>()) => "segment_extreme: the segments do not fit the slices";
            "kernels::segment_extreme": kernels::segment_extreme(&x(&[3]).view(), &ids(3).view(), 3, false, &mut out::<2>()) => "segment_extreme: the output does not fit its shape";
        },
    );
    check_errors(errors! {
        "kernels::segment_extreme": kernels::segment_extreme(&x(&[3]).view(), &ids(3).view(), 2, false, &mut out::<2>()) => "segment_extreme: index 2 is out of range for axis 0 of [2]";
        "Shape::segments": shape(&[]).segments("segment_sum", &shape(&[1]), 1) => "segment_sum: axis 0 is out of range for the shape []";
        "Shape::segments": shape(&[2]).segments("segment_sum", &shape(&[1]), 1) => "segment_sum: segments of shape [1] do not fit the slices of [2]";
        "OrderPlaces::of": OrderPlaces::of("quantile", &x(&[0]).view(), &[0], &[0.5]) => "quantile: cannot reduce an axis of size 0: axis 0 of [0]";
        "OrderPlaces::of": OrderPlaces::of("quantile", &x(&[2]).view(), &[0], &[2.0]) => "quantile: 2 is not from 0 to 1";
    });
}

#[test]
fn reducing() {
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "kernels::sum": kernels::sum(&x(&[2, 3]).view(), &[1], &mut out::<3>(), false) => "a reduction's output does not fit";
            "kernels::mean": kernels::mean(&x(&[2, 3]).view(), &[1], &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::var": kernels::var(&x(&[2, 3]).view(), &[1], 0, &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::std": kernels::std(&x(&[2, 3]).view(), &[1], 0, &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::count_nonzero": kernels::count_nonzero(&x(&[2, 3]).view(), &[1], &mut [0; 3]) => "a reduction's output does not fit";
            "kernels::sum_whole": kernels::sum_whole(&ids(3).view(), &[0], &mut [0; 2]) => "a reduction's output does not fit";
            "kernels::prod": kernels::prod(&x(&[2, 3]).view(), &[1], &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::products_of_others": kernels::products_of_others(&x(&[]).view(), &mut out::<1>()) => "a scalar has no others";
            "kernels::products_of_others": kernels::products_of_others(&x(&[3]).view(), &mut out::<2>()) => "copy: the output does not fit the input";
            "kernels::order_places": kernels::order_places(&x(&[3]).view(), &[0], &[0.5], &mut [0; 2], &mut [0], &mut [0.0]) => "an output does not fit the quantiles";
            "kernels::order_places": kernels::order_places(&x(&[2, 0]).view(), &[1], &[0.5], &mut [0], &mut [0], &mut [0.0]) => "an output does not fit the quantiles";
            "kernels::norm_p": kernels::norm_p(&x(&[2, 3]).view(), 3.0, &[1], &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::norm": kernels::norm(&x(&[2, 3]).view(), &[1], &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::amax": kernels::amax(&x(&[2, 3]).view(), &[1], &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::amin": kernels::amin(&x(&[2, 3]).view(), &[1], &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::logsumexp": kernels::logsumexp(&x(&[2, 3]).view(), &[1], &mut out::<3>()) => "a reduction's output does not fit";
            "kernels::sum_to": kernels::sum_to(&x(&[2, 3]).view(), &shape(&[2]), &mut out::<2>(), false) => "sum_to: [2] does not stretch to [2, 3]";
            "kernels::sum_to": kernels::sum_to(&x(&[2, 3]).view(), &shape(&[3]), &mut out::<2>(), false) => "a reduction's output does not fit";
            "kernels::argmax": kernels::argmax(&x(&[2, 3]).view(), 2, &mut [0; 2]) => "axis 2 is out of range for the shape [2, 3]";
            "kernels::argmax": kernels::argmax(&x(&[2, 0]).view(), 1, &mut [0; 2]) => "cannot reduce an axis of size 0";
            "kernels::argmax": kernels::argmax(&x(&[2, 3]).view(), 1, &mut [0; 3]) => "the output does not fit";
            "kernels::argmin": kernels::argmin(&x(&[2, 3]).view(), 2, &mut [0; 2]) => "axis 2 is out of range for the shape [2, 3]";
            "kernels::argmin": kernels::argmin(&x(&[2, 0]).view(), 1, &mut [0; 2]) => "cannot reduce an axis of size 0";
            "kernels::argmin": kernels::argmin(&x(&[2, 3]).view(), 1, &mut [0; 3]) => "the output does not fit";
            "kernels::softmax": kernels::softmax(&x(&[3]).view(), 1, &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::softmax": kernels::softmax(&x(&[3]).view(), 0, &mut out::<2>()) => "the output does not fit";
            "kernels::log_softmax": kernels::log_softmax(&x(&[3]).view(), 1, &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::log_softmax": kernels::log_softmax(&x(&[3]).view(), 0, &mut out::<2>()) => "the output does not fit";
            "kernels::softmax_pullback": kernels::softmax_pullback(&shape(&[3]), 1, &out::<3>(), &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::softmax_pullback": kernels::softmax_pullback(&shape(&[3]), 0, &out::<2>(), &mut out::<3>()) => "two slices differ in length";
            "kernels::softmax_pullback": kernels::softmax_pullback(&shape(&[3]), 0, &out::<2>(), &mut out::<2>()) => "a slice does not fill its shape";
            "kernels::log_softmax_pullback": kernels::log_softmax_pullback(&shape(&[3]), 1, &out::<3>(), &mut out::<3>()) => "axis 1 is out of range for the shape [3]";
            "kernels::log_softmax_pullback": kernels::log_softmax_pullback(&shape(&[3]), 0, &out::<2>(), &mut out::<3>()) => "two slices differ in length";
        },
    );
}

#[test]
fn elementwise() {
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "kernels::map_flat": map_flat(3, 2, 3) => "map: an input is too short";
            "kernels::map_flat": map_flat(3, 3, 2) => "map: a buffer is too short";
            "kernels::map": map(2, &[3], &[3], &[3], 3) => "map: an input is too short";
            "kernels::map": map(3, &[3], &[3], &[3], 2) => "map: a buffer is too short";
            "kernels::map": map(3, &[3], &[2], &[2], 2) => "map: an input does not broadcast";
            "kernels::map": map(1, &[1], &[2], &[3], 3) => "map: an output has another shape";
        },
    );
}

#[test]
fn products() {
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "product::batch_shape": product::batch_shape(&shape(&[3]), &shape(&[3, 2])) => "matmul: [3] is no matrix";
            "product::batch_shape": product::batch_shape(&shape(&[2, 3, 4]), &shape(&[3, 4, 2])) => "do not broadcast: [2] and [3]";
            "product::shape": product::shape(&shape(&[2, 3]), &shape(&[3])) => "matmul: [3] is no matrix";
            "product::shape": product::shape(&shape(&[2, 3, 4]), &shape(&[3, 4, 2])) => "do not broadcast: [2] and [3]";
            "product::multiply": product::multiply(&mut out::<4>(), &layout(&[2, 2]), &x(&[2, 3]).view(), &x(&[4, 2]).view(), false) => "do not fit";
            "product::multiply": product::multiply(&mut out::<3>(), &layout(&[2, 2]), &x(&[2, 3]).view(), &x(&[3, 2]).view(), false) => "a matrix reaches beyond its storage";
            "kernels::matmul": kernels::matmul(matrix_mut(&mut out::<4>(), 2, 2), matrix(&out::<6>(), 2, 3), matrix(&out::<8>(), 4, 2), false) => "do not fit";
            "kernels::matmul_from": kernels::matmul_from(&out::<2>(), matrix_mut(&mut out::<4>(), 2, 2), matrix(&out::<6>(), 2, 3), matrix(&out::<8>(), 4, 2)) => "do not fit";
            "kernels::matmul_from": kernels::matmul_from(&out::<3>(), matrix_mut(&mut out::<4>(), 2, 2), matrix(&out::<6>(), 2, 3), matrix(&out::<6>(), 3, 2)) => "the row has not the width of the product";
            "kernels::dot": kernels::dot(&out::<2>(), &out::<3>()) => "the lengths of the factors differ";
            "Matrix::new": Matrix::new(&out::<5>(), 0, 2, 3, 3, 1) => "a matrix reaches beyond its storage";
            "Matrix::new": Matrix::new(&out::<5>(), 0, 2, 2, -1, 1) => "a matrix reaches beyond its storage";
            "Matrix::row_major": matrix(&out::<5>(), 2, 3) => "a matrix reaches beyond its storage";
            "MatrixMut::new": MatrixMut::new(&mut out::<5>(), 0, 2, 3, 3, 1) => "a matrix reaches beyond its storage";
            "MatrixMut::new": MatrixMut::new(&mut out::<9>(), 0, 2, 3, 1, 1) => "the elements of a matrix to write overlap";
            "MatrixMut::row_major": matrix_mut(&mut out::<5>(), 2, 3) => "a matrix reaches beyond its storage";
            "Packed::pack": Packed::default().pack(Matrix::new(&out::<1>(), 0, 1 << 40, 1 << 40, 0, 0)) => "there is no memory to pack a matrix [1099511627776, 1099511627776]";
            "Packed::multiply": { let mut b = Packed::default(); b.pack(matrix(&out::<6>(), 3, 2)); b.multiply(matrix_mut(&mut out::<4>(), 2, 2), matrix(&out::<8>(), 2, 4), false) } => "do not fit";
            "Packed::multiply_from": { let mut b = Packed::default(); b.pack(matrix(&out::<6>(), 3, 2)); b.multiply_from(&out::<3>(), matrix_mut(&mut out::<4>(), 2, 2), matrix(&out::<6>(), 2, 3)) } => "the row has not the width of the product";
        },
    );
}
