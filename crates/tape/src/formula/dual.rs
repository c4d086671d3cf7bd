//! The second reading of a formula: numbers with their partial derivatives.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::formula::real::{Elementary, Pair, Real};
use crate::ops::Pow;

/// A value and its partial derivatives with respect to `K` inputs. A partial that is known to be
/// zero is `None`; since that is known when the formula is compiled, it costs nothing.
#[derive(Clone, Copy)]
pub struct Dual<R, const K: usize> {
    /// The value.
    pub value: R,
    /// The partial derivatives.
    pub partials: [Option<R>; K],
}

impl<R: Real, const K: usize> Dual<R, K> {
    /// Input number `k`.
    #[inline(always)]
    pub fn input(value: R, k: usize) -> Self {
        let mut partials = [None; K];
        partials[k] = Some(R::lit(1.0));
        Dual { value, partials }
    }

    /// The chain rule for a function of one number.
    #[inline(always)]
    fn chain(self, value: R, slope: R) -> Self {
        let mut partials = [None; K];
        for_each!(k in K {
            if let Some(partial) = self.partials[k] {
                partials[k] = Some(partial * slope);
            }
        });
        Dual { value, partials }
    }

    /// The chain rule for a function of two numbers.
    #[inline(always)]
    fn chain2(self, other: Self, value: R, slope: R, other_slope: R) -> Self {
        self.chain(value, slope)
            .plus(other.chain(value, other_slope), value)
    }

    #[inline(always)]
    fn plus(self, other: Self, value: R) -> Self {
        let mut partials = [None; K];
        for_each!(k in K {
            partials[k] = match (self.partials[k], other.partials[k]) {
                (Some(a), Some(b)) => Some(a + b),
                (Some(a), None) => Some(a),
                (None, b) => b,
            };
        });
        Dual { value, partials }
    }

    /// Takes each partial from `yes` or `no` by the same choice as the value.
    #[inline(always)]
    fn select(value: R, yes: Self, no: Self, choose: impl Fn(R, R) -> R) -> Self {
        let zero = R::lit(0.0);
        let mut partials = [None; K];
        for_each!(k in K {
            partials[k] = match (yes.partials[k], no.partials[k]) {
                (None, None) => None,
                (a, b) => Some(choose(a.unwrap_or(zero), b.unwrap_or(zero))),
            };
        });
        Dual { value, partials }
    }
}

impl<R: Real, const K: usize> Add for Dual<R, K> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.plus(other, self.value + other.value)
    }
}

impl<R: Real, const K: usize> Sub for Dual<R, K> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.plus(-other, self.value - other.value)
    }
}

impl<R: Real, const K: usize> Mul for Dual<R, K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.chain2(other, self.value * other.value, other.value, self.value)
    }
}

impl<R: Real, const K: usize> Div for Dual<R, K> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let slope = R::lit(1.0) / other.value;
        self.chain2(other, value, slope, -value.absorb(slope))
    }
}

impl<R: Real, const K: usize> Neg for Dual<R, K> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        let mut partials = [None; K];
        for_each!(k in K {
            if let Some(partial) = self.partials[k] {
                partials[k] = Some(-partial);
            }
        });
        Dual {
            value: -self.value,
            partials,
        }
    }
}

impl<R: Real, const K: usize> Real for Dual<R, K> {
    #[inline(always)]
    fn lit(x: f64) -> Self {
        Dual {
            value: R::lit(x),
            partials: [None; K],
        }
    }
    #[inline(always)]
    fn apply<E: Elementary>(self, function: E) -> Self {
        let value = self.value.apply(function);
        self.chain(value, function.slope(self.value, value))
    }
    #[inline(always)]
    fn apply_two<P: Pair>(self, other: Self, function: P) -> Self {
        let value = self.value.apply_two(other.value, function);
        let [slope, other_slope] = function.slopes(self.value, other.value, value);
        self.chain2(other, value, slope, other_slope)
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        let value = self.value.powf(exponent.value);
        let [slope, exponent_slope] = Pow::slopes(self.value, exponent.value, value);
        self.chain2(exponent, value, slope, exponent_slope)
    }
    #[inline(always)]
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self {
        let choose = |yes, no| R::select_less(a.value, b.value, yes, no);
        Self::select(choose(yes.value, no.value), yes, no, choose)
    }
    #[inline(always)]
    fn select_equal(a: Self, b: Self, yes: Self, no: Self) -> Self {
        let choose = |yes, no| R::select_equal(a.value, b.value, yes, no);
        Self::select(choose(yes.value, no.value), yes, no, choose)
    }
    #[inline(always)]
    fn absorb(self, slope: Self) -> Self {
        let value = self.value.absorb(slope.value);
        self.chain2(slope, value, slope.value, self.value)
    }
}
