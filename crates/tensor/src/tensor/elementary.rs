//! Elementary and special functions that are computed one number at a time, in `f64`.
//!
//! One loop serves them all: what each costs to compile is a pointer.

use super::construct::blank;
use super::{Operand, Tensor, or_panic};
use crate::kernels::special;
use crate::{Float, Shape, compile_here};

compile_here! {
    fn through<T>(f: &dyn Fn(f64) -> f64, x: &Tensor<T>) -> Tensor<T> {
        x.map(|x| x.through_f64(f))
    }

    fn through_two<T>(
        op: &'static str,
        f: &dyn Fn(f64, f64) -> f64,
        x: &Tensor<T>,
        y: &Tensor<T>,
    ) -> Result<Tensor<T>, crate::ShapeError> {
        let shape = Shape::broadcast(op, x.shape(), y.shape())?;
        let mut data = blank(op, &shape);
        let (x, y) = (x.expand(&shape), y.expand(&shape));
        for (z, (x, y)) in data.iter_mut().zip(x.iter().zip(y.iter())) {
            *z = T::from_f64(f(x.to_f64(), y.to_f64()));
        }
        Ok(Tensor::row_major(data, shape))
    }
}

macro_rules! functions_of_one {
    ($($(#[$alias:meta])* $name:ident: $doc:literal, $f:expr;)*) => {
        /// Functions of one number; `wengert::ops` says more of each, where `Var` has them too.
        impl<T: Float> Tensor<T> { $(
            #[doc = $doc]
            $(#[$alias])*
            pub fn $name(&self) -> Self {
                through(&$f, self)
            }
        )* }
    };
}

macro_rules! functions_of_two {
    ($($(#[$alias:meta])* $name:ident: $doc:literal, $f:expr;)*) => {
        /// Functions of two numbers.
        impl<T: Float> Tensor<T> { $(
            $(#[$alias])*
            #[doc = $doc]
            ///
            /// # Panics
            /// If the shapes do not broadcast.
            #[track_caller]
            pub fn $name(&self, other: impl Operand<T>) -> Self {
                or_panic(through_two(stringify!($name), &$f, self, &other.operand()))
            }
        )* }
    };
}

functions_of_one! {
    log2: "The logarithm to base 2 of each element: −∞ at 0, NaN below.", f64::log2;
    log10: "The logarithm to base 10 of each element: −∞ at 0, NaN below.", f64::log10;
    exp2: "2ˣ of each element.", f64::exp2;
    cbrt: "The cube root of each element.", f64::cbrt;
    sin: "The sine of each element.", f64::sin;
    cos: "The cosine of each element.", f64::cos;
    tan: "The tangent of each element.", f64::tan;
    #[doc(alias = "arcsin")]
    asin: "The inverse sine of each element, NaN where |x| > 1.", f64::asin;
    #[doc(alias = "arccos")]
    acos: "The inverse cosine of each element, NaN where |x| > 1.", f64::acos;
    #[doc(alias = "arctan")]
    atan: "The inverse tangent of each element.", f64::atan;
    sinh: "The hyperbolic sine of each element.", f64::sinh;
    cosh: "The hyperbolic cosine of each element.", f64::cosh;
    #[doc(alias = "arcsinh")]
    asinh: "The inverse hyperbolic sine of each element.", special::asinh;
    #[doc(alias = "arccosh")]
    acosh: "The inverse hyperbolic cosine of each element, NaN below 1.", special::acosh;
    #[doc(alias = "arctanh")]
    atanh: "The inverse hyperbolic tangent of each element: ±∞ at ±1, NaN beyond.", special::atanh;
    erf: "The error function of each element.", special::erf;
    erfc: "1 − erf x of each element, with all its digits where it is small.", special::erfc;
    #[doc(alias = "erf_inv")]
    erfinv: "The inverse error function of each element: ±∞ at ±1, NaN beyond.", special::erfinv;
    #[doc(alias = "lgamma")]
    #[doc(alias = "gammaln")]
    ln_gamma: "ln |Γ(x)| of each element: +∞ at 0 and at the negative whole numbers.", special::ln_gamma;
    #[doc(alias = "psi")]
    digamma: "The logarithmic slope of Γ at each element: ∓∞ at ±0, NaN at the negative whole numbers.", special::digamma;
    i0: "The modified Bessel function I₀ of each element.", special::i0;
    #[doc(alias = "bessel_i0e")]
    i0e: "e^(−|x|) I₀(x) of each element.", special::i0e;
    i1: "The modified Bessel function I₁ of each element.", special::i1;
    #[doc(alias = "bessel_i1e")]
    i1e: "e^(−|x|) I₁(x) of each element.", special::i1e;
    logit: "ln(x / (1 − x)) of each element: ∓∞ at 0 and 1, NaN outside.", special::logit;
    floor: "The greatest whole number that is not above each element.", f64::floor;
    ceil: "The least whole number that is not below each element.", f64::ceil;
    #[doc(alias = "round")]
    #[doc(alias = "rint")]
    round_ties_even: "The nearest whole number to each element, halves to the even one.", f64::round_ties_even;
    #[doc(alias = "fix")]
    trunc: "Each element without its digits after the point.", f64::trunc;
    #[doc(alias = "frac")]
    fract: "The digits after the point of each element, with its sign.", f64::fract;
}

functions_of_two! {
    #[doc(alias = "arctan2")]
    atan2: "The angle of the point (`other`, this) in the plane, from −π to π, for each pair of elements, broadcast.", f64::atan2;
    hypot: "√(x² + y²) for each pair of elements, broadcast, without overflow.", f64::hypot;
    copysign: "Each element with the sign of the other's, broadcast.", f64::copysign;
    logaddexp: "ln(eˣ + eʸ) for each pair of elements, broadcast, without overflow.", special::logaddexp;
    logaddexp2: "log₂(2ˣ + 2ʸ) for each pair of elements, broadcast, without overflow.", special::logaddexp2;
    #[doc(alias = "mod")]
    #[doc(alias = "floor_mod")]
    remainder: "What is left of each element by whole multiples of the other, broadcast, with the sign of the other.", special::remainder;
    #[doc(alias = "rem")]
    fmod: "What is left of each element by whole multiples of the other, broadcast, with the sign of the element: `%` of the language.", |x, y| x % y;
    xlogy: "x ln y for each pair of elements, broadcast, and 0 where x = 0, whatever y.", special::xlogy;
    xlog1py: "x ln(1 + y) for each pair of elements, broadcast, and 0 where x = 0, whatever y.", special::xlog1py;
}

impl<T: Float> Tensor<T> {
    /// The `order`-th slope of [`digamma`](Tensor::digamma) at each element.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let y = Tensor::<f64>::from([1.0, 2.0]).polygamma(1);
    /// assert!((y[[0]] - y[[1]] - 1.0).abs() < 1e-15);
    /// ```
    pub fn polygamma(&self, order: u32) -> Self {
        through(&|x| special::polygamma(f64::from(order), x), self)
    }

    /// sin πx / πx of each element, and 1 at 0.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1.0, 2.0]).sinc(), Tensor::from([1.0, 0.0, 0.0]));
    /// ```
    pub fn sinc(&self) -> Self {
        through(&|x| special::sinc(0.0, x), self)
    }

    /// 1 / √x of each element: +∞ at 0, NaN below.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([4.0, 0.25]).rsqrt(), Tensor::from([0.5, 2.0]));
    /// ```
    pub fn rsqrt(&self) -> Self {
        through(&|x| 1.0 / x.sqrt(), self)
    }

    /// Each element, and in place of NaN, −∞ and +∞ the numbers `nan`, `low` and `high`.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([f64::NAN, f64::NEG_INFINITY, 3.0]);
    /// assert_eq!(x.nan_to_num(0.0, -9.0, 9.0), Tensor::from([0.0, -9.0, 3.0]));
    /// ```
    pub fn nan_to_num(&self, nan: f64, low: f64, high: f64) -> Self {
        through(&|x| special::nan_to_num(x, nan, low, high), self)
    }

    /// The point between this and `end` at `weight`, broadcast: this at 0, `end` at 1, both exactly.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([0.0, 10.0]).lerp(20.0, 0.25), Tensor::from([5.0, 12.5]));
    /// ```
    #[track_caller]
    pub fn lerp(&self, end: impl Operand<T>, weight: impl Operand<T>) -> Self {
        let (end, weight) = (end.operand(), weight.operand());
        let shape = or_panic(Shape::broadcast("lerp", self.shape(), end.shape()));
        let shape = or_panic(Shape::broadcast("lerp", &shape, weight.shape()));
        let step = or_panic(through_two(
            "lerp",
            &|x, y| y - x,
            &self.expand(&shape),
            &end,
        ));
        let near = or_panic(through_two(
            "lerp",
            &|step, w| if w < 0.5 { w * step } else { (w - 1.0) * step },
            &step,
            &weight,
        ));
        let from = weight.lt(0.5);
        &self.expand(&shape).where_(&from, &end) + &near
    }

    /// `value` where the mask is true, each element elsewhere.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.masked_fill(&Tensor::from([true, false]), 0.0), Tensor::from([0.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn masked_fill(&self, mask: &Tensor<bool>, value: impl Operand<T>) -> Self {
        value.operand().where_(mask, self)
    }
}
