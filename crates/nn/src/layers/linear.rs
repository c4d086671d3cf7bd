//! `Linear`: a fully connected layer.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use crate::init;

/// A fully connected layer: y = x W + b.
///
/// x is \[…, I\], W \[I, O\], b \[O\], y \[…, O\].
///
/// W and b start uniform in (−k, k) with k = 1/√I, as PyTorch's `Linear` does.
///
/// Source: Rumelhart, Hinton and Williams 1986, *Learning representations by back-propagating
/// errors*, equation 1.
///
/// ```
/// use wengert_nn::Linear;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let layer = Linear::new(3, 2, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let y = layer.bind(&tape).forward(tape.ones([5, 4, 3]));
/// assert_eq!(y.shape(), [5, 4, 2]);
///
/// let layer: Linear = Linear {
///     weight: Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
///     bias: Some(Tensor::from([0.5, -0.5])),
/// };
/// let y = layer.bind(&tape).forward(tape.ones([2]));
/// assert_eq!(y.value().to_vec(), [4.5, 5.5]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Linear<P = Tensor> {
    /// W \[I, O\].
    pub weight: P,
    /// b \[O\], if there is one.
    pub bias: Option<P>,
}

impl Linear {
    /// A layer with a bias, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one in `f64`.
    pub fn new(inputs: usize, outputs: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (inputs.max(1) as f64).sqrt();
        Linear {
            weight: init::uniform([inputs, outputs], k, rng),
            bias: Some(init::uniform([outputs], k, rng)),
        }
    }
}

impl<P> Linear<P> {
    /// The layer without its bias.
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }
}

impl<'t, T: Float> Linear<Var<'t, T>> {
    /// y = x W + b.
    ///
    /// # Panics
    /// If the last axis of `x` is not I long.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        Var::affine(&[(x, self.weight)], self.bias)
    }
}
