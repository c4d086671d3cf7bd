//! `LightGru`: a gated unit with rectified candidates and no reset gate.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::{Cell, Droppable, NewCell, ParameterGroups, Recurrent, zeros_like};
use crate::init;
use crate::layers::{Dropout, LayerNorm};

/// Layers of light gated recurrent units: see [`LightGruCell`].
pub type LightGru<P = Tensor> = Recurrent<LightGruCell<P>>;

/// A light gated recurrent unit (liGRU).
///
/// With x \[B, I\], h \[B, H\], Wx \[I, 2H\], Wh \[H, 2H\], N a layer norm over 2H features:
///
/// ```text
/// z n = N(x Wx) + h Wh             two parts of H columns
/// h′ = σ(z) h + (1 − σ(z)) relu(n)
/// ```
///
/// The paper normalizes x Wx over the batch. A layer norm keeps the relu in bounds too, and leaves
/// the sequences of a batch independent of each other and of their lengths.
///
/// Wx starts Glorot uniform, Wh orthogonal in each part, N at weight 1 and bias 0.
///
/// Source: Ravanelli, Brakel, Omologo and Bengio 2018, *Light gated recurrent units for speech
/// recognition*.
///
/// ```
/// use wengert_nn::{LayerNorm, rnn::{Cell, LightGruCell}};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// // All weights 0: z = ½ and n = 0, so that half of the state is kept.
/// let cell: LightGruCell = LightGruCell {
///     wx: Tensor::zeros([2, 2]),
///     wh: Tensor::zeros([1, 2]),
///     norm: LayerNorm::new(2),
/// };
/// let tape = Tape::new();
/// assert_eq!(cell.bind(&tape).step(tape.ones([1, 2]), tape.ones([1, 1])).item(), 0.5);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct LightGruCell<P = Tensor> {
    /// Wx \[I, 2H\], the parts in the order z n.
    pub wx: P,
    /// Wh \[H, 2H\].
    pub wh: P,
    /// N.
    pub norm: LayerNorm<P>,
}

impl NewCell for LightGruCell {
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let mut part = || init::orthogonal([hidden, hidden], 1.0, rng);
        LightGruCell {
            wh: Tensor::cat(&[part(), part()], 1),
            wx: init::glorot_uniform([inputs, 2 * hidden], rng),
            norm: LayerNorm::new(2 * hidden),
        }
    }
}

impl<P> ParameterGroups for LightGruCell<P> {
    fn parameter_groups(&self) -> usize {
        2 * 2 + 2
    }
}

impl<'t, T: Float> Cell<'t, T> for LightGruCell<Var<'t, T>> {
    type State = Var<'t, T>;

    fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
        zeros_like(x, self.wh)
    }

    fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        self.step_dropped(x, h, h, Dropout { p: 0.0 })
    }
}

impl<'t, T: Float> Droppable<'t, T> for LightGruCell<Var<'t, T>> {
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        state: Var<'t, T>,
        dropout: Dropout,
    ) -> Var<'t, T> {
        let sum = self.norm.forward(x.matmul(self.wx)) + h.matmul(self.wh);
        let [z, n] = sum.chunk(-1);
        let z = z.sigmoid();
        z * state + (1.0 - z) * dropout.forward(n.relu())
    }
}
