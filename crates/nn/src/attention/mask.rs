//! Who may look at whom: masks of booleans, true where a query may look at a key.
//!
//! Masks broadcast against scores \[…, Q, K\], and two of them are joined by `&`. The causal one,
//! [`causal_mask`](super::causal_mask), is a function of the tape.

use wengert_tensor::Tensor;

/// The first `lengths[b]` of the keys of each row b, \[B, 1, K\].
///
/// ```
/// use wengert_nn::attention::key_mask;
/// let mask = key_mask(&[1, 2], 2);
/// assert_eq!(mask.shape().dims(), [2, 1, 2]);
/// assert_eq!(mask.to_vec(), [true, false, true, true]);
/// ```
///
/// # Panics
/// If a length is greater than `keys`.
#[doc(alias = "key_padding_mask")]
#[track_caller]
pub fn key_mask(lengths: &[usize], keys: usize) -> Tensor<bool> {
    for (row, len) in lengths.iter().enumerate() {
        assert!(
            *len <= keys,
            "key_mask: row {row} is {len} long, there are {keys} keys"
        );
    }
    Tensor::from_fn([lengths.len(), 1, keys], |at| at[2] < lengths[at[0]])
}
