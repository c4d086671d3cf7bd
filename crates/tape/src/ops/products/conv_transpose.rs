//! `conv_transpose`: transposed convolutions of up to three axes.
//!
//! - shape: x\[n, c, …\], w\[c, o / groups, k…\], b\[o\] → y\[n, o, …\], along each axis
//!   (len − 1) · stride + (k − 1) · dilation + 1 + output padding − padding
//! - value: each x_nci times w_co, laid down at i · stride − padding and added up, plus b_o
//! - rule: x̄ is the convolution of ȳ with w, w̄_cok = Σ_ni ȳ_no… x_nci, b̄ the sum of ȳ
//! - edges: everywhere smooth; places that nothing is laid on are b
//! - source: Zeiler et al. 2010, Deconvolutional networks; Dumoulin and Visin 2016, A guide to convolution
//!   arithmetic for deep learning

use wengert_tensor::{Conv, Float, Tensor};

use super::conv::{Face, Plain, add, products, record};
use crate::check::{Samples, plain};
use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The transpose of a convolution: each element of \[batch, C, length\] (or without a batch) times the
    /// weight \[C, O / groups, kernel\], laid down `stride` apart and added up, with a bias \[O\] if there is one.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Conv, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0]]));
    /// let w = Tensor::from([[[1.0, 10.0, 100.0]]]);
    /// let y = x.conv_transpose1d(&w, None, Conv::new().stride(2));
    /// assert_eq!(y.value().to_rows(), [[1.0, 10.0, 102.0, 20.0, 200.0]]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    #[doc(alias = "deconvolution")]
    #[track_caller]
    pub fn conv_transpose1d(self, weight: impl Operand<'t, T>, bias: Option<Self>, options: Conv) -> Self {
        transposed("conv_transpose1d", 1, self, weight.on(self.tape()), bias, options)
    }

    /// The transpose of a convolution over two axes: see [`conv_transpose1d`](Var::conv_transpose1d).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Conv, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let up = Conv::new().stride(2).padding(1).output_padding(1);
    /// let y = tape.ones([1, 3, 4, 4]).conv_transpose2d(&Tensor::ones([3, 2, 3, 3]), None, up);
    /// assert_eq!(y.shape(), [1, 2, 8, 8]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    #[doc(alias = "deconvolution")]
    #[track_caller]
    pub fn conv_transpose2d(self, weight: impl Operand<'t, T>, bias: Option<Self>, options: Conv) -> Self {
        transposed("conv_transpose2d", 2, self, weight.on(self.tape()), bias, options)
    }

    /// The transpose of a convolution over three axes: see [`conv_transpose1d`](Var::conv_transpose1d).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Conv, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let w = Tensor::ones([1, 1, 2, 2, 2]);
    /// let y = tape.ones([1, 1, 2, 2, 2]).conv_transpose3d(&w, None, Conv::new().stride(2));
    /// assert_eq!(y.value(), Tensor::ones([1, 1, 4, 4, 4]));
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    #[doc(alias = "deconvolution")]
    #[track_caller]
    pub fn conv_transpose3d(self, weight: impl Operand<'t, T>, bias: Option<Self>, options: Conv) -> Self {
        transposed("conv_transpose3d", 3, self, weight.on(self.tape()), bias, options)
    }
}

#[track_caller]
fn transposed<'t, T: Float>(
    op: &'static str,
    dims: usize,
    y: Var<'t, T>,
    w: Var<'t, T>,
    bias: Option<Var<'t, T>>,
    options: Conv,
) -> Var<'t, T> {
    let of_bias = bias.map(Var::shape);
    let sizes = options.transposed_sizes(op, dims, &y.shape(), &w.shape(), of_bias.as_ref());
    record(or_panic(sizes), Face::Input, [y, w], bias)
}

/// A transposed convolution by its definition.
fn plain_transpose(
    x: &Tensor<f64>,
    w: &Tensor<f64>,
    bias: Option<&Tensor<f64>>,
    y: &[usize],
    set: Plain,
) -> Tensor<f64> {
    let mut sums = Tensor::from_fn(y, |at| bias.map_or(0.0, |bias| bias[[at[1]]]));
    products(y, w.shape(), x.shape(), set, |to, by, from| {
        add(&mut sums, to, plain::at(x, from) * plain::at(w, by));
    });
    sums
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    const USUAL: Plain = Plain { stride: 1, padding: 0, dilation: 1, groups: 1 };
    Samples::new("conv_transpose")
        .case("one axis", &[&[2, 3, 4], &[3, 2, 3], &[2]], |x| {
            vec![x[0].conv_transpose1d(x[1], Some(x[2]), Conv::new().stride(2).padding(1).output_padding(1))]
        })
        .gives(|x| {
            let set = Plain { stride: 2, padding: 1, ..USUAL };
            vec![plain_transpose(&x[0], &x[1], Some(&x[2]), &[2, 2, 8], set)]
        })
        .case("two axes in groups", &[&[1, 4, 2, 3], &[4, 1, 2, 2], &[2]], |x| {
            vec![x[0].conv_transpose2d(x[1], Some(x[2]), Conv::new().dilation(2).groups(2))]
        })
        .gives(|x| {
            let set = Plain { dilation: 2, groups: 2, ..USUAL };
            vec![plain_transpose(&x[0], &x[1], Some(&x[2]), &[1, 2, 4, 5], set)]
        })
        .case("more at the end than a stride", &[&[2, 1, 2], &[1, 1, 2]], |x| {
            vec![x[0].conv_transpose1d(x[1], None, Conv::new().dilation(3).output_padding(2))]
        })
        .gives(|x| {
            let set = Plain { dilation: 3, ..USUAL };
            vec![plain_transpose(&x[0], &x[1], None, &[2, 1, 7], set)]
        })
        .case("three axes without a batch", &[&[1, 2, 1, 2], &[1, 2, 2, 2, 2]], |x| {
            vec![x[0].conv_transpose3d(x[1], None, Conv::new().stride(2))]
        })
        .gives(|x| {
            let one = plain::reshaped(&x[0], &[1, 1, 2, 1, 2]);
            let set = Plain { stride: 2, ..USUAL };
            let y = plain_transpose(&one, &x[1], None, &[1, 2, 4, 2, 4], set);
            vec![plain::reshaped(&y, &[2, 4, 2, 4])]
        })
        .bad(
            &[&[1, 3, 4], &[2, 3, 3]],
            "conv_transpose1d: a weight of shape [2, 3, 3] does not fit an input of shape [1, 3, 4] in 1 groups",
            |x| vec![x[0].conv_transpose1d(x[1], None, Conv::new())],
        )
        .bad(
            &[&[1, 3, 4], &[3, 3, 3]],
            "conv_transpose1d: an output padding of 2 is not below the stride 2 or the dilation 1",
            |x| vec![x[0].conv_transpose1d(x[1], None, Conv::new().stride(2).output_padding(2))],
        )
}
