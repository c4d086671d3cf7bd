//! `Gru`: the gated recurrent unit.

use wengert_tape::tree::Tree;
use wengert_tape::{Formula, Real, Var, compiled_here};
use wengert_tensor::{Float, Rng, Tensor};

use super::dropout::active;
use super::{Cell, Droppable, NewCell, ParameterGroups, Recurrent, zeros_like};
use crate::init;
use crate::layers::Dropout;

/// Layers of gated recurrent units over a sequence: see [`GruCell`] for the equations and
/// [`Recurrent`] for the methods.
pub type Gru<P = Tensor> = Recurrent<GruCell<P>>;

/// A gated recurrent unit, in the form whose reset gate acts after the product (PyTorch's, and
/// `reset_after` of Keras).
///
/// With x \[B, I\], h \[B, H\], Wx \[I, 3H\], Wh \[H, 3H\], bx and bh \[3H\]:
///
/// ```text
/// rx zx nx = x Wx + bx             three parts of H columns
/// rh zh nh = h Wh + bh
/// r = σ(rx + rh)
/// z = σ(zx + zh)
/// n = tanh(nx + r nh)
/// h′ = (1 − z) n + z h
/// ```
///
/// Everything starts uniform in (−k, k) with k = 1/√H, as in PyTorch.
///
/// Source: Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*; the order
/// of reset and product from version 1 of that paper.
///
/// ```
/// use wengert_nn::{GruCell, rnn::Cell};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let cell: GruCell = GruCell::new(2, 5, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let h = cell.bind(&tape).step(tape.ones([8, 2]), tape.zeros([8, 5]));
/// assert_eq!(h.shape(), [8, 5]);
///
/// // All weights 0: z = ½ and n = 0, so that half of the state is kept.
/// let cell: GruCell = GruCell {
///     wx: Tensor::zeros([2, 3]),
///     wh: Tensor::zeros([1, 3]),
///     bias_x: Tensor::zeros([3]),
///     bias_h: Tensor::zeros([3]),
/// };
/// let h = cell.bind(&tape).step(tape.ones([1, 2]), tape.ones([1, 1]));
/// assert_eq!(h.item(), 0.5);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct GruCell<P = Tensor> {
    /// Wx \[I, 3H\], the gates in the order r z n.
    pub wx: P,
    /// Wh \[H, 3H\].
    pub wh: P,
    /// bx \[3H\].
    pub bias_x: P,
    /// bh \[3H\]; its last third stands inside the reset gate.
    pub bias_h: P,
}

impl NewCell for GruCell {
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        GruCell::new(inputs, hidden, rng)
    }
}

impl GruCell {
    /// A cell with fresh weights, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one in
    /// `f64`.
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (hidden.max(1) as f64).sqrt();
        GruCell {
            wx: init::uniform([inputs, 3 * hidden], k, rng),
            wh: init::uniform([hidden, 3 * hidden], k, rng),
            bias_x: init::uniform([3 * hidden], k, rng),
            bias_h: init::uniform([3 * hidden], k, rng),
        }
    }
}

impl<'t, T: Float> Cell<'t, T> for GruCell<Var<'t, T>> {
    type State = Var<'t, T>;

    fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
        zeros_like(x, self.wh)
    }

    fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        step(x, h, h, self)
    }
}

impl<P> ParameterGroups for GruCell<P> {
    fn parameter_groups(&self) -> usize {
        3 * 4
    }
}

impl<'t, T: Float> Droppable<'t, T> for GruCell<Var<'t, T>> {
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        state: Var<'t, T>,
        dropout: Dropout,
    ) -> Var<'t, T> {
        if !active(dropout, x) {
            return step(x, h, state, self);
        }
        let [rx, zx, nx] = Var::affine(&[(x, self.wx)], Some(self.bias_x)).chunk(-1);
        let [rh, zh, nh] = Var::affine(&[(h, self.wh)], Some(self.bias_h)).chunk(-1);
        let (r, z) = ((rx + rh).sigmoid(), (zx + zh).sigmoid());
        let n = dropout.forward((nx + r * nh).tanh());
        (1.0 - z) * n + z * state
    }
}

/// The step where the products see `h`, and `state` is carried.
#[inline]
#[track_caller]
fn step<'t, T: Float>(
    x: Var<'t, T>,
    h: Var<'t, T>,
    state: Var<'t, T>,
    cell: &GruCell<Var<'t, T>>,
) -> Var<'t, T> {
    let [rx, zx, nx] = Var::affine(&[(x, cell.wx)], Some(cell.bias_x)).chunk(-1);
    let [rh, zh, nh] = Var::affine(&[(h, cell.wh)], Some(cell.bias_h)).chunk(-1);
    let [h] = x.tape().formula(GruGates, [rx, zx, nx, rh, zh, nh, state]);
    h
}

/// (rx, zx, nx, rh, zh, nh, h) → h′.
#[derive(Clone, Copy)]
struct GruGates;

impl Formula<7, 1> for GruGates {
    compiled_here!(formula GruGates, 7);

    const NAME: &'static str = "gru_gates";

    #[inline(always)]
    fn eval<R: Real>(&self, [rx, zx, nx, rh, zh, nh, h]: [R; 7]) -> [R; 1] {
        let r = (rx + rh).sigmoid();
        let z = (zx + zh).sigmoid();
        let n = (nx + r * nh).tanh();
        [(R::lit(1.0) - z) * n + z * h]
    }
}
