//! From scores to weights to a weighted mean.

use wengert_tape::Var;
use wengert_tensor::{Float, Tensor};

use super::score::{ScaledDotScore, Score};

/// What attention gives.
#[derive(Clone, Copy, Debug)]
pub struct Attended<'t, T: Float> {
    /// The weighted means of the values \[…, Q, V\].
    pub context: Var<'t, T>,
    /// The weights \[…, Q, K\]: not negative, with sum 1 in each row.
    pub weights: Var<'t, T>,
}

/// The weighted means of `values` \[…, K, V\] by the softmax of `scores` \[…, Q, K\].
///
/// A key whose mask is false gets the weight 0 and no gradient, whatever its score is. Where no key
/// is left all weights, the context and their gradients are 0.
///
/// ```
/// use wengert_nn::attention::attend;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let values = tape.constant(&Tensor::from([[1.0], [3.0], [5.0]]));
/// let mask = Tensor::from([[true, true, false]]);
/// let attended = attend(tape.zeros([1, 3]), values, Some(&mask));
/// assert_eq!(attended.weights.value().to_vec(), [0.5, 0.5, 0.0]);
/// assert_eq!(attended.context.item(), 2.0);
/// ```
///
/// # Panics
/// If the mask does not broadcast to the scores, or there are not as many values as keys.
#[track_caller]
pub fn attend<'t, T: Float>(
    scores: Var<'t, T>,
    values: Var<'t, T>,
    mask: Option<&Tensor<bool>>,
) -> Attended<'t, T> {
    let weights = masked_softmax(scores, mask);
    Attended {
        context: weights.matmul(values),
        weights,
    }
}

/// The softmax over the last axis, of what the mask leaves.
#[track_caller]
pub(super) fn masked_softmax<'t, T: Float>(
    scores: Var<'t, T>,
    mask: Option<&Tensor<bool>>,
) -> Var<'t, T> {
    match mask {
        Some(mask) => scores.where_(mask, f64::NEG_INFINITY).softmax(-1),
        None => scores.softmax(-1),
    }
}

/// softmax(q kᵀ / √D) v: q is \[…, Q, D\], k \[…, K, D\], v \[…, K, V\].
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, equation 1.
///
/// ```
/// use wengert_nn::attention::scaled_dot_product_attention;
/// use wengert_tape::Tape;
/// let tape = Tape::<f64>::new();
/// let x = tape.ones([2, 3, 4]);
/// let attended = scaled_dot_product_attention(x, x, x, None);
/// assert_eq!(attended.context.value(), x.value());
/// ```
///
/// # Panics
/// As [`attend`], and if queries and keys have different widths.
#[track_caller]
pub fn scaled_dot_product_attention<'t, T: Float>(
    queries: Var<'t, T>,
    keys: Var<'t, T>,
    values: Var<'t, T>,
    mask: Option<&Tensor<bool>>,
) -> Attended<'t, T> {
    attend(ScaledDotScore.scores(queries, keys), values, mask)
}
