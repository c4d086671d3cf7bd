//! Attention: a weighted mean of values, with weights that come from comparing queries with keys.

use wengert_tensor::{Float, Tensor};

use crate::record::var::Var;

/// What attention gives.
#[derive(Clone, Copy, Debug)]
pub struct Attended<'t, T: Float> {
    /// The weighted means of the values \[…, Q, V\].
    pub context: Var<'t, T>,
    /// The weights \[…, Q, K\]: not negative, with sum 1 in each row, or 0 where no key is left.
    pub weights: Var<'t, T>,
}

/// How [`scaled_dot_product_attention_with`] compares, and what it leaves out.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'m, 't, T: Float> {
    /// True where a query may look at a key; it broadcasts to the scores \[…, Q, K\].
    pub mask: Option<&'m Tensor<bool>>,
    /// What is added to the scores, such as a number for each distance; it broadcasts to them. A key
    /// whose bias is −∞ is masked, whatever its score is.
    pub bias: Option<Var<'t, T>>,
    /// Whether a query sees no key after its own step, as [`causal_mask`] says.
    pub causal: bool,
    /// What the products of queries and keys are multiplied by, instead of 1 / √D.
    pub scale: Option<f64>,
    /// The rate of weights that are left out in training mode, as [`Var::dropout`] does.
    pub dropout: f64,
}

impl<T: Float> Default for Attention<'_, '_, T> {
    /// Every query sees every key, scaled by 1 / √D, and nothing is left out.
    fn default() -> Self {
        Attention {
            mask: None,
            bias: None,
            causal: false,
            scale: None,
            dropout: 0.0,
        }
    }
}

/// Each query sees the keys up to its own step, \[Q, K\]. The last query stands beside the last key,
/// so that the queries of a few new steps fit the keys of all steps so far.
///
/// ```
/// use wengert_tape::compose::causal_mask;
/// use wengert_tensor::Tensor;
/// let mask = causal_mask(2, 3);
/// assert_eq!(mask, Tensor::from([[true, true, false], [true, true, true]]));
/// ```
#[doc(alias = "generate_square_subsequent_mask")]
pub fn causal_mask(queries: usize, keys: usize) -> Tensor<bool> {
    Tensor::from_fn([queries, keys], |at| at[1] + queries <= at[0] + keys)
}

/// The weighted means of `values` \[…, K, V\] by the softmax of `scores` \[…, Q, K\].
///
/// A key whose mask is false gets the weight 0 and no gradient, whatever its score is. Where no key
/// is left all weights, the context and their gradients are 0.
///
/// ```
/// use wengert_tape::{Tape, compose::attend};
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
    let weights = masked(scores, mask);
    Attended {
        context: weights.matmul(values),
        weights,
    }
}

#[track_caller]
fn masked<'t, T: Float>(scores: Var<'t, T>, mask: Option<&Tensor<bool>>) -> Var<'t, T> {
    match mask {
        Some(mask) => scores.masked_softmax(mask, -1),
        None => scores.softmax(-1),
    }
}

/// softmax(q kᵀ / √D) v: q is \[…, Q, D\], k \[…, K, D\], v \[…, K, V\].
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, equation 1.
///
/// ```
/// use wengert_tape::{Tape, compose::scaled_dot_product_attention};
/// let tape = Tape::<f64>::new();
/// let x = tape.ones([2, 3, 4]);
/// let attended = scaled_dot_product_attention(x, x, x, None);
/// assert_eq!(attended.context.value(), x.value());
/// ```
///
/// # Panics
/// As [`attend`], and if queries and keys have different widths.
#[doc(alias = "dot_product_attention")]
#[track_caller]
pub fn scaled_dot_product_attention<'t, T: Float>(
    queries: Var<'t, T>,
    keys: Var<'t, T>,
    values: Var<'t, T>,
    mask: Option<&Tensor<bool>>,
) -> Attended<'t, T> {
    attend(scaled_dot_scores(queries, keys, None), values, mask)
}

/// The same with options: a mask, a bias (an additive mask), causal, another scale, dropout.
///
/// The masks are joined. Where no key is left for a query its weights, its context and all gradients
/// from it are 0. A weight of 0 leaves a value out only if that is a number: a masked value of NaN makes
/// the context NaN.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tape::compose::{Attention, scaled_dot_product_attention_with};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(&Tensor::from([[1.0], [3.0]]));
/// let bias = tape.constant(&Tensor::from([f64::NEG_INFINITY, 0.0]));
/// let options = Attention { bias: Some(bias), causal: true, ..Attention::default() };
/// let attended = scaled_dot_product_attention_with(x, x, x, options);
/// // The first query may see the first key alone, and that is masked.
/// assert_eq!(attended.context.value(), Tensor::from([[0.0], [3.0]]));
/// ```
///
/// # Panics
/// If queries and keys have different widths, there are not as many values as keys, a mask or a bias does
/// not broadcast to the scores, or the dropout is no probability.
#[doc(alias = "dot_product_attention")]
#[doc(alias = "attn_mask")]
#[doc(alias = "is_causal")]
#[track_caller]
pub fn scaled_dot_product_attention_with<'t, T: Float>(
    queries: Var<'t, T>,
    keys: Var<'t, T>,
    values: Var<'t, T>,
    options: Attention<'_, 't, T>,
) -> Attended<'t, T> {
    let mut scores = scaled_dot_scores(queries, keys, options.scale);
    let shape = scores.shape();
    if let Some(bias) = options.bias {
        let found = bias.shape();
        assert!(
            found.broadcasts_to(&shape),
            "scaled_dot_product_attention: the bias has the shape {found}, the scores {shape}"
        );
        scores = biased(scores, bias);
    }
    let causal = options
        .causal
        .then(|| causal_mask(queries.dim(-2), keys.dim(-2)));
    let joined = match (options.mask, &causal) {
        (Some(mask), Some(causal)) => Some(mask & causal),
        _ => None,
    };
    let mask = joined.as_ref().or(options.mask).or(causal.as_ref());
    let weights = masked(scores, mask);
    Attended {
        context: weights.dropout(options.dropout).matmul(values),
        weights,
    }
}

/// The sum of scores and a bias, −∞ where the bias is.
#[track_caller]
fn biased<'t, T: Float>(scores: Var<'t, T>, bias: Var<'t, T>) -> Var<'t, T> {
    let sum = scores + bias;
    if !bias.any(|bias| bias.to_f64() == f64::NEG_INFINITY) {
        return sum;
    }
    let masked = scores.tape().scalar(f64::NEG_INFINITY);
    Var::select_equal(bias, masked, masked, sum)
}

/// The scores \[…, Q, K\] of queries \[…, Q, D\] with keys \[…, K, D\]: q · k times a scale, which is 1 / √D
/// where none is given.
///
/// ```
/// use wengert_tape::{Tape, compose::scaled_dot_scores};
/// let tape = Tape::<f64>::new();
/// assert_eq!(scaled_dot_scores(tape.ones([1, 4]), tape.ones([1, 4]), None).item(), 2.0);
/// ```
///
/// # Panics
/// If queries and keys have different widths.
#[track_caller]
pub fn scaled_dot_scores<'t, T: Float>(
    queries: Var<'t, T>,
    keys: Var<'t, T>,
    scale: Option<f64>,
) -> Var<'t, T> {
    // Scaled before the product, where there are fewer numbers.
    let queries = match scale {
        Some(scale) => queries * scale,
        None => {
            let width = queries.shape().last().copied().unwrap_or(1).max(1) as f64;
            queries / width.sqrt()
        }
    };
    queries.matmul(keys.transpose(-1, -2))
}

impl<'t, T: Float> Var<'t, T> {
    /// The softmax along `axis` of what the mask leaves: where it is false the result and its gradient are
    /// 0, whatever the element is. Where nothing is left all are 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([7.0, 7.0, f64::NAN]));
    /// let y = x.masked_softmax(&Tensor::from([true, true, false]), -1);
    /// assert_eq!(y.value().to_vec(), [0.5, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the mask does not broadcast with this value, or the axis is out of range.
    #[track_caller]
    pub fn masked_softmax(self, mask: &Tensor<bool>, axis: isize) -> Self {
        self.where_(mask, f64::NEG_INFINITY).softmax(axis)
    }

    /// Each element is 0 with probability `p`, and the others are divided by 1 − p, in training mode
    /// ([`Tape::training`](crate::Tape::training)); otherwise nothing happens. The draws come from the
    /// tape's generator, one for each element, in row-major order.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.ones([100]);
    /// assert_eq!(x.dropout(0.5).sum().item(), 100.0);
    /// tape.set_training(true);
    /// assert!(x.dropout(0.5).value().iter().all(|y| y == 0.0 || y == 2.0));
    /// ```
    ///
    /// Source: Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting,
    /// in the inverted form of its section 10.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn dropout(self, p: f64) -> Self {
        assert!((0.0..=1.0).contains(&p), "dropout: {p} is no probability");
        let tape = self.tape();
        if !tape.training() || p == 0.0 {
            return self;
        }
        // At p = 1 nothing is left to be divided.
        let scale = if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 };
        self * tape.sample(self.shape(), |rng| if rng.unit() < p { 0.0 } else { scale })
    }
}
