//! `clamp`: each element, or the bound that it lies beyond.
//!
//! - shape: x\[s\], low\[t\], high\[u\] → y\[all broadcast\]; bounds that are numbers are attributes
//! - value: y = min(max(x, low), high); NaN stays
//! - rule: x̄ = ȳ where low < x < high, 0 elsewhere; a bound gets ȳ where it was taken
//! - edges: on and beyond the bounds the slope in x is 0, and that in the bound is 1: the upper one's
//!   where it is not above the lower; the gradient of NaN is NaN
//! - source: the subgradient policy of this library

use wengert_tensor::Float;

use crate::check::Samples;
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::light::light;
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// Each element, or the bound that it lies beyond; NaN stays. No gradient flows into elements
    /// on or beyond a bound. The bounds are numbers, tensors or variables, into which the gradient of
    /// what they replaced flows; where the lower is above the upper, the upper counts. One side alone is
    /// `x.clamp(0.0, f64::INFINITY)`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([-3.0, 0.5, 1.0]));
    /// let y = x.clamp(0.0, 1.0);
    /// assert_eq!(y.value().to_vec(), [0.0, 0.5, 1.0]);
    /// assert_eq!(y.sum().backward().wrt(x).unwrap().to_vec(), [0.0, 1.0, 0.0]);
    /// let low = tape.leaf(&Tensor::from([-5.0, 2.0, 0.0]));
    /// let y = x.clamp(low, f64::INFINITY);
    /// assert_eq!(y.value().to_vec(), [-3.0, 2.0, 1.0]);
    /// assert_eq!(y.sum().backward().wrt(low).unwrap().to_vec(), [0.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast, or numbers as bounds have nothing between them.
    #[doc(alias = "clip")]
    #[doc(alias = "clamp_min")]
    #[doc(alias = "clamp_max")]
    #[track_caller]
    pub fn clamp(self, low: impl Operand<'t, T>, high: impl Operand<'t, T>) -> Self {
        let tape = self.tape();
        let [y] = match (low.literal(), high.literal()) {
            (Some(low), Some(high)) => {
                assert!(low <= high, "clamp: there is nothing between {low} and {high}");
                tape.formula(Clamp { low, high }, [self])
            }
            _ => tape.formula(ClampBetween {}, [self, low.on(tape), high.on(tape)]),
        };
        y
    }
}

light! {
    /// The formula of `clamp` with bounds that are variables.
    formula<3> ClampBetween {}, "clamp", in_lanes,
    |_, [x, low, high]| x.max(low).min(high),
    partials |[x, low, high], y| {
        let (zero, one) = (R::lit(0.0), R::lit(1.0));
        // NaN of any of them is in y.
        let nan = R::select_equal(y, y, zero, y);
        let at_low = R::select_less(low, high, R::select_less(low, x, zero, one), zero);
        let at_high = R::select_less(x.max(low), high, zero, one);
        [one - at_low - at_high + nan, at_low + nan, at_high + nan]
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
        .reference(|x| {
            let [low, high] = [1, 2].map(|k| x.get(k).map_or([-1.0, 0.5][k - 1], |x| x.item()));
            vec![x[0].map(|x| if x < low { low } else if x > high { high } else { x })]
        })
        .case("bounds that vary", &[&[3, 4], &[], &[]], |x| {
            vec![x[0].clamp(x[1] * 0.1 - 1.0, x[2] * 0.1 + 0.5)]
        })
        .gives(|x| {
            let [low, high] = [x[1].item() * 0.1 - 1.0, x[2].item() * 0.1 + 0.5];
            vec![x[0].map(|x| if x < low { low } else if x > high { high } else { x })]
        })
        .values(&[(-1.0, -1.0), (0.5, 0.5), (0.25, 0.25), (7.0, 0.5), (-7.0, -1.0)])
        .bad(&[&[2]], "clamp: there is nothing between 2 and 1", |x| vec![x[0].clamp(2.0, 1.0)])
        .bad(&[&[2]], "clamp: there is nothing between NaN and 1", |x| {
            vec![x[0].clamp(f64::NAN, 1.0)]
        })
}
