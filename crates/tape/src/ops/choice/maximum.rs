//! `maximum`: the greater of two elements.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = max(x, y); NaN if either is
//! - rule: x̄ = z̄ where x > y, ȳ = z̄ where y > x, each ½ z̄ where they are equal
//! - edges: a tie gives each ½; NaN stays
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The greater of two elements; NaN if either is. The greatest of all elements is
    /// [`amax`](Var::amax).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(2.0).max(3.0).item(), 3.0);
    /// ```
    #[doc(alias = "maximum")]
    #[track_caller]
    pub fn max(self, other: impl Operand<'t, T>) -> Self {
        self.binary(Maximum, other)
    }
}

/// The formula z = max(x, y).
#[derive(Clone, Copy)]
struct Maximum;

compiled_here!(binary Maximum);

impl Formula<2, 1> for Maximum {
    compiled_here!(formula Maximum, 2);

    const NAME: &'static str = "max";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x.max(y)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x, y]: [R; 2], _: [R; 1]) -> [[Partial<R>; 2]; 1] {
        [[Partial::Value(step(y, x)), Partial::Value(step(x, y))]]
    }
}

/// 1 where a < b, ½ where they are equal, 0 elsewhere; NaN for NaN.
#[inline(always)]
pub(in crate::ops) fn step<R: Real>(a: R, b: R) -> R {
    let greater = R::select_less(b, a, R::lit(0.0), a + b);
    let tie = R::select_equal(a, b, R::lit(0.5), greater);
    R::select_less(a, b, R::lit(1.0), tie)
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("max", |x, y| x.max(y)).on(-2.0, 2.0).reference2(f64::max)
}
