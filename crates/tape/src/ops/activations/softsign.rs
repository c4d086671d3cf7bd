//! `softsign`: a sign that is smooth.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x / (1 + |x|)
//! - rule: x̄ = ȳ / (1 + |x|)²
//! - edges: once differentiable at 0, where the second derivative jumps and is 0; ±1 with slope 0 at ±∞
//! - source: Turian, Bergstra and Bengio 2009, Quadratic Features and Deep Architectures for Chunking

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// x / (1 + |x|), and ±1 at ±∞. Off by at most 1 unit in the last place, its slope by 3.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1.0).softsign().item(), 0.5);
    /// ```
    #[doc(alias = "soft_sign")]
    #[track_caller]
    pub fn softsign(self) -> Self {
        self.elementary(Softsign {})
    }
}

light! {
    /// A sign that is smooth, as a part of formulas.
    function Softsign {}, "softsign", |_, x| special::softsign(x), slope |x, _| {
        let share = R::lit(1.0) / (R::lit(1.0) + x.abs());
        share * share
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("softsign", |x| x.softsign())
        .on(-3.0, 3.0)
        .apart_from(0.0)
        .reference1(|x| x / (x.max(-x) + 1.0))
        .values(&[(0.0, 0.0), (3.0, 0.75)])
}
