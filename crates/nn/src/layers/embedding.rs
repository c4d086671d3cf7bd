//! `Embedding`: a vector for every word.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use crate::init;

/// A vector for every word: row k of W for the index k.
///
/// Indices are a tensor of `i64` of any shape \[…\], W is \[V, E\], the result \[…, E\].
///
/// W starts normal with standard deviation 1, as in PyTorch.
///
/// Source: Bengio, Ducharme, Vincent and Jauvin 2003, *A neural probabilistic language model*.
///
/// ```
/// use wengert_nn::Embedding;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let layer = Embedding::new(10, 4, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let words = Tensor::from([[3, 1, 4], [1, 5, 9]]);
/// let vectors = layer.bind(&tape).forward(&words);
/// assert_eq!(vectors.shape(), [2, 3, 4]);
/// assert_eq!(vectors.value()[[0, 1, 2]], layer.weight[[1, 2]]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Embedding<P = Tensor> {
    /// W \[V, E\].
    pub weight: P,
}

impl Embedding {
    /// Vectors of `width` elements for the indices below `vocabulary`, in `f32`;
    /// [`cast`](wengert_tape::Bind::cast) makes it a layer in `f64`.
    pub fn new(vocabulary: usize, width: usize, rng: &mut Rng) -> Self {
        Embedding {
            weight: init::normal([vocabulary, width], 1.0, rng),
        }
    }
}

impl<'t, T: Float> Embedding<Var<'t, T>> {
    /// The vectors of the indices.
    ///
    /// # Panics
    /// If an index is negative or not below V.
    #[track_caller]
    pub fn forward(&self, indices: &Tensor<i64>) -> Var<'t, T> {
        // `rows` counts negative indices from the end; a word of that number does not exist.
        if let Some(index) = indices.iter().find(|&index| index < 0) {
            panic!("embedding: the index {index} is negative");
        }
        self.weight.rows(indices)
    }
}
