//! Functions of `f64` that the standard library has not, or not with all their digits.
//!
//! They are called one number at a time: whoever needs `f32` rounds the result once. `erf`, `erfc` and
//! `ln_gamma` are those of the crate `libm`. The others are made here, of convergent series, asymptotic
//! ones where these are exact to rounding, and recurrences between them; the sources stand at each.
//! Errors are the greatest met beside numbers of hundreds of digits (`tests/golden/special.txt`), in units in the
//! last place (ulp) of the result.

use std::f64::consts::{LN_2, LOG2_E, PI};

/// The inverse hyperbolic sine. Off by at most 2 ulp, and finite wherever x is.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.6.20.
pub fn asinh(x: f64) -> f64 {
    let size = x.abs();
    let y = if size > 1e10 {
        size.ln() + LN_2
    } else {
        // x + x² / (1 + √(1 + x²)) is what is left of x + √(1 + x²) without its 1.
        (size + size * size / (1.0 + size.hypot(1.0))).ln_1p()
    };
    y.copysign(x)
}

/// The inverse hyperbolic cosine, NaN below 1. Off by at most 3 ulp.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.6.21.
pub fn acosh(x: f64) -> f64 {
    if x > 1e10 {
        return x.ln() + LN_2;
    }
    let above = x - 1.0;
    (above + (above * (above + 2.0)).sqrt()).ln_1p()
}

/// The inverse hyperbolic tangent: ±∞ at ±1, NaN beyond. Off by at most 2 ulp.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.6.22.
pub fn atanh(x: f64) -> f64 {
    let size = x.abs();
    (0.5 * (2.0 * size / (1.0 - size)).ln_1p()).copysign(x)
}

/// The error function. Off by at most 1 ulp.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.1.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// 1 − erf x, with all its digits where it is small. Off by at most 3 ulp.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.2.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// e^(−x²), whose exponent is not rounded. Off by at most 2 ulp.
pub fn gauss(x: f64) -> f64 {
    let square = x * x;
    if square > 800.0 || square.is_nan() {
        return (-square).exp();
    }
    let rest = x.mul_add(x, -square);
    (-square).exp() * (1.0 - rest)
}

/// The number whose error function is x: ±∞ at ±1, NaN beyond. Off by at most 4 ulp.
///
/// Source: Giles 2010, Approximating the erfinv function, with two steps of Halley's method.
#[allow(clippy::excessive_precision)]
pub fn erfinv(x: f64) -> f64 {
    let size = x.abs();
    if size >= 1.0 || x.is_nan() || x == 0.0 {
        return match size {
            1.0 => f64::INFINITY.copysign(x),
            0.0 => x,
            _ => f64::NAN,
        };
    }
    let horner = |w: f64, coefficients: [f64; 9]| coefficients.iter().fold(0.0, |p, c| p * w + c);
    let w = -((1.0 - size) * (1.0 + size)).ln();
    let start = if w < 5.0 {
        horner(
            w - 2.5,
            [
                2.81022636e-08,
                3.43273939e-07,
                -3.5233877e-06,
                -4.39150654e-06,
                0.00021858087,
                -0.00125372503,
                -0.00417768164,
                0.246640727,
                1.50140941,
            ],
        )
    } else {
        horner(
            w.sqrt() - 3.0,
            [
                -0.000200214257,
                0.000100950558,
                0.00134934322,
                -0.00367342844,
                0.00573950773,
                -0.0076224613,
                0.00943887047,
                1.00167406,
                2.83297682,
            ],
        )
    };
    let mut y = start * size;
    for _ in 0..2 {
        // From the side on which nothing is lost.
        let error = if size < 0.5 {
            erf(y) - size
        } else {
            (1.0 - size) - erfc(y)
        };
        let step = error / (std::f64::consts::FRAC_2_SQRT_PI * gauss(y));
        y -= step / (1.0 + y * step);
    }
    y.copysign(x)
}

/// ln |Γ(x)|: +∞ at 0 and at the negative whole numbers. Off by at most 2 ulp for x > 0, and by 4 ulp of
/// the greater of 1 and the result to the left, where it has zeros.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.1.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// sin πx, exact in the argument.
pub fn sin_pi(x: f64) -> f64 {
    let [rest, quarter] = quarters(x);
    match quarter as u8 {
        0 => (PI * rest).sin(),
        1 => (PI * rest).cos(),
        2 => -(PI * rest).sin(),
        _ => -(PI * rest).cos(),
    }
}

/// cos πx, exact in the argument.
pub fn cos_pi(x: f64) -> f64 {
    let [rest, quarter] = quarters(x);
    match quarter as u8 {
        0 => (PI * rest).cos(),
        1 => -(PI * rest).sin(),
        2 => -(PI * rest).cos(),
        _ => (PI * rest).sin(),
    }
}

/// x less the nearest multiple of ½, and that multiple counted in halves, modulo 4.
fn quarters(x: f64) -> [f64; 2] {
    let turn = x % 2.0;
    let halves = (2.0 * turn).round_ties_even();
    [turn - 0.5 * halves, halves.rem_euclid(4.0)]
}

/// The logarithmic slope of Γ, ψ(x) = Γ′(x) / Γ(x): ∓∞ at ±0, and NaN at the negative whole numbers. Off by
/// at most 5 ulp of the greater of 1 and the result.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.3.5, 6.3.7 and 6.3.18.
pub fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        if x == 0.0 {
            return -1.0 / x;
        }
        if x == x.floor() {
            return f64::NAN;
        }
        return digamma(1.0 - x) - PI * cos_pi(x) / sin_pi(x);
    }
    let (mut at, mut below) = (x, 0.0);
    while at < 10.0 {
        below += 1.0 / at;
        at += 1.0;
    }
    let z = 1.0 / (at * at);
    // B₂ₖ / 2k.
    let series = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32760.0,
        1.0 / 12.0,
    ];
    let tail = series.iter().rev().fold(0.0, |sum, c| z * (sum + c));
    at.ln() - 0.5 / at - tail - below
}

/// The `order`-th slope of [`digamma`]; order 0 is itself. At 0 and the negative whole numbers it is +∞ for
/// odd orders, and NaN for even ones, but for ∓∞ at ±0. Off by at most 20 ulp.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.4.1, 6.4.6 and 6.4.11.
pub fn polygamma(order: f64, x: f64) -> f64 {
    if order == 0.0 {
        return digamma(x);
    }
    let odd = order % 2.0 == 1.0;
    let sum = if x > 0.0 || x.is_nan() {
        powers_from(order, x)
    } else if x == 0.0 {
        if odd { f64::INFINITY } else { 1.0 / x }
    } else if x == x.floor() {
        if odd { f64::INFINITY } else { f64::NAN }
    } else if x > -20.0 {
        // Step by step to the right of 0.
        let steps = -x.floor();
        let shifted = (0..steps as usize).map(|k| power(order, x + k as f64));
        shifted.sum::<f64>() + powers_from(order, x + steps)
    } else {
        // What lies left of 0 is the mirrored sum without its far end.
        let rest = x - x.floor();
        let mirrored = powers_from(order, 1.0 - rest) - powers_from(order, 1.0 - x);
        powers_from(order, rest) + if odd { mirrored } else { -mirrored }
    };
    if odd { sum } else { -sum }
}

/// n! / xⁿ⁺¹, from factors none of which is too large alone.
fn power(order: f64, x: f64) -> f64 {
    let mut product = 1.0 / x;
    let mut k = 1.0;
    while k <= order {
        product *= k / x;
        k += 1.0;
    }
    product
}

/// n! Σ (x + k)⁻ⁿ⁻¹ over k ≥ 0, for x > 0 and n ≥ 1: terms, and the rest by the formula of Euler and
/// Maclaurin.
fn powers_from(order: f64, x: f64) -> f64 {
    if x == f64::INFINITY {
        return 0.0;
    }
    let (mut at, mut sum) = (x, 0.0);
    while at < 10.0 + order {
        let term = power(order, at);
        if term == f64::INFINITY {
            return term;
        }
        sum += term;
        at += 1.0;
    }
    // (n − 1)! / xⁿ, which is a number where n! / xⁿ⁺¹ is none any more.
    let term = power(order - 1.0, at);
    // B₂ₖ / (2k)!.
    let series = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30240.0,
        -1.0 / 1209600.0,
        1.0 / 47900160.0,
        -691.0 / 1307674368000.0,
        1.0 / 74724249600.0,
        -3617.0 / 10670622842880000.0,
    ];
    let mut rest = 1.0 + 0.5 * (order / at);
    let mut factor = order / at * ((order + 1.0) / at);
    for (k, c) in series.iter().enumerate() {
        rest += c * factor;
        let next = order + 2.0 * k as f64 + 2.0;
        factor *= next / at * ((next + 1.0) / at);
    }
    sum + term * rest
}

/// The modified Bessel function I₀. Off by at most 8 ulp.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6.10 and 9.7.1.
pub fn i0(x: f64) -> f64 {
    scaled_up(x, bessel(0, x.abs()))
}

/// e^(−|x|) I₀(x), which does not overflow. Off by at most 8 ulp.
///
/// Source: as of [`i0`].
pub fn i0e(x: f64) -> f64 {
    scaled_down(x, bessel(0, x.abs()))
}

/// The modified Bessel function I₁. Off by at most 8 ulp.
///
/// Source: as of [`i0`].
pub fn i1(x: f64) -> f64 {
    scaled_up(x, bessel(1, x.abs())).copysign(x)
}

/// e^(−|x|) I₁(x), which does not overflow. Off by at most 8 ulp.
///
/// Source: as of [`i0`].
pub fn i1e(x: f64) -> f64 {
    scaled_down(x, bessel(1, x.abs())).copysign(x)
}

/// Where the asymptotic series takes over: its least term is e^(−2x).
const FAR: f64 = 21.0;

/// I₀ or I₁ of x ≥ 0, times e⁻ˣ from [`FAR`] on.
fn bessel(order: u8, x: f64) -> f64 {
    let order = f64::from(order);
    if x < FAR {
        let quarter = 0.25 * x * x;
        let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
        while term > 1e-18 * sum {
            term *= quarter / (k * (k + order));
            sum += term;
            k += 1.0;
        }
        return if order == 0.0 { sum } else { 0.5 * x * sum };
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    let (mut term, mut sum, mut k) = (1.0_f64, 1.0_f64, 1.0);
    while term.abs() > 1e-18 && k < 2.0 * FAR {
        let odd = 2.0 * k - 1.0;
        term *= (odd * odd - 4.0 * order) / (8.0 * k * x);
        sum += term;
        k += 1.0;
    }
    sum / (2.0 * PI * x).sqrt()
}

fn scaled_up(x: f64, value: f64) -> f64 {
    let size = x.abs();
    if size == f64::INFINITY {
        return size;
    }
    if size < FAR {
        return value;
    }
    // In two steps: the whole exponential overflows before the result does.
    let half = (0.5 * size).exp();
    value * half * half
}

fn scaled_down(x: f64, value: f64) -> f64 {
    if x.abs() < FAR {
        value * (-x.abs()).exp()
    } else {
        value
    }
}

/// sin πx / πx, 1 at 0, and its slope of that order: the kernel of an ideal filter. Off by at most 4 ulp
/// of the greatest value of its order.
///
/// Source: by parts from f⁽ⁿ⁾(t) = ∫ sⁿ cos(ts + nπ/2) ds over \[0, 1\], where f(t) = sin t / t.
pub fn sinc(order: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    let t = PI * x;
    let scale = PI.powf(order);
    if order == 0.0 && x != 0.0 {
        return sin_pi(x) / t;
    }
    if t.abs() < order + 1.0 {
        // The powers of t whose cosine is not 0.
        let mut m = order % 2.0;
        let mut power = if m == 0.0 { 1.0 } else { t };
        let mut sum = 0.0;
        loop {
            let sign = if (order + m) % 4.0 == 0.0 { 1.0 } else { -1.0 };
            sum += sign * power / (order + m + 1.0);
            if power.abs() < 1e-19 {
                return scale * sum;
            }
            power *= t / (m + 1.0) * (t / (m + 2.0));
            m += 2.0;
        }
    }
    let mut value = sin_pi(x) / t;
    let mut k = 1.0;
    while k <= order {
        let wave = match (k % 4.0) as u8 {
            0 => sin_pi(x),
            1 => cos_pi(x),
            2 => -sin_pi(x),
            _ => -cos_pi(x),
        };
        value = (wave - k * value) / t;
        k += 1.0;
    }
    scale * value
}

/// ln(x / (1 − x)): ∓∞ at 0 and 1, NaN outside. Off by at most 2 ulp.
///
/// Source: Goodfellow, Bengio and Courville, Deep Learning, 3.10.
pub fn logit(x: f64) -> f64 {
    if x > 0.25 && x < 0.75 {
        // Near ½ the quotient is near 1; 2x − 1 is exact.
        return 2.0 * atanh(2.0 * x - 1.0);
    }
    (x / (1.0 - x)).ln()
}

/// ln(eˣ + eʸ) without overflow; two logarithms of 0 make one. Off by at most 3 ulp.
pub fn logaddexp(x: f64, y: f64) -> f64 {
    if x == y {
        return x + LN_2;
    }
    // NaN comes through the difference.
    x.max(y) + (-(x - y).abs()).exp().ln_1p()
}

/// log₂(2ˣ + 2ʸ) without overflow; two logarithms of 0 make one. Off by at most 3 ulp.
pub fn logaddexp2(x: f64, y: f64) -> f64 {
    if x == y {
        return x + 1.0;
    }
    x.max(y) + (-(x - y).abs()).exp2().ln_1p() * LOG2_E
}

/// What is left of x by whole multiples of y, with the sign of y: x − y ⌊x / y⌋, without its rounding. NaN
/// where y is 0 or x is infinite.
pub fn remainder(x: f64, y: f64) -> f64 {
    let rest = x % y;
    if rest != 0.0 && (rest < 0.0) != (y < 0.0) {
        return rest + y;
    }
    rest.copysign(if rest == 0.0 { y } else { rest })
}

/// x ln y, and 0 where x = 0, whatever y.
pub fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

/// x ln(1 + y), and 0 where x = 0, whatever y.
pub fn xlog1py(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln_1p() }
}

/// The point between x and y at `weight`, exact at both ends.
pub fn lerp(x: f64, y: f64, weight: f64) -> f64 {
    if weight < 0.5 {
        x + weight * (y - x)
    } else {
        y - (1.0 - weight) * (y - x)
    }
}

/// 1 / (1 + x²), where x² may overflow. Off by at most 2 ulp.
pub fn bell(x: f64) -> f64 {
    if x.abs() > 1e9 {
        let inverse = 1.0 / x;
        return inverse * inverse;
    }
    1.0 / (1.0 + x * x)
}

/// x / (1 + |x|), ±1 at ±∞.
pub fn softsign(x: f64) -> f64 {
    if x.is_infinite() {
        return 1.0_f64.copysign(x);
    }
    x / (1.0 + x.abs())
}

/// x − tanh x, with all its digits near 0. Off by at most 4 ulp.
pub fn tanhshrink(x: f64) -> f64 {
    if x.abs() > 1.0 || x.is_nan() {
        return x - x.tanh();
    }
    // (x cosh x − sinh x) / cosh x, whose series has terms of one sign.
    let square = x * x;
    let (mut power, mut sum, mut k) = (x * square / 6.0, 0.0, 1.0);
    while power.abs() > 1e-19 * f64::abs(sum) {
        sum += 2.0 * k * power;
        k += 1.0;
        power *= square / (2.0 * k * (2.0 * k + 1.0));
    }
    sum / x.cosh()
}

/// e^(−x²/2) / √(2π), the density of the normal distribution, whose exponent is not rounded. Off by at most
/// 3 ulp.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.1.
pub fn normal_density(x: f64) -> f64 {
    const ROOT: f64 = 0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
    let square = x * x;
    if square > 1600.0 || square.is_nan() {
        return ROOT * (-0.5 * square).exp();
    }
    let rest = x.mul_add(x, -square);
    ROOT * (-0.5 * square).exp() * (1.0 - 0.5 * rest)
}

/// x, and in place of NaN, −∞ and +∞ the numbers `nan`, `low` and `high`.
pub fn nan_to_num(x: f64, nan: f64, low: f64, high: f64) -> f64 {
    if x.is_nan() {
        nan
    } else if x.is_finite() {
        x
    } else if x < 0.0 {
        low
    } else {
        high
    }
}
