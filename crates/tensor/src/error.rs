//! What can be wrong with a shape, and with data that comes from outside.

use std::fmt;

use crate::Shape;

/// A shape that an operation cannot work with.
///
/// The message has one form everywhere: the operation, the reason, the shapes. An operation that
/// panics prints exactly this message; the shape rule returns it as a value.
///
/// ```
/// use wengert_tensor::Shape;
/// let error = Shape::broadcast("add", &Shape::from([2, 3]), &Shape::from([4])).unwrap_err();
/// assert_eq!(error.to_string(), "add: shapes do not broadcast: [2, 3] and [4]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{op}: {reason}")]
pub struct ShapeError {
    op: &'static str,
    reason: String,
}

impl ShapeError {
    /// The error of operation `op` for the given reason.
    pub fn new(op: &'static str, reason: impl Into<String>) -> Self {
        ShapeError {
            op,
            reason: reason.into(),
        }
    }

    /// The name of the operation that refused.
    pub fn op(&self) -> &'static str {
        self.op
    }

    /// Why it refused, shapes included.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// An index, found among the elements of a tensor of indices, that an axis does not have.
///
/// ```
/// use wengert_tensor::Tensor;
/// let x = Tensor::<f32>::zeros([3, 5]);
/// let error = x.try_index_select(1, &Tensor::from([0, 7])).unwrap_err();
/// assert_eq!(error.to_string(), "index_select: index 7 is out of range for axis 1 of [3, 5]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{op}: index {index} is out of range for axis {axis} of {shape}")]
pub struct IndexError {
    /// The name of the operation that refused.
    pub op: &'static str,
    /// The index, as it was found.
    pub index: i64,
    /// The axis that it points into.
    pub axis: usize,
    /// The shape that has this axis.
    pub shape: Shape,
}

/// Data that does not make a tensor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The number of elements is not the product of the dimensions.
    #[error("{found} elements do not fill the shape {shape}, which has {}", .shape.size())]
    Length {
        /// The shape that was asked for.
        shape: Shape,
        /// The number of elements that came.
        found: usize,
    },
    /// Rows of a nested list have different lengths.
    #[error("row {row} has {found} elements, the rows before it {expected}")]
    Ragged {
        /// The first row that differs.
        row: usize,
        /// Its length.
        found: usize,
        /// The length of the rows before it.
        expected: usize,
    },
    /// The product of the dimensions does not fit in memory.
    #[error("a tensor of shape {dims:?} is larger than the address space")]
    TooLarge {
        /// The dimensions that were asked for.
        dims: Vec<usize>,
    },
}

/// A matrix that cannot be factored as it was asked to.
///
/// ```
/// use wengert_tensor::Tensor;
/// let x = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
/// let error = x.try_inverse().unwrap_err();
/// assert_eq!(error.to_string(), "inverse: the matrix is singular: pivot 1 is 0");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixError {
    /// The name of the operation that refused.
    pub op: &'static str,
    /// What is wrong.
    pub fault: MatrixFault,
    /// The place of the matrix in its batch; empty where there is one matrix.
    pub index: Vec<usize>,
    /// The pivot at which it was found, counted from 0.
    pub pivot: usize,
}

/// What is wrong with a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MatrixFault {
    /// A pivot is 0: some rows add up to nothing.
    Singular,
    /// A pivot is not above 0: some vector x has xᵀ·a·x ≤ 0.
    NotPositiveDefinite {
        /// The pivot's value.
        value: f64,
    },
    /// The rows or the columns, whichever are fewer, depend on one another, to rounding.
    RankDeficient,
}

impl fmt::Display for MatrixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the matrix", self.op)?;
        if !self.index.is_empty() {
            write!(f, " {:?} of the batch", self.index)?;
        }
        let pivot = self.pivot;
        match self.fault {
            MatrixFault::Singular => write!(f, " is singular: pivot {pivot} is 0"),
            MatrixFault::NotPositiveDefinite { value } => {
                write!(f, " is not positive definite: pivot {pivot} is {value}")
            }
            MatrixFault::RankDeficient => {
                write!(f, " has not full rank: pivot {pivot} is 0 to rounding")
            }
        }
    }
}

impl std::error::Error for MatrixError {}
