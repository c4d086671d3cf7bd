//! Penalties on weights, as terms of a loss.
//!
//! Each takes a bound model and says by path which of its leaves count; running statistics never do.
//!
//! ```
//! use wengert_nn::optim::penalty;
//! use wengert_nn::Linear;
//! use wengert_tape::Tape;
//! use wengert_tensor::Rng;
//!
//! let model = Linear::new(3, 1, &mut Rng::seed_from_u64(1));
//! let (_, grads) = Tape::new().value_and_grad(&model, |t, m| {
//!     m.forward(t.ones([1, 3])).sum() + penalty::l2(&m, 0.1, |path| path == "weight")
//! });
//! // 1, of the loss, and 2 λ w.
//! let (bar, w) = (grads.get(0).unwrap(), &model.weight);
//! assert!((bar.to_vec()[0] - (1.0 + 0.2 * w.to_vec()[0])).abs() < 1e-6);
//! ```

use std::f64::consts::TAU;

use wengert_tape::Var;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::Float;

/// λ Σ |w|, which brings weights to 0.
///
/// Source: Tibshirani 1996, *Regression shrinkage and selection via the lasso*.
///
/// # Panics
/// If no leaf counts.
#[doc(alias = "lasso")]
#[track_caller]
pub fn l1<'t, M: Tree<Var<'t, T>>, T: Float>(
    model: &M,
    lambda: f64,
    wants: impl Fn(&str) -> bool,
) -> Var<'t, T> {
    sum(model, wants, |w| w.abs().sum()) * lambda
}

/// λ Σ w², which makes weights small. Its gradient is that of a weight decay of 2 λ.
///
/// Source: Hoerl and Kennard 1970, *Ridge regression: biased estimation for nonorthogonal problems*.
///
/// # Panics
/// If no leaf counts.
#[doc(alias = "ridge")]
#[doc(alias = "weight_decay")]
#[track_caller]
pub fn l2<'t, M: Tree<Var<'t, T>>, T: Float>(
    model: &M,
    lambda: f64,
    wants: impl Fn(&str) -> bool,
) -> Var<'t, T> {
    sum(model, wants, |w| w.square().sum()) * lambda
}

/// λ (s Σ |w| + (1 − s) / 2 · Σ w²), with the share s of the first.
///
/// Source: Zou and Hastie 2005, *Regularization and variable selection via the elastic net*, in the
/// form of Friedman, Hastie and Tibshirani 2010, equation 2.
///
/// # Panics
/// If no leaf counts.
#[doc(alias = "elastic net")]
#[track_caller]
pub fn elastic<'t, M: Tree<Var<'t, T>>, T: Float>(
    model: &M,
    lambda: f64,
    share: f64,
    wants: impl Fn(&str) -> bool,
) -> Var<'t, T> {
    sum(model, wants, |w| {
        w.abs().sum() * share + w.square().sum() * ((1.0 - share) / 2.0)
    }) * lambda
}

/// −ln p(w), where all weights are independent and normal with mean 0 and the standard deviation σ:
/// Σ (w² / 2σ² + ln σ + ½ ln 2π). Its gradient is that of [`l2`] with λ = 1 / 2σ². It stands beside the
/// negative log-likelihood of all data; beside a mean over n rows it is divided by n.
///
/// Source: MacKay 1992, *A practical Bayesian framework for backpropagation networks*, section 2.
///
/// # Panics
/// If no leaf counts.
#[doc(alias = "MAP")]
#[track_caller]
pub fn gaussian_prior<'t, M: Tree<Var<'t, T>>, T: Float>(
    model: &M,
    std: f64,
    wants: impl Fn(&str) -> bool,
) -> Var<'t, T> {
    let each = std.ln() + 0.5 * TAU.ln();
    sum(model, wants, |w| {
        w.square().sum() / (2.0 * std * std) + each * w.size() as f64
    })
}

/// The sum of a term over the leaves that count.
#[track_caller]
fn sum<'t, M: Tree<Var<'t, T>>, T: Float>(
    model: &M,
    wants: impl Fn(&str) -> bool,
    term: impl Fn(Var<'t, T>) -> Var<'t, T>,
) -> Var<'t, T> {
    let mut total: Option<Var<'t, T>> = None;
    model.visit_leaves(&mut Path::new(), &mut |path, leaf: &Var<'t, T>| {
        if !path.is_state() && wants(path.as_str()) {
            let term = term(*leaf);
            total = Some(total.map_or(term, |total| total + term));
        }
    });
    match total {
        Some(total) => total,
        None => panic!("penalty: no leaf of the model counts"),
    }
}
