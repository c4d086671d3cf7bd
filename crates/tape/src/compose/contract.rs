//! Products over any axes, made of products of matrices.

use wengert_tensor::einsum::{Fold, Plan, Step, chain};
use wengert_tensor::{Float, Shape};

use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// Einstein's summation: the products over axes of one name, as NumPy's equations say. A letter names an
    /// axis; one that stands twice in an operand is its diagonal, an ellipsis stands for any axes, which
    /// broadcast, and what is not behind the arrow is summed over; see
    /// [`Plan::new`](wengert_tensor::einsum::Plan::new).
    ///
    /// Operands are multiplied in pairs, the cheapest first, each by one product of matrices.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let (q, k) = (tape.ones([2, 8, 5, 16]), tape.ones([2, 8, 7, 16]));
    /// assert_eq!(Var::einsum("bhqd,bhkd->bhqk", &[q, k]).shape(), [2, 8, 5, 7]);
    /// assert_eq!(Var::einsum("...ii->...", &[tape.ones([3, 4, 4])]).value().to_vec(), [4.0; 3]);
    /// ```
    ///
    /// # Panics
    /// If the equation is none, or the shapes do not fit it.
    #[track_caller]
    pub fn einsum(equation: &str, operands: &[Self]) -> Self {
        let mut values = operands.to_vec();
        let mut shapes = Vec::with_capacity(values.len());
        for x in &values {
            shapes.push(x.shape());
        }
        let plan = or_panic(Plan::new(equation, &shapes));
        for step in &plan.steps {
            let (at, value) = match step {
                Step::Diagonal { at, axes: [a, b] } => (at, values[*at].diagonal(0, *a, *b)),
                Step::Sum { at, axes } => (at, values[*at].sum_axes(axes, false)),
                Step::Permute { at, axes } => (at, values[*at].permute(axes)),
                Step::Reshape { at, dims } => (at, values[*at].reshape(dims)),
                Step::Matmul { left, right } => (left, values[*left].matmul(values[*right])),
                Step::Multiply { left, right } => (left, values[*left] * values[*right]),
            };
            values[*at] = value;
        }
        values[plan.result]
    }

    /// The scalar product of two vectors.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    /// assert_eq!(x.dot(&Tensor::from([3.0, 4.0])).item(), 11.0);
    /// ```
    ///
    /// # Panics
    /// If they are no vectors of one length.
    #[doc(alias = "vdot")]
    #[track_caller]
    pub fn dot(self, other: impl Operand<'t, T>) -> Self {
        let other = other.on(self.tape());
        or_panic(self.shape().dot(&other.shape()));
        self.matmul(other)
    }

    /// The products of every element of a vector with every element of another.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let z = tape.leaf(&Tensor::from([1.0, 2.0])).outer(&Tensor::from([3.0, 4.0]));
    /// assert_eq!(z.value(), Tensor::from([[3.0, 4.0], [6.0, 8.0]]));
    /// ```
    ///
    /// # Panics
    /// If one of them is no vector.
    #[doc(alias = "ger")]
    #[track_caller]
    pub fn outer(self, other: impl Operand<'t, T>) -> Self {
        let other = other.on(self.tape());
        or_panic(self.shape().outer(&other.shape()));
        self.unsqueeze(-1) * other
    }

    /// The sum of products over pairs of axes: `axes` of this one and `others` of the other, in their
    /// order. What is left of this one comes first. Without axes it is the product of all with all.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let (x, y) = (tape.ones([2, 3, 4]), tape.ones([4, 5, 3]));
    /// assert_eq!(x.tensordot(y, &[1, 2], &[2, 0]).shape(), [2, 5]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or the lengths differ.
    #[doc(alias = "inner")]
    #[track_caller]
    pub fn tensordot(self, other: impl Operand<'t, T>, axes: &[isize], others: &[isize]) -> Self {
        let other = other.on(self.tape());
        let fold = or_panic(Fold::new(&self.shape(), &other.shape(), axes, others));
        let a = self.permute(&fold.left).reshape(&fold.rows);
        let b = other.permute(&fold.right).reshape(&fold.columns);
        a.matmul(b).reshape(&fold.dims)
    }

    /// The Kronecker product: every element of this one times the whole other, over all axes; the shorter
    /// shape is filled up with axes of length 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let z = tape.leaf(&Tensor::from([[1.0, 2.0]])).kron(&Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(z.value(), Tensor::from([[3.0, 6.0], [4.0, 8.0]]));
    /// ```
    ///
    /// # Panics
    /// If the operands have more than four axes.
    #[track_caller]
    pub fn kron(self, other: impl Operand<'t, T>) -> Self {
        let other = other.on(self.tape());
        let [a, b, dims] = self.shape().kron(&other.shape());
        (self.reshape(&a) * other.reshape(&b)).reshape(&dims)
    }

    /// The vector product along an axis of length 3; the other axes broadcast.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 0.0, 0.0]));
    /// assert_eq!(x.cross(&Tensor::from([0.0, 1.0, 0.0]), -1).value(), Tensor::from([0.0, 0.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or not 3 long, or the shapes do not broadcast.
    #[track_caller]
    pub fn cross(self, other: impl Operand<'t, T>, axis: isize) -> Self {
        let other = other.on(self.tape());
        let axis = or_panic(self.shape().cross(&other.shape(), axis));
        let (a1, a2) = (self.roll(-1, axis), self.roll(-2, axis));
        let (b1, b2) = (other.roll(-1, axis), other.roll(-2, axis));
        a1 * b2 - a2 * b1
    }

    /// The product of several matrices in the order that takes the fewest multiplications. The first may be a
    /// row, the last a column: a vector.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let parts = [tape.ones([2, 30]), tape.ones([30, 4]), tape.ones([4])];
    /// assert_eq!(Var::multi_dot(&parts).value().to_vec(), [120.0, 120.0]);
    /// ```
    ///
    /// # Panics
    /// If there is none, one of them is no matrix, or they do not fit each other.
    #[doc(alias = "chain_matmul")]
    #[track_caller]
    pub fn multi_dot(parts: &[Self]) -> Self {
        let mut values = parts.to_vec();
        let mut shapes: Vec<Shape> = Vec::with_capacity(values.len());
        for x in &values {
            shapes.push(x.shape());
        }
        for (left, right) in or_panic(chain(&shapes)) {
            values[left] = values[left].matmul(values[right]);
        }
        values[0]
    }

    /// A linear map of the innermost axis, with the weight as PyTorch keeps it: x Wᵀ + b, for x \[…, I\],
    /// W \[O, I\] and b \[O\].
    ///
    /// A weight \[I, O\], as the layers of this library have it, is multiplied by
    /// [`affine`](Var::affine).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.ones([7, 3]).linear(tape.ones([4, 3]), Some(tape.ones([4])));
    /// assert_eq!(y.shape(), [7, 4]);
    /// assert_eq!(y.value().get(&[0, 0]), Some(4.0));
    /// ```
    ///
    /// # Panics
    /// If the weight is no matrix, or the sizes differ.
    #[track_caller]
    pub fn linear(self, weight: impl Operand<'t, T>, bias: Option<Self>) -> Self {
        let weight = weight.on(self.tape());
        Var::affine(&[(self, weight.t())], bias)
    }

    /// A bilinear map of the innermost axes: y_o = Σ_ij x_i W_oij z_j + b_o, for this x \[…, I\], z \[…, J\] with the
    /// same outer axes, W \[O, I, J\] and b \[O\].
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let (x, z, w) = (tape.ones([7, 3]), tape.ones([7, 5]), tape.ones([2, 3, 5]));
    /// let y = x.bilinear(z, w, None);
    /// assert_eq!(y.shape(), [7, 2]);
    /// assert_eq!(y.value().get(&[0, 0]), Some(15.0));
    /// ```
    ///
    /// # Panics
    /// If the weight has not three axes, or the sizes differ.
    #[track_caller]
    pub fn bilinear(
        self,
        other: impl Operand<'t, T>,
        weight: impl Operand<'t, T>,
        bias: Option<Self>,
    ) -> Self {
        let (other, weight) = (other.on(self.tape()), weight.on(self.tape()));
        let (shape, found, w) = (self.shape(), other.shape(), weight.shape());
        let fits = match (shape.split_last(), found.split_last(), &w[..]) {
            (Some((&i, lead)), Some((&j, others)), &[_, rows, columns]) => {
                lead == others && (i, j) == (rows, columns)
            }
            _ => false,
        };
        assert!(
            fits,
            "bilinear: a weight of shape {w} does not fit {shape} and {found}"
        );
        let y = Var::einsum("...i,oij,...j->...o", &[self, weight, other]);
        match bias {
            Some(bias) => y + bias,
            None => y,
        }
    }
}
