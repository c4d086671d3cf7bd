//! `Schedule`: the learning rate as a function of the step.

use std::f64::consts::PI;

/// A learning rate at every step, as a plain value: it holds no optimizer and counts no steps, so
/// that a training that is resumed asks it at the step where it goes on.
///
/// A step is what the caller counts, batches or epochs, from 0.
///
/// ```
/// use wengert_nn::optim::Schedule;
/// use wengert_nn::Sgd;
///
/// let schedule = Schedule::cosine(0.1, 100, 0.0).with_warm_up(10);
/// let mut sgd = Sgd::<f32>::new(0.1);
/// for step in 0..100 {
///     sgd.learning_rate = schedule.at(step);
///     // … and a step.
/// }
/// assert!((schedule.at(0) - 0.01).abs() < 1e-12 && schedule.at(10) > 0.09);
/// assert!(sgd.learning_rate < 1e-4);
/// ```
#[doc(alias = "lr_scheduler")]
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Constant(f64),
    Step {
        rate: f64,
        every: u64,
        factor: f64,
    },
    MultiStep {
        rate: f64,
        at: Vec<u64>,
        factor: f64,
    },
    Exponential {
        rate: f64,
        factor: f64,
    },
    Cosine {
        rate: f64,
        steps: u64,
        least: f64,
    },
    Restarts {
        rate: f64,
        steps: u64,
        factor: u64,
        least: f64,
    },
    Linear {
        from: f64,
        to: f64,
        steps: u64,
    },
    Polynomial {
        rate: f64,
        steps: u64,
        power: f64,
    },
    InverseRoot {
        rate: f64,
        steps: u64,
    },
    OneCycle(OneCycle),
    WarmUp {
        steps: u64,
        of: Box<Kind>,
    },
    Then {
        first: Box<Kind>,
        steps: u64,
        second: Box<Kind>,
    },
}

/// The shape of [`Schedule::one_cycle`].
///
/// ```
/// use wengert_nn::optim::{OneCycle, Schedule};
/// let cycle = OneCycle { rise: 0.5, linear: true, ..OneCycle::new(1.0, 101) };
/// let schedule = Schedule::one_cycle(cycle);
/// assert!((schedule.at(0) - 0.04).abs() < 1e-12);
/// assert!(schedule.at(49) > 0.98 && schedule.at(100) < 1e-5);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// The greatest rate.
    pub greatest: f64,
    /// The number of steps.
    pub steps: u64,
    /// The part of the steps in which the rate rises: 0.3.
    pub rise: f64,
    /// What the greatest rate is divided by at the start: 25.
    pub start: f64,
    /// What the rate of the start is divided by at the end: 1e4.
    pub end: f64,
    /// Whether the rate goes along lines, instead of half waves of a cosine.
    pub linear: bool,
    /// Whether the rate first falls to that of the start, in as many steps as it rises, and then to
    /// the end.
    pub three_phases: bool,
}

impl OneCycle {
    /// The usual cycle with this greatest rate.
    pub fn new(greatest: f64, steps: u64) -> Self {
        OneCycle {
            greatest,
            steps,
            rise: 0.3,
            start: 25.0,
            end: 1e4,
            linear: false,
            three_phases: false,
        }
    }

    fn at(&self, step: f64) -> f64 {
        let first = self.greatest / self.start;
        let last = first / self.end;
        let (top, total) = (self.rise * self.steps as f64, self.steps as f64);
        let end = total - 1.0;
        let phases = if self.three_phases {
            let middle = 2.0 * top - 2.0;
            [
                (top - 1.0, first, self.greatest),
                (middle, self.greatest, first),
                (end, first, last),
            ]
        } else {
            let whole = (end, self.greatest, last);
            [(top - 1.0, first, self.greatest), whole, whole]
        };
        let mut start = 0.0;
        for (end, from, to) in phases {
            if step <= end {
                let part = (step - start) / (end - start);
                return if self.linear {
                    from + (to - from) * part
                } else {
                    to + (from - to) * (1.0 + (PI * part).cos()) / 2.0
                };
            }
            start = end;
        }
        last
    }
}

impl Schedule {
    /// The same rate at every step.
    pub fn constant(rate: f64) -> Self {
        Schedule(Kind::Constant(rate))
    }

    /// η γ^⌊k / every⌋ at step k.
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::step(0.8, 10, 0.5);
    /// assert_eq!([9, 10, 25].map(|step| schedule.at(step)), [0.8, 0.4, 0.2]);
    /// ```
    ///
    /// # Panics
    /// If `every` is 0.
    #[doc(alias = "StepLR")]
    #[track_caller]
    pub fn step(rate: f64, every: u64, factor: f64) -> Self {
        assert_steps("step", every);
        Schedule(Kind::Step {
            rate,
            every,
            factor,
        })
    }

    /// η γⁿ, where n of the steps in `at` have been reached.
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::multi_step(0.8, &[5, 6], 0.5);
    /// assert_eq!([4, 5, 6].map(|step| schedule.at(step)), [0.8, 0.4, 0.2]);
    /// ```
    #[doc(alias = "MultiStepLR")]
    #[doc(alias = "piecewise_constant_schedule")]
    pub fn multi_step(rate: f64, at: &[u64], factor: f64) -> Self {
        Schedule(Kind::MultiStep {
            rate,
            at: at.to_vec(),
            factor,
        })
    }

    /// η γᵏ at step k.
    #[doc(alias = "ExponentialLR")]
    pub fn exponential(rate: f64, factor: f64) -> Self {
        Schedule(Kind::Exponential { rate, factor })
    }

    /// Half a wave of a cosine: from η at step 0 to `least` at step `steps`, and back again after it.
    ///
    /// Source: Loshchilov and Hutter 2017, *SGDR: stochastic gradient descent with warm restarts*,
    /// equation 5, without restarts.
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::cosine(1.0, 10, 0.5);
    /// assert_eq!([0, 10, 20].map(|step| schedule.at(step)), [1.0, 0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If `steps` is 0.
    #[doc(alias = "CosineAnnealingLR")]
    #[doc(alias = "cosine_decay_schedule")]
    #[track_caller]
    pub fn cosine(rate: f64, steps: u64, least: f64) -> Self {
        assert_steps("cosine", steps);
        Schedule(Kind::Cosine { rate, steps, least })
    }

    /// [`cosine`](Self::cosine) that starts again after `steps` steps, and each time after `factor`
    /// times as many as before.
    ///
    /// Source: Loshchilov and Hutter 2017, *SGDR: stochastic gradient descent with warm restarts*,
    /// equation 5.
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::cosine_restarts(1.0, 4, 2, 0.0);
    /// assert_eq!([0, 4, 8, 12].map(|step| (schedule.at(step) * 100.0).round()), [100.0, 100.0, 50.0, 100.0]);
    /// ```
    ///
    /// # Panics
    /// If `steps` or `factor` is 0.
    #[doc(alias = "CosineAnnealingWarmRestarts")]
    #[doc(alias = "sgdr_schedule")]
    #[track_caller]
    pub fn cosine_restarts(rate: f64, steps: u64, factor: u64, least: f64) -> Self {
        assert_steps("cosine_restarts", steps);
        assert!(
            factor > 0,
            "schedule: cosine_restarts needs a factor of 1 at least"
        );
        Schedule(Kind::Restarts {
            rate,
            steps,
            factor,
            least,
        })
    }

    /// Along a line from one rate to another, in so many steps; the second one after that.
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::linear(1.0, 0.0, 4);
    /// assert_eq!([0, 1, 4, 9].map(|step| schedule.at(step)), [1.0, 0.75, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If `steps` is 0.
    #[doc(alias = "LinearLR")]
    #[doc(alias = "linear_schedule")]
    #[track_caller]
    pub fn linear(from: f64, to: f64, steps: u64) -> Self {
        assert_steps("linear", steps);
        Schedule(Kind::Linear { from, to, steps })
    }

    /// η (1 − k / steps)^power at step k, and 0 after the last one.
    ///
    /// # Panics
    /// If `steps` is 0.
    #[doc(alias = "PolynomialLR")]
    #[doc(alias = "polynomial_schedule")]
    #[track_caller]
    pub fn polynomial(rate: f64, steps: u64, power: f64) -> Self {
        assert_steps("polynomial", steps);
        Schedule(Kind::Polynomial { rate, steps, power })
    }

    /// Up along a line to η, which step number `steps` has, counted from 1, and down again with the
    /// inverse root of the number of steps.
    ///
    /// Source: Vaswani and others 2017, *Attention is all you need*, equation 3, where η is
    /// 1 / √(width · steps).
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::inverse_root(1.0, 100);
    /// assert_eq!([0, 49, 99, 399].map(|step| schedule.at(step)), [0.01, 0.5, 1.0, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If `steps` is 0.
    #[doc(alias = "noam")]
    #[track_caller]
    pub fn inverse_root(rate: f64, steps: u64) -> Self {
        assert_steps("inverse_root", steps);
        Schedule(Kind::InverseRoot { rate, steps })
    }

    /// Up to the greatest rate and down to nearly 0, in one cycle over the whole training.
    ///
    /// Source: Smith and Topin 2019, *Super-convergence: very fast training of neural networks using
    /// large learning rates*, in PyTorch's form.
    ///
    /// # Panics
    /// If there is no step.
    #[doc(alias = "OneCycleLR")]
    #[doc(alias = "cosine_onecycle_schedule")]
    #[track_caller]
    pub fn one_cycle(cycle: OneCycle) -> Self {
        assert_steps("one_cycle", cycle.steps);
        Schedule(Kind::OneCycle(cycle))
    }

    /// The same, times (k + 1) / (steps + 1) at step k of the first `steps`.
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::constant(1.0).with_warm_up(3);
    /// assert_eq!([0, 1, 2, 3, 4].map(|step| schedule.at(step)), [0.25, 0.5, 0.75, 1.0, 1.0]);
    /// ```
    #[doc(alias = "warmup")]
    pub fn with_warm_up(self, steps: u64) -> Self {
        let of = Box::new(self.0);
        Schedule(Kind::WarmUp { steps, of })
    }

    /// This one for so many steps, and then another, which counts its own from 0.
    ///
    /// ```
    /// use wengert_nn::optim::Schedule;
    /// let schedule = Schedule::linear(0.0, 1.0, 4).then(4, Schedule::exponential(1.0, 0.5));
    /// assert_eq!([2, 4, 6].map(|step| schedule.at(step)), [0.5, 1.0, 0.25]);
    /// ```
    #[doc(alias = "SequentialLR")]
    #[doc(alias = "join_schedules")]
    pub fn then(self, steps: u64, other: Schedule) -> Self {
        Schedule(Kind::Then {
            first: Box::new(self.0),
            steps,
            second: Box::new(other.0),
        })
    }

    /// The rate at step number `step`, from 0.
    pub fn at(&self, step: u64) -> f64 {
        self.0.at(step)
    }
}

impl Kind {
    fn at(&self, step: u64) -> f64 {
        let k = step as f64;
        // The part of so many steps that has been gone.
        let part = |steps: u64| (k / steps as f64).min(1.0);
        match self {
            Kind::Constant(rate) => *rate,
            Kind::Step {
                rate,
                every,
                factor,
            } => rate * factor.powf((step / every) as f64),
            Kind::MultiStep { rate, at, factor } => {
                let reached = at.iter().filter(|&&at| at <= step).count();
                rate * factor.powf(reached as f64)
            }
            Kind::Exponential { rate, factor } => rate * factor.powf(k),
            Kind::Cosine { rate, steps, least } => wave(*rate, *least, k / *steps as f64),
            &Kind::Restarts {
                rate,
                steps,
                factor,
                least,
            } => {
                let (mut length, mut at) = (steps, step);
                if factor == 1 {
                    at %= length;
                }
                while at >= length {
                    at -= length;
                    length = length.saturating_mul(factor);
                }
                wave(rate, least, at as f64 / length as f64)
            }
            Kind::Linear { from, to, steps } => from + (to - from) * part(*steps),
            Kind::Polynomial { rate, steps, power } => rate * (1.0 - part(*steps)).powf(*power),
            Kind::InverseRoot { rate, steps } => {
                let gone = (k + 1.0) / *steps as f64;
                rate * gone.min(1.0 / gone.sqrt())
            }
            Kind::OneCycle(cycle) => cycle.at(k),
            Kind::WarmUp { steps, of } => {
                of.at(step) * ((k + 1.0) / (*steps as f64 + 1.0)).min(1.0)
            }
            Kind::Then {
                first,
                steps,
                second,
            } => match step.checked_sub(*steps) {
                Some(after) => second.at(after),
                None => first.at(step),
            },
        }
    }
}

/// From one rate to another by half a wave.
fn wave(from: f64, to: f64, part: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * part).cos()) / 2.0
}

#[track_caller]
fn assert_steps(what: &str, steps: u64) {
    assert!(steps > 0, "schedule: {what} needs a step at least");
}
