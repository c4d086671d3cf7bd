//! `softshrink`: everything comes nearer to 0.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x − λ above λ, x + λ below −λ, 0 between
//! - rule: x̄ = ȳ where |x| > λ, 0 elsewhere
//! - edges: at ±λ the slope is 0; NaN stays
//! - source: Donoho 1995, De-Noising by Soft-Thresholding

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::formula::shapes::{outside, within};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element, by `lambda` nearer to 0, and 0 where it is not so far from it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(2.0).softshrink(0.5).item(), 1.5);
    /// ```
    ///
    /// # Panics
    /// If `lambda` is negative or NaN.
    #[doc(alias = "soft_shrink")]
    #[track_caller]
    pub fn softshrink(self, lambda: f64) -> Self {
        assert!(lambda >= 0.0, "softshrink: {lambda} is no distance from 0");
        let [y] = self.tape().formula(Softshrink { lambda }, [self]);
        y
    }
}

light! {
    /// The formula of `softshrink`.
    formula<1> Softshrink { lambda }, "softshrink", in_lanes,
    |this, [x]| x - within(x, this.lambda),
    partials |[x], _| [outside(x, this.lambda)]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("softshrink", |x| x.softshrink(0.5))
        .on(-2.0, 2.0)
        .apart_from(0.5)
        .apart_from(-0.5)
        .reference1(|x| (x.abs() - 0.5).max(0.0).copysign(x))
        .values(&[(0.5, 0.0), (-2.0, -1.5)])
        .bad(&[&[2]], "softshrink: -1 is no distance from 0", |x| vec![x[0].softshrink(-1.0)])
}
