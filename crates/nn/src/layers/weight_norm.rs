//! `WeightNorm` and `SpectralNorm`: weights by their directions and lengths.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

/// A weight as a direction and a length for each of its outputs: W = g v / ‖v‖.
///
/// W and v are \[I, O\] (or of any other shape whose last axis has the outputs), g \[O\]; the norm is that
/// of each column. It takes the place of a layer's weight: `Linear { weight: m.weight(), … }`.
///
/// v starts as the weight that it replaces and g as its norms, so that W is that weight.
///
/// Source: Salimans and Kingma 2016, *Weight normalization: a simple reparameterization to accelerate
/// training of deep neural networks*, equation 2.
///
/// ```
/// use wengert_nn::{Linear, WeightNorm};
/// use wengert_tape::Tape;
/// use wengert_tape::tree::Tree;
/// use wengert_tensor::{Rng, Tensor};
///
/// #[derive(Tree)]
/// struct Layer<P = Tensor> { weight: WeightNorm<P>, bias: P }
///
/// let linear = Linear::new(3, 2, &mut Rng::seed_from_u64(1));
/// let layer = Layer { weight: WeightNorm::of(&linear.weight), bias: linear.bias.clone().unwrap() };
/// let (plain, normed) = (
///     Tape::new().evaluate(&linear, |t, m| m.forward(t.ones([1, 3])).value()),
///     Tape::new().evaluate(&layer, |t, m| {
///         let layer = Linear { weight: m.weight.weight(), bias: Some(m.bias) };
///         layer.forward(t.ones([1, 3])).value()
///     }),
/// );
/// assert!(plain.allclose(&normed, 1e-6, 1e-6));
/// ```
#[doc(alias = "weight_norm")]
#[doc(alias = "parametrizations")]
#[derive(Tree, Clone, Debug)]
pub struct WeightNorm<P = Tensor> {
    /// v \[…, O\].
    pub direction: P,
    /// g \[O\].
    pub length: P,
}

impl WeightNorm {
    /// This weight by its directions and lengths.
    ///
    /// # Panics
    /// If it has fewer than two axes.
    #[track_caller]
    pub fn of(weight: &Tensor) -> Self {
        let rank = weight.shape().rank();
        assert!(
            rank > 1,
            "weight norm: two axes are expected at least, the shape is {}",
            weight.shape()
        );
        WeightNorm {
            direction: weight.clone(),
            length: weight.norm(&others(rank), false),
        }
    }
}

impl<'t, T: Float> WeightNorm<Var<'t, T>> {
    /// W.
    pub fn weight(&self) -> Var<'t, T> {
        let _part = self.length.tape().part("weight norm");
        let norm = self
            .direction
            .norm(&others(self.direction.shape().rank()), true);
        self.direction * (self.length / norm)
    }
}

/// All axes but the last.
fn others(rank: usize) -> Vec<isize> {
    (0..rank as isize - 1).collect()
}

/// A weight of which the greatest singular value is 1: W / σ.
///
/// W is \[I, O\]. σ is found by power iteration, which goes on from step to step while the layer trains:
///
/// ```text
/// r ← Wᵀ l / ‖Wᵀ l‖,  l ← W r / ‖W r‖,  σ = lᵀ W r
/// ```
///
/// l and r count as constants in the derivative. They start at random; 15 iterations are made at once.
///
/// Source: Miyato, Kataoka, Koyama and Yoshida 2018, *Spectral normalization for generative
/// adversarial networks*, algorithm 1.
///
/// ```
/// use wengert_nn::SpectralNorm;
/// use wengert_tape::Tape;
/// use wengert_tensor::{Rng, Tensor};
///
/// let weight = Tensor::from([[3.0, 0.0], [0.0, 0.5]]);
/// let norm = SpectralNorm::of(&weight, &mut Rng::seed_from_u64(1));
/// let weight = Tape::new().evaluate(&norm, |_, norm| norm.weight().value());
/// assert!((weight[[0, 0]] - 1.0).abs() < 1e-5 && (weight[[1, 1]] - 1.0 / 6.0).abs() < 1e-5);
/// ```
#[doc(alias = "spectral_norm")]
#[derive(Tree, Clone, Debug)]
pub struct SpectralNorm<P = Tensor> {
    /// W before it is divided \[I, O\].
    pub original: P,
    /// l \[I\].
    #[tree(state)]
    pub left: P,
    /// r \[O\].
    #[tree(state)]
    pub right: P,
    /// How many iterations a step makes: 1.
    pub iterations: usize,
}

impl SpectralNorm {
    /// This weight, with l and r from 15 iterations.
    ///
    /// # Panics
    /// If it is no matrix.
    #[track_caller]
    pub fn of(weight: &Tensor, rng: &mut Rng) -> Self {
        let shape = weight.shape();
        assert!(
            shape.rank() == 2,
            "spectral norm: a matrix is expected, the shape is {shape}"
        );
        let mut left: Tensor = rng.normal([shape[0], 1], 0.0, 1.0);
        let mut right = Tensor::zeros([shape[1], 1]);
        for _ in 0..15 {
            right = unit(&weight.t().matmul(&left));
            left = unit(&weight.matmul(&right));
        }
        SpectralNorm {
            left: left.reshape(&[-1]),
            right: right.reshape(&[-1]),
            original: weight.clone(),
            iterations: 1,
        }
    }
}

/// The least norm that something is divided by.
const LEAST: f64 = 1e-12;

fn unit(x: &Tensor) -> Tensor {
    let norm = f64::from(x.norm(&[], false).item());
    x / norm.max(LEAST)
}

impl<'t, T: Float> SpectralNorm<Var<'t, T>> {
    /// W / σ.
    pub fn weight(&self) -> Var<'t, T> {
        let (tape, w) = (self.original.tape(), self.original);
        let _part = tape.part("spectral norm");
        let column = |x: Var<'t, T>| tape.state(x).detach().unsqueeze(1);
        let (mut left, mut right) = (column(self.left), column(self.right));
        if tape.training() {
            let unit = |x: Var<'t, T>| x / x.norm(&[], false).max(LEAST);
            let constant = w.detach();
            for _ in 0..self.iterations {
                right = unit(constant.t().matmul(left));
                left = unit(constant.matmul(right));
            }
            tape.set_state(self.left, left.squeeze(1));
            tape.set_state(self.right, right.squeeze(1));
        }
        let sigma = (left * w.matmul(right)).sum();
        w / sigma
    }
}
