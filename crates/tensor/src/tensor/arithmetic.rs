//! Elementwise arithmetic, with broadcasting.

use std::ops;

use super::construct::{admit, blank};
use super::{Operand, Tensor, or_panic};
use crate::kernels::{Input, Isa, Loop, MapFn, Mode, Output, Source, map, map_flat};
use crate::{Element, Float, Layout, Shape, ShapeError, compile_here};

/// A function of `N` numbers whose loops are compiled in this crate.
trait Function<const N: usize>: MapFn<N, 0, 0, 1> {
    /// Hands the loops on.
    fn with_loop<T: Float>(self, to: &mut dyn FnMut(&dyn Loop<T, N, 0, 0, 1>));
}

macro_rules! function {
    ($Function:ty, $n:literal) => {
        impl Function<$n> for $Function {
            #[inline(always)]
            fn with_loop<T: Float>(self, to: &mut dyn FnMut(&dyn Loop<T, $n, 0, 0, 1>)) {
                compile_here! {
                    fn with_loop<T>(f: $Function, to: &mut dyn FnMut(&dyn Loop<T, $n, 0, 0, 1>)) {
                        to(&f);
                    }
                }
                with_loop(self, to);
            }
        }
    };
}

/// `f` of each element, in one new tensor.
#[track_caller]
fn unary<T: Float, F: Function<1>>(f: F, x: &Tensor<T>) -> Tensor<T> {
    let mut data = blank("an elementwise function", x.shape());
    f.with_loop(&mut |f| write_unary(f, x, &mut data));
    Tensor::row_major(data, x.shape().clone())
}

/// `f` of each element, in the tensor's own storage where it can be.
fn unary_owned<T: Float, F: Function<1>>(f: F, mut x: Tensor<T>) -> Tensor<T> {
    if x.is_unique() && x.is_contiguous() {
        unary_assign(f, &mut x);
        x
    } else {
        unary(f, &x)
    }
}

/// `x = f(x)`.
fn unary_assign<T: Float, F: Function<1>>(f: F, x: &mut Tensor<T>) {
    f.with_loop(&mut |f| replace_unary(f, x.as_mut_slice()));
}

/// `f` of each pair of elements, broadcast, in one new tensor.
#[track_caller]
fn binary<T: Float, F>(op: &'static str, f: F, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T>
where
    F: Function<2>,
{
    let shape = or_panic(Shape::broadcast(op, a.shape(), b.shape()));
    let mut data = blank(op, &shape);
    f.with_loop(&mut |f| write_binary(f, &shape, a, b, &mut data));
    Tensor::row_major(data, shape)
}

/// `a = f(a, b)`, where `b` stretches to the shape of `a`; in place where `a` owns its elements.
#[track_caller]
fn assign<T: Float, F: Function<2>>(op: &'static str, f: F, a: &mut Tensor<T>, b: &Tensor<T>) {
    let shape = or_panic(Shape::broadcast(op, a.shape(), b.shape()));
    if &shape != a.shape() {
        let reason = format!(
            "the target of shape {} does not stretch to {shape}",
            a.shape()
        );
        or_panic::<(), _>(Err(ShapeError::new(op, reason)));
    }
    f.with_loop(&mut |f| replace_binary(f, &shape, a.as_mut_slice(), b));
}

compile_here! {
    fn write_unary<T>(f: &dyn Loop<T, 1, 0, 0, 1>, x: &Tensor<T>, out: &mut [T]) {
        let layout = Layout::contiguous(x.shape().clone());
        map(f, x.shape(), [input(x)], [], [], [output(&layout)], &mut [out]);
    }

    fn replace_unary<T>(f: &dyn Loop<T, 1, 0, 0, 1>, x: &mut [T]) {
        map_flat(f, x.len(), [Source::Buffer(0)], [], [], [(0, Mode::Write)], &mut [x]);
    }

    fn write_binary<T>(
        f: &dyn Loop<T, 2, 0, 0, 1>,
        shape: &Shape,
        a: &Tensor<T>,
        b: &Tensor<T>,
        out: &mut [T],
    ) {
        let layout = Layout::contiguous(shape.clone());
        map(f, shape, [input(a), input(b)], [], [], [output(&layout)], &mut [out]);
    }

    fn replace_binary<T>(f: &dyn Loop<T, 2, 0, 0, 1>, shape: &Shape, a: &mut [T], b: &Tensor<T>) {
        let layout = Layout::contiguous(shape.clone());
        let target = Input {
            source: Source::Buffer(0),
            layout: &layout,
        };
        map(f, shape, [target, input(b)], [], [], [output(&layout)], &mut [a]);
    }
}

fn input<T: Float>(x: &Tensor<T>) -> Input<'_, T> {
    Input {
        source: Source::Slice(&x.data),
        layout: &x.layout,
    }
}

fn output(layout: &Layout) -> Output<'_> {
    Output {
        buffer: 0,
        layout,
        mode: Mode::Write,
    }
}

/// The operators with tensors and `f64` on either side, and the function behind each.
macro_rules! operators {
    ($($Op:ident $op:ident $OpAssign:ident $assign:ident: $doc:literal, |$a:ident, $b:ident| $y:expr;)*) => { $(
        #[derive(Clone, Copy)]
        struct $Op;

        function!($Op, 2);
        function!(Right<$Op>, 1);
        function!(Left<$Op>, 1);

        impl MapFn<2, 0, 0, 1> for $Op {
            #[inline(always)]
            fn call<T: Float, I: Isa>(&self, [$a, $b]: [T; 2], _: [T; 0], _: [T; 0]) -> [T; 1] {
                [$y]
            }
        }

        #[doc = $doc]
        ///
        /// # Panics
        /// If the shapes do not broadcast.
        impl<T: Float> ops::$Op<&Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, other: &Tensor<T>) -> Tensor<T> {
                binary(stringify!($op), $Op, self, other)
            }
        }

        #[doc = $doc]
        /// The result reuses the storage of the left side where it can.
        ///
        /// # Panics
        /// If the shapes do not broadcast.
        impl<T: Float> ops::$Op<&Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(mut self, other: &Tensor<T>) -> Tensor<T> {
                let fits = other.shape().broadcasts_to(self.shape());
                if fits && self.is_unique() && self.is_contiguous() {
                    assign(stringify!($op), $Op, &mut self, other);
                    return self;
                }
                binary(stringify!($op), $Op, &self, other)
            }
        }

        #[doc = $doc]
        ///
        /// # Panics
        /// If the shapes do not broadcast.
        impl<T: Float> ops::$Op<Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, other: Tensor<T>) -> Tensor<T> {
                binary(stringify!($op), $Op, self, &other)
            }
        }

        #[doc = $doc]
        /// The result reuses the storage of the left side where it can.
        ///
        /// # Panics
        /// If the shapes do not broadcast.
        impl<T: Float> ops::$Op<Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, other: Tensor<T>) -> Tensor<T> {
                ops::$Op::$op(self, &other)
            }
        }

        #[doc = $doc]
        impl<T: Float> ops::$Op<f64> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, other: f64) -> Tensor<T> {
                unary(Right($Op, other), self)
            }
        }

        #[doc = $doc]
        impl<T: Float> ops::$Op<f64> for Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, other: f64) -> Tensor<T> {
                unary_owned(Right($Op, other), self)
            }
        }

        #[doc = $doc]
        impl<T: Float> ops::$Op<&Tensor<T>> for f64 {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, other: &Tensor<T>) -> Tensor<T> {
                unary(Left($Op, self), other)
            }
        }

        #[doc = $doc]
        impl<T: Float> ops::$Op<Tensor<T>> for f64 {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, other: Tensor<T>) -> Tensor<T> {
                unary_owned(Left($Op, self), other)
            }
        }

        /// In place, where the tensor alone owns its storage and is row-major.
        ///
        /// # Panics
        /// If the other shape does not stretch to this one.
        impl<T: Float> ops::$OpAssign<&Tensor<T>> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, other: &Tensor<T>) {
                assign(stringify!($op), $Op, self, other);
            }
        }

        /// In place, where the tensor alone owns its storage and is row-major.
        ///
        /// # Panics
        /// If the other shape does not stretch to this one.
        impl<T: Float> ops::$OpAssign<Tensor<T>> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, other: Tensor<T>) {
                assign(stringify!($op), $Op, self, &other);
            }
        }

        /// In place, where the tensor alone owns its storage and is row-major.
        impl<T: Float> ops::$OpAssign<f64> for Tensor<T> {
            fn $assign(&mut self, other: f64) {
                unary_assign(Right($Op, other), self);
            }
        }
    )* };
}

operators! {
    Add add AddAssign add_assign: "The sums of elements, broadcast.", |a, b| a + b;
    Sub sub SubAssign sub_assign: "The differences of elements, broadcast.", |a, b| a - b;
    Mul mul MulAssign mul_assign: "The products of elements, broadcast.", |a, b| a * b;
    Div div DivAssign div_assign: "The quotients of elements, broadcast.", |a, b| a / b;
}

/// A function of two numbers with its right one fixed.
#[derive(Clone, Copy)]
struct Right<F>(F, f64);

impl<F: MapFn<2, 0, 0, 1>> MapFn<1, 0, 0, 1> for Right<F> {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, [x]: [T; 1], b: [T; 0], c: [T; 0]) -> [T; 1] {
        self.0.call::<T, I>([x, T::from_f64(self.1)], b, c)
    }
}

/// A function of two numbers with its left one fixed.
#[derive(Clone, Copy)]
struct Left<F>(F, f64);

impl<F: MapFn<2, 0, 0, 1>> MapFn<1, 0, 0, 1> for Left<F> {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, [x]: [T; 1], b: [T; 0], c: [T; 0]) -> [T; 1] {
        self.0.call::<T, I>([T::from_f64(self.1), x], b, c)
    }
}

/// The negated elements.
impl<T: Float> ops::Neg for &Tensor<T> {
    type Output = Tensor<T>;
    fn neg(self) -> Tensor<T> {
        unary(Neg, self)
    }
}

/// The negated elements.
impl<T: Float> ops::Neg for Tensor<T> {
    type Output = Tensor<T>;
    fn neg(self) -> Tensor<T> {
        unary_owned(Neg, self)
    }
}

#[derive(Clone, Copy)]
struct Neg;

function!(Neg, 1);

impl MapFn<1, 0, 0, 1> for Neg {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, [x]: [T; 1], _: [T; 0], _: [T; 0]) -> [T; 1] {
        [-x]
    }
}

/// Methods that apply a function of one number, compiled for every instruction set.
macro_rules! unary_methods {
    ($($(#[$alias:meta])* $name:ident: $doc:literal, |$x:ident, $T:ident, $I:ident| $y:expr;)*) => {
        impl<T: Float> Tensor<T> { $(
            #[doc = $doc]
            $(#[$alias])*
            pub fn $name(&self) -> Self {
                #[derive(Clone, Copy)]
                struct Named;
                function!(Named, 1);
                impl MapFn<1, 0, 0, 1> for Named {
                    #[inline(always)]
                    fn call<$T: Float, $I: Isa>(&self, [$x]: [$T; 1], _: [$T; 0], _: [$T; 0]) -> [$T; 1] {
                        [$y]
                    }
                }
                unary(Named, self)
            }
        )* }
    };
}

unary_methods! {
    exp: "eˣ of each element.", |x, N, I| x.exp::<I>();
    #[doc(alias = "log")]
    ln: "The natural logarithm of each element: −∞ at 0, NaN below.", |x, N, I| x.ln::<I>();
    tanh: "The hyperbolic tangent of each element.", |x, N, I| x.tanh::<I>();
    sigmoid: "1 / (1 + e⁻ˣ) of each element.", |x, N, I| x.sigmoid::<I>();
    sqrt: "The square root of each element, NaN below 0.", |x, N, I| x.sqrt();
    abs: "The absolute value of each element.", |x, N, I| x.abs();
    square: "The square of each element.", |x, N, I| x * x;
    #[doc(alias = "reciprocal")]
    recip: "1 / x of each element.", |x, N, I| N::ONE / x;
    relu: "The greater of 0 and each element; NaN stays.", |x, N, I| if x < N::ZERO { N::ZERO } else { x };
    sign: "−1, 0 or 1 for elements below, at and above 0; NaN stays.", |x, N, I| {
        if x > N::ZERO { N::ONE } else if x < N::ZERO { -N::ONE } else { x }
    };
    #[doc(alias = "expm1")]
    exp_m1: "eˣ − 1 of each element, exact near 0.", |x, N, I| x.exp_m1::<I>();
    #[doc(alias = "log1p")]
    ln_1p: "ln(1 + x) of each element, exact near 0.", |x, N, I| x.ln_1p::<I>();
}

#[derive(Clone, Copy)]
struct Maximum;

function!(Maximum, 2);

impl MapFn<2, 0, 0, 1> for Maximum {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, [a, b]: [T; 2], _: [T; 0], _: [T; 0]) -> [T; 1] {
        [if a > b || a.is_nan() { a } else { b }]
    }
}

#[derive(Clone, Copy)]
struct Minimum;

function!(Minimum, 2);

impl MapFn<2, 0, 0, 1> for Minimum {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, [a, b]: [T; 2], _: [T; 0], _: [T; 0]) -> [T; 1] {
        [if a < b || a.is_nan() { a } else { b }]
    }
}

#[derive(Clone, Copy)]
struct Clamp(f64, f64);

function!(Clamp, 1);

impl MapFn<1, 0, 0, 1> for Clamp {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, [x]: [T; 1], _: [T; 0], _: [T; 0]) -> [T; 1] {
        let (low, high) = (T::from_f64(self.0), T::from_f64(self.1));
        let x = if x < low { low } else { x };
        [if x > high { high } else { x }]
    }
}

#[derive(Clone, Copy)]
struct Power;

function!(Power, 2);
function!(Left<Power>, 1);

impl MapFn<2, 0, 0, 1> for Power {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, [x, p]: [T; 2], _: [T; 0], _: [T; 0]) -> [T; 1] {
        [x.powf(p)]
    }
}

impl<T: Float> Tensor<T> {
    /// The greater of each pair of elements, broadcast; NaN where either is NaN. The greatest of all
    /// elements is [`amax`](Tensor::amax).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1.0, 5.0]);
    /// assert_eq!(x.max(3.0), Tensor::from([3.0, 5.0]));
    /// assert_eq!(x.max(&Tensor::from([[2.0], [9.0]])).to_rows(), [[2.0, 5.0], [9.0, 9.0]]);
    /// ```
    #[doc(alias = "maximum")]
    #[track_caller]
    pub fn max(&self, other: impl Operand<T>) -> Self {
        binary("max", Maximum, self, &other.operand())
    }

    /// The lesser of each pair of elements, broadcast; NaN where either is NaN. The least of all
    /// elements is [`amin`](Tensor::amin).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "minimum")]
    #[track_caller]
    pub fn min(&self, other: impl Operand<T>) -> Self {
        binary("min", Minimum, self, &other.operand())
    }

    /// Each element, or the bound that it lies beyond, broadcast; NaN stays. The bounds are numbers or
    /// tensors; where the lower is above the upper, the upper counts.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or numbers as bounds have nothing between them.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([-3.0, 0.5, 7.0]);
    /// assert_eq!(x.clamp(-1.0, 1.0), Tensor::from([-1.0, 0.5, 1.0]));
    /// assert_eq!(x.clamp(&Tensor::from([0.0, 1.0, 2.0]), 5.0), Tensor::from([0.0, 1.0, 5.0]));
    /// ```
    #[doc(alias = "clip")]
    #[doc(alias = "clamp_min")]
    #[doc(alias = "clamp_max")]
    #[track_caller]
    pub fn clamp(&self, low: impl Operand<T>, high: impl Operand<T>) -> Self {
        let (low, high) = (low.operand(), high.operand());
        if low.rank() > 0 || high.rank() > 0 {
            return binary(
                "clamp",
                Minimum,
                &binary("clamp", Maximum, self, &low),
                &high,
            );
        }
        let (low, high) = (low.item().to_f64(), high.item().to_f64());
        assert!(
            low <= high,
            "clamp: there is nothing between {low} and {high}"
        );
        unary(Clamp(low, high), self)
    }

    /// Each element to the power `exponent`, broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([2.0, 3.0]);
    /// assert_eq!(x.powf(2.0), Tensor::from([4.0, 9.0]));
    /// assert_eq!(x.powf(&Tensor::from([3.0, 1.0])), Tensor::from([8.0, 3.0]));
    /// ```
    #[doc(alias = "pow")]
    #[track_caller]
    pub fn powf(&self, exponent: impl Operand<T>) -> Self {
        binary("powf", Power, self, &exponent.operand())
    }

    /// `base` to the power of each element: 2ˣ is `x.exp_base(2.0)`.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([3.0, -1.0]).exp_base(2.0), Tensor::from([8.0, 0.5]));
    /// ```
    #[doc(alias = "pow")]
    #[doc(alias = "exp2")]
    pub fn exp_base(&self, base: f64) -> Self {
        unary(Left(Power, base), self)
    }

    /// The row-major position of the first element that is infinite or NaN.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// assert_eq!(Tensor::from([[0.0, 1.0], [f64::NAN, 2.0]]).first_non_finite(), Some(2));
    /// ```
    pub fn first_non_finite(&self) -> Option<usize> {
        match self.as_slice() {
            Some(slice) => slice.iter().position(|x| !x.is_finite()),
            None => self.iter().position(|x| !x.is_finite()),
        }
    }
}

impl<T: Element> Tensor<T> {
    /// `f` of each element, called in row-major order.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([1_i64, 2]);
    /// assert_eq!(x.map(|x| 10 * x), Tensor::from([10, 20]));
    /// assert_eq!(x.map(|x| x > 1), Tensor::from([false, true]));
    /// ```
    pub fn map<U: Element>(&self, f: impl FnMut(T) -> U) -> Tensor<U> {
        let data = match self.as_slice() {
            Some(slice) => slice.iter().copied().map(f).collect(),
            None => {
                or_panic(admit::<U>("map", self.shape()));
                self.iter().map(f).collect()
            }
        };
        Tensor::row_major(data, self.shape().clone())
    }

    /// `f` of each pair of elements, broadcast, called in row-major order.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let (a, b) = (Tensor::from([[1], [2]]), Tensor::from([10, 20]));
    /// assert_eq!(a.zip_map(&b, |a: i64, b: i64| a + b), Tensor::from([[11, 21], [12, 22]]));
    /// ```
    #[track_caller]
    pub fn zip_map<U: Element, V: Element>(
        &self,
        other: &Tensor<U>,
        f: impl FnMut(T, U) -> V,
    ) -> Tensor<V> {
        self.zip_named("zip_map", other, f)
    }

    /// [`Tensor::zip_map`] under the name of the operation that calls it.
    #[track_caller]
    pub(super) fn zip_named<U: Element, V: Element>(
        &self,
        op: &'static str,
        other: &Tensor<U>,
        mut f: impl FnMut(T, U) -> V,
    ) -> Tensor<V> {
        let shape = or_panic(Shape::broadcast(op, self.shape(), other.shape()));
        let shape = or_panic(admit::<V>(op, shape));
        let alike = self.shape() == other.shape();
        let data = match (self.as_slice(), other.as_slice()) {
            (Some(a), Some(b)) if alike => a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect(),
            (Some(a), Some(&[b])) if a.len() == shape.size() => {
                a.iter().map(|&a| f(a, b)).collect()
            }
            _ => {
                let (a, b) = (self.expand(&shape), other.expand(&shape));
                a.iter().zip(b.iter()).map(|(a, b)| f(a, b)).collect()
            }
        };
        Tensor::row_major(data, shape)
    }
}
