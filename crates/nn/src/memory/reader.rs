//! `StoryReader`: one look into a story and a recurrent layer behind it.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use crate::{Embedding, Linear, Lstm};

/// The memory network of the book, which is that of the Keras examples: each word of a story is a
/// memory, and says by a softmax which word of the question it matches. That is added, place by
/// place, to what the words of the story are to the question's places.
///
/// Stories are \[B, S\] numbers of words, questions \[B, Q\]. E is the width of the tables A and B, H
/// that of the LSTM.
///
/// ```text
/// m = A[story]  [B, S, E]     u = B[question]  [B, Q, E]     c = C[story]  [B, S, Q]
/// p = softmax over Q of m uᵀ  [B, S, Q]
/// o = (p + c)ᵀ                [B, Q, S]
/// logits = LSTM([o; u]) W
/// ```
///
/// The tables start normal with standard deviation 1, the others as their layers do.
///
/// Source: Sugomori, *詳解ディープラーニング* (Deep Learning for time series), chapter 6; Chollet,
/// `babi_memnn` of the Keras examples.
///
/// ```
/// use wengert_nn::memory::StoryReader;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let reader = StoryReader::new(22, 64, 32, 68, 4, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let (story, question) = (Tensor::<i64>::zeros([3, 68]), Tensor::<i64>::zeros([3, 4]));
/// assert_eq!(reader.bind(&tape).forward(&story, &question).shape(), [3, 22]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct StoryReader<P = Tensor> {
    /// A \[V, E\]: what the story is looked up with.
    pub story: Embedding<P>,
    /// B \[V, E\].
    pub question: Embedding<P>,
    /// C \[V, Q\]: what is read.
    pub read: Embedding<P>,
    /// Over the places of the question, from S + E features to H.
    pub rnn: Lstm<P>,
    /// W \[H, V\], without a bias.
    pub head: Linear<P>,
}

impl StoryReader {
    /// A network for so many words, of tables of such a width, such a recurrent layer, and stories and
    /// questions of these lengths, in `f32`.
    pub fn new(
        words: usize,
        width: usize,
        hidden: usize,
        story: usize,
        question: usize,
        rng: &mut Rng,
    ) -> Self {
        StoryReader {
            story: Embedding::new(words, width, rng),
            question: Embedding::new(words, width, rng),
            read: Embedding::new(words, question, rng),
            rnn: Lstm::new(story + width, hidden, rng),
            head: Linear::new(hidden, words, rng).without_bias(),
        }
    }
}

impl<'t, T: Float> StoryReader<Var<'t, T>> {
    /// The scores of the words \[B, V\].
    ///
    /// # Panics
    /// If the stories are not \[B, S\], the questions not \[B, Q\], or a word is none of V.
    #[track_caller]
    pub fn forward(&self, stories: &Tensor<i64>, questions: &Tensor<i64>) -> Var<'t, T> {
        self.forward_with_weights(stories, questions).0
    }

    /// The scores, and which word of the question each word of the story matches, \[B, S, Q\].
    ///
    /// # Panics
    /// As [`forward`](StoryReader::forward).
    #[track_caller]
    pub fn forward_with_weights(
        &self,
        stories: &Tensor<i64>,
        questions: &Tensor<i64>,
    ) -> (Var<'t, T>, Var<'t, T>) {
        let (story, asked) = (stories.shape(), questions.shape());
        let places = self.rnn.layers[0].forward.wx.shape()[0] - self.story.weight.shape()[1];
        assert!(
            story.rank() == 2 && asked.rank() == 2 && story[1] == places,
            "story reader: stories are [B, {places}] and questions [B, Q], not {story} and {asked}"
        );
        let _part = self.story.weight.tape().part("story reader");
        let u = self.question.forward(questions);
        let scores = self.story.forward(stories).matmul(u.transpose(-1, -2));
        let p = scores.softmax(-1);
        let o = (p + self.read.forward(stories)).transpose(1, 2);
        let state = self.rnn.last(Var::cat(&[o, u], 2), None);
        (self.head.forward(state.h()), p)
    }
}
