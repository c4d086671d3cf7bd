//! `logaddexp`: the logarithm of a sum of exponentials.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = ln(eˣ + eʸ), without overflow
//! - rule: x̄ = z̄ eˣ / (eˣ + eʸ), ȳ = z̄ eʸ / (eˣ + eʸ)
//! - edges: all reals, smooth. An operand of −∞ has slope 0, also where both are; two of +∞ have ½ each
//! - source: the policy for masked logits of this library

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// ln(eˣ + eʸ), without overflow. Off by at most 3 units in the last place, its slopes by 3. Over a
    /// whole axis it is [`logsumexp`](Var::logsumexp).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1000.0).logaddexp(0.0).item(), 1000.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "log_add_exp")]
    #[track_caller]
    pub fn logaddexp(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, LogAddExp {})
    }
}

light! {
    /// The logarithm of a sum of exponentials, as a part of formulas.
    pair LogAddExp, "logaddexp", |x, y| special::logaddexp(x, y), slopes |x, y, _| {
        let distance = x - y;
        // Two equal infinities share equally.
        let alike = R::select_equal(x, y, R::lit(0.0), distance);
        let distance = R::select_equal(distance, distance, distance, alike);
        let share = |x: R, distance: R| {
            R::select_equal(x, R::lit(f64::NEG_INFINITY), R::lit(0.0), distance.sigmoid())
        };
        [share(x, distance), share(y, -distance)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("logaddexp", |x, y| x.logaddexp(y)).on(-2.0, 2.0).reference2(|x, y| (x.exp() + y.exp()).ln())
}
