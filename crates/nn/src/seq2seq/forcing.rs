//! Training on targets, and on what the model itself says.

use wengert_tape::Var;
use wengert_tensor::{Float, Tensor};

use super::choose::SampleOptions;
use super::decoder::{Decoder, check_steps};
use crate::argmax::argmax;

/// How often a decoder is told the target's token in training, rather than its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forcing {
    /// The probability of the target's token, drawn for each row and step by the tape's generator: 1 is
    /// teacher forcing, and less is scheduled sampling.
    pub rate: f64,
    /// What its own token is.
    pub own: Own,
}

/// A decoder's own token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Own {
    /// The most probable one.
    #[default]
    Best,
    /// One that is drawn from its probabilities, by the tape's generator.
    Drawn,
}

impl Default for Forcing {
    /// Always the target's token.
    fn default() -> Self {
        Forcing {
            rate: 1.0,
            own: Own::Best,
        }
    }
}

/// The scores \[B, T, V\] of the steps on `tokens` \[B, T\], the targets behind a first token, where a
/// decoder's own token of the step before may stand in for that of the targets, and the state after
/// them. The first tokens are always those given.
///
/// No gradient flows through the choice of a token. At the rate 1 all steps are run as one, and nothing
/// is drawn.
///
/// Source: Williams and Zipser 1989, *A learning algorithm for continually running fully recurrent
/// neural networks* (teacher forcing); Bengio et al. 2015, *Scheduled sampling for sequence prediction
/// with recurrent neural networks*.
///
/// ```
/// use wengert_nn::seq2seq::{Forcing, Own, TransformerDecoder, teacher_forcing};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
/// let decoder = TransformerDecoder::new(7, 8, 2, 16, 1, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let decoder = decoder.bind(&tape);
/// let memory = decoder.memory_of(tape.ones([2, 5, 8]), None);
/// let tokens = Tensor::from([[6, 1, 2], [6, 3, 4]]);
/// for forcing in [Forcing::default(), Forcing { rate: 0.3, own: Own::Drawn }] {
///     let (scores, _) = teacher_forcing(&decoder, &tokens, &memory, decoder.start(&memory), forcing);
///     assert_eq!(scores.shape(), [2, 3, 7]);
/// }
/// ```
///
/// # Panics
/// If the tokens are not \[B, T\] with at least one step, or the rate is not from 0 to 1; and as the
/// decoder.
#[track_caller]
pub fn teacher_forcing<'t, T: Float, D: Decoder<'t, T>>(
    decoder: &D,
    tokens: &Tensor<i64>,
    memory: &D::Memory,
    state: D::State,
    forcing: Forcing,
) -> (Var<'t, T>, D::State) {
    check_steps(tokens);
    let Forcing { rate, own } = forcing;
    assert!(
        (0.0..=1.0).contains(&rate),
        "teacher forcing: the rate {rate} is not from 0 to 1"
    );
    if rate == 1.0 {
        return decoder.run(tokens, memory, state);
    }
    let prepared = decoder.prepare(memory);
    let memory = prepared.as_ref().unwrap_or(memory);
    let (mut state, mut told) = (state, tokens.select(1, 0));
    let mut steps = Vec::with_capacity(tokens.dim(1));
    for t in 1..=tokens.dim(1) {
        let (scores, next) = decoder.step(&told, memory, state);
        steps.push(scores);
        state = next;
        if t < tokens.dim(1) {
            told = mixed(scores, &tokens.select(1, t as isize), rate, own);
        }
    }
    (Var::stack(&steps, 1), state)
}

/// For each row the target, or its own token by these scores.
#[track_caller]
fn mixed<'t, T: Float>(
    scores: Var<'t, T>,
    targets: &Tensor<i64>,
    rate: f64,
    own: Own,
) -> Tensor<i64> {
    let values: Vec<f64> = scores.value().iter().map(T::to_f64).collect();
    let rows = values.chunks(scores.dim(-1).max(1)).zip(targets.iter());
    let told = scores.tape().draw(|rng| {
        let told = rows.map(|(scores, target)| match own {
            _ if rng.coin(rate) => target,
            Own::Best => argmax(scores) as i64,
            Own::Drawn => SampleOptions::default().draw(scores, rng) as i64,
        });
        told.collect::<Vec<_>>()
    });
    Tensor::from(told)
}

/// How the rate of the target's tokens falls as training goes on.
///
/// Source: Bengio et al. 2015, section 2.4.
///
/// ```
/// use wengert_nn::seq2seq::Schedule;
/// let linear = Schedule::Linear { start: 1.0, slope: 0.01, least: 0.2 };
/// assert_eq!((linear.rate(30), linear.rate(100)), (0.7, 0.2));
/// assert_eq!(Schedule::Exponential { base: 0.5 }.rate(2), 0.25);
/// assert_eq!(Schedule::InverseSigmoid { k: 1.0 }.rate(0), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// max(least, start − slope · step), at most 1.
    Linear {
        /// The rate at step 0.
        start: f64,
        /// How much it falls in a step.
        slope: f64,
        /// Where it stops.
        least: f64,
    },
    /// base^step, with base < 1.
    Exponential {
        /// What each step multiplies by.
        base: f64,
    },
    /// k / (k + exp(step / k)), with k ≥ 1.
    InverseSigmoid {
        /// How late it falls.
        k: f64,
    },
}

impl Schedule {
    /// The rate at a step, or an epoch.
    pub fn rate(self, step: usize) -> f64 {
        let step = step as f64;
        match self {
            Schedule::Linear {
                start,
                slope,
                least,
            } => (start - slope * step).max(least).min(1.0),
            Schedule::Exponential { base } => base.powf(step),
            Schedule::InverseSigmoid { k } => k / (k + (step / k).exp()),
        }
    }
}
