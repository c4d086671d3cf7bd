//! A sentence as one vector: the sum of its words' vectors.

use wengert_tape::Var;
use wengert_tensor::{Float, Tensor};

/// The weights of the features of each word by its place, \[W, E\]:
///
/// ```text
/// l[j, k] = (1 − j / W) − (k / E)(1 − 2 j / W)      j = 1 … W, k = 1 … E
/// ```
///
/// W is the length that sentences are padded to, as in the authors' program.
///
/// Source: Sukhbaatar et al. 2015, *End-to-end memory networks*, section 4.1.
///
/// ```
/// use wengert_nn::memory::position_encoding;
/// assert_eq!(position_encoding::<f32>(2, 2).to_vec(), [0.5, 0.5, 0.5, 1.0]);
/// ```
pub fn position_encoding<T: Float>(words: usize, width: usize) -> Tensor<T> {
    Tensor::from_fn([words, width], |at| {
        let j = (at[0] + 1) as f64 / words as f64;
        let k = (at[1] + 1) as f64 / width as f64;
        T::from_f64((1.0 - j) - k * (1.0 - 2.0 * j))
    })
}

/// The sums of the vectors of words \[…, W\], \[…, E\]; word 0 is padding and counts for nothing.
/// `order` are weights \[W, E\] by place.
#[track_caller]
pub(super) fn bag_of_words<'t, T: Float>(
    table: Var<'t, T>,
    words: &Tensor<i64>,
    order: Option<&Tensor<T>>,
) -> Var<'t, T> {
    let mut vectors = table.rows(words);
    if let Some(order) = order {
        vectors = vectors * table.tape().constant(order);
    }
    let there = words.map(|word| word != 0).unsqueeze(-1);
    vectors.where_(&there, 0.0).sum_axes(&[-2], false)
}
