//! Sequences of different lengths in one tensor.

use wengert_tensor::{Element, Shape, ShapeError, Tensor};

/// Sequences \[T, …\] in one tensor \[B, T, …\], where T is the greatest length, and their lengths.
/// After the end of a sequence stands `fill`.
///
/// ```
/// use wengert_nn::data::pad;
/// use wengert_tensor::Tensor;
///
/// let (x, lengths) = pad(&[Tensor::from([1, 2, 3]), Tensor::from([4])], 0)?;
/// assert_eq!((x.to_rows(), lengths), (vec![vec![1, 2, 3], vec![4, 0, 0]], vec![3, 1]));
/// # Ok::<(), wengert_tensor::ShapeError>(())
/// ```
///
/// # Errors
/// If there is no sequence, one has no axis, or they differ beside the first.
#[doc(alias = "pad_sequence")]
pub fn pad<E: Element>(
    sequences: &[Tensor<E>],
    fill: E,
) -> Result<(Tensor<E>, Vec<usize>), ShapeError> {
    padded("pad", sequences, fill, false)
}

/// [`pad`] with `fill` before each sequence, so that all end together: for what looks at the latest steps, and for
/// decoders that go on from there.
///
/// ```
/// use wengert_nn::data::pad_front;
/// use wengert_tensor::Tensor;
///
/// let (x, lengths) = pad_front(&[Tensor::from([1, 2, 3]), Tensor::from([4])], 0)?;
/// assert_eq!((x.to_rows(), lengths), (vec![vec![1, 2, 3], vec![0, 0, 4]], vec![3, 1]));
/// # Ok::<(), wengert_tensor::ShapeError>(())
/// ```
///
/// # Errors
/// As [`pad`].
#[doc(alias("padding_side", "pad_sequences"))]
pub fn pad_front<E: Element>(
    sequences: &[Tensor<E>],
    fill: E,
) -> Result<(Tensor<E>, Vec<usize>), ShapeError> {
    padded("pad_front", sequences, fill, true)
}

fn padded<E: Element>(
    op: &'static str,
    sequences: &[Tensor<E>],
    fill: E,
    front: bool,
) -> Result<(Tensor<E>, Vec<usize>), ShapeError> {
    let refuse = |reason: String| Err(ShapeError::new(op, reason));
    let Some(first) = sequences.first() else {
        return refuse("there is no sequence".to_owned());
    };
    let mut lengths = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let (shape, like) = (sequence.shape(), first.shape());
        match shape.first() {
            Some(&length) if shape[1..] == like[1..] => lengths.push(length),
            None => return refuse("a sequence has no axis".to_owned()),
            _ => return refuse(format!("{like} and {shape} differ beside the first axis")),
        }
    }
    let time = lengths.iter().copied().max().unwrap_or(0);
    let inner = &first.shape()[1..];
    let step: usize = inner.iter().product();
    let mut data = Vec::with_capacity(sequences.len() * time * step);
    for (sequence, length) in sequences.iter().zip(&lengths) {
        let gap = std::iter::repeat_n(fill, (time - length) * step);
        if front {
            data.extend(gap.clone());
        }
        data.extend(sequence.iter());
        if !front {
            data.extend(gap);
        }
    }
    let shape: Shape = [sequences.len(), time]
        .iter()
        .chain(inner)
        .copied()
        .collect();
    let padded = match Tensor::from_vec(data, shape) {
        Ok(padded) => padded,
        Err(error) => return refuse(error.to_string()),
    };
    Ok((padded, lengths))
}
