//! The first reading of a formula: a lane of a vector kernel.

use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Neg, Sub};

use wengert_tensor::Float;
use wengert_tensor::kernels::Isa;

use crate::formula::real::{Elementary, Pair, Real};

/// A number in a lane of a vector register; `I` is the instruction set of the kernel around it.
#[derive(Clone, Copy)]
pub struct Lane<T, I>(pub T, PhantomData<I>);

impl<T, I> Lane<T, I> {
    /// The lane that holds `x`.
    #[inline(always)]
    pub fn new(x: T) -> Self {
        Lane(x, PhantomData)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $sign:tt),*) => { $(
        impl<T: Float, I: Isa> $trait for Lane<T, I> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Lane::new(self.0 $sign other.0)
            }
        }
    )* };
}
operators!(Add add +, Sub sub -, Mul mul *, Div div /);

impl<T: Float, I: Isa> Neg for Lane<T, I> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Lane::new(-self.0)
    }
}

impl<T: Float, I: Isa> Real for Lane<T, I> {
    #[inline(always)]
    fn lit(x: f64) -> Self {
        Lane::new(T::from_f64(x))
    }
    #[inline(always)]
    fn apply<E: Elementary>(self, function: E) -> Self {
        Lane::new(function.lane::<T, I>(self.0))
    }
    #[inline(always)]
    fn apply_two<P: Pair>(self, other: Self, function: P) -> Self {
        Lane::new(function.lane::<T, I>(self.0, other.0))
    }
    #[inline(always)]
    fn minus_product(self, a: Self, b: Self) -> Self {
        Lane::new((-a.0).mul_add::<I>(b.0, self.0))
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        Lane::new(self.0.powf(exponent.0))
    }
    #[inline(always)]
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if a.0 < b.0 { yes } else { no }
    }
    #[inline(always)]
    fn select_equal(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if a.0 == b.0 { yes } else { no }
    }
    #[inline(always)]
    fn absorb(self, slope: Self) -> Self {
        if self.0 == T::ZERO {
            Lane::new(T::ZERO)
        } else {
            self * slope
        }
    }
}
