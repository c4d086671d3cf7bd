//! Reductions that follow from others.

use wengert_tensor::Float;

use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The standard deviation over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1. `correction` is 0 for a population's and 1 for that of a sample. Where it is
    /// 0 the gradient is 0.
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

    /// The norm (Σ |x|ᵖ)^(1/p) over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1. For p = ∞ it is the greatest |x|. Where it is 0 the gradient is 0; for p ≤ 1 so
    /// is that of an element that is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([3.0, -4.0]));
    /// let norms = [1.0, 2.0, f64::INFINITY].map(|p| x.norm_p(p, &[], false).item());
    /// assert_eq!(norms, [7.0, 5.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If p is not above 0, an axis is out of range or named twice, or, for p = ∞, has size 0.
    #[track_caller]
    pub fn norm_p(self, p: f64, axes: &[isize], keep: bool) -> Self {
        assert!(p > 0.0, "norm_p: the order {p} is not above 0");
        if p == 1.0 {
            return self.abs().sum_axes(axes, keep);
        }
        if p == 2.0 {
            return self.norm(axes, keep);
        }
        if p == f64::INFINITY {
            return self.abs().amax(axes, keep);
        }
        let [zero, one] = [0.0, 1.0].map(|value| self.tape().scalar(value));
        let size = self.abs();
        let powers = if p > 1.0 {
            size.powf(p)
        } else {
            // At 0 there is a cusp, whose slopes of both signs make 0, as those of |x| do.
            let base = Var::select_equal(size, zero, one, size);
            Var::select_equal(size, zero, zero, base.powf(p))
        };
        let sum = powers.sum_axes(axes, keep);
        // The root of 0 has an infinite slope, so it is taken of 1 there.
        let root = Var::select_equal(sum, zero, one, sum).powf(1.0 / p);
        Var::select_equal(sum, zero, zero, root)
    }
}
