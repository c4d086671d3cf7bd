//! Distributions whose parameters are variables: draws that a gradient flows through, log-densities,
//! entropies and divergences. Each is made of ops, for derivatives of any order.
//!
//! A draw is made of noise from the tape's generator (see [`Tape::set_rng`](crate::Tape::set_rng)), a constant,
//! and of the parameters: the gradient flows into these (the reparametrization of Kingma and Welling 2014,
//! Auto-Encoding Variational Bayes). What is drawn from a discrete distribution is a tensor, with no
//! gradient; its relaxation is a variable.
//!
//! Parameters broadcast with one another and with the values whose density is asked for. All logarithms are
//! natural. Outside of its domain a parameter gives NaN and no panic: a scale of −1, for one.

mod bernoulli;
mod categorical;
mod exponential;
mod gumbel;
mod laplace;
mod logistic;
mod normal;
mod uniform;

pub use bernoulli::Bernoulli;
pub use categorical::Categorical;
pub use exponential::Exponential;
pub use gumbel::Gumbel;
pub use laplace::Laplace;
pub use logistic::Logistic;
pub use normal::Normal;
pub use uniform::Uniform;

use wengert_tensor::{Float, Rng, Shape};

use crate::record::recording::or_panic;
use crate::record::var::Var;

/// The least number that is drawn where 0 would be, so that no noise is infinite.
const LEAST: f64 = 1.0 / (1_u64 << 54) as f64;

/// A number above 0 and below 1.
fn unit(rng: &mut Rng) -> f64 {
    rng.unit().max(LEAST)
}

/// A number from the exponential distribution with rate 1, above 0.
fn exponential(rng: &mut Rng) -> f64 {
    -unit(rng).ln()
}

/// A number from the standard Gumbel distribution.
fn gumbel(rng: &mut Rng) -> f64 {
    -exponential(rng).ln()
}

/// A number from the standard logistic distribution.
fn logistic(rng: &mut Rng) -> f64 {
    let u = unit(rng);
    u.ln() - (-u).ln_1p()
}

/// Noise of the shape that the parameters have together, behind the axes `outer`.
#[track_caller]
fn noise<'t, T: Float>(
    name: &'static str,
    outer: &[usize],
    parameters: &[Var<'t, T>],
    draw: fn(&mut Rng) -> f64,
) -> Var<'t, T> {
    let mut shape = Shape::scalar();
    for parameter in parameters {
        shape = or_panic(Shape::broadcast(name, &shape, &parameter.shape()));
    }
    let shape: Shape = outer.iter().chain(shape.iter()).copied().collect();
    parameters[0].tape().sample(shape, draw)
}

/// The value stretched over the shape of another.
#[track_caller]
fn beside<'t, T: Float>(name: &'static str, x: Var<'t, T>, other: Var<'t, T>) -> Var<'t, T> {
    let shape = or_panic(Shape::broadcast(name, &x.shape(), &other.shape()));
    if x.shape() == shape {
        x
    } else {
        x.expand(shape)
    }
}
