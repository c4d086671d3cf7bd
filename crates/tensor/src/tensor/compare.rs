//! Comparisons, masks and choices.

use std::ops::{BitAnd, BitOr, BitXor, Not};

use super::construct::admit;
use super::{Tensor, or_panic};
use crate::{Element, Float, Shape};

/// What stands beside a tensor in a comparison or a choice: another tensor, or a number that counts
/// for every element (`f64` for floating-point tensors, else the element type).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand beside a `Tensor<{T}>`",
    label = "not an operand",
    note = "operands are `Tensor<{T}>`, `&Tensor<{T}>` and numbers: `f64` literals such as `2.0` for floating-point tensors, else of the element type"
)]
pub trait Operand<T: Element> {
    /// The operand as a tensor, which broadcasts.
    fn operand(self) -> Tensor<T>;
}

impl<T: Element> Operand<T> for &Tensor<T> {
    fn operand(self) -> Tensor<T> {
        self.clone()
    }
}

impl<T: Element> Operand<T> for Tensor<T> {
    fn operand(self) -> Tensor<T> {
        self
    }
}

impl<T: Float> Operand<T> for f64 {
    fn operand(self) -> Tensor<T> {
        Tensor::scalar(T::from_f64(self))
    }
}

impl Operand<i64> for i64 {
    fn operand(self) -> Tensor<i64> {
        Tensor::scalar(self)
    }
}

impl Operand<bool> for bool {
    fn operand(self) -> Tensor<bool> {
        Tensor::scalar(self)
    }
}

macro_rules! comparisons {
    ($($name:ident: $doc:literal, $op:tt;)*) => {
        /// Comparisons of each pair of elements, broadcast; all but `ne` are false where either is
        /// NaN. They panic if the shapes do not broadcast.
        impl<T: Element> Tensor<T> { $(
            #[doc = $doc]
            ///
            /// # Panics
            /// If the shapes do not broadcast.
            #[track_caller]
            pub fn $name(&self, other: impl Operand<T>) -> Tensor<bool> {
                self.zip_named(stringify!($name), &other.operand(), |a, b| a $op b)
            }
        )* }
    };
}

comparisons! {
    lt: "Whether each element is less than the other's.\n\n```\nuse wengert_tensor::Tensor;\nlet x = Tensor::from([1.0, 2.0, 3.0]);\nassert_eq!(x.lt(2.0), Tensor::from([true, false, false]));\n```", <;
    le: "Whether each element is less than or equal to the other's.", <=;
    gt: "Whether each element is greater than the other's.", >;
    ge: "Whether each element is greater than or equal to the other's.", >=;
    eq: "Whether each element equals the other's; `==` compares whole tensors.", ==;
    ne: "Whether each element differs from the other's; NaN differs from everything.", !=;
}

macro_rules! logic {
    ($($Op:ident $op:ident $name:ident: $doc:literal, $sign:tt;)*) => { $(
        #[doc = $doc]
        ///
        /// # Panics
        /// If the shapes do not broadcast.
        impl $Op<&Tensor<bool>> for &Tensor<bool> {
            type Output = Tensor<bool>;
            #[track_caller]
            fn $op(self, other: &Tensor<bool>) -> Tensor<bool> {
                self.zip_named(stringify!($name), other, |a, b| a $sign b)
            }
        }

        #[doc = $doc]
        ///
        /// # Panics
        /// If the shapes do not broadcast.
        impl $Op for Tensor<bool> {
            type Output = Tensor<bool>;
            #[track_caller]
            fn $op(self, other: Tensor<bool>) -> Tensor<bool> {
                self.zip_named(stringify!($name), &other, |a, b| a $sign b)
            }
        }
    )* };
}

logic! {
    BitAnd bitand and: "Whether both are true, broadcast.", &;
    BitOr bitor or: "Whether at least one is true, broadcast.", |;
    BitXor bitxor xor: "Whether exactly one is true, broadcast.", ^;
}

/// Whether each is false.
impl Not for &Tensor<bool> {
    type Output = Tensor<bool>;
    fn not(self) -> Tensor<bool> {
        self.map(|x| !x)
    }
}

/// Whether each is false.
impl Not for Tensor<bool> {
    type Output = Tensor<bool>;
    fn not(self) -> Tensor<bool> {
        !&self
    }
}

impl Tensor<bool> {
    /// Whether all elements are true; so of no elements.
    pub fn all(&self) -> bool {
        self.iter().all(|x| x)
    }

    /// Whether any element is true.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let mask = Tensor::from([true, false, true]);
    /// assert_eq!((mask.any(), mask.all(), mask.count()), (true, false, 2));
    /// assert_eq!(!&mask, Tensor::from([false, true, false]));
    /// ```
    pub fn any(&self) -> bool {
        self.iter().any(|x| x)
    }

    /// Whether all elements over `axes` are true, all if there are none in the list; so of no elements. `keep`
    /// leaves the axes with size 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let mask = Tensor::from([[true, false], [true, true]]);
    /// assert_eq!(mask.all_axes(&[1], false), Tensor::from([false, true]));
    /// assert_eq!(mask.any_axes(&[0], false), Tensor::from([true, true]));
    /// ```
    #[doc(alias = "all")]
    #[track_caller]
    pub fn all_axes(&self, axes: &[isize], keep: bool) -> Self {
        !(!self).any_axes(axes, keep)
    }

    /// Whether any element over `axes` is true, all if there are none in the list. `keep` leaves the axes with
    /// size 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias = "any")]
    #[track_caller]
    pub fn any_axes(&self, axes: &[isize], keep: bool) -> Self {
        self.count_nonzero(axes, keep).map(|count| count > 0)
    }

    /// The number of true elements; over axes, see [`count_nonzero`](Tensor::count_nonzero).
    pub fn count(&self) -> usize {
        self.iter().filter(|&x| x).count()
    }
}

impl<T: Float> Tensor<T> {
    /// Whether each element is NaN.
    pub fn is_nan(&self) -> Tensor<bool> {
        self.map(|x| x.is_nan())
    }

    /// Whether each element is neither infinite nor NaN.
    pub fn is_finite(&self) -> Tensor<bool> {
        self.map(|x| x.is_finite())
    }
}

impl<T: Element> Tensor<T> {
    /// This tensor's element where the mask is true and that of `other` where it is not, all three
    /// broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([-1.0, 2.0]);
    /// assert_eq!(x.where_(&x.gt(0.0), 0.0), Tensor::from([0.0, 2.0]));
    /// ```
    #[doc(alias = "where")]
    #[track_caller]
    pub fn where_(&self, mask: &Tensor<bool>, other: impl Operand<T>) -> Self {
        let (a, b) = (self, other.operand());
        let shape = or_panic(Shape::broadcast("where", a.shape(), b.shape()));
        let shape = or_panic(Shape::broadcast("where", mask.shape(), &shape));
        let shape = or_panic(admit::<T>("where", shape));
        if let (Some(yes), Some(elements), 1) = (mask.as_slice(), a.as_slice(), b.size())
            && mask.shape() == &shape
            && a.shape() == &shape
        {
            let b = b.item();
            let pairs = yes.iter().zip(elements);
            let data = pairs.map(|(&yes, &a)| if yes { a } else { b }).collect();
            return Self::row_major(data, shape);
        }
        let (mask, a, b) = (mask.expand(&shape), a.expand(&shape), b.expand(&shape));
        let pairs = a.iter().zip(b.iter());
        let data = mask
            .iter()
            .zip(pairs)
            .map(|(mask, (a, b))| if mask { a } else { b })
            .collect();
        Self::row_major(data, shape)
    }
}
