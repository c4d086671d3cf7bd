//! `absorb`: the product in which a zero on the left wins.
//!
//! - shape: x\[s\], y\[u\] → z\[s and u broadcast\]
//! - value: z = x y, and exactly 0 where x = 0, also where y is infinite or NaN
//! - rule: x̄ = absorb(z̄, y), ȳ = absorb(z̄, x): the derivative of the plain product
//! - edges: everywhere smooth where y is finite
//! - source: the absorption policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// `bar · slope`, and exactly 0 where `bar` is 0, whatever the slope: how elementwise rules
    /// meet a derivative that is not finite.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let z = Var::absorb(tape.scalar(0.0), tape.scalar(f64::INFINITY));
    /// assert_eq!(z.item(), 0.0);
    /// ```
    #[track_caller]
    pub fn absorb(bar: Self, slope: Self) -> Self {
        let [z] = bar.tape().formula(Absorb, [bar, slope]);
        z
    }
}

/// The formula of `absorb`.
#[derive(Clone, Copy)]
struct Absorb;

impl Formula<2, 1> for Absorb {
    compiled_here!(formula Absorb, 2);

    const NAME: &'static str = "absorb";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x.absorb(y)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x, y]: [R; 2], _: [R; 1]) -> [[Partial<R>; 2]; 1] {
        [[Partial::Value(y), Partial::Value(x)]]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("absorb", |x, y| Var::absorb(x, y)).on(-2.0, 2.0).reference2(|x, y| x * y)
}
