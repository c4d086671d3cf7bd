//! Parts that several formulas have in common.

use crate::formula::real::Real;

/// x, or the bound of that size that it lies beyond; NaN stays.
#[inline(always)]
pub(crate) fn within<R: Real>(x: R, bound: f64) -> R {
    between(x, -bound, bound)
}

/// x, or the bound that it lies beyond; NaN stays.
#[inline(always)]
pub(crate) fn between<R: Real>(x: R, low: f64, high: f64) -> R {
    let (low, high) = (R::lit(low), R::lit(high));
    let x = R::select_less(x, low, low, x);
    R::select_less(high, x, high, x)
}

/// ln(1 + eˣ).
#[inline(always)]
pub(crate) fn softplus<R: Real>(x: R) -> R {
    x.max(R::lit(0.0)) + (-x.abs()).exp().ln_1p()
}

/// 1 between the bounds, 0 on them and beyond; NaN for NaN.
#[inline(always)]
pub(crate) fn inside<R: Real>(x: R, low: f64, high: f64) -> R {
    let not = R::select_equal(x, x, R::lit(0.0), x);
    let below = R::select_less(x, R::lit(high), R::lit(1.0), not);
    R::select_less(R::lit(low), x, below, not)
}

/// 1 farther from 0 than the bound, 0 at it and nearer; NaN for NaN.
#[inline(always)]
pub(crate) fn outside<R: Real>(x: R, bound: f64) -> R {
    let not = R::select_equal(x, x, R::lit(0.0), x);
    R::select_less(R::lit(bound), x.abs(), R::lit(1.0), not)
}
