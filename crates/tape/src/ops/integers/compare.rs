//! `compare`: comparisons, and the positions of extremes; tensors, not variables.
//!
//! - shape: x\[s\], y\[u\] → mask\[s and u broadcast\]; `argmax` and `argmin`: x\[s\] → \[s without the axis\]
//! - value: whether x < y, and so on; the first position of the greatest or least element
//! - rule: none: they are constant between jumps, so no gradient flows through them
//! - edges: a comparison with NaN is false (`ne` true); `argmax` and `argmin` find a NaN first
//! - source: IEEE 754 comparisons; PyTorch's `argmax`

use wengert_tensor::kernels::{self, check_nonempty};
use wengert_tensor::{Float, Tensor, View};

use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

/// Looks at a value where it lies.
#[track_caller]
pub(in crate::ops) fn with_view<T: Float, R>(
    x: Var<'_, T>,
    look: impl FnOnce(View<'_, T>) -> R,
) -> R {
    let inner = x.tape().inner.borrow();
    let id = x.check(x.tape(), &inner);
    look(inner.view(id))
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// Comparisons. Their results are tensors: no gradient flows through them.
        impl<'t, T: Float> Var<'t, T> { $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If the shapes do not broadcast.
            #[track_caller]
            pub fn $name(self, other: impl Operand<'t, T>) -> Tensor<bool> {
                match other.literal() {
                    Some(number) => self.value().$name(number),
                    None => self.value().$name(&other.on(self.tape()).value()),
                }
            }
        )* }
    };
}

comparisons! {
    /// Whether each element is less than the other's.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(x.lt(2.0), Tensor::from([true, false, false]));
    /// assert_eq!(x.where_(&x.lt(2.0), 0.0).value().to_vec(), [1.0, 0.0, 0.0]);
    /// ```
    lt;
    /// Whether each element is less than or equal to the other's.
    ///
    /// ```
    /// # use wengert_tape::Tape;
    /// assert!(Tape::<f64>::new().scalar(2.0).le(2.0).item());
    /// ```
    le;
    /// Whether each element is greater than the other's.
    ///
    /// ```
    /// # use wengert_tape::Tape;
    /// assert!(!Tape::<f64>::new().scalar(2.0).gt(2.0).item());
    /// ```
    gt;
    /// Whether each element is greater than or equal to the other's.
    ///
    /// ```
    /// # use wengert_tape::Tape;
    /// assert!(Tape::<f64>::new().scalar(2.0).ge(2.0).item());
    /// ```
    ge;
    /// Whether each element equals the other's.
    ///
    /// ```
    /// # use wengert_tape::Tape;
    /// assert!(!Tape::<f64>::new().scalar(f64::NAN).eq(f64::NAN).item());
    /// ```
    eq;
    /// Whether each element differs from the other's; NaN differs from everything.
    ///
    /// ```
    /// # use wengert_tape::Tape;
    /// assert!(Tape::<f64>::new().scalar(f64::NAN).ne(f64::NAN).item());
    /// ```
    ne;
}

/// What elements are like. The results are tensors: no gradient flows through them.
impl<T: Float> Var<'_, T> {
    /// Whether each element is NaN.
    ///
    /// ```
    /// # use wengert_tape::Tape;
    /// assert!(Tape::<f64>::new().scalar(f64::NAN).is_nan().item());
    /// ```
    #[doc(alias = "isnan")]
    #[track_caller]
    pub fn is_nan(self) -> Tensor<bool> {
        self.value().is_nan()
    }

    /// Whether each element is neither infinite nor NaN.
    ///
    /// ```
    /// # use wengert_tape::Tape;
    /// assert!(!Tape::<f64>::new().scalar(f64::INFINITY).is_finite().item());
    /// ```
    #[doc(alias = "isfinite")]
    #[track_caller]
    pub fn is_finite(self) -> Tensor<bool> {
        self.value().is_finite()
    }

    /// How many elements over `axes`, all if there are none in the list, differ from 0; NaN does. `keep`
    /// leaves the axes with length 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[0.0, 1.0], [2.0, 3.0]]));
    /// assert_eq!(x.count_nonzero(&[1], false), Tensor::from([1, 2]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn count_nonzero(self, axes: &[isize], keep: bool) -> Tensor<i64> {
        self.value().count_nonzero(axes, keep)
    }
}

/// A kernel that finds positions along an axis.
type Find<T> = fn(&View<'_, T>, usize, &mut [i64]);

impl<T: Float> Var<'_, T> {
    /// The first positions of the greatest elements along `axis`, which disappears; NaN counts as
    /// the greatest. No gradient flows through positions: the elements themselves are
    /// `x.gather(axis, …)` at these positions.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let scores = tape.leaf(&Tensor::from([[1.0, 5.0], [4.0, 4.0]]));
    /// assert_eq!(scores.argmax(1), Tensor::from([1, 0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has length 0.
    #[track_caller]
    pub fn argmax(self, axis: isize) -> Tensor<i64> {
        self.position("argmax", axis, kernels::argmax)
    }

    /// The first positions of the least elements along `axis`, which disappears; NaN counts as the
    /// least. No gradient flows through positions.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 5.0], [4.0, 4.0]]));
    /// assert_eq!(x.argmin(0), Tensor::from([0, 1]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has length 0.
    #[track_caller]
    pub fn argmin(self, axis: isize) -> Tensor<i64> {
        self.position("argmin", axis, kernels::argmin)
    }

    #[track_caller]
    fn position(self, op: &'static str, axis: isize, find: Find<T>) -> Tensor<i64> {
        let shape = self.shape();
        let axis = or_panic(shape.axis(op, axis));
        or_panic(check_nonempty(op, &shape, &[axis]));
        let left = shape.reduced(&[axis], false);
        let mut positions = vec![0; left.size()];
        with_view(self, |x| find(&x, axis, &mut positions));
        Tensor::from_vec(positions, left).expect("a position for every slice")
    }
}
