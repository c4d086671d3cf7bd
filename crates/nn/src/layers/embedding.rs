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
/// An index of padding ([`with_padding`](Embedding::with_padding)) has the vector 0, whatever its row
/// holds, and its row gets no gradient from look-ups.
///
/// A step looks a few words up, and its gradient is held as their rows
/// ([`Gradients::rows`](wengert_tape::Gradients::rows)), so that it costs as much for a million words as
/// for a thousand. For the update this holds of plain [`Sgd`](crate::Sgd), and of the others with
/// [`Adam::with_lazy_rows`](crate::Adam::with_lazy_rows). Logits make the gradient whole.
///
/// One W for the words that come in and those that go out (weight tying, Press and Wolf 2017, *Using
/// the output embedding to improve language models*) is one leaf used twice, by
/// [`forward`](Embedding::forward) and [`logits`](Embedding::logits): its gradient is the sum of both.
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
    /// The index that stands for no word, if there is one.
    pub padding: Option<usize>,
}

impl Embedding {
    /// Vectors of `width` elements for the indices below `vocabulary`, in `f32`;
    /// [`cast`](wengert_tape::Bind::cast) makes it a layer in `f64`.
    pub fn new(vocabulary: usize, width: usize, rng: &mut Rng) -> Self {
        Embedding {
            weight: init::normal([vocabulary, width], 1.0, rng),
            padding: None,
        }
    }
}

impl<T: Float> Embedding<Tensor<T>> {
    /// With an index that stands for no word; its row becomes 0.
    ///
    /// ```
    /// use wengert_nn::Embedding;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::{Rng, Tensor};
    ///
    /// let layer = Embedding::new(10, 2, &mut Rng::seed_from_u64(1)).with_padding(0);
    /// let tape = Tape::new();
    /// let m = layer.bind(&tape);
    /// let y = m.forward(&Tensor::from([0, 3, 0]));
    /// assert_eq!(y.value().to_rows()[2], [0.0, 0.0]);
    /// let bar = y.sum().backward().wrt(m.weight).unwrap();
    /// assert_eq!((bar[[0, 0]], bar[[3, 0]]), (0.0, 1.0));
    /// ```
    ///
    /// # Panics
    /// If `index` is not below V.
    #[track_caller]
    pub fn with_padding(mut self, index: usize) -> Self {
        let [vocabulary, width] = [self.weight.shape()[0], self.weight.shape()[1]];
        assert!(
            index < vocabulary,
            "embedding: the index {index} of padding is not below {vocabulary}"
        );
        self.weight.as_mut_slice()[index * width..(index + 1) * width].fill(T::ZERO);
        self.padding = Some(index);
        self
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
        let y = self.weight.rows(indices);
        match self.padding.map(|padding| padding as i64) {
            Some(padding) if indices.iter().any(|index| index == padding) => {
                let word = indices.map(|index| index != padding);
                y.where_(&word.unsqueeze(-1), 0.0)
            }
            _ => y,
        }
    }

    /// h Wᵀ: how well the rows of `h` \[…, E\] fit the vector of every word, \[…, V\]. With
    /// [`forward`](Embedding::forward) it ties the weights of input and output.
    ///
    /// The index of padding has a logit and its row a gradient from it, as every word's.
    ///
    /// ```
    /// use wengert_nn::Embedding;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::Tensor;
    ///
    /// let layer: Embedding = Embedding {
    ///     weight: Tensor::from([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]),
    ///     padding: None,
    /// };
    /// let tape = Tape::new();
    /// let m = layer.bind(&tape);
    /// let h = m.forward(&Tensor::scalar(2));
    /// assert_eq!(m.logits(h).value().to_vec(), [1.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the last axis of `h` is not E long.
    #[doc(alias = "attend")]
    #[track_caller]
    pub fn logits(&self, h: Var<'t, T>) -> Var<'t, T> {
        Var::affine(&[(h, self.weight.t())], None)
    }
}
