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
//! | exp | 1.05 | 1.02 | 1.02 | 0.95 |
//! | ln | 0.83 | 0.82 | 0.81 | 0.81 |
//! | tanh | 1.95 | 2.02 | 2.04 | 2.01 |
//! | sigmoid | 2.00 | 2.00 | 1.99 | 1.99 |
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

            /// A polynomial as even part plus x times odd part: half as long a chain of operations
            /// that wait for each other.
            #[inline(always)]
            fn polynomial<I: Isa, const N: usize>(x: $float, coefficients: [$float; N]) -> $float {
                let square = x * x;
                let mut parts = [coefficients[N - 2], coefficients[N - 1]];
                for at in (0..N - 2).rev() {
                    let part = &mut parts[(N - at) % 2];
                    *part = madd::<I>(*part, square, coefficients[at]);
                }
                let [even, odd] = if N % 2 == 0 { parts } else { [parts[1], parts[0]] };
                madd::<I>(odd, x, even)
            }

            /// `(eʳ − 1, bits)` for x = n ln 2 + r with |r| ≤ ½ ln 2: the low bits hold
            /// n + 2 · bias.
            #[inline(always)]
            fn reduced_exp_m1<I: Isa>(x: $float) -> ($float, $bits) {
                let shifted = madd::<I>(x, std::$float::consts::LOG2_E, SHIFT);
                let n = shifted - SHIFT;
                let r = madd::<I>(n, -$ln2_low, madd::<I>(n, -$ln2_high, x));
                (exp_m1::<I>(r), shifted.to_bits())
            }

            // Adding a number whose last digit is worth 1 rounds to an integer and leaves it in the low
            // bits. A conversion would check the range, or exists only for scalars.
            const SHIFT: $float = 1.5 * $shift + 2.0 * $bias as $float;

            /// eʳ − 1 for |r| ≤ ½ ln 2.
            #[inline(always)]
            fn exp_m1<I: Isa>(r: $float) -> $float {
                let rest = polynomial::<I, _>(r, [$($exp),*]);
                madd::<I>(r * r, rest, r)
            }

            #[inline(always)]
            pub(crate) fn exp<I: Isa>(x: $float) -> $float {
                // Selects written this way round hand NaN on.
                let x = if x < $exp_low { $exp_low } else { x };
                let x = if x > $exp_high { $exp_high } else { x };
                let (y, n) = reduced_exp_m1::<I>(x);
                // Two powers of 2 reach the subnormal numbers and infinity with one rounding.
                let half = n >> 1;
                let first = $float::from_bits(half << $mantissa);
                let second = $float::from_bits(n.wrapping_sub(half) << $mantissa);
                (1.0 + y) * first * second
            }

            #[inline(always)]
            pub(crate) fn tanh<I: Isa>(x: $float) -> $float {
                // (1 − e) / (1 + e) with e = e^(−2|x|) = 2ⁿ + 2ⁿ (eʳ − 1): the sums of powers of 2 are
                // exact, so numerator and denominator are rounded once.
                let size = x.abs();
                let size = if size > $tanh_high { $tanh_high } else { size };
                // Where e is small enough for n ln 2 to lose digits, it hardly matters: with one fused
                // step less, less waits for what comes before.
                let shifted = madd::<I>(size, -2.0 * std::$float::consts::LOG2_E, SHIFT);
                let n = shifted - SHIFT;
                let double = -2.0 * size;
                let r = if I::FMA {
                    madd::<I>(n, -std::$float::consts::LN_2, double)
                } else {
                    madd::<I>(n, -$ln2_low, madd::<I>(n, -$ln2_high, double))
                };
                let y = exp_m1::<I>(r);
                let power = $float::from_bits(shifted.to_bits().wrapping_sub($bias) << $mantissa);
                let above = madd::<I>(-power, y, 1.0 - power);
                let below = madd::<I>(power, y, 1.0 + power);
                // The quotient has no sign of its own.
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                $float::from_bits((above / below).to_bits() | (x.to_bits() & SIGN))
            }

            #[inline(always)]
            pub(crate) fn sigmoid<I: Isa>(x: $float) -> $float {
                // 1 / (1 + E) with E = e⁻ˣ = 2^(h + k) (1 + y) is 2⁻ʰ / (2⁻ʰ + 2ᵏ + 2ᵏ y): nothing
                // overflows, and a small result is rounded once more only if it is subnormal.
                let x = if x > -$exp_low { -$exp_low } else { x };
                let x = if x < $exp_low { $exp_low } else { x };
                let (y, n) = reduced_exp_m1::<I>(-x);
                let half = n >> 1;
                let shrink = $float::from_bits((2 * $bias as $bits).wrapping_sub(half) << $mantissa);
                let power = $float::from_bits(n.wrapping_sub(half) << $mantissa);
                // In this order the inner sum is the smaller one, and so is its rounding.
                shrink / (power + madd::<I>(power, y, shrink))
            }

            #[inline(always)]
            pub(crate) fn ln<I: Isa>(x: $float) -> $float {
                // x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2.
                const ROOT: $bits = std::$float::consts::FRAC_1_SQRT_2.to_bits();
                const FRACTION: $bits = (1 << $mantissa) - 1;
                let subnormal = x < $float::MIN_POSITIVE;
                let scaled = if subnormal { x * (2.0 * $shift) } else { x };
                let added = if subnormal { $mantissa as $float + 1.0 } else { 0.0 };
                let bits = scaled.to_bits().wrapping_add(ONE - ROOT);
                let biased = $float::from_bits((bits >> $mantissa) | ($shift as $float).to_bits());
                let k = biased - ($shift + $bias as $float) - added;
                let f = $float::from_bits((bits & FRACTION) + ROOT) - 1.0;
                let s = f / (2.0 + f);
                let square = s * s;
                let rest = square * polynomial::<I, _>(square, [$($ln),*]);
                let half = 0.5 * f * f;
                let low = madd::<I>(s, half + rest, k * $ln2_low);
                let y = madd::<I>(k, $ln2_high, low - half + f);
                let y = if x < $float::INFINITY { y } else { x };
                let edge = if x == 0.0 { $float::NEG_INFINITY } else { $float::NAN };
                if x > 0.0 { y } else { edge }
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
