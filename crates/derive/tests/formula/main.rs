//! `#[formula]` on blocks and functions, with a number type that remembers how it was made.

// A cast that the attribute must leave alone is the point of a test.
#![allow(clippy::unnecessary_cast)]
#![allow(clippy::unwrap_used)]

use std::ops::{Add, Mul, Neg, Sub};

use wengert_derive::formula;

/// What a formula is written over; only `lit` makes one of a number.
trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    fn lit(x: f64) -> Self;
}

trait Formula<const N: usize, const M: usize> {
    const NAME: &'static str;
    fn eval<R: Real>(&self, x: [R; N]) -> [R; M];
    fn twice<R: Real>(&self, x: R) -> R {
        x + x
    }
}

/// A number that no `f64` can be added to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number(f64);

impl Real for Number {
    fn lit(x: f64) -> Self {
        Number(x)
    }
}
impl Add for Number {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Number(self.0 + other.0)
    }
}
impl Sub for Number {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Number(self.0 - other.0)
    }
}
impl Mul for Number {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Number(self.0 * other.0)
    }
}
impl Neg for Number {
    type Output = Self;
    fn neg(self) -> Self {
        Number(-self.0)
    }
}

struct Everything {
    scale: f64,
}

/// One plus a number.
#[formula]
fn one_more<Q: Real>(x: Q) -> Q {
    1.0 + x
}

#[formula]
impl Formula<2, 2> for Everything {
    const NAME: &'static str = "everything";

    fn eval<R: Real>(&self, x: [R; 2]) -> [R; 2] {
        const HALF: f64 = 0.5;
        let quarter: f64 = 0.25;
        let table = [2.0, -3.0];
        let repeated = [4.0; 2];
        let mut sum = if x.len() > 1 { 10.0 } else { R::lit(20.0) };
        for k in 0..2 {
            sum = sum + x[k] * table[k] * repeated[k];
        }
        debug_assert!(quarter < 1.0);
        let lifted = R::lit(self.scale * 2.0 + HALF + quarter) - R::lit(2 as f64);
        let closure = |y: R| y * 100.0;
        [
            one_more(sum),
            closure(lifted)
                + match x.len() {
                    2 => 1.0,
                    _ => 0.0,
                },
        ]
    }

    #[inline]
    fn twice<R: Real>(&self, x: R) -> R {
        2.0 * x
    }
}

#[test]
fn literals_are_numbers_of_the_formula() {
    let formula = Everything { scale: 3.0 };
    let [a, b] = formula.eval([Number(1.0), Number(2.0)]);
    assert_eq!(a, Number(1.0 + 10.0 + 1.0 * 2.0 * 4.0 - 2.0 * 3.0 * 4.0));
    assert_eq!(b, Number((6.0 + 0.75 - 2.0) * 100.0 + 1.0));
    assert_eq!(formula.twice(Number(4.0)), Number(8.0));
    assert_eq!(Everything::NAME, "everything");
}
