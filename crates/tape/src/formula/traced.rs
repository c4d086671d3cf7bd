//! The third reading of a formula: recorded variables, from which any order of derivative follows.

use std::ops::{Add, Div, Mul, Neg, Sub};

use wengert_tensor::Float;
use wengert_tensor::kernels::{Plain, each};

use crate::formula::light::Two;
use crate::formula::real::{Elementary, Pair, Real};
use crate::record::tape::Tape;
use crate::record::var::Var;

/// A number of a formula whose operations are recorded. Literals stay literals until they meet a
/// variable, so that they become attributes of ops and not nodes.
pub enum Traced<'t, T: Float> {
    /// A constant of the formula.
    Literal(f64),
    /// A value on a tape.
    Var(Var<'t, T>),
}

use Traced::{Literal, Var as Node};

impl<T: Float> Clone for Traced<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Float> Copy for Traced<'_, T> {}

impl<'t, T: Float> Traced<'t, T> {
    /// The value as a variable of `tape`.
    pub fn on(self, tape: &'t Tape<T>) -> Var<'t, T> {
        match self {
            Literal(x) => tape.scalar(x),
            Node(x) => x,
        }
    }
}

/// Arithmetic with the identities of 0 and 1 that hold for every number, NaN and infinity included.
macro_rules! operator {
    ($trait:ident, $method:ident, $sign:tt, $($identity:pat => $same:expr),*) => {
        impl<'t, T: Float> $trait for Traced<'t, T> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                match (self, other) {
                    $($identity => $same,)*
                    (Literal(a), Literal(b)) => Literal(a $sign b),
                    (Literal(a), Node(b)) => Node(a $sign b),
                    (Node(a), Literal(b)) => Node(a $sign b),
                    (Node(a), Node(b)) => Node(a $sign b),
                }
            }
        }
    };
}
operator!(Add, add, +, (x, Literal(0.0)) | (Literal(0.0), x) => x);
operator!(Sub, sub, -, (x, Literal(0.0)) => x);
operator!(Mul, mul, *, (x, Literal(1.0)) | (Literal(1.0), x) => x);
operator!(Div, div, /, (x, Literal(1.0)) => x);

impl<T: Float> Neg for Traced<'_, T> {
    type Output = Self;
    fn neg(self) -> Self {
        match self {
            Literal(x) => Literal(-x),
            Node(x) => Node(-x),
        }
    }
}

impl<'t, T: Float> Traced<'t, T> {
    /// The tape of the first variable among operands.
    fn tape_of(operands: &[Self]) -> Option<&'t Tape<T>> {
        operands.iter().find_map(|operand| match operand {
            Node(x) => Some(x.tape()),
            Literal(_) => None,
        })
    }

    fn select(
        operands: [Self; 4],
        literal: fn(&f64, &f64) -> bool,
        record: fn([Var<'t, T>; 4]) -> Var<'t, T>,
    ) -> Self {
        let [a, b, yes, no] = operands;
        match (a, b, Self::tape_of(&operands)) {
            (Literal(a), Literal(b), _) => {
                if literal(&a, &b) {
                    yes
                } else {
                    no
                }
            }
            (_, _, Some(tape)) => Node(record(each(|k| operands[k].on(tape)))),
            (_, _, None) => unreachable!("an operand that is no literal has a tape"),
        }
    }
}

impl<T: Float> Real for Traced<'_, T> {
    fn lit(x: f64) -> Self {
        Literal(x)
    }
    fn apply<E: Elementary>(self, function: E) -> Self {
        match self {
            Literal(x) => Literal(function.lane::<f64, Plain>(x)),
            Node(x) => Node(x.elementary(function)),
        }
    }
    fn apply_two<P: Pair>(self, other: Self, function: P) -> Self {
        match (self, other, Self::tape_of(&[self, other])) {
            (Literal(x), Literal(y), _) => Literal(function.lane::<f64, Plain>(x, y)),
            (_, _, Some(tape)) => {
                let [z] = tape.formula(Two(function), [self.on(tape), other.on(tape)]);
                Node(z)
            }
            (_, _, None) => unreachable!("an operand that is no literal has a tape"),
        }
    }
    fn powf(self, exponent: Self) -> Self {
        match (self, exponent) {
            (Literal(x), Literal(p)) => Literal(x.powf(p)),
            (Node(x), Literal(p)) => Node(x.powf(p)),
            (Literal(x), Node(p)) => Node(p.exp_base(x)),
            (Node(x), Node(p)) => Node(x.powf(p)),
        }
    }
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Self::select([a, b, yes, no], PartialOrd::lt, |[a, b, yes, no]| {
            Var::select_less(a, b, yes, no)
        })
    }
    fn select_equal(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Self::select([a, b, yes, no], PartialEq::eq, |[a, b, yes, no]| {
            Var::select_equal(a, b, yes, no)
        })
    }
    fn absorb(self, slope: Self) -> Self {
        match (self, slope) {
            (bar, Literal(1.0)) => bar,
            (Literal(a), Literal(b)) => Literal(if a == 0.0 { 0.0 } else { a * b }),
            (Literal(bar), Node(slope)) => {
                if bar == 0.0 {
                    Literal(0.0)
                } else {
                    Node(bar * slope)
                }
            }
            // A literal slope is finite, so the plain product absorbs.
            (Node(bar), Literal(slope)) if slope.is_finite() => Node(bar * slope),
            (bar, slope) => match Self::tape_of(&[bar, slope]) {
                Some(tape) => Node(Var::absorb(bar.on(tape), slope.on(tape))),
                None => unreachable!("both literals were handled"),
            },
        }
    }
}
