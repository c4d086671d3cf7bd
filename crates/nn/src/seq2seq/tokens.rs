//! `Tokens`: tokens as vectors.

use wengert_tape::tree::Tree;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Rng, Tensor};

use crate::Embedding;

/// Tokens as vectors: rows of a table, or a 1 among zeros, which has no parameters.
///
/// Tokens are \[…\], the vectors \[…, E\], where E is V without a table.
///
/// ```
/// use wengert_nn::seq2seq::Tokens;
/// use wengert_tape::{Bind, Model, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let tokens = Tensor::from([[2, 0]]);
/// let tape = Tape::new();
/// let plain = Tokens::one_hot(3);
/// assert_eq!(plain.bind(&tape).forward(&tape, &tokens).value().to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
/// assert_eq!((plain.width, plain.element_count()), (3, 0));
/// let table = Tokens::embedded(3, 5, &mut Rng::seed_from_u64(1));
/// assert_eq!(table.bind(&tape).forward(&tape, &tokens).shape(), [1, 2, 5]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Tokens<P = Tensor> {
    /// The table \[V, E\], if there is one.
    pub embedding: Option<Embedding<P>>,
    /// V.
    pub vocabulary: usize,
    /// E.
    pub width: usize,
}

impl Tokens {
    /// A 1 among V zeros for each token.
    pub fn one_hot(vocabulary: usize) -> Self {
        Tokens {
            embedding: None,
            vocabulary,
            width: vocabulary,
        }
    }

    /// A row of a table for each token, in `f32`.
    pub fn embedded(vocabulary: usize, width: usize, rng: &mut Rng) -> Self {
        Tokens {
            embedding: Some(Embedding::new(vocabulary, width, rng)),
            vocabulary,
            width,
        }
    }
}

impl<'t, T: Float> Tokens<Var<'t, T>> {
    /// The vectors \[…, E\] of the tokens \[…\].
    ///
    /// # Panics
    /// If a token is none of V.
    #[track_caller]
    pub fn forward(&self, tape: &'t Tape<T>, tokens: &Tensor<i64>) -> Var<'t, T> {
        match &self.embedding {
            Some(table) => table.forward(tokens),
            None => tape.one_hot(tokens, self.vocabulary),
        }
    }
}
