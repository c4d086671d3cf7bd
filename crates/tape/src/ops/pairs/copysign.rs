//! `copysign`: a size with another's sign.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = |x| with the sign of y, zeros included
//! - rule: x̄ = z̄ where the signs agree, −z̄ where they differ; ȳ = 0
//! - edges: at x = 0 the slope is 0; the slope in y is 0 everywhere, also where the value jumps
//! - source: IEEE 754-2019, 5.5.1; the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// Each element with the sign of `other`, that of a zero included. No gradient flows into `other`:
    /// it is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(3.0).copysign(-0.0).item(), -3.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn copysign(self, other: impl Operand<'t, T>) -> Self {
        self.pair(other, Copysign {})
    }
}

light! {
    /// A size with another's sign, as a part of formulas.
    pair Copysign, "copysign", |x, y| x.copysign(y), slopes |x, _, z| [x.sign() * z.sign(), R::lit(0.0)]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("copysign", |x, y| x.copysign(y)).on(0.2, 2.0).reference2(|x, y| x.abs() * y.signum())
}
