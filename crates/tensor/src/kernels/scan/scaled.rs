//! Products that pass through numbers beyond the range of the type.

use super::super::copy::copy;
use super::super::reduce::{check_axis, rows};
use super::lines::{LANES, Step, each_group, run};
use crate::{Float, View, compile_here};

/// A product with an exponent of its own: number · 2^exponent. The number lies far inside the range of `f64`,
/// or is 0 or not finite.
#[derive(Clone, Copy)]
struct Scaled {
    number: f64,
    exponent: i64,
}

/// 2 to a power, where that is a normal number.
const fn power(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

const LEAST: f64 = power(-400);
const MOST: f64 = power(400);

impl Scaled {
    const ONE: Self = Scaled {
        number: 1.0,
        exponent: 0,
    };

    #[inline(always)]
    fn times(&mut self, x: f64) {
        let product = self.number * x;
        let size = product.abs();
        if (LEAST..=MOST).contains(&size) {
            self.number = product;
        } else {
            self.far_times(x);
        }
    }

    /// The same where the product of the numbers is 0, not finite, or far out.
    #[inline(never)]
    fn far_times(&mut self, x: f64) {
        let plain = self.number == 0.0 || x == 0.0 || !self.number.is_finite() || !x.is_finite();
        if plain {
            self.number *= x;
            return;
        }
        let (a, of_a) = split(self.number);
        let (b, of_b) = split(x);
        self.number = a * b;
        self.exponent += of_a + of_b;
    }

    #[inline(always)]
    fn value(self) -> f64 {
        match self.exponent {
            0 => self.number,
            _ => self.far_value(),
        }
    }

    #[inline(never)]
    fn far_value(self) -> f64 {
        let (mut number, mut exponent) = (self.number, self.exponent.clamp(-4000, 4000));
        while exponent != 0 {
            let part = exponent.clamp(-900, 900);
            number *= power(part);
            exponent -= part;
        }
        number
    }
}

/// A finite number other than 0 as a number from 1 to 2, with its sign, and an exponent.
fn split(x: f64) -> (f64, i64) {
    let (normal, shift) = match x.abs() < f64::MIN_POSITIVE {
        true => (x * power(64), -64),
        false => (x, 0),
    };
    let bits = normal.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let number = f64::from_bits((bits & !(0x7ff << 52)) | (1023 << 52));
    (number, exponent + shift)
}

impl<T: Float> Step<T> for Scaled {
    type State = Scaled;

    fn start() -> Self::State {
        Scaled::ONE
    }
    #[inline(always)]
    fn step(state: &mut Self::State, x: T) -> T {
        state.times(x.to_f64());
        T::from_f64(state.value())
    }
}

compile_here! {
    /// The running products along `axis`, from its last element to its first if `reverse` is set; right also
    /// behind a product that is out of range.
    ///
    /// # Panics
    /// If the axis is out of range, or `out` does not have the size of `x`.
    pub fn cumprod<T>(x: &View<T>, axis: usize, reverse: bool, out: &mut [T]) {
        check_axis(x.shape(), axis);
        copy(x, out);
        run::<T, Scaled>(x.shape(), axis, reverse, out);
    }
}

compile_here! {
    /// The products along `axes` (ascending), in row-major order of the axes that stay; 1 for no elements.
    /// The order of the factors does not matter where parts of the product are out of range.
    ///
    /// # Panics
    /// If `out` does not have the size that is left.
    pub fn prod<T>(x: &View<T>, axes: &[usize], out: &mut [T]) {
        let consecutive = axes.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let inner = axes.last().map_or(1, |&last| x.shape()[last + 1..].iter().product::<usize>());
        let len = axes.iter().map(|&axis| x.shape()[axis]).product::<usize>();
        let size = x.layout().size();
        let fits = out.len() * len == size && (len > 0 || out.len() == x.shape().reduced(axes, false).size());
        assert!(fits, "a reduction's output does not fit");
        match x.as_slice() {
            Some(data) if consecutive && inner > 1 && size > 0 => {
                for (out, part) in out.chunks_exact_mut(inner).zip(data.chunks_exact(len * inner)) {
                    each_group(inner, |column, wide| {
                        let (part, out) = (&part[column..], &mut out[column..]);
                        match wide {
                            true => columns::<T, LANES>(part, len, inner, out),
                            false => columns::<T, 1>(part, len, inner, out),
                        }
                    });
                }
            }
            _ if len == 0 => out.fill(T::ONE),
            _ => {
                let (data, len) = rows(x, axes);
                for (y, line) in out.iter_mut().zip(data.chunks_exact(len)) {
                    *y = product(line);
                }
            }
        }
    }
}

/// The products of `W` lines that lie side by side.
#[inline(always)]
fn columns<T: Float, const W: usize>(part: &[T], len: usize, inner: usize, out: &mut [T]) {
    let mut products = [Scaled::ONE; W];
    for k in 0..len {
        let row = &part[k * inner..][..W];
        for lane in 0..W {
            products[lane].times(row[lane].to_f64());
        }
    }
    for lane in 0..W {
        out[lane] = T::from_f64(products[lane].value());
    }
}

/// The product of a line.
#[inline(always)]
fn product<T: Float>(line: &[T]) -> T {
    // Four products at a time, which wait for nothing but themselves.
    let mut parts = [Scaled::ONE; 4];
    let (fours, rest) = line.as_chunks::<4>();
    for four in fours {
        for lane in 0..4 {
            parts[lane].times(four[lane].to_f64());
        }
    }
    for (part, x) in parts.iter_mut().zip(rest) {
        part.times(x.to_f64());
    }
    let [mut all, others @ ..] = parts;
    for other in others {
        all.times(other.number);
        all.exponent += other.exponent;
    }
    T::from_f64(all.value())
}

compile_here! {
    /// For each element of the last axis, in row-major order, the product of all others along it, without a
    /// division.
    ///
    /// # Panics
    /// If `x` is a scalar, or `out` does not have its size.
    pub fn products_of_others<T>(x: &View<T>, out: &mut [T]) {
        let rank = x.shape().rank();
        assert!(rank > 0, "a scalar has no others");
        copy(x, out);
        let len = x.shape()[rank - 1];
        let mut before = vec![Scaled::ONE; len];
        for line in out.chunks_exact_mut(len.max(1)) {
            let mut product = Scaled::ONE;
            for (before, x) in before.iter_mut().zip(&*line) {
                *before = product;
                product.times(x.to_f64());
            }
            product = Scaled::ONE;
            for (before, x) in before.iter().zip(line).rev() {
                let mut others = *before;
                others.times(product.number);
                others.exponent += product.exponent;
                product.times(x.to_f64());
                *x = T::from_f64(others.value());
            }
        }
    }
}
