//! Distributions.

use wengert_tape::distributions::{
    Bernoulli, Categorical, Exponential, Gumbel, Laplace, Logistic, Normal, Uniform,
};
use wengert_tensor::Tensor;

use super::{pair, with};
use crate::refusals::{Place, check_panics, panics};

#[test]
fn continuous() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Normal::draw": pair(&[2], &[3], |x, y| drop(Normal::new(x, y).draw(&[]))) => "Normal: shapes do not broadcast: [2] and [3]";
            "Normal::log_prob": pair(&[2], &[3], |x, y| drop(Normal::new(x, 1.0).log_prob(y))) => "sub: shapes do not broadcast: [3] and [2]";
            "Normal::entropy": pair(&[2], &[3], |x, y| drop(Normal::new(x, y).entropy())) => "Normal: shapes do not broadcast: [3] and [2]";
            "Normal::kl": pair(&[2], &[3], |x, y| drop(Normal::new(x, 1.0).kl(Normal::new(y, 1.0)))) => "sub: shapes do not broadcast: [2] and [3]";
            "Uniform::draw": pair(&[2], &[3], |x, y| drop(Uniform::new(x, y).draw(&[]))) => "Uniform: shapes do not broadcast: [2] and [3]";
            "Uniform::log_prob": pair(&[2], &[3], |x, y| drop(Uniform::new(x, 2.0).log_prob(y))) => "do not broadcast";
            "Uniform::entropy": pair(&[2], &[3], |x, y| drop(Uniform::new(x, y).entropy())) => "sub: shapes do not broadcast: [3] and [2]";
            "Exponential::log_prob": pair(&[2], &[3], |x, y| drop(Exponential::new(x).log_prob(y))) => "mul: shapes do not broadcast: [2] and [3]";
            "Exponential::kl": pair(&[2], &[3], |x, y| drop(Exponential::new(x).kl(Exponential::new(y)))) => "div: shapes do not broadcast: [3] and [2]";
            "Gumbel::draw": pair(&[2], &[3], |x, y| drop(Gumbel::new(x, y).draw(&[]))) => "Gumbel: shapes do not broadcast: [2] and [3]";
            "Gumbel::log_prob": pair(&[2], &[3], |x, y| drop(Gumbel::new(x, 1.0).log_prob(y))) => "sub: shapes do not broadcast: [3] and [2]";
            "Gumbel::entropy": pair(&[2], &[3], |x, y| drop(Gumbel::new(x, y).entropy())) => "Gumbel: shapes do not broadcast: [3] and [2]";
            "Logistic::draw": pair(&[2], &[3], |x, y| drop(Logistic::new(x, y).draw(&[]))) => "Logistic: shapes do not broadcast: [2] and [3]";
            "Logistic::log_prob": pair(&[2], &[3], |x, y| drop(Logistic::new(x, 1.0).log_prob(y))) => "sub: shapes do not broadcast: [3] and [2]";
            "Logistic::entropy": pair(&[2], &[3], |x, y| drop(Logistic::new(x, y).entropy())) => "Logistic: shapes do not broadcast: [3] and [2]";
            "Laplace::draw": pair(&[2], &[3], |x, y| drop(Laplace::new(x, y).draw(&[]))) => "Laplace: shapes do not broadcast: [2] and [3]";
            "Laplace::log_prob": pair(&[2], &[3], |x, y| drop(Laplace::new(x, 1.0).log_prob(y))) => "sub: shapes do not broadcast: [3] and [2]";
            "Laplace::entropy": pair(&[2], &[3], |x, y| drop(Laplace::new(x, y).entropy())) => "Laplace: shapes do not broadcast: [3] and [2]";
            "Laplace::kl": pair(&[2], &[3], |x, y| drop(Laplace::new(x, 1.0).kl(Laplace::new(y, 1.0)))) => "sub: shapes do not broadcast: [2] and [3]";
        },
    );
}

#[test]
fn discrete() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::gumbel_softmax": with(&[2], |x| drop(x.gumbel_softmax(0.0, false, 0))) => "gumbel_softmax: 0 is no temperature above 0";
            "Var::gumbel_softmax": with(&[2], |x| drop(x.gumbel_softmax(f64::NAN, false, 0))) => "gumbel_softmax: NaN is no temperature above 0";
            "Var::gumbel_softmax": with(&[2], |x| drop(x.gumbel_softmax(1.0, false, 1))) => "gumbel_softmax: axis 1 is out of range for the shape [2]";
            "Var::gumbel_softmax": with(&[2, 0], |x| drop(x.gumbel_softmax(1.0, true, 1))) => "argmax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Bernoulli::draw_relaxed": with(&[2], |x| drop(Bernoulli::new(x).draw_relaxed(-1.0, &[]))) => "draw_relaxed: -1 is no temperature above 0";
            "Bernoulli::log_prob": pair(&[2], &[3], |x, y| drop(Bernoulli::new(x).log_prob(y))) => "Bernoulli: shapes do not broadcast: [2] and [3]";
            "Bernoulli::kl": pair(&[2], &[3], |x, y| drop(Bernoulli::new(x).kl(Bernoulli::new(y)))) => "sub: shapes do not broadcast: [2] and [3]";
            "Categorical::draw": with(&[], |x| drop(Categorical::new(x).draw(&[]))) => "argmax: axis -1 is out of range for the shape []";
            "Categorical::draw": with(&[2, 0], |x| drop(Categorical::new(x).draw(&[]))) => "argmax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Categorical::draw_relaxed": with(&[2], |x| drop(Categorical::new(x).draw_relaxed(0.0, true))) => "gumbel_softmax: 0 is no temperature above 0";
            "Categorical::log_prob": with(&[2, 3], |x| drop(Categorical::new(x).log_prob(&Tensor::from([0])))) => "cross_entropy: targets [1] do not fit [2, 3], classes last";
            "Categorical::log_prob": with(&[3], |x| drop(Categorical::new(x).log_prob(&Tensor::scalar(3)))) => "cross_entropy: the target 3 is none of the 3 classes of [3]";
            "Categorical::entropy": with(&[], |x| drop(Categorical::new(x).entropy())) => "softmax: axis -1 is out of range for the shape []";
            "Categorical::kl": pair(&[2], &[3], |x, y| drop(Categorical::new(x).kl(Categorical::new(y)))) => "relative_surprise: shapes do not broadcast: [2] and [3]";
            "Categorical::kl": pair(&[], &[], |x, y| drop(Categorical::new(x).kl(Categorical::new(y)))) => "softmax: axis -1 is out of range for the shape []";
        },
    );
}
