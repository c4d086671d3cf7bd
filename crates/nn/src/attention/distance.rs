//! How far back attention looks.

use wengert_tensor::{Float, Tensor};

/// The share of attention at each distance |i − j| between a query i and a key j, over all queries:
/// element d is the sum of the weights at distance d, divided by the sum of all weights. `weights` is
/// \[…, Q, K\]; the last query stands beside the last key. The result is as long as the greater of
/// Q and K; of weights that are all 0 it is 0.
///
/// ```
/// use wengert_nn::attention::attention_distances;
/// use wengert_tensor::Tensor;
/// let weights = Tensor::<f64>::from([[1.0, 0.0], [0.5, 0.5]]);
/// assert_eq!(attention_distances(&weights), [0.75, 0.25]);
/// ```
///
/// # Panics
/// If `weights` has fewer than two axes.
#[track_caller]
pub fn attention_distances<T: Float>(weights: &Tensor<T>) -> Vec<f64> {
    let rank = weights.shape().rank();
    assert!(
        rank >= 2,
        "attention_distances: weights have queries and keys, the shape is {}",
        weights.shape()
    );
    let (queries, keys) = (weights.shape()[rank - 2], weights.shape()[rank - 1]);
    let mut shares = vec![0.0; queries.max(keys)];
    for (at, weight) in weights.iter().enumerate() {
        let (query, key) = (at / keys % queries, at % keys);
        shares[(query + keys).abs_diff(key + queries)] += weight.to_f64();
    }
    let total: f64 = shares.iter().sum();
    if total > 0.0 {
        for share in &mut shares {
            *share /= total;
        }
    }
    shares
}
