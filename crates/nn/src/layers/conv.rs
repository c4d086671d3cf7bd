//! Convolutions, and their transposes.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Conv, Float, Rng, Shape, Sizes, Tensor};

use crate::init;

/// Declares layers of a weight, a bias and the options of a convolution over so many axes.
macro_rules! convolutions {
    ($($(#[$doc:meta])* $name:ident: $method:ident($dims:literal), $shape:ident, $weight:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Tree, Clone, Debug)]
        pub struct $name<P = Tensor> {
            #[doc = concat!("W \\[", $weight, "\\].")]
            pub weight: P,
            /// b \[O\], if there is one.
            pub bias: Option<P>,
            /// Stride, padding, dilation and groups.
            pub options: Conv,
        }

        impl $name {
            /// A layer of so many channels in and out, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one
            /// in `f64`.
            ///
            /// # Panics
            /// If the channels do not make up equal groups, or the kernel has sizes for other axes.
            #[track_caller]
            pub fn new(
                inputs: usize,
                outputs: usize,
                kernel: impl Into<Sizes>,
                options: Conv,
                rng: &mut Rng,
            ) -> Self {
                let groups = options.group_count();
                assert!(
                    groups > 0 && inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups),
                    "{}: {inputs} and {outputs} channels do not make up {groups} groups",
                    stringify!($name)
                );
                let Some(kernel) = kernel.into().of($dims) else {
                    panic!("{}: a kernel has a size, or one for each of the {} axes", stringify!($name), $dims)
                };
                let mut shape = $shape(inputs, outputs, groups);
                let mut window = 1;
                for &size in &kernel[3 - $dims..] {
                    shape.push(size);
                    window *= size;
                }
                let k = 1.0 / ((shape[1] * window).max(1) as f64).sqrt();
                $name {
                    weight: init::uniform(shape, k, rng),
                    bias: Some(init::uniform([outputs], k, rng)),
                    options,
                }
            }
        }

        impl<P> $name<P> {
            /// The layer without its bias.
            pub fn without_bias(mut self) -> Self {
                self.bias = None;
                self
            }
        }

        impl<'t, T: Float> $name<Var<'t, T>> {
            /// The convolution of `x`.
            ///
            /// # Panics
            /// If `x` does not have the channels and axes that the weight is for, or is shorter than the kernel.
            #[track_caller]
            pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
                x.$method(self.weight, self.bias, self.options)
            }
        }
    )* };
}

/// A row of filters for each output.
fn forward(inputs: usize, outputs: usize, groups: usize) -> Shape {
    Shape::from([outputs, inputs / groups])
}

/// A row of filters for each input.
fn transposed(inputs: usize, outputs: usize, groups: usize) -> Shape {
    Shape::from([inputs, outputs / groups])
}

convolutions! {
    /// A convolution along one axis, such as time.
    ///
    /// x is \[B, C, L\] or \[C, L\], W \[O, C / groups, K\], b \[O\], y \[B, O, L'\] with
    /// L' = (L + padding − (K − 1) dilation − 1) / stride + 1, rounded down:
    ///
    /// ```text
    /// y_ol = b_o + Σ_ck W_ock x_c(l·stride + k·dilation − padding)
    /// ```
    ///
    /// W and b start uniform in (−k, k) with k = 1/√(C K / groups), as PyTorch's `Conv1d` does. Borders other than
    /// zeros are made by [`pad`](wengert_tape::Var::pad) before.
    ///
    /// Source: Waibel et al. 1989, *Phoneme recognition using time-delay neural networks*.
    ///
    /// ```
    /// use wengert_nn::Conv1d;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Conv, Rng, Tensor};
    ///
    /// // A causal layer: what stands behind a step has no influence on it.
    /// let causal = Conv::new().borders(2, 0);
    /// let mut layer = Conv1d::new(1, 1, 3, causal, &mut Rng::seed_from_u64(1)).without_bias();
    /// layer.weight = Tensor::from([[[1.0, 1.0, 1.0]]]);
    /// let tape = Tape::new();
    /// let y = layer.bind(&tape).forward(tape.constant(&Tensor::from([[1.0, 2.0, 3.0, 4.0]])));
    /// assert_eq!(y.value().to_rows(), [[1.0, 3.0, 6.0, 9.0]]);
    /// ```
    Conv1d: conv1d(1), forward, "O, C / groups, K";
    /// A convolution over two axes, such as those of an image.
    ///
    /// x is \[B, C, H, W\] or \[C, H, W\], the weight \[O, C / groups, K, K\], b \[O\], y \[B, O, H', W'\]; the equation is
    /// that of [`Conv1d`] with two axes.
    ///
    /// W and b start uniform in (−k, k) with k = 1/√(C K K / groups), as PyTorch's `Conv2d` does. Channels come before the
    /// axes, as there; [`BatchNorm`](crate::BatchNorm) and other layers over the last axis take a
    /// [`movedim(1, -1)`](wengert_tape::Var::movedim).
    ///
    /// Source: LeCun et al. 1998, *Gradient-based learning applied to document recognition*.
    ///
    /// ```
    /// use wengert_nn::{Conv2d, Forward, MaxPool2d, Relu};
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Conv, Rng};
    ///
    /// let layer = Conv2d::new(1, 8, 3, Conv::new().padding(1), &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// let y = (layer.bind(&tape), Relu, MaxPool2d::new(2)).forward(tape.ones([5, 1, 28, 28]));
    /// assert_eq!(y.shape(), [5, 8, 14, 14]);
    /// ```
    Conv2d: conv2d(2), forward, "O, C / groups, K, K";
    /// A convolution over three axes, such as those of a video or a volume.
    ///
    /// x is \[B, C, D, H, W\] or \[C, D, H, W\], the weight \[O, C / groups, K, K, K\], b \[O\]; the equation is that of
    /// [`Conv1d`] with three axes.
    ///
    /// W and b start uniform in (−k, k) with k = 1/√(C K K K / groups), as PyTorch's `Conv3d` does.
    ///
    /// Source: Ji, Xu, Yang and Yu 2013, *3D convolutional neural networks for human action recognition*.
    ///
    /// ```
    /// use wengert_nn::Conv3d;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Conv, Rng};
    ///
    /// let layer = Conv3d::new(2, 3, [1, 2, 2], Conv::new(), &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// assert_eq!(layer.bind(&tape).forward(tape.ones([2, 4, 4, 4])).shape(), [3, 4, 3, 3]);
    /// ```
    Conv3d: conv3d(3), forward, "O, C / groups, K, K, K";
    /// The transpose of a convolution along one axis, which makes it longer by its stride.
    ///
    /// x is \[B, C, L\] or \[C, L\], W \[C, O / groups, K\], b \[O\], y \[B, O, L'\] with
    /// L' = (L − 1) stride + (K − 1) dilation + 1 + output padding − padding: each x_cl times W_co is laid down at
    /// l·stride − padding, and all are added up with b_o.
    ///
    /// W and b start uniform in (−k, k) with k = 1/√(O K / groups), as PyTorch's `ConvTranspose1d` does.
    ///
    /// Source: Zeiler, Krishnan, Taylor and Fergus 2010, *Deconvolutional networks*.
    ///
    /// ```
    /// use wengert_nn::ConvTranspose1d;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Conv, Rng, Tensor};
    ///
    /// let up = Conv::new().stride(2);
    /// let mut layer = ConvTranspose1d::new(1, 1, 2, up, &mut Rng::seed_from_u64(1)).without_bias();
    /// layer.weight = Tensor::from([[[1.0, 10.0]]]);
    /// let tape = Tape::new();
    /// let y = layer.bind(&tape).forward(tape.constant(&Tensor::from([[1.0, 2.0]])));
    /// assert_eq!(y.value().to_rows(), [[1.0, 10.0, 2.0, 20.0]]);
    /// ```
    ConvTranspose1d: conv_transpose1d(1), transposed, "C, O / groups, K";
    /// The transpose of a convolution over two axes, which makes them longer by its stride.
    ///
    /// x is \[B, C, H, W\] or \[C, H, W\], the weight \[C, O / groups, K, K\], b \[O\]; the equation is that of
    /// [`ConvTranspose1d`] with two axes.
    ///
    /// W and b start uniform in (−k, k) with k = 1/√(O K K / groups), as PyTorch's `ConvTranspose2d` does.
    ///
    /// Source: Zeiler, Krishnan, Taylor and Fergus 2010, *Deconvolutional networks*.
    ///
    /// ```
    /// use wengert_nn::ConvTranspose2d;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Conv, Rng};
    ///
    /// let up = Conv::new().stride(2).padding(1).output_padding(1);
    /// let layer = ConvTranspose2d::new(8, 1, 3, up, &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// assert_eq!(layer.bind(&tape).forward(tape.ones([5, 8, 14, 14])).shape(), [5, 1, 28, 28]);
    /// ```
    ConvTranspose2d: conv_transpose2d(2), transposed, "C, O / groups, K, K";
    /// The transpose of a convolution over three axes, which makes them longer by its stride.
    ///
    /// x is \[B, C, D, H, W\] or \[C, D, H, W\], the weight \[C, O / groups, K, K, K\], b \[O\]; the equation is that of
    /// [`ConvTranspose1d`] with three axes.
    ///
    /// W and b start uniform in (−k, k) with k = 1/√(O K K K / groups), as PyTorch's `ConvTranspose3d` does.
    ///
    /// Source: Zeiler, Krishnan, Taylor and Fergus 2010, *Deconvolutional networks*.
    ///
    /// ```
    /// use wengert_nn::ConvTranspose3d;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Conv, Rng};
    ///
    /// let layer = ConvTranspose3d::new(2, 3, 2, Conv::new().stride(2), &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// assert_eq!(layer.bind(&tape).forward(tape.ones([2, 2, 2, 2])).shape(), [3, 4, 4, 4]);
    /// ```
    ConvTranspose3d: conv_transpose3d(3), transposed, "C, O / groups, K, K, K";
}
