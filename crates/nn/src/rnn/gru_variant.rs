//! `GruVariant`: the gated recurrent unit with its switches.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use super::{Cell, Droppable, ParameterGroups, Recurrent, Stacking, zeros_like};
use crate::init;
use crate::layers::Dropout;

/// Layers of switchable gated recurrent units: see [`GruVariantCell`] for the equations,
/// [`GruOptions`] for the switches and [`Recurrent`] for the methods.
///
/// ```
/// use wengert_nn::rnn::{GruBiases, GruOptions, GruVariant, ParameterGroups};
/// use wengert_tensor::Rng;
///
/// let groups = |biases| {
///     let options = GruOptions { biases, ..GruOptions::default() };
///     GruVariant::with_options(2, 50, options, &mut Rng::seed_from_u64(1)).parameter_groups()
/// };
/// assert_eq!(groups(GruBiases::Double), 12);
/// assert_eq!(groups(GruBiases::Single), 9);
/// assert_eq!(groups(GruBiases::Gates), 8);
/// assert_eq!(groups(GruBiases::None), 6);
/// ```
pub type GruVariant<P = Tensor> = Recurrent<GruVariantCell<P>>;

/// Which biases a GRU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GruBiases {
    /// Two for each gate and for the candidate, as in PyTorch.
    Double,
    /// One for each gate and for the candidate.
    Single,
    /// One for each gate, and none for the candidate.
    Gates,
    /// None.
    None,
}

/// The switches of a [`GruVariantCell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GruOptions {
    /// Whether the reset gate acts after the product with the state, and not on the state itself.
    pub reset_after: bool,
    /// Which biases there are.
    pub biases: GruBiases,
}

impl Default for GruOptions {
    /// The form of the final paper: the reset gate before the product, one bias each.
    fn default() -> Self {
        GruOptions {
            reset_after: false,
            biases: GruBiases::Single,
        }
    }
}

/// A gated recurrent unit with switches.
///
/// With x \[B, I\], h \[B, H\], Wx \[I, 3H\], Wh \[H, 3H\], each in three parts r z n, and bx and bh
/// \[3H\], or \[2H\] without a bias of the candidate:
///
/// ```text
/// r = σ(x Wxr + h Whr + bxr + bhr)
/// z = σ(x Wxz + h Whz + bxz + bhz)
/// n = tanh(x Wxn + bxn + (r h) Whn + bhn)          the reset gate before the product
/// n = tanh(x Wxn + bxn + r (h Whn + bhn))          after it
/// h′ = (1 − z) n + z h
/// ```
///
/// Everything starts uniform in (−k, k) with k = 1/√H, as in PyTorch. [`GruCell`](super::GruCell),
/// with the reset gate after the product and two biases, is faster.
///
/// Source: Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*; both orders
/// of reset and product are in its versions.
///
/// ```
/// use wengert_nn::rnn::{Cell, GruBiases, GruOptions, GruVariantCell};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let options = GruOptions { reset_after: false, biases: GruBiases::None };
/// let mut rng = Rng::seed_from_u64(1);
/// let mut cell = GruVariantCell::with_options(1, 1, options, &mut rng).cast::<f64>();
/// (cell.wx, cell.wh) = (Tensor::zeros([1, 3]), Tensor::from([[0.0, 0.0, 1.0]]));
/// let tape = Tape::new();
/// // r = z = ½, n = tanh(½ h).
/// let h = cell.bind(&tape).step(tape.ones([1, 1]), tape.ones([1, 1]));
/// assert!((h.item() - 0.5 * (1.0 + 0.5f64.tanh())).abs() < 1e-12);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct GruVariantCell<P = Tensor> {
    /// Wx \[I, 3H\], the parts in the order r z n.
    pub wx: P,
    /// Wh \[H, 3H\].
    pub wh: P,
    /// bx \[3H\] or \[2H\].
    pub bias_x: Option<P>,
    /// bh \[3H\].
    pub bias_h: Option<P>,
    /// The switches.
    pub options: GruOptions,
}

impl GruVariantCell {
    /// A cell with fresh weights, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one in
    /// `f64`.
    pub fn with_options(inputs: usize, hidden: usize, options: GruOptions, rng: &mut Rng) -> Self {
        let k = 1.0 / (hidden.max(1) as f64).sqrt();
        let mut bias = |parts: usize| (parts > 0).then(|| init::uniform([parts * hidden], k, rng));
        let (bias_x, bias_h) = match options.biases {
            GruBiases::Double => (bias(3), bias(3)),
            GruBiases::Single => (bias(3), None),
            GruBiases::Gates => (bias(2), None),
            GruBiases::None => (None, None),
        };
        GruVariantCell {
            wx: init::uniform([inputs, 3 * hidden], k, rng),
            wh: init::uniform([hidden, 3 * hidden], k, rng),
            bias_x,
            bias_h,
            options,
        }
    }
}

impl GruVariant {
    /// One layer in one direction.
    pub fn with_options(inputs: usize, hidden: usize, options: GruOptions, rng: &mut Rng) -> Self {
        Recurrent::of([GruVariantCell::with_options(inputs, hidden, options, rng)])
    }

    /// Several layers, or both directions.
    pub fn stacked_with_options(
        inputs: usize,
        hidden: usize,
        options: GruOptions,
        stacking: Stacking,
        rng: &mut Rng,
    ) -> Self {
        let above = (1 + usize::from(stacking.bidirectional)) * hidden;
        Recurrent::stack_of(inputs, above, stacking, |inputs| {
            GruVariantCell::with_options(inputs, hidden, options, rng)
        })
    }
}

impl<P> ParameterGroups for GruVariantCell<P> {
    fn parameter_groups(&self) -> usize {
        6 + match self.options.biases {
            GruBiases::Double => 6,
            GruBiases::Single => 3,
            GruBiases::Gates => 2,
            GruBiases::None => 0,
        }
    }
}

impl<'t, T: Float> Cell<'t, T> for GruVariantCell<Var<'t, T>> {
    type State = Var<'t, T>;

    fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
        zeros_like(x, self.wh)
    }

    fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        self.step_dropped(x, h, h, Dropout { p: 0.0 })
    }
}

impl<'t, T: Float> Droppable<'t, T> for GruVariantCell<Var<'t, T>> {
    fn step_dropped(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        state: Var<'t, T>,
        dropout: Dropout,
    ) -> Var<'t, T> {
        let hidden = self.wh.dim(0) as isize;
        let (gates, candidate) = (..2 * hidden, 2 * hidden..3 * hidden);
        let of = |w: Var<'t, T>, range: std::ops::RangeTo<isize>| w.slice(-1, range);
        let gate_bias = |bias: Option<Var<'t, T>>| bias.map(|bias| of(bias, gates));
        let candidate_bias = |bias: Option<Var<'t, T>>| {
            let bias = bias.filter(|bias| bias.dim(0) as isize == 3 * hidden);
            bias.map(|bias| bias.slice(-1, candidate.clone()))
        };
        let sums = [(x, of(self.wx, gates)), (h, of(self.wh, gates))];
        let mut sum = Var::affine(&sums, gate_bias(self.bias_x));
        if let Some(bias) = gate_bias(self.bias_h) {
            sum += bias;
        }
        let [r, z] = sum.sigmoid().chunk(-1);
        let wxn = self.wx.slice(-1, candidate.clone());
        let whn = self.wh.slice(-1, candidate.clone());
        let bias_h = candidate_bias(self.bias_h);
        let nx = Var::affine(&[(x, wxn)], candidate_bias(self.bias_x));
        let nh = match self.options.reset_after {
            true => r * Var::affine(&[(h, whn)], bias_h),
            false => Var::affine(&[(r * h, whn)], bias_h),
        };
        let n = dropout.forward((nx + nh).tanh());
        (1.0 - z) * n + z * state
    }
}
