//! Running logarithms of sums of exponentials.

use super::super::copy::copy;
use super::super::reduce::check_axis;
use super::lines::{LANES, Step, each_group, lines_along, run};
use crate::{Float, View, compile_here};

/// A sum of exponentials: the greatest exponent, and the sum of the others' exponentials beside its own, which
/// is 1.
#[derive(Clone, Copy)]
struct Exponentials {
    greatest: f64,
    rest: f64,
}

impl Exponentials {
    const NONE: Self = Exponentials {
        greatest: f64::NEG_INFINITY,
        rest: 0.0,
    };

    /// Takes one in: the exponential of its own exponent and the sum of those before, to one scale.
    #[inline(always)]
    fn take(&mut self, x: f64) -> [f64; 2] {
        let before = 1.0 + self.rest;
        if x <= self.greatest {
            if self.greatest == f64::NEG_INFINITY {
                return [0.0, 0.0];
            }
            // Those of +∞ are alike, and beside them the others are nothing.
            let own = match (self.greatest == f64::INFINITY, x == f64::INFINITY) {
                (false, _) => (x - self.greatest).exp(),
                (true, alike) => f64::from(u8::from(alike)),
            };
            self.rest += own;
            return [own, before];
        }
        if x > self.greatest {
            let scaled = match self.greatest == f64::NEG_INFINITY {
                true => 0.0,
                false => before * (self.greatest - x).exp(),
            };
            (self.greatest, self.rest) = (x, scaled);
            return [1.0, scaled];
        }
        self.greatest = f64::NAN;
        [f64::NAN, f64::NAN]
    }

    #[inline(always)]
    fn logarithm(&self) -> f64 {
        match self.greatest.is_finite() {
            true => self.greatest + self.rest.ln_1p(),
            false => self.greatest,
        }
    }
}

impl<T: Float> Step<T> for Exponentials {
    type State = Exponentials;

    fn start() -> Self::State {
        Exponentials::NONE
    }
    #[inline(always)]
    fn step(state: &mut Self::State, x: T) -> T {
        state.take(x.to_f64());
        T::from_f64(state.logarithm())
    }
}

compile_here! {
    /// ln Σ eˣ of the elements so far along `axis`, without overflow: −∞ as long as all are, +∞ from the
    /// first that is, and NaN from the first that is.
    ///
    /// # Panics
    /// If the axis is out of range, or `out` does not have the size of `x`.
    pub fn logcumsumexp<T>(x: &View<T>, axis: usize, out: &mut [T]) {
        check_axis(x.shape(), axis);
        copy(x, out);
        run::<T, Exponentials>(x.shape(), axis, false, out);
    }
}

compile_here! {
    /// The share of each element in the sum of exponentials up to it along `axis`, and that of all before it:
    /// both are 0 as long as all elements are −∞; those of +∞ share equally, and the others have none.
    ///
    /// # Panics
    /// If the axis is out of range, or an output does not have the size of `x`.
    pub fn logcumsumexp_shares<T>(x: &View<T>, axis: usize, own: &mut [T], before: &mut [T]) {
        let shape = x.shape();
        check_axis(shape, axis);
        assert_eq!(own.len(), before.len(), "two slices differ in length");
        copy(x, own);
        let (len, inner) = lines_along(shape, axis);
        let size = (len * inner).max(1);
        for (own, before) in own.chunks_exact_mut(size).zip(before.chunks_exact_mut(size)) {
            each_group(inner, |column, wide| {
                let (own, before) = (&mut own[column..], &mut before[column..]);
                match wide {
                    true => shares::<T, LANES>(own, before, len, inner),
                    false => shares::<T, 1>(own, before, len, inner),
                }
            });
        }
    }
}

/// The shares in `W` lines side by side, in place of the elements.
#[inline(always)]
fn shares<T: Float, const W: usize>(own: &mut [T], before: &mut [T], len: usize, inner: usize) {
    let mut states = [Exponentials::NONE; W];
    for k in 0..len {
        let own = &mut own[k * inner..][..W];
        let before = &mut before[k * inner..][..W];
        for lane in 0..W {
            let [one, others] = states[lane].take(own[lane].to_f64());
            let all = one + others;
            let share = |part: f64| if all == 0.0 { 0.0 } else { part / all };
            own[lane] = T::from_f64(share(one));
            before[lane] = T::from_f64(share(others));
        }
    }
}
