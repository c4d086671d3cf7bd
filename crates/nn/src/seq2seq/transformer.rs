//! `TransformerDecoder`: layers of a transformer as a decoder.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::Tokens;
use super::decoder::{Decoder, check_steps};
use crate::attention::{KeyValueCache, LearnedPositions, sinusoidal_positions};
use crate::transformer::{DecoderCache, TransformerDecoderLayer};
use crate::{LayerNorm, Linear};

/// Layers of a transformer over tokens and their positions, with a head.
///
/// Tokens are \[B, T\], the memory, as a rule an encoder's outputs, is \[B, S, E\], scores are \[B, T, V\].
///
/// ```text
/// x      = √E table[tokens] + positions
/// x      = layer(x, memory)                for each layer
/// scores = norm(x) W + b                   the norm if the layers' norms come first
/// ```
///
/// A step computes its own token alone: keys and values of those before it are carried, and those of
/// the memory are computed once. The table starts normal with standard deviation 1/√E, the other parts
/// as they do.
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, sections 3.1, 3.4 and 3.5.
///
/// ```
/// use wengert_nn::seq2seq::{Decoder, TransformerDecoder};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let decoder = TransformerDecoder::new(7, 8, 2, 16, 2, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let decoder = decoder.bind(&tape);
/// let memory = decoder.memory_of(tape.ones([1, 5, 8]), None);
/// let (whole, _) = decoder.run(&Tensor::from([[6, 1]]), &memory, decoder.start(&memory));
/// let (_, state) = decoder.step(&Tensor::from([6]), &memory, decoder.start(&memory));
/// let (scores, _) = decoder.step(&Tensor::from([1]), &memory, state);
/// assert!(scores.value().allclose(&whole.select(1, 1).value(), 1e-4, 1e-4));
/// ```
#[derive(Tree, Clone, Debug)]
pub struct TransformerDecoder<P = Tensor> {
    /// The tokens as vectors.
    pub tokens: Tokens<P>,
    /// Where in its sequence a token stands.
    pub positions: Positions<P>,
    /// The layers.
    pub layers: Vec<TransformerDecoderLayer<P>>,
    /// After the last layer, if there is one.
    pub norm: Option<LayerNorm<P>>,
    /// W and b.
    pub head: Linear<P>,
}

/// How positions are told.
#[derive(Tree, Clone, Debug)]
pub enum Positions<P = Tensor> {
    /// By sines and cosines.
    Sinusoidal,
    /// By a table.
    Learned(LearnedPositions<P>),
    /// Not here: the layers' attention may turn queries and keys.
    None,
}

/// What the steps so far leave: their keys and values in each layer, \[B, heads, T, D\].
#[derive(Tree, Clone, Debug)]
pub struct TransformerSteps<P = Tensor> {
    /// The keys, layer by layer.
    pub keys: Vec<P>,
    /// The values, layer by layer.
    pub values: Vec<P>,
}

/// What a decoder sees of a batch of sources.
#[derive(Clone, Debug)]
pub struct TransformerMemory<'t, T: Float> {
    /// The memory's keys and values, layer by layer.
    pub layers: Vec<KeyValueCache<'t, T>>,
    /// Where there is something, \[B, 1, S\]; everywhere without it.
    pub mask: Option<Tensor<bool>>,
}

impl TransformerDecoder {
    /// A decoder of a vocabulary with so many layers of `width` features in so many heads, with `hidden`
    /// units in their feed-forward parts and positions by sines, in `f32`. Norms come after the parts;
    /// there is no dropout.
    ///
    /// # Panics
    /// If there is no layer, or `heads` is 0 or does not divide `width`.
    #[track_caller]
    pub fn new(
        vocabulary: usize,
        width: usize,
        heads: usize,
        hidden: usize,
        layers: usize,
        rng: &mut Rng,
    ) -> Self {
        assert!(layers > 0, "a decoder has at least one layer");
        let mut tokens = Tokens::embedded(vocabulary, width, rng);
        if let Some(table) = &mut tokens.embedding {
            table.weight = &table.weight / (width as f64).sqrt();
        }
        // No closure, which would lose the caller's line.
        let mut stack = Vec::with_capacity(layers);
        for _ in 0..layers {
            stack.push(TransformerDecoderLayer::new(width, heads, hidden, rng));
        }
        TransformerDecoder {
            tokens,
            positions: Positions::Sinusoidal,
            layers: stack,
            norm: None,
            head: Linear::new(width, vocabulary, rng),
        }
    }

    /// The decoder with a learned vector for each of the first `most` positions.
    pub fn with_learned_positions(mut self, most: usize, rng: &mut Rng) -> Self {
        let table = LearnedPositions::new(most, self.tokens.width, rng);
        self.positions = Positions::Learned(table);
        self
    }

    /// The decoder with norms before the parts, and one after the last layer.
    pub fn with_norm_first(mut self) -> Self {
        let layers = self.layers.into_iter();
        self.layers = layers
            .map(TransformerDecoderLayer::with_norm_first)
            .collect();
        self.norm = Some(LayerNorm::new(self.tokens.width));
        self
    }
}

impl<P> TransformerDecoder<P> {
    /// The decoder whose layers turn queries and keys by their positions, of steps alone and not of the
    /// memory; `base` is mostly 10,000.
    pub fn with_rotary(mut self, base: f64) -> Self {
        self.positions = Positions::None;
        for layer in &mut self.layers {
            layer.attention.rotary = Some(base);
        }
        self
    }

    /// The decoder with dropout of rate `p` in its layers, in training mode.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_dropout(mut self, p: f64) -> Self {
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in self.layers {
            layers.push(layer.with_dropout(p));
        }
        self.layers = layers;
        self
    }
}

impl<'t, T: Float> TransformerDecoder<Var<'t, T>> {
    /// The memory for sources with these outputs \[B, S, E\]. The mask, true where there is something, is
    /// \[B, 1, S\]: [`key_mask`](crate::attention::key_mask) makes it of lengths.
    ///
    /// # Panics
    /// If the outputs or the mask have not their shapes.
    #[track_caller]
    pub fn memory_of(
        &self,
        outputs: Var<'t, T>,
        mask: Option<&Tensor<bool>>,
    ) -> TransformerMemory<'t, T> {
        let shape = outputs.shape();
        let fits = |mask: &Tensor<bool>| mask.shape() == &[shape[0], 1, shape[1]];
        assert!(
            shape.rank() == 3 && mask.is_none_or(fits),
            "decoder: a memory of the shape {shape} with the mask {:?}",
            mask.map(Tensor::shape)
        );
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            layers.push(layer.start(outputs).memory);
        }
        TransformerMemory {
            layers,
            mask: mask.cloned(),
        }
    }

    /// The state before the first step.
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn start(&self, memory: &TransformerMemory<'t, T>) -> TransformerSteps<Var<'t, T>> {
        let Some(first) = memory.layers.first() else {
            panic!("a decoder has at least one layer");
        };
        let mut shape = first.keys.shape();
        shape.dims_mut()[2] = 0;
        let nothing = first.keys.tape().zeros(shape);
        let nothing = vec![nothing; self.layers.len()];
        TransformerSteps {
            keys: nothing.clone(),
            values: nothing,
        }
    }
}

impl<'t, T: Float> Decoder<'t, T> for TransformerDecoder<Var<'t, T>> {
    type Memory = TransformerMemory<'t, T>;
    type State = TransformerSteps<Var<'t, T>>;

    fn step(
        &self,
        tokens: &Tensor<i64>,
        memory: &TransformerMemory<'t, T>,
        state: Self::State,
    ) -> (Var<'t, T>, Self::State) {
        let (scores, state) = self.run(&tokens.unsqueeze(1), memory, state);
        (scores.squeeze(1), state)
    }

    fn select(
        &self,
        memory: &TransformerMemory<'t, T>,
        rows: &Tensor<i64>,
    ) -> TransformerMemory<'t, T> {
        let mut layers = Vec::with_capacity(memory.layers.len());
        for layer in &memory.layers {
            layers.push(KeyValueCache {
                keys: layer.keys.index_select(0, rows),
                values: layer.values.index_select(0, rows),
            });
        }
        TransformerMemory {
            layers,
            mask: memory.mask.as_ref().map(|mask| mask.index_select(0, rows)),
        }
    }

    fn run(
        &self,
        tokens: &Tensor<i64>,
        memory: &TransformerMemory<'t, T>,
        state: Self::State,
    ) -> (Var<'t, T>, Self::State) {
        check_steps(tokens);
        let (tape, width) = (self.head.weight.tape(), self.tokens.width);
        let start = state.keys.first().map_or(0, |keys| keys.dim(2));
        let x = self.tokens.forward(tape, tokens) * (width as f64).sqrt();
        let mut x = match &self.positions {
            Positions::Sinusoidal => x + &sinusoidal_positions(start, tokens.dim(1), width),
            Positions::Learned(positions) => positions.forward(x, start),
            Positions::None => x,
        };
        let mut state = state;
        let steps = state.keys.iter_mut().zip(&mut state.values);
        for ((layer, (keys, values)), seen) in self.layers.iter().zip(steps).zip(&memory.layers) {
            let steps = KeyValueCache {
                keys: *keys,
                values: *values,
            };
            let mut cache = DecoderCache {
                steps: (start > 0).then_some(steps),
                memory: *seen,
            };
            x = layer.next(x, &mut cache, memory.mask.as_ref()).0;
            if let Some(steps) = cache.steps {
                (*keys, *values) = (steps.keys, steps.values);
            }
        }
        if let Some(norm) = &self.norm {
            x = norm.forward(x);
        }
        (self.head.forward(x), state)
    }
}
