//! `AttentionPooling`: one vector for a whole sequence.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::Attended;
use super::score::score_vector;
use crate::Linear;

/// The mean of the steps of a sequence, weighted by what each step says of itself.
///
/// x is \[…, T, I\]; W \[I, A\], b and v \[A\]; the context is \[…, I\], the weights are \[…, T\].
///
/// ```text
/// e_t = v · tanh(x_t W + b)
/// α   = softmax(e)
/// y   = Σ_t α_t x_t
/// ```
///
/// W and b start as in [`Linear`], v by Glorot's uniform rule.
///
/// Source: Raffel and Ellis 2015, *Feed-forward networks with attention can solve some long-term
/// memory problems*, equation 3; Yang et al. 2016, *Hierarchical attention networks*, equations 5 to 7.
///
/// ```
/// use wengert_nn::attention::AttentionPooling;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let layer = AttentionPooling::new(4, 8, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let pooled = layer.bind(&tape).forward(tape.ones([2, 5, 4]), None);
/// assert_eq!(pooled.context.shape(), [2, 4]);
/// assert!((pooled.weights.sum().item() - 2.0).abs() < 1e-6);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct AttentionPooling<P = Tensor> {
    /// W and b.
    pub hidden: Linear<P>,
    /// v \[A\].
    pub score: P,
}

impl AttentionPooling {
    /// A layer for steps of so many features, with `hidden` units, in `f32`.
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        AttentionPooling {
            hidden: Linear::new(inputs, hidden, rng),
            score: score_vector(hidden, rng),
        }
    }
}

impl<'t, T: Float> AttentionPooling<Var<'t, T>> {
    /// The weighted means and the weights. The mask is \[…, T\], true where a step counts.
    ///
    /// # Panics
    /// If `x` has fewer than two axes, its last is not I long, or the mask does not broadcast.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, mask: Option<&Tensor<bool>>) -> Attended<'t, T> {
        let _part = x.tape().part("attention pooling");
        let scores = self.hidden.forward(x).tanh().matmul(self.score);
        let weights = match mask {
            Some(mask) => scores.masked_softmax(mask, -1),
            None => scores.softmax(-1),
        };
        Attended {
            context: weights.unsqueeze(-2).matmul(x).squeeze(-2),
            weights,
        }
    }
}
