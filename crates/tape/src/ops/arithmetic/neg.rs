//! `neg`: the negative.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = −x
//! - rule: x̄ = −ȳ
//! - edges: everywhere smooth
//! - source: elementary calculus

use std::ops::Neg;

use wengert_tensor::Float;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::Var;

/// The formula y = −x.
#[derive(Clone, Copy)]
struct Negative;

impl Formula<1, 1> for Negative {
    compiled_here!(formula Negative, 1);

    const NAME: &'static str = "neg";
    #[inline(always)]
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        [-x]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, _: [R; 1], _: [R; 1]) -> [[Partial<R>; 1]; 1] {
        [[Partial::MinusOne]]
    }
}

impl<'t, T: Float> Neg for Var<'t, T> {
    type Output = Var<'t, T>;
    #[inline]
    #[track_caller]
    fn neg(self) -> Var<'t, T> {
        let [y] = self.tape().formula(Negative, [self]);
        y
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("neg", |x| -x).on(-2.0, 2.0).reference1(|x| -x)
}
