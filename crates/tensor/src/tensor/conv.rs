//! Convolutions: what is set of one, the rule of its shapes, and the functions.

use std::borrow::Cow;

use super::construct::blank;
use super::{Operand, Tensor, or_panic};
use crate::kernels::product::{ConvAxis, Convolution, convolve, convolve_transposed};
use crate::{Element, Float, Shape, ShapeError};

/// One number for all axes of a window, or a list with one for each, outermost first.
///
/// ```
/// use wengert_tensor::Sizes;
/// assert_eq!(Sizes::from(3).of(2), Some([1, 3, 3]));
/// assert_eq!(Sizes::from([5, 3]).of(2), Some([1, 5, 3]));
/// assert_eq!(Sizes::from([5, 3]).of(3), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// How many there are; none for one that counts for all.
    len: Option<usize>,
    sizes: [usize; 3],
}

impl Sizes {
    /// The numbers of so many axes, right in a list of three that begins with 1; `None` if these are
    /// numbers for more or fewer.
    pub fn of(self, dims: usize) -> Option<[usize; 3]> {
        self.or(dims, 1)
    }

    /// As [`of`](Sizes::of), with another number for axes that are not there.
    fn or(self, dims: usize, missing: usize) -> Option<[usize; 3]> {
        let mut sizes = [missing; 3];
        let there = sizes.get_mut(3_usize.checked_sub(dims)?..)?;
        match self.len {
            None => there.fill(self.sizes[0]),
            Some(len) if len == dims => there.copy_from_slice(&self.sizes[..dims]),
            Some(_) => return None,
        }
        Some(sizes)
    }

    /// The shape of `x` with these lengths of its last axes, which are counted by indices of its shape.
    ///
    /// # Errors
    /// If the indices have another shape, or the lengths are those of other axes.
    #[doc(hidden)]
    pub fn unpooled(
        self,
        op: &'static str,
        dims: usize,
        x: &Shape,
        indices: &Shape,
    ) -> Result<Shape, ShapeError> {
        if x != indices || x.rank() < dims {
            let reason = format!("indices of shape {indices} for {x}, over {dims} axes");
            return Err(ShapeError::new(op, reason));
        }
        let sizes = self.checked(op, "lengths", dims, 1)?;
        let mut shape = x.clone();
        let first = x.rank() - dims;
        shape.dims_mut()[first..].copy_from_slice(&sizes[3 - dims..]);
        shape.fits(op)
    }

    /// The numbers of so many axes, or what is wrong with them.
    pub(super) fn checked(
        self,
        op: &'static str,
        what: &str,
        dims: usize,
        missing: usize,
    ) -> Result<[usize; 3], ShapeError> {
        self.or(dims, missing).ok_or_else(|| {
            let len = self.len.unwrap_or(1);
            let reason = format!("{len} numbers for the {what} of {dims} axes");
            ShapeError::new(op, reason)
        })
    }
}

impl From<usize> for Sizes {
    fn from(size: usize) -> Self {
        Sizes {
            len: None,
            sizes: [size; 3],
        }
    }
}

impl<const N: usize> From<[usize; N]> for Sizes {
    fn from(list: [usize; N]) -> Self {
        let mut sizes = [0; 3];
        for (to, from) in sizes.iter_mut().zip(list) {
            *to = from;
        }
        let len = Some(N);
        Sizes { len, sizes }
    }
}

/// What is set of a convolution: stride, padding, dilation and groups. What is not set is as in PyTorch:
/// windows one apart, no padding, no dilation, one group.
///
/// Each takes one number for all axes, or a list with one for each.
///
/// ```
/// use wengert_tensor::{Conv, Tensor};
/// let x = Tensor::<f64>::ones([1, 2, 8, 8]);
/// let w = Tensor::ones([4, 2, 3, 3]);
/// assert_eq!(x.conv2d(&w, None, Conv::new().stride(2).padding(1)).shape(), &[1, 4, 4, 4]);
/// assert_eq!(x.conv2d(&w, None, Conv::new().same()).shape(), &[1, 4, 8, 8]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    stride: Sizes,
    /// Before and after; none for what keeps the length.
    padding: Option<(Sizes, Sizes)>,
    output_padding: Sizes,
    dilation: Sizes,
    groups: usize,
}

impl Default for Conv {
    fn default() -> Self {
        Conv::new()
    }
}

impl Conv {
    /// Windows that start one apart, without padding, dilation and groups.
    pub fn new() -> Self {
        Conv {
            stride: 1.into(),
            padding: Some((0.into(), 0.into())),
            output_padding: 0.into(),
            dilation: 1.into(),
            groups: 1,
        }
    }

    /// How far apart windows start.
    pub fn stride(mut self, stride: impl Into<Sizes>) -> Self {
        self.stride = stride.into();
        self
    }

    /// So many zeros on both ends of each axis. Other borders are made by [`pad`](Tensor::pad) before.
    pub fn padding(mut self, padding: impl Into<Sizes>) -> Self {
        let padding = padding.into();
        self.padding = Some((padding, padding));
        self
    }

    /// So many zeros before the first element of each axis and behind the last: `borders(2, 0)` makes a
    /// kernel of 3 causal.
    pub fn borders(mut self, before: impl Into<Sizes>, after: impl Into<Sizes>) -> Self {
        self.padding = Some((before.into(), after.into()));
        self
    }

    /// As many zeros as give the output the input's length, or with a stride s its length over s, rounded up.
    /// Where their number is odd, one more stands behind.
    #[doc(alias = "SAME")]
    pub fn same(mut self) -> Self {
        self.padding = None;
        self
    }

    /// Elements between those that a window takes: 1 takes neighbors.
    #[doc(alias = "atrous")]
    pub fn dilation(mut self, dilation: impl Into<Sizes>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Into how many groups the channels are parted, which do not mix. As many as there are channels make a
    /// depthwise convolution.
    #[doc(alias = "depthwise")]
    #[doc(alias = "feature_group_count")]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Into how many groups the channels are parted.
    pub fn group_count(&self) -> usize {
        self.groups
    }

    /// For a transposed convolution: so many places more at the end of each axis. Of the lengths that a
    /// stride above 1 maps to one, it chooses.
    pub fn output_padding(mut self, output_padding: impl Into<Sizes>) -> Self {
        self.output_padding = output_padding.into();
        self
    }

    /// The sizes of a convolution of these shapes.
    ///
    /// # Errors
    /// If they do not fit each other or what is set.
    #[doc(hidden)]
    pub fn sizes(
        &self,
        op: &'static str,
        dims: usize,
        x: &Shape,
        w: &Shape,
        bias: Option<&Shape>,
    ) -> Result<Convolution, ShapeError> {
        let mut sizes = self.frame(op, dims, x, w, true)?;
        if self.output_padding != 0.into() {
            return refuse(op, "an output padding belongs to a transposed convolution");
        }
        check_bias(op, bias, sizes.groups * sizes.filters)?;
        let first = x.rank() - dims;
        let sides = self.sides(op, dims)?;
        for (at, axis) in sizes.axes.iter_mut().enumerate().skip(3 - dims) {
            axis.input = x[first + at + dims - 3];
            let reach = window(axis).ok_or_else(|| too_large(op, x, w))?;
            let (before, after) = match sides {
                Some((before, after)) => (before[at], after[at]),
                None => {
                    let starts = axis.input.div_ceil(axis.stride).saturating_sub(1);
                    let needed = starts.saturating_mul(axis.stride).saturating_add(reach);
                    let missing = needed.saturating_sub(axis.input);
                    (missing / 2, missing - missing / 2)
                }
            };
            let padded = axis
                .input
                .checked_add(before)
                .and_then(|sum| sum.checked_add(after));
            let padded = padded.filter(|&sum| sum <= isize::MAX as usize);
            let padded = padded.ok_or_else(|| too_large(op, x, w))?;
            if reach > padded && !(sides.is_none() && axis.input == 0) {
                let reason = format!(
                    "a kernel over {reach} places, of the weight {w}, is longer than an axis of {x} with its padding: {padded}"
                );
                return Err(ShapeError::new(op, reason));
            }
            axis.before = before;
            axis.output = match padded.checked_sub(reach) {
                Some(room) => room / axis.stride + 1,
                None => 0,
            };
        }
        Ok(sizes)
    }

    /// The sizes of the convolution whose transpose takes a value of shape `y` to one of
    /// [`input_shape`](Convolution::input_shape).
    ///
    /// # Errors
    /// If the shapes do not fit each other or what is set.
    #[doc(hidden)]
    pub fn transposed_sizes(
        &self,
        op: &'static str,
        dims: usize,
        y: &Shape,
        w: &Shape,
        bias: Option<&Shape>,
    ) -> Result<Convolution, ShapeError> {
        let mut sizes = self.frame(op, dims, y, w, false)?;
        check_bias(op, bias, sizes.groups * sizes.channels)?;
        let first = y.rank() - dims;
        let Some((before, after)) = self.sides(op, dims)? else {
            return refuse(
                op,
                "no padding is the same for a transposed convolution: set a number",
            );
        };
        let more = self.output_padding.checked(op, "output padding", dims, 0)?;
        for (at, axis) in sizes.axes.iter_mut().enumerate().skip(3 - dims) {
            axis.output = y[first + at + dims - 3];
            if more[at] >= axis.stride.max(axis.dilation) {
                let reason = format!(
                    "an output padding of {} is not below the stride {} or the dilation {}",
                    more[at], axis.stride, axis.dilation
                );
                return Err(ShapeError::new(op, reason));
            }
            let whole = window(axis).and_then(|reach| {
                let starts = axis.output.saturating_sub(1).checked_mul(axis.stride)?;
                starts.checked_add(reach)?.checked_add(more[at])
            });
            let whole = whole.filter(|&sum| sum <= isize::MAX as usize);
            let whole = whole.ok_or_else(|| too_large(op, y, w))?;
            let borders = before[at].saturating_add(after[at]);
            axis.before = before[at];
            axis.input = match whole.checked_sub(borders) {
                _ if axis.output == 0 => 0,
                Some(input) if input > 0 => input,
                _ => {
                    let reason = format!(
                        "nothing is left of an axis of {y} under the weight {w}: a padding of {borders} of {whole}"
                    );
                    return Err(ShapeError::new(op, reason));
                }
            };
        }
        Ok(sizes)
    }

    /// What does not depend on the lengths of the axes. The first axis of the weight stands for the channels
    /// of the output, which `x` is or is not.
    fn frame(
        &self,
        op: &'static str,
        dims: usize,
        x: &Shape,
        w: &Shape,
        of_input: bool,
    ) -> Result<Convolution, ShapeError> {
        let batched = x.rank() == dims + 2;
        if !batched && x.rank() != dims + 1 || w.rank() != dims + 2 {
            let reason = format!(
                "an input of shape {x} and a weight of shape {w} over {dims} axes: the input has a batch or none, \
                 channels and the axes, the weight two kinds of channels and the axes"
            );
            return Err(ShapeError::new(op, reason));
        }
        let channels = x[x.rank() - dims - 1];
        let groups = self.groups;
        let fits = groups > 0
            && w[0].is_multiple_of(groups)
            && channels
                == if of_input {
                    w[1].saturating_mul(groups)
                } else {
                    w[0]
                };
        if !fits {
            let reason = format!(
                "a weight of shape {w} does not fit an input of shape {x} in {groups} groups"
            );
            return Err(ShapeError::new(op, reason));
        }
        let stride = self.stride.checked(op, "stride", dims, 1)?;
        let dilation = self.dilation.checked(op, "dilation", dims, 1)?;
        if stride.contains(&0) || dilation.contains(&0) {
            return refuse(op, "a stride or a dilation is 0");
        }
        if w[2..].contains(&0) {
            return refuse(op, &format!("a weight of shape {w} has no kernel"));
        }
        let mut axes = [ConvAxis::NONE; 3];
        for (at, axis) in axes.iter_mut().enumerate().skip(3 - dims) {
            axis.kernel = w[2 + at + dims - 3];
            (axis.stride, axis.dilation) = (stride[at], dilation[at]);
        }
        Ok(Convolution {
            dims,
            batched,
            batch: if batched { x[0] } else { 1 },
            groups,
            channels: w[1],
            filters: w[0] / groups,
            axes,
        })
    }

    fn sides(
        &self,
        op: &'static str,
        dims: usize,
    ) -> Result<Option<([usize; 3], [usize; 3])>, ShapeError> {
        let Some((before, after)) = self.padding else {
            return Ok(None);
        };
        let of = |sizes: Sizes| sizes.checked(op, "padding", dims, 0);
        Ok(Some((of(before)?, of(after)?)))
    }
}

/// How many places a window reaches over.
fn window(axis: &ConvAxis) -> Option<usize> {
    (axis.kernel - 1).checked_mul(axis.dilation)?.checked_add(1)
}

fn check_bias(op: &'static str, bias: Option<&Shape>, channels: usize) -> Result<(), ShapeError> {
    match bias {
        Some(bias) if **bias != [channels] => {
            let reason = format!("a bias of shape {bias} for {channels} channels");
            Err(ShapeError::new(op, reason))
        }
        _ => Ok(()),
    }
}

fn refuse<A>(op: &'static str, reason: &str) -> Result<A, ShapeError> {
    Err(ShapeError::new(op, reason))
}

fn too_large(op: &'static str, x: &Shape, w: &Shape) -> ShapeError {
    let reason = format!("no memory holds what a weight of shape {w} makes of {x}");
    ShapeError::new(op, reason)
}

/// The elements in row-major order, copied only if they lie otherwise.
pub(super) fn elements<T: Element>(x: &Tensor<T>) -> Cow<'_, [T]> {
    match x.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(x.to_vec()),
    }
}

/// A convolution over so many axes.
#[track_caller]
fn forward<T: Float>(
    op: &'static str,
    dims: usize,
    x: &Tensor<T>,
    w: &Tensor<T>,
    bias: Option<&Tensor<T>>,
    options: Conv,
) -> Tensor<T> {
    let of_bias = bias.map(Tensor::shape);
    let sizes = or_panic(options.sizes(op, dims, x.shape(), w.shape(), of_bias));
    let shape = sizes.output_shape();
    let mut y = blank(op, &shape);
    let bias = bias.map(elements);
    convolve(&sizes, &elements(x), &elements(w), bias.as_deref(), &mut y);
    Tensor::row_major(y, shape)
}

/// A transposed convolution over so many axes.
#[track_caller]
fn transposed<T: Float>(
    op: &'static str,
    dims: usize,
    y: &Tensor<T>,
    w: &Tensor<T>,
    bias: Option<&Tensor<T>>,
    options: Conv,
) -> Tensor<T> {
    let of_bias = bias.map(Tensor::shape);
    let sizes = or_panic(options.transposed_sizes(op, dims, y.shape(), w.shape(), of_bias));
    let shape = sizes.input_shape();
    let mut x = blank(op, &shape);
    let bias = bias.map(elements);
    convolve_transposed(&sizes, &elements(y), &elements(w), bias.as_deref(), &mut x);
    Tensor::row_major(x, shape)
}

impl<T: Float> Tensor<T> {
    /// The convolution of \[batch, C, length\] (or without a batch) with a weight \[O, C / groups, kernel\] and a
    /// bias \[O\], if there is one: \[batch, O, length\]. The kernel is not mirrored, as in networks.
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    ///
    /// ```
    /// use wengert_tensor::{Conv, Tensor};
    /// let x = Tensor::from([[1.0, 2.0, 4.0, 8.0]]);
    /// let w = Tensor::from([[[-1.0, 1.0]]]);
    /// assert_eq!(x.conv1d(&w, None, Conv::new()).to_rows(), [[1.0, 2.0, 4.0]]);
    /// ```
    #[doc(alias = "convolve")]
    #[doc(alias = "conv_general_dilated")]
    #[track_caller]
    pub fn conv1d(&self, weight: impl Operand<T>, bias: Option<&Self>, options: Conv) -> Self {
        forward("conv1d", 1, self, &weight.operand(), bias, options)
    }

    /// The convolution of \[batch, C, height, width\] (or without a batch) with a weight \[O, C / groups, kernel…\]
    /// and a bias \[O\], if there is one: \[batch, O, height, width\].
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    ///
    /// ```
    /// use wengert_tensor::{Conv, Tensor};
    /// let x = Tensor::<f64>::ones([1, 3, 4, 4]);
    /// let w = Tensor::ones([2, 3, 3, 3]);
    /// let y = x.conv2d(&w, Some(&Tensor::from([0.0, 1.0])), Conv::new().padding(1));
    /// assert_eq!(y.get(&[0, 0, 0, 0]), Some(12.0));
    /// assert_eq!(y.get(&[0, 1, 1, 1]), Some(28.0));
    /// ```
    #[doc(alias = "conv_general_dilated")]
    #[track_caller]
    pub fn conv2d(&self, weight: impl Operand<T>, bias: Option<&Self>, options: Conv) -> Self {
        forward("conv2d", 2, self, &weight.operand(), bias, options)
    }

    /// The convolution of \[batch, C, depth, height, width\] (or without a batch) with a weight
    /// \[O, C / groups, kernel…\] and a bias \[O\], if there is one.
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    ///
    /// ```
    /// use wengert_tensor::{Conv, Tensor};
    /// let x = Tensor::<f64>::ones([1, 2, 4, 4, 4]);
    /// let y = x.conv3d(Tensor::ones([3, 2, 2, 2, 2]), None, Conv::new().stride(2));
    /// assert_eq!(y, Tensor::full([1, 3, 2, 2, 2], 16.0));
    /// ```
    #[doc(alias = "conv_general_dilated")]
    #[track_caller]
    pub fn conv3d(&self, weight: impl Operand<T>, bias: Option<&Self>, options: Conv) -> Self {
        forward("conv3d", 3, self, &weight.operand(), bias, options)
    }

    /// The transpose of a convolution: each element of \[batch, C, length\] (or without a batch) times the
    /// weight \[C, O / groups, kernel\], laid down `stride` apart and added up, with a bias \[O\] if there is one.
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    ///
    /// ```
    /// use wengert_tensor::{Conv, Tensor};
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let w = Tensor::from([[[1.0, 10.0, 100.0]]]);
    /// let y = x.conv_transpose1d(&w, None, Conv::new().stride(2));
    /// assert_eq!(y.to_rows(), [[1.0, 10.0, 102.0, 20.0, 200.0]]);
    /// ```
    #[doc(alias = "deconvolution")]
    #[track_caller]
    pub fn conv_transpose1d(
        &self,
        weight: impl Operand<T>,
        bias: Option<&Self>,
        options: Conv,
    ) -> Self {
        transposed(
            "conv_transpose1d",
            1,
            self,
            &weight.operand(),
            bias,
            options,
        )
    }

    /// The transpose of a convolution over two axes: see [`conv_transpose1d`](Tensor::conv_transpose1d).
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    ///
    /// ```
    /// use wengert_tensor::{Conv, Tensor};
    /// let x = Tensor::<f64>::ones([1, 3, 4, 4]);
    /// let up = Conv::new().stride(2).padding(1).output_padding(1);
    /// assert_eq!(x.conv_transpose2d(Tensor::ones([3, 2, 3, 3]), None, up).shape(), &[1, 2, 8, 8]);
    /// ```
    #[doc(alias = "deconvolution")]
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        weight: impl Operand<T>,
        bias: Option<&Self>,
        options: Conv,
    ) -> Self {
        transposed(
            "conv_transpose2d",
            2,
            self,
            &weight.operand(),
            bias,
            options,
        )
    }

    /// The transpose of a convolution over three axes: see [`conv_transpose1d`](Tensor::conv_transpose1d).
    ///
    /// # Panics
    /// If the shapes do not fit each other or the options.
    ///
    /// ```
    /// use wengert_tensor::{Conv, Tensor};
    /// let x = Tensor::<f64>::ones([1, 1, 2, 2, 2]);
    /// let y = x.conv_transpose3d(Tensor::ones([1, 1, 2, 2, 2]), None, Conv::new().stride(2));
    /// assert_eq!(y, Tensor::ones([1, 1, 4, 4, 4]));
    /// ```
    #[doc(alias = "deconvolution")]
    #[track_caller]
    pub fn conv_transpose3d(
        &self,
        weight: impl Operand<T>,
        bias: Option<&Self>,
        options: Conv,
    ) -> Self {
        transposed(
            "conv_transpose3d",
            3,
            self,
            &weight.operand(),
            bias,
            options,
        )
    }
}
