//! `add`: the sum.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = x + y
//! - rule: x̄ = z̄, ȳ = z̄
//! - edges: everywhere smooth
//! - source: elementary calculus

use std::ops::{Add, AddAssign};

use wengert_tensor::{Float, Tensor};

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

/// The formula z = x + y.
#[derive(Clone, Copy)]
struct Plus;

compiled_here!(commutative Plus);

impl Formula<2, 1> for Plus {
    compiled_here!(formula Plus, 2);

    const NAME: &'static str = "add";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x + y]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, _: [R; 2], _: [R; 1]) -> [[Partial<R>; 2]; 1] {
        [[Partial::One, Partial::One]]
    }
}

impl<'t, T: Float, R: Operand<'t, T>> Add<R> for Var<'t, T> {
    type Output = Var<'t, T>;
    #[inline]
    #[track_caller]
    fn add(self, other: R) -> Var<'t, T> {
        self.binary(Plus, other)
    }
}

/// `x += y` is `x = x + y`: the name `x` now stands for the result, and a copy made of the
/// variable before still has the old value.
impl<'t, T: Float, R: Operand<'t, T>> AddAssign<R> for Var<'t, T> {
    #[inline]
    #[track_caller]
    fn add_assign(&mut self, other: R) {
        *self = *self + other;
    }
}

impl<'t, T: Float> Add<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;
    #[inline]
    #[track_caller]
    fn add(self, other: Var<'t, T>) -> Var<'t, T> {
        other.binary_left(self, Plus)
    }
}

impl<'t, T: Float> Add<Var<'t, T>> for &Tensor<T> {
    type Output = Var<'t, T>;
    #[inline]
    #[track_caller]
    fn add(self, other: Var<'t, T>) -> Var<'t, T> {
        self.on(other.tape()).binary(Plus, other)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("add", |x, y| x + y).on(-2.0, 2.0).reference2(|x, y| x + y)
}
