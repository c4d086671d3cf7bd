//! Linear algebra on the last two axes; the axes before them are a batch of matrices.
//!
//! All of it is computed in `f64` and rounded once. A matrix with an element that is not finite gives NaN, and
//! leaves the others of its batch alone.

use super::construct::blank;
use super::or_panic;
use crate::kernels::linalg::{self, Factors, Matrices, Triangle, matrix, solution, square};
use crate::{Float, MatrixError, Shape, Tensor};

impl<T: Float> Tensor<T> {
    /// The lower triangle l, with a diagonal above 0, of which l·lᵀ is ½ (a + aᵀ) for this positive definite
    /// a.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let l = Tensor::from([[4.0, 2.0], [2.0, 5.0]]).cholesky();
    /// assert_eq!(l, Tensor::from([[2.0, 0.0], [1.0, 2.0]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, or a matrix is not positive definite.
    #[track_caller]
    pub fn cholesky(&self) -> Self {
        or_panic(self.try_cholesky())
    }

    /// [`cholesky`](Tensor::cholesky) of matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square.
    ///
    /// # Errors
    /// If a matrix is not positive definite.
    #[track_caller]
    pub fn try_cholesky(&self) -> Result<Self, MatrixError> {
        or_panic(square("cholesky", self.shape()));
        let l = linalg::cholesky("cholesky", Matrices::read(&self.view()))?;
        Ok(Self::of("cholesky", &l))
    }

    /// The solution x of (l·lᵀ)·x = b for this lower triangle l, as [`cholesky`](Tensor::cholesky) makes it.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let l = Tensor::from([[2.0, 0.0], [1.0, 2.0]]);
    /// assert_eq!(l.cholesky_solve(&Tensor::from([4.0, 18.0])), Tensor::from([-1.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, the sizes differ, or a diagonal has a 0.
    #[doc(alias = "cho_solve")]
    #[track_caller]
    pub fn cholesky_solve(&self, other: &Tensor<T>) -> Self {
        let half = self.triangular_solve(other, false, false);
        self.t().triangular_solve(&half, true, false)
    }

    /// The solution x of a·x = b for this square a; batch axes broadcast, and a vector b is a column.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.solve(&Tensor::from([4.0, 8.0])), Tensor::from([1.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, the sizes differ, the batch axes do not broadcast, or a matrix is singular.
    #[track_caller]
    pub fn solve(&self, other: &Tensor<T>) -> Self {
        or_panic(self.try_solve(other))
    }

    /// [`solve`](Tensor::solve) with matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square, the sizes differ, or the batch axes do not broadcast.
    ///
    /// # Errors
    /// If a matrix is singular.
    #[track_caller]
    pub fn try_solve(&self, other: &Tensor<T>) -> Result<Self, MatrixError> {
        let (b, shape) = self.column("solve", other);
        let factors = Factors::new(Matrices::read(&self.view()));
        factors.check("solve")?;
        let batch = Shape::new(&shape[..shape.rank() - 2]);
        let x = Self::of("solve", &factors.solve(&b, &batch, false));
        Ok(if other.rank() == 1 { x.squeeze(-1) } else { x })
    }

    /// The solution x of a·x = b, where the upper or the lower triangle of this a is read, and its diagonal
    /// is taken to be 1 if `unit`; batch axes broadcast, and a vector b is a column.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let a = Tensor::from([[2.0, 9.0], [1.0, 4.0]]);
    /// let b = Tensor::from([4.0, 10.0]);
    /// assert_eq!(a.triangular_solve(&b, false, false), Tensor::from([2.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, the sizes differ, the batch axes do not broadcast, or a diagonal has a 0.
    #[doc(alias = "solve_triangular")]
    #[track_caller]
    pub fn triangular_solve(&self, other: &Tensor<T>, upper: bool, unit: bool) -> Self {
        or_panic(self.try_triangular_solve(other, upper, unit))
    }

    /// [`triangular_solve`](Tensor::triangular_solve) with matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square, the sizes differ, or the batch axes do not broadcast.
    ///
    /// # Errors
    /// If a diagonal has a 0.
    #[track_caller]
    pub fn try_triangular_solve(
        &self,
        other: &Tensor<T>,
        upper: bool,
        unit: bool,
    ) -> Result<Self, MatrixError> {
        let (b, shape) = self.column("triangular_solve", other);
        let (a, triangle) = (Matrices::read(&self.view()), Triangle { upper, unit });
        a.check_triangles("triangular_solve", triangle)?;
        let batch = Shape::new(&shape[..shape.rank() - 2]);
        let x = linalg::triangular_solve(&a, &b, &batch, triangle);
        let x = Self::of("triangular_solve", &x);
        Ok(if other.rank() == 1 { x.squeeze(-1) } else { x })
    }

    /// The inverse. A system is solved more exactly, and faster, by [`solve`](Tensor::solve).
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.inverse(), Tensor::from([[0.5, -0.125], [0.0, 0.25]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square, or a matrix is singular.
    #[doc(alias = "inv")]
    #[track_caller]
    pub fn inverse(&self) -> Self {
        or_panic(self.try_inverse())
    }

    /// [`inverse`](Tensor::inverse) of matrices that come from outside.
    ///
    /// # Panics
    /// If it is not square.
    ///
    /// # Errors
    /// If a matrix is singular.
    #[doc(alias = "inv_ex")]
    #[track_caller]
    pub fn try_inverse(&self) -> Result<Self, MatrixError> {
        let n = or_panic(square("inverse", self.shape()));
        let factors = Factors::new(Matrices::read(&self.view()));
        factors.check("inverse")?;
        let identity = Matrices::read(&Tensor::<f64>::eye(n).view());
        let x = factors.solve(&identity, factors.lead(), false);
        Ok(Self::of("inverse", &x))
    }

    /// The determinant.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).det().item(), -2.0);
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[doc(alias = "determinant")]
    #[track_caller]
    pub fn det(&self) -> Self {
        let factors = self.factors("det");
        Self::numbers(&factors.det(), factors.lead())
    }

    /// The sign of the determinant, 0 for a singular matrix, and the logarithm of its size, which does not
    /// leave the range of the type where the determinant does.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (sign, log) = (Tensor::<f64>::eye(501) * -10.0).slogdet();
    /// assert_eq!(sign.item(), -1.0);
    /// assert!((log.item() - 501.0 * 10.0_f64.ln()).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[track_caller]
    pub fn slogdet(&self) -> (Self, Self) {
        let factors = self.factors("slogdet");
        let (signs, logs) = factors.slogdet();
        let [signs, logs] = [signs, logs].map(|x| Self::numbers(&x, factors.lead()));
        (signs, logs)
    }

    /// The logarithm of the determinant: −∞ for a singular matrix, NaN for a negative determinant.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[2.0, 7.0], [0.0, 0.5]]).logdet().item(), 0.0);
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[track_caller]
    pub fn logdet(&self) -> Self {
        let factors = self.factors("logdet");
        let (signs, logs) = factors.slogdet();
        let log = |(sign, log): (&f64, &f64)| if *sign < 0.0 { f64::NAN } else { *log };
        let logs: Vec<f64> = signs.iter().zip(&logs).map(log).collect();
        Self::numbers(&logs, factors.lead())
    }

    /// The matrix q with orthonormal columns and the upper triangle r with q·r = a: for a of m × n elements,
    /// m × k and k × n, with k the smaller of both. The diagonal of r is not negative.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (q, r) = Tensor::from([[3.0, 1.0], [4.0, 3.0]]).qr();
    /// assert!(q.allclose(&Tensor::from([[0.6, -0.8], [0.8, 0.6]]), 1e-15, 1e-15));
    /// assert!(r.allclose(&Tensor::from([[5.0, 3.0], [0.0, 1.0]]), 1e-15, 1e-15));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[track_caller]
    pub fn qr(&self) -> (Self, Self) {
        or_panic(matrix("qr", self.shape()));
        let (q, r) = linalg::qr(&Matrices::read(&self.view()));
        (Self::of("qr", &q), Self::of("qr", &r))
    }

    /// The eigenvalues of ½ (a + aᵀ) in ascending order, and the eigenvectors, as columns.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (values, vectors) = Tensor::from([[3.0, 0.0], [0.0, 2.0]]).eigh();
    /// assert_eq!(values, Tensor::from([2.0, 3.0]));
    /// assert_eq!(vectors, Tensor::from([[0.0, 1.0], [1.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[doc(alias = "symeig")]
    #[track_caller]
    pub fn eigh(&self) -> (Self, Self) {
        or_panic(square("eigh", self.shape()));
        let (values, vectors) = linalg::eigh(&Matrices::read(&self.view()));
        (
            Self::of("eigh", &values).squeeze(-2),
            Self::of("eigh", &vectors),
        )
    }

    /// The eigenvalues of ½ (a + aᵀ) in ascending order.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[3.0, 0.0], [0.0, 2.0]]).eigvalsh(), Tensor::from([2.0, 3.0]));
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[track_caller]
    pub fn eigvalsh(&self) -> Self {
        or_panic(square("eigvalsh", self.shape()));
        self.eigh().0
    }

    /// The matrices u, the singular values s in descending order, and the matrices vᵀ with u·diag(s)·vᵀ = a:
    /// for a of m × n elements u is m × k and vᵀ k × n, with k the smaller of both.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (u, s, vt) = Tensor::from([[0.0, 2.0], [3.0, 0.0]]).svd();
    /// assert_eq!(s, Tensor::from([3.0, 2.0]));
    /// assert_eq!((u * s).matmul(&vt), Tensor::from([[0.0, 2.0], [3.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[track_caller]
    pub fn svd(&self) -> (Self, Self, Self) {
        or_panic(matrix("svd", self.shape()));
        let (u, s, vt) = linalg::svd(&Matrices::read(&self.view()));
        let [u, s, vt] = [u, s, vt].map(|x| Self::of("svd", &x));
        (u, s.squeeze(-2), vt)
    }

    /// The singular values in descending order.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[0.0, -2.0], [3.0, 0.0]]).svdvals(), Tensor::from([3.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[doc(alias = "singular_values")]
    #[track_caller]
    pub fn svdvals(&self) -> Self {
        or_panic(matrix("svdvals", self.shape()));
        self.svd().1
    }

    /// The pseudoinverse of Moore and Penrose. Singular values count as 0 that are at most the longer side
    /// times the type's rounding error times the greatest.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[2.0, 0.0], [0.0, 0.0], [0.0, 4.0]]).pinv();
    /// assert_eq!(x, Tensor::from([[0.5, 0.0, 0.0], [0.0, 0.0, 0.25]]));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[track_caller]
    pub fn pinv(&self) -> Self {
        let [m, n] = or_panic(matrix("pinv", self.shape()));
        let cut = m.max(n) as f64 * T::EPSILON.to_f64();
        Self::of("pinv", &linalg::pinv(&Matrices::read(&self.view()), cut))
    }

    /// The x for which |a·x − b| is least, for this a of full rank; where several are, the shortest. A vector
    /// b is a column. For a matrix of less rank there is [`pinv`](Tensor::pinv).
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let a = Tensor::from([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]);
    /// let x = a.lstsq(&Tensor::from([1.0, 3.0, 5.0]));
    /// assert!(x.allclose(&Tensor::from([1.0, 2.0]), 1e-14, 1e-14));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes, the sizes differ, the batch axes do not broadcast, or a matrix has
    /// not full rank.
    #[doc(alias = "least_squares")]
    #[track_caller]
    pub fn lstsq(&self, other: &Tensor<T>) -> Self {
        let [m, n] = or_panic(matrix("lstsq", self.shape()));
        let b = if other.rank() == 1 {
            other.unsqueeze(-1)
        } else {
            other.clone()
        };
        let x = if m >= n {
            let (q, r) = self.qr();
            or_panic(r.full_rank("lstsq"));
            r.triangular_solve(&q.t().matmul(&b), true, false)
        } else {
            let (q, r) = self.t().qr();
            or_panic(r.full_rank("lstsq"));
            q.matmul(&r.t().triangular_solve(&b, false, false))
        };
        if other.rank() == 1 { x.squeeze(-1) } else { x }
    }

    /// The product of so many of it; the inverse of it for a negative number, and the identity for 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let fibonacci = Tensor::from([[1.0, 1.0], [1.0, 0.0]]);
    /// assert_eq!(fibonacci.matrix_power(10)[[0, 1]], 55.0);
    /// ```
    ///
    /// # Panics
    /// If it is not square, or a matrix whose inverse is needed is singular.
    #[track_caller]
    pub fn matrix_power(&self, n: i32) -> Self {
        let size = or_panic(square("matrix_power", self.shape()));
        let mut power = Tensor::eye(size).expand(self.shape());
        let mut factor = if n < 0 { self.inverse() } else { self.clone() };
        let mut rest = n.unsigned_abs();
        let mut first = true;
        while rest > 0 {
            if rest & 1 == 1 {
                power = if first {
                    factor.clone()
                } else {
                    power.matmul(&factor)
                };
                first = false;
            }
            rest >>= 1;
            if rest > 0 {
                factor = factor.matmul(&factor);
            }
        }
        power
    }

    /// The exponential of the matrix, Σ aⁿ / n!.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let y = Tensor::from([[0.0, 1.0], [0.0, 0.0]]).matrix_exp();
    /// assert_eq!(y, Tensor::from([[1.0, 1.0], [0.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[doc(alias = "expm")]
    #[track_caller]
    pub fn matrix_exp(&self) -> Self {
        or_panic(square("matrix_exp", self.shape()));
        Self::of("matrix_exp", &linalg::expm(&Matrices::read(&self.view())))
    }

    /// Checks that this triangle has no number on its diagonal that is 0 to rounding.
    #[doc(hidden)]
    pub fn full_rank(&self, op: &'static str) -> Result<(), MatrixError> {
        Matrices::read(&self.view()).full_rank(op, T::EPSILON.to_f64())
    }

    /// The right side of systems with this as matrices, and the shape of the solution, in which a vector is a
    /// column.
    #[track_caller]
    fn column(&self, op: &'static str, other: &Tensor<T>) -> (Matrices, Shape) {
        let b = if other.rank() == 1 {
            other.unsqueeze(-1)
        } else {
            other.clone()
        };
        or_panic(solution(op, self.shape(), other.shape()));
        let shape = or_panic(solution(op, self.shape(), b.shape()));
        (Matrices::read(&b.view()), shape)
    }

    #[track_caller]
    fn factors(&self, op: &'static str) -> Factors {
        or_panic(square(op, self.shape()));
        Factors::new(Matrices::read(&self.view()))
    }

    #[track_caller]
    fn of(op: &'static str, x: &Matrices) -> Self {
        let shape = x.shape();
        let mut data = blank(op, &shape);
        x.write(&mut data);
        Self::row_major(data, shape)
    }

    fn numbers(x: &[f64], lead: &Shape) -> Self {
        Self::row_major(x.iter().map(|&x| T::from_f64(x)).collect(), lead.clone())
    }
}
