//! Random numbers from one named generator, the same on every platform.

use std::convert::Infallible;
use std::ops::Range;

pub use rand_distr as distributions;

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, SeedableRng, TryRng};
use rand_distr::{Distribution, StandardNormal};

use crate::{Element, Float, Shape, Tensor, compile_here};

/// The generator of all random numbers: ChaCha with 8 rounds (D. J. Bernstein, *ChaCha, a variant of
/// Salsa20*, 2008). Equal seeds give equal numbers on every platform.
///
/// It also implements the core trait of the `rand` crate, so that any of its distributions and
/// algorithms take it.
///
/// Floating-point draws are made in `f64` and rounded to the element type, so that an `f32` tensor
/// holds the rounded numbers of the `f64` tensor from the same state.
///
/// ```
/// use wengert_tensor::{Rng, Tensor};
/// let mut rng = Rng::seed_from_u64(7);
/// let saved = rng.state();
/// let x: Tensor = rng.normal([2, 3], 0.0, 1.0);
/// let again: Tensor = Rng::from_state(saved).normal([2, 3], 0.0, 1.0);
/// assert_eq!(x, again);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Rng(ChaCha8Rng);

impl Clone for Rng {
    fn clone(&self) -> Self {
        // What it is made of is no `Clone`, lest a cipher's stream be used twice.
        Self::from_state(self.state())
    }
}

/// Everything that decides the numbers to come from an [`Rng`], to be saved and restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RngState {
    /// The key.
    pub seed: [u8; 32],
    /// The stream, of which every key has 2⁶⁴.
    pub stream: u64,
    /// The number of 32-bit words drawn from the stream; its lowest 68 bits count.
    pub position: u128,
}

// Not inlined, so that programs that are built without optimization call compiled code, and do not compile
// the cipher again.
impl TryRng for Rng {
    type Error = Infallible;

    #[inline(never)]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    #[inline(never)]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    #[inline(never)]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl Rng {
    /// The generator with the key that `seed` expands to, at the start of stream 0.
    pub fn seed_from_u64(seed: u64) -> Self {
        Rng(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Where the generator stands.
    pub fn state(&self) -> RngState {
        RngState {
            seed: self.0.get_seed(),
            stream: self.0.get_stream(),
            position: self.0.get_word_pos(),
        }
    }

    /// The generator that stands at `state`.
    pub fn from_state(state: RngState) -> Self {
        let mut rng = ChaCha8Rng::from_seed(state.seed);
        rng.set_stream(state.stream);
        rng.set_word_pos(state.position);
        Rng(rng)
    }

    /// The generator with the same key at the start of another stream: its numbers are independent
    /// of those of every other stream. The stream is the given one, whichever this generator's is.
    pub fn split(&self, stream: u64) -> Self {
        let seed = self.0.get_seed();
        Self::from_state(RngState {
            seed,
            stream,
            position: 0,
        })
    }

    /// A number in [0, 1), a multiple of 2⁻⁵³.
    #[inline(never)]
    pub fn unit(&mut self) -> f64 {
        self.unit_here()
    }

    #[inline(always)]
    fn unit_here(&mut self) -> f64 {
        let Ok(word) = self.0.try_next_u64();
        (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number from the normal distribution with mean 0 and standard deviation 1.
    #[inline(never)]
    pub fn standard_normal(&mut self) -> f64 {
        StandardNormal.sample(self)
    }

    /// `true` with probability `p`.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn coin(&mut self, p: f64) -> bool {
        assert!((0.0..=1.0).contains(&p), "coin: {p} is no probability");
        self.unit() < p
    }

    /// A whole number below `n`, each as likely (the multiplication method of D. Lemire, *Fast random
    /// integer generation in an interval*, 2019).
    ///
    /// # Panics
    /// If `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "below: no number is below 0");
        self.below_u64(n as u64) as usize
    }

    fn below_u64(&mut self, n: u64) -> u64 {
        let reject = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= reject {
                return (product >> 64) as u64;
            }
        }
    }

    /// A whole number in `range`, each as likely.
    ///
    /// # Panics
    /// If the range is empty.
    #[track_caller]
    pub fn int(&mut self, range: Range<i64>) -> i64 {
        assert!(range.start < range.end, "int: {range:?} is empty");
        let width = range.end.wrapping_sub(range.start) as u64;
        range.start.wrapping_add(self.below_u64(width) as i64)
    }

    /// A position of `weights`, each with a probability proportional to its weight.
    ///
    /// # Panics
    /// Unless the weights are finite and not negative, and one is positive.
    #[track_caller]
    pub fn choose(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        let sound = weights.iter().all(|&w| w >= 0.0) && total > 0.0 && total.is_finite();
        assert!(sound, "choose: the weights are no distribution");
        let mut left = self.unit() * total;
        let mut last = 0;
        for (at, &weight) in weights
            .iter()
            .enumerate()
            .filter(|(_, weight)| **weight > 0.0)
        {
            last = at;
            if left < weight {
                break;
            }
            left -= weight;
        }
        last
    }

    /// Puts the items in random order, each order as likely (Fisher and Yates).
    pub fn shuffle<X>(&mut self, items: &mut [X]) {
        for at in (1..items.len()).rev() {
            let other = self.below(at + 1);
            items.swap(at, other);
        }
    }

    /// The numbers 0, 1, … below `n` in random order.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut items: Vec<usize> = (0..n).collect();
        self.shuffle(&mut items);
        items
    }

    /// A draw from any distribution of [`distributions`].
    pub fn draw<X>(&mut self, distribution: &impl Distribution<X>) -> X {
        distribution.sample(self)
    }

    /// Draws from any distribution of [`distributions`], in row-major order.
    ///
    /// ```
    /// use wengert_tensor::{Rng, Tensor, random::distributions::Exp1};
    /// let x: Tensor<f64> = Rng::seed_from_u64(1).sample([4], &Exp1);
    /// assert!(x.ge(0.0).all());
    /// ```
    #[track_caller]
    pub fn sample<T: Element>(
        &mut self,
        shape: impl Into<Shape>,
        distribution: &impl Distribution<T>,
    ) -> Tensor<T> {
        Tensor::from_fn(shape, |_| distribution.sample(self))
    }

    /// Numbers drawn evenly from `low` to `high`; `high` itself only where they are equal.
    ///
    /// # Panics
    /// Unless the bounds are finite and `low <= high`.
    #[track_caller]
    pub fn uniform<T: Float>(&mut self, shape: impl Into<Shape>, low: f64, high: f64) -> Tensor<T> {
        let sound = low <= high && (high - low).is_finite();
        assert!(sound, "uniform: no numbers from {low} to {high}");
        let mut x = Tensor::zeros(shape);
        fill_uniform(self, low, high, x.as_mut_slice());
        x
    }

    /// Numbers from the normal distribution with this mean and standard deviation.
    ///
    /// # Panics
    /// If `std` is negative or NaN.
    #[track_caller]
    pub fn normal<T: Float>(&mut self, shape: impl Into<Shape>, mean: f64, std: f64) -> Tensor<T> {
        assert!(std >= 0.0, "normal: {std} is no standard deviation");
        let mut x = Tensor::zeros(shape);
        fill_normal(self, mean, std, x.as_mut_slice());
        x
    }

    /// `true` with probability `p` at every place.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn bernoulli(&mut self, shape: impl Into<Shape>, p: f64) -> Tensor<bool> {
        assert!((0.0..=1.0).contains(&p), "bernoulli: {p} is no probability");
        Tensor::from_fn(shape, |_| self.unit_here() < p)
    }

    /// Whole numbers in `range`, each as likely.
    ///
    /// # Panics
    /// If the range is empty and the tensor is not.
    #[track_caller]
    pub fn integers(&mut self, shape: impl Into<Shape>, range: Range<i64>) -> Tensor<i64> {
        let shape = shape.into();
        assert!(
            range.start < range.end || shape.contains(&0),
            "integers: {range:?} is empty"
        );
        Tensor::from_fn(shape, |_| self.int(range.clone()))
    }
}

compile_here! {
    fn fill_uniform<T>(rng: &mut Rng, low: f64, high: f64, out: &mut [T]) {
        let top = T::from_f64(high);
        for x in out {
            // Rounding can reach the upper bound.
            let mut draws = (0..64).map(|_| T::from_f64(low + (high - low) * rng.unit_here()));
            *x = draws.find(|x| *x < top).unwrap_or(T::from_f64(low));
        }
    }

    fn fill_normal<T>(rng: &mut Rng, mean: f64, std: f64, out: &mut [T]) {
        for x in out {
            *x = T::from_f64(mean + std * rng.standard_normal());
        }
    }
}
