//! `RmsNorm`: rows brought to a root mean square of 1.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

/// Divides each row by its root mean square.
///
/// x is \[…, C\], w \[C\]; the mean is over the last axis.
///
/// ```text
/// y = x / √(mean(x²) + ε) w
/// ```
///
/// w starts at 1; ε is 1e-6.
///
/// Source: Zhang and Sennrich 2019, *Root mean square layer normalization*, equation 4.
///
/// ```
/// use wengert_nn::RmsNorm;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// let layer = RmsNorm::new(2).cast::<f64>();
/// let tape = Tape::new();
/// let y = layer.bind(&tape).forward(tape.constant(&Tensor::from([[1.0, 7.0]])));
/// assert!((y.value()[[0, 1]] - 1.4).abs() < 1e-6);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct RmsNorm<P = Tensor> {
    /// w \[C\].
    pub weight: P,
    /// ε.
    pub epsilon: f64,
}

impl RmsNorm {
    /// A layer for rows of `features` elements, in `f32`; [`cast`](wengert_tape::Bind::cast) makes
    /// it one in `f64`.
    pub fn new(features: usize) -> Self {
        RmsNorm {
            weight: Tensor::ones([features]),
            epsilon: 1e-6,
        }
    }
}

impl<'t, T: Float> RmsNorm<Var<'t, T>> {
    /// The normalized values.
    ///
    /// # Panics
    /// If the last axis of `x` is not C long.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let _part = x.tape().part("rms norm");
        x.rms_norm(Some(self.weight), self.epsilon)
    }
}
