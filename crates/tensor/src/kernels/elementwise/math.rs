//! Elementary functions without branches, tables or calls: a loop over them compiles to vector code.
//!
//! Each function covers its whole domain: subnormal numbers, zeros of both signs, infinities and
//! NaN. Results that are too small for a normal number lose their digits gradually. The instruction
//! set is a type parameter, so that the last bit of a result may differ from one to another.
//!
//! The greatest errors met, in units in the last place of the true result, over every 11th number of
//! `f32` and half a million generated numbers of `f64`:
//!
//! | function | `f32`, fused | `f32`, plain | `f64`, fused | `f64`, plain |
//! |---|---:|---:|---:|---:|
//! | exp | 1.00 | 1.02 | 1.01 | 0.95 |
//! | ln | 0.83 | 0.81 | 0.80 | 0.80 |
//! | tanh | 2.56 | 2.64 | 2.54 | 2.50 |
//! | sigmoid | 2.00 | 2.00 | 1.99 | 1.99 |
//! | exp_m1 | 1.41 | 1.62 | 1.95 | 2.05 |
//! | ln_1p | 1.32 | 1.32 | 1.29 | 1.29 |
//!
//! The reductions are those of fdlibm (Sun Microsystems, 1993), and so are the coefficients of the
//! logarithms. Those of the exponential are near the minimax ones on |r| ≤ ½ ln 2, with relative
//! errors below 2⁻²⁸ for `f32` and 2⁻⁶¹ for `f64`.

/// One set of functions for one type. `shift` is the least number whose last digit is worth 1.
macro_rules! functions {
    (
        $float:ident, $bits:ident, $mantissa:literal, $bias:literal, shift $shift:literal,
        ln2 $ln2_high:literal + $ln2_low:literal,
        exp $exp_low:literal to $exp_high:literal [$($exp:expr),* $(,)?],
        tanh to $tanh_high:literal,
        ln [$($ln:expr),* $(,)?]
    ) => {
        // The digits are those of the sources; fewer would give the same numbers.
        #[allow(clippy::excessive_precision)]
        pub(crate) mod $float {
            use crate::kernels::Isa;

            const ONE: $bits = (1.0 as $float).to_bits();

            #[inline(always)]
            pub(crate) fn madd<I: Isa>(a: $float, b: $float, c: $float) -> $float {
                if I::FMA { a.mul_add(b, c) } else { a * b + c }
            }

            /// A short polynomial of fused operations by Horner's rule: what counts are operations and
            /// copies, since other lanes fill the waits. Others as even part plus x times odd part,
            /// whose chain of operations that wait for each other is half as long.
            #[inline(always)]
            fn polynomial<I: Isa, const N: usize>(x: $float, coefficients: [$float; N]) -> $float {
                if I::FMA && N < 8 {
                    let mut value = coefficients[N - 1];
                    for at in (0..N - 1).rev() {
                        value = madd::<I>(value, x, coefficients[at]);
                    }
                    return value;
                }
                let square = x * x;
                let mut parts = [coefficients[N - 2], coefficients[N - 1]];
                for at in (0..N - 2).rev() {
                    let part = &mut parts[(N - at) % 2];
                    *part = madd::<I>(*part, square, coefficients[at]);
                }
                let [even, odd] = if N % 2 == 0 { parts } else { [parts[1], parts[0]] };
                madd::<I>(odd, x, even)
            }

            // Adding a number whose last digit is worth 1 rounds to an integer and leaves it in the low
            // bits. A conversion would check the range, or exists only for scalars.
            const SHIFT: $float = 1.5 * $shift;

            #[inline(always)]
            pub(crate) fn exp<I: Isa>(x: $float) -> $float {
                // Selects written this way round hand NaN on.
                let x = if x < $exp_low { $exp_low } else { x };
                let x = if x > $exp_high { $exp_high } else { x };
                const SHIFTED: $float = SHIFT + 2.0 * $bias as $float;
                let shifted = madd::<I>(x, std::$float::consts::LOG2_E, SHIFTED);
                let count = shifted - SHIFTED;
                let r = madd::<I>(-count, $ln2_low, madd::<I>(-count, $ln2_high, x));
                let y = madd::<I>(r * r, polynomial::<I, _>(r, EXP), r);
                // Two powers of 2 reach the subnormal numbers and infinity with one rounding.
                let n = shifted.to_bits();
                let half = n >> 1;
                let first = $float::from_bits(half << $mantissa);
                let second = $float::from_bits(n.wrapping_sub(half) << $mantissa);
                (1.0 + y) * first * second
            }

            const EXP: [$float; [$($exp),*].len()] = [$($exp),*];

            /// `(p, y)` for e^(−kx) = 2⁻ⁿ e^(−kr), where k is 2 if `twice` and 1 if not: p is 2⁻ⁿ times
            /// that power of 2 whose exponent is `scale`, and y is (1 − e^(−kr)) / k, |kr| ≤ ½ ln 2.
            /// `twice` wants an n of at most a few dozen.
            #[inline(always)]
            fn exp_minus<I: Isa>(x: $float, twice: bool, scale: $float) -> ($float, $float) {
                let shift = SHIFT + $bias as $float + scale;
                let k = if twice { 2.0 } else { 1.0 };
                let shifted = madd::<I>(x, -k * std::$float::consts::LOG2_E, shift);
                let n = shift - shifted;
                // With a fused operation, one step is enough where n is small.
                let r = if I::FMA && twice {
                    madd::<I>(-n, std::$float::consts::LN_2 / k, x)
                } else {
                    madd::<I>(-n, $ln2_low / k, madd::<I>(-n, $ln2_high / k, x))
                };
                let rest = polynomial::<I, _>(r, if twice { EXP_TWICE } else { EXP_MINUS });
                let power = $float::from_bits(shifted.to_bits() << $mantissa);
                // In this form a zero keeps its sign.
                (power, madd::<I>(-(r * r), rest, r))
            }

            /// The coefficients of (r − y) / r², k = 1.
            const EXP_MINUS: [$float; EXP.len()] = alternating(1.0);
            /// The same for k = 2.
            const EXP_TWICE: [$float; EXP.len()] = alternating(2.0);

            const fn alternating(k: $float) -> [$float; EXP.len()] {
                let mut coefficients = EXP;
                let mut factor = k;
                let mut at = 0;
                while at < coefficients.len() {
                    coefficients[at] *= factor;
                    factor *= -k;
                    at += 1;
                }
                coefficients
            }

            #[inline(always)]
            pub(crate) fn tanh<I: Isa>(x: $float) -> $float {
                // H / (1 − H) with H = (1 − E) / 2, E = e^(−2x): what is done with the power of 2 is exact,
                // or so great that it does not matter, so H is rounded once.
                let x = if x > $tanh_high { $tanh_high } else { x };
                let x = if x < -$tanh_high { -$tanh_high } else { x };
                let (power, y) = exp_minus::<I>(x, true, 0.0);
                let half = madd::<I>(power, y, -madd::<I>(power, 0.5, -0.5));
                half / (1.0 - half)
            }

            #[inline(always)]
            pub(crate) fn sigmoid<I: Isa>(x: $float) -> $float {
                // 1 / (1 + E) with E = e⁻ˣ, both sides times a power of 2 that keeps the greatest E
                // finite: only a subnormal result is rounded once more.
                const EXPONENT: $float = -($mantissa as $float + 1.0);
                const SCALE: $float = 0.5 / $shift;
                // Above this, 1 + E is 1.
                let x = if x > 2.0 * $tanh_high { 2.0 * $tanh_high } else { x };
                let x = if x < $exp_low { $exp_low } else { x };
                let (power, y) = exp_minus::<I>(x, false, EXPONENT);
                // In this order the inner sum is the smaller one, and so is its rounding.
                SCALE / (power + madd::<I>(-power, y, SCALE))
            }

            #[inline(always)]
            pub(crate) fn ln<I: Isa>(x: $float) -> $float {
                let subnormal = x < $float::MIN_POSITIVE;
                let scaled = if subnormal { x * (2.0 * $shift) } else { x };
                let added = if subnormal { $mantissa as $float + 1.0 } else { 0.0 };
                let (_, k, f) = split(scaled);
                let y = ln_of::<I>(k - added, f);
                let y = if x < $float::INFINITY { y } else { x };
                let edge = if x == 0.0 { $float::NEG_INFINITY } else { $float::NAN };
                if x > 0.0 { y } else { edge }
            }

            /// x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2, for a positive normal number: the exponent field
            /// that k has, k and f.
            #[inline(always)]
            fn split(x: $float) -> ($bits, $float, $float) {
                const ROOT: $bits = std::$float::consts::FRAC_1_SQRT_2.to_bits();
                const FRACTION: $bits = (1 << $mantissa) - 1;
                let bits = x.to_bits().wrapping_add(ONE - ROOT);
                let field = bits >> $mantissa;
                let biased = $float::from_bits(field | ($shift as $float).to_bits());
                let f = $float::from_bits((bits & FRACTION) + ROOT) - 1.0;
                (field, biased - ($shift + $bias as $float), f)
            }

            /// ln (2ᵏ (1 + f)).
            #[inline(always)]
            fn ln_of<I: Isa>(k: $float, f: $float) -> $float {
                let s = f / (2.0 + f);
                let square = s * s;
                let rest = square * polynomial::<I, _>(square, [$($ln),*]);
                let half = 0.5 * f * f;
                let low = madd::<I>(s, half + rest, k * $ln2_low);
                madd::<I>(k, $ln2_high, low - half + f)
            }

            #[inline(always)]
            pub(crate) fn ln_1p<I: Isa>(x: $float) -> $float {
                // The rounding of 1 + x only chooses k: f is computed again from x, without one, since
                // x lies within a factor of 2 of 2ᵏ − 1. Far out the 1 does not count.
                let sum = 1.0 + x;
                let (field, k, far) = split(sum);
                let power = $float::from_bits(((2 * $bias) as $bits).wrapping_sub(field) << $mantissa);
                let near = madd::<I>(x, power, power - 1.0);
                let y = ln_of::<I>(k, if x < 4.0 * $shift { near } else { far });
                let y = if x.abs() < 0.25 * $float::EPSILON { x } else { y };
                let y = if x < $float::INFINITY { y } else { x };
                let edge = if x == -1.0 { $float::NEG_INFINITY } else { $float::NAN };
                if x > -1.0 { y } else { edge }
            }

            #[inline(always)]
            pub(crate) fn exp_m1<I: Isa>(x: $float) -> $float {
                // 2ⁿ (1 + y) − 1 as 2ⁿ y + (2ⁿ − 1), halved so that 2ⁿ stays finite.
                const LOW: $float = -2.0 * $tanh_high;
                let clamped = if x < LOW { LOW } else { x };
                let clamped = if clamped > $exp_high { $exp_high } else { clamped };
                const SHIFTED: $float = SHIFT + $bias as $float - 1.0;
                let shifted = madd::<I>(clamped, std::$float::consts::LOG2_E, SHIFTED);
                let count = shifted - SHIFTED;
                let r = madd::<I>(-count, $ln2_low, madd::<I>(-count, $ln2_high, clamped));
                let y = madd::<I>(r * r, polynomial::<I, _>(r, EXP), r);
                let half = $float::from_bits(shifted.to_bits() << $mantissa);
                let result = madd::<I>(half, y, half - 0.5);
                let tiny = x.abs() < 0.25 * $float::EPSILON;
                if tiny { x } else { result + result }
            }
        }
    };
}

functions! {
    f32, u32, 23, 127, shift 8388608.0,
    ln2 6.931_381_225_6e-1 + 9.058_000_614_5e-6,
    exp -104.0 to 89.0 [
        0.499_999_94, 0.166_665_17, 0.041_668_102, 0.008_369_194, 0.001_383_886_3,
    ],
    tanh to 10.0,
    ln [0.666_666_626_93, 0.400_009_721_52, 0.284_987_866_88, 0.242_790_788_41]
}

functions! {
    f64, u64, 52, 1023, shift 4503599627370496.0,
    ln2 6.931_471_803_691_238_164_90e-1 + 1.908_214_929_270_587_700_02e-10,
    exp -746.0 to 710.0 [
        0.5, 0.166_666_666_666_666_7, 0.041_666_666_666_666_67, 8.333_333_333_326_084e-3,
        1.388_888_888_888_371_1e-3, 1.984_126_987_500_228e-4, 2.480_158_732_567_746e-5,
        2.755_725_517_000_089e-6, 2.755_727_347_871_858e-7, 2.510_531_272_962_210_3e-8,
        2.091_475_532_589_32e-9,
    ],
    tanh to 20.0,
    ln [
        6.666_666_666_666_735_130e-1, 3.999_999_999_940_941_908e-1, 2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1, 1.818_357_216_161_805_012e-1, 1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ]
}
