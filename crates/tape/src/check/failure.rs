//! What a check says.

use std::fmt;
use std::panic::Location;

/// The op that made an output, and where the program called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The op's name; `leaf` for an input.
    pub op: &'static str,
    /// Where it was recorded.
    pub location: &'static Location<'static>,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.op, self.location)
    }
}

/// A derivative by the rules beside the one by differences.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The input's name: `input 0`, or the path of a model's leaf.
    pub input: String,
    /// The element of the input.
    pub index: Vec<usize>,
    /// The number of the output.
    pub output: usize,
    /// The element of the output.
    pub output_index: Vec<usize>,
    /// The derivative by the rules.
    pub analytic: f64,
    /// The derivative by differences.
    pub numeric: f64,
    /// How far that can be off.
    pub bar: f64,
    /// What made the output.
    pub site: Site,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch {
            input,
            index,
            output,
            output_index,
            analytic,
            numeric,
            bar,
            site,
        } = self;
        write!(
            f,
            "the derivative of output {output}{output_index:?} by {input}{index:?} is {analytic} \
             by the rules and {numeric} ± {bar:.1e} by differences; the output is {site}"
        )
    }
}

/// Why a check failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// An element of the Jacobian is not what differences say.
    #[error("{0}")]
    Wrong(Box<Mismatch>),
    /// Differences do not converge: a kink, a pole, or noise.
    #[error("{0}; a kink or a pole is near, or the function is not deterministic")]
    Vague(Box<Mismatch>),
    /// The derivative along a random direction is not what differences say.
    #[error(
        "along random direction {direction} of {inputs} the derivative of the outputs, weighted \
         at random, is {analytic} by the rules and {numeric} ± {bar:.1e} by differences; the last \
         output is {site}"
    )]
    WrongDirection {
        /// The number of the direction.
        direction: usize,
        /// The inputs' names.
        inputs: String,
        /// The derivative by the rules.
        analytic: f64,
        /// The derivative by differences.
        numeric: f64,
        /// How far that can be off.
        bar: f64,
        /// What made the last output.
        site: Site,
    },
    /// The Hessian is not symmetric.
    #[error(
        "the Hessian is not symmetric: uᵀHv is {uhv}, vᵀHu is {vhu}; the last output is {site}"
    )]
    Asymmetric {
        /// u along H v.
        uhv: f64,
        /// v along H u.
        vhu: f64,
        /// What made the last output.
        site: Site,
    },
}

/// What a check that passed has looked at.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The derivatives that were compared: elements of the Jacobian, or directions.
    pub compared: usize,
    /// The greatest distance between the rules and differences.
    pub greatest_error: f64,
    /// The greatest error bar of the differences.
    pub greatest_bar: f64,
    /// For large inputs, along random directions: the relative error of the gradient that could
    /// have gone unseen, with the [chance](super::Checker::chance) of the checker.
    pub could_miss: Option<f64>,
    /// Derivatives about which differences say nothing, where that was allowed.
    pub vague: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            compared,
            greatest_error,
            greatest_bar,
            could_miss,
            vague,
        } = self;
        let what = if could_miss.is_some() {
            "random directions"
        } else {
            "derivatives"
        };
        write!(f, "{compared} {what}, off by {greatest_error:.1e} at most")?;
        write!(f, ", bars up to {greatest_bar:.1e}")?;
        if let Some(missed) = could_miss {
            write!(
                f,
                "; a relative error of {missed:.1e} could have been missed"
            )?;
        }
        if *vague > 0 {
            write!(f, "; {vague} at kinks not compared")?;
        }
        Ok(())
    }
}
