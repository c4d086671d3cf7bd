//! `logaddexp2`: the logarithm of a sum of powers of 2.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = log₂(2ˣ + 2ʸ), without overflow
//! - rule: x̄ = z̄ 2ˣ / (2ˣ + 2ʸ), ȳ = z̄ 2ʸ / (2ˣ + 2ʸ)
//! - edges: all reals, smooth. An operand of −∞ has slope 0, also where both are; two of +∞ have ½ each
//! - source: the policy for masked logits of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// log₂(2ˣ + 2ʸ), without overflow. Off by at most 3 units in the last place, its slopes by 3 and
    /// half a unit for each of their exponent.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(3.0).logaddexp2(3.0).item(), 4.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn logaddexp2(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, LogAddExp2 {})
    }
}

light! {
    /// The logarithm of a sum of powers of 2, as a part of formulas.
    pair LogAddExp2, "logaddexp2", |x, y| special::logaddexp2(x, y), slopes |x, y, _| {
        let distance = x - y;
        // Two equal infinities share equally.
        let alike = R::select_equal(x, y, R::lit(0.0), distance);
        let distance = R::select_equal(distance, distance, distance, alike) * R::lit(std::f64::consts::LN_2);
        let share = |x: R, distance: R| {
            R::select_equal(x, R::lit(f64::NEG_INFINITY), R::lit(0.0), distance.sigmoid())
        };
        [share(x, distance), share(y, -distance)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("logaddexp2", |x, y| x.logaddexp2(y)).on(-2.0, 2.0).reference2(|x, y| (x.exp2() + y.exp2()).log2())
}
