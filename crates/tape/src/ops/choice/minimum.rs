//! `minimum`: the lesser of two elements.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = min(x, y); NaN if either is
//! - rule: x̄ = z̄ where x < y, ȳ = z̄ where y < x, each ½ z̄ where they are equal
//! - edges: a tie gives each ½; NaN stays
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::ops::maximum::step;
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The lesser of two elements; NaN if either is. The least of all elements is
    /// [`amin`](Var::amin).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(2.0).min(3.0).item(), 2.0);
    /// ```
    #[doc(alias = "minimum")]
    #[track_caller]
    pub fn min(self, other: impl Operand<'t, T>) -> Self {
        self.binary(Minimum, other)
    }
}

/// The formula z = min(x, y).
#[derive(Clone, Copy)]
struct Minimum;

compiled_here!(binary Minimum);

impl Formula<2, 1> for Minimum {
    compiled_here!(formula Minimum, 2);

    const NAME: &'static str = "min";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x.min(y)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x, y]: [R; 2], _: [R; 1]) -> [[Partial<R>; 2]; 1] {
        [[Partial::Value(step(x, y)), Partial::Value(step(y, x))]]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("min", |x, y| x.min(y)).on(-2.0, 2.0).reference2(f64::min)
}
