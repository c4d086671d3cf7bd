//! `remainder`: what is left by whole multiples, with the sign of the divisor.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = x − y ⌊x / y⌋
//! - rule: x̄ = z̄, ȳ = −z̄ ⌊x / y⌋
//! - edges: the slopes are those of the piece to which the value belongs, also where it jumps; value
//!   and slope in y are NaN where y is 0 or x is infinite
//! - source: the subgradient policy of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// What is left of each element by whole multiples of `other`, with the sign of `other`. It is
    /// exact.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(-1.0).remainder(3.0).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "mod")]
    #[doc(alias = "floor_mod")]
    #[track_caller]
    pub fn remainder(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, Remainder {})
    }
}

light! {
    /// What is left by whole multiples, with the sign of the divisor, as a part of formulas.
    pair Remainder, "remainder", |x, y| special::remainder(x, y), slopes |x, y, z| {
        // How often it was taken away: a whole number, but for a rounding.
        [R::lit(1.0), -((x - z) / y).round_ties_even()]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("remainder", |x, y| x.remainder(y)).on(1.1, 1.9).reference2(|x, y| x - y * (x / y).floor())
}
