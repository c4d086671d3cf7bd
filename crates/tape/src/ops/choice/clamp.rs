//! `clamp`: each element, or the bound that it lies beyond.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = min(max(x, low), high); NaN stays
//! - rule: x̄ = ȳ where low < x < high, 0 elsewhere
//! - edges: on and beyond the bounds the slope is 0; the gradient of NaN is NaN
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// Each element, or the bound that it lies beyond; NaN stays. No gradient flows into elements
    /// on or beyond a bound.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([-3.0, 0.5, 1.0]));
    /// let y = x.clamp(0.0, 1.0);
    /// assert_eq!(y.value().to_vec(), [0.0, 0.5, 1.0]);
    /// assert_eq!(y.sum().backward().wrt(x).unwrap().to_vec(), [0.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If `low` is above `high`, or one of them is NaN.
    #[doc(alias = "clip")]
    #[track_caller]
    pub fn clamp(self, low: f64, high: f64) -> Self {
        assert!(low <= high, "clamp: there is nothing between {low} and {high}");
        let [y] = self.tape().formula(Clamp { low, high }, [self]);
        y
    }
}

/// The formula of `clamp`.
#[derive(Clone, Copy)]
struct Clamp {
    low: f64,
    high: f64,
}

impl Formula<1, 1> for Clamp {
    compiled_here!(formula Clamp, 1);

    const NAME: &'static str = "clamp";
    #[inline(always)]
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        let (low, high) = (R::lit(self.low), R::lit(self.high));
        [R::select_less(x, low, low, R::select_less(high, x, high, x))]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x]: [R; 1], _: [R; 1]) -> [[Partial<R>; 1]; 1] {
        // 0, and NaN for NaN.
        let outside = R::select_equal(x, x, R::lit(0.0), x);
        let below_high = R::select_less(x, R::lit(self.high), R::lit(1.0), outside);
        [[Partial::Value(R::select_less(R::lit(self.low), x, below_high, outside))]]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("clamp", |x| x.clamp(-1.0, 0.5))
        .on(-2.0, 2.0)
        .apart_from(-1.0)
        .apart_from(0.5)
        .reference1(|x| x.clamp(-1.0, 0.5))
        .values(&[(-1.0, -1.0), (0.5, 0.5), (0.25, 0.25), (7.0, 0.5), (-7.0, -1.0)])
        .bad(&[&[2]], "clamp: there is nothing between 2 and 1", |x| vec![x[0].clamp(2.0, 1.0)])
        .bad(&[&[2]], "clamp: there is nothing between NaN and 1", |x| {
            vec![x[0].clamp(f64::NAN, 1.0)]
        })
}
