//! `RecurrentDropout`: what is left out inside of a cell, by chance.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::Float;

use super::{Carried, Cell, ParameterGroups, Recurrent};
use crate::layers::Dropout;

/// What a run draws once, for all of its steps: factors of the inputs \[B, I\] and of the hidden
/// values \[B, H\].
#[derive(Clone, Copy, Debug)]
pub struct Masks<'t, T: Float> {
    /// The factors of the inputs.
    pub x: Option<Var<'t, T>>,
    /// The factors of what the products see of the state.
    pub h: Option<Var<'t, T>>,
}

impl<'t, T: Float> Masks<'t, T> {
    /// The masks of the first rows.
    #[track_caller]
    pub(super) fn first_rows(&self, rows: usize) -> Self {
        Masks {
            x: self.x.map(|x| x.slice(0, ..rows)),
            h: self.h.map(|h| h.slice(0, ..rows)),
        }
    }
}

/// A cell in which something can be left out: what its products see of the state, and what it would
/// add to the state.
pub trait Droppable<'t, T: Float>: Cell<'t, T> {
    /// The step where the products see `h` in place of the state's hidden value, and where `dropout`
    /// is applied to the candidate, the new value before it is gated. Without one, it is the
    /// [`step`](Cell::step).
    #[track_caller]
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        state: Self::State,
        dropout: Dropout,
    ) -> Self::State;
}

/// Whether a dropout changes anything now.
pub(super) fn active<T: Float>(dropout: Dropout, x: Var<'_, T>) -> bool {
    dropout.p > 0.0 && x.tape().training()
}

/// A cell with dropout inside, in training mode:
///
/// ```text
/// the step of (m ⊙ x, n ⊙ h)       m and n are drawn once a run: the same for all of its steps
/// d(candidate)                     drawn at every step; what the state holds is not touched
/// ```
///
/// In evaluation mode it is the cell. [`step`](Recurrent::step) of a layer is a run of its own, and
/// draws anew.
///
/// Source: Gal and Ghahramani 2016, *A theoretically grounded application of dropout in recurrent
/// neural networks* (m and n); Semeniuta, Severyn and Barth 2016, *Recurrent dropout without memory
/// loss* (d).
///
/// ```
/// use wengert_nn::{Lstm, rnn::RecurrentDropout};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let rnn = Lstm::new(2, 3, &mut Rng::seed_from_u64(1));
/// let rnn = rnn.map_cells(|cell| RecurrentDropout::new(cell).with_inputs(0.5).with_candidate(1.0));
/// let tape = Tape::new();
/// tape.set_training(true);
/// // No candidate is left, so that nothing is ever written.
/// let state = rnn.bind(&tape).last(tape.ones([4, 5, 2]), None);
/// assert_eq!(state.c().value(), Tensor::zeros([4, 3]));
/// ```
#[derive(Tree, Clone, Debug)]
pub struct RecurrentDropout<C> {
    /// The cell.
    pub cell: C,
    /// Of the inputs, one draw a run.
    pub inputs: Dropout,
    /// Of what the products see of the state, one draw a run.
    pub hidden: Dropout,
    /// Of the candidate, one draw a step.
    pub candidate: Dropout,
}

impl<C> RecurrentDropout<C> {
    /// The cell, in which nothing is left out yet.
    pub fn new(cell: C) -> Self {
        let none = Dropout { p: 0.0 };
        RecurrentDropout {
            cell,
            inputs: none,
            hidden: none,
            candidate: none,
        }
    }

    /// With this probability for the inputs: variational dropout.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_inputs(mut self, p: f64) -> Self {
        self.inputs = Dropout::new(p);
        self
    }

    /// With this probability for what the products see of the state: variational dropout.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_hidden(mut self, p: f64) -> Self {
        self.hidden = Dropout::new(p);
        self
    }

    /// With this probability for the candidate: recurrent dropout without loss of memory.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_candidate(mut self, p: f64) -> Self {
        self.candidate = Dropout::new(p);
        self
    }
}

impl<C: ParameterGroups> ParameterGroups for RecurrentDropout<C> {
    fn parameter_groups(&self) -> usize {
        self.cell.parameter_groups()
    }
}

impl<'t, T: Float, C: Droppable<'t, T>> Cell<'t, T> for RecurrentDropout<C> {
    type State = C::State;

    fn initial(&self, x: Var<'t, T>) -> C::State {
        self.cell.initial(x)
    }

    fn step(&self, x: Var<'t, T>, state: C::State) -> C::State {
        match self.draw(x.dim(0), x.dim(-1), &state) {
            Some(drawn) => self.step_drawn(x, state, &drawn),
            None => self.cell.step(x, state),
        }
    }

    fn draw(&self, rows: usize, inputs: usize, start: &C::State) -> Option<Masks<'t, T>> {
        let tape = start.h().tape();
        let any = [self.inputs, self.hidden, self.candidate];
        if !tape.training() || any.iter().all(|dropout| dropout.p == 0.0) {
            return None;
        }
        let mask = |dropout: Dropout, width: usize| {
            (dropout.p > 0.0).then(|| dropout.forward(tape.ones([rows, width])))
        };
        Some(Masks {
            x: mask(self.inputs, inputs),
            h: mask(self.hidden, start.h().dim(-1)),
        })
    }

    fn step_drawn(&self, x: Var<'t, T>, state: C::State, drawn: &Masks<'t, T>) -> C::State {
        let x = drawn.x.map_or(x, |mask| x * mask);
        let h = drawn.h.map_or(state.h(), |mask| state.h() * mask);
        self.cell.step_dropped(x, h, state, self.candidate)
    }
}

impl<C> Recurrent<C> {
    /// The layers with variational dropout in every cell: of the inputs, and of what the products
    /// see of the state, with one draw a run.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1 for both.
    #[track_caller]
    pub fn with_variational_dropout(
        self,
        inputs: f64,
        hidden: f64,
    ) -> Recurrent<RecurrentDropout<C>> {
        let (inputs, hidden) = (Dropout::new(inputs), Dropout::new(hidden));
        self.map_cells(|cell| RecurrentDropout {
            inputs,
            hidden,
            ..RecurrentDropout::new(cell)
        })
    }

    /// The layers with recurrent dropout in every cell: of the candidate, with one draw a step.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_recurrent_dropout(self, p: f64) -> Recurrent<RecurrentDropout<C>> {
        let candidate = Dropout::new(p);
        self.map_cells(|cell| RecurrentDropout {
            candidate,
            ..RecurrentDropout::new(cell)
        })
    }
}
