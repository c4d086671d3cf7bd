//! `Value`: one array, as it lies in a file.

use std::any::Any;

use wengert_tensor::{Element, Tensor};

/// An array of a [`Record`](super::Record) or a file.
///
/// Tensors share their storage with those that they were made of, so that a value costs no copy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Single precision. Half precision and `bfloat16` of a file become this, exactly.
    F32(Tensor<f32>),
    /// Double precision.
    F64(Tensor<f64>),
    /// Whole numbers. Those of fewer bits become this.
    I64(Tensor<i64>),
    /// Truths.
    Bool(Tensor<bool>),
    /// Whole numbers that are not negative, in one row.
    U64(Vec<u64>),
    /// Bytes in one row, such as text.
    Bytes(Vec<u8>),
    /// An array of a type that is not read.
    Other {
        /// The name of the type in the file.
        dtype: String,
        /// Its shape.
        shape: Vec<usize>,
    },
}

impl Value {
    /// The value of a tensor, which shares its storage.
    ///
    /// ```
    /// use wengert_nn::files::Value;
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Value::of(&Tensor::<f32>::zeros([2, 3])).to_string(), "f32 [2, 3]");
    /// ```
    pub fn of<T: Element>(tensor: &Tensor<T>) -> Self {
        let any: &dyn Any = tensor;
        if let Some(x) = any.downcast_ref::<Tensor<f32>>() {
            Value::F32(x.clone())
        } else if let Some(x) = any.downcast_ref::<Tensor<f64>>() {
            Value::F64(x.clone())
        } else if let Some(x) = any.downcast_ref::<Tensor<i64>>() {
            Value::I64(x.clone())
        } else {
            let truths = tensor.iter().map(|x| x != T::default()).collect();
            Value::Bool(shaped(truths, tensor.shape()))
        }
    }

    /// The tensor, if it is of this type.
    ///
    /// ```
    /// use wengert_nn::files::Value;
    /// use wengert_tensor::Tensor;
    /// let value = Value::of(&Tensor::from([1.0_f32]));
    /// assert_eq!(value.tensor::<f32>(), Some(Tensor::from([1.0])));
    /// assert_eq!(value.tensor::<f64>(), None);
    /// ```
    pub fn tensor<T: Element>(&self) -> Option<Tensor<T>> {
        let any: &dyn Any = match self {
            Value::F32(x) => x,
            Value::F64(x) => x,
            Value::I64(x) => x,
            Value::Bool(x) => x,
            _ => return None,
        };
        any.downcast_ref::<Tensor<T>>().cloned()
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Value::F32(x) => x.shape().to_vec(),
            Value::F64(x) => x.shape().to_vec(),
            Value::I64(x) => x.shape().to_vec(),
            Value::Bool(x) => x.shape().to_vec(),
            Value::U64(x) => vec![x.len()],
            Value::Bytes(x) => vec![x.len()],
            Value::Other { shape, .. } => shape.clone(),
        }
    }

    /// The name of the type, as Rust has it.
    pub fn dtype(&self) -> &str {
        match self {
            Value::F32(_) => "f32",
            Value::F64(_) => "f64",
            Value::I64(_) => "i64",
            Value::Bool(_) => "bool",
            Value::U64(_) => "u64",
            Value::Bytes(_) => "u8",
            Value::Other { dtype, .. } => dtype,
        }
    }
}

/// A tensor of elements that fill the shape.
pub(super) fn shaped<T: Element>(data: Vec<T>, shape: &[usize]) -> Tensor<T> {
    let len = data.len();
    // The callers have as many elements as the shape; the flat tensor is never seen.
    Tensor::from_vec(data, shape).unwrap_or_else(|_| Tensor::zeros([len]))
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.dtype(), self.shape())
    }
}
