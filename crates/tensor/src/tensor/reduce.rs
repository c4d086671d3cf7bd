//! Reductions along axes.

use super::{Tensor, or_panic};
use crate::kernels::{self, check_nonempty};
use crate::{Axes, Element, Float, Shape, View};

impl<T: Float> Tensor<T> {
    /// The result of a kernel that reduces `axes`.
    fn reduced(
        &self,
        axes: &[usize],
        keep: bool,
        kernel: impl FnOnce(&View<T>, &[usize], &mut [T]),
    ) -> Self {
        let shape = self.shape().reduced(axes, keep);
        let mut out = vec![T::ZERO; shape.size()];
        kernel(&self.view(), axes, &mut out);
        Self::row_major(out, shape)
    }
}

/// Checks the axes of a reduction.
#[track_caller]
fn axes_of(op: &'static str, shape: &Shape, axes: &[isize], nonempty: bool) -> Axes {
    let axes = or_panic(shape.axes(op, axes));
    if nonempty {
        or_panic(check_nonempty(op, shape, &axes));
    }
    axes
}

macro_rules! reductions {
    ($($name:ident $keep:ident ($($arg:ident: $type:ty)?) $nonempty:literal $kernel:expr, $doc:literal, $panics:literal;)*) => {
        impl<T: Float> Tensor<T> { $(
            #[doc = $doc]
            ///
            /// # Panics
            #[doc = $panics]
            #[track_caller]
            pub fn $name(&self, axes: &[isize] $(, $arg: $type)?) -> Self {
                let axes = axes_of(stringify!($name), self.shape(), axes, $nonempty);
                self.reduced(&axes, false, $kernel)
            }

            #[doc = concat!("As [`", stringify!($name), "`](Tensor::", stringify!($name), "), with the reduced axes kept at size 1.")]
            ///
            /// # Panics
            #[doc = $panics]
            #[track_caller]
            pub fn $keep(&self, axes: &[isize] $(, $arg: $type)?) -> Self {
                let axes = axes_of(stringify!($name), self.shape(), axes, $nonempty);
                self.reduced(&axes, true, $kernel)
            }
        )* }
    };
}

reductions! {
    sum sum_keep () false |x, axes, out| kernels::sum(x, axes, out, false),
        "The sums along `axes`, which disappear; no axes mean all. Within about one rounding of the exact sum.\n\n```\nuse wengert_tensor::Tensor;\nlet x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);\nassert_eq!(x.sum(&[0]), Tensor::from([4.0, 6.0]));\nassert_eq!(x.sum(&[]).item(), 10.0);\nassert_eq!(x.sum_keep(&[-1]).shape(), &[2, 1]);\n```",
        "If an axis is out of range or named twice.";
    mean mean_keep () false |x, axes, out| kernels::mean(x, axes, out),
        "The means along `axes`, which disappear; no axes mean all. NaN for no elements.",
        "If an axis is out of range or named twice.";
    norm norm_keep () false |x, axes, out| kernels::norm(x, axes, out),
        "The Euclidean norms along `axes`, which disappear; no axes mean all. Squares are not scaled: they overflow for `f64` elements beyond about 10¹⁵⁴.\n\n```\nuse wengert_tensor::Tensor;\nassert_eq!(Tensor::from([3.0, 4.0]).norm(&[]).item(), 5.0);\n```",
        "If an axis is out of range or named twice.";
    amax amax_keep () true |x, axes, out| kernels::amax(x, axes, out),
        "The greatest elements along `axes`, which disappear; no axes mean all. NaN where one is NaN.\n\n```\nuse wengert_tensor::Tensor;\nassert_eq!(Tensor::from([[1.0, 5.0], [3.0, 4.0]]).amax(&[1]), Tensor::from([5.0, 4.0]));\n```",
        "If an axis is out of range, named twice or of size 0.";
    amin amin_keep () true |x, axes, out| kernels::amin(x, axes, out),
        "The least elements along `axes`, which disappear; no axes mean all. NaN where one is NaN.",
        "If an axis is out of range, named twice or of size 0.";
    logsumexp logsumexp_keep () false |x, axes, out| kernels::logsumexp(x, axes, out),
        "ln Σ eˣ along `axes`, which disappear, without overflow; no axes mean all. −∞ where all elements are −∞ or there is none.\n\n```\nuse wengert_tensor::Tensor;\nassert_eq!(Tensor::from([1000.0, 1000.0]).logsumexp(&[]).item(), 1000.0 + 2.0_f64.ln());\n```",
        "If an axis is out of range or named twice.";
    var var_keep (correction: usize) false |x, axes, out| kernels::var(x, axes, correction, out),
        "The variances along `axes`, which disappear, of `n` elements with the divisor `n − correction` (at least 0); no axes mean all. In two passes.\n\n```\nuse wengert_tensor::Tensor;\nlet x = Tensor::from([1.0, 3.0]);\nassert_eq!((x.var(&[], 0).item(), x.var(&[], 1).item()), (1.0, 2.0));\n```",
        "If an axis is out of range or named twice.";
    std std_keep (correction: usize) false |x, axes, out| {
            kernels::var(x, axes, correction, out);
            out.iter_mut().for_each(|x| *x = x.sqrt());
        },
        "The standard deviations along `axes`: the roots of [`var`](Tensor::var).",
        "If an axis is out of range or named twice.";
}

macro_rules! positions {
    ($($name:ident $keep:ident $doc:literal;)*) => {
        impl<T: Float> Tensor<T> { $(
            #[doc = $doc]
            ///
            /// # Panics
            /// If the axis is out of range or has size 0.
            #[track_caller]
            pub fn $name(&self, axis: isize) -> Tensor<i64> {
                let axis = or_panic(self.shape().axis(stringify!($name), axis));
                or_panic(check_nonempty(stringify!($name), self.shape(), &[axis]));
                let shape = self.shape().reduced(&[axis], false);
                let mut out = vec![0; shape.size()];
                kernels::$name(&self.view(), axis, &mut out);
                Tensor::row_major(out, shape)
            }

            #[doc = concat!("As [`", stringify!($name), "`](Tensor::", stringify!($name), "), with the reduced axis kept at size 1.")]
            ///
            /// # Panics
            /// If the axis is out of range or has size 0.
            #[track_caller]
            pub fn $keep(&self, axis: isize) -> Tensor<i64> {
                let at = or_panic(self.shape().axis(stringify!($name), axis));
                self.$name(axis).unsqueeze(at as isize)
            }
        )* }
    };
}

positions! {
    argmax argmax_keep "The first positions of the greatest elements along `axis`, which disappears; NaN counts as the greatest.\n\n```\nuse wengert_tensor::Tensor;\nlet x = Tensor::from([[1.0, 5.0], [4.0, 4.0]]);\nassert_eq!(x.argmax(1), Tensor::from([1, 0]));\n```";
    argmin argmin_keep "The first positions of the least elements along `axis`, which disappears; NaN counts as the least.";
}

impl<T: Float> Tensor<T> {
    /// The tensor summed down to `shape`, which broadcasts to this one's: the way back from
    /// [`expand`](Tensor::expand).
    ///
    /// # Panics
    /// If `shape` does not stretch to this one.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_to([2, 1]), Tensor::from([[3.0], [7.0]]));
    /// ```
    #[track_caller]
    pub fn sum_to(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if !shape.broadcasts_to(self.shape()) {
            let reason = format!("{shape} does not stretch to {}", self.shape());
            or_panic::<(), _>(Err(crate::ShapeError::new("sum_to", reason)));
        }
        let mut out = vec![T::ZERO; shape.size()];
        kernels::sum_to(&self.view(), &shape, &mut out, false);
        Self::row_major(out, shape)
    }
}

impl<T: Element> Tensor<T> {
    /// The elements in order along `axis`, and the positions that they came from, both of this
    /// tensor's shape. Equal elements keep their order; NaN counts as the greatest.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (values, indices) = Tensor::from([2.0, 3.0, 1.0]).sort(0, false);
    /// assert_eq!(values, Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(indices, Tensor::from([2, 0, 1]));
    /// ```
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> (Self, Tensor<i64>) {
        let axis = or_panic(self.shape().axis("sort", axis));
        let mut values = vec![T::default(); self.size()];
        let mut indices = vec![0; self.size()];
        kernels::sort(&self.view(), axis, descending, &mut values, &mut indices);
        let shape = self.shape();
        (
            Self::row_major(values, shape.clone()),
            Tensor::row_major(indices, shape.clone()),
        )
    }
}
