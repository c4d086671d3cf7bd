//! `conv_weight`: what flows back into the weight of a convolution, as a function of its own.
//!
//! - shape: x\[n, c, …\], y\[n, o, …\] → w\[o, c / groups, k…\]
//! - value: w_ock = Σ_ni x_n,c,(i · stride + k · dilation − padding) y_noi
//! - rule: x̄ is the transposed convolution of y with w̄, ȳ the convolution of x with w̄
//! - edges: everywhere smooth; what lies beyond x adds nothing
//! - source: LeCun et al. 1998, Gradient-based learning applied to document recognition

use wengert_tensor::{Conv, Float, Shape, Tensor};

use super::conv::{Face, Plain, add, products, record};
use crate::check::{Samples, plain};
use crate::record::recording::or_panic;
use crate::record::var::Var;

/// The weight's face of the convolution of these shapes.
#[track_caller]
fn weight<'t, T: Float>(x: Var<'t, T>, y: Var<'t, T>, shape: [usize; 4], options: Conv) -> Var<'t, T> {
    let sizes = or_panic(options.sizes("conv_weight", 2, &x.shape(), &Shape::from(shape), None));
    record(sizes, Face::Weight, [x, y], None)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &[Tensor<f64>], shape: [usize; 4], set: Plain| {
        let mut sums = Tensor::zeros(shape);
        products(x[0].shape(), &shape, x[1].shape(), set, |from, by, to| {
            add(&mut sums, by, plain::at(&x[0], from) * plain::at(&x[1], to));
        });
        vec![sums]
    };
    Samples::new("conv_weight")
        .case("two axes", &[&[2, 3, 4, 3], &[2, 2, 2, 2]], |x| {
            vec![weight(x[0], x[1], [2, 3, 3, 2], Conv::new())]
        })
        .gives(move |x| value(x, [2, 3, 3, 2], Plain { stride: 1, padding: 0, dilation: 1, groups: 1 }))
        .case("in groups, with steps", &[&[1, 4, 4, 5], &[1, 2, 2, 3]], |x| {
            let set = Conv::new().stride(2).padding(1).dilation(2).groups(2);
            vec![weight(x[0], x[1], [2, 2, 2, 2], set)]
        })
        .gives(move |x| value(x, [2, 2, 2, 2], Plain { stride: 2, padding: 1, dilation: 2, groups: 2 }))
}
