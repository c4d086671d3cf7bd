//! Values brought to a common scale.

use smallvec::SmallVec;
use wengert_tensor::Float;

use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The value with mean 0 and variance 1 over the last `axes` axes, then scaled by `weight` and
    /// shifted by `bias`, which have the shape of these axes:
    /// (x − m) / √(v + ε) · weight + bias, where v is the population's variance.
    ///
    /// Source: Ba, Kiros and Hinton 2016, Layer Normalization.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 3.0]));
    /// let y = x.layer_norm(1, None, Some(tape.scalar(5.0)), 0.0);
    /// assert_eq!(y.value().to_vec(), [4.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If there are less than `axes` axes, or the weight or the bias does not broadcast.
    #[track_caller]
    pub fn layer_norm(
        self,
        axes: usize,
        weight: Option<Self>,
        bias: Option<Self>,
        eps: f64,
    ) -> Self {
        let list: SmallVec<[isize; 8]> = (1..=axes as isize).map(|axis| -axis).collect();
        let y = self.standardize(&list, eps);
        y.scaled(weight, bias)
    }

    /// The value with mean 0 and variance 1 over `axes`: (x − m) / √(v + ε).
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn standardize(self, axes: &[isize], eps: f64) -> Self {
        let centered = self - self.mean_axes(axes, true);
        let variance = (centered * centered).mean_axes(axes, true);
        centered * (variance + eps).rsqrt()
    }

    /// The value divided by its root mean square over the last axis, scaled by `weight`.
    ///
    /// Source: Zhang and Sennrich 2019, Root Mean Square Layer Normalization.
    ///
    /// # Panics
    /// If it is a scalar, or the weight does not broadcast.
    #[track_caller]
    pub fn rms_norm(self, weight: Option<Self>, eps: f64) -> Self {
        let square = (self * self).mean_axes(&[-1], true);
        (self * (square + eps).rsqrt()).scaled(weight, None)
    }

    #[track_caller]
    fn scaled(self, weight: Option<Self>, bias: Option<Self>) -> Self {
        let y = weight.map_or(self, |weight| self * weight);
        bias.map_or(y, |bias| y + bias)
    }

    /// The cosine of the angle between this value and `other` along `axis`; each norm is at least
    /// `eps`. Where one is 0 the gradient is 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast or the axis is out of range.
    #[track_caller]
    pub fn cosine_similarity(self, other: impl Operand<'t, T>, axis: isize, eps: f64) -> Self {
        let other = other.on(self.tape());
        let zero = self.tape().scalar(0.0);
        let unit = |x: Self| {
            let norm = x.norm(&[axis], true);
            x * Var::select_equal(norm, zero, zero, 1.0 / norm.max(eps))
        };
        (unit(self) * unit(other)).sum_axes(&[axis], false)
    }
}
