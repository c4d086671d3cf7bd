//! `xlog1py`: a number times a logarithm beside 1.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = x ln(1 + y), and 0 where x = 0
//! - rule: x̄ = z̄ ln(1 + y), ȳ = z̄ x / (1 + y), and 0 where x = 0
//! - edges: where x = 0 value and slope in y are 0, whatever y, also −1 or NaN; the slope in x is −∞ at
//!   y = −1
//! - source: the policy for 0 · ln 0 of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// x ln(1 + y), and 0 where x = 0, also where y is −1 or NaN. Off by at most 2 units in the last
    /// place, its slopes by 2.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).xlog1py(-1.0).item(), 0.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn xlog1py(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, Xlog1py {})
    }
}

light! {
    /// A number times a logarithm beside 1, as a part of formulas.
    pair Xlog1py, "xlog1py", |x, y| special::xlog1py(x, y), slopes |x, y, _| {
        [y.ln_1p(), R::select_equal(x, R::lit(0.0), R::lit(0.0), x / (R::lit(1.0) + y))]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("xlog1py", |x, y| x.xlog1py(y)).on(-0.8, 2.0).reference2(|x, y| x * (1.0 + y).ln())
}
