//! `SimpleRnn`: the plain recurrent layer.

use wengert_tape::Var;
use wengert_tape::ops::{Relu, Tanh};
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor, compile_here};

use super::dropout::active;
use super::{Cell, Droppable, NewCell, ParameterGroups, Recurrent, beside, zeros_like};
use crate::init;
use crate::layers::{Dropout, Sigmoid};

/// Layers of plain recurrent cells over a sequence: see [`SimpleRnnCell`] for the equations and
/// [`Recurrent`] for the methods.
///
/// ```
/// use wengert_nn::SimpleRnn;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
///
/// let rnn = SimpleRnn::new(1, 20, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// assert_eq!(rnn.bind(&tape).last(tape.ones([10, 25, 1]), None).h().shape(), [10, 20]);
/// ```
pub type SimpleRnn<P = Tensor> = Recurrent<SimpleRnnCell<P>>;

/// A plain recurrent cell: h′ = tanh(x Wx + h Wh + b), or relu, or any other [`Nonlinearity`].
///
/// x is \[B, I\], h \[B, H\], Wx \[I, H\], Wh \[H, H\], b \[H\].
///
/// Wx and b start uniform in (−k, k) with k = 1/√H, as in PyTorch, and Wh too.
///
/// Source: Elman 1990, *Finding structure in time*.
///
/// ```
/// use wengert_nn::{SimpleRnnCell, rnn::{Activation, Cell}};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// let cell = SimpleRnnCell {
///     wx: Tensor::<f64>::from([[0.5], [0.25]]),
///     wh: Tensor::from([[2.0]]),
///     bias: Tensor::from([-1.0]),
///     activation: Activation::Tanh,
/// };
/// let tape = Tape::new();
/// let h = cell.bind(&tape).step(tape.ones([1, 2]), tape.ones([1, 1]));
/// assert!((h.item() - 1.75f64.tanh()).abs() < 1e-12);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct SimpleRnnCell<P = Tensor, #[tree(skip)] F = Activation> {
    /// Wx \[I, H\].
    pub wx: P,
    /// Wh \[H, H\].
    pub wh: P,
    /// b \[H\].
    pub bias: P,
    /// The function of the sum.
    pub activation: F,
}

/// The function of a [`SimpleRnnCell`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// The hyperbolic tangent.
    #[default]
    Tanh,
    /// max(x, 0).
    Relu,
}

/// A function for a [`SimpleRnnCell`], of every element or of a row.
///
/// ```
/// use wengert_nn::{SimpleRnn, rnn::Nonlinearity};
/// use wengert_tape::{Bind, Tape, Var};
/// use wengert_tensor::{Float, Rng};
///
/// #[derive(Clone)]
/// struct Softsign;
/// impl Nonlinearity for Softsign {
///     fn of<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
///         x / (x.abs() + 1.0)
///     }
/// }
///
/// let rnn = SimpleRnn::new(1, 4, &mut Rng::seed_from_u64(1)).with_activation(Softsign);
/// let tape = Tape::new();
/// let h = rnn.bind(&tape).last(tape.full([2, 3, 1], 9.0), None).h().value();
/// assert!(h.iter().all(|h| h.abs() < 1.0));
/// ```
pub trait Nonlinearity: Clone {
    /// The function of the sum \[B, H\].
    #[track_caller]
    fn of<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T>;

    /// The function of the sum of two products and the bias, where one op can do both.
    #[track_caller]
    fn of_sum<'t, T: Float>(
        &self,
        products: [(Var<'t, T>, Var<'t, T>); 2],
        bias: Var<'t, T>,
    ) -> Var<'t, T> {
        self.of(Var::affine(&products, Some(bias)))
    }
}

impl Nonlinearity for Activation {
    fn of<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        match self {
            Activation::Tanh => x.tanh(),
            Activation::Relu => x.relu(),
        }
    }

    fn of_sum<'t, T: Float>(
        &self,
        products: [(Var<'t, T>, Var<'t, T>); 2],
        bias: Var<'t, T>,
    ) -> Var<'t, T> {
        step(products, bias, *self)
    }
}

impl Nonlinearity for Sigmoid {
    fn of<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.forward(x)
    }
}

impl NewCell for SimpleRnnCell {
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        SimpleRnnCell::new(inputs, hidden, rng)
    }
}

impl SimpleRnnCell {
    /// A cell with fresh weights and tanh, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one
    /// in `f64`.
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (hidden.max(1) as f64).sqrt();
        SimpleRnnCell {
            wx: init::uniform([inputs, hidden], k, rng),
            wh: init::uniform([hidden, hidden], k, rng),
            bias: init::uniform([hidden], k, rng),
            activation: Activation::Tanh,
        }
    }
}

impl<P, F> SimpleRnnCell<P, F> {
    /// The cell with another activation.
    pub fn with_activation<G>(self, activation: G) -> SimpleRnnCell<P, G> {
        SimpleRnnCell {
            wx: self.wx,
            wh: self.wh,
            bias: self.bias,
            activation,
        }
    }
}

impl<P, F> ParameterGroups for SimpleRnnCell<P, F> {
    fn parameter_groups(&self) -> usize {
        3
    }
}

impl<P> SimpleRnn<P> {
    /// The layers with another activation.
    ///
    /// ```
    /// use wengert_nn::{SimpleRnn, rnn::Activation};
    /// use wengert_tensor::Rng;
    /// let rnn = SimpleRnn::new(1, 4, &mut Rng::seed_from_u64(1));
    /// let rnn = rnn.with_activation(Activation::Relu);
    /// assert_eq!(rnn.layers[0].forward.activation, Activation::Relu);
    /// ```
    pub fn with_activation<G: Clone>(self, activation: G) -> Recurrent<SimpleRnnCell<P, G>> {
        self.map_cells(|cell| cell.with_activation(activation.clone()))
    }
}

impl<'t, T: Float, F: Nonlinearity> Cell<'t, T> for SimpleRnnCell<Var<'t, T>, F> {
    type State = Var<'t, T>;

    fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
        zeros_like(x, self.wh)
    }

    fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let sums = [(x, self.wx), (beside(x, h), self.wh)];
        self.activation.of_sum(sums, self.bias)
    }
}

impl<'t, T: Float, F: Nonlinearity> Droppable<'t, T> for SimpleRnnCell<Var<'t, T>, F> {
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        _: Var<'t, T>,
        dropout: Dropout,
    ) -> Var<'t, T> {
        let next = self.step(x, h);
        // The new value is the candidate, as there is no gate.
        if active(dropout, x) {
            dropout.forward(next)
        } else {
            next
        }
    }
}

compile_here! {
    fn step<'t, T>(
        sums: [(Var<'t, T>, Var<'t, T>); 2],
        bias: Var<'t, T>,
        activation: Activation,
    ) -> Var<'t, T> {
        match activation {
            Activation::Tanh => Var::affine_activated(&sums, Some(bias), (Tanh,)),
            Activation::Relu => Var::affine_activated(&sums, Some(bias), (Relu,)),
        }
    }
}
