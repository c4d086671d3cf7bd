//! The elementary functions against better ones, on every instruction set of the machine.
//!
//! `f32` is measured against `f64` functions of the standard library, and `f64` against
//! double-double series written here, so that the errors stated in `kernels::math` are those of the
//! functions and not of the reference. `WENGERT_EXHAUSTIVE=1` makes the sweep of `f32` complete.

use std::ops::{Add, Mul, Sub};

use wengert_tensor::Float;
use wengert_tensor::kernels::{Isa, Kernel, Path, dispatch, force_path, paths};

const NAMES: [&str; 6] = ["exp", "ln", "tanh", "sigmoid", "exp_m1", "ln_1p"];

/// Applies one of the functions to blocks, as kernels do.
struct Apply<'a, T> {
    function: usize,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Float> Kernel for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        match self.function {
            0 => each(self.x, self.y, |x| x.exp::<I>()),
            1 => each(self.x, self.y, |x| x.ln::<I>()),
            2 => each(self.x, self.y, |x| x.tanh::<I>()),
            3 => each(self.x, self.y, |x| x.sigmoid::<I>()),
            4 => each(self.x, self.y, |x| x.exp_m1::<I>()),
            _ => each(self.x, self.y, |x| x.ln_1p::<I>()),
        }
    }
}

#[inline(always)]
fn each<T: Float>(x: &[T], y: &mut [T], f: impl Fn(T) -> T) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}

fn apply<T: Float>(function: usize, x: &[T]) -> Vec<T> {
    let mut y = vec![T::ZERO; x.len()];
    dispatch(Apply {
        function,
        x,
        y: &mut y,
    });
    y
}

/// The function that the `f32` results are measured with.
fn wide(function: usize, x: f64) -> f64 {
    match function {
        0 => x.exp(),
        1 => x.ln(),
        2 => x.tanh(),
        4 => x.exp_m1(),
        5 => x.ln_1p(),
        // Positive results come from e⁻ˣ so that nothing cancels.
        _ if x < 0.0 => x.exp() / (1.0 + x.exp()),
        _ => 1.0 / (1.0 + (-x).exp()),
    }
}

/// The distance between `f32` numbers at `y`; subnormal numbers lie as close as the least normal.
fn spacing_f32(y: f64) -> f64 {
    let exponent = (y.abs().to_bits() >> 52) as i32 - 1023;
    f64::powi(2.0, exponent.clamp(-126, 127) - 23)
}

fn spacing_f64(y: f64) -> f64 {
    let exponent = (y.abs().to_bits() >> 52) as i32 - 1023;
    let spacing = exponent.clamp(-1022, 1023) - 52;
    f64::from_bits(if spacing < -1022 {
        1 << (spacing + 1074)
    } else {
        ((spacing + 1023) as u64) << 52
    })
}

/// The error of `y` in units in the last place of `exact`, which overflows beyond `f32::MAX`.
fn error_f32(y: f32, exact: f64) -> f64 {
    if exact.is_nan() {
        return if y.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if y.is_infinite() || exact.is_infinite() {
        // The number that would follow the greatest one stands for infinity.
        let top = f64::powi(2.0, 128);
        let (y, exact) = (f64::from(y).clamp(-top, top), exact.clamp(-top, top));
        return (y - exact).abs() / f64::powi(2.0, 104);
    }
    (f64::from(y) - exact).abs() / spacing_f32(exact)
}

#[test]
fn every_function_on_every_path() {
    // The path is global to the process, so one test walks over all of them.
    for path in paths() {
        force_path(path);
        special_values::<f32>(path);
        special_values::<f64>(path);
        sweep_f32(path);
        sweep_f64(path);
        order(path);
    }
}

fn special_values<T: Float>(path: Path) {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let table = [
        (0, 0.0, 1.0),
        (0, -0.0, 1.0),
        (0, inf, inf),
        (0, -inf, 0.0),
        (0, nan, nan),
        (0, 1e30, inf),
        (0, -1e30, 0.0),
        (1, 1.0, 0.0),
        (1, 0.0, -inf),
        (1, -0.0, -inf),
        (1, -1.0, nan),
        (1, -1e-44, nan),
        (1, -inf, nan),
        (1, inf, inf),
        (1, nan, nan),
        (2, 0.0, 0.0),
        (2, -0.0, -0.0),
        (2, 1e-44, 1e-44),
        (2, inf, 1.0),
        (2, -inf, -1.0),
        (2, 50.0, 1.0),
        (2, -50.0, -1.0),
        (2, nan, nan),
        (3, 0.0, 0.5),
        (3, -0.0, 0.5),
        (3, inf, 1.0),
        (3, -inf, 0.0),
        (3, 1e30, 1.0),
        (3, -1e30, 0.0),
        (3, nan, nan),
        (4, 0.0, 0.0),
        (4, -0.0, -0.0),
        (4, 1e-44, 1e-44),
        (4, -1e-44, -1e-44),
        (4, inf, inf),
        (4, 1e30, inf),
        (4, -inf, -1.0),
        (4, -1e30, -1.0),
        (4, nan, nan),
        (5, 0.0, 0.0),
        (5, -0.0, -0.0),
        (5, 1e-44, 1e-44),
        (5, -1e-44, -1e-44),
        (5, -1.0, -inf),
        (5, -1.5, nan),
        (5, -inf, nan),
        (5, inf, inf),
        (5, nan, nan),
    ];
    for (function, x, expected) in table {
        let (x, expected) = (T::from_f64(x), T::from_f64(expected));
        // Sixteen at once take the vector loop, one takes the scalar one.
        for y in apply(function, &[x; 16])
            .into_iter()
            .chain(apply(function, &[x]))
        {
            let same = y.to_f64().to_bits() == expected.to_f64().to_bits();
            let name = NAMES[function];
            assert!(
                same || y.is_nan() && expected.is_nan(),
                "{path:?} {name}({x}) = {y}"
            );
        }
    }
}

fn sweep_f32(path: Path) {
    const BOUNDS: [f64; 6] = [1.1, 0.9, 2.7, 2.2, 2.0, 1.7];
    let all = std::env::var("WENGERT_EXHAUSTIVE").is_ok_and(|value| value == "1");
    let step = if all { 1 } else { 997 };
    let mut worst = [(0.0, 0.0); 6];
    let mut x = Vec::with_capacity(1 << 12);
    let mut bits = 0_u64;
    while bits < 1 << 32 {
        x.clear();
        while x.len() < 1 << 12 && bits < 1 << 32 {
            x.push(f32::from_bits(bits as u32));
            bits += step;
        }
        for function in 0..6 {
            for (&x, y) in x.iter().zip(apply(function, &x)) {
                let bounded = !matches!(function, 2 | 3) || y.is_nan() || y.abs() <= 1.0;
                assert!(bounded, "{path:?} {}({x:e}) = {y:e}", NAMES[function]);
                let error = error_f32(y, wide(function, f64::from(x)));
                if error > worst[function].0 {
                    worst[function] = (error, x);
                }
            }
        }
    }
    for (function, (error, x)) in worst.into_iter().enumerate() {
        let name = NAMES[function];
        eprintln!("{path:?} f32 {name:8} {error:.3} ulp at {x:e}");
        assert!(
            error <= BOUNDS[function],
            "{path:?} f32 {name}({x:e}) is off by {error} ulp"
        );
    }
}

/// A number as the sum of two `f64`: about 106 bits.
#[derive(Clone, Copy)]
struct Double(f64, f64);

impl Double {
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let part = high - a;
        Double(high, (a - (high - part)) + (b - part))
    }

    fn recip(self) -> Self {
        let first = Double(1.0 / self.0, 0.0);
        let second = first + first * (Double(1.0, 0.0) - self * first);
        second + second * (Double(1.0, 0.0) - self * second)
    }

    /// eˣ as (eʳ − 1, n), x = n ln 2 + r.
    fn exp_m1_reduced(self) -> (Self, i32) {
        const LN2: [f64; 3] = [
            0.693_147_180_559_890_3,
            5.497923018708371e-14,
            1.1638816650146456e-26,
        ];
        let n = (self.0 / LN2[0]).round();
        // The first two parts end in enough zeros for the products with n to be exact.
        let mut r = self - Double(n * LN2[0], 0.0);
        r = r - Double::product(n, LN2[1]);
        r = r - Double::product(n, LN2[2]);
        // A small argument needs fewer terms.
        let r = r * Double(1.0 / 64.0, 0.0);
        let mut term = r;
        let mut sum = r;
        for at in 2..14 {
            term = term * r * Double(f64::from(at), 0.0).recip();
            sum = sum + term;
        }
        for _ in 0..6 {
            sum = sum * sum + sum + sum;
        }
        (sum, n as i32)
    }

    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Double(high, a.mul_add(b, -high))
    }

    fn exp_m1(self) -> Self {
        let (y, n) = self.exp_m1_reduced();
        let power = f64::powi(2.0, n);
        y * Double(power, 0.0) + Double::sum(power, -1.0)
    }
}

impl Add for Double {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, low) = (Double::sum(self.0, other.0), Double::sum(self.1, other.1));
        let middle = Double::sum(high.0, high.1 + low.0);
        Double::sum(middle.0, middle.1 + low.1)
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + Double(-other.0, -other.1)
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let high = Double::product(self.0, other.0);
        Double::sum(high.0, high.1 + (self.0 * other.1 + self.1 * other.0))
    }
}

/// The error of `y` = f(x) in units in the last place, from the difference of two exact parts.
fn error_f64(function: usize, x: f64, y: f64) -> f64 {
    let one = Double(1.0, 0.0);
    let (exact, n) = match function {
        0 => {
            let (m1, n) = Double(x, 0.0).exp_m1_reduced();
            (m1 + one, n)
        }
        1 => {
            // Newton's step from the standard library's value, itself within one unit.
            let near = Double(x.ln(), 0.0);
            let (m1, n) = near.exp_m1_reduced();
            // x e^−near − 1, with the powers of 2 taken out first.
            let x = scaled(x, -n);
            let ratio = Double(x, 0.0) * (m1 + one).recip() - one;
            (near + ratio - ratio * ratio * Double(0.5, 0.0), 0)
        }
        4 => {
            let (m1, n) = Double(x, 0.0).exp_m1_reduced();
            // Above this the 1 does not count, and 2ⁿ may not be a number.
            let less = if n > 200 {
                one
            } else {
                Double::sum(1.0, -scaled(1.0, -n))
            };
            if n < -60 {
                (Double(-1.0, 0.0), 0)
            } else {
                (m1 + less, n)
            }
        }
        5 if x.abs() < 1e-300 => (Double(x, 0.0), 0),
        5 => {
            // Newton's step: (1 + x) e^−near − 1.
            let near = Double(x.ln_1p(), 0.0);
            let (m1, n) = near.exp_m1_reduced();
            let power = scaled(1.0, -n);
            let top = Double::sum(x * power, power - 1.0);
            let top = if n.abs() < 50 {
                top
            } else {
                Double(scaled(x, -n), 0.0) + Double(power - 1.0, 0.0)
            };
            let ratio = (top - m1) * (m1 + one).recip();
            (near + ratio - ratio * ratio * Double(0.5, 0.0), 0)
        }
        2 => {
            let t = Double(-2.0 * x.abs(), 0.0).exp_m1();
            let y = t * (t + Double(2.0, 0.0)).recip();
            (if x > 0.0 { Double(-y.0, -y.1) } else { y }, 0)
        }
        _ => {
            let (m1, n) = Double(-x.abs(), 0.0).exp_m1_reduced();
            let e = m1 + one;
            if x < 0.0 {
                let below = if n < -200 {
                    one
                } else {
                    e * Double(scaled(1.0, n), 0.0) + one
                };
                (e * below.recip(), n)
            } else {
                let e = if n < -200 { 0.0 } else { scaled(1.0, n) };
                ((((m1 + one) * Double(e, 0.0)) + one).recip(), 0)
            }
        }
    };
    // The unit is that of the result, which may be subnormal: scale both by 2⁻ⁿ.
    let rounded = scaled(exact.0, n);
    if rounded.is_infinite() || y.is_infinite() {
        return if rounded == y { 0.0 } else { f64::INFINITY };
    }
    let unit = spacing_f64(rounded);
    let difference = Double(scaled(y, -n), 0.0) - exact;
    difference.0.abs() / scaled(unit, -n)
}

/// x · 2ⁿ in steps that neither overflow nor underflow too early.
fn scaled(mut x: f64, mut n: i32) -> f64 {
    while n != 0 {
        let step = n.clamp(-1000, 1000);
        x *= f64::powi(2.0, step);
        n -= step;
    }
    x
}

fn sweep_f64(path: Path) {
    const BOUNDS: [f64; 6] = [1.05, 0.9, 2.7, 2.1, 2.2, 1.7];
    const POINTS: usize = 1 << 19;
    let mut state = 1_u64;
    let mut random = move || {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut unit = move || (random() >> 11) as f64 / f64::powi(2.0, 53);
    for function in 0..6 {
        let x: Vec<f64> = (0..POINTS)
            .map(|at| {
                let (size, u) = (unit(), unit());
                let sign = if at % 2 == 0 { 1.0 } else { -1.0 };
                match (function, at % 8 / 2) {
                    // All exponents, the interesting range, near the join or zero, medium.
                    (1, 0) => scaled(1.0 + u, (size * 2097.0) as i32 - 1074),
                    (1, 1) => 0.5 + u,
                    (1, 2) => 1.0 + sign * u * f64::powi(2.0, -(size * 50.0) as i32),
                    (1, _) => 100.0 * u + f64::MIN_POSITIVE,
                    // Both sides of 0 and of −1, and all exponents above.
                    (5, 0) => scaled(1.0 + u, (size * 2097.0) as i32 - 1074),
                    (5, 1) => -u,
                    (5, 2) => sign * u * f64::powi(2.0, -(size * 60.0) as i32) * 0.999,
                    (5, _) => 8.0 * u,
                    (4, 1) => sign * u * 710.0,
                    (_, 0) => sign * scaled(1.0 + u, (size * 70.0) as i32 - 60),
                    (0 | 3, 1) => sign * u * 750.0,
                    (_, 1) => sign * u * 25.0,
                    (_, 2) => sign * u,
                    _ => sign * u * 8.0,
                }
            })
            .collect();
        let mut worst = (0.0, 0.0);
        for (&x, y) in x.iter().zip(apply(function, &x)) {
            let error = error_f64(function, x, y);
            if error > worst.0 || error.is_nan() {
                worst = (error, x);
            }
        }
        let (name, (error, x)) = (NAMES[function], worst);
        eprintln!("{path:?} f64 {name:8} {error:.3} ulp at {x:e}");
        assert!(
            error <= BOUNDS[function],
            "{path:?} f64 {name}({x:e}) is off by {error} ulp"
        );
    }
}

/// Neighbours on a fine grid never change order by more than a rounding.
fn order(path: Path) {
    let x: Vec<f32> = (0..2_000_000).map(|at| (at as f32 - 1e6) * 1e-4).collect();
    for function in [0, 2, 3, 4] {
        let y = apply(function, &x);
        for (pair, x) in y.windows(2).zip(&x) {
            let slack = pair[0].abs() * 2.0 * f32::EPSILON;
            let name = NAMES[function];
            assert!(
                pair[1] == f32::INFINITY || pair[1] >= pair[0] - slack,
                "{path:?} f32 {name} falls after {x}"
            );
        }
    }
}

#[test]
#[ignore = "a measurement: cargo test --release --test math -- --ignored --nocapture"]
fn nanoseconds_an_element() {
    fn time<T: Float>(name: &str) {
        let x: Vec<T> = (0..1024)
            .map(|at| T::from_f64(f64::from(at) / 128.0 + 0.01))
            .collect();
        let mut y = x.clone();
        for function in 0..6 {
            let mut best = f64::INFINITY;
            for _ in 0..200 {
                let start = std::time::Instant::now();
                for _ in 0..50 {
                    dispatch(Apply {
                        function,
                        x: std::hint::black_box(&x),
                        y: &mut y,
                    });
                }
                best = best.min(start.elapsed().as_secs_f64() * 1e9 / 50.0 / 1024.0);
            }
            eprintln!("{name} {:8} {best:.3} ns", NAMES[function]);
        }
    }
    for path in paths() {
        force_path(path);
        eprintln!("{path:?}");
        time::<f32>("f32");
        time::<f64>("f64");
    }
}
