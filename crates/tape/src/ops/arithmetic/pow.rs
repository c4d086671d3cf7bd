//! `pow`: the power.
//!
//! - shape: x\[s\], p\[u\] → y\[s and u broadcast\]; a literal exponent or base is an attribute
//! - value: y = xᵖ
//! - rule: x̄ = ȳ p xᵖ⁻¹, p̄ = ȳ y ln x
//! - edges: x > 0 is smooth. An exponent of 0 has slope 0 in x everywhere, also at x = 0. The slope in
//!   p at x = 0 is 0 for p ≥ 0, and y ln 0 for p < 0: −∞ where y = +∞, and +∞ where y = −∞, as at
//!   x = −0 with an odd p. Where y = 0 it is 0, also at x = +∞. A negative x needs an integer exponent
//!   and has no slope in p. With an infinite exponent the slope in x is 0 where y is 0
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// This value to the power `exponent`: a variable, a tensor or a literal.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(3.0).powf(2.0).item(), 9.0);
    /// ```
    #[doc(alias = "pow")]
    #[inline]
    #[track_caller]
    pub fn powf(self, exponent: impl Operand<'t, T>) -> Self {
        self.binary(Pow, exponent)
    }

    /// `base` to the power of each element: 2ˣ is `x.exp_base(2.0)`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(3.0).exp_base(2.0).item(), 8.0);
    /// ```
    #[doc(alias = "pow")]
    #[doc(alias = "exp2")]
    #[inline]
    #[track_caller]
    pub fn exp_base(self, base: f64) -> Self {
        self.binary_left(base, Pow)
    }
}

/// The formula y = xᵖ.
#[derive(Clone, Copy)]
pub struct Pow;

impl Pow {
    /// The slopes in x and in p, where the value is y.
    #[inline(always)]
    pub(crate) fn slopes<R: Real>(x: R, p: R, y: R) -> [R; 2] {
        let (zero, one) = (R::lit(0.0), R::lit(1.0));
        // An infinite exponent leaves its sign: its product with a power of 0 would be no number.
        let sign = R::select_less(p, zero, -one, one);
        let factor = R::select_equal(p.abs(), R::lit(f64::INFINITY), sign, p);
        // An exponent of 0 wins over every x; at x = 0 with all its derivatives, which are not
        // finite there.
        let power = factor.absorb(x.powf(p - one));
        let x_slope = R::select_equal(x, zero, R::select_equal(p, zero, zero, power), power);
        // Where y is 0 its product with ln x = ±∞ would be no number; the slope's limit is 0. Where y
        // is infinite, at x = 0, the product with −∞ is −y; of what is no number, y itself.
        let log = R::select_equal(x, zero, one, x).ln();
        let no_pole = R::select_equal(p, p, zero, y);
        let at_zero = R::select_less(p, zero, -y, no_pole);
        let p_slope = R::select_equal(x, zero, at_zero, y.absorb(log));
        [x_slope, p_slope]
    }
}

compiled_here!(binary Pow);

impl Formula<2, 1> for Pow {
    compiled_here!(formula Pow, 2);

    const NAME: &'static str = "powf";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, p]: [R; 2]) -> [R; 1] {
        [x.powf(p)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x, p]: [R; 2], [y]: [R; 1]) -> [[Partial<R>; 2]; 1] {
        let [x_slope, p_slope] = Pow::slopes(x, p, y);
        [[Partial::Value(x_slope), Partial::Value(p_slope)]]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::binary("powf", |x, p| x.powf(p))
        .case("a number to the power", &[&[3, 4]], |x| vec![x[0].exp_base(2.5)])
        .on(0.4, 2.0)
        .reference(|x| match x {
            [x, p] => vec![x.zip_map(p, f64::powf)],
            [p] => vec![p.map(|p| 2.5_f64.powf(p))],
            _ => unreachable!("one or two operands"),
        })
}
