//! `conv`: convolutions of up to three axes.
//!
//! - shape: x\[n, c, …\], w\[o, c / groups, k…\], b\[o\] → y\[n, o, …\], along each axis
//!   (len + padding − ((k − 1) · dilation + 1)) / stride + 1, rounded down
//! - value: y_noi = b_o + Σ_ck x_n,c,(i · stride + k · dilation − padding) w_ock, over the channels of the group of o
//! - rule: x̄ is the transposed convolution of ȳ with w, w̄_ock = Σ_ni x_nc… ȳ_noi, b̄ the sum of ȳ
//! - edges: everywhere smooth; padding is 0, so that an infinite weight on it gives NaN
//! - source: LeCun et al. 1998, Gradient-based learning applied to document recognition; Dumoulin and Visin
//!   2016, A guide to convolution arithmetic for deep learning

use std::borrow::Cow;

use wengert_tensor::kernels::product::{
    Convolution, convolve, convolve_transposed, convolve_weight,
};
use wengert_tensor::{Conv, Float, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The convolution of \[batch, C, length\] (or without a batch) with a weight \[O, C / groups, kernel\] and a
    /// bias \[O\], if there is one: \[batch, O, length\]. The kernel is not mirrored, as in networks.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Conv, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0, 4.0, 8.0]]));
    /// let y = x.conv1d(&Tensor::from([[[-1.0, 1.0]]]), None, Conv::new());
    /// assert_eq!(y.value().to_rows(), [[1.0, 2.0, 4.0]]);
    /// assert_eq!(y.sum().backward().wrt(x).unwrap().to_rows(), [[-1.0, 0.0, 0.0, 1.0]]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    #[doc(alias = "convolve")]
    #[doc(alias = "conv_general_dilated")]
    #[track_caller]
    pub fn conv1d(self, weight: impl Operand<'t, T>, bias: Option<Self>, options: Conv) -> Self {
        forward("conv1d", 1, self, weight.on(self.tape()), bias, options)
    }

    /// The convolution of \[batch, C, height, width\] (or without a batch) with a weight \[O, C / groups, kernel…\]
    /// and a bias \[O\], if there is one: \[batch, O, height, width\].
    ///
    /// It keeps nothing but the result: what it needs beside is a buffer of some 100 000 elements, however
    /// large the input is.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Conv, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let w = tape.leaf(&Tensor::ones([2, 3, 3, 3]));
    /// let b = tape.leaf(&Tensor::zeros([2]));
    /// let y = tape.ones([8, 3, 4, 4]).conv2d(w, Some(b), Conv::new().stride(2).padding(1));
    /// assert_eq!(y.shape(), [8, 2, 2, 2]);
    /// assert_eq!(y.sum().backward().wrt(b).unwrap().to_vec(), [32.0, 32.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    #[doc(alias = "conv_general_dilated")]
    #[track_caller]
    pub fn conv2d(self, weight: impl Operand<'t, T>, bias: Option<Self>, options: Conv) -> Self {
        forward("conv2d", 2, self, weight.on(self.tape()), bias, options)
    }

    /// The convolution of \[batch, C, depth, height, width\] (or without a batch) with a weight
    /// \[O, C / groups, kernel…\] and a bias \[O\], if there is one.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Conv, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let y = tape.ones([1, 2, 4, 4, 4]).conv3d(&Tensor::ones([3, 2, 2, 2, 2]), None, Conv::new().stride(2));
    /// assert_eq!(y.value(), Tensor::full([1, 3, 2, 2, 2], 16.0));
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    #[doc(alias = "conv_general_dilated")]
    #[track_caller]
    pub fn conv3d(self, weight: impl Operand<'t, T>, bias: Option<Self>, options: Conv) -> Self {
        forward("conv3d", 3, self, weight.on(self.tape()), bias, options)
    }
}

#[track_caller]
fn forward<'t, T: Float>(
    op: &'static str,
    dims: usize,
    x: Var<'t, T>,
    w: Var<'t, T>,
    bias: Option<Var<'t, T>>,
    options: Conv,
) -> Var<'t, T> {
    let of_bias = bias.map(Var::shape);
    let sizes = or_panic(options.sizes(op, dims, &x.shape(), &w.shape(), of_bias.as_ref()));
    record(sizes, Face::Output, [x, w], bias)
}

/// Records one face of a convolution.
#[track_caller]
pub(in crate::ops) fn record<'t, T: Float>(
    sizes: Convolution,
    face: Face,
    [a, b]: [Var<'t, T>; 2],
    bias: Option<Var<'t, T>>,
) -> Var<'t, T> {
    let op = Convolve { sizes, face };
    match bias {
        Some(bias) => a.tape().apply(op, [a, b, bias]),
        None => a.tape().apply(op, [a, b]),
    }
}

/// What a convolution computes of the other two: it is a sum of products x · w · y.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Face {
    /// y of x and w.
    Output,
    /// x of y and w.
    Input,
    /// w of x and y.
    Weight,
}

/// Of the two that it is not, in this order, and a bias for what it is, if there is one. Each derivative
/// of a face is another face.
#[derive(Clone, Copy)]
struct Convolve {
    sizes: Convolution,
    face: Face,
}

impl Convolve {
    /// The axes that a bias is spread over.
    fn beside_channels(&self) -> Vec<isize> {
        let dims = self.sizes.dims as isize;
        let batch = self.sizes.batched.then_some(0);
        batch.into_iter().chain(-dims..0).collect()
    }
}

impl<T: Float> Op<T> for Convolve {
    compiled_here!(op Convolve);

    fn name(&self) -> &'static str {
        match self.face {
            Face::Output => "conv",
            Face::Input => "conv_transpose",
            Face::Weight => "conv_weight",
        }
    }
    fn shapes(&self, _: &[Shape]) -> Result<Shapes, ShapeError> {
        let shape = match self.face {
            Face::Output => self.sizes.output_shape(),
            Face::Input => self.sizes.input_shape(),
            Face::Weight => self.sizes.weight_shape(),
        };
        Ok(Shapes::from_elem(shape, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let [a, b] = [elements(&inputs[0]), elements(&inputs[1])];
        let bias = inputs.get(2).map(elements);
        let (sizes, bias) = (&self.sizes, bias.as_deref());
        match self.face {
            Face::Output => convolve(sizes, &a, &b, bias, outputs[0]),
            Face::Input => convolve_transposed(sizes, &a, &b, bias, outputs[0]),
            Face::Weight => convolve_weight(sizes, &a, &b, outputs[0]),
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (a, b, bar) = (rule.x(0), rule.x(1), rule.cotangent());
        let face = |face, of| record(self.sizes, face, of, None);
        let (of_a, of_b) = match self.face {
            Face::Output => ((Face::Input, [bar, b]), (Face::Weight, [a, bar])),
            Face::Input => ((Face::Output, [bar, b]), (Face::Weight, [bar, a])),
            Face::Weight => ((Face::Input, [b, bar]), (Face::Output, [a, bar])),
        };
        if rule.needs(0) {
            rule.give(0, face(of_a.0, of_a.1));
        }
        if rule.needs(1) {
            rule.give(1, face(of_b.0, of_b.1));
        }
        if rule.arity() == 3 && rule.needs(2) {
            rule.give(2, bar.sum_axes(&self.beside_channels(), false));
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let face = |of| record(self.sizes, self.face, of, None);
        if let Some(a_dot) = rule.x_dot(0) {
            rule.give(0, face([a_dot, rule.x(1)]));
        }
        if let Some(b_dot) = rule.x_dot(1) {
            rule.give(0, face([rule.x(0), b_dot]));
        }
        if rule.arity() == 3
            && let Some(bias_dot) = rule.x_dot(2)
        {
            let mut column = vec![-1];
            column.extend(std::iter::repeat_n(1, self.sizes.dims));
            rule.give(0, bias_dot.reshape(&column));
        }
    }
}

/// The elements in row-major order, copied only if they lie otherwise.
pub(in crate::ops) fn elements<'a, T: Float>(x: &View<'a, T>) -> Cow<'a, [T]> {
    match x.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(x.iter().collect()),
    }
}

/// Stride, padding before, dilation and groups, the same along each axis.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Plain {
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    pub groups: usize,
}

/// Hands `f` the indices of x, w and y of every product of a convolution, by its definition.
pub(in crate::ops) fn products(
    x: &[usize],
    w: &[usize],
    y: &[usize],
    set: Plain,
    mut f: impl FnMut(&[usize], &[usize], &[usize]),
) {
    let filters = y[1] / set.groups;
    for to in plain::indices(y) {
        for place in plain::indices(&w[1..]) {
            let mut from = vec![to[0], to[1] / filters * w[1] + place[0]];
            for (axis, k) in place[1..].iter().enumerate() {
                let at = to[2 + axis] * set.stride + k * set.dilation;
                match at.checked_sub(set.padding) {
                    Some(at) if at < x[2 + axis] => from.push(at),
                    _ => break,
                }
            }
            if from.len() == x.len() {
                f(&from, &[&[to[1]], &place[..]].concat(), &to);
            }
        }
    }
}

/// A convolution by its definition.
pub(in crate::ops) fn plain_conv(
    x: &Tensor<f64>,
    w: &Tensor<f64>,
    bias: Option<&Tensor<f64>>,
    y: &[usize],
    set: Plain,
) -> Tensor<f64> {
    let mut sums = Tensor::from_fn(y, |at| bias.map_or(0.0, |bias| bias[[at[1]]]));
    products(x.shape(), w.shape(), y, set, |from, by, to| {
        add(&mut sums, to, plain::at(x, from) * plain::at(w, by));
    });
    sums
}

/// Adds to one element.
pub(in crate::ops) fn add(sums: &mut Tensor<f64>, at: &[usize], x: f64) {
    let shape = sums.shape().clone();
    let place = at.iter().zip(shape.iter()).fold(0, |place, (at, dim)| place * dim + at);
    sums.as_mut_slice()[place] += x;
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    const USUAL: Plain = Plain { stride: 1, padding: 0, dilation: 1, groups: 1 };
    Samples::new("conv")
        .case("one axis", &[&[2, 3, 5], &[2, 3, 2], &[2]], |x| vec![x[0].conv1d(x[1], Some(x[2]), Conv::new())])
        .gives(|x| vec![plain_conv(&x[0], &x[1], Some(&x[2]), &[2, 2, 4], USUAL)])
        .case("without a batch and a bias", &[&[2, 4], &[3, 2, 3]], |x| {
            vec![x[0].conv1d(x[1], None, Conv::new().padding(1))]
        })
        .gives(|x| {
            let one = plain::reshaped(&x[0], &[1, 2, 4]);
            let y = plain_conv(&one, &x[1], None, &[1, 3, 4], Plain { padding: 1, ..USUAL });
            vec![plain::reshaped(&y, &[3, 4])]
        })
        .case("two axes in groups", &[&[2, 4, 4, 3], &[2, 2, 2, 2], &[2]], |x| {
            vec![x[0].conv2d(x[1], Some(x[2]), Conv::new().stride(2).padding(1).groups(2))]
        })
        .gives(|x| {
            let set = Plain { stride: 2, padding: 1, groups: 2, ..USUAL };
            vec![plain_conv(&x[0], &x[1], Some(&x[2]), &[2, 2, 3, 2], set)]
        })
        .case("dilated", &[&[1, 1, 5, 5], &[2, 1, 2, 2]], |x| {
            vec![x[0].conv2d(x[1], None, Conv::new().dilation(3).padding(1))]
        })
        .gives(|x| {
            let set = Plain { dilation: 3, padding: 1, ..USUAL };
            vec![plain_conv(&x[0], &x[1], None, &[1, 2, 4, 4], set)]
        })
        .case("of single elements", &[&[2, 3, 2, 2], &[4, 3, 1, 1], &[4]], |x| {
            vec![x[0].conv2d(x[1], Some(x[2]), Conv::new())]
        })
        .gives(|x| vec![plain_conv(&x[0], &x[1], Some(&x[2]), &[2, 4, 2, 2], USUAL)])
        .case("three axes", &[&[1, 2, 3, 3, 2], &[1, 2, 2, 2, 2]], |x| {
            vec![x[0].conv3d(x[1], None, Conv::new().stride(2).padding(1))]
        })
        .gives(|x| {
            let set = Plain { stride: 2, padding: 1, ..USUAL };
            vec![plain_conv(&x[0], &x[1], None, &[1, 1, 2, 2, 2], set)]
        })
        .case("no samples", &[&[0, 2, 4], &[3, 2, 2], &[3]], |x| vec![x[0].conv1d(x[1], Some(x[2]), Conv::new())])
        .gives(|_| vec![Tensor::zeros([0, 3, 3])])
        .bad(
            &[&[2, 3, 5], &[2, 4, 2]],
            "conv1d: a weight of shape [2, 4, 2] does not fit an input of shape [2, 3, 5] in 1 groups",
            |x| vec![x[0].conv1d(x[1], None, Conv::new())],
        )
        .bad(
            &[&[1, 1, 2, 5], &[1, 1, 3, 3]],
            "conv2d: a kernel over 3 places, of the weight [1, 1, 3, 3], is longer than an axis of [1, 1, 2, 5] with its padding: 2",
            |x| vec![x[0].conv2d(x[1], None, Conv::new())],
        )
}
