//! How far values are from each other.

use wengert_tensor::Float;

use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The cosine of the angle between this value and `other` along `axis`, from −1 to 1; each norm is
    /// at least `eps`. Where one is 0 the gradient is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[3.0, 4.0], [0.0, 0.0]]));
    /// let cosine = x.cosine_similarity(&Tensor::from([4.0, 3.0]), -1, 1e-8);
    /// assert!((cosine.value()[[0]] - 0.96).abs() < 1e-15);
    /// assert_eq!(cosine.value()[[1]], 0.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast or the axis is out of range.
    #[doc(alias = "CosineSimilarity")]
    #[track_caller]
    pub fn cosine_similarity(self, other: impl Operand<'t, T>, axis: isize, eps: f64) -> Self {
        let other = other.on(self.tape());
        let product = self.normalize(2.0, axis, eps) * other.normalize(2.0, axis, eps);
        let cosine = product.sum_axes(&[axis], false);
        // The rounding beyond 1 goes, the gradient stays.
        let number = cosine.detach();
        cosine + (number.clamp(-1.0, 1.0) - number)
    }

    /// The value divided by its norm of order `p` along `axis`, which counts as at least `eps`; 0 where it
    /// is 0, with gradient 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[3.0, 4.0], [0.0, 0.0]]));
    /// assert_eq!(x.normalize(2.0, -1, 1e-12).value(), Tensor::from([[0.6, 0.8], [0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If p is NaN, or the axis is out of range.
    #[doc(alias = "l2_normalize", alias = "unit_norm")]
    #[track_caller]
    pub fn normalize(self, p: f64, axis: isize, eps: f64) -> Self {
        let [zero, infinity] = [0.0, f64::INFINITY].map(|value| self.tape().scalar(value));
        let norm = self.norm_p(p, &[axis], true);
        // The inverse of a norm may be out of range.
        self / Var::select_equal(norm, zero, infinity, norm.max(eps))
    }

    /// The distance ‖x − y + ε‖ of order `p` along the last axis, between this value and another that
    /// broadcasts with it. With an `eps` of 0 the gradient is 0 where both are equal.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[3.0, 4.0], [0.0, 0.0]]));
    /// let distance = x.pairwise_distance(&Tensor::from([0.0, 0.0]), 2.0, 0.0);
    /// assert_eq!(distance.value().to_vec(), [5.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast, both are scalars, or p is NaN.
    #[doc(alias = "PairwiseDistance")]
    #[track_caller]
    pub fn pairwise_distance(self, other: impl Operand<'t, T>, p: f64, eps: f64) -> Self {
        let mut difference = self - other.on(self.tape());
        if eps != 0.0 {
            difference += eps;
        }
        difference.norm_p(p, &[-1], false)
    }

    /// The distance of order `p` of every row of this value \[…, Q, D\] from every row of another
    /// \[…, K, D\]: \[…, Q, K\]. Where two rows are equal the gradient is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[0.0, 0.0], [3.0, 4.0]]));
    /// assert_eq!(x.cdist(x, 2.0).value(), Tensor::from([[0.0, 5.0], [5.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If a value has fewer than two axes, the shapes do not broadcast, or p is NaN.
    #[doc(alias = "distance_matrix")]
    #[track_caller]
    pub fn cdist(self, other: impl Operand<'t, T>, p: f64) -> Self {
        let other = other.on(self.tape());
        for x in [self, other] {
            assert!(
                x.rank() >= 2,
                "cdist: rows are [..., rows, width], not {}",
                x.shape()
            );
        }
        (self.unsqueeze(-2) - other.unsqueeze(-3)).norm_p(p, &[-1], false)
    }
}
