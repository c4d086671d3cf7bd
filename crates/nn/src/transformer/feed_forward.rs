//! `FeedForward`: two linear layers with an activation between them.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use crate::{Dropout, Linear};

/// The function between the two layers of a [`FeedForward`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FeedForwardActivation {
    /// max(x, 0).
    #[default]
    Relu,
    /// GELU, in its form with tanh.
    GeluTanh,
}

/// y = f(x W₁ + b₁) W₂ + b₂, of each step by itself.
///
/// x is \[…, E\], W₁ \[E, F\], W₂ \[F, E\]; f is max(x, 0) at first. The two layers start as
/// [`Linear`] does.
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, equation 2.
///
/// ```
/// use wengert_nn::transformer::FeedForward;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let layer = FeedForward::new(4, 16, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// assert_eq!(layer.bind(&tape).forward(tape.ones([2, 3, 4])).shape(), [2, 3, 4]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct FeedForward<P = Tensor> {
    /// W₁ and b₁.
    pub first: Linear<P>,
    /// W₂ and b₂.
    pub second: Linear<P>,
    /// f.
    pub activation: FeedForwardActivation,
    /// What is left out between the two in training mode.
    pub dropout: Dropout,
}

impl FeedForward {
    /// A layer for `width` features with `hidden` between, in `f32`.
    pub fn new(width: usize, hidden: usize, rng: &mut Rng) -> Self {
        FeedForward {
            first: Linear::new(width, hidden, rng),
            second: Linear::new(hidden, width, rng),
            activation: FeedForwardActivation::Relu,
            dropout: Dropout::new(0.0),
        }
    }
}

impl<'t, T: Float> FeedForward<Var<'t, T>> {
    /// The result, of the shape of `x`.
    ///
    /// # Panics
    /// If the last axis of `x` is not E long.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let _part = x.tape().part("feed forward");
        let hidden = self.first.forward(x);
        let hidden = match self.activation {
            FeedForwardActivation::Relu => hidden.relu(),
            FeedForwardActivation::GeluTanh => hidden.gelu_tanh(),
        };
        self.second.forward(self.dropout.forward(hidden))
    }
}
