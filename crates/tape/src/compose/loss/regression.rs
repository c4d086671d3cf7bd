//! Losses of numbers beside numbers.

use wengert_tensor::Float;

use super::{Reduction, check_number, paired, same_shapes};
use crate::compiled_here;
use crate::formula::Formula;
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

/// The mean of (y − target)². Off by at most 2 ulp, its slope by 1.
///
/// ```
/// use wengert_tape::{Tape, compose::mse};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.leaf(&Tensor::from([1.0, 4.0]));
/// assert_eq!(mse(y, &Tensor::from([1.0, 2.0])).item(), 2.0);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "mse_loss", alias = "MSELoss", alias = "l2_loss")]
#[track_caller]
pub fn mse<'t, T: Float>(y: Var<'t, T>, target: impl Operand<'t, T>) -> Var<'t, T> {
    mse_with(y, target, Reduction::Mean)
}

/// (y − target)².
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, mse_with}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.leaf(&Tensor::from([1.0, 4.0]));
/// assert_eq!(mse_with(y, 2.0, Reduction::None).value().to_vec(), [1.0, 4.0]);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[track_caller]
pub fn mse_with<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("mse", y, target);
    reduction.of((y - target).square())
}

/// |y − target|; the derivative where they are equal is 0. Off by at most 1 ulp.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, l1_loss}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let y = tape.leaf(&Tensor::from([1.0, 4.0]));
/// assert_eq!(l1_loss(y, 2.0, Reduction::Sum).item(), 3.0);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "L1Loss", alias = "mae", alias = "absolute_error")]
#[track_caller]
pub fn l1_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("l1_loss", y, target);
    reduction.of((y - target).abs())
}

/// ½ d² where d = |y − target| is less than `delta`, and delta (d − ½ delta) elsewhere. Off by at most 2
/// ulp, its slope by 1.
///
/// Source: Huber 1964, Robust Estimation of a Location Parameter.
///
/// # Panics
/// If the target has another shape and is no number, or `delta` is not above 0.
#[doc(alias = "HuberLoss")]
#[track_caller]
pub fn huber_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    delta: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    check_number("huber_loss", "delta above 0", delta, delta > 0.0);
    let target = paired("huber_loss", y, target);
    let [loss] = y.tape().formula(Huber::new(delta, 1.0), [y - target]);
    reduction.of(loss)
}

/// ½ d² / beta where d = |y − target| is less than `beta`, and d − ½ beta elsewhere. Off by at most 2 ulp,
/// its slope by 1, for a `beta` that is a power of 2.
///
/// Source: Girshick 2015, Fast R-CNN.
///
/// # Panics
/// If the target has another shape and is no number, or `beta` is negative or NaN.
#[doc(alias = "SmoothL1Loss")]
#[track_caller]
pub fn smooth_l1_loss<'t, T: Float>(
    y: Var<'t, T>,
    target: impl Operand<'t, T>,
    beta: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    check_number("smooth_l1_loss", "beta of 0 or more", beta, beta >= 0.0);
    let target = paired("smooth_l1_loss", y, target);
    if beta == 0.0 {
        return reduction.of((y - target).abs());
    }
    let [loss] = y.tape().formula(Huber::new(beta, beta), [y - target]);
    reduction.of(loss)
}

/// The formula of [`huber_loss`], of the difference, divided by a number. The quotient may be a number of
/// the type where what is divided is none.
#[derive(Clone, Copy)]
struct Huber {
    delta: f64,
    divisor: f64,
    slope: f64,
}

impl Huber {
    fn new(delta: f64, divisor: f64) -> Self {
        let slope = delta / divisor;
        Huber {
            delta,
            divisor,
            slope,
        }
    }
}

impl Formula<1, 1> for Huber {
    compiled_here!(formula Huber, 1);

    const NAME: &'static str = "huber";
    #[inline(always)]
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        let (delta, half) = (R::lit(self.delta), R::lit(0.5));
        let d = x.abs();
        [R::select_less(
            d,
            delta,
            half * x * (x / R::lit(self.divisor)),
            R::lit(self.slope) * (d - half * delta),
        )]
    }
}

/// The negative log-likelihood of counts t for a Poisson distribution whose rate is eˣ, in nats, without
/// the term ln t! that depends on the target alone: eˣ − t x. Where t is 0 and x −∞ it is 0.
///
/// The slope in x is eˣ − t. To have the whole likelihood add `(target + 1.0).ln_gamma()`.
///
/// Source: the Poisson distribution; PyTorch's `poisson_nll_loss` with `log_input`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, poisson_nll}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let log_rate = tape.leaf(&Tensor::from([0.0, 0.0]));
/// let loss = poisson_nll(log_rate, &Tensor::from([1.0, 4.0]), Reduction::Sum);
/// assert_eq!(loss.item(), 2.0);
/// assert_eq!(loss.backward().wrt(log_rate).unwrap().to_vec(), [0.0, -3.0]);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "poisson_nll_loss", alias = "PoissonNLLLoss")]
#[track_caller]
pub fn poisson_nll<'t, T: Float>(
    log_rate: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("poisson_nll", log_rate, target);
    reduction.of(log_rate.exp() - Var::absorb(target, log_rate))
}

/// The same for the rate λ itself, λ ≥ 0: λ − t ln λ. Where t and λ are 0 it is 0 with slope 1; where λ
/// alone is, it is ∞.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, poisson_nll_of_rate}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let rate = tape.leaf(&Tensor::from([0.0, 1.0]));
/// let loss = poisson_nll_of_rate(rate, &Tensor::from([0.0, 4.0]), Reduction::None);
/// assert_eq!(loss.value().to_vec(), [0.0, 1.0]);
/// ```
///
/// # Panics
/// If the target has another shape and is no number.
#[doc(alias = "poisson_nll_loss", alias = "PoissonNLLLoss")]
#[track_caller]
pub fn poisson_nll_of_rate<'t, T: Float>(
    rate: Var<'t, T>,
    target: impl Operand<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    let target = paired("poisson_nll_of_rate", rate, target);
    reduction.of(rate - target.xlogy(rate))
}

/// The negative log-likelihood of the target for a normal distribution with the given mean and variance,
/// in nats, without the constant ½ ln 2π: ½ (ln v + (mean − target)² / v).
///
/// v is the variance, or `eps` where that is less; the gradient flows into the variance as if it had not
/// been replaced, so that one that has become too small can grow again. A number as variance is that of
/// every element.
///
/// Source: Nix and Weigend 1994, Estimating the Mean and Variance of the Target Probability Distribution;
/// PyTorch's `gaussian_nll_loss`.
///
/// ```
/// use wengert_tape::{Tape, compose::{Reduction, gaussian_nll}};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let mean = tape.leaf(&Tensor::from([1.0, 4.0]));
/// let loss = gaussian_nll(mean, &Tensor::from([1.0, 2.0]), 1.0, 1e-6, Reduction::None);
/// assert_eq!(loss.value().to_vec(), [0.0, 2.0]);
/// ```
///
/// # Panics
/// If target or variance have another shape and are no numbers, a variance is negative, or `eps` is not
/// above 0.
#[doc(alias = "gaussian_nll_loss", alias = "GaussianNLLLoss")]
#[track_caller]
pub fn gaussian_nll<'t, T: Float>(
    mean: Var<'t, T>,
    target: impl Operand<'t, T>,
    variance: impl Operand<'t, T>,
    eps: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    check_number("gaussian_nll", "eps above 0", eps, eps > 0.0);
    let target = paired("gaussian_nll", mean, target);
    let number = variance.literal().is_some();
    let variance = variance.on(mean.tape());
    if !number {
        same_shapes("gaussian_nll", mean, "variance", variance);
    }
    assert!(
        !variance.any(|v| v < T::ZERO),
        "gaussian_nll: a variance is negative"
    );
    let v = variance.straight_through(|v| v.max(eps));
    let error = mean - target;
    // The square of an error may be out of range where its quotient is not.
    reduction.of(0.5 * (v.ln() + error * (error / v)))
}
