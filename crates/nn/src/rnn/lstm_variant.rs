//! `LstmVariant`: the long short-term memory with each of its parts to be switched.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::dropout::active;
use super::{Cell, Droppable, LstmState, ParameterGroups, Recurrent, Stacking, lstm};
use crate::init;
use crate::layers::{Dropout, LayerNorm};

/// Layers of switchable long short-term memories: see [`LstmVariantCell`] for the equations,
/// [`LstmOptions`] for the switches and [`Recurrent`] for the methods.
///
/// ```
/// use wengert_nn::rnn::{LstmOptions, LstmVariant, ParameterGroups, Peepholes, Stacking};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
///
/// let mut rng = Rng::seed_from_u64(1);
/// let peephole = LstmOptions { peepholes: Peepholes::Diagonal, ..LstmOptions::default() };
/// let lstm = LstmVariant::with_options(2, 50, peephole, &mut rng);
/// assert_eq!(lstm.parameter_groups(), 15);
///
/// let projected = LstmOptions { projection: Some(8), ..LstmOptions::default() };
/// let both = Stacking { layers: 2, bidirectional: true };
/// let lstm = LstmVariant::stacked_with_options(2, 50, projected, both, &mut rng);
/// let tape = Tape::new();
/// let (outputs, state) = lstm.bind(&tape).run(tape.ones([4, 3, 2]), None);
/// assert_eq!((outputs.shape(), state.c().shape()), ([4, 3, 16].into(), [4, 100].into()));
/// ```
pub type LstmVariant<P = Tensor> = Recurrent<LstmVariantCell<P>>;

/// What decides how much of an LSTM's memory stays from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ForgetGate {
    /// A gate of its own: f = σ(…).
    Learned,
    /// What the input gate does not replace: f = 1 − i.
    Coupled,
    /// A fixed weight of the memory's connection to itself. With 1, the constant error carousel of
    /// 1997: errors flow back over any number of steps as they are. With any other weight w they
    /// change by w a step, and so vanish or explode.
    Fixed(f64),
}

/// How the gates see the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peepholes {
    /// Not at all.
    None,
    /// Each gate its own cell: a vector of weights.
    Diagonal,
    /// Each gate all cells: a matrix of weights.
    Full,
}

/// The switches of an [`LstmVariantCell`]. The default is the [`LstmCell`](super::LstmCell).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LstmOptions {
    /// Whether there is an input gate; without it, i = 1.
    pub input_gate: bool,
    /// What there is for a forget gate.
    pub forget_gate: ForgetGate,
    /// Whether there is an output gate; without it, o = 1.
    pub output_gate: bool,
    /// Whether gates and candidate have biases.
    pub bias: bool,
    /// What the bias of the forget gate starts with, if it has one; the others start with 0. A
    /// coupled gate starts as open: the bias of its input gate starts with the negative.
    pub forget_bias: f64,
    /// How the gates see the memory.
    pub peepholes: Peepholes,
    /// R, how wide h is, if it is a projection of the cells' outputs.
    pub projection: Option<usize>,
    /// Whether the sums and the memory are normalized.
    pub layer_norm: bool,
}

impl Default for LstmOptions {
    fn default() -> Self {
        LstmOptions {
            input_gate: true,
            forget_gate: ForgetGate::Learned,
            output_gate: true,
            bias: true,
            forget_bias: 1.0,
            peepholes: Peepholes::None,
            projection: None,
            layer_norm: false,
        }
    }
}

impl LstmOptions {
    /// The memory cell of 1997: an input and an output gate around a carousel that never forgets.
    ///
    /// ```
    /// use wengert_nn::rnn::{ForgetGate, LstmOptions};
    /// assert_eq!(LstmOptions::of_1997().forget_gate, ForgetGate::Fixed(1.0));
    /// ```
    pub fn of_1997() -> Self {
        LstmOptions {
            forget_gate: ForgetGate::Fixed(1.0),
            ..LstmOptions::default()
        }
    }

    /// The constant error carousel alone, without any gate: c′ = c + tanh(g), h′ = tanh(c′).
    ///
    /// ```
    /// use wengert_nn::rnn::LstmOptions;
    /// let carousel = LstmOptions::constant_error_carousel();
    /// assert!(!carousel.input_gate && !carousel.output_gate);
    /// ```
    pub fn constant_error_carousel() -> Self {
        LstmOptions {
            input_gate: false,
            output_gate: false,
            ..LstmOptions::of_1997()
        }
    }

    #[track_caller]
    fn check(&self) {
        assert!(
            self.input_gate || self.forget_gate != ForgetGate::Coupled,
            "a forget gate cannot be coupled to an input gate that is not there"
        );
    }

    /// The number of parts of the sum: the gates that are learned, and the candidate.
    fn parts(&self) -> usize {
        let learned = self.forget_gate == ForgetGate::Learned;
        1 + [self.input_gate, learned, self.output_gate]
            .iter()
            .map(|&gate| usize::from(gate))
            .sum::<usize>()
    }
}

/// A long short-term memory with switches.
///
/// With x \[B, I\], h \[B, R\], c \[B, H\], G the number of parts that are there (4 with all gates),
/// Wx \[I, G·H\], Wh \[R, G·H\], b \[G·H\]; R is H without a projection:
///
/// ```text
/// i f g o = x Wx + h Wh + b                 or N(x Wx) + N(h Wh) + b with layer norm
/// i = σ(i + c Pi)                           1 without an input gate
/// f = σ(f + c Pf)                           1 − i if coupled, w if fixed
/// c′ = f c + i tanh(g)
/// o = σ(o + c′ Po)                          1 without an output gate
/// h′ = o tanh(c′)                           o tanh(N(c′)) with layer norm
/// h′ = h′ Wr                                with a projection
/// ```
///
/// The peepholes Pi, Pf, Po are \[H\] and multiply element by element, or \[H, H\]; only gates that
/// are there have one. Each N is a layer norm with a weight and a bias of its own. Wr is \[H, R\].
///
/// All weights start uniform in (−k, k) with k = 1/√H, as PyTorch's do; b is 0, and
/// [`forget_bias`](LstmOptions::forget_bias) for the forget gate.
///
/// Source: Hochreiter and Schmidhuber 1997, *Long short-term memory* (without a forget gate); Gers,
/// Schmidhuber and Cummins 2000, *Learning to forget*; Gers, Schraudolph and Schmidhuber 2002,
/// *Learning precise timing with LSTM recurrent networks* (peepholes); Sak, Senior and Beaufays
/// 2014, *Long short-term memory based recurrent neural network architectures* (projection); Ba,
/// Kiros and Hinton 2016, *Layer normalization* (the LSTM of its supplement); Greff et al. 2017,
/// *LSTM: a search space odyssey* (what follows from leaving parts out).
///
/// ```
/// use wengert_nn::rnn::{Cell, LstmOptions, LstmVariantCell};
/// use wengert_nn::LstmState;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let carousel = LstmOptions::constant_error_carousel();
/// let mut rng = Rng::seed_from_u64(1);
/// let mut cell = LstmVariantCell::with_options(1, 1, carousel, &mut rng).cast::<f64>();
/// (cell.wx, cell.wh) = (Tensor::from([[0.5]]), Tensor::from([[0.0]]));
/// let tape = Tape::new();
/// let state = LstmState { h: tape.zeros([1, 1]), c: tape.ones([1, 1]) };
/// let next = cell.bind(&tape).step(tape.ones([1, 1]), state);
/// assert!((next.c.item() - (1.0 + 0.5f64.tanh())).abs() < 1e-12);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct LstmVariantCell<P = Tensor> {
    /// Wx \[I, G·H\], the parts that are there in the order i f g o.
    pub wx: P,
    /// Wh \[R, G·H\].
    pub wh: P,
    /// b \[G·H\].
    pub bias: Option<P>,
    /// The peepholes.
    pub peepholes: PeepholeWeights<P>,
    /// Wr \[H, R\].
    pub projection: Option<P>,
    /// The norms.
    pub norms: Option<LstmNorms<P>>,
    /// The switches. Those of parts that are fields say what was asked for.
    pub options: LstmOptions,
}

/// The weights through which gates see the memory, each \[H\] or \[H, H\].
#[derive(Tree, Clone, Debug)]
pub struct PeepholeWeights<P = Tensor> {
    /// Pi.
    pub input: Option<P>,
    /// Pf.
    pub forget: Option<P>,
    /// Po.
    pub output: Option<P>,
}

/// The norms inside of an LSTM.
#[derive(Tree, Clone, Debug)]
pub struct LstmNorms<P = Tensor> {
    /// Of x Wx, with G·H features.
    pub x: LayerNorm<P>,
    /// Of h Wh, with G·H features.
    pub h: LayerNorm<P>,
    /// Of c′, with H features.
    pub c: LayerNorm<P>,
}

impl LstmVariantCell {
    /// A cell with fresh weights, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one in
    /// `f64`.
    ///
    /// # Panics
    /// If the forget gate is coupled to an input gate that is not there.
    #[track_caller]
    pub fn with_options(inputs: usize, hidden: usize, options: LstmOptions, rng: &mut Rng) -> Self {
        options.check();
        let k = 1.0 / (hidden.max(1) as f64).sqrt();
        let (columns, width) = (
            options.parts() * hidden,
            options.projection.unwrap_or(hidden),
        );
        let learned = options.forget_gate == ForgetGate::Learned;
        let bias = options.bias.then(|| {
            let mut bias = vec![0.0; columns];
            let value = options.forget_bias as f32;
            if learned {
                let start = usize::from(options.input_gate) * hidden;
                bias[start..start + hidden].fill(value);
            } else if options.forget_gate == ForgetGate::Coupled {
                bias[..hidden].fill(-value);
            }
            Tensor::from(bias)
        });
        let wx = init::uniform([inputs, columns], k, rng);
        let wh = init::uniform([width, columns], k, rng);
        let mut peephole = |gate: bool| match options.peepholes {
            Peepholes::Diagonal if gate => Some(init::uniform([hidden], k, rng)),
            Peepholes::Full if gate => Some(init::uniform([hidden, hidden], k, rng)),
            _ => None,
        };
        LstmVariantCell {
            wx,
            wh,
            bias,
            peepholes: PeepholeWeights {
                input: peephole(options.input_gate),
                forget: peephole(learned),
                output: peephole(options.output_gate),
            },
            projection: options
                .projection
                .map(|width| init::uniform([hidden, width], k, rng)),
            norms: options.layer_norm.then(|| LstmNorms {
                x: LayerNorm::new(columns),
                h: LayerNorm::new(columns),
                c: LayerNorm::new(hidden),
            }),
            options,
        }
    }
}

impl LstmVariant {
    /// One layer in one direction.
    ///
    /// # Panics
    /// As [`LstmVariantCell::with_options`].
    #[track_caller]
    pub fn with_options(inputs: usize, hidden: usize, options: LstmOptions, rng: &mut Rng) -> Self {
        Recurrent::of([LstmVariantCell::with_options(inputs, hidden, options, rng)])
    }

    /// Several layers, or both directions.
    ///
    /// # Panics
    /// As [`LstmVariantCell::with_options`].
    #[track_caller]
    pub fn stacked_with_options(
        inputs: usize,
        hidden: usize,
        options: LstmOptions,
        stacking: Stacking,
        rng: &mut Rng,
    ) -> Self {
        // Closures would lose the caller's line.
        options.check();
        let width = options.projection.unwrap_or(hidden);
        let above = (1 + usize::from(stacking.bidirectional)) * width;
        Recurrent::stack_of(inputs, above, stacking, |inputs| {
            LstmVariantCell::with_options(inputs, hidden, options, rng)
        })
    }
}

impl<P> ParameterGroups for LstmVariantCell<P> {
    fn parameter_groups(&self) -> usize {
        let peepholes = &self.peepholes;
        let seen = [&peepholes.input, &peepholes.forget, &peepholes.output];
        let seen = seen.iter().filter(|weights| weights.is_some()).count();
        let norms = if self.norms.is_some() { 6 } else { 0 };
        self.options.parts() * (2 + usize::from(self.bias.is_some()))
            + seen
            + usize::from(self.projection.is_some())
            + norms
    }
}

impl<'t, T: Float> LstmVariantCell<Var<'t, T>> {
    /// Whether this is an [`LstmCell`](super::LstmCell), perhaps with a projection, whose step is one
    /// op.
    fn is_fused(&self) -> bool {
        let LstmOptions { peepholes, .. } = self.options;
        self.options.parts() == 4 && peepholes == Peepholes::None && self.norms.is_none()
    }

    /// c′ and the cells' outputs, before a projection.
    #[track_caller]
    fn composed(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        c: Var<'t, T>,
        dropout: Dropout,
    ) -> [Var<'t, T>; 2] {
        let sum = match &self.norms {
            None => Var::affine(&[(x, self.wx), (h, self.wh)], self.bias),
            Some(norms) => {
                let x = norms.x.forward(Var::affine(&[(x, self.wx)], None));
                let h = norms.h.forward(Var::affine(&[(h, self.wh)], None));
                self.bias.map_or(x + h, |bias| x + h + bias)
            }
        };
        let parts = self.options.parts();
        let hidden = (sum.dim(-1) / parts) as isize;
        let columns: SmallVec<[Var<'t, T>; 4]> = (0..parts as isize)
            .map(|k| sum.slice(-1, k * hidden..(k + 1) * hidden))
            .collect();
        let mut columns = columns.into_iter();
        let mut next = || {
            columns
                .next()
                .expect("a part for every gate and the candidate")
        };
        let (peepholes, options) = (&self.peepholes, &self.options);
        let input = options.input_gate.then(|| gate(next(), peepholes.input, c));
        let kept = match options.forget_gate {
            ForgetGate::Learned => gate(next(), peepholes.forget, c) * c,
            ForgetGate::Coupled => input.map_or(c, |i| (1.0 - i) * c),
            ForgetGate::Fixed(1.0) => c,
            ForgetGate::Fixed(weight) => c * weight,
        };
        let candidate = dropout.forward(next().tanh());
        let c = kept + input.map_or(candidate, |i| i * candidate);
        let seen = self.norms.as_ref().map_or(c, |norms| norms.c.forward(c));
        let h = match options.output_gate {
            true => gate(next(), peepholes.output, c) * seen.tanh(),
            false => seen.tanh(),
        };
        [c, h]
    }
}

/// σ of a sum and of what a gate sees of the memory.
#[track_caller]
fn gate<'t, T: Float>(sum: Var<'t, T>, peephole: Option<Var<'t, T>>, c: Var<'t, T>) -> Var<'t, T> {
    match peephole {
        None => sum.sigmoid(),
        Some(weights) if weights.rank() == 1 => (sum + c * weights).sigmoid(),
        Some(weights) => (sum + c.matmul(weights)).sigmoid(),
    }
}

impl<'t, T: Float> Cell<'t, T> for LstmVariantCell<Var<'t, T>> {
    type State = LstmState<Var<'t, T>>;

    fn initial(&self, x: Var<'t, T>) -> Self::State {
        let rows = x.dim(0);
        let hidden = self.wx.dim(1) / self.options.parts();
        LstmState {
            h: x.tape().zeros([rows, self.wh.dim(0)]),
            c: x.tape().zeros([rows, hidden]),
        }
    }

    fn step(&self, x: Var<'t, T>, state: Self::State) -> Self::State {
        self.step_dropped(x, state.h, state, Dropout { p: 0.0 })
    }
}

impl<'t, T: Float> Droppable<'t, T> for LstmVariantCell<Var<'t, T>> {
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        state: Self::State,
        dropout: Dropout,
    ) -> Self::State {
        let [c, h] = match self.bias {
            Some(bias) if self.is_fused() && !active(dropout, x) => {
                lstm::step([(x, self.wx), (h, self.wh)], bias, state.c)
            }
            _ => self.composed(x, h, state.c, dropout),
        };
        LstmState {
            h: self.projection.map_or(h, |weights| h.matmul(weights)),
            c,
        }
    }
}
