//! Reductions that follow from others.

use wengert_tensor::Float;

use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The standard deviation over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1. `correction` is 0 for a population's and 1 for that of a sample. Where it is
    /// 0 the gradient is 0. Off by at most 3 units in the last place, the gradient by 4 of the greatest.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 5.0]));
    /// assert!((x.std(&[], 0, false).item() - 2.0).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std(self, axes: &[isize], correction: usize, keep: bool) -> Self {
        let centered = self - self.mean_axes(axes, true);
        let norm = centered.norm(axes, keep);
        let count = self.size().checked_div(norm.size()).unwrap_or(0);
        norm / (count.saturating_sub(correction) as f64).sqrt()
    }

    /// The entropy, in nats, of the distribution softmax(x) along `axis`: −Σ p ln p. A class of
    /// probability 0, as with a logit of −∞, gives 0 and has gradient 0. Off as `softmax` is; the gradient by
    /// at most 5 units in the last place of 1: where a probability rounds to 1, its digits are lost.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let logits = tape.leaf(&Tensor::from([7.0, 7.0, f64::NEG_INFINITY]));
    /// assert_eq!(logits.entropy(-1).item(), 2.0_f64.ln());
    /// ```
    ///
    /// Source: Shannon 1948, A Mathematical Theory of Communication.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn entropy(self, axis: isize) -> Self {
        let [p, log_p] = [self.softmax(axis), self.log_softmax(axis)];
        let zero = self.tape().scalar(0.0);
        // A logarithm of −∞ stays out of the products, and of their derivatives.
        let log_p = Var::select_equal(p, zero, zero, log_p);
        -(p * log_p).sum_axes(&[axis], false)
    }
}
