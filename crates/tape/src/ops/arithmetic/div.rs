//! `div`: the quotient of elements.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = x / y
//! - rule: x̄ = z̄ / y, ȳ = −z̄ z / y
//! - edges: y ≠ 0; at y = 0 IEEE infinities and NaN; where z is 0 the slope in y is 0
//! - source: elementary calculus

use std::ops::{Div, DivAssign};

use wengert_tensor::{Float, Tensor};

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

/// The formula z = x / y.
#[derive(Clone, Copy)]
struct Over;

compiled_here!(binary Over);

impl Formula<2, 1> for Over {
    compiled_here!(formula Over, 2);

    const NAME: &'static str = "div";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x / y]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [_, y]: [R; 2], [z]: [R; 1]) -> [[Partial<R>; 2]; 1] {
        let slope = R::lit(1.0) / y;
        // The inverse of a least y is infinite, where the slope of a quotient of 0 is 0.
        [[Partial::Value(slope), Partial::Value(-z.absorb(slope))]]
    }
}

impl<'t, T: Float, R: Operand<'t, T>> Div<R> for Var<'t, T> {
    type Output = Var<'t, T>;
    #[inline]
    #[track_caller]
    fn div(self, other: R) -> Var<'t, T> {
        self.binary(Over, other)
    }
}

/// `x /= y` is `x = x / y`: the name `x` now stands for the result, and a copy made of the
/// variable before still has the old value.
impl<'t, T: Float, R: Operand<'t, T>> DivAssign<R> for Var<'t, T> {
    #[inline]
    #[track_caller]
    fn div_assign(&mut self, other: R) {
        *self = *self / other;
    }
}

impl<'t, T: Float> Div<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;
    #[inline]
    #[track_caller]
    fn div(self, other: Var<'t, T>) -> Var<'t, T> {
        other.binary_left(self, Over)
    }
}

impl<'t, T: Float> Div<Var<'t, T>> for &Tensor<T> {
    type Output = Var<'t, T>;
    #[inline]
    #[track_caller]
    fn div(self, other: Var<'t, T>) -> Var<'t, T> {
        self.on(other.tape()).binary(Over, other)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("div", |x, y| x / y).on(0.4, 2.0).reference2(|x, y| x / y)
}
