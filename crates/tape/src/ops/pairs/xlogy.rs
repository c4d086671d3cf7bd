//! `xlogy`: a number times a logarithm.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = x ln y, and 0 where x = 0
//! - rule: x̄ = z̄ ln y, ȳ = z̄ x / y, and 0 where x = 0
//! - edges: where x = 0 value and slope in y are 0, whatever y, also 0 or NaN; the slope in x is −∞ at
//!   y = 0
//! - source: the policy for 0 · ln 0 of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// x ln y, and 0 where x = 0, also where y is 0 or NaN. The slope in x is ln y; that in y is x / y,
    /// and 0 where x = 0. Off by at most 2 units in the last place, its slopes by 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).xlogy(0.0).item(), 0.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn xlogy(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, Xlogy {})
    }
}

light! {
    /// A number times a logarithm, as a part of formulas.
    pair Xlogy, "xlogy", |x, y| special::xlogy(x, y), slopes |x, y, _| {
        [y.ln(), R::select_equal(x, R::lit(0.0), R::lit(0.0), x / y)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("xlogy", |x, y| x.xlogy(y)).on(0.2, 2.0).reference2(|x, y| x * y.ln())
}
