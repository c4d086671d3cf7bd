//! `tanhshrink`: what the hyperbolic tangent leaves.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x − tanh x, without its cancellation
//! - rule: x̄ = ȳ tanh² x
//! - edges: all reals, smooth; x ∓ 1 with slope 1 far out
//! - source: the documentation of PyTorch

use wengert_tensor::Float;
use wengert_tensor::kernels::special;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// x − tanh x, with all its digits near 0. Off by at most 4 units in the last place, its slope by
    /// 6.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).tanhshrink().item(), 0.0);
    /// ```
    #[doc(alias = "tanh_shrink")]
    #[track_caller]
    pub fn tanhshrink(self) -> Self {
        self.elementary(Tanhshrink {})
    }
}

light! {
    /// What the hyperbolic tangent leaves, as a part of formulas.
    function Tanhshrink {}, "tanhshrink", |_, x| special::tanhshrink(x), slope |x, _| {
        let t = x.tanh();
        t * t
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("tanhshrink", |x| x.tanhshrink())
        .on(-3.0, 3.0)
        .reference1(|x| x - x.tanh())
        .values(&[(0.0, 0.0)])
}
