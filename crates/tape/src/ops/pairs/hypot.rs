//! `hypot`: the length of a point in the plane.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = √(x² + y²), without overflow
//! - rule: x̄ = z̄ x / z, ȳ = z̄ y / z
//! - edges: smooth but at the origin, where both slopes are 0; an infinite operand makes z infinite,
//!   also beside NaN, and its own slope NaN
//! - source: IEEE 754-2019, 9.2.1; the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// √(x² + y²), without overflow. Off by at most 1 unit in the last place, its slopes by 2. At the
    /// origin both slopes are 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(3e300).hypot(4e300).item(), 5e300);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn hypot(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, Hypot {})
    }
}

light! {
    /// The length of a point in the plane, as a part of formulas.
    pair Hypot, "hypot", |x, y| x.hypot(y), slopes |x, y, z| {
        let slope = |leg: R| R::select_equal(z, R::lit(0.0), R::lit(0.0), leg / z);
        [slope(x), slope(y)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("hypot", |x, y| x.hypot(y)).on(0.2, 3.0).reference2(|x, y| (x * x + y * y).sqrt())
}
