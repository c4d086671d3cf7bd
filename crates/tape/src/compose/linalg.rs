//! Functions of matrices, made of products and solutions.

use wengert_tensor::matrices::{PADE, halvings, matrix, square};
use wengert_tensor::{Float, Tensor};

use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The product of so many of it; the inverse of it for a negative number, and the identity for 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let fibonacci = tape.leaf(&Tensor::from([[1.0, 1.0], [1.0, 0.0]]));
    /// assert_eq!(fibonacci.matrix_power(10).value()[[0, 1]], 55.0);
    /// ```
    ///
    /// # Panics
    /// If it is not square, or a matrix whose inverse is needed is singular.
    #[track_caller]
    pub fn matrix_power(self, n: i32) -> Self {
        let size = or_panic(square("matrix_power", &self.shape()));
        let mut factor = if n < 0 { self.inverse() } else { self };
        let mut power = None;
        let mut rest = n.unsigned_abs();
        while rest > 0 {
            if rest & 1 == 1 {
                power = Some(match power {
                    Some(power) => factor.matmul(power),
                    None => factor,
                });
            }
            rest >>= 1;
            if rest > 0 {
                factor = factor.matmul(factor);
            }
        }
        match power {
            Some(power) => power,
            None => self
                .tape()
                .constant(&Tensor::eye(size))
                .expand(self.shape()),
        }
    }

    /// The exponential of the matrix, Σ aⁿ / n!: what solves ẏ = a y, at time 1. Its derivatives are those of
    /// the approximant that computes it, which are as exact as its value.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[0.0, 1.0], [0.0, 0.0]]));
    /// assert_eq!(a.matrix_exp().value(), Tensor::from([[1.0, 1.0], [0.0, 1.0]]));
    /// ```
    ///
    /// Source: Higham 2005, The Scaling and Squaring Method for the Matrix Exponential Revisited: the approximant
    /// of degree 13.
    ///
    /// # Panics
    /// If it is not square.
    #[doc(alias = "expm")]
    #[track_caller]
    pub fn matrix_exp(self) -> Self {
        let n = or_panic(square("matrix_exp", &self.shape()));
        let sums = self.value().abs().sum_axes(&[-2], false);
        let greatest = sums.iter().map(Float::to_f64).fold(0.0, f64::max);
        let halvings = halvings(greatest);
        let a = match halvings {
            0 => self,
            _ => self * (0.5_f64).powi(halvings as i32),
        };
        let a2 = a.matmul(a);
        let a4 = a2.matmul(a2);
        let a6 = a4.matmul(a2);
        // Divided by the first coefficient, none is out of the range of `f32`.
        let b = |k: usize| PADE[k] / PADE[0];
        let one = self.tape().constant(&Tensor::eye(n));
        let mut terms = [one; 2];
        for (first, terms) in terms.iter_mut().enumerate() {
            let high = a2 * b(first + 8) + a4 * b(first + 10) + a6 * b(first + 12);
            let low = a2 * b(first + 2) + a4 * b(first + 4) + a6 * b(first + 6);
            *terms = a6.matmul(high) + low + one * b(first);
        }
        let (even, odd) = (terms[0], a.matmul(terms[1]));
        let mut power = (even - odd).solve(even + odd);
        for _ in 0..halvings {
            power = power.matmul(power);
        }
        power
    }

    /// The x for which |a·x − b| is least, for this a of full rank; where several are, the shortest. A vector
    /// b is a column. For a matrix of less rank there is [`pinv`](Var::pinv).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]));
    /// let x = a.lstsq(&Tensor::from([1.0, 3.0, 5.0]));
    /// assert!(x.value().allclose(&Tensor::from([1.0, 2.0]), 1e-14, 1e-14));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes, the sizes differ, the batch axes do not broadcast, or a matrix has
    /// not full rank.
    #[doc(alias = "least_squares")]
    #[track_caller]
    pub fn lstsq(self, other: impl Operand<'t, T>) -> Self {
        let [m, n] = or_panic(matrix("lstsq", &self.shape()));
        let other = other.on(self.tape());
        let b = if other.rank() == 1 {
            other.unsqueeze(-1)
        } else {
            other
        };
        let (q, r) = if m >= n { self.qr() } else { self.t().qr() };
        or_panic(r.value().full_rank("lstsq"));
        let x = match m >= n {
            true => r.triangular_solve(q.t().matmul(b), true, false),
            false => q.matmul(r.t().triangular_solve(b, false, false)),
        };
        if other.rank() == 1 { x.squeeze(-1) } else { x }
    }
}
