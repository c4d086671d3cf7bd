//! Products over any axes.

use std::borrow::Borrow;

use super::or_panic;
use crate::einsum::{Plan, Step};
use crate::{Float, Shape, ShapeError, Tensor};

impl<T: Float> Tensor<T> {
    /// Einstein's summation: the products over axes of one name, as NumPy's equations say; see
    /// [`Plan::new`]. Operands are multiplied in pairs, the cheapest first.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(Tensor::einsum("ii", &[&x]).item(), 5.0);
    /// assert_eq!(Tensor::einsum("ij,kj->ik", &[&x, &x]), x.matmul(&x.t()));
    /// ```
    ///
    /// # Panics
    /// If the equation is none, or the shapes do not fit it.
    #[track_caller]
    pub fn einsum(equation: &str, operands: &[impl Borrow<Tensor<T>>]) -> Self {
        let mut values: Vec<Tensor<T>> = operands.iter().map(|x| x.borrow().clone()).collect();
        let shapes: Vec<Shape> = values.iter().map(|x| x.shape().clone()).collect();
        let plan = or_panic(Plan::new(equation, &shapes));
        for step in &plan.steps {
            let (at, value) = match step {
                Step::Diagonal { at, axes: [a, b] } => (at, values[*at].diagonal(0, *a, *b)),
                Step::Sum { at, axes } => (at, values[*at].sum_axes(axes, false)),
                Step::Permute { at, axes } => (at, values[*at].permute(axes)),
                Step::Reshape { at, dims } => (at, values[*at].reshape(dims)),
                Step::Matmul { left, right } => (left, values[*left].matmul(&values[*right])),
                Step::Multiply { left, right } => (left, &values[*left] * &values[*right]),
            };
            values[*at] = value;
        }
        values.swap_remove(plan.result)
    }

    /// The scalar product of two vectors.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).dot(&Tensor::from([3.0, 4.0])).item(), 11.0);
    /// ```
    ///
    /// # Panics
    /// If they are no vectors of one length.
    #[doc(alias = "vdot")]
    #[track_caller]
    pub fn dot(&self, other: &Tensor<T>) -> Self {
        or_panic(self.shape().dot(other.shape()));
        self.matmul(other)
    }

    /// The products of every element of a vector with every element of another.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let z = Tensor::from([1.0, 2.0]).outer(&Tensor::from([3.0, 4.0]));
    /// assert_eq!(z, Tensor::from([[3.0, 4.0], [6.0, 8.0]]));
    /// ```
    ///
    /// # Panics
    /// If one of them is no vector.
    #[doc(alias = "ger")]
    #[track_caller]
    pub fn outer(&self, other: &Tensor<T>) -> Self {
        or_panic(self.shape().outer(other.shape()));
        self.unsqueeze(-1) * other
    }

    /// The sum of products over pairs of axes: `axes` of this one and `others` of the other, in their
    /// order. What is left of this one comes first. Without axes it is the product of all with all.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (x, y) = (Tensor::<f64>::ones([2, 3, 4]), Tensor::ones([4, 5, 3]));
    /// assert_eq!(x.tensordot(&y, &[1, 2], &[2, 0]).shape(), &[2, 5]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or the lengths differ.
    #[doc(alias = "inner")]
    #[track_caller]
    pub fn tensordot(&self, other: &Tensor<T>, axes: &[isize], others: &[isize]) -> Self {
        let fold = or_panic(Fold::new(self.shape(), other.shape(), axes, others));
        let a = self.permute(&fold.left).reshape(&fold.rows);
        let b = other.permute(&fold.right).reshape(&fold.columns);
        a.matmul(&b).reshape(&fold.dims)
    }

    /// The Kronecker product: every element of this one times the whole other, over all axes; the shorter
    /// shape is filled up with axes of length 1.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let z = Tensor::from([[1.0, 2.0]]).kron(&Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(z, Tensor::from([[3.0, 6.0], [4.0, 8.0]]));
    /// ```
    #[track_caller]
    pub fn kron(&self, other: &Tensor<T>) -> Self {
        let [a, b, dims] = self.shape().kron(other.shape());
        (self.reshape(&a) * other.reshape(&b)).reshape(&dims)
    }

    /// The vector product along an axis of length 3; the other axes broadcast.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let [x, y] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]].map(Tensor::from);
    /// assert_eq!(x.cross(&y, -1), Tensor::from([0.0, 0.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or not 3 long, or the shapes do not broadcast.
    #[track_caller]
    pub fn cross(&self, other: &Tensor<T>, axis: isize) -> Self {
        let axis = or_panic(self.shape().cross(other.shape(), axis));
        let [a, b] = [self, other].map(|x| [1, 2].map(|shift| x.roll(-shift, axis)));
        &a[0] * &b[1] - &a[1] * &b[0]
    }

    /// The product of several matrices in the order that takes the fewest multiplications. The first may be a
    /// row, the last a column: a vector.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let parts = [Tensor::<f64>::ones([2, 30]), Tensor::ones([30, 4]), Tensor::ones([4])];
    /// assert_eq!(Tensor::multi_dot(&parts).to_vec(), [120.0, 120.0]);
    /// ```
    ///
    /// # Panics
    /// If there is none, one of them is no matrix, or they do not fit each other.
    #[doc(alias = "chain_matmul")]
    #[track_caller]
    pub fn multi_dot(parts: &[impl Borrow<Tensor<T>>]) -> Self {
        let mut values: Vec<Tensor<T>> = parts.iter().map(|x| x.borrow().clone()).collect();
        let shapes: Vec<Shape> = values.iter().map(|x| x.shape().clone()).collect();
        for (left, right) in or_panic(chain(&shapes)) {
            values[left] = values[left].matmul(&values[right]);
        }
        values.swap_remove(0)
    }
}

/// How [`tensordot`](Tensor::tensordot) becomes one product of matrices.
#[doc(hidden)]
pub struct Fold {
    /// The axes of the left operand, those that are summed last.
    pub left: Vec<isize>,
    /// The axes of the right operand, those that are summed first.
    pub right: Vec<isize>,
    /// The shape of the left matrix.
    pub rows: [isize; 2],
    /// The shape of the right matrix.
    pub columns: [isize; 2],
    /// The shape of the result.
    pub dims: Vec<isize>,
}

impl Fold {
    /// The plan for these shapes and axes.
    pub fn new(a: &Shape, b: &Shape, axes: &[isize], others: &[isize]) -> Result<Self, ShapeError> {
        let named = |shape: &Shape, axes: &[isize]| -> Result<crate::Axes, ShapeError> {
            match axes {
                [] => Ok(crate::Axes::new()),
                _ => in_order(shape, axes),
            }
        };
        let (left, right) = (named(a, axes)?, named(b, others)?);
        let lens = |shape: &Shape, axes: &[usize]| -> Vec<usize> {
            axes.iter().map(|&axis| shape[axis]).collect()
        };
        let (inner, found) = (lens(a, &left), lens(b, &right));
        if inner != found {
            let reason = format!("axes of lengths {inner:?} and {found:?}: {a} x {b}");
            return Err(ShapeError::new("tensordot", reason));
        }
        let rest = |shape: &Shape, axes: &[usize]| -> Vec<usize> {
            (0..shape.rank())
                .filter(|axis| !axes.contains(axis))
                .collect()
        };
        let (rows, columns) = (rest(a, &left), rest(b, &right));
        let count = |lens: &[usize]| lens.iter().product::<usize>() as isize;
        let [row_lens, column_lens] = [lens(a, &rows), lens(b, &columns)];
        let signed = |list: Vec<usize>| list.into_iter().map(|x| x as isize).collect();
        Ok(Fold {
            rows: [count(&row_lens), count(&inner)],
            columns: [count(&inner), count(&column_lens)],
            dims: signed([row_lens, column_lens].concat()),
            left: signed([&rows[..], &left].concat()),
            right: signed([&right[..], &columns].concat()),
        })
    }
}

/// The positions of axes in the order in which they are named.
fn in_order(shape: &Shape, axes: &[isize]) -> Result<crate::Axes, ShapeError> {
    shape.axes("tensordot", axes)?;
    axes.iter()
        .map(|&axis| shape.axis("tensordot", axis))
        .collect()
}

impl Shape {
    /// Checks that this and `other` are vectors of one length.
    #[doc(hidden)]
    pub fn dot(&self, other: &Shape) -> Result<(), ShapeError> {
        match self.rank() == 1 && self == other {
            true => Ok(()),
            false => {
                let reason = format!("no vectors of one length: {self} and {other}");
                Err(ShapeError::new("dot", reason))
            }
        }
    }

    /// Checks that this and `other` are vectors.
    #[doc(hidden)]
    pub fn outer(&self, other: &Shape) -> Result<(), ShapeError> {
        match self.rank() == 1 && other.rank() == 1 {
            true => Ok(()),
            false => Err(ShapeError::new(
                "outer",
                format!("no vectors: {self} and {other}"),
            )),
        }
    }

    /// The shapes under which the product of elements of this and `other` is their Kronecker product, and
    /// that of the result.
    #[doc(hidden)]
    pub fn kron(&self, other: &Shape) -> [Vec<isize>; 3] {
        let rank = self.rank().max(other.rank());
        let dim = |shape: &Shape, axis: usize| {
            let missing = rank - shape.rank();
            axis.checked_sub(missing)
                .map_or(1, |axis| shape[axis] as isize)
        };
        let both = |f: &dyn Fn(usize) -> [isize; 2]| (0..rank).flat_map(f).collect();
        let result = (0..rank)
            .map(|axis| dim(self, axis) * dim(other, axis))
            .collect();
        [
            both(&|axis| [dim(self, axis), 1]),
            both(&|axis| [1, dim(other, axis)]),
            result,
        ]
    }

    /// Checks that this and `other` have 3 elements along `axis`, which is returned as it counts from the
    /// innermost.
    #[doc(hidden)]
    pub fn cross(&self, other: &Shape, axis: isize) -> Result<isize, ShapeError> {
        let at = self.axis("cross", axis)?;
        let axis = at as isize - self.rank() as isize;
        let len = other[other.axis("cross", axis)?];
        if self[at] != 3 || len != 3 {
            let reason = format!("axis {axis} is not 3 long: {self} and {other}");
            return Err(ShapeError::new("cross", reason));
        }
        Shape::broadcast("cross", self, other).map(|_| axis)
    }
}

/// The products, in order, of a chain of matrices: each takes the place of its left factor.
///
/// Source: Godbole 1973, On Efficient Computation of Matrix Chain Products.
#[doc(hidden)]
pub fn chain(shapes: &[Shape]) -> Result<Vec<(usize, usize)>, ShapeError> {
    let refuse = |reason: String| ShapeError::new("multi_dot", reason);
    let n = shapes.len();
    let Some(first) = shapes.first() else {
        return Err(refuse("there is no matrix".into()));
    };
    let mut sizes = vec![if first.rank() == 1 { 1 } else { first[0] }];
    for (k, shape) in shapes.iter().enumerate() {
        let (rows, columns) = match (shape.rank(), k) {
            (2, _) => (shape[0], shape[1]),
            (1, 0) if n > 1 => (1, shape[0]),
            (1, _) if k + 1 == n && n > 1 => (shape[0], 1),
            _ => return Err(refuse(format!("{shape}, number {k}, is no matrix"))),
        };
        if rows != sizes[k] {
            let before = &shapes[k - 1];
            return Err(refuse(format!("inner sizes differ: {before} x {shape}")));
        }
        sizes.push(columns);
    }
    let mut cost = vec![vec![0.0; n]; n];
    let mut split = vec![vec![0; n]; n];
    for len in 1..n {
        for from in 0..n - len {
            let to = from + len;
            cost[from][to] = f64::INFINITY;
            for at in from..to {
                let size = |k: usize| sizes[k] as f64;
                let product = size(from) * size(at + 1) * size(to + 1);
                let total = cost[from][at] + cost[at + 1][to] + product;
                if total < cost[from][to] {
                    (cost[from][to], split[from][to]) = (total, at);
                }
            }
        }
    }
    let mut steps = Vec::new();
    let mut waiting = vec![(0, n - 1)];
    while let Some((from, to)) = waiting.pop() {
        if from < to {
            let at = split[from][to];
            steps.push((from, at + 1));
            waiting.extend([(from, at), (at + 1, to)]);
        }
    }
    // Parts were noted before what they are made of.
    steps.reverse();
    Ok(steps)
}
