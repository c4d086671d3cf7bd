//! Where in a sequence something stands, told to attention, which by itself does not know.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use crate::init;

/// Sines and cosines of positions, \[T, D\], to be added to the features, from position s on:
///
/// ```text
/// p[t, 2i]     = sin((s + t) / 10000^(2i / D))
/// p[t, 2i + 1] = cos((s + t) / 10000^(2i / D))
/// ```
///
/// Source: Vaswani et al. 2017, *Attention is all you need*, section 3.5.
///
/// ```
/// use wengert_nn::attention::sinusoidal_positions;
/// let p = sinusoidal_positions::<f32>(0, 3, 4);
/// assert_eq!(p.shape().dims(), [3, 4]);
/// assert_eq!(p.get(&[0, 1]), Some(1.0));
/// assert!((p.get(&[2, 0]).unwrap() - 2.0_f32.sin()).abs() < 1e-6);
/// ```
#[doc(alias = "positional_encoding")]
pub fn sinusoidal_positions<T: Float>(start: usize, time: usize, width: usize) -> Tensor<T> {
    let frequencies = frequencies(width, 1e4);
    Tensor::from_fn([time, width], |at| {
        let angle = (start + at[0]) as f64 * frequencies[at[1] / 2];
        let value = if at[1].is_multiple_of(2) {
            angle.sin()
        } else {
            angle.cos()
        };
        T::from_f64(value)
    })
}

/// base^(−2 i / width) of each pair i of features.
fn frequencies(width: usize, base: f64) -> Vec<f64> {
    let pairs = 0..width.div_ceil(2);
    pairs
        .map(|pair| base.powf(-2.0 * pair as f64 / width as f64))
        .collect()
}

/// A vector for each position, learned, to be added to the features.
///
/// The table is \[M, D\], normal with a standard deviation of 0.02.
///
/// Source: Gehring et al. 2017, *Convolutional sequence to sequence learning*, section 3.1; the
/// initial values are those of BERT.
///
/// ```
/// use wengert_nn::attention::LearnedPositions;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Rng;
/// let positions = LearnedPositions::new(10, 4, &mut Rng::seed_from_u64(1));
/// let tape = Tape::new();
/// let x = positions.bind(&tape).forward(tape.zeros([2, 3, 4]), 0);
/// assert_eq!(x.value().select(0, 0), positions.table.slice(0, ..3));
/// ```
#[derive(Tree, Clone, Debug)]
pub struct LearnedPositions<P = Tensor> {
    /// A row for each position, \[M, D\].
    pub table: P,
}

impl LearnedPositions {
    /// Vectors for the first `most` positions, in `f32`.
    pub fn new(most: usize, width: usize, rng: &mut Rng) -> Self {
        LearnedPositions {
            table: init::normal([most, width], 0.02, rng),
        }
    }
}

impl<'t, T: Float> LearnedPositions<Var<'t, T>> {
    /// `x` \[…, T, D\] with its positions added, the first of which is `start`.
    ///
    /// # Panics
    /// If the last position is not in the table, or `x` is not D wide.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, start: usize) -> Var<'t, T> {
        let (shape, most) = (x.shape(), self.table.shape()[0]);
        assert!(shape.rank() >= 2, "positions: {shape} has no time axis");
        let end = start.saturating_add(shape[shape.rank() - 2]);
        assert!(
            end <= most,
            "positions: {end} steps, the table has {most} positions"
        );
        x + self.table.slice(0, start..end)
    }
}

/// Turns each pair of features (i, i + D/2) of `x` \[…, T, D\] by an angle that grows with its
/// position, so that the product of a query and a key depends on how far apart they stand:
///
/// ```text
/// angle[t, i] = (start + t) / base^(2i / D)
/// ```
///
/// `base` is mostly 10,000. Apply it to queries and keys, head by head.
///
/// Source: Su et al. 2021, *RoFormer: enhanced transformer with rotary position embedding*, equation
/// 34, with the pairs taken from the two halves, as most implementations do.
///
/// ```
/// use wengert_nn::attention::rotary;
/// use wengert_tape::Tape;
/// let tape = Tape::<f64>::new();
/// let x = rotary(tape.ones([1, 2]), 1, 1e4).value();
/// assert!((x.get(&[0, 0]).unwrap() - (1.0_f64.cos() - 1.0_f64.sin())).abs() < 1e-12);
/// ```
///
/// # Panics
/// If `x` has fewer than two axes, or D is odd.
#[track_caller]
pub fn rotary<'t, T: Float>(x: Var<'t, T>, start: usize, base: f64) -> Var<'t, T> {
    let (tape, shape) = (x.tape(), x.shape());
    assert!(shape.rank() >= 2, "rotary: {shape} has no time axis");
    let (time, width) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
    assert!(
        width.is_multiple_of(2),
        "rotary: {width} features are no pairs"
    );
    let frequencies = frequencies(width, base);
    let angles = |f: fn(f64) -> f64| {
        let values = Tensor::from_fn([time, width / 2], |at| {
            let position = start as f64 + at[0] as f64;
            T::from_f64(f(position * frequencies[at[1]]))
        });
        tape.constant(&values)
    };
    let (cos, sin) = (angles(f64::cos), angles(f64::sin));
    let [a, b] = x.chunk::<2>(-1);
    Var::cat(&[a * cos - b * sin, b * cos + a * sin], -1)
}

/// A number for each head and each distance between query and key, learned, to be added to scores.
///
/// The table is \[H, 2M + 1\]: distances j − i from −M to M; what is farther counts as M. It starts
/// at 0.
///
/// Source: Shaw, Uszkoreit and Vaswani 2018, *Self-attention with relative position
/// representations*, for the clipped distances; Raffel et al. 2020 (T5), section 2.1, for numbers in
/// place of vectors.
///
/// ```
/// use wengert_nn::attention::RelativePositions;
/// use wengert_tape::{Bind, Tape};
/// let positions = RelativePositions::new(2, 4);
/// let tape = Tape::new();
/// assert_eq!(positions.bind(&tape).bias(3, 5).shape(), [2, 3, 5]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct RelativePositions<P = Tensor> {
    /// A number for each head and distance, \[H, 2M + 1\].
    pub table: P,
}

impl RelativePositions {
    /// Numbers for so many heads and distances up to `most`, in `f32`.
    pub fn new(heads: usize, most: usize) -> Self {
        RelativePositions {
            table: init::zeros([heads, 2 * most + 1]),
        }
    }
}

impl<'t, T: Float> RelativePositions<Var<'t, T>> {
    /// What is added to the scores, \[H, Q, K\]. The last query stands beside the last key.
    pub fn bias(&self, queries: usize, keys: usize) -> Var<'t, T> {
        let most = (self.table.shape()[1] / 2) as i64;
        let rows = Tensor::from_fn([queries, keys], |at| {
            let distance = (at[1] + queries) as i64 - (at[0] + keys) as i64;
            distance.clamp(-most, most) + most
        });
        self.table.t().rows(&rows).permute(&[2, 0, 1])
    }
}
