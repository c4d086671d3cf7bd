//! `Decoder`: one step of what makes a sequence, and its steps in scopes.

use wengert_tape::tree::{Tree, TreeExt};
use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Tensor};

/// What makes a sequence token by token, bound to a tape.
///
/// ```
/// use wengert_nn::seq2seq::{Decoder, Until, greedy};
/// use wengert_tape::{Bind, Tape, Var, tree::Tree};
/// use wengert_tensor::{Float, Tensor};
///
/// /// A row of scores for each token: a Markov chain, which remembers nothing.
/// #[derive(Tree, Clone)]
/// struct Chain<P = Tensor> { scores: P }
/// impl<'t, T: Float> Decoder<'t, T> for Chain<Var<'t, T>> {
///     type Memory = ();
///     type State = ();
///     fn step(&self, tokens: &Tensor<i64>, _: &(), _: ()) -> (Var<'t, T>, ()) {
///         (self.scores.rows(tokens), ())
///     }
///     fn select(&self, _: &(), _: &Tensor<i64>) {}
/// }
///
/// let chain = Chain { scores: Tensor::from([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]) };
/// let tape = Tape::<f64>::new();
/// let found = greedy(&tape, &chain.bind(&tape), &(), (), &Tensor::from([1]), Until::end(0, 10));
/// assert_eq!((&found[0].tokens[..], found[0].finished), (&[2][..], true));
/// ```
pub trait Decoder<'t, T: Float> {
    /// What every step sees and none changes, such as what an encoder made of the sources.
    type Memory;

    /// What is carried from step to step: a tree of variables, each with the batch first.
    type State: Tree<Var<'t, T>> + Clone;

    /// A step on a token for each row, \[B\]: scores \[B, V\], whose softmax are the probabilities of the
    /// next token, and the state after it.
    #[track_caller]
    fn step(
        &self,
        tokens: &Tensor<i64>,
        memory: &Self::Memory,
        state: Self::State,
    ) -> (Var<'t, T>, Self::State);

    /// The memory with what every step would compute of it again, if there is such a thing. Whoever takes
    /// many steps asks once.
    #[track_caller]
    fn prepare(&self, _memory: &Self::Memory) -> Option<Self::Memory> {
        None
    }

    /// The memory of these rows, in this order.
    #[track_caller]
    fn select(&self, memory: &Self::Memory, rows: &Tensor<i64>) -> Self::Memory;

    /// The scores \[B, T, V\] of as many steps as there are tokens \[B, T\], and the state after them.
    /// A decoder that can do all steps at once does so here.
    #[track_caller]
    fn run(
        &self,
        tokens: &Tensor<i64>,
        memory: &Self::Memory,
        state: Self::State,
    ) -> (Var<'t, T>, Self::State) {
        check_steps(tokens);
        let prepared = self.prepare(memory);
        let memory = prepared.as_ref().unwrap_or(memory);
        let mut state = state;
        let mut scores = Vec::with_capacity(tokens.dim(1));
        for t in 0..tokens.dim(1) {
            let (next, after) = self.step(&tokens.select(1, t as isize), memory, state);
            scores.push(next);
            state = after;
        }
        (Var::stack(&scores, 1), state)
    }
}

/// Refuses what is no steps of tokens.
#[track_caller]
pub(super) fn check_steps(tokens: &Tensor<i64>) {
    assert!(
        tokens.rank() == 2 && tokens.dim(1) > 0,
        "decoder: the tokens are [batch, time] with at least one step, not {}",
        tokens.shape()
    );
}

/// When decoding ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// The token that ends a sequence, if there is one.
    pub end: Option<i64>,
    /// How many tokens a sequence has at most, with the one that ends it.
    pub max_len: usize,
}

impl Until {
    /// At the token `end`, or after `max_len` tokens.
    pub fn end(end: i64, max_len: usize) -> Self {
        Until {
            end: Some(end),
            max_len,
        }
    }

    /// After `len` tokens, whichever they are.
    pub fn len(len: usize) -> Self {
        Until {
            end: None,
            max_len: len,
        }
    }
}

/// A sequence that decoding found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// The tokens, without the first one that was given and without the end.
    pub tokens: Vec<i64>,
    /// The logarithm, in nats, of the probability that the decoder gives to the tokens, and to the end if
    /// it is finished.
    pub log_probability: f64,
    /// What hypotheses are compared by: the logarithm of the probability over the length penalty.
    pub score: f64,
    /// Whether the end was reached; otherwise the greatest length was.
    pub finished: bool,
}

/// Which rows of a step go on, each with its next token.
pub(super) struct Onward {
    pub rows: Vec<usize>,
    pub tokens: Vec<i64>,
}

/// Steps of a decoder, until `choose` lets no row go on. It gets the logarithms of the probabilities of
/// a step, row by row, and the vocabulary's size.
///
/// Each step is a scope, so that what it takes of the tape is given back; the state lies outside of the
/// tape meanwhile. Rows that do not go on are not computed any more.
#[track_caller]
pub(super) fn decode<'t, T: Float, D: Decoder<'t, T>>(
    tape: &'t Tape<T>,
    decoder: &D,
    memory: &D::Memory,
    state: D::State,
    first: &Tensor<i64>,
    choose: &mut dyn FnMut(&[f64], usize) -> Onward,
) {
    assert!(
        first.rank() == 1,
        "decoding: there is one first token for each row, not {}",
        first.shape()
    );
    let batch = first.dim(0);
    let mut walk = Walk {
        values: values(&state),
        state,
        tokens: first.to_vec(),
    };
    walk.stretch(batch);
    let whole: Vec<usize> = (0..batch).collect();
    let mut sources = whole.clone();
    // Within closures the caller's line is lost: what is wrong comes out.
    let mut steps = |memory: &D::Memory| {
        while !walk.tokens.is_empty() {
            // The memory is chosen anew only where other rows go on, and what was chosen before is
            // given back.
            tape.scope(|tape| -> Result<(), String> {
                let chosen = (sources != whole).then(|| decoder.select(memory, &indices(&sources)));
                let memory = chosen.as_ref().unwrap_or(memory);
                loop {
                    let (scores, vocabulary) = walk.step(tape, decoder, memory)?;
                    let onward = choose(&scores, vocabulary);
                    let next: Vec<usize> = onward.rows.iter().map(|&row| sources[row]).collect();
                    walk.go_on(onward);
                    let same = next == sources;
                    sources = next;
                    if !same || sources.is_empty() {
                        return Ok(());
                    }
                }
            })?;
        }
        Ok::<(), String>(())
    };
    let prepared = |_: &'t Tape<T>| {
        let prepared = decoder.prepare(memory);
        steps(prepared.as_ref().unwrap_or(memory))
    };
    if let Err(wrong) = tape.no_grad(|| tape.scope(prepared)) {
        panic!("decoding: {wrong}");
    }
}

/// A state outside of the tape.
struct Walk<T: Float, S> {
    /// Its structure; the variables in it are of a scope that has ended.
    state: S,
    values: Vec<Tensor<T>>,
    tokens: Vec<i64>,
}

impl<'t, T: Float, S: Tree<Var<'t, T>> + Clone> Walk<T, S> {
    /// States of one row stand for any number of equal ones.
    #[track_caller]
    fn stretch(&mut self, rows: usize) {
        for value in &mut self.values {
            let found = value.shape().first().copied();
            if found == Some(1) && rows != 1 {
                *value = value.index_select(0, &Tensor::zeros([rows]));
            }
            let shape = value.shape();
            assert!(
                shape.first() == Some(&rows),
                "decoding: a state of the shape {shape} is not one of {rows} rows"
            );
        }
    }

    /// The logarithms of the probabilities, and the vocabulary's size.
    fn step<D>(
        &mut self,
        tape: &'t Tape<T>,
        decoder: &D,
        memory: &D::Memory,
    ) -> Result<(Vec<f64>, usize), String>
    where
        D: Decoder<'t, T, State = S>,
    {
        let tokens = Tensor::from(self.tokens.clone());
        let rows = self.tokens.len();
        tape.scope(|tape| {
            let mut state = self.state.clone();
            let mut values = self.values.iter();
            state.visit_tree_mut(|_, part| {
                if let Some(value) = values.next() {
                    *part = tape.constant(value);
                }
            });
            let (scores, next) = decoder.step(&tokens, memory, state);
            let shape = scores.shape();
            if shape.rank() != 2 || shape[0] != rows || shape[1] == 0 {
                return Err(format!("the scores of {rows} rows have the shape {shape}"));
            }
            self.values = self::values(&next);
            self.state = next;
            let scores: Vec<f64> = scores
                .log_softmax(-1)
                .value()
                .iter()
                .map(T::to_f64)
                .collect();
            if scores.iter().any(|score| score.is_nan()) {
                return Err("a score is NaN".to_owned());
            }
            let impossible = |row: &[f64]| row.iter().all(|score| *score == f64::NEG_INFINITY);
            if scores.chunks(shape[1]).any(impossible) {
                return Err("no token of a row has a probability".to_owned());
            }
            Ok((scores, shape[1]))
        })
    }

    fn go_on(&mut self, onward: Onward) {
        let all = onward.rows.iter().copied().eq(0..self.tokens.len());
        if !all {
            let rows = indices(&onward.rows);
            for value in &mut self.values {
                *value = value.index_select(0, &rows);
            }
        }
        self.tokens = onward.tokens;
    }
}

fn values<'t, T: Float>(state: &impl Tree<Var<'t, T>>) -> Vec<Tensor<T>> {
    let mut values = Vec::new();
    state.visit_tree(|_, part| values.push(part.value()));
    values
}

fn indices(rows: &[usize]) -> Tensor<i64> {
    Tensor::from(rows.iter().map(|&row| row as i64).collect::<Vec<_>>())
}
