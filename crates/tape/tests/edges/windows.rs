//! Windows and convolutions: ties, infinities, NaN, nothing, and second order.

use wengert_tape::Tape;
use wengert_tensor::{Conv, Interpolate, Pool, ScatterReduce, Tensor};

use crate::{INF, NAN, assert_same, orders, orders_of};

#[test]
fn elements_that_tie_in_a_window_share_equally() {
    let [y, bar, second] = orders(|x| x.max_pool1d(3), &[2.0, 2.0, 1.0, 5.0, 5.0, 5.0]);
    assert_same(&y, &[2.0, 5.0], "y");
    let third = 1.0 / 3.0;
    assert_same(&bar, &[0.5, 0.5, 0.0, third, third, third], "the gradient");
    assert_same(&second, &[0.0; 6], "the second");
    // Windows that overlap: each gives its own share.
    let [_, bar, _] = orders(|x| x.max_pool1d(Pool::new(2).stride(1)), &[1.0, 1.0, 1.0]);
    assert_same(&bar, &[0.5, 1.0, 0.5], "of windows that overlap");
    // With indices it is the first.
    let [_, bar, _] = orders(|x| x.max_pool1d_with_indices(3).0, &[1.0, 2.0, 2.0]);
    assert_same(&bar, &[0.0, 1.0, 0.0], "with indices");
}

#[test]
fn a_maximum_of_infinities_and_nan() {
    let x = [-INF, -INF, INF, 1.0, NAN, 1.0];
    let [y, bar, _] = orders(|x| x.max_pool1d(2), &x);
    assert_same(&y, &[-INF, INF, NAN], "y");
    assert_same(&bar, &[0.5, 0.5, 1.0, 0.0, NAN, NAN], "the gradient");
    // A cotangent of 0 stays 0.
    let [_, bar, _] = orders(|x| x.max_pool1d(2).slice(0, ..2), &x);
    assert_same(
        &bar,
        &[0.5, 0.5, 1.0, 0.0, 0.0, 0.0],
        "where nothing flows back",
    );
    // Padding is nothing, not 0.
    let [y, bar, _] = orders(
        |x| x.max_pool1d(Pool::new(2).padding(1)),
        &[-3.0, -2.0, -1.0],
    );
    assert_same(&y, &[-3.0, -1.0], "y");
    assert_same(&bar, &[1.0, 0.0, 1.0], "the gradient beside padding");
}

#[test]
fn the_second_order_of_a_maximum_is_that_of_what_it_takes() {
    let [y, bar, second] = orders(
        |x| {
            let y = (x * x).max_pool1d(2);
            y * y
        },
        &[1.0, 2.0, 3.0, -1.0],
    );
    assert_same(&y, &[16.0, 81.0], "x⁴");
    assert_same(&bar, &[0.0, 32.0, 108.0, 0.0], "4 x³");
    assert_same(&second, &[0.0, 48.0, 108.0, 0.0], "12 x²");
    // Where two tie: ∂²/∂a² of ((a² + b²) / 2)² along a = b, by the shares.
    let [_, bar, second] = orders(
        |x| {
            let y = x.max_pool1d(2);
            y * y * y
        },
        &[2.0, 2.0],
    );
    assert_same(&bar, &[6.0, 6.0], "half of 3 x² each");
    assert_same(&second, &[6.0, 6.0], "half of 6 x each");
}

#[test]
fn a_mean_spreads_evenly_and_takes_nothing_from_beside() {
    let [y, bar, second] = orders(|x| x.avg_pool1d(2), &[1.0, 3.0, NAN, 1.0, INF, 1.0]);
    assert_same(&y, &[2.0, NAN, INF], "y");
    assert_same(&bar, &[0.5; 6], "the gradient");
    assert_same(&second, &[0.0; 6], "the second");
    // The place of a middle that is an element has no part of its neighbor.
    let ends = Interpolate::Linear {
        align_corners: true,
    };
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([INF, 1.0, NAN]));
    assert_same(
        &x.interpolate(&[3], ends).value().to_vec(),
        &[INF, 1.0, NAN],
        "y",
    );
    assert_eq!(
        x.slice(0, 1..2).interpolate(&[2], ends).value().to_vec(),
        [1.0, 1.0]
    );
}

#[test]
fn windows_over_nothing() {
    let tape = Tape::<f64>::new();
    for dims in [&[0, 2, 4, 4][..], &[2, 0, 4, 4]] {
        let x = tape.leaf(&Tensor::zeros(dims));
        let y = x.max_pool2d(2) + x.avg_pool2d(2);
        assert_eq!(y.shape(), [dims[0], dims[1], 2, 2]);
        assert_eq!(y.sum().backward().wrt(x).unwrap().shape(), dims);
    }
    let x = tape.leaf(&Tensor::zeros([0, 2, 5]));
    let w = tape.leaf(&Tensor::ones([3, 2, 2]));
    let y = x.conv1d(w, None, Conv::new());
    assert_eq!(y.shape(), [0, 3, 4]);
    let bars = y.sum().backward();
    assert_eq!(bars.wrt(x).unwrap().shape(), &[0, 2, 5]);
    assert_eq!(bars.wrt(w).unwrap(), Tensor::zeros([3, 2, 2]));
    // No channels: a sum over nothing, and the bias.
    let b = tape.leaf(&Tensor::from([2.0]));
    let y = tape
        .zeros([1, 0, 5])
        .conv1d(&Tensor::zeros([1, 0, 2]), Some(b), Conv::new());
    assert_eq!(y.value(), Tensor::full([1, 1, 4], 2.0));
}

#[test]
fn a_convolution_is_as_wide_as_its_window() {
    // NaN and infinity reach those windows alone that hold them.
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([[1.0, NAN, 1.0, 1.0, INF, 1.0]]));
    let w = Tensor::from([[[1.0, 2.0]]]);
    let y = x.conv1d(&w, None, Conv::new());
    assert_same(&y.value().to_vec(), &[NAN, NAN, 3.0, INF, INF], "y");
    let bar = y.sum().backward().wrt(x).unwrap();
    assert_same(
        &bar.to_vec(),
        &[1.0, 3.0, 3.0, 3.0, 3.0, 2.0],
        "the gradient",
    );
    // What is behind the last whole window has no part in it.
    let x = tape.leaf(&Tensor::from([[1.0, 2.0, NAN]]));
    let y = x.conv1d(&w, None, Conv::new().stride(2));
    assert_eq!(y.value().to_vec(), [5.0]);
    assert_eq!(y.sum().backward().wrt(x).unwrap().to_vec(), [1.0, 2.0, 0.0]);
}

#[test]
fn the_second_order_of_a_convolution_of_itself() {
    // y = x ∗ x, of two elements: [x₀² , …] with kernel x itself, Σ y = x₀² + x₁².
    let [y, bar, second] = orders_of(
        |x| {
            x.reshape(&[1, 1, 2])
                .conv1d(x.reshape(&[1, 1, 2]), None, Conv::new())
        },
        &Tensor::from([3.0, 5.0]),
    );
    assert_same(&y, &[34.0], "x₀² + x₁²");
    assert_same(&bar, &[6.0, 10.0], "2 x");
    assert_same(&second, &[2.0, 2.0], "2");
}

#[test]
fn a_product_of_scattered_elements_is_differentiated_at_zeros() {
    let tape = Tape::<f64>::new();
    let index = Tensor::from([0, 0, 0, 1, 1]);
    let src = tape.leaf(&Tensor::from([2.0, 0.0, 3.0, 0.0, 0.0]));
    let x = tape.leaf(&Tensor::from([5.0, 7.0]));
    let y = x.scatter_reduce(0, &index, src, ScatterReduce::Prod, true);
    assert_eq!(y.value().to_vec(), [0.0, 0.0]);
    let [of_x, of_src] = tape.grad(y.sum(), [x, src]);
    assert_same(&of_x.value().to_vec(), &[0.0, 0.0], "x");
    assert_same(&of_src.value().to_vec(), &[0.0, 30.0, 0.0, 0.0, 0.0], "src");
    // ∂²/∂src₃∂src₄ of 7 src₃ src₄.
    let [second] = tape.grad(of_src.slice(0, 3..4).sum(), [src]);
    assert_same(
        &second.value().to_vec(),
        &[0.0, 0.0, 0.0, 0.0, 7.0],
        "the second",
    );
}

#[test]
fn the_greatest_of_scattered_elements_that_tie() {
    let tape = Tape::<f64>::new();
    let index = Tensor::from([0, 0, 0, 1, 2]);
    let src = tape.leaf(&Tensor::from([4.0, 4.0, 1.0, INF, NAN]));
    let x = tape.leaf(&Tensor::from([4.0, 0.0, 1.0, 6.0]));
    let y = x.scatter_reduce(0, &index, src, ScatterReduce::Max, true);
    assert_same(&y.value().to_vec(), &[4.0, INF, NAN, 6.0], "y");
    let bars = y.sum().backward();
    let third = 1.0 / 3.0;
    assert_same(&bars.wrt(x).unwrap().to_vec(), &[third, 0.0, 0.0, 1.0], "x");
    assert_same(
        &bars.wrt(src).unwrap().to_vec(),
        &[third, third, 0.0, 1.0, 1.0],
        "src",
    );
    let least = x.scatter_reduce(0, &index, src, ScatterReduce::Min, false);
    assert_same(&least.value().to_vec(), &[1.0, INF, NAN, 6.0], "the least");
}

#[test]
fn infinities_do_not_spoil_the_places_beside_them() {
    let tape = Tape::<f64>::new();
    let src = tape.leaf(&Tensor::from([1.0, 3.0]));
    let x = tape.leaf(&Tensor::from([INF, NAN, 2.0]));
    // Their own elements do not count: nothing of them is left.
    let y = x.scatter_reduce(0, &Tensor::from([0, 1]), src, ScatterReduce::Mean, false);
    assert_eq!(y.value().to_vec(), [1.0, 3.0, 2.0]);
    assert_eq!(y.sum().backward().wrt(x).unwrap().to_vec(), [0.0, 0.0, 1.0]);
}
