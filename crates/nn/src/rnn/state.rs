//! What recurrent layers carry from step to step, and from run to run.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tape::tree::{Tree, TreeExt};
use wengert_tensor::{Float, Tensor};

/// What a cell carries from step to step: a tree of variables, each with the batch first, of which
/// one is the hidden value. That is also the cell's output.
pub trait Carried<'t, T: Float>: Copy + Tree<Var<'t, T>> {
    /// The hidden value h \[B, H\].
    fn h(&self) -> Var<'t, T>;
}

impl<'t, T: Float> Carried<'t, T> for Var<'t, T> {
    fn h(&self) -> Var<'t, T> {
        *self
    }
}

/// The state of every layer and direction of a recurrent layer.
///
/// A state whose parts have one row stands for any number of equal ones: it stretches to the batch
/// in every run. So the start of a model can be learned, as a part of it:
///
/// ```
/// use wengert_nn::{Gru, State};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let mut rng = Rng::seed_from_u64(1);
/// let rnn = Gru::new(2, 3, &mut rng);
/// let start: State<Tensor> = State::of([Tensor::zeros([1, 3])]);
/// let model = (rnn, start);
/// let x: Tensor = rng.normal([4, 5, 2], 0.0, 1.0);
/// let (_, grads) = Tape::new().value_and_grad(&model, |t, (rnn, start)| {
///     rnn.last(t.constant(&x), Some(start)).h().sum()
/// });
/// let (_, start) = grads.tree(&model);
/// assert_eq!(start.cells[0].shape(), &[1, 3]);
/// ```
///
/// A state is a tree, so that it comes out of a step as tensors, and goes into the next one
/// (truncated back-propagation through time):
///
/// ```
/// use wengert_nn::{Lstm, LstmState, State};
/// use wengert_tape::{Tape, Values};
/// use wengert_tensor::{Rng, Tensor};
///
/// let mut rng = Rng::seed_from_u64(1);
/// let rnn = Lstm::new(2, 3, &mut rng);
/// let mut tape = Tape::new();
/// let mut carried: Option<State<LstmState<Tensor>>> = None;
/// for _ in 0..3 {
///     let x: Tensor = rng.normal([4, 5, 2], 0.0, 1.0);
///     let (_, state, _) = tape.value_and_grad_aux(&rnn, |t, rnn| {
///         // The step starts where the last one ended, and no gradient flows back over its start.
///         let start = t.bind_where(&carried, |_| false);
///         let state = rnn.last(t.constant(&x), start);
///         (state.h().sum(), state.value())
///     });
///     carried = Some(state);
/// }
/// assert_eq!(carried.unwrap().cells[0].h.shape(), &[4, 3]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct State<S> {
    /// One state a layer and direction: that of layer l in direction d is number l·D + d.
    pub cells: SmallVec<[S; 4]>,
    /// D, the number of directions.
    pub directions: usize,
}

impl<S> State<S> {
    /// The state of cells in one direction, one a layer.
    ///
    /// ```
    /// use wengert_nn::State;
    /// assert_eq!(State::of(["first layer", "second layer"]).directions, 1);
    /// ```
    pub fn of(cells: impl IntoIterator<Item = S>) -> Self {
        State {
            cells: cells.into_iter().collect(),
            directions: 1,
        }
    }

    /// The same values, over which no gradient flows back: where truncated back-propagation through
    /// time cuts a sequence that goes on on the same tape.
    ///
    /// ```
    /// use wengert_nn::Gru;
    /// use wengert_tape::{Bind, Tape};
    /// use wengert_tensor::Rng;
    ///
    /// let rnn = Gru::new(2, 3, &mut Rng::seed_from_u64(1));
    /// let tape = Tape::new();
    /// let m = rnn.bind(&tape);
    /// let first = m.last(tape.ones([4, 5, 2]), None);
    /// let cut = first.clone().detach();
    /// assert!(first.h().needs_grad() && !cut.h().needs_grad());
    /// assert_eq!(first.h().value(), cut.h().value());
    /// ```
    pub fn detach<'t, T: Float>(self) -> Self
    where
        S: Carried<'t, T>,
    {
        self.each(|part| part.detach())
    }

    /// The state of these rows of the batch, in this order: to go on with some sequences, or with
    /// copies of them, as a beam search does.
    ///
    /// ```
    /// use wengert_nn::State;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    ///
    /// let tape = Tape::<f64>::new();
    /// let state = State::of([tape.constant(&Tensor::from([[1.0], [2.0], [3.0]]))]);
    /// let state = state.index_select(&Tensor::from([2, 0, 2]));
    /// assert_eq!(state.h().value().to_vec(), [3.0, 1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If an index is out of range.
    #[track_caller]
    pub fn index_select<'t, T: Float>(self, rows: &Tensor<i64>) -> Self
    where
        S: Carried<'t, T>,
    {
        let mut state = self;
        for cell in &mut state.cells {
            let mut parts = parts(*cell);
            for part in &mut parts {
                *part = part.index_select(0, rows);
            }
            *cell = with_parts(*cell, parts);
        }
        state
    }

    /// The state with every part changed.
    fn each<'t, T: Float>(mut self, mut f: impl FnMut(Var<'t, T>) -> Var<'t, T>) -> Self
    where
        S: Carried<'t, T>,
    {
        for cell in &mut self.cells {
            *cell = each(*cell, &mut f);
        }
        self
    }

    /// h of the last layer, \[B, D·H\]: in both directions after all of the sequence, forward
    /// first.
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn h<'t, T: Float>(&self) -> Var<'t, T>
    where
        S: Carried<'t, T>,
    {
        self.last(|cell| cell.h())
    }

    /// Something of the last layer, the directions side by side.
    #[track_caller]
    pub(super) fn last<'t, T: Float>(&self, of: impl Fn(&S) -> Var<'t, T>) -> Var<'t, T> {
        let below = self.cells.len().checked_sub(self.directions);
        let Some(below) = below.filter(|_| self.directions > 0) else {
            panic!("the state has no layer");
        };
        match &self.cells[below..] {
            [only] => of(only),
            both => Var::cat(&both.iter().map(of).collect::<SmallVec<[_; 2]>>(), -1),
        }
    }
}

/// A cell's state with every part changed.
pub(super) fn each<'t, T: Float, S: Carried<'t, T>>(
    mut state: S,
    mut f: impl FnMut(Var<'t, T>) -> Var<'t, T>,
) -> S {
    state.visit_tree_mut(|_, part| *part = f(*part));
    state
}

/// The state with `f` of every part and the same part of another state.
pub(super) fn zip<'t, T: Float, S: Carried<'t, T>>(
    mut state: S,
    other: S,
    mut f: impl FnMut(&str, Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
) -> S {
    let mut parts = parts(other).into_iter();
    state.visit_tree_mut(|path, part| {
        if let Some(other) = parts.next() {
            *part = f(path.as_str(), *part, other);
        }
    });
    state
}

type Parts<'t, T> = SmallVec<[Var<'t, T>; 4]>;

/// The parts of a cell's state, for a loop over them: closures would lose the caller's line.
fn parts<'t, T: Float, S: Carried<'t, T>>(state: S) -> Parts<'t, T> {
    let mut parts = Parts::new();
    state.visit_tree(|_, part| parts.push(*part));
    parts
}

/// The way back from [`parts`].
fn with_parts<'t, T: Float, S: Carried<'t, T>>(state: S, parts: Parts<'t, T>) -> S {
    let mut parts = parts.into_iter();
    each(state, |part| parts.next().unwrap_or(part))
}

/// A state with one row, stretched to `rows`.
pub(super) fn stretched<'t, T: Float, S: Carried<'t, T>>(state: S, rows: usize) -> S {
    if rows == 1 || state.h().shape().first() != Some(&1) {
        return state;
    }
    each(state, |part| {
        let mut shape = part.shape();
        if shape.first() != Some(&1) {
            return part;
        }
        shape.dims_mut()[0] = rows;
        part.expand(shape)
    })
}
