//! `atan2`: the angle of a point in the plane.
//!
//! - shape: y\[s\], x\[u\] → z\[s and u broadcast\]
//! - value: the angle of (x, y) from the x-axis, in \[−π, π\], where y is this value and x the other
//! - rule: ȳ gets x / (x² + y²) of the cotangent, x̄ gets −y / (x² + y²)
//! - edges: smooth but at the origin, where both slopes are 0, and across the negative x-axis, where
//!   the value jumps; the zeros' signs count there. Slopes are 0 where an operand is infinite
//! - source: IEEE 754-2019, 9.2.1; the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The angle of the point (`other`, this) in the plane, from −π to π. Off by at most 1 unit in the
    /// last place, its slopes by 3. At the origin both slopes are 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1.0).atan2(0.0).item(), std::f64::consts::FRAC_PI_2);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "arctan2")]
    #[track_caller]
    pub fn atan2(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, Atan2 {})
    }
}

light! {
    /// The angle of a point in the plane, as a part of formulas.
    pair Atan2, "atan2", |y, x| y.atan2(x), slopes |y, x, _| {
        let length = x.hypot(y);
        let slope = |leg: R| {
            let slope = leg / length / length;
            let slope = R::select_equal(length, R::lit(0.0), R::lit(0.0), slope);
            R::select_equal(length, R::lit(f64::INFINITY), R::lit(0.0), slope)
        };
        [slope(x), slope(-y)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("atan2", |y, x| y.atan2(x)).on(0.2, 3.0).reference2(f64::atan2)
}
