//! `EndToEndMemory`: MemN2N, which looks into a memory of sentences in several hops.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::sentence::{bag_of_words, position_encoding};
use crate::init;

/// Which hops share their weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tying {
    /// What a hop reads with the next one looks up with: A of hop k + 1 is C of hop k; the question is
    /// read with A of the first hop, and the answer with C of the last.
    #[default]
    Adjacent,
    /// All hops have the same A and C, and a matrix H between them, as in a recurrent network.
    LayerWise,
}

/// What an [`EndToEndMemory`] is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryOptions {
    /// How often the memory is looked into.
    pub hops: usize,
    /// Which hops share their weights.
    pub tying: Tying,
    /// Whether words count by their place in the sentence.
    pub position_encoding: bool,
    /// Whether sentences are told how long ago they were, by vectors that are learned.
    pub temporal_encoding: bool,
    /// The standard deviation of the initial values.
    pub std: f64,
}

impl Default for MemoryOptions {
    /// Three hops, adjacent tying, both encodings, 0.1.
    fn default() -> Self {
        MemoryOptions {
            hops: 3,
            tying: Tying::Adjacent,
            position_encoding: true,
            temporal_encoding: true,
            std: 0.1,
        }
    }
}

/// A network that answers a question by looking into a memory of sentences.
///
/// Sentences are \[B, M, W\] numbers of words, the latest last, questions \[B, Q\]; word 0 is padding,
/// and a sentence of padding alone is no memory. Answers are scores of V words.
///
/// ```text
/// u   = Σ_j B q_j
/// m_i = Σ_j A x_ij + T_A(i)      c_i = Σ_j C x_ij + T_C(i)
/// p   = softmax(u · m_i)         o   = Σ_i p_i c_i
/// u'  = u + o                    (with layer-wise tying u' = u H + o)
/// logits = u W
/// ```
///
/// All weights start normal; with [`linear`](EndToEndMemory::linear) set the softmax over the memory is
/// left out, which is how training starts in the paper ("linear start").
///
/// Source: Sukhbaatar et al. 2015, *End-to-end memory networks*, sections 2 and 4.1.
///
/// ```
/// use wengert_nn::memory::{EndToEndMemory, MemoryOptions};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let rng = &mut Rng::seed_from_u64(1);
/// let network = EndToEndMemory::new(20, 8, 5, MemoryOptions::default(), rng);
/// let tape = Tape::new();
/// let stories = Tensor::from([[[3i64, 7, 0], [4, 5, 6]], [[9, 0, 0], [0, 0, 0]]]);
/// let answer = network.bind(&tape).forward(&stories, &Tensor::from([[1i64, 2], [8, 0]]));
/// assert_eq!(answer.logits.shape(), [2, 20]);
/// assert_eq!(answer.weights.len(), 3);
/// assert_eq!(answer.weights[0].value().get(&[1, 1]), Some(0.0)); // no memory there
/// ```
#[doc(alias = "MemN2N")]
#[derive(Tree, Clone, Debug)]
pub struct EndToEndMemory<P = Tensor> {
    /// What words are looked up in, \[V, E\]. With adjacent tying hop k has A = `tables[k]` and
    /// C = `tables[k + 1]`; with layer-wise tying `tables` are A, C, B and Wᵀ.
    pub tables: Vec<P>,
    /// A vector for each age of a sentence, \[M, E\], the latest first: T_A and T_C, in the same order
    /// as the tables. Empty without temporal encoding.
    pub ages: Vec<P>,
    /// H \[E, E\], of layer-wise tying.
    pub between: Option<P>,
    /// How often the memory is looked into.
    pub hops: usize,
    /// Which hops share their weights.
    pub tying: Tying,
    /// Whether words count by their place in the sentence.
    pub position_encoding: bool,
    /// Whether the softmax over the memory is left out.
    pub linear: bool,
}

/// What a memory network answers.
#[derive(Clone, Debug)]
pub struct Answer<'t, T: Float> {
    /// The scores of the words \[B, V\].
    pub logits: Var<'t, T>,
    /// What each hop looked at, \[B, M\].
    pub weights: Vec<Var<'t, T>>,
}

impl EndToEndMemory {
    /// A network for so many words (padding among them), features, and at most `memory` sentences, in
    /// `f32`.
    ///
    /// # Panics
    /// If there are no hops.
    #[track_caller]
    pub fn new(
        words: usize,
        width: usize,
        memory: usize,
        options: MemoryOptions,
        rng: &mut Rng,
    ) -> Self {
        let MemoryOptions { hops, tying, .. } = options;
        assert!(
            hops > 0,
            "memory network: it looks into its memory at least once"
        );
        let (tables, ages) = match tying {
            Tying::Adjacent => (hops + 1, hops + 1),
            Tying::LayerWise => (4, 2),
        };
        let ages = if options.temporal_encoding { ages } else { 0 };
        let mut normal = |shape: [usize; 2]| init::normal(shape, options.std, rng);
        EndToEndMemory {
            tables: (0..tables).map(|_| normal([words, width])).collect(),
            ages: (0..ages).map(|_| normal([memory, width])).collect(),
            between: (tying == Tying::LayerWise).then(|| normal([width, width])),
            hops,
            tying,
            position_encoding: options.position_encoding,
            linear: false,
        }
    }
}

impl<P> EndToEndMemory<P> {
    /// The network with or without the softmax over its memory.
    pub fn with_linear(mut self, linear: bool) -> Self {
        self.linear = linear;
        self
    }
}

impl<'t, T: Float> EndToEndMemory<Var<'t, T>> {
    /// The answers to questions \[B, Q\] about sentences \[B, M, W\].
    ///
    /// # Panics
    /// If the shapes do not fit, a word is none of V, or there are more sentences than ages.
    #[track_caller]
    pub fn forward(&self, sentences: &Tensor<i64>, questions: &Tensor<i64>) -> Answer<'t, T> {
        let (shape, asked) = (sentences.shape(), questions.shape());
        assert!(
            shape.rank() == 3 && asked.rank() == 2 && shape[0] == asked[0],
            "memory network: sentences are [B, M, W] and questions [B, Q], not {shape} and {asked}"
        );
        let _part = self.tables[0].tape().part("memory");
        let width = self.tables[0].shape()[1];
        let order = |words: usize| {
            self.position_encoding
                .then(|| position_encoding(words, width))
        };
        let (order, question_order) = (order(shape[2]), order(asked[1]));
        // A sentence of padding alone is no memory.
        let words = sentences.to_vec();
        let there = Tensor::from_fn([shape[0], shape[1]], |at| {
            let first = (at[0] * shape[1] + at[1]) * shape[2];
            words[first..first + shape[2]].iter().any(|word| *word != 0)
        });
        let layer_wise = self.tying == Tying::LayerWise;
        let order = order.as_ref();
        let question = if layer_wise {
            self.tables[2]
        } else {
            self.tables[0]
        };
        let mut u = bag_of_words(question, questions, question_order.as_ref());
        let mut weights = Vec::with_capacity(self.hops);
        let mut looked_up = self.memory(0, sentences, order);
        let mut read = self.memory(1, sentences, order);
        for hop in 0..self.hops {
            if hop > 0 && !layer_wise {
                (looked_up, read) = (read, self.memory(hop + 1, sentences, order));
            }
            let scores = looked_up.matmul(u.unsqueeze(-1)).squeeze(-1);
            let p = if self.linear {
                scores.where_(&there, 0.0)
            } else {
                scores.where_(&there, f64::NEG_INFINITY).softmax(-1)
            };
            let o = p.unsqueeze(1).matmul(read).squeeze(1);
            u = match self.between {
                Some(between) => Var::affine(&[(u, between)], None) + o,
                None => u + o,
            };
            weights.push(p);
        }
        let answer = self.tables[self.tables.len() - 1];
        Answer {
            logits: u.matmul(answer.t()),
            weights,
        }
    }

    /// The sentences as a table tells them, \[B, M, E\], with their ages.
    #[track_caller]
    fn memory(
        &self,
        table: usize,
        sentences: &Tensor<i64>,
        order: Option<&Tensor<T>>,
    ) -> Var<'t, T> {
        let read = bag_of_words(self.tables[table], sentences, order);
        match self.ages.get(table) {
            Some(&ages) => read + self.aged(ages, sentences.shape()[1]),
            None => read,
        }
    }

    /// The vectors of the ages of so many sentences, the latest last.
    #[track_caller]
    fn aged(&self, ages: Var<'t, T>, sentences: usize) -> Var<'t, T> {
        let most = ages.shape()[0];
        assert!(
            sentences <= most,
            "memory network: {sentences} sentences, it knows {most} ages"
        );
        ages.slice(0, ..sentences).flip(&[0])
    }
}
