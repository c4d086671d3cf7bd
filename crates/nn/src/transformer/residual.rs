//! `ResidualNorm`: a part that is added to what it is given.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

use crate::{Dropout, LayerNorm};

/// A part of a layer with a norm and a way around it.
///
/// ```text
/// y = norm(x + part(x))     norm after, as in the first paper
/// y = x + part(norm(x))     norm before, which trains more easily when there are many layers
/// ```
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, section 3.1; Xiong et al. 2020, *On layer
/// normalization in the transformer architecture*, for the norm before.
///
/// ```
/// use wengert_nn::transformer::ResidualNorm;
/// use wengert_tape::{Bind, Tape};
/// let tape = Tape::new();
/// let residual = ResidualNorm::new(4).with_norm_first().bind(&tape);
/// let y = residual.around(tape.ones([2, 4]), |x| x * 3.0);
/// assert_eq!(y.value(), tape.ones([2, 4]).value()); // the norm of equal features is 0
/// ```
#[derive(Tree, Clone, Debug)]
pub struct ResidualNorm<P = Tensor> {
    /// The norm.
    pub norm: LayerNorm<P>,
    /// Whether the norm comes before the part.
    pub norm_first: bool,
    /// What is left out of the part's result in training mode.
    pub dropout: Dropout,
}

impl ResidualNorm {
    /// A way around a part of so many features, with the norm after it and no dropout.
    pub fn new(width: usize) -> Self {
        ResidualNorm {
            norm: LayerNorm::new(width),
            norm_first: false,
            dropout: Dropout::new(0.0),
        }
    }
}

impl<P> ResidualNorm<P> {
    /// The same with the norm before the part.
    pub fn with_norm_first(mut self) -> Self {
        self.norm_first = true;
        self
    }

    /// The same with dropout.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn with_dropout(mut self, p: f64) -> Self {
        self.dropout = Dropout::new(p);
        self
    }
}

impl<'t, T: Float> ResidualNorm<Var<'t, T>> {
    /// `x` with the part added.
    ///
    /// # Panics
    /// If the part's result has not the shape of `x`.
    #[track_caller]
    pub fn around(&self, x: Var<'t, T>, part: impl FnOnce(Var<'t, T>) -> Var<'t, T>) -> Var<'t, T> {
        let y = part(self.before(x));
        self.after(x, y)
    }

    /// What the part is given.
    #[track_caller]
    pub(super) fn before(&self, x: Var<'t, T>) -> Var<'t, T> {
        if self.norm_first {
            self.norm.forward(x)
        } else {
            x
        }
    }

    /// `x` with the part's result added.
    #[track_caller]
    pub(super) fn after(&self, x: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
        assert_eq!(
            y.shape(),
            x.shape(),
            "residual: the part has another shape than what it was given"
        );
        let y = x + self.dropout.forward(y);
        if self.norm_first {
            y
        } else {
            self.norm.forward(y)
        }
    }
}
