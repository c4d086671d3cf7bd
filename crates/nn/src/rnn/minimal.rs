//! `MinimalGru`: a gated unit with one gate.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::{Cell, Droppable, NewCell, ParameterGroups, Recurrent, zeros_like};
use crate::init;
use crate::layers::Dropout;

/// Layers of minimal gated units: see [`MinimalGruCell`].
pub type MinimalGru<P = Tensor> = Recurrent<MinimalGruCell<P>>;

/// A minimal gated unit, whose one gate both resets and updates.
///
/// With x \[B, I\], h \[B, H\], Wx \[I, 2H\], Wh \[H, 2H\], b \[2H\], each in two parts f n:
///
/// ```text
/// f = σ(x Wxf + h Whf + bf)
/// n = tanh(x Wxn + (f h) Whn + bn)
/// h′ = (1 − f) h + f n
/// ```
///
/// Everything starts uniform in (−k, k) with k = 1/√H.
///
/// Source: Zhou, Wu, Zhang and Zhou 2016, *Minimal gated unit for recurrent neural networks*.
///
/// ```
/// use wengert_nn::rnn::{Cell, MinimalGruCell};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// // All weights 0: f = ½ and n = 0, so that half of the state is kept.
/// let cell: MinimalGruCell = MinimalGruCell {
///     wx: Tensor::zeros([2, 2]),
///     wh: Tensor::zeros([1, 2]),
///     bias: Tensor::zeros([2]),
/// };
/// let tape = Tape::new();
/// assert_eq!(cell.bind(&tape).step(tape.ones([1, 2]), tape.ones([1, 1])).item(), 0.5);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct MinimalGruCell<P = Tensor> {
    /// Wx \[I, 2H\], the parts in the order f n.
    pub wx: P,
    /// Wh \[H, 2H\].
    pub wh: P,
    /// b \[2H\].
    pub bias: P,
}

impl NewCell for MinimalGruCell {
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (hidden.max(1) as f64).sqrt();
        MinimalGruCell {
            wx: init::uniform([inputs, 2 * hidden], k, rng),
            wh: init::uniform([hidden, 2 * hidden], k, rng),
            bias: init::uniform([2 * hidden], k, rng),
        }
    }
}

impl<P> ParameterGroups for MinimalGruCell<P> {
    fn parameter_groups(&self) -> usize {
        2 * 3
    }
}

impl<'t, T: Float> Cell<'t, T> for MinimalGruCell<Var<'t, T>> {
    type State = Var<'t, T>;

    fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
        zeros_like(x, self.wh)
    }

    fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        self.step_dropped(x, h, h, Dropout { p: 0.0 })
    }
}

impl<'t, T: Float> Droppable<'t, T> for MinimalGruCell<Var<'t, T>> {
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        state: Var<'t, T>,
        dropout: Dropout,
    ) -> Var<'t, T> {
        let [wxf, wxn] = self.wx.chunk(-1);
        let [whf, whn] = self.wh.chunk(-1);
        let [bf, bn] = self.bias.chunk(-1);
        let f = Var::affine(&[(x, wxf), (h, whf)], Some(bf)).sigmoid();
        let n = Var::affine(&[(x, wxn), (f * h, whn)], Some(bn)).tanh();
        (1.0 - f) * state + f * dropout.forward(n)
    }
}
