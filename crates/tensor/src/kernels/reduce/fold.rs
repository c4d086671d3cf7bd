//! What a reduction gathers on its way over the elements, and what it makes of that.

use crate::Float;
use crate::kernels::isa::Isa;

/// What a reduction does with each element.
pub(super) trait Fold<T: Float>: Copy {
    /// What is gathered on the way.
    type Acc: Copy;
    /// Whether the output's element, the result of an earlier pass, is needed on the way.
    const CONTEXT: bool = false;
    /// The result of nothing.
    fn start() -> Self::Acc;
    /// What the way needs of that element.
    #[inline(always)]
    fn context(out: T) -> T {
        out
    }
    /// What is done to an element before it is taken in; in a loop of its own over the lanes.
    #[inline(always)]
    fn lift<I: Isa>(x: T, _context: T) -> T {
        x
    }
    /// Takes one lifted element in.
    fn step<I: Isa>(acc: Self::Acc, x: T, context: T) -> Self::Acc;
    /// The results of two parts together.
    fn merge(a: Self::Acc, b: Self::Acc) -> Self::Acc;
    /// The result of `times` copies of a part.
    fn repeat(acc: Self::Acc, times: f64) -> Self::Acc;
    /// Writes the result.
    fn finish(&self, acc: Self::Acc, out: &mut T);
}

#[derive(Clone, Copy)]
pub(super) struct Sum {
    pub(super) add: bool,
    pub(super) divisor: f64,
}

impl<T: Float> Fold<T> for Sum {
    type Acc = f64;

    #[inline(always)]
    fn start() -> f64 {
        0.0
    }
    #[inline(always)]
    fn step<I: Isa>(acc: f64, x: T, _: T) -> f64 {
        acc + x.to_f64()
    }
    #[inline(always)]
    fn merge(a: f64, b: f64) -> f64 {
        a + b
    }
    #[inline(always)]
    fn repeat(acc: f64, times: f64) -> f64 {
        acc * times
    }
    #[inline(always)]
    fn finish(&self, acc: f64, out: &mut T) {
        let before = if self.add { out.to_f64() } else { 0.0 };
        *out = T::from_f64(before + acc / self.divisor);
    }
}

#[derive(Clone, Copy)]
pub(super) struct Var {
    pub(super) count: f64,
    pub(super) divisor: f64,
    /// Whether the root is asked for, which may be a number of the type where its square is none.
    pub(super) root: bool,
}

impl<T: Float> Fold<T> for Var {
    /// Σ d² and Σ d, where the second corrects for the rounding of the mean.
    type Acc = (f64, f64);
    const CONTEXT: bool = true;

    #[inline(always)]
    fn start() -> (f64, f64) {
        (0.0, 0.0)
    }
    #[inline(always)]
    fn step<I: Isa>(acc: (f64, f64), x: T, mean: T) -> (f64, f64) {
        let d = x.to_f64() - mean.to_f64();
        (acc.0 + d * d, acc.1 + d)
    }
    #[inline(always)]
    fn merge(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
        (a.0 + b.0, a.1 + b.1)
    }
    #[inline(always)]
    fn repeat(acc: (f64, f64), times: f64) -> (f64, f64) {
        (acc.0 * times, acc.1 * times)
    }
    #[inline(always)]
    fn finish(&self, acc: (f64, f64), out: &mut T) {
        let squares = (acc.0 - acc.1 * acc.1 / self.count).max(0.0);
        // `max` drops NaN, as of ∞ − ∞.
        let squares = if acc.0.is_finite() { squares } else { acc.0 };
        let variance = squares / self.divisor;
        *out = T::from_f64(if self.root { variance.sqrt() } else { variance });
    }
}

#[derive(Clone, Copy)]
pub(super) struct Norm;

impl<T: Float> Fold<T> for Norm {
    type Acc = f64;

    #[inline(always)]
    fn start() -> f64 {
        0.0
    }
    #[inline(always)]
    fn step<I: Isa>(acc: f64, x: T, _: T) -> f64 {
        acc + x.to_f64() * x.to_f64()
    }
    #[inline(always)]
    fn merge(a: f64, b: f64) -> f64 {
        a + b
    }
    #[inline(always)]
    fn repeat(acc: f64, times: f64) -> f64 {
        acc * times
    }
    #[inline(always)]
    fn finish(&self, acc: f64, out: &mut T) {
        *out = T::from_f64(acc.sqrt());
    }
}

/// Declares the fold of an extreme; NaN wins over everything.
macro_rules! extreme {
    ($name:ident, $better:tt, $start:expr) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name;

        impl<T: Float> Fold<T> for $name {
            type Acc = T;

            #[inline(always)]
            fn start() -> T {
                $start
            }
            #[inline(always)]
            fn step<I: Isa>(acc: T, x: T, _: T) -> T {
                <Self as Fold<T>>::merge(acc, x)
            }
            #[inline(always)]
            fn merge(a: T, b: T) -> T {
                if a $better b || a.is_nan() { a } else { b }
            }
            #[inline(always)]
            fn repeat(acc: T, _: f64) -> T {
                acc
            }
            #[inline(always)]
            fn finish(&self, acc: T, out: &mut T) {
                *out = acc;
            }
        }
    };
}
extreme!(Max, >, -T::INFINITY);
extreme!(Min, <, T::INFINITY);

#[derive(Clone, Copy)]
pub(super) struct LogSumExp;

impl<T: Float> Fold<T> for LogSumExp {
    type Acc = f64;
    const CONTEXT: bool = true;

    #[inline(always)]
    fn start() -> f64 {
        0.0
    }
    /// What is subtracted: the greatest element, or 0 where that is no number to subtract.
    #[inline(always)]
    fn context(greatest: T) -> T {
        if greatest.is_finite() {
            greatest
        } else {
            T::ZERO
        }
    }
    #[inline(always)]
    fn lift<I: Isa>(x: T, shift: T) -> T {
        (x - shift).exp::<I>()
    }
    #[inline(always)]
    fn step<I: Isa>(acc: f64, x: T, _: T) -> f64 {
        acc + x.to_f64()
    }
    #[inline(always)]
    fn merge(a: f64, b: f64) -> f64 {
        a + b
    }
    #[inline(always)]
    fn repeat(acc: f64, times: f64) -> f64 {
        acc * times
    }
    #[inline(always)]
    fn finish(&self, acc: f64, out: &mut T) {
        let shift = <Self as Fold<T>>::context(*out);
        *out = T::from_f64(shift.to_f64() + acc.ln());
    }
}
